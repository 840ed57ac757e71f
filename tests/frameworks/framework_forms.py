"""Every form that a framework comes in, made up, and what there is to read in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from conda_cuda_plugin.frameworks.framework import Backend

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
