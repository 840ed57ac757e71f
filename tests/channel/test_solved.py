"""What the solver has found is used again, until anything that it goes by is another.

A package is taken out of what was kept: a plan that lacks it was not solved for.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conda_cuda_plugin.convert.conda_file import zstd_writer

from ..conftest import Conda, _conda
from ..listing import leftovers
from .hosts import serving
from .large import write_large_channels
from .package import CondaPackage, write_channel

SUBDIR = {"x86_64": "linux-64", "aarch64": "linux-aarch64"}[platform.machine()]
OTHER = {"linux-64": "linux-aarch64", "linux-aarch64": "linux-64"}[SUBDIR]
LAST = "cuda-toolkit"
WORDS = ("12.4", "--from=channel", "--flavor=devel", "--json")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """conda-forge with CUDA 12.4, a channel that is nearly empty, and none for this platform."""
    root = tmp_path / "channels"
    write_large_channels(root, 3, header=10, library=10, subdir=SUBDIR)
    write_channel(root / "more", SUBDIR, [CondaPackage("other", "1.0")])
    return root


@pytest.fixture
def conda(conda_exe: Path, root: Path, tmp_path: Path) -> Conda:
    """A conda with a package cache of its own."""
    home, cache = tmp_path / "home", tmp_path / "pkgs"
    home.mkdir()
    cache.mkdir()
    (cache / "urls.txt").touch()
    conda = _conda(conda_exe, home, cache)
    conda.variables.update(CONDA_CHANNEL_ALIAS=root.as_uri(), CONDA_SUBDIR=SUBDIR)
    conda.variables.update(NO_PROXY="127.0.0.1", no_proxy="127.0.0.1")
    return conda


def plan(conda: Conda, prefix: Path, *more: str, **variables: str | None) -> list[str]:
    """The packages that `use` would install."""
    found = conda.cuda("use", prefix, *WORDS, *more, "--dry-run", **variables)
    return [row["name"] for row in found.json["plan"]["install"]["packages"]]


def kept(conda: Conda) -> list[Path]:
    return sorted(conda.pkgs.glob("cache/conda-cuda/solved-*"))


def name_of(row: dict[str, str]) -> str:
    """The package that a row of what was kept is about."""
    return row["file"].rsplit("-", 2)[0]


def mark(conda: Conda) -> Path:
    """Take a package out of what was kept."""
    (path,) = kept(conda)
    content = json.loads(path.read_text())
    content["packages"] = [row for row in content["packages"] if name_of(row) != LAST]
    path.write_text(json.dumps(content))
    return path


@pytest.fixture
def marked(conda: Conda, environment: Path) -> list[str]:
    """The plan that was solved for; another one is kept."""
    whole = plan(conda, environment)
    assert LAST in whole
    mark(conda)
    return whole


def test_nothing_has_changed(conda: Conda, environment: Path, marked: list[str]) -> None:
    assert plan(conda, environment) == [name for name in marked if name != LAST]
    other = conda.create(conda.envs / "other")
    assert plan(conda, other) == [name for name in marked if name != LAST]


def test_the_plan_and_the_toolkit_are_the_same(conda: Conda, environment: Path) -> None:
    solved = conda.cuda("use", environment, *WORDS, "--dry-run").json["plan"]
    text = kept(conda)[0].read_text()
    again = conda.cuda("use", environment, *WORDS, "--dry-run").json["plan"]
    assert again == solved
    assert kept(conda)[0].read_text() == text
    records = []
    for name in ("solved", "again"):
        if name == "solved":
            shutil.rmtree(conda.pkgs / "cache")
        prefix = conda.create(conda.envs / name)
        conda.cuda("use", prefix, *WORDS, "--yes")
        found = sorted((prefix / "cuda-12.4" / "conda-meta").glob("*.json"))
        records.append({path.name: path.read_text() for path in found})
    assert records[0] == records[1]
    assert len(records[0]) == len(solved["install"]["packages"])


def add_row(folder: Path) -> None:
    """Let an index have a package more."""
    index = json.loads((folder / "repodata.json").read_text())
    row = {"name": "new", "version": "1", "build": "0", "build_number": 0, "depends": []}
    index["packages.conda"]["new-1-0.conda"] = row
    (folder / "repodata.json").write_text(json.dumps(index))


def rewrite(root: Path) -> None:
    """Another index, of the same size and age."""
    path = root / "more" / SUBDIR / "repodata.json"
    facts = path.stat()
    path.write_text(path.read_text().replace('"version": "1.0"', '"version": "1.1"'))
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def compress(root: Path) -> None:
    index = root / "more" / "noarch" / "repodata.json"
    with index.with_name("repodata.json.zst").open("wb") as file, zstd_writer(file, 1, 1) as packed:
        packed.write(index.read_bytes())


CHANGES: dict[str, Callable[[Conda, Path], dict[str, str]]] = {
    "the index has a package more": lambda _, root: add_row(root / "more" / SUBDIR) or {},
    "the index is another one, of the same size and age": lambda _, root: rewrite(root) or {},
    "the index lies there compressed": lambda _, root: compress(root) or {},
    "a setting": lambda *_: {"CONDA_CHANNEL_PRIORITY": "strict"},
    "pinned packages": lambda *_: {"CONDA_PINNED_PACKAGES": "cuda-cccl=12.4"},
    "the kind of packages": lambda *_: {"CONDA_ADD_PIP_AS_PYTHON_DEPENDENCY": "0"},
    "a virtual package": lambda *_: {"CONDA_OVERRIDE_GLIBC": "2.99"},
    "the processor": lambda *_: {"CONDA_OVERRIDE_ARCHSPEC": "m68k"},
    "what a solver is told": lambda *_: {"CONDA_LIBMAMBA_SOLVER_MAX_ATTEMPTS": "3"},
    "a connection is forbidden": lambda *_: {"CONDA_OFFLINE": "1"},
}


@pytest.mark.parametrize("change", CHANGES)
def test_it_is_solved_anew_when_something_differs(
    change: str, conda: Conda, environment: Path, root: Path, marked: list[str]
) -> None:
    words = ("-c", "conda-forge", "-c", "more")
    plan(conda, environment, *words)
    for path in kept(conda):
        path.unlink()
    plan(conda, environment, *words)
    mark(conda)
    assert LAST not in plan(conda, environment, *words)
    assert plan(conda, environment, *words, **CHANGES[change](conda, root)) == marked


def test_other_words_are_another_question(
    conda: Conda, environment: Path, marked: list[str]
) -> None:
    assert LAST in plan(conda, environment, "-c", "conda-forge", "-c", "more")
    assert LAST in plan(conda, environment, "-c", "more", "-c", "conda-forge")
    assert LAST not in plan(conda, environment)


def test_with_no_connection_the_caches_count(conda: Conda, environment: Path) -> None:
    conda.variables["CONDA_OFFLINE"] = "1"
    whole = plan(conda, environment)
    mark(conda)
    assert LAST not in plan(conda, environment)
    (conda.pkgs / "new-1.0-0").mkdir()
    assert plan(conda, environment) == whole


@pytest.mark.parametrize("pin", ["more::other", "other[channel=more]"])
def test_pins_to_another_channel_are_solved_for(pin: str, conda: Conda, environment: Path) -> None:
    for _ in range(2):
        plan(conda, environment, CONDA_PINNED_PACKAGES=pin)
        assert kept(conda) == []


def other_content(path: Path, **more: Any) -> None:
    content = json.loads(path.read_text())
    for row in content["packages"]:
        row.update(more)
    path.write_text(json.dumps(content))


HOSTILE: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "broken": lambda path: path.write_bytes(path.read_bytes()[:-5]),
    "not text": lambda path: path.write_bytes(b"\xff\xfe"),
    "deep": lambda path: path.write_bytes(b"[" * 100_000),
    "a list": lambda path: path.write_text("[]"),
    "without packages": lambda path: path.write_text(json.dumps({"of": "0" * 64})),
    "of another question": lambda path: path.write_text(
        json.dumps({**json.loads(path.read_text()), "of": "0" * 64})
    ),
    "huge": lambda path: path.write_bytes(path.read_bytes() + b" " * 5_000_000),
    "of everybody": lambda path: path.chmod(0o666),
    "a link": lambda path: (path.rename(path.with_name("x")), path.symlink_to("x")),
    "a pipe": lambda path: (path.unlink(), os.mkfifo(path)),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "no such index": lambda path: other_content(path, index=99),
    "no such file": lambda path: other_content(path, file="cuda-nvcc-99.0-0.conda"),
    "a file elsewhere": lambda path: other_content(path, file="../../more/x-1.0-0.conda"),
    "a file that is no package": lambda path: other_content(path, file="x"),
    "a number that is none": lambda path: other_content(path, index="0"),
}


@pytest.mark.parametrize("harm", HOSTILE)
def test_what_was_kept_and_cannot_be_used_is_solved_for(
    harm: str, conda: Conda, environment: Path
) -> None:
    whole = plan(conda, environment)
    HOSTILE[harm](mark(conda))
    assert plan(conda, environment) == whole


def test_a_file_of_another_user_does_not_count(conda: Conda, environment: Path) -> None:
    if os.geteuid():
        pytest.skip("only root can give a file away")
    whole = plan(conda, environment)
    os.chown(mark(conda), 64321, 64321)
    assert plan(conda, environment) == whole


def test_a_password_is_not_kept(conda: Conda, environment: Path, root: Path) -> None:
    (root / "t").mkdir()
    (root / "t" / "to-123-secret").symlink_to(root)
    with serving(root) as host:
        address = host.address.replace("//", "//user:secret@")
        plan(conda, environment, "-c", f"{address}/t/to-123-secret/conda-forge")
        (path,) = kept(conda)
        assert "secret" not in path.read_text()
        mark(conda)
        assert LAST not in plan(conda, environment, "-c", f"{address}/t/to-123-secret/conda-forge")


def make_stale(conda: Conda) -> None:
    """Let conda think that it has asked for its indexes long ago."""
    for path in conda.pkgs.glob("cache/*.info.json"):
        state = json.loads(path.read_text())
        path.write_text(json.dumps({**state, "refresh_ns": 0}))


def test_a_channel_on_the_web_is_asked_as_often_as_conda_asks(
    conda: Conda, environment: Path, root: Path
) -> None:
    """An index that is fresh is not asked for; another one may be as it was, or not."""
    with serving(root, tagged=True) as host:
        conda.variables["CONDA_CHANNEL_ALIAS"] = host.address
        whole = plan(conda, environment)
        mark(conda)
        host.paths.clear()
        assert LAST not in plan(conda, environment)
        assert host.paths == []
        make_stale(conda)
        assert LAST not in plan(conda, environment)
        assert len(host.paths) == 4
        make_stale(conda)
        add_row(root / "nvidia" / SUBDIR)
        assert plan(conda, environment) == whole
        mark(conda)
        assert LAST not in plan(conda, environment)
    # Nobody is there, and what conda has of the indexes is fresh.
    assert LAST not in plan(conda, environment)


def test_conda_clean_takes_it_and_the_packages_away(conda: Conda, environment: Path) -> None:
    conda.cuda("use", environment, *WORDS, "--yes")
    before = kept(conda)
    assert before
    shutil.rmtree(environment / "cuda-12.4")
    conda("clean", "--packages", "--tarballs", "--yes")
    other = conda.create(conda.envs / "other")
    conda.cuda("use", other, *WORDS, "--yes")
    assert kept(conda) == before
    assert (other / "cuda" / "bin" / "nvcc").is_file()
    conda("clean", "--index-cache", "--yes")
    assert kept(conda) == []
    assert LAST in plan(conda, environment)


def test_there_are_few_files_and_nothing_is_left_over(conda: Conda, environment: Path) -> None:
    plan(conda, environment)
    (path,) = kept(conda)
    aside = path.with_name(f".{path.name}.01234567.conda-cuda-tmp")
    aside.write_text("killed")
    path.unlink()
    plan(conda, environment)
    assert leftovers(conda.pkgs) == []
    assert len(path.name) == len("solved-00.json")


def test_a_cache_that_cannot_be_written_is_done_without(conda: Conda, environment: Path) -> None:
    (conda.pkgs / "cache").mkdir()
    (conda.pkgs / "cache" / "conda-cuda").write_text("a file in the way")
    assert plan(conda, environment) == plan(conda, environment)
