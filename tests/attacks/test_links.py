"""Links, and other names of a file, where ours should be: nothing behind them changes."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conda_cuda_plugin.errors import CudaError
from conda_cuda_plugin.hooks.shells import STEM
from conda_cuda_plugin.system.files import Inside

from ..conftest import Conda
from .conftest import in_words

HOOK = f"etc/conda/activate.d/{STEM}.sh"
LIBRARY = "cuda-12.4/lib/libcudart.so.12"


def put_link(place: Path, target: Path, kind: str) -> None:
    """Let another file have a name in the environment."""
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    place.unlink(missing_ok=True)
    os.link(target, place) if kind == "hard link" else place.symlink_to(target)


@pytest.mark.parametrize("kind", ["link", "hard link"])
@pytest.mark.parametrize("place", [HOOK, LIBRARY, "cuda-12.4/lib64/libcudart.so.12", "bin/nvcc"])
def test_no_mode_changes_through_a_link(
    place: str, kind: str, conda: Conda, two: Path, outside: Path
) -> None:
    """The fixture `outside` looks at the modes and the content."""
    (two / place).parent.mkdir(exist_ok=True)
    put_link(two / place, outside / "precious", kind)
    for verb, *words in (
        ("doctor", "--fix", "-y"),
        ("use", "12.4", "-y"),
        ("use", "13.0"),
        ("off",),
    ):
        in_words(conda.cuda(verb, two, *words, check=False))


@pytest.mark.parametrize(
    "place", ["etc", "etc/conda/activate.d", "cuda-12.4/lib64", "cuda-12.4/lib"]
)
def test_no_folder_behind_a_link_changes(
    place: str, conda: Conda, two: Path, outside: Path
) -> None:
    put_link(two / place, outside, "link")
    for verb, *words in (
        ("doctor", "--fix", "-y"),
        ("use", "12.4", "-y"),
        ("use", "13.0"),
        ("off",),
    ):
        done = in_words(conda.cuda(verb, two, *words, check=False))
        if place.startswith("etc") and verb == "use":
            assert f"{two / place} is in the way (it is a link" in done.err


@pytest.mark.parametrize(
    ("place", "target"),
    [*((place, "gone") for place in ("etc", "etc/conda", "etc/conda/cuda", "bin")),
     *((f"etc/conda/{name}", target) for name in ("activate.d", "deactivate.d")
       for target in ("gone", "there"))],
)  # fmt: skip
def test_a_folder_that_became_a_link_stops_nobody(
    place: str, target: str, conda: Conda, two: Path, tmp_path: Path
) -> None:
    """Be its target gone, or with what lay here before."""
    path, elsewhere = two / place, tmp_path / "elsewhere"
    if path.is_dir():
        path.rename(elsewhere)
    path.symlink_to(elsewhere)
    if target == "gone":
        shutil.rmtree(elsewhere, ignore_errors=True)
    before = sorted(elsewhere.rglob("*"))
    for words in (("list",), ("doctor", "--fix", "-y"), ("off",), ("remove", "--all", "-y")):
        done = in_words(conda.cuda(words[0], two, *words[1:], check=False))
        assert done.code == 0 or words[0] == "doctor", done.err
    moved = path.with_name(f"{path.name}.kept")
    assert moved.is_symlink() or path.is_symlink()
    assert sorted(elsewhere.rglob("*")) == before
    assert not list(two.glob("cuda*"))


def test_a_library_with_other_names_is_closed_under_ours_alone(
    conda: Conda, two: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other-name"
    shutil.copy(two / LIBRARY, other)
    other.chmod(0o666)
    put_link(two / LIBRARY, other, "hard link")
    done = conda.cuda("doctor", two, "--fix", "-y", check=False)
    assert "cured toolkit-open-to-others" in done.out
    assert (other.stat().st_mode & 0o777, other.stat().st_nlink) == (0o666, 1)
    assert (two / LIBRARY).stat().st_mode & 0o777 == 0o664
    assert (two / LIBRARY).read_bytes() == other.read_bytes()


@pytest.mark.parametrize("kind", ["link", "hard link"])
def test_a_lock_that_is_something_else_is_not_emptied(
    kind: str, conda: Conda, two: Path, outside: Path, tmp_path: Path
) -> None:
    lock = two / "etc" / "conda" / "cuda" / "lock"
    put_link(lock, outside / "precious", kind)
    told = f"Kept, since conda cuda did not write it: {lock}.kept\n"
    is_link = kind == "link"
    assert in_words(conda.cuda("use", two, "13.0")).err == (told if is_link else "")
    assert os.path.lexists(f"{lock}.kept") is is_link
    assert lock.stat().st_nlink == 1
    folder = tmp_path / "mirror"
    folder.mkdir()
    put_link(folder / ".conda-cuda-lock", outside / "precious", kind)
    words = ("mirror", "11.8", "--flavor=base", "--from=pypi", "-y", "--to", folder)
    assert "lock is in the way" in in_words(conda("cuda", *words, check=False)).err


@pytest.mark.parametrize("kind", ["link", "dangling", "pipe", "folder"])
def test_what_is_no_lock_stands_in_nobody_s_way(kind: str, conda: Conda, two: Path) -> None:
    """It moves aside; `doctor` tells of it, and `--fix` cures the rest as well."""
    lock = two / "etc" / "conda" / "cuda" / "lock"

    def plant() -> None:
        lock.unlink(missing_ok=True)
        if kind == "pipe":
            os.mkfifo(lock)
        elif kind == "folder":
            lock.mkdir()
        else:
            lock.symlink_to("/etc/hostname" if kind == "link" else "nowhere")

    plant()
    found = conda.cuda("doctor", two, "--json", check=False).json["findings"]
    assert [(one["rule"], one["evidence"]) for one in found] == [
        ("record-broken", ["etc/conda/cuda/lock"])
    ]
    (two / "cuda-12.4" / "lib64").chmod(0o777)
    done = in_words(conda.cuda("doctor", two, "--fix", "--yes"))
    assert "cured record-broken" in done.out
    assert "cured toolkit-open-to-others" in done.out
    assert conda.cuda("doctor", two).code == 0
    for words in (("use", "13.0"), ("remove", "13.0", "--yes"), ("off",)):
        plant()
        in_words(conda.cuda(words[0], two, *words[1:]))


def test_the_lock_of_the_cache_is_not_emptied(
    conda: Conda, own_cache: Path, environment: Path, outside: Path
) -> None:
    (own_cache / "conda-cuda").mkdir()
    for name in ("lock", "releases.lock"):
        put_link(own_cache / "conda-cuda" / name, outside / "precious", "link")
    done = conda.cuda("use", environment, "11.8", "--from=pypi", "-y", check=False)
    assert "lock is in the way" in in_words(done).err


def test_a_prefix_and_a_cache_behind_links_are_as_good_as_others(
    conda: Conda, tmp_path: Path
) -> None:
    for name in ("real-envs", "real-pkgs"):
        (tmp_path / name).mkdir()
    (tmp_path / "real-pkgs" / "urls.txt").touch()
    (tmp_path / "pkgs").symlink_to("real-pkgs")
    (tmp_path / "envs").symlink_to("real-envs")
    (tmp_path / "again").symlink_to("envs/one")
    conda.variables["CONDA_PKGS_DIRS"] = str(tmp_path / "pkgs")
    prefix = conda.create(tmp_path / "envs" / "one")
    conda.cuda("use", prefix, "11.8", "--flavor=base", "--from=pypi", "-y")
    conda.cuda("doctor", tmp_path / "again", "--fix", "-y")
    conda.cuda("remove", tmp_path / "again", "--all", "-y")
    assert not (prefix / "cuda-11.8").exists()


CHANGES = {
    "write": lambda files, path: files.write(path, b"x"),
    "link": lambda files, path: files.link(path, "x"),
    "create": lambda files, path: files.create(path).close(),
    "append": lambda files, path: files.append(path).close(),
    "lock_file": lambda files, path: os.close(files.lock_file(path)),
    "make_folder": lambda files, path: files.make_folder(path),
    "remove": lambda files, path: files.remove(path),
    "remove_folder": lambda files, path: files.remove_folder(path),
    "remove_tree": lambda files, path: files.remove_tree(path),
    "set_mode": lambda files, path: files.set_mode(path, add=0o007),
    "rename": lambda files, path: files.rename(path, Path("new")),
    "put_aside": lambda files, path: files.put_aside(path),
    "remove_leftovers": lambda files, path: files.remove_leftovers(path),
}


@settings(max_examples=200)
@given(
    change=st.sampled_from(sorted(CHANGES)),
    depth=st.integers(0, 3),
    below=st.lists(
        st.sampled_from(["a", "file", "folder", ".0123abcd.conda-cuda-tmp"]), max_size=3
    ),
    hard=st.booleans(),
)
def test_nothing_outside_of_the_folder_changes_whatever_is_a_link(
    tmp_path_factory: pytest.TempPathFactory, change: str, depth: int, below: list[str], hard: bool
) -> None:
    top = tmp_path_factory.mktemp("top")
    outside, base = top / "outside", top / "base"
    (outside / "a" / "folder").mkdir(parents=True)
    for place in ("file", "a/file", "a/folder/file", ".0123abcd.conda-cuda-tmp"):
        (outside / place).write_text("precious")
        (outside / place).chmod(0o600)
    before = {path: (path.stat().st_mode, path.stat().st_ino) for path in outside.rglob("*")}
    folder = base.joinpath(*"abc"[:depth])
    folder.mkdir(parents=True)
    if hard:
        os.link(outside / "file", folder / "link")
    else:
        (folder / "link").symlink_to(outside)
    with contextlib.suppress(OSError, CudaError):
        CHANGES[change](Inside(base), folder.joinpath("link", *below))  # type: ignore[no-untyped-call]
    assert {p: (p.stat().st_mode, p.stat().st_ino) for p in outside.rglob("*")} == before
    assert (outside / "file").read_text() == "precious"
