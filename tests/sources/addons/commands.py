"""`conda cuda use` with add-ons, and what it has made."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from ...conftest import Conda

CUDART = "nvidia-cuda-runtime-cu12-12.4.127"
CUBLAS = "nvidia-cublas-cu12-12.4.5.8"
BASE_13 = ["nvidia-cuda-runtime-13.0.96"]

NVCC_13 = [
    *BASE_13,
    "nvidia-cuda-nvcc-13.0.88",
    "nvidia-nvvm-13.0.88",
    "nvidia-cuda-crt-13.0.88",
    "nvidia-cuda-cccl-13.0.85",
]

COMPILER = ["cudart", "nvcc", "nvvm", "crt", "cccl"]


def use(conda: Conda, prefix: Path, *words: str, **extra: Any) -> Any:
    """`conda cuda use --from pypi`; its document."""
    return conda.cuda("use", prefix, *words, "--from=pypi", "-y", "--json", **extra).json


def listed(conda: Conda, prefix: Path) -> Any:
    """The one toolkit that `list` shows."""
    (toolkit,) = conda.cuda("list", prefix, "--json").json["toolkits"]
    return toolkit


def packages(toolkit: Any) -> list[str]:
    """`name-version` of a toolkit's packages."""
    return [package.rpartition("-")[0] for package in toolkit["packages"]]


def inodes(root: Path) -> dict[str, int]:
    """The files of a root below `lib` and `include`, but for the add-ons': their inodes."""
    return {
        str(path.relative_to(root)): path.stat().st_ino
        for folder in ("lib", "include", "bin", "nvvm")
        for path in (root / folder).rglob("*")
        if path.is_file() and not path.is_symlink() and "cudnn" not in path.name
    }


CONTENTS_12 = {"base": [CUDART], "runtime": [CUBLAS, CUDART]}

_ELSEWHERE = """
import json, sys
from conda.base.context import reset_context
reset_context()
from conda_cuda_plugin.platforms import PLATFORMS
from conda_cuda_plugin.sources.addon_packages import addon_packages
from conda_cuda_plugin.sources.base import ToolkitRequest
from conda_cuda_plugin.versions import CudaVersion, VersionRequest
release, addons, channels = json.loads(sys.argv[1])
request = ToolkitRequest(
    VersionRequest.parse(release), PLATFORMS["linux-64"], addons=addons, channels=tuple(channels)
)
found = addon_packages(request, CudaVersion.parse(release), source="runfile")
assert [p.name for p in found.packages] == [r.name for r in found.fetch()]
print(json.dumps([found.origins, [[p.name, p.version, p.file, p.size] for p in found.packages]]))
"""


def elsewhere(conda: Conda, release: str, addons: dict[str, str], *channels: str) -> Any:
    """The add-ons for a toolkit that neither a channel nor PyPI gave."""
    python = conda.exe.parent / "python"
    words = json.dumps([release, addons, channels])
    done = subprocess.run(
        [python, "-c", _ELSEWHERE, words], env=conda.environ(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
