"""A toolkit root comes into being whole, and gives way whole."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from conda_cuda_plugin.environment import TOOLKIT_FILE, Environment
from conda_cuda_plugin.errors import CudaError, ForeignFileError
from conda_cuda_plugin.install import root
from conda_cuda_plugin.install import root as roots
from conda_cuda_plugin.system.files import Inside


@pytest.fixture
def here(tmp_path: Path) -> Environment:
    (tmp_path / "conda-meta").mkdir()
    return Environment(tmp_path)


def build(text: str):  # type: ignore[no-untyped-def]
    def make(folder: Path) -> None:
        (folder / "conda-meta").mkdir(parents=True)
        (folder / "content").write_text(text)
        (folder / TOOLKIT_FILE).write_text("version: '12.4'\norigin: pypi\n")

    return make


def write_down(here: Environment, name: str) -> None:
    """What a command does that was killed later."""
    here.files.write(root.RECORD, f'["{name}"]'.encode())


def entries(here: Environment) -> list[str]:
    return sorted(os.listdir(here.prefix))


def test_a_new_root_appears(here: Environment) -> None:
    roots.build_aside(here, here.prefix / "cuda-12.4", build("new"))
    assert (here.prefix / "cuda-12.4" / "content").read_text() == "new"
    assert entries(here) == ["conda-meta", "cuda-12.4", "etc"]


def test_an_existing_root_is_replaced(here: Environment) -> None:
    for text in ("old", "new"):
        roots.build_aside(here, here.prefix / "cuda-12.4", build(text))
    assert (here.prefix / "cuda-12.4" / "content").read_text() == "new"
    assert entries(here) == ["conda-meta", "cuda-12.4", "etc"]


def test_a_build_that_fails_leaves_the_old_root(here: Environment) -> None:
    roots.build_aside(here, here.prefix / "cuda-12.4", build("old"))

    def fail(folder: Path) -> None:
        build("half")(folder)
        raise OSError(28, "No space left on device")

    with pytest.raises(CudaError, match=r"disk that holds .* is full"):
        roots.build_aside(here, here.prefix / "cuda-12.4", fail)
    assert (here.prefix / "cuda-12.4" / "content").read_text() == "old"
    assert entries(here) == ["conda-meta", "cuda-12.4", "etc"]


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_what_is_not_ours_is_never_replaced(here: Environment, kind: str) -> None:
    root = here.prefix / "cuda-12.4"
    if kind == "folder":
        root.mkdir()
        (root / "precious").touch()
    elif kind == "file":
        root.write_text("precious")
    else:
        root.symlink_to("/usr")
    with pytest.raises(ForeignFileError, match="stays untouched"):
        roots.check_root(root)


def test_what_a_killed_command_left_is_cleaned_up(here: Environment) -> None:
    (here.prefix / ".conda-cuda-cuda-12.4" / "lib").mkdir(parents=True)
    write_down(here, ".conda-cuda-cuda-12.4")
    assert roots.clean_up(here) == [".conda-cuda-cuda-12.4"]
    assert entries(here) == ["conda-meta", "etc"]


def test_a_root_caught_between_two_renames_comes_back(here: Environment) -> None:
    build("old")(here.prefix / ".conda-cuda-cuda-12.4.old")
    (here.prefix / ".conda-cuda-cuda-12.4").mkdir()
    write_down(here, ".conda-cuda-cuda-12.4")
    roots.clean_up(here)
    assert (here.prefix / "cuda-12.4" / "content").read_text() == "old"
    assert entries(here) == ["conda-meta", "cuda-12.4", "etc"]


def test_removing_does_not_follow_links(here: Environment) -> None:
    outside = here.prefix / "outside"
    outside.mkdir()
    (outside / "precious").touch()
    root = here.prefix / "cuda-12.4"

    def make(folder: Path) -> None:
        build("x")(folder)
        (folder / "include").symlink_to(outside)

    roots.build_aside(here, root, make)
    roots.remove_root(here, root)
    assert (outside / "precious").exists()
    assert not root.exists()


def test_two_folders_change_places(tmp_path: Path) -> None:
    for name in ("one", "two"):
        build(name)(tmp_path / name)
    Inside(tmp_path).exchange(Path("one"), Path("two"))
    assert (tmp_path / "two" / "content").read_text() == "one"
    assert (tmp_path / "one" / "content").read_text() == "two"


def test_a_link_is_swapped_and_never_missing(tmp_path: Path) -> None:
    link = tmp_path / "cuda"
    files = Inside(tmp_path)
    assert files.link(link, "cuda-12.4")
    assert not files.link(link, "cuda-12.4")
    assert files.link(link, "cuda-11.8")
    assert os.readlink(link) == "cuda-11.8"
    assert os.listdir(tmp_path) == ["cuda"]


def test_a_file_is_written_whole_with_its_mode_whatever_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "file"
    before = os.umask(0o077)
    try:
        assert Inside(tmp_path).write(path, b"text", mode=0o755)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o755
    assert not Inside(tmp_path).write(path, b"text", mode=0o755)
    assert os.listdir(tmp_path) == ["file"]
