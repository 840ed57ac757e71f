"""What the fuzzer of planted things has found, one test for each kind."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from conda_cuda_plugin.hooks.shells import STEM

from ..conftest import Conda
from .conftest import in_words

HOOK = f"etc/conda/activate.d/{STEM}.sh"


@pytest.fixture
def nvcc(conda: Conda, two: Path) -> Path:
    """The environment with a toolkit that has nvcc, which is current."""
    conda.cuda("use", two, "13.0")
    return two


def test_a_pipe_for_a_wrapper_is_not_waited_for(conda: Conda, nvcc: Path) -> None:
    pipe = nvcc / "bin" / "nvcc"
    pipe.unlink()
    os.mkfifo(pipe)
    for verb, *words in (("info",), ("which", "nvcc"), ("use", "13.0"), ("doctor", "--fix", "-y")):
        done = in_words(conda.cuda(verb, nvcc, *words, check=False, timeout=60))
        if verb == "use":
            assert f"{pipe} is in the way" in done.err
        if verb == "doctor":
            assert "wrapper-shadowed" in done.out
    for verb, *words in (("off",), ("remove", "--all", "-y")):
        conda.cuda(verb, nvcc, *words, timeout=60)
    assert pipe.is_fifo()


def test_a_hook_that_cannot_be_read_is_named(conda: Conda, two: Path) -> None:
    os.truncate(two / HOOK, 3 * 2**30)
    for verb, *words in (("use", "13.0", "--dry-run"), ("info",), ("use", "13.0")):
        done = in_words(conda.cuda(verb, two, *words, check=False, timeout=60))
        if verb == "use":
            assert f"{two / HOOK} is in the way" in done.err
    found = conda.cuda("doctor", two, "--json", check=False).json["findings"]
    assert [one["evidence"] for one in found if one["rule"] == "hooks-foreign"] == [[HOOK]]
    conda.cuda("off", two)
    assert (two / HOOK).stat().st_size == 3 * 2**30


@pytest.mark.parametrize("content", [b"[" * 100_000, b"5", b'{"name": []}', b"\xff"])
def test_no_record_of_a_package_makes_export_fail_without_a_word(
    content: bytes, conda: Conda, two: Path
) -> None:
    record = next((two / "cuda-12.4" / "conda-meta").glob("nvidia-*.json"))
    record.write_bytes(content)
    done = in_words(conda.cuda("export", two, check=False))
    assert done.code == 1
    assert str(record.parent) in done.err


def test_files_in_place_of_folders(conda: Conda, nvcc: Path) -> None:
    shutil.rmtree(nvcc / "bin")
    (nvcc / "bin").write_text("mine")
    conda.cuda("off", nvcc)
    assert (nvcc / "bin").read_text() == "mine"
    shutil.rmtree(nvcc / "etc" / "conda")
    (nvcc / "etc" / "conda").write_text("mine")
    done = in_words(conda.cuda("use", nvcc, "12.4", check=False))
    assert f"{nvcc / 'etc' / 'conda'} is in the way (a folder has to be there)" in done.err
    assert (nvcc / "etc" / "conda").read_text() == "mine"
