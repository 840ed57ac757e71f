r"""What a toolkit needs on Windows: DLLs are found through PATH, and PATH is not ours to edit.

conda puts `%CONDA_PREFIX%\bin` on PATH and hardly any package uses it, so it becomes a link to
the current toolkit's `bin`; where a real `bin` exists, the toolkit's files are linked into it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

from ..environment import LINK, ROOT_NAME, Environment
from ..errors import ForeignFileError
from ..system.files import Inside
from ..versions import CudaVersion

RELEASE_FILE = "release.txt"
"""One line, `12.4`: cmd.exe has no way to read a link, and CUDA_PATH_V12_4 holds the release."""

# conda's packages have them below Library, the classic layout has not. Their files are linked one
# by one: a junction holds an absolute path, and a root is built under another name.
_FOLDERS = ("include", "lib", "nvvm")


def make_view(root: Path, version: CudaVersion, files: Iterable[str]) -> None:
    """Add the classic entries to a root for the files of CUDA's packages in it."""
    for path in files:
        parts = path.split("/")
        if parts[:2] == ["Library", "bin"] and parts[-1].endswith((".dll", ".exe", ".profile")):
            _link_file(Inside(root), root / path, root / "bin" / parts[-1])
        elif len(parts) > 2 and parts[0] == "Library" and parts[1] in _FOLDERS:
            _link_file(Inside(root), root / path, root.joinpath(*parts[1:]))
    Inside(root).write(Path(RELEASE_FILE), f"{version.release}\r\n".encode())


def check_bin(environment: Environment) -> None:
    """Refuse when a file, or a link that is not ours, has the name of the folder `bin`.

    Raises:
        ForeignFileError: when it does.
    """
    path = environment.bin
    if os.path.lexists(path) and not path.is_dir() and not _is_our_link(path):
        raise ForeignFileError(path, reason="the toolkit's DLLs have to go there")


def put_on_path(environment: Environment, root: Path) -> list[str]:
    """Let `bin` lead to the current toolkit, whose root the environment's link leads to.

    Returns:
        The names of the files that were linked into a `bin` that was there before; empty when
        `bin` is a link.
    """
    path = environment.bin
    if not os.path.lexists(path) or _is_our_link(path):
        environment.files.link(path, f"{LINK}/bin")
        return []
    linked = []
    for entry in sorted(os.scandir(root / "bin"), key=lambda entry: entry.name):
        target = path / entry.name
        if entry.is_file() and not os.path.lexists(target):
            _link_file(environment.files, Path(entry.path), target)
            linked.append(entry.name)
    return linked


def take_off_path(environment: Environment, former: str | None) -> None:
    """Remove what `put_on_path` has made; a file that is another one by now stays.

    Args:
        environment: the environment, whose state records the files.
        former: the name of the toolkit root they came from, if it is known.
    """
    if _is_our_link(environment.bin):
        environment.files.remove(environment.bin)
        return
    for name in environment.state.get("linked", ()) if former else ():
        path = environment.bin / name
        with contextlib.suppress(OSError):
            if path.samefile(environment.prefix / str(former) / "bin" / name):
                environment.files.remove(path)


def _is_our_link(path: Path) -> bool:
    try:
        target = Path(os.readlink(path))
    except OSError:
        return False
    name = target.parent.name
    return target.name == "bin" and (name == LINK or ROOT_NAME.fullmatch(name) is not None)


def _link_file(files: Inside, source: Path, target: Path) -> None:
    """A hard link, or a copy where the file system has none."""
    if os.path.lexists(target):
        # Another one is what a package held before it was replaced.
        if target.samefile(source):
            return
        files.remove(target)
    try:
        files.hard_link(source, target)
    except OSError:
        files.copy(source, target)
