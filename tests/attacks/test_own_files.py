"""What the user has written stays, and is named, whatever we have written beside it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from conda_cuda_plugin.hooks.shells import STEM
from conda_cuda_plugin.install.wrappers import wrapper_text

from ..conftest import Conda

HOOK = f"etc/conda/activate.d/{STEM}.sh"


@pytest.fixture
def nvcc(conda: Conda, two: Path) -> Path:
    """The environment with a toolkit that has nvcc."""
    conda.cuda("use", two, "13.0")
    return two


@pytest.mark.parametrize("place", ["bin/nvcc", HOOK, f"etc/conda/deactivate.d/{STEM}.fish"])
@pytest.mark.parametrize(
    "words", [("use", "13.0"), ("use", "12.4"), ("off",), ("doctor", "--fix", "-y")], ids=" ".join
)
def test_a_line_of_the_user_is_kept_and_named(
    place: str, words: tuple[str, ...], conda: Conda, nvcc: Path
) -> None:
    path = nvcc / place
    text = path.read_text() + "# mine\n"
    path.write_text(text)
    done = conda.cuda(words[0], nvcc, *words[1:])
    kept = path.with_name(f"{path.name}.kept")
    if words == ("off",) and "deactivate.d" in place:
        # It stays where it is, for shells that have the environment active.
        kept = path
    else:
        assert f"Kept, since conda cuda did not write it: {kept}\n" in done.err
    assert kept.read_text() == text


def test_a_second_one_does_not_replace_the_first(conda: Conda, nvcc: Path) -> None:
    for text in ("# one\n", "# two\n"):
        with open(nvcc / HOOK, "a") as file:
            file.write(text)
        conda.cuda("use", nvcc, "13.0")
    assert "# one" in (nvcc / f"{HOOK}.kept").read_text()
    assert "# two" in (nvcc / f"{HOOK}.kept2").read_text()


@pytest.mark.parametrize("words", [("use", "13.0"), ("off",), ("doctor", "--fix", "-y")])
def test_a_tool_of_the_user_that_mentions_ours_stays(
    words: tuple[str, ...], conda: Conda, nvcc: Path
) -> None:
    head = wrapper_text("nvcc").decode().splitlines()[1]
    text = f"#!/bin/bash\n# in place of the one that begins {head}\nexec /opt/nvcc\n"
    (nvcc / "bin" / "nvcc").write_text(text)
    done = conda.cuda(words[0], nvcc, *words[1:], check=False)
    assert (nvcc / "bin" / "nvcc").read_text() == text
    assert words[0] != "use" or "nvcc is in the way" in done.err


def test_tidying_up_takes_what_a_record_names(conda: Conda, two: Path) -> None:
    mine = [two / ".conda-cuda-notes", two / ".conda-cuda-share.old", two / ".conda-cuda-dir" / "x"]
    mine[2].parent.mkdir()
    for path in mine:
        path.write_text("mine")
    for verb, *words in (("doctor", "--fix", "-y"), ("use", "13.0"), ("remove", "--all", "-y")):
        conda.cuda(verb, two, *words, check=False)
    assert [path.read_text() for path in mine] == ["mine"] * 3


MINE = ("notes.txt", "lib64/libmine.so", "include/mine/mine.h", "samples/a/b.cu")


def put_own_files(root: Path) -> list[Path]:
    found = [root / name for name in MINE]
    for path in found:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mine")
    (root / "lib64" / "libmine.so.1").symlink_to("libmine.so")
    return [*found, root / "lib64" / "libmine.so.1"]


def test_remove_keeps_and_names_files_of_the_user(conda: Conda, two: Path) -> None:
    mine = put_own_files(two / "cuda-12.4")
    done = conda.cuda("remove", two, "12.4", "-y")
    for path in mine:
        assert path.read_text() == "mine"
        assert f"Kept, since conda cuda did not write it: {path}\n" in done.err
    left = {path for path in (two / "cuda-12.4").rglob("*") if not path.is_dir()}
    assert left == set(mine)
    assert "cuda-12.4" not in conda.cuda("list", two).out
    again = conda.cuda("use", two, "12.4", "--from=pypi", "--flavor=base", "-y", check=False)
    assert f"{two / 'cuda-12.4'} is in the way" in again.err


def test_adding_to_a_toolkit_keeps_files_of_the_user(conda: Conda, two: Path) -> None:
    mine = put_own_files(two / "cuda-12.4")
    conda.cuda("use", two, "12.4", "--components=cublas", "--from=pypi", "-y")
    assert [path.read_text() for path in mine] == ["mine"] * len(mine)
    done = conda.cuda("remove", two, "12.4", "-y")
    assert all(f"{path}\n" in done.err for path in mine)


@pytest.mark.parametrize("name", ["version.json", "toolkit.yaml", "made-of.json"])
def test_remove_keeps_what_was_edited_of_ours(name: str, conda: Conda, two: Path) -> None:
    path = two / "cuda-12.4" / name
    text = path.read_text() + "# mine\n"
    path.write_text(text)
    done = conda.cuda("remove", two, "12.4", "-y")
    kept = path.with_name(f"{path.name}.kept")
    assert done.err.count("Kept, since conda cuda did not write it: ") == 1
    assert f": {kept}\n" in done.err
    assert kept.read_text() == text
    assert [one for one in (two / "cuda-12.4").rglob("*") if not one.is_dir()] == [kept]
    assert "cuda-12.4" not in conda.cuda("list", two).out


def test_what_was_edited_of_ours_stays_when_a_toolkit_is_added_to(conda: Conda, two: Path) -> None:
    path = two / "cuda-12.4" / "version.json"
    path.write_text("mine")
    done = conda.cuda("use", two, "12.4", "--components=cublas", "--from=pypi", "-y")
    kept = path.with_name("version.json.kept")
    assert f"Kept, since conda cuda did not write it: {kept}\n" in done.err
    assert '"CUDA SDK"' in path.read_text()
    path.write_text("mine again")
    found = conda.cuda("remove", two, "12.4", "-y", "--json").json["kept"]
    again = path.with_name("version.json.kept2")
    assert sorted(found) == [str(kept), str(again)]
    assert [one.read_text() for one in (kept, again)] == ["mine", "mine again"]


def in_place(path: Path) -> None:
    with open(path, "ab") as file:
        file.write(b"// mine\n")


def saved_anew(path: Path) -> None:
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(bytes(reversed(data)))


def an_old_one_moved_there(path: Path) -> None:
    path.unlink()
    path.write_text("mine")
    os.utime(path, (1, 1))


@pytest.mark.parametrize("edit", [in_place, saved_anew, an_old_one_moved_there])
@pytest.mark.parametrize("again", ["", "--components=cublas", "--flavor=base"])
def test_what_was_edited_of_a_package_is_kept(
    edit: Callable[[Path], None], again: str, conda: Conda, two: Path
) -> None:
    root = two / "cuda-12.4"
    path = root / "lib" / "libcudart.so.12"
    edit(path)
    mine = path.read_bytes()
    if again:
        done = conda.cuda("use", two, "12.4", again, "--from=pypi", "-y")
        kept = [one for one in (path, path.with_name(f"{path.name}.kept")) if one.exists()]
        assert [one.read_bytes() for one in kept].count(mine) == 1
        assert f"Kept, since conda cuda did not write it: {path}.kept\n" in done.err or kept == [
            path
        ]
    found = conda.cuda("remove", two, "12.4", "-y", "--json").json["kept"]
    [kept] = [one for one in root.rglob("*") if not one.is_dir()]
    assert kept.read_bytes() == mine
    assert found == [str(kept)]


def test_what_is_kept_stands_in_json_too(conda: Conda, nvcc: Path) -> None:
    for words in (("use", "13.0"), ("off",), ("doctor", "--fix", "-y")):
        conda.cuda("use", nvcc, "13.0")
        with open(nvcc / HOOK, "a") as file:
            file.write("# mine\n")
        number = len(list(nvcc.glob(f"{HOOK}.kept*"))) + 1
        done = conda.cuda(words[0], nvcc, *words[1:], "--json")
        name = f"{HOOK}.kept{number if number > 1 else ''}"
        assert done.json["kept"] == [str(nvcc / name)]
        assert (nvcc / name).exists()
    mine = put_own_files(nvcc / "cuda-12.4")
    for release in ("13.0", "12.4"):
        found = conda.cuda("remove", nvcc, release, "-y", "--json").json["kept"]
        assert sorted(found) == sorted(map(str, mine)) if release == "12.4" else found == []
