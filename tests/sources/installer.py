"""Installers made at test time by makeself, laid out like NVIDIA's of three generations."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

TARGET = {"x86_64": "x86_64-linux", "aarch64": "sbsa-linux"}[os.uname().machine]
SUFFIX = {"x86_64": "", "aarch64": "_sbsa"}[os.uname().machine]
HEADER = Path("/usr/share/makeself/makeself-header.sh")
EULA = b"End User License Agreement: NVIDIA CUDA Toolkit\n"

NVCC = """#!/bin/sh
echo "Cuda compilation tools, release %s, V%s"
"""

# What NVIDIA's installer programs do that they should not: the options are theirs, the log file
# has a fixed name, and links and samples go where nobody asked for them.
PROGRAM = """#!/bin/sh
exec > /tmp/cuda-installer.log 2>&1 || exit 86
echo "arguments: $*"
path=
for option in "$@"; do
    case "$option" in
    --silent | --toolkit | --override%(flags)s) ;;
    %(path)s=*) path="${option#*=}" ;;
    %(ignored)s) mkdir -p "${option#*=}" ;;
    *) echo "unknown option $option"; exit 3 ;;
    esac
done
case "$*" in *--silent*--toolkit* | *--toolkit*--silent*) ;; *) echo "would ask"; exit 4 ;; esac
mkdir -p "$path" || exit 5
tar -xf payload.tar -C "$path" || exit 6
ln -sfn "$path" /usr/local/cuda || echo "no link in /usr/local"
mkdir -p "$HOME/NVIDIA_CUDA_Samples"
echo "installed in $path"
"""
OLD = PROGRAM % {
    "flags": " | --verbose",
    "path": "--toolkitpath",
    "ignored": "--tmpdir=*",
}
NEW = PROGRAM % {
    "flags": " | --no-man-page",
    "path": "--installpath",
    "ignored": "--toolkitpath=* | --tmpdir=*",
}


def require_tools() -> None:
    """Skip on a laptop without makeself or user namespaces; in CI both have to be there."""
    missing = []
    if shutil.which("makeself") is None:
        missing.append("makeself is not installed: apt-get install makeself")
    if subprocess.run(["unshare", "-Urm", "true"], capture_output=True).returncode:
        missing.append("this kernel lets nobody make user namespaces")
    if missing and os.environ.get("CI"):
        pytest.fail("; ".join(missing))
    if missing:
        pytest.skip("; ".join(missing))


@dataclass
class Files:
    """What goes into an archive.

    Args:
        files: contents by path; what lies in `bin`, or is called install, is executable.
        links: symbolic links by path.
        pipes: named pipes.
    """

    files: Mapping[str, bytes | Path] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    pipes: tuple[str, ...] = ()

    def under(self, folder: str) -> Files:
        """The same in a folder."""
        return Files(
            {f"{folder}/{path}": data for path, data in self.files.items()},
            {f"{folder}/{path}": to for path, to in self.links.items()},
            tuple(f"{folder}/{path}" for path in self.pipes),
        )

    def __or__(self, other: Files) -> Files:
        return Files(
            {**self.files, **other.files}, {**self.links, **other.links}, self.pipes + other.pipes
        )

    def write(self, folder: Path) -> Path:
        """Write them into a folder."""
        for name, data in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(data, Path):
                shutil.copyfile(data, path)
            else:
                path.write_bytes(data)
            if path.parent.name == "bin" or "install" in path.name:
                path.chmod(0o755)
        for name, to in self.links.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).symlink_to(to)
        for name in self.pipes:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            os.mkfifo(folder / name)
        return folder


def libraries(soname: str, runtime: bytes, name: str = "cudart") -> Files:
    """A library in a target's folder with the links that a toolkit has."""
    lib = f"targets/{TARGET}/lib"
    real = f"lib{name}.so.{soname}.0"
    return Files(
        {f"{lib}/{real}": runtime},
        {f"{lib}/lib{name}.so.{soname}": real, f"{lib}/lib{name}.so": f"lib{name}.so.{soname}"},
    )


def toolkit(release: str, version: str, runtime: bytes, soname: str, math: bytes) -> Files:
    """A toolkit's tree, as it was in one piece up to 10.2."""
    major, minor = release.split(".")
    number = int(major) * 1000 + int(minor) * 10
    lib, include = f"targets/{TARGET}/lib", f"targets/{TARGET}/include"
    header = f"#define CUDART_VERSION {number}\n".encode()
    files: dict[str, bytes | Path] = {
        "bin/nvcc": (NVCC % (release, version)).encode(),
        "bin/nvcc.profile": b"TOP = $(_HERE_)/..\n",
        "bin/ptxas": b"#!/bin/sh\necho ptxas\n",
        "bin/nvprof": b"#!/bin/sh\necho nvprof\n",
        "bin/nvvp": b"#!/bin/sh\nexec java\n",
        "bin/uninstall_cuda_10.2.pl": b"#!/usr/bin/perl\n",
        "bin/crt/link.stub": b"",
        "nvvm/bin/cicc": b"#!/bin/sh\n",
        "nvvm/libdevice/libdevice.10.bc": b"BC",
        f"{include}/cuda_runtime_api.h": header,
        f"{include}/cublas_v2.h": b"",
        f"{include}/thrust/version.h": b"",
        f"{include}/crt/host_config.h": b"",
        f"{lib}/libcublas_static.a": b"!<arch>\n",
        f"{lib}/libcudart_static.a": b"!<arch>\n",
        f"{lib}/libcudadevrt.a": b"!<arch>\n",
        f"{lib}/stubs/libcuda.so": b"stub",
        "extras/CUPTI/include/cupti.h": b"",
        "extras/CUPTI/lib64/libcupti.so.10.2": math,
        "extras/CUPTI/samples/Makefile": b"",
        "extras/demo_suite/deviceQuery": b"",
        "doc/html/index.html": b"",
        "samples/Makefile": b"",
        "libnvvp/nvvp": b"",
        "EULA.txt": EULA,
        "version.txt": f"CUDA Version {version}\n".encode(),
    }
    links = {
        "include": f"targets/{TARGET}/include",
        "lib64": f"targets/{TARGET}/lib",
        "extras/CUPTI/lib64/libcupti.so": "libcupti.so.10.2",
        "bin/computeprof": "nvvp",
    }
    tree = libraries(soname, runtime) | libraries("10", math, "cublas")
    return tree | Files(files, links)


def makeself(
    work: Path, content: Files, out: Path, start: str = "./cuda-installer", *, passes: bool = False
) -> Path:
    """Make an installer.

    Args:
        work: an empty folder, gone afterwards.
        content: what it holds.
        out: where it goes.
        start: the program in it to start.
        passes: whether it hands unknown options on to that program, as NVIDIA's do; makeself's own
            header does so after `--` only.
    """
    content.write(work / "content")
    options = ["--quiet", "--gzip", "--complevel", "1", "--nox11"]
    if passes:
        text = HEADER.read_text()
        before = '    -*)\n\techo Unrecognized flag : "\\$1" >&2\n\tMS_Help\n\texit 1\n\t;;\n'
        assert text.count(before) == 1
        (work / "header.sh").write_text(text.replace(before, "    -*)\n\tbreak ;;\n"))
        options += ["--header", str(work / "header.sh")]
    command = ["makeself", *options, work / "content", out, "NVIDIA CUDA Toolkit", start]
    done = subprocess.run(command, capture_output=True, text=True, cwd=work)
    assert done.returncode == 0, done.stderr
    shutil.rmtree(work)
    return out


def old_installer(folder: Path, name: str, tree: Files) -> Path:
    """Up to 10.0: three archives in one, of which one holds the toolkit."""
    inner = tree | Files({"install-linux.pl": b"#!/usr/bin/perl\n"})
    part = makeself(folder / "inner", inner, folder / "cuda-linux.run", "./install-linux.pl")
    content = Files(
        {
            "run_files/cuda-linux.9.0.176-22781540.run": part,
            "run_files/cuda-samples.9.0.176-22781540-linux.run": b"#!/bin/sh\nexit 9\n",
            "run_files/NVIDIA-Linux-x86_64-384.81.run": b"#!/bin/sh\nexit 9\n",
            "InstallUtils.pm": b"1;\n",
            "cuda-installer.pl": b"#!/bin/sh\nexit 9\n",
        }
    )
    return makeself(folder / "outer", content, folder / name, "./cuda-installer.pl")


def middle_installer(folder: Path, name: str, tree: Files) -> Path:
    """10.1 and 10.2: the toolkit in `builds/cuda-toolkit`."""
    content = tree.under("builds/cuda-toolkit") | Files(
        {
            "cuda-installer": b"#!/bin/sh\necho touched > /tmp/cuda-installer.log\nexit 9\n",
            "builds/NVIDIA-Linux-x86_64-440.33.01.run": b"#!/bin/sh\nexit 9\n",
            "builds/bin/cuda-uninstaller": b"",
            "EULA.txt": EULA,
        }
    )
    return makeself(folder / "outer", content, folder / name)


def new_installer(folder: Path, name: str, version: str, parts: Mapping[str, Files]) -> Path:
    """From 11.0 on: one folder for each component."""
    content = Files(
        {
            "cuda-installer": b"#!/bin/sh\nexit 9\n",
            "EULA.txt": EULA,
            "builds/version.json": f'{{"cuda": {{"version": "{version}"}}}}'.encode(),
            "builds/integration/nsight-compute/ncu": b"",
            "builds/cuda_documentation/html/index.html": b"",
        }
    )
    for component, files in parts.items():
        content |= files.under(f"builds/{component}")
    return makeself(folder / "outer", content, folder / name)


def closed_installer(folder: Path, name: str, tree: Files, program: str) -> Path:
    """One whose toolkit only its own program unpacks."""
    tree.write(folder / "tree")
    payload = folder / "payload.tar"
    subprocess.run(["tar", "-cf", payload, "-C", folder / "tree", "."], check=True)
    shutil.rmtree(folder / "tree")
    content = Files({"cuda-installer": program.encode(), "payload.tar": payload, "EULA.txt": EULA})
    made = makeself(folder / "outer", content, folder / name, passes=True)
    payload.unlink()
    return made


def script(folder: Path, name: str, text: str) -> Path:
    """A shell script under the name of an installer."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    return path


def sha256(path: Path) -> str:
    """What `--sha256` has to be for a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
