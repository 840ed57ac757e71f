"""Writing hooks into an environment and taking them away."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conda_cuda_plugin.errors import ForeignFileError
from conda_cuda_plugin.hooks import (
    SHELLS,
    Direction,
    HookStatus,
    hook_path,
    remove,
    render,
    shells_for,
    verify,
    write,
)
from conda_cuda_plugin.system.descent import KEPT

[SH] = [shell for shell in SHELLS if shell.extension == ".sh"]


def tree(prefix: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(prefix)): path.read_bytes()
        for path in sorted(prefix.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(params=["002", "077", "000"])
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(int(request.param, 8))
    yield
    os.umask(before)


@pytest.mark.parametrize(
    ("windows", "extensions"),
    [(False, {".sh", ".fish", ".csh", ".ps1"}), (True, {".sh", ".ps1", ".bat"})],
    ids=["unix", "windows"],
)
def test_new_environment_gets_every_hook_in_both_folders(
    tmp_path: Path, windows: bool, extensions: set[str]
) -> None:
    written = write(tmp_path, windows=windows)
    assert {path.relative_to(tmp_path).as_posix() for path in written} == {
        f"etc/conda/{folder}/~conda-cuda{extension}"
        for folder in ("activate.d", "deactivate.d")
        for extension in extensions
    }
    assert len(tree(tmp_path)) == len(written)
    assert set(verify(tmp_path, windows=windows).values()) == {HookStatus.OK}


def test_deactivate_hooks_are_written_first(tmp_path: Path) -> None:
    folders = [path.parent.name for path in write(tmp_path, windows=False)]
    assert folders == sorted(folders, reverse=True)


def test_mode_is_the_same_under_every_umask(tmp_path: Path, umask: None) -> None:
    modes = {stat.S_IMODE(path.stat().st_mode) for path in write(tmp_path, windows=False)}
    assert modes == {0o644}


def test_second_write_touches_nothing(tmp_path: Path) -> None:
    first = {path: path.stat() for path in write(tmp_path, windows=False)}
    assert write(tmp_path, windows=False) == []
    for path, before in first.items():
        assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize("direction", Direction, ids=lambda d: d.value)
def test_edited_hook_is_seen_and_only_that_one_rewritten(
    tmp_path: Path, direction: Direction
) -> None:
    write(tmp_path, windows=False)
    path = hook_path(tmp_path, SH, direction)
    path.write_bytes(path.read_bytes() + b"echo mine\n")
    assert [p for p, s in verify(tmp_path, windows=False).items() if s is HookStatus.EDITED] == [
        path
    ]
    assert write(tmp_path, windows=False) == [path]
    assert path.read_bytes() == render(SH, direction)


def test_hook_of_another_version_is_stale_and_rewritten(tmp_path: Path) -> None:
    import hashlib

    write(tmp_path, windows=False)
    path = hook_path(tmp_path, SH, Direction.ACTIVATE)
    body = b"true\n"
    digest = hashlib.sha256(body).hexdigest().encode()
    path.write_bytes(b"# conda-cuda hook 7 sha256:" + digest + b"\n" + body)
    assert verify(tmp_path, windows=False)[path] is HookStatus.STALE
    assert write(tmp_path, windows=False) == [path]


FOREIGN = {
    "text": lambda path: path.write_bytes(b"export MINE=1\n"),
    "empty": lambda path: path.write_bytes(b""),
    "folder": lambda path: path.mkdir(),
    "dangling link": lambda path: path.symlink_to("nowhere"),
    "link to today's text": lambda path: path.symlink_to(_today(path)),
}


def _today(path: Path) -> Path:
    target = path.parent / "target"
    target.write_bytes(render(SH, Direction.ACTIVATE))
    return target


@pytest.mark.parametrize("put", FOREIGN.values(), ids=FOREIGN.keys())
def test_foreign_file_is_never_overwritten_nor_removed(tmp_path: Path, put) -> None:  # type: ignore[no-untyped-def]
    path = hook_path(tmp_path, SH, Direction.ACTIVATE)
    path.parent.mkdir(parents=True)
    put(path)
    before = tree(tmp_path)
    assert verify(tmp_path, windows=False)[path] is HookStatus.FOREIGN
    with pytest.raises(ForeignFileError, match="is in the way"):
        write(tmp_path, windows=False)
    assert remove(tmp_path, tombstone=False) == []
    assert tree(tmp_path) == before
    assert path.is_symlink() or path.exists()


def test_removal_leaves_the_deactivate_hooks_as_tombstones(tmp_path: Path) -> None:
    write(tmp_path, windows=False)
    removed = remove(tmp_path)
    assert [path.parent.name for path in removed] == ["activate.d"] * 4
    assert [path.parent.name for path in sorted(tmp_path.rglob("~*"))] == ["deactivate.d"] * 4
    assert {
        (path.parent.name, found.value) for path, found in verify(tmp_path, windows=False).items()
    } == {("activate.d", "missing"), ("deactivate.d", "ok")}
    assert remove(tmp_path) == []


def test_removal_without_tombstones_leaves_no_file(tmp_path: Path) -> None:
    written = write(tmp_path, windows=False)
    assert sorted(remove(tmp_path, tombstone=False)) == sorted(written)
    assert tree(tmp_path) == {}
    assert remove(tmp_path, tombstone=False) == []


def test_removal_takes_stale_and_edited_hooks_too(tmp_path: Path) -> None:
    for path in write(tmp_path, windows=True):
        path.write_bytes(path.read_bytes() + b"\n")
    assert len(remove(tmp_path, tombstone=False)) == 2 * len(shells_for(windows=True))


def test_others_hooks_stay(tmp_path: Path) -> None:
    other = hook_path(tmp_path, SH, Direction.ACTIVATE).with_name("other.sh")
    other.parent.mkdir(parents=True)
    other.write_text("true\n")
    write(tmp_path, windows=False)
    remove(tmp_path, tombstone=False)
    assert tree(tmp_path) == {"etc/conda/activate.d/other.sh": b"true\n"}


def test_removal_in_an_environment_without_hooks(tmp_path: Path) -> None:
    assert remove(tmp_path / "none") == []
    assert set(verify(tmp_path / "none", windows=False).values()) == {HookStatus.MISSING}


def test_failed_write_leaves_no_temporary_file(tmp_path: Path) -> None:
    write(tmp_path, windows=False)
    path = hook_path(tmp_path, SH, Direction.DEACTIVATE)
    path.unlink()
    before = tree(tmp_path)
    # a place of work that is a file, so that the folder cannot be made
    blocked = tmp_path / "blocked"
    blocked.write_text("")
    with pytest.raises(OSError, match="blocked"):
        write(blocked, windows=False)
    assert {k: v for k, v in tree(tmp_path).items() if k != "blocked"} == before


def test_what_a_killed_write_left_is_swept(tmp_path: Path) -> None:
    write(tmp_path, windows=False)
    path = hook_path(tmp_path, SH, Direction.ACTIVATE)
    left = path.with_name(f".{path.name}.0123abcd.conda-cuda-tmp")
    left.write_bytes(b"half")
    path.unlink()
    assert write(tmp_path, windows=False) == [path]
    assert not left.exists()


@settings(max_examples=60)
@given(
    windows=st.booleans(),
    damage=st.dictionaries(
        st.integers(0, 7), st.sampled_from(["delete", "append", "truncate", "header"])
    ),
)
def test_write_repairs_any_damage_to_files_of_ours(
    tmp_path_factory: pytest.TempPathFactory, windows: bool, damage: dict[int, str]
) -> None:
    prefix = tmp_path_factory.mktemp("prefix")
    paths = write(prefix, windows=windows)
    good = tree(prefix)
    hit = set()
    for number, kind in damage.items():
        path = paths[number % len(paths)]
        hit.add(path)
        data = path.read_bytes() if path.exists() else b""
        header = data.partition(b"\n")[0] + b"\n"
        match kind:
            case "delete":
                path.unlink(missing_ok=True)
            case "append" if data:
                path.write_bytes(data + b"x")
            case "truncate" if data:
                path.write_bytes(data[: len(header)])
            case "header" if data:
                path.write_bytes(data.replace(b"hook 1", b"hook 0", 1))
    before = verify(prefix, windows=windows)
    assert {path for path, found in before.items() if found is not HookStatus.OK} == hit
    edited = [path for path, found in before.items() if found is HookStatus.EDITED]
    aside = {f"{path.relative_to(prefix).as_posix()}{KEPT}": path.read_bytes() for path in edited}
    assert set(write(prefix, windows=windows)) == hit
    assert tree(prefix) == {**good, **aside}
