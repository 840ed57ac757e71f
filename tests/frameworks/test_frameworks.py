"""Frameworks are read from metadata and files, in every form in which they come."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from conda_cuda_plugin.frameworks.framework import Backend, Framework
from conda_cuda_plugin.frameworks.site_packages import pip_nvidia_libraries
from conda_cuda_plugin.frameworks.table import find_frameworks

from . import made_up as made
from .framework_forms import (
    CASES,
    CUDA,
    UNKNOWN,
    VERSION_PY,
    cupy_for_a_major,
    jax_cpu,
    tensorflow_2_18,
    tensorflow_with_its_wheels,
    torch_2_5_by_pip,
    torch_from_conda_forge,
)


def _facts(framework: Framework) -> tuple[str, str, Backend, str | None, str | None, str | None]:
    return (
        framework.name,
        framework.version,
        framework.backend,
        str(framework.cuda) if framework.cuda else None,
        str(framework.accepts) if framework.accepts else None,
        framework.cudnn,
    )


@pytest.mark.parametrize(("build", "expected"), CASES, ids=[build.__name__ for build, _ in CASES])
def test_every_form_is_read(
    tmp_path: Path,
    build: Callable[[Path], None],
    expected: tuple[str, str, Backend, str | None, str | None, str | None],
) -> None:
    build(tmp_path)
    assert [_facts(framework) for framework in find_frameworks(tmp_path)] == [expected]
    assert find_frameworks(tmp_path)[0].evidence


def test_several_frameworks_come_in_a_fixed_order(tmp_path: Path) -> None:
    cupy_for_a_major(tmp_path)
    jax_cpu(tmp_path)
    tensorflow_2_18(tmp_path)
    torch_2_5_by_pip(tmp_path)
    names = [framework.name for framework in find_frameworks(tmp_path)]
    assert names == ["torch", "tensorflow", "jax", "cupy"]


def test_who_installed_it_and_what_it_brings(tmp_path: Path) -> None:
    torch_2_5_by_pip(tmp_path / "pip")
    torch_from_conda_forge(tmp_path / "conda")
    tensorflow_2_18(tmp_path / "bare")
    tensorflow_with_its_wheels(tmp_path / "full")
    found = {path.name: find_frameworks(path)[0] for path in tmp_path.iterdir()}
    assert {name: one.installer for name, one in found.items()} == {
        "pip": "pip", "conda": "conda", "bare": "pip", "full": "pip",
    }  # fmt: skip
    assert {name: one.brings_cuda for name, one in found.items()} == {
        "pip": True, "conda": True, "bare": False, "full": True,
    }  # fmt: skip


def test_an_environment_without_python_or_without_anything(tmp_path: Path) -> None:
    assert find_frameworks(tmp_path) == ()
    assert find_frameworks(tmp_path / "missing") == ()
    assert pip_nvidia_libraries(tmp_path / "missing") == ()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        os.urandom(4096),
        b"\x00" * 70_000,
        b"cuda = '" + b"9" * 5_000_000,
        b"cuda = 'twelve'\n",
        b"cuda: Optional[str] = \n'12.4'",
        "cuda = '１２.４'\n".encode(),
        b"Requires-Dist: nvidia-cuda-runtime-cu12 (==" * 100_000,
        b'{"depends": [' * 100_000,
    ],
    ids=["empty", "random", "zeros", "megabytes", "words", "broken", "wide", "loop", "nested"],
)
def test_garbage_counts_as_nothing_said(tmp_path: Path, content: bytes) -> None:
    made.wheel(tmp_path, "torch", "99.1.0")
    made.wheel(tmp_path, "tensorflow", "99.1.0")
    made.wheel(tmp_path, "jaxlib", "99.1.0")
    made.wheel(tmp_path, "jax-cuda12-plugin", "99.1.0")
    made.wheel(tmp_path, "nvidia-cublas-cu12", "99.1.0")
    made.package(tmp_path, "cupy-core", "99.1.0", "py312_0")
    for path in [*tmp_path.rglob("METADATA"), *tmp_path.rglob("RECORD"), *tmp_path.rglob("*.json")]:
        path.write_bytes(content)
    made.write(tmp_path, VERSION_PY, content)
    made.write(tmp_path, f"{made.SITE}/tensorflow/python/platform/build_info.py", content)
    start = time.perf_counter()
    found = {framework.name: framework for framework in find_frameworks(tmp_path)}
    wheels = pip_nvidia_libraries(tmp_path)
    assert time.perf_counter() - start < 5
    assert found["torch"].backend is UNKNOWN
    assert found["torch"].cuda is None
    assert found["tensorflow"].backend is UNKNOWN
    assert str(found["jax"].accepts) == ">=12.0,<13"
    assert found["cupy"].backend is UNKNOWN
    assert [(wheel.name, wheel.libraries) for wheel in wheels] == [("nvidia-cublas-cu12", ())]


@pytest.mark.skipif(os.name == "nt", reason="no pipes and modes of that kind")
def test_pipes_loops_and_locked_files_do_not_hold_it_up(tmp_path: Path) -> None:
    info = made.wheel(tmp_path, "torch", "2.5.1", requires=made.TORCH_251)
    (info / "METADATA").unlink()
    os.mkfifo(info / "METADATA")
    made.write(tmp_path, f"{made.SITE}/torch/__init__.py", "raise SystemExit('imported')")
    os.mkfifo(tmp_path / VERSION_PY)
    (tmp_path / made.SITE / "loop-1.0.dist-info").symlink_to("loop-1.0.dist-info")
    (tmp_path / "conda-meta").symlink_to("conda-meta")
    (found,) = find_frameworks(tmp_path)
    # Nothing of its own can be read; the table knows what PyPI has under this number.
    assert (found.backend, str(found.cuda)) == (CUDA, "12.4")


def test_nothing_is_imported_from_the_environment(tmp_path: Path) -> None:
    torch_2_5_by_pip(tmp_path)
    marker = tmp_path / "imported"
    made.write(tmp_path, f"{made.SITE}/torch/__init__.py", f"open({str(marker)!r}, 'w')")
    find_frameworks(tmp_path)
    assert not marker.exists()
    assert "torch" not in sys.modules


def test_no_file_of_other_packages_is_opened(tmp_path: Path) -> None:
    torch_2_5_by_pip(tmp_path)
    before = opened_in(tmp_path)
    for number in range(400):
        made.wheel(tmp_path, f"package-{number}", "1.0")
        made.package(tmp_path, f"package-{number}", "1.0", "py311_0")
    assert opened_in(tmp_path) == before
    assert any("torch" in path for path in before)


def test_the_libraries_of_nvidias_wheels(tmp_path: Path) -> None:
    made.wheel(
        tmp_path,
        "nvidia-cublas-cu12",
        "12.4.5.8",
        files=["nvidia/cublas/lib/libcublas.so.12", "nvidia/cublas/lib/libcublasLt.so.12",
               "nvidia/cublas/include/cublas.h"],
    )  # fmt: skip
    made.wheel(
        tmp_path, "nvidia-cuda-runtime", "13.0.96", files=["nvidia/cu13/lib/libcudart.so.13"]
    )
    made.wheel(tmp_path, "nvidia-cuda-cccl", "13.0.85", files=["nvidia/cu13/include/cub/cub.cuh"])
    made.wheel(tmp_path, "nvidia-cudnn-cu12", "9.1.0.70", files=["nvidia/cudnn/lib/libcudnn.so.9"])
    made.wheel(tmp_path, "nvidia-ml-py", "13.580.82", files=["pynvml.py"])
    (tmp_path / made.SITE / "nvidia/cudnn/lib/libcudnn.so.9").unlink()
    found = {wheel.name: wheel for wheel in pip_nvidia_libraries(tmp_path)}
    assert list(found) == sorted(found)
    cublas = found["nvidia-cublas-cu12"]
    assert cublas.version == "12.4.5.8"
    assert cublas.folder == tmp_path / made.SITE / "nvidia/cublas/lib"
    assert cublas.libraries == ("libcublas.so.12", "libcublasLt.so.12")
    assert found["nvidia-cuda-runtime"].libraries == ("libcudart.so.13",)
    assert found["nvidia-cuda-cccl"].folder is None
    # What RECORD names and is not there does not count.
    assert found["nvidia-cudnn-cu12"].libraries == ()


def test_the_libraries_of_nvidias_wheels_on_windows(tmp_path: Path) -> None:
    made.wheel(
        tmp_path,
        "nvidia-cuda-runtime-cu12",
        "12.4.127",
        files=["nvidia/cuda_runtime/bin/cudart64_12.dll", "nvidia/cuda_runtime/lib/x64/cudart.lib"],
        site="Lib/site-packages",
    )
    (wheel,) = pip_nvidia_libraries(tmp_path)
    assert wheel.libraries == ("cudart64_12.dll",)
    assert wheel.folder is not None
    assert wheel.folder.parts[-2:] == ("cuda_runtime", "bin")


def test_a_record_cannot_point_out_of_site_packages(tmp_path: Path) -> None:
    info = made.wheel(tmp_path, "nvidia-nccl-cu12", "2.21.5")
    made.write(tmp_path, "lib/libnccl.so.2", "library")
    (info / "RECORD").write_text(
        "../../libnccl.so.2,sha256=abc,7\n/etc/ld.so,sha256=abc,7\nnvidia/../../../libnccl.so.2,,\n"
    )
    assert pip_nvidia_libraries(tmp_path)[0].libraries == ()


def opened_in(prefix: Path) -> list[str]:
    """The files of an environment that are opened while frameworks are looked for in it."""
    code = (
        "import sys; sys.path[:0] = sys.argv[2:]\n"
        "from pathlib import Path\n"
        "def hook(event, args):\n"
        "    if event == 'open' and str(args[0]).startswith(sys.argv[1]): print(args[0])\n"
        "from conda_cuda_plugin.frameworks.table import find_frameworks\n"
        "sys.addaudithook(hook)\n"
        "find_frameworks(Path(sys.argv[1]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, prefix, *sys.path], capture_output=True, text=True, check=True
    )
    return sorted(done.stdout.splitlines())


def test_the_reader_starts_no_process(tmp_path: Path) -> None:
    torch_2_5_by_pip(tmp_path)
    code = (
        "import sys; sys.path[:0] = sys.argv[2:]\n"
        "from pathlib import Path\n"
        "def hook(event, args):\n"
        "    assert event not in ('subprocess.Popen', 'os.system', 'os.exec', 'ctypes.dlopen'), event\n"
        "sys.addaudithook(hook)\n"
        "from conda_cuda_plugin.frameworks.table import find_frameworks\n"
        "print(find_frameworks(Path(sys.argv[1]))[0].title)\n"
    )
    output = subprocess.run(
        [sys.executable, "-c", code, tmp_path, *sys.path], capture_output=True, text=True
    )
    assert output.stdout == "PyTorch 2.5.1\n", output.stderr
