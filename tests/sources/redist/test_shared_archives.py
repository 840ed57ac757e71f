"""Components that lie in one archive, each of which becomes a package."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ...conftest import Conda
from ...listing import leftovers
from ..redist_server import MACHINE, RedistServer, small_release, write_release
from .commands import packages, use


@pytest.mark.parametrize("kind", ["folder", "address"])
@pytest.mark.parametrize("again", [False, True], ids=["once", "again"])
def test_one_archive_for_several_components(
    again: bool, kind: str, conda: Conda, environment: Path, folder: Path, server: RedistServer
) -> None:
    manifest = write_release(folder, "12.4.1", small_release(filler=3_000_000))
    for name in ("libcublas", "cuda_nvcc", "cuda_cccl"):
        manifest[name][MACHINE] = manifest["cuda_cudart"][MACHINE]
    (folder / "redistrib_12.4.1.json").write_text(json.dumps(manifest))
    place = folder if kind == "folder" else server.address
    words = ("12.4", "--components=cublas", "--flavor=base")
    use(conda, environment, place, *words)
    if again:
        environment = conda.create(conda.envs / "two")
        use(conda, environment, place, *words)
    names = {name.rpartition("-12")[0] for name in packages(conda, environment)}
    assert names == {"cuda-redist-cudart", "cuda-redist-libcublas"}
    assert leftovers(conda.pkgs) == list(conda.pkgs.glob("conda-cuda/downloads/*")) == []
