"""How the release of a toolkit on the machine is read."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from conda_cuda_plugin.errors import CudaError
from conda_cuda_plugin.sources.system import read_system_toolkit

from .system_toolkits import (
    LINUX,
    compiled_nvcc,
    executable,
    header_only,
    nvcc_only,
    text_file,
    toolkit,
)


@pytest.mark.parametrize(
    ("make", "version", "evidence", "has_nvcc"),
    [
        pytest.param(lambda p: toolkit(p), "12.6.3", "version.json", True, id="version.json"),
        pytest.param(
            lambda p: toolkit(p, "11.8.20220929"), "11.8", "version.json", True,
            id="version.json-with-a-date",
        ),
        pytest.param(
            lambda p: toolkit(p, None), "12.6", "cuda_runtime_api.h", True, id="header-below-targets"
        ),
        pytest.param(text_file, "10.2.89", "version.txt", False, id="version.txt"),
        pytest.param(header_only, "10.2", "cuda_runtime_api.h", False, id="header"),
        pytest.param(nvcc_only, "12.6.85", "nvcc", True, id="nvcc-script"),
        pytest.param(compiled_nvcc, "11.4.152", "nvcc", True, id="nvcc-program"),
    ],
)  # fmt: skip
def test_the_release_is_read_from_whatever_exists(
    make: Callable[[Path], None], version: str, evidence: str, has_nvcc: bool, tmp_path: Path
) -> None:
    make(tmp_path / "cuda")
    found = read_system_toolkit(tmp_path / "cuda", LINUX)
    # nvcc counts its builds apart from the release: only its first two numbers say anything.
    expected = version if evidence != "nvcc" else ".".join(version.split(".")[:2])
    assert (str(found.version), found.evidence, found.has_nvcc) == (expected, evidence, has_nvcc)


HOSTILE = {
    "empty": "",
    "garbage": "\x00\xff{]",
    "another-shape": '["cuda"]',
    "no-cuda": '{"nvcc": {"version": "12.6"}}',
    "cuda-is-a-list": '{"cuda": ["12.6"]}',
    "version-is-a-number": '{"cuda": {"version": 12}}',
    "version-is-words": '{"cuda": {"version": "../../12"}}',
    "deep-nesting": "[" * 100_000,
    "deep-objects": '{"cuda":' * 100_000,
    "megabytes": '{"cuda": {"version": "' + "9" * 5_000_000,
    "huge-numbers": '{"cuda": {"version": "' + "9" * 5000 + '.1"}}',
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_version_json_is_passed_over(text: str, tmp_path: Path) -> None:
    toolkit(tmp_path / "cuda")
    (tmp_path / "cuda" / "version.json").write_text(text, encoding="latin-1")
    found = read_system_toolkit(tmp_path / "cuda", LINUX)
    assert (str(found.version), found.evidence) == ("12.6", "cuda_runtime_api.h")


@pytest.mark.parametrize(
    "name", ["version.json", "version.txt", "targets/x86_64-linux/include/cuda_runtime_api.h"]
)
def test_a_folder_or_pipe_in_place_of_a_file_is_passed_over(name: str, tmp_path: Path) -> None:
    for kind in (Path.mkdir, os.mkfifo):
        shutil.rmtree(tmp_path / "cuda", ignore_errors=True)
        toolkit(tmp_path / "cuda", None)
        path = tmp_path / "cuda" / name
        path.unlink(missing_ok=True)
        kind(path)
        found = read_system_toolkit(tmp_path / "cuda", LINUX)
        assert found.version.release == "12.6"


def test_an_nvcc_that_hangs_or_fails_is_passed_over(tmp_path: Path) -> None:
    executable(tmp_path / "bin" / "nvcc", "#!/bin/sh\necho release 99.9, V99.9.9 >&2\nexit 1\n")
    with pytest.raises(CudaError) as caught:
        read_system_toolkit(tmp_path, LINUX)
    assert caught.value.message == (
        f"{tmp_path} looks like a CUDA toolkit, but nothing in it says which release it is."
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(lambda p: None, "There is no folder {}.", id="missing"),
        pytest.param(lambda p: p.write_text(""), "There is no folder {}.", id="a-file"),
        pytest.param(
            lambda p: p.mkdir(), "{} is not a CUDA toolkit: it has neither bin/nvcc nor lib64.",
            id="empty-folder",
        ),
        pytest.param(
            lambda p: (p / "include").mkdir(parents=True),
            "{} is not a CUDA toolkit: it has neither bin/nvcc nor lib64.",
            id="headers-alone",
        ),
    ],
)  # fmt: skip
def test_what_is_no_toolkit_is_refused(
    make: Callable[[Path], None], message: str, tmp_path: Path
) -> None:
    make(tmp_path / "cuda")
    with pytest.raises(CudaError) as caught:
        read_system_toolkit(tmp_path / "cuda", LINUX)
    assert caught.value.message == message.format(tmp_path / "cuda")
