"""The conda package, the wheel and the sdist: whole, installed, used. `make recipe` builds them."""

from __future__ import annotations

import json
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

import conda_cuda_plugin

from ..conftest import PROJECT, Conda

VERSION = conda_cuda_plugin.__version__
PACKAGE = "conda_cuda_plugin"


def tree() -> dict[str, bytes]:
    """The plugin's files in the checkout, at the places where an installation has them."""
    code = [path for path in (PROJECT / PACKAGE).rglob("*") if path.is_file()]
    found = {path.relative_to(PROJECT).as_posix(): path for path in code}
    for name in ("activate.d", "deactivate.d"):
        found |= {f"{PACKAGE}/{name}/{path.name}": path for path in (PROJECT / name).iterdir()}
    return {
        name: path.read_bytes() for name, path in found.items() if "__pycache__" not in path.parts
    }


def test_the_wheel_holds_the_tree(built: Path) -> None:
    wheel = built / "dist" / f"conda_cuda-{VERSION}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    metadata = [name for name in held if name.startswith(f"conda_cuda-{VERSION}.dist-info/")]
    assert {name: held[name] for name in held if name not in metadata} == tree()
    entry_points = held[f"conda_cuda-{VERSION}.dist-info/entry_points.txt"].decode()
    assert entry_points.split() == ["[conda]", "conda-cuda", "=", "conda_cuda_plugin.plugin"]


def test_the_sdist_makes_the_wheel_that_the_tree_makes(built: Path) -> None:
    (from_sdist,), (from_tree,) = (
        list((built / "dist" / folder).glob("*.whl")) for folder in (".", "from-tree")
    )
    assert from_sdist.read_bytes() == from_tree.read_bytes()


def test_the_sdist_holds_what_it_takes_to_go_on(built: Path) -> None:
    with tarfile.open(built / "dist" / f"conda_cuda-{VERSION}.tar.gz") as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    listed = subprocess.run(
        ["git", "ls-files"], cwd=PROJECT, check=True, capture_output=True, text=True
    )
    there = [name for name in listed.stdout.splitlines() if (PROJECT / name).is_file()]
    assert set(there) - names == set()
    assert not [name for name in names if name.startswith(("build/", ".git/"))]


def test_the_conda_package_holds_the_tree(built: Path) -> None:
    prefix = built / "package"
    (record,) = (prefix / "conda-meta").glob("conda-cuda-*.json")
    document = json.loads(record.read_text())
    assert document["noarch"] == "python"
    assert document["url"].startswith((built / "channel" / "noarch").as_uri())
    (lib,) = (prefix / "lib").glob("python3.*")
    site_packages = (lib / "site-packages").relative_to(prefix).as_posix()
    held = {
        name.removeprefix(f"{site_packages}/"): (prefix / name).read_bytes()
        for name in document["files"]
        if name.startswith(f"{site_packages}/{PACKAGE}/") and not name.endswith(".pyc")
    }
    assert held == tree()


def test_conda_runs_the_installed_plugin(conda: Conda) -> None:
    """Not the checkout, from wherever it is called."""
    code = "import conda_cuda_plugin.plugin as plugin; print(plugin.__file__)"
    done = subprocess.run(
        [conda.exe.parent / "python", "-I", "-c", code], capture_output=True, text=True, check=True
    )
    assert Path(done.stdout.strip()).is_relative_to(conda.exe.parent.parent)
    assert conda("cuda", "--version").out == f"conda-cuda {VERSION}\n"
    assert "conda-cuda " in conda("list", "-p", conda.exe.parent.parent).out


SESSION = """
set -eu
PS1=
eval "$("$1" shell.posix hook)"
conda activate "$2"
echo "active ${CUDA_HOME#"$2"} ${LD_LIBRARY_PATH#"$2"}"
conda cuda off >&2
conda deactivate
echo "after ${CUDA_HOME-unset} ${LD_LIBRARY_PATH-unset}"
"""


def test_it_is_used(conda: Conda) -> None:
    prefix = conda.create(conda.envs / "one")
    conda.cuda("use", prefix, "12.4", "--from=pypi", "--flavor=base", "--yes")
    done = subprocess.run(
        ["bash", "-c", SESSION, "bash", conda.exe, prefix],
        env=conda.environ(), capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["active /cuda /cuda/lib64", "after unset unset"]
    toolkits = conda.cuda("list", prefix, "--json").json["toolkits"]
    assert [(toolkit["name"], toolkit["current"]) for toolkit in toolkits] == [("cuda-12.4", False)]


@pytest.mark.parametrize("name", ["package", "wheel", "sdist"])
def test_nothing_of_the_checkout_is_in_an_installation(built: Path, name: str) -> None:
    (lib,) = (built / name / "lib").glob("python3.*")
    mine = [*(lib / "site-packages").glob("conda_cuda*"), *(lib / "site-packages").glob("*.pth")]
    files = [path for found in mine for path in ([found] if found.is_file() else found.rglob("*"))]
    texts = [path.read_bytes() for path in files if path.is_file() and path.suffix != ".pyc"]
    assert texts
    places = [str(PROJECT / PACKAGE).encode(), str(PROJECT / "activate.d").encode()]
    assert not [place for place in places for text in texts if place in text]
