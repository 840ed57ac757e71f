"""The errors that a user can cause: one sentence on what is wrong, then what to do.

Callers pass facts to a class, and the class makes the sentence.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from conda.base.context import context
from conda.exceptions import CondaError

from .quoting import assignment, escaped, typed


class CudaError(CondaError):
    """Base of all errors of this plugin.

    Args:
        message: One sentence on what is wrong.
        hints: What the user can do next, one command or sentence each.
        data: Facts for `--json`; they become attributes, which conda writes.
    """

    return_code = 1
    laid_out = ""
    """The text for a screen, when somebody has laid it out."""

    def __init__(self, message: str, *, hints: Sequence[str] = (), **data: Any) -> None:
        super().__init__(message)
        self.message = message
        self.hints = list(hints)
        for key, value in data.items():
            setattr(self, key, str(value) if isinstance(value, Path) else value)

    # Up to 26.5 conda formats messages with `%`, and breaks on a message that holds one.
    def __str__(self) -> str:
        plain = "\n".join([escaped(self.message), *(f"  {escaped(hint)}" for hint in self.hints)])
        return self.laid_out or plain

    def dump_map(self) -> dict[str, Any]:
        """What `--json` shows: the message without the hints, which are a list of their own."""
        told = {"message": self.message, "error": f"{type(self).__name__}: {self.message}"}
        return {**super().dump_map(), **told}


class UsageError(CudaError):
    """The command line cannot be understood."""

    return_code = 2


class PrefixCharacterError(CudaError):
    """The environment's path has a character that the loader or a shell cannot carry."""

    def __init__(self, prefix: str | Path, char: str) -> None:
        super().__init__(
            f"The environment's path holds {char!r}, which LD_LIBRARY_PATH or a shell would "
            f"take apart: {prefix}",
            hints=["Create the environment under a path without that character."],
            prefix=str(prefix),
            char=char,
        )


class ForeignFileError(CudaError):
    """A file that is not ours is in the place of one of ours."""

    def __init__(self, path: str | Path, *, owner: str | None = None, reason: str = "") -> None:
        what = f"it belongs to the package {owner}" if owner else "conda cuda did not write it"
        cure = (
            f"Remove that package first: conda remove {typed(owner.rsplit('-', 2)[0])}"
            if owner
            else "Move it away, then run the command again."
        )
        super().__init__(
            f"{path} is in the way{f' ({reason})' if reason else ''}: {what}, "
            "so it stays untouched.",
            hints=[cure],
            path=str(path),
            owner=owner,
        )


FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
REFUSED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
OF_DISKS = FULL | {errno.EROFS, errno.EIO}
"""The errors of a disk that nobody can write to."""


class FileSystemError(CudaError):
    """The operating system refused a change, to `place` if its error names no path.

    `hint` is what to do where the place may not be written, if it is no environment's.
    """

    def __init__(self, error: OSError, place: str | Path | None, hint: str | None = None) -> None:
        target = None if place is None else Path(place)
        path = _failed_path(error) or target or Path.cwd()
        folder, is_cache = _known_folder(path, target)
        if error.errno in FULL:
            message = f"The disk that holds {folder} is full, so nothing was changed."
            hints = ["conda clean --all frees the package cache."]
            if not is_cache and folder != target:
                hints = ["Make room there. TMPDIR names another folder for temporary files."]
        elif error.errno in REFUSED:
            message = f"{path} cannot be written, so nothing was changed."
            hints = [hint or "Use an environment of your own: conda create --name NAME"]
            if is_cache:
                hints = ["Name a cache of your own: conda config --prepend pkgs_dirs FOLDER"]
        else:
            reason = error.strerror or type(error).__name__
            message = f"The file system refused a change: {reason} ({path})."
            hints = ["The environment is as it was before."]
        super().__init__(message, hints=hints, path=path)


class UnusableFileError(CudaError):
    """A file or folder cannot be read."""

    def __init__(self, error: OSError) -> None:
        reason = error.strerror or type(error).__name__
        super().__init__(
            f"{error.filename} cannot be used: {reason}.",
            hints=["Make it readable for you, or move it away; then run the command again."],
            path=error.filename,
        )


class LeftoverError(CudaError):
    """A file or folder that nothing uses any more cannot be removed."""

    def __init__(self, path: str | Path, error: OSError) -> None:
        super().__init__(
            f"{path} is left over and cannot be removed: {error.strerror or error}.",
            hints=["Nothing uses it; once it can be removed, conda cuda doctor --fix does it."],
            path=str(path),
        )


def _failed_path(error: OSError) -> Path | None:
    """The path that could not be changed; of two, as of a link, the new one."""
    for name in (error.filename2, error.filename):
        if isinstance(name, (str, os.PathLike)) and os.path.isabs(name):
            return Path(name)
    return None


def _known_folder(path: Path, place: Path | None) -> tuple[Path, bool]:
    """The folder above a path that users know, and whether it is a package cache."""
    real = os.path.realpath(path)
    caches = [Path(folder) for folder in context.pkgs_dirs]
    for folder in (*caches, *([place] if place else [])):
        if path.is_relative_to(folder) or Path(real).is_relative_to(os.path.realpath(folder)):
            return folder, folder in caches
    return next(one for one in (path, *path.parents) if one.is_dir()), False


def full_disk(error: OSError, place: Path) -> Path | None:
    """The folder to name when an error says that its disk is full; None when it does not."""
    return _known_folder(_failed_path(error) or place, place)[0] if error.errno in FULL else None


@contextlib.contextmanager
def failing_at(place: Path) -> Iterator[None]:
    """Add a place to the errors of a disk that name none.

    Errors of writing to an open file name none, nor do many of conda's.
    """
    try:
        yield
    except Exception as error:
        inner = innermost(error)
        behind = inner.__cause__ or inner.__context__
        if not isinstance(inner, OSError) and isinstance(behind, OSError) and behind.errno in FULL:
            # An archive that cannot be extracted on a full disk is reported as damaged.
            raise OSError(behind.errno, behind.strerror, str(place)) from error
        for code in FULL if not isinstance(inner, OSError) else ():
            # conda 26.7 keeps only the message.
            if f"[Errno {code}]" in str(inner):
                raise OSError(code, os.strerror(code), str(place)) from error
        if isinstance(inner, OSError) and inner.errno in OF_DISKS and not _failed_path(inner):
            inner.filename = str(place)
        raise


class NoSymbolicLinksError(CudaError):
    """The file system has no symbolic links."""

    def __init__(self, place: str | Path) -> None:
        super().__init__(
            f"The file system that holds {place} has no symbolic links, which a toolkit needs, so "
            "nothing was changed.",
            hints=["Create the environment on another one: conda create --prefix PATH"],
            path=str(place),
        )


class FrozenError(CudaError):
    """The environment is protected from changes (CEP 22)."""

    def __init__(self, prefix: str | Path, reason: str) -> None:
        super().__init__(
            f"The environment {prefix} is frozen, so it stays as it is."
            + (f" {reason}" if reason else ""),
            hints=[
                "Make one of your own: conda create --name NAME",
                "Or lift the protection, at your own risk: "
                + assignment("CONDA_PROTECT_FROZEN_ENVS", "false", os.environ),
            ],
            prefix=str(prefix),
            reason=reason,
        )


class Interrupted(CudaError):
    """Ctrl-C, or a signal that asks to stop; `current` is the name of the current root."""

    def __init__(self, current: str | None = None) -> None:
        now = f"{current} is current" if current else "no toolkit is current"
        super().__init__(
            f"Stopped; {now} in the environment.",
            hints=["Nothing is half done: the same command starts anew."],
            current=current,
        )


def innermost(error: BaseException) -> BaseException:
    """The first error inside an error that holds several, as conda's transactions raise."""
    while getattr(error, "errors", None):
        error = error.errors[0]  # type: ignore[attr-defined]
    return error
