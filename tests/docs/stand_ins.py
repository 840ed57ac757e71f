"""What the pages' reader has and this machine lacks: python and pip for conda, frameworks for pip.

Each stands in for the real one as far as its reader asks: `conda create python=3.12` gives a python
that runs and into which pip installs; a framework has its metadata, its version file and the files
that its build can be told by.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from ..channel.package import CondaPackage
from ..sources.wheelhouse import write_addons, write_releases, write_wheel

PYTHONS = ("3.10.18", "3.11.13", "3.12.11")
SITE = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
NVIDIA_SMI = """\
#!/bin/sh
case "$*" in
*name,driver_version,compute_cap*) echo "NVIDIA L40S, 580.95.05, 8.9" ;;
*) echo "| NVIDIA-SMI 580.95.05    Driver Version: 580.95.05    CUDA Version: 13.0 |" ;;
esac
"""
"""A machine with one GPU."""


def python_packages(pip: Path) -> Iterable[CondaPackage]:
    """python, which is this machine's, and pip.

    Args:
        pip: a folder with nothing but pip in it.
    """
    real = Path(sys.base_prefix, "bin", f"python{sys.version_info.major}.{sys.version_info.minor}")
    for version in PYTHONS:
        short = version.rpartition(".")[0]
        yield CondaPackage(
            "python",
            version,
            depends=("pip",),
            # As in a virtual environment: python takes the folder above this file for its prefix.
            files={"pyvenv.cfg": f"home = {real.parent}\n".encode()},
            links={
                "bin/python": str(real),
                "bin/python3": "python",
                f"bin/python{short}": "python",
                f"bin/{real.name}": "python",
            },
            build="h_0_cpython",
        )
    script = b'#!/bin/sh\nexec "$(dirname "$0")/python" -m pip "$@"\n'
    yield CondaPackage(
        "pip",
        "25.3",
        files={f"{SITE}/pip.pth": f"{pip}\n".encode(), "bin/pip": script},
    )
    kernel = {
        "argv": ["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
    }
    yield CondaPackage(
        "ipykernel",
        "7.1.0",
        depends=("python",),
        files={"share/jupyter/kernels/python3/kernel.json": json.dumps(kernel).encode()},
    )


def pip_alone(folder: Path) -> Path:
    """A folder with pip, as it is beside this python, and nothing else."""
    folder.mkdir()
    source = Path(sysconfig.get_path("purelib"), "pip")
    shutil.copytree(source, folder / "pip", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def add_to_channel(folder: Path, subdir: str, packages: Iterable[CondaPackage]) -> None:
    """Put packages into a channel that is there."""
    index = folder / subdir / "repodata.json"
    repodata = json.loads(index.read_text())
    for package in packages:
        name, row = package.write(folder / subdir, subdir)
        repodata["packages.conda"][name] = row
    index.write_text(json.dumps(repodata, indent=1))


def write_wheels(folder: Path) -> Path:
    """CUDA's wheels, and frameworks that were built for it; the folder."""
    write_addons(write_releases(folder))
    _torch(folder, "2.5.1", "12.4")
    write_wheel(
        folder,
        "tensorflow",
        "2.18.0",
        {
            "tensorflow/__init__.py": b"__version__ = '2.18.0'\n",
            "tensorflow/python/platform/build_info.py": (
                b"build_info = collections.OrderedDict([('cpu_compiler', 'clang'), "
                b"('cuda_version', '12.5.1'), ('cudnn_version', '9'), ('is_cuda_build', True)])\n"
            ),
        },
        tag="py3-none-any",
    )
    return folder


def write_index(folder: Path, wheels: Path) -> None:
    """An index in pip's layout for a server that has the folder of wheels beside it."""
    for wheel in sorted(wheels.glob("*.whl")):
        page = folder / wheel.name.split("-")[0].replace("_", "-") / "index.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        with open(page, "a", encoding="utf-8") as file:
            place = f"../../{wheels.name}/{wheel.name.replace('+', '%2B')}"
            file.write(f'<a href="{place}#sha256={digest}">{wheel.name}</a><br>\n')


def _torch(folder: Path, version: str, cuda: str) -> None:
    local = f"cu{cuda.replace('.', '')}"
    text = (
        "from typing import Optional\n\n"
        f"__version__ = '{version}+{local}'\ndebug = False\ncuda: Optional[str] = '{cuda}'\n"
        "hip: Optional[str] = None\n"
    )
    # torch takes CUDA_HOME for its extensions in this way, see torch.utils.cpp_extension.
    extension = (
        "import os, shutil\n"
        "CUDA_HOME = os.environ.get('CUDA_HOME') or os.environ.get('CUDA_PATH')\n"
        "if CUDA_HOME is None and shutil.which('nvcc'):\n"
        "    CUDA_HOME = os.path.dirname(os.path.dirname(shutil.which('nvcc')))\n"
    )
    write_wheel(
        folder,
        "torch",
        f"{version}+{local}",
        {
            "torch/__init__.py": b"from . import version\n__version__ = version.__version__\n",
            "torch/version.py": text.encode(),
            "torch/utils/__init__.py": b"",
            "torch/utils/cpp_extension.py": extension.encode(),
        },
        requires=(
            "nvidia-cuda-runtime-cu12 (==12.4.127) ; platform_system == 'Linux'",
            "nvidia-cublas-cu12 (==12.4.5.8) ; platform_system == 'Linux'",
            "nvidia-cudnn-cu12 (==9.1.0.70) ; platform_system == 'Linux'",
        ),
        tag="py3-none-any",
    )
