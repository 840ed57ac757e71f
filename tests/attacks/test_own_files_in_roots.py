"""Files of the user's in a toolkit root stay and are named, whatever the root's record says."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ..conftest import Conda
from ..sources.wheelhouse import only_folder, write_addons, write_releases
from .conftest import in_words, needs_root

TOLD = "Kept, since conda cuda did not write it: "
CUDNN = ("12.4", "--from=pypi", "--cudnn=8.9", "-y")
REMOVE = ("remove", "12.4", "-y")


@pytest.fixture
def addons(conda: Conda, two: Path, tmp_path: Path) -> Path:
    """The environment, with a source that has cuDNN."""
    wheels = write_releases(tmp_path / "wheels")
    write_addons(wheels)
    conda.variables.update(only_folder(wheels))
    return two


def put(path: Path, text: str = "mine") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def run(conda: Conda, prefix: Path, verb: str, *words: str) -> str:
    done = in_words(conda.cuda(verb, prefix, *words, check=False))
    assert done.code == 0, done.err
    assert not list(prefix.glob(".conda-cuda-*"))
    return done.err


def left(root: Path) -> list[str]:
    found = (path for path in root.rglob("*") if path.is_symlink() or not path.is_dir())
    return sorted(path.relative_to(root).as_posix() for path in found)


@pytest.mark.parametrize("field", ["written", "files"])
@pytest.mark.parametrize(
    "name", ["../../../out/f1", "/tmp", "..", ".", "bin", "a/../../etc", "lib", ""]
)
def test_a_path_that_leads_elsewhere_is_passed_over(
    field: str, name: str, conda: Conda, two: Path
) -> None:
    path = two / "cuda-12.4" / "files.json"
    record = json.loads(path.read_text())
    if field == "files":
        record["files"].append(name)
    else:
        record["written"][name] = "0" * 64
    path.write_text(json.dumps(record))
    assert TOLD not in run(conda, two, *REMOVE)
    assert not (two / "cuda-12.4").exists()
    run(conda, two, "doctor", "--fix", "-y")
    run(conda, two, "remove", "--all", "-y")
    assert not list(two.glob("*.kept*"))


@pytest.mark.parametrize(
    "name", ["lib/libcudnn.so.8", "version.json", "toolkit.yaml", "files.json"]
)
def test_a_folder_of_the_user_where_a_file_of_ours_goes(
    name: str, conda: Conda, addons: Path
) -> None:
    root = addons / "cuda-12.4"
    (root / name).unlink(missing_ok=True)
    for file in ("x", "sub/y"):
        put(root / name / file)
    told = run(conda, addons, "use", *CUDNN)
    for file in ("x", "sub/y"):
        path = root / f"{name}.kept" / file
        assert path.read_text() == "mine"
        named = path if name != "files.json" else path.parents[file.count("/")]
        assert f"{TOLD}{named}\n" in told
    assert (root / name).is_file()
    run(conda, addons, "off")
    run(conda, addons, *REMOVE)
    assert left(root) == [f"{name}.kept/sub/y", f"{name}.kept/x"]
    run(conda, addons, "doctor", "--fix", "-y")
    run(conda, addons, "remove", "--all", "-y")


@pytest.mark.parametrize("name", ["version.json", "toolkit.yaml", "files.json"])
def test_removing_beside_such_a_folder(name: str, conda: Conda, two: Path) -> None:
    root = two / "cuda-12.4"
    (root / name).unlink()
    put(root / name / "x")
    told = run(conda, two, *REMOVE)
    [one] = left(root)
    assert f"{TOLD}{root / one}\n" in told
    assert one.endswith("/x")
    assert "cuda-12.4" not in conda.cuda("list", two).out


def test_a_file_where_one_of_ours_goes_is_named_and_ours_is_ours(
    conda: Conda, addons: Path
) -> None:
    root = addons / "cuda-12.4"
    path = put(root / "include" / "cudnn.h")
    told = run(conda, addons, "use", *CUDNN)
    assert told.count(TOLD) == 1
    assert f"{TOLD}{path}.kept\n" in told
    assert "cuDNN 8.9" in path.read_text()
    told = run(conda, addons, *REMOVE)
    assert told.count(TOLD) == 1
    assert f"{TOLD}{path}.kept\n" in told
    assert left(root) == ["include/cudnn.h.kept"]


@pytest.mark.parametrize("owner", [pytest.param(1234, marks=needs_root), os.geteuid()])
@pytest.mark.parametrize("words", [("use", *CUDNN), REMOVE], ids=lambda words: words[0])
def test_a_private_folder_stays_private(
    owner: int, words: tuple[str, ...], conda: Conda, addons: Path
) -> None:
    folder = put(addons / "cuda-12.4" / "private" / "below" / "x").parent
    for path in (folder, folder.parent):
        path.chmod(0o700)
        os.chown(path, owner, -1)
    run(conda, addons, *words)
    for path in (folder, folder.parent):
        facts = path.stat()
        assert (facts.st_mode & 0o7777, facts.st_uid) == (0o700, owner)


MINE = ("notes.txt", "include/mine.h", "lib64/libmine.so", "conda-meta/notes", "a/__pycache__/note",
        "__pycache__/mine.txt")  # fmt: skip


@pytest.mark.parametrize("text", [None, "{", "[]", '{"toolkit": {}}'])
@pytest.mark.parametrize("add", [False, True])
def test_without_a_record_what_no_package_has_is_the_users(
    text: str | None, add: bool, conda: Conda, addons: Path
) -> None:
    root = addons / "cuda-12.4"
    for name in MINE:
        put(root / name)
    put(root / "__pycache__" / "a.cpython-312.opt-1.pyc")
    (root / "lib64" / "libmine.so.1").symlink_to("libmine.so")
    record = root / "files.json"
    record.unlink() if text is None else record.write_text(text)
    if add:
        assert TOLD not in run(conda, addons, "use", *CUDNN)
    told = run(conda, addons, *REMOVE)
    mine = sorted([*MINE, "lib64/libmine.so.1"])
    assert left(root) == mine
    assert told.count(TOLD) == len(mine)
    assert all(f"{TOLD}{root / name}\n" in told for name in mine)


@pytest.mark.parametrize("release", ["12.4", "13.0"])
def test_without_a_record_all_of_ours_goes(release: str, conda: Conda, two: Path) -> None:
    (two / f"cuda-{release}" / "files.json").unlink()
    assert TOLD not in run(conda, two, "remove", release, "-y")
    assert not (two / f"cuda-{release}").exists()


def test_tidying_up_takes_only_names_that_we_make(conda: Conda, two: Path) -> None:
    mine = [put(two / ".mine.conda-cuda-tmp" / "x"), put(two / "bin" / ".note.conda-cuda-tmp"),
            put(two / "etc/conda/cuda/.0123456.conda-cuda-tmp")]  # fmt: skip
    ours = [put(two / ".89abcdef.conda-cuda-tmp" / "x"),
            put(two / "bin" / ".nvcc.01234567.conda-cuda-tmp")]  # fmt: skip
    run(conda, two, "doctor", "--fix", "-y")
    run(conda, two, "use", "13.0")
    assert [path.read_text() for path in mine] == ["mine"] * 3
    assert not any(path.exists() for path in ours)
