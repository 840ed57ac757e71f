"""A wheel that holds another package than its name says is never linked in its place."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ...conftest import Conda
from ...listing import leftovers, listing
from ..wheelhouse import only_index, write_releases, write_wheel
from .server import Index, serve_index
from .test_streaming import BASE, SMALL

RUNTIME = "nvidia_cuda_runtime_cu12-12.4.127-py3-none-manylinux2014_x86_64.whl"


@pytest.mark.parametrize(
    ("name", "version"),
    [("nvidia-other", "12.4.127"), ("nvidia-cuda-runtime-cu12", "12.4.99")],
    ids=["another-name", "another-version"],
)
@pytest.mark.parametrize("size", [10, SMALL], ids=["whole", "streamed"])
def test_it_is_refused(
    size: int, name: str, version: str, conda: Conda, environment: Path, tmp_path: Path
) -> None:
    conda.empty_cache(tmp_path / "pkgs")
    (folder := tmp_path / "wheels").mkdir()
    requires = ["nvidia-cuda-runtime-cu12==12.4.127.*; extra == 'cudart'"]
    write_wheel(folder, "cuda-toolkit", "12.4.1", requires=requires, tag="py3-none-any")
    # In hexadecimal digits it cannot be packed to less than half.
    files = {"nvidia/x/lib/libcudart.so.12": b"other", "nvidia/x/lib/x": _digits(size)}
    write_wheel(folder, name, version, files).rename(folder / RUNTIME)
    with serve_index(Index(folder)) as index:
        before = listing(environment)
        result = conda.cuda("use", environment, *BASE, check=False, **only_index(index.address))
    assert (result.code, "Traceback" in result.err) == (1, False), result.err
    told = " ".join(result.err.split())
    assert (
        f"WheelError: {RUNTIME} cannot be used: it holds {name} {version}, and "
        "'nvidia-cuda-runtime-cu12 12.4.127' was asked for." in told
    )
    assert listing(environment) == before
    assert list(conda.pkgs.glob("nvidia*")) == leftovers(conda.pkgs) == []
    assert list(conda.pkgs.glob("conda-cuda/downloads/*")) == []


def _digits(size: int) -> bytes:
    import random

    return random.Random(1).randbytes(size).hex().encode()


def test_one_file_under_two_names(conda: Conda, environment: Path, tmp_path: Path) -> None:
    """Both come at the same time, and neither is written into the other."""
    conda.empty_cache(tmp_path / "pkgs")
    wheels = write_releases(tmp_path / "wheels", "12.4.1", filler=900_000)
    (runtime,) = wheels.glob("nvidia_cuda_runtime*")
    (cublas,) = wheels.glob("nvidia_cublas*")
    shutil.copy(runtime, cublas)
    with serve_index(Index(wheels, rate=1e6)) as index:
        words = ("use", environment, *BASE[:-2], "--flavor=runtime", "--yes")
        result = conda.cuda(*words, check=False, **only_index(index.address))
    told = " ".join(result.err.split())
    assert f"WheelError: {cublas.name} cannot be used: it holds nvidia-cuda-runtime-cu12" in told
    assert leftovers(conda.pkgs) == list(conda.pkgs.glob("conda-cuda/downloads/*")) == []
