"""NVIDIA's own nvcc 13.0, from its wheels, calls the C++ compiler in the toolkit root."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from .compilers import write_too_new
from .tree import names, tree

pytestmark = pytest.mark.network

TRIPLE = f"{platform.machine()}-conda-linux-gnu"
PROGRAM = r"""
#include <cstdio>
#include <string>
#include <cuda_runtime.h>
__global__ void nothing() {}
int main() {
    std::string text = "made by g++ " + std::to_string(__GNUC__);
    nothing<<<1, 1>>>();
    std::puts(text.c_str());
}
"""


@pytest.fixture(scope="module")
def too_new(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PATH whose gcc and g++ are newer than any nvcc accepts."""
    return write_too_new(tmp_path_factory.mktemp("too new"))


@pytest.fixture(scope="module")
def compiling(module_conda: Any) -> Path:
    """An environment with NVIDIA's nvcc 13.0 from wheels, and a compiler from a channel."""
    prefix: Path = module_conda.create(module_conda.envs / "with blanks in it")
    words = ("13.0", "--from=pypi", "--components=nvcc", "--host-compiler", "-y")
    module_conda.cuda("use", prefix, *words)
    return prefix


class Build:
    """nvcc at work in a folder, with a record of the compilers that were called."""

    def __init__(self, folder: Path, path: str) -> None:
        self.folder, self.path = folder, path
        (folder / "program.cu").write_text(PROGRAM)

    def __call__(self, *command: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        (self.folder / "record").unlink(missing_ok=True)
        return subprocess.run(
            [*command, "-arch=sm_90", "program.cu", "-o", "program"],
            env={
                "PATH": self.path,
                "HOME": str(self.folder),
                "COMPILER_RECORD": str(self.folder / "record"),
                **variables,
            },
            cwd=self.folder,
            capture_output=True,
            text=True,
        )

    @property
    def called(self) -> set[str]:
        """Which of conda's compilers were called."""
        record = self.folder / "record"
        return set(record.read_text().splitlines()) if record.exists() else set()

    def runs(self) -> bool:
        """Whether the program was linked and starts."""
        done = subprocess.run([self.folder / "program"], capture_output=True, text=True)
        return done.returncode == 0 and done.stdout.startswith("made by g++ ")


@pytest.fixture
def build(tmp_path: Path, too_new: str) -> Build:
    folder = tmp_path / "build"
    folder.mkdir()
    return Build(folder, too_new)


def nvccs(prefix: Path) -> dict[str, Path]:
    """The ways to nvcc of an environment: by name, and as CMake and PyTorch call it."""
    return {
        "wrapper": prefix / "bin" / "nvcc",
        "CUDA_HOME": prefix / "cuda" / "bin" / "nvcc",
        "root": prefix / "cuda-13.0" / "bin" / "nvcc",
        "run": prefix / "cuda-13.0" / "cuda-bin" / "nvcc",
    }


@pytest.mark.parametrize("way", ["wrapper", "CUDA_HOME", "root", "run"])
def test_nvidias_nvcc_compiles_and_links_through_it(
    way: str, compiling: Path, build: Build
) -> None:
    """The machine's own gcc is too new: without the compiler the same build fails."""
    done = build(nvccs(compiling)[way])
    assert (done.returncode, done.stderr) == (0, "")
    assert build.called == {"c++ 15.2.0"}
    assert build.runs()
    refused = build(compiling / "cuda-13.0" / "bin" / "nvcc.real")
    assert refused.returncode != 0 and "unsupported GNU version" in refused.stderr


def test_nvcc_is_led_through_links_and_by_name_on_path(compiling: Path, build: Build) -> None:
    link = build.folder / "link to nvcc"
    link.symlink_to(compiling / "cuda" / "bin" / "nvcc")
    assert build(link).returncode == 0 and build.called == {"c++ 15.2.0"}
    path = f"{compiling / 'bin'}:{build.path}"
    assert build("nvcc", PATH=path).returncode == 0 and build.called == {"c++ 15.2.0"}


def test_conda_cuda_run_uses_it(module_conda: Any, compiling: Path, build: Build) -> None:
    record, program = str(build.folder / "record"), str(build.folder / "program")
    words = ("--", "nvcc", "-arch=sm_90", str(build.folder / "program.cu"), "-o", program)
    module_conda.cuda("run", compiling, *words, PATH=build.path, COMPILER_RECORD=record)
    assert build.called == {"c++ 15.2.0"} and build.runs()


CHOICES: dict[str, tuple[tuple[str, ...], Mapping[str, str]]] = {
    "-ccbin x": (("-ccbin", "{}"), {}),
    "-ccbin=x": (("-ccbin={}",), {}),
    "--compiler-bindir x": (("--compiler-bindir", "{}"), {}),
    "--compiler-bindir=x": (("--compiler-bindir={}",), {}),
    "--options-file": (("--options-file", "options"), {}),
    "NVCC_CCBIN": ((), {"NVCC_CCBIN": "{}"}),
    "NVCC_PREPEND_FLAGS": ((), {"NVCC_PREPEND_FLAGS": "-ccbin {}"}),
    "NVCC_APPEND_FLAGS": ((), {"NVCC_APPEND_FLAGS": "--compiler-bindir={}"}),
}


@pytest.mark.parametrize("choice", CHOICES)
def test_a_compiler_that_the_user_names_goes_before_it(
    choice: str, compiling: Path, build: Build
) -> None:
    chosen = build.folder / "chosen-g++"
    real = subprocess.run(["sh", "-c", "command -v g++"], capture_output=True, text=True)
    chosen.write_text(
        f'#!/bin/sh\necho chosen >>"$COMPILER_RECORD"\nexec {real.stdout.strip()} "$@"\n'
    )
    chosen.chmod(0o755)
    (build.folder / "options").write_text(f"-ccbin {chosen}\n")
    words, variables = CHOICES[choice]
    for way in ("wrapper", "CUDA_HOME"):
        done = build(
            nvccs(compiling)[way],
            *(word.format(chosen) for word in words),
            **{name: value.format(chosen) for name, value in variables.items()},
        )
        assert done.returncode == 0, done.stderr
        # Of a file of options nobody knows before nvcc what it holds: it warns, and goes by it.
        assert ("incompatible redefinition" in done.stderr) is (choice == "--options-file")
        assert build.called == {"chosen"}


def test_the_package_cache_keeps_nvcc_as_it_was(module_conda: Any, compiling: Path) -> None:
    bin_ = compiling / "cuda-13.0" / "bin"
    (cached,) = module_conda.pkgs.glob("nvidia-cuda-nvcc-13.0.*/bin/nvcc")
    assert os.path.samefile(cached, bin_ / "nvcc.real")
    assert cached.read_bytes()[:4] == b"\x7fELF"
    assert (bin_ / "nvcc").read_bytes().startswith(b"#!/bin/sh\n")
    assert cached.with_name("nvcc.profile").read_text() == (bin_ / "nvcc.profile.real").read_text()
    # Another environment that does not ask for a compiler gets NVIDIA's program itself.
    plain = module_conda.create(module_conda.envs / "plain")
    module_conda.cuda("use", plain, "13.0", "--from=pypi", "--components=nvcc", "-y")
    assert os.path.samefile(cached, plain / "cuda-13.0" / "bin" / "nvcc")
    assert not (plain / "cuda-13.0" / "cuda-bin").exists()


def test_nothing_of_the_compiler_gets_into_the_environment_or_on_a_path(
    module_conda: Any, compiling: Path
) -> None:
    root = compiling / "cuda-13.0"
    assert {f"{TRIPLE}-c++", f"{TRIPLE}-gcc", f"{TRIPLE}-ld"} <= names(root / "bin")
    cuda = {"nvcc", "ptxas", "fatbinary", "bin2c", "cudafe++", "nvlink", "__nvcc_device_query"}
    assert names(compiling / "bin") == cuda
    assert names(root / "cuda-bin") == cuda
    assert {"libstdc++.so.6", "libgcc_s.so.1", "libasan.so.15"} <= names(root / "lib")
    lib64 = {name.partition(".so")[0].removesuffix(".a") for name in names(root / "lib64")}
    assert lib64 <= {"libcudart", "libcudart_static", "libcudadevrt", "libnvvm"}
    assert "COMPILER_WAS_ACTIVATED" not in "".join(
        path.read_text() for path in (compiling / "etc/conda/activate.d").iterdir()
    )


def test_list_which_info_and_doctor_know_of_it(
    module_conda: Any, compiling: Path, too_new: str
) -> None:
    (row,) = module_conda.cuda("list", compiling, "--json").json["toolkits"]
    assert row["host_compiler"] == "15.2.0"
    assert ", g++ 15.2.0 " in module_conda.cuda("list", compiling).out
    info = module_conda.cuda("info", compiling, "--json", PATH=too_new).json
    assert info["machine"]["host_compiler"] == {
        "name": "gcc",
        "version": "15.2.0",
        "path": f"{compiling}/cuda-13.0/bin/{TRIPLE}-c++",
    }
    assert info["machine"]["evidence"]["host_compiler"] == "the toolkit"
    assert not [row for row in info["findings"] if row["rule"] == "host-gcc-too-new"]
    assert "host-gcc" not in module_conda.cuda("doctor", compiling, PATH=too_new).out
    # Found damaged it is not: the files of the packages are all there.
    assert "toolkit-damaged" not in module_conda.cuda("doctor", compiling).out


def test_what_the_user_names_is_judged_all_the_same(
    module_conda: Any, compiling: Path, too_new: str
) -> None:
    gcc = f"{too_new.partition(':')[0]}/g++"
    result = module_conda.cuda("doctor", compiling, "--json", NVCC_CCBIN=gcc)
    (found,) = [row for row in result.json["findings"] if row["rule"] == "host-gcc-too-new"]
    assert found["summary"] == f"nvcc of CUDA 13.0 accepts gcc up to 15; {gcc} is 99.1.0."
    assert found["cure"].startswith("NVCC_CCBIN names it: name an older one there (g++-15)")


def test_again_there_is_nothing_to_do(module_conda: Any, compiling: Path) -> None:
    before = tree(compiling)
    words = ("13.0", "--host-compiler", "--components=nvcc", "-y")
    assert "is current" in module_conda.cuda("use", compiling, *words).out
    after = tree(compiling)
    assert {path for path in after if after[path] != before.get(path)} <= {
        "etc/conda/cuda/state.yaml"
    }
    assert before.keys() == after.keys()
