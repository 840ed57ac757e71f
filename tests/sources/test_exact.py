"""`conda cuda apply` makes packages anew from NVIDIA's redist archives and installers."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from conda_cuda_plugin.system.yaml_text import load

from ..conftest import Conda
from ..listing import leftovers, listing
from .redist_server import small_release, write_release
from .runfile_machine import Machine, compiler, machine

__all__ = ["compiler", "machine"]


def of_root(prefix: Path) -> dict[str, str]:
    """A toolkit root without conda's own records, which name the time and the cache."""
    (root,) = prefix.glob("cuda-*")
    return {name: text for name, text in listing(root).items() if "conda-meta/" not in name}


def forget_cache(conda: Conda) -> None:
    """All that was downloaded and converted is gone."""
    shutil.rmtree(conda.pkgs)
    conda.pkgs.mkdir()
    (conda.pkgs / "urls.txt").touch()


@pytest.fixture
def lone(conda: Conda, tmp_path: Path) -> Conda:
    """A conda with a package cache of its own."""
    conda.variables["CONDA_PKGS_DIRS"] = str(tmp_path / "pkgs")
    (tmp_path / "pkgs").mkdir()
    forget_cache(conda)
    return conda


def test_redist_archives(lone: Conda, tmp_path: Path) -> None:
    folder, path = tmp_path / "redist", tmp_path / "cuda.yaml"
    write_release(folder, "12.4.1", small_release())
    first, second = (lone.create(lone.envs / name) for name in ("one", "two"))
    lone.cuda("use", first, "12.4", "--from", folder, "-y")
    lone.cuda("export", first, "-f", path)
    (toolkit,) = load(path.read_text())["toolkits"]
    assert toolkit["origin"] == "redist"
    assert all(row["url"].startswith(folder.as_uri()) for row in toolkit["packages"])
    forget_cache(lone)
    lone.cuda("apply", second, path, "-y")
    assert of_root(second) == of_root(first)
    assert load(lone.cuda("export", second).out) == load(path.read_text())

    # The archive at the address is another one now.
    forget_cache(lone)
    archive = min(folder.rglob("*cudart*archive*"))
    archive.write_bytes(archive.read_bytes() + b"x")
    third = lone.create(lone.envs / "three")
    before = listing(third)
    result = lone.cuda("apply", third, path, "-y", check=False)
    assert result.code == 1 and "is not the file that was exported" in result.err
    assert listing(third) == before
    assert not list(lone.pkgs.rglob("*cudart*")) and leftovers(lone.pkgs) == []


def test_an_installer(machine: Machine, tmp_path: Path) -> None:
    conda, path = machine.conda, tmp_path / "here" / "cuda.yaml"
    path.parent.mkdir()
    first, second = machine.environment("one"), machine.environment("two")
    file = machine.middle()
    machine.use(first, "10.2", file)
    result = conda.cuda("export", first, "-f", path)
    assert "not promised: " in result.err
    before = of_root(first)

    # From the cache; then from the file, which lies beside the exported one.
    conda.cuda("apply", second, path, "-y")
    assert of_root(second) == before
    conda.cuda("remove", second, "--all", "-y")
    forget_cache(conda)
    os.rename(file, path.parent / file.name)
    conda.cuda("apply", second, path, "-y")
    assert of_root(second) == before

    conda.cuda("remove", second, "--all", "-y")
    forget_cache(conda)
    (path.parent / file.name).unlink()
    result = conda.cuda("apply", second, path, "-y", check=False)
    assert result.code == 1 and "Traceback" not in result.err
    assert f"{file.name} of" in result.err and "cannot be had" in result.err
    assert not (second / "cuda").exists()
