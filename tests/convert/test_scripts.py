"""conda runs scripts that a package brings under certain names; no foreign archive may bring one."""

from __future__ import annotations

from pathlib import Path

import pytest

from conda_cuda_plugin.convert.package import Member, Refused, check_members

from ..conftest import Conda
from ..sources.wheelhouse import only_folder, write_releases, write_wheel

NAME, VERSION = "nvidia-cuda-runtime-cu12", "12.4.127"
SCRIPT = f"nvidia/cuda_runtime/bin/.{NAME}-post-link.sh"


def test_a_wheel_with_a_script_is_refused_and_the_script_does_not_run(
    conda: Conda, environment: Path, tmp_path: Path
) -> None:
    wheels, mark = write_releases(tmp_path / "wheels", "12.4.1"), tmp_path / "ran"
    (old,) = wheels.glob(f"{NAME.replace('-', '_')}-*")
    old.unlink()
    files = {
        "nvidia/cuda_runtime/lib/libcudart.so.12": b"cudart 12.4",
        SCRIPT: f"#!/bin/sh\n: >'{mark}'\n".encode(),
    }
    write_wheel(wheels, NAME, VERSION, files)
    words = ("12.4", "--from=pypi", "--flavor=base", "--yes")
    done = conda.cuda("use", environment, *words, check=False, **only_folder(wheels))
    assert done.code == 1
    assert "would pose as conda's own" in done.err
    assert not mark.exists()
    assert not (environment / "cuda-12.4").exists()


@pytest.mark.parametrize(
    "target",
    [
        "bin/.x-post-link.sh",
        "bin/.x-pre-link.sh",
        "bin/.x-pre-unlink.sh",
        "BIN/.X-Post-Link.SH",
        "Scripts/.x-post-link.bat",
        # `bin` could be a link to this folder.
        "elsewhere/.x-post-link.sh",
        ".x-post-link.sh",
        "Menu/x.json",
    ],
)
def test_what_conda_would_run_is_refused(target: str) -> None:
    with pytest.raises(Refused, match="pose as conda's own"):
        check_members([Member(target, 0, None, link="x")])


@pytest.mark.parametrize("target", ["bin/post-link.sh", "bin/.hidden", "lib/.x-link.sh"])
def test_other_names_are_not(target: str) -> None:
    assert check_members([Member(target, 0, None, link="x")])
