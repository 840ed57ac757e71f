"""Frameworks are read from metadata and files, in every form in which they come."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from conda_cuda_plugin.compat.framework import Backend, Framework
from conda_cuda_plugin.compat.frameworks import find_frameworks
from conda_cuda_plugin.compat.nvidia_wheels import pip_nvidia_libraries

from . import made_up as made

CUDA, CPU, OTHER, UNKNOWN = Backend.CUDA, Backend.CPU, Backend.OTHER, Backend.UNKNOWN
VERSION_PY = f"{made.SITE}/torch/version.py"


def torch_2_5_by_pip(prefix: Path) -> None:
    made.wheel(prefix, "torch", "2.5.1", requires=made.TORCH_251)
    made.write(prefix, VERSION_PY, made.torch_file("12.4", version="2.5.1+cu124"))


def torch_2_5_by_pip_without_its_files(prefix: Path) -> None:
    made.wheel(prefix, "torch", "2.5.1", requires=made.TORCH_251)


def torch_2_11_by_pip(prefix: Path) -> None:
    made.wheel(prefix, "torch", "2.11.0", requires=made.TORCH_211)


def torch_1_13_by_pip(prefix: Path) -> None:
    made.wheel(prefix, "torch", "1.13.1", requires=made.TORCH_1131)


def torch_1_8_from_the_index(prefix: Path) -> None:
    # 1.8 knows `cuda = '11.1'` without a type, and brings its libraries inside it.
    made.wheel(prefix, "torch", "1.8.1+cu111", files=["torch/lib/libcudnn.so.8"])
    made.write(prefix, VERSION_PY, "__version__ = '1.8.1+cu111'\ndebug = False\ncuda = '11.1'\n")


def torch_1_8_by_local_version(prefix: Path) -> None:
    made.wheel(prefix, "torch", "1.8.1+cu111")


def torch_1_8_plain(prefix: Path) -> None:
    made.wheel(prefix, "torch", "1.8.0")


def torch_cpu(prefix: Path) -> None:
    made.wheel(prefix, "torch", "2.5.1+cpu")
    made.write(prefix, VERSION_PY, made.torch_file(None, version="2.5.1+cpu"))


def torch_cpu_by_local_version(prefix: Path) -> None:
    made.wheel(prefix, "torch", "2.5.1+cpu")


def torch_for_rocm(prefix: Path) -> None:
    made.wheel(prefix, "torch", "2.5.1+rocm6.2")
    made.write(prefix, VERSION_PY, made.torch_file(None, hip="6.2.41133-dd7f95766"))


def torch_from_the_pytorch_channel(prefix: Path) -> None:
    made.package(prefix, "pytorch", "2.5.1", "py3.12_cuda12.4_cudnn9.1.0_0")
    made.package(prefix, "pytorch-cuda", "12.4", "hc786d27_7")
    made.package(prefix, "pytorch-mutex", "1.0", "cuda")


def torch_cpu_from_the_pytorch_channel(prefix: Path) -> None:
    made.package(prefix, "pytorch", "2.5.1", "py3.12_cpu_0")
    made.package(prefix, "pytorch-mutex", "1.0", "cpu")


def torch_from_conda_forge(prefix: Path) -> None:
    made.package(
        prefix,
        "pytorch",
        "2.5.1",
        "cuda126_py312h1763f6d_306",
        depends=["__glibc >=2.17", "cuda-version >=12.6,<13", "libcudnn >=9.3.0.75,<10.0a0"],
    )
    # conda's packages carry Python metadata too.
    made.wheel(
        prefix, "torch", "2.5.1.post306", installer="conda", site="lib/python3.12/site-packages"
    )
    made.write(prefix, "lib/python3.12/site-packages/torch/version.py", made.torch_file("12.6"))


def torch_old_from_conda_forge(prefix: Path) -> None:
    made.package(
        prefix, "pytorch", "1.8.1", "cuda112py39h716d6ff_1", depends=["cudnn >=8.1.0.77,<9.0a0"]
    )


def torch_cpu_from_conda_forge(prefix: Path) -> None:
    made.package(prefix, "pytorch", "2.5.1", "cpu_generic_py312h1576ffb_6")


def torch_from_defaults(prefix: Path) -> None:
    made.package(prefix, "pytorch", "2.3.0", "gpu_cuda118py311h5e4f5a5_101")


def torch_by_pip_over_conda(prefix: Path) -> None:
    torch_from_the_pytorch_channel(prefix)
    torch_1_8_from_the_index(prefix)


def torch_on_windows(prefix: Path) -> None:
    made.wheel(prefix, "torch", "2.5.1+cu121", site="Lib/site-packages")
    made.write(prefix, "Lib/site-packages/torch/version.py", made.torch_file("12.1"))
    made.write(prefix, "Lib/site-packages/torch/lib/cudnn64_9.dll", "library")


def tensorflow_2_18(prefix: Path) -> None:
    made.wheel(prefix, "tensorflow", "2.18.0", requires=made.TENSORFLOW_218)
    made.write(
        prefix,
        f"{made.SITE}/tensorflow/python/platform/build_info.py",
        made.TENSORFLOW_BUILD_INFO,
    )


def tensorflow_with_its_wheels(prefix: Path) -> None:
    tensorflow_2_18(prefix)
    made.wheel(prefix, "nvidia-cuda-runtime-cu12", "12.5.82")


def tensorflow_without_its_files(prefix: Path) -> None:
    made.wheel(prefix, "tensorflow", "2.18.0", requires=made.TENSORFLOW_218)


def tensorflow_1_15(prefix: Path) -> None:
    made.wheel(prefix, "tensorflow-gpu", "1.15.0")
    made.write(
        prefix,
        f"{made.SITE}/tensorflow_core/python/platform/build_info.py",
        made.TENSORFLOW_1_BUILD_INFO,
    )


def tensorflow_gpu_by_its_name(prefix: Path) -> None:
    made.wheel(prefix, "tensorflow-gpu", "2.10.0")


def tensorflow_cpu(prefix: Path) -> None:
    made.wheel(prefix, "tensorflow-cpu", "2.18.0")


def tensorflow_cpu_by_build_info(prefix: Path) -> None:
    made.wheel(prefix, "tensorflow", "2.18.0")
    made.write(
        prefix,
        f"{made.SITE}/tensorflow/python/platform/build_info.py",
        'build_info = collections.OrderedDict([("is_cuda_build", False), ("is_rocm_build", False)])',
    )


def tensorflow_from_conda_forge(prefix: Path) -> None:
    made.package(prefix, "tensorflow", "2.18.0", "cuda126py312h2b0f1a2_205")
    made.package(
        prefix,
        "tensorflow-base",
        "2.18.0",
        "cuda126py312h26ee3a2_205",
        depends=["cudnn >=9.8.0.87,<10.0a0"],
    )


def tensorflow_from_defaults(prefix: Path) -> None:
    made.package(prefix, "tensorflow-base", "2.4.1", "gpu_py39h29c2da4_0")
    made.package(prefix, "cudatoolkit", "10.1.243", "h6bb024c_0")


def tensorflow_cpu_from_defaults(prefix: Path) -> None:
    made.package(prefix, "tensorflow-base", "2.4.1", "mkl_py39h43e0292_0")


def jax_with_plugin_12(prefix: Path) -> None:
    made.wheel(prefix, "jax", "0.4.31")
    made.wheel(prefix, "jaxlib", "0.4.31")
    made.wheel(prefix, "jax-cuda12-plugin", "0.4.31", requires=made.JAX_PLUGIN_12)
    made.wheel(prefix, "jax-cuda12-pjrt", "0.4.31")


def jax_with_plugin_13(prefix: Path) -> None:
    made.wheel(prefix, "jax", "0.7.2")
    made.wheel(prefix, "jaxlib", "0.7.2")
    made.wheel(prefix, "jax-cuda13-plugin", "0.7.2", requires=made.JAX_PLUGIN_13)
    made.wheel(prefix, "nvidia-cuda-runtime", "13.0.96")


def jax_by_local_version(prefix: Path) -> None:
    made.wheel(prefix, "jax", "0.4.25")
    made.wheel(prefix, "jaxlib", "0.4.25+cuda11.cudnn86")


def jax_cpu(prefix: Path) -> None:
    made.wheel(prefix, "jax", "0.4.31")
    made.wheel(prefix, "jaxlib", "0.4.31")


def jax_from_conda_forge(prefix: Path) -> None:
    made.package(prefix, "jax", "0.4.35", "pyhd8ed1ab_0")
    made.package(
        prefix, "jaxlib", "0.4.35", "cuda126py312hd27b167_200", depends=["cudnn >=9.3.0.75,<10.0a0"]
    )


def jax_cpu_from_conda_forge(prefix: Path) -> None:
    made.package(prefix, "jaxlib", "0.4.35", "cpu_py312h860c521_0")


def cupy_for_a_major(prefix: Path) -> None:
    made.wheel(prefix, "cupy-cuda12x", "14.2.0")


def cupy_for_a_release(prefix: Path) -> None:
    made.wheel(prefix, "cupy-cuda112", "9.6.0")


def cupy_from_conda_forge(prefix: Path) -> None:
    made.package(
        prefix, "cupy-core", "13.3.0", "py312h1acd1a8_2", depends=["cuda-version >=12.0,<13"]
    )


CASES: list[tuple[Callable[[Path], None], tuple[str, str, Backend, str | None, str | None, str | None]]] = [
    (torch_2_5_by_pip, ("torch", "2.5.1", CUDA, "12.4", "12.4", "9.1.0.70")),
    (torch_2_5_by_pip_without_its_files, ("torch", "2.5.1", CUDA, "12.4.1", "12.4", "9.1.0.70")),
    (torch_2_11_by_pip, ("torch", "2.11.0", CUDA, "13.0.2", "13.0", "9.19.0.56")),
    (torch_1_13_by_pip, ("torch", "1.13.1", CUDA, "11.7", "11.7", "8.5.0.96")),
    (torch_1_8_from_the_index, ("torch", "1.8.1", CUDA, "11.1", "11.1", "8")),
    (torch_1_8_by_local_version, ("torch", "1.8.1", CUDA, "11.1", "11.1", None)),
    (torch_1_8_plain, ("torch", "1.8.0", CUDA, "10.2", "10.2", None)),
    (torch_cpu, ("torch", "2.5.1", CPU, None, None, None)),
    (torch_cpu_by_local_version, ("torch", "2.5.1", CPU, None, None, None)),
    (torch_for_rocm, ("torch", "2.5.1", OTHER, None, None, None)),
    (torch_from_the_pytorch_channel, ("torch", "2.5.1", CUDA, "12.4", "12.4", "9.1.0")),
    (torch_cpu_from_the_pytorch_channel, ("torch", "2.5.1", CPU, None, None, None)),
    (torch_from_conda_forge, ("torch", "2.5.1", CUDA, "12.6", "12.6", ">=9.3.0.75,<10.0a0")),
    (torch_old_from_conda_forge, ("torch", "1.8.1", CUDA, "11.2", "11.2", ">=8.1.0.77,<9.0a0")),
    (torch_cpu_from_conda_forge, ("torch", "2.5.1", CPU, None, None, None)),
    (torch_from_defaults, ("torch", "2.3.0", CUDA, "11.8", "11.8", None)),
    (torch_by_pip_over_conda, ("torch", "1.8.1", CUDA, "11.1", "11.1", "8")),
    (torch_on_windows, ("torch", "2.5.1", CUDA, "12.1", "12.1", "9")),
    (tensorflow_2_18, ("tensorflow", "2.18.0", CUDA, "12.5.1", "12.5", "9.3.0.75")),
    (tensorflow_without_its_files, ("tensorflow", "2.18.0", CUDA, "12.5", "12.5", "9.3.0.75")),
    (tensorflow_1_15, ("tensorflow", "1.15.0", CUDA, "10.0", "10.0", "7.4")),
    (tensorflow_gpu_by_its_name, ("tensorflow", "2.10.0", CUDA, "11.2", "11.2", "8.1")),
    (tensorflow_cpu, ("tensorflow", "2.18.0", CPU, None, None, None)),
    (tensorflow_cpu_by_build_info, ("tensorflow", "2.18.0", CPU, None, None, None)),
    (tensorflow_from_conda_forge, ("tensorflow", "2.18.0", CUDA, "12.6", "12.6", ">=9.8.0.87,<10.0a0")),
    (tensorflow_from_defaults, ("tensorflow", "2.4.1", CUDA, "10.1.243", "10.1", "8.0")),
    (tensorflow_cpu_from_defaults, ("tensorflow", "2.4.1", CPU, None, None, None)),
    (jax_with_plugin_12, ("jax", "0.4.31", CUDA, None, ">=12.1,<13", ">=9.1,<10.0")),
    (jax_with_plugin_13, ("jax", "0.7.2", CUDA, None, ">=13.0,<14", ">=9.12.0.46,<10.0")),
    (jax_by_local_version, ("jax", "0.4.25", CUDA, None, ">=11.8,<12", "8.6")),
    (jax_cpu, ("jax", "0.4.31", CPU, None, None, None)),
    (jax_from_conda_forge, ("jax", "0.4.35", CUDA, "12.6", "12.6", ">=9.3.0.75,<10.0a0")),
    (jax_cpu_from_conda_forge, ("jax", "0.4.35", CPU, None, None, None)),
    (cupy_for_a_major, ("cupy", "14.2.0", CUDA, None, ">=12.0,<13", None)),
    (cupy_for_a_release, ("cupy", "9.6.0", CUDA, "11.2", "11.2", None)),
    (cupy_from_conda_forge, ("cupy", "13.3.0", CUDA, None, ">=12.0,<13", None)),
]  # fmt: skip


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


def test_many_packages_take_milliseconds(tmp_path: Path) -> None:
    for number in range(400):
        made.wheel(tmp_path, f"package-{number}", "1.0")
        made.package(tmp_path, f"package-{number}", "1.0", "py311_0")
    torch_2_5_by_pip(tmp_path)
    find_frameworks(tmp_path)
    start = time.perf_counter()
    find_frameworks(tmp_path)
    # Measured: about 2 ms.
    assert time.perf_counter() - start < 0.5


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


def test_the_reader_starts_no_process(tmp_path: Path) -> None:
    torch_2_5_by_pip(tmp_path)
    code = (
        "import sys; sys.path[:0] = sys.argv[2:]\n"
        "from pathlib import Path\n"
        "def hook(event, args):\n"
        "    assert event not in ('subprocess.Popen', 'os.system', 'os.exec', 'ctypes.dlopen'), event\n"
        "sys.addaudithook(hook)\n"
        "from conda_cuda_plugin.compat.frameworks import find_frameworks\n"
        "print(find_frameworks(Path(sys.argv[1]))[0].title)\n"
    )
    output = subprocess.run(
        [sys.executable, "-c", code, tmp_path, *sys.path], capture_output=True, text=True
    )
    assert output.stdout == "PyTorch 2.5.1\n", output.stderr
