"""Our client and pip, asked in a process of their own, as variables decide what they do."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from ...conftest import Conda

_SCRIPT = """
import json, re, subprocess, sys
from conda.base.context import context, reset_context
reset_context()
from conda_cuda_plugin.errors import CudaError
from conda_cuda_plugin.platforms import PLATFORMS
from conda_cuda_plugin.sources.pypi.lookup import Lookup
from conda_cuda_plugin.sources.pypi.wheel import IndexFailure

requirements, platform, requires, offline, who = json.loads(sys.argv[1])
platform = PLATFORMS[platform]

def ours():
    wheels = Lookup(platform, offline=offline).resolve(requirements, requires=requires)
    return [
        {"name": w.name, "version": w.version, "url": w.url, "sha256": w.sha256, "size": w.size,
         "requires": w.requires} for w in wheels
    ]

def pip():
    words = ["install", "--dry-run", "--ignore-installed", "--quiet", "--no-deps", "--report", "-",
             "--only-binary", ":all:", "--target", "/nonexistent", "--retries", "0"]
    for tag in platform.wheel_tags:
        words += ["--platform", tag]
    done = subprocess.run(
        [sys.executable, "-m", "pip", *words, *requirements], capture_output=True, text=True
    )
    if done.returncode:
        return f"pip: {done.stderr}"
    by_name = {}
    for row in json.loads(done.stdout)["install"]:
        found, where = row["metadata"], row["download_info"]
        by_name[found["name"].lower().replace("_", "-")] = {
            "name": found["name"], "version": found["version"], "url": where["url"],
            "sha256": where["archive_info"].get("hashes", {}).get("sha256"),
        }
    return [by_name[re.split("[=<>!]", text)[0]] for text in requirements]

def met():
    # Those of the requirements that we can meet.
    found = []
    for text in requirements:
        try:
            Lookup(platform, offline=offline).resolve([text])
        except IndexFailure:
            continue
        found.append(text)
    return found

found = {}
for name in who:
    try:
        found[name] = globals()[name]()
    except CudaError as error:
        found[name] = f"{type(error).__name__}: {error.message}"
print(json.dumps(found))
"""


def ask(
    conda: Conda,
    *requirements: str,
    who: str = "ours",
    platform: str = "linux-64",
    requires: bool = False,
    offline: bool = False,
    cwd: Path | None = None,
    **variables: str | None,
) -> Any:
    """What each of the named ones gives.

    `ours` and `pip` are the two clients, `met` are the requirements that ours can meet.
    """
    names = who.split()
    arguments = json.dumps([requirements, platform, requires, offline, names])
    done = subprocess.run(
        [conda.exe.parent / "python", "-c", _SCRIPT, arguments],
        env=conda.environ(**variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=cwd or conda.home,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    return found[names[0]] if len(names) == 1 else [found[name] for name in names]
