"""Our client and pip, asked in a process of their own, as variables decide what they do."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from ...conftest import Conda

_SCRIPT = """
import json, re, sys
from conda.base.context import context, reset_context
reset_context()
from conda_cuda_plugin.errors import CudaError
from conda_cuda_plugin.platforms import PLATFORMS
from conda_cuda_plugin.sources.pypi import lookup, pip, session
from conda_cuda_plugin.sources.pypi.wheel import AskPip

requirements, platform, requires, offline, who = json.loads(sys.argv[1])
platform = PLATFORMS[platform]

def ours():
    return lookup.Lookup(session.read_settings(), platform, offline).resolve(requirements, requires)

def theirs():
    wheels = pip.resolve(requirements, platform, offline=offline)
    by_name = {wheel.name.lower().replace("_", "-"): wheel for wheel in wheels}
    return [by_name[re.split("[=<>!]", text)[0]] for text in requirements]

def met():
    # Those of the requirements that we can meet.
    found = []
    for text in requirements:
        try:
            look = lookup.Lookup(session.read_settings(), platform, offline)
            found.append(look.resolve([text], requires)[0] and text)
        except pip.PipError:
            pass
    return found

def both():
    return lookup.resolve(requirements, platform, offline=offline, requires=requires)

found = {}
for name in who:
    try:
        wheels = globals()[{"pip": "theirs"}.get(name, name)]()
    except AskPip as error:
        found[name] = f"AskPip: {error}"
    except CudaError as error:
        found[name] = f"{type(error).__name__}: {error.message}"
    else:
        found[name] = wheels if name == "met" else [
            {"name": w.name, "version": w.version, "url": w.url, "sha256": w.sha256,
             "size": w.size, "requires": w.requires} for w in wheels
        ]
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

    `ours` and `pip` are the two clients, `both` is the one with the other for the rest, `met` are
    the requirements that ours can meet.
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
