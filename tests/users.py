"""Commands as another user: a real one, for the kernel, though no account has the number."""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import PROJECT, _conda_under_test


def as_user(uid: int, umask: int, scratch: Path, *folders: Path) -> list[str]:
    """The beginning of a command line under which the rest runs as a user; for root.

    Python may lie in root's home and does lie with pytest's folders, which nobody else may enter.
    Where the command runs, and only there, these hold what is needed and nothing else, and are open.

    Args:
        uid: the user's number, and his group's.
        umask: his umask.
        scratch: an empty folder.
        folders: what he needs besides Python, conda and this project; they have to be open.
    """
    tried = subprocess.run(["unshare", "--mount", "true"], capture_output=True, text=True)
    if tried.returncode:
        message = f"nothing can be mounted here: {tried.stderr}"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
    conda = _conda_under_test()
    base = "import sys; print(sys.base_prefix)"
    python = subprocess.run(
        [conda.parent / "python", "-I", "-c", base], capture_output=True, text=True, check=True
    ).stdout.strip()
    needed = [Path(python), Path(sys.base_prefix), conda.parent.parent, PROJECT, *folders]
    lines = ["set -e"]
    opened: dict[Path, Path] = {}
    for folder in dict.fromkeys(path.resolve() for path in needed):
        closed = next((one for one in reversed(folder.parents) if not _is_open(one)), None)
        if closed is None:
            continue
        stand_in = opened.setdefault(closed, scratch / str(len(opened)))
        inner = stand_in / folder.relative_to(closed)
        for path in reversed(
            [inner, *list(inner.parents)[: len(folder.relative_to(closed).parts)]]
        ):
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(0o755)
        lines.append(f"mount --bind {shlex.quote(str(folder))} {shlex.quote(str(inner))}")
    for closed, stand_in in opened.items():
        lines.append(f"mount --rbind {shlex.quote(str(stand_in))} {shlex.quote(str(closed))}")
    lines += [
        f"umask {umask:03o}",
        f'exec setpriv --reuid={uid} --regid={uid} --clear-groups "$@"',
    ]
    return ["unshare", "--mount", "sh", "-c", "\n".join(lines), "sh"]


def _is_open(folder: Path) -> bool:
    """Whether all may pass through; pytest closes its folder again whenever one more begins."""
    return bool(os.stat(folder).st_mode & stat.S_IXOTH) and not folder.name.startswith("pytest-of-")
