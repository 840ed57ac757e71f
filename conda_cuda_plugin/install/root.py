"""A toolkit root comes into being whole: it is built aside and moved into place.

A command that is killed leaves the old state and a folder aside, which the next one removes.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from ..environment import TOOLKIT_FILE, Environment, read_toolkit, write_toolkit
from ..errors import CudaError, ForeignFileError
from ..files import exchange
from ..platforms import Platform
from ..sources.base import Offer
from ..toolkit import Origin, Toolkit
from . import view

ASIDE = ".conda-cuda-"
"""How the names of folders begin that hold unfinished work, directly inside an environment."""


def install(offer: Offer, environment: Environment, platform: Platform) -> Toolkit:
    """Make the toolkit root that an offer describes; an existing one is replaced.

    Returns:
        The installed toolkit; it is not the current one yet, unless its release was before.

    Raises:
        ForeignFileError: when something that is not ours has the root's name.
        CondaError: when a package cannot be downloaded or linked; nothing is changed then.
    """
    root = environment.root(offer.version)
    check_root(root)
    records = offer.fetch()
    toolkit = Toolkit(
        offer.version,
        root,
        offer.origin,
        offer.flavor,
        offer.components,
        tuple(record.dist_str().rpartition("::")[2].rpartition("/")[2] for record in records),
    )

    def build(aside: Path) -> None:
        if offer.origin is Origin.SYSTEM:
            assert offer.location is not None
            view.make_system_view(aside, offer.location, platform)
        elif offer.origin is Origin.ENVIRONMENT:
            aside.mkdir()
            view.make_adopted_view(aside, environment.prefix, platform)
        else:
            from ..conda_compat import link_packages

            link_packages(aside, records, offer.specs, root)
            view.make_package_view(aside, offer.version, platform)
        write_toolkit(toolkit, aside)

    build_aside(environment, root, build)
    return read_toolkit(root)


def build_aside(environment: Environment, root: Path, build: Callable[[Path], None]) -> None:
    """Build a root under another name, then let it take its place in one step."""
    aside = environment.prefix / f"{ASIDE}{root.name}"
    remove_tree(aside)
    try:
        build(aside)
        if root.exists():
            exchange(aside, root)
        else:
            os.rename(aside, root)
    except OSError as error:
        raise disk_error(error, environment.prefix) from error
    finally:
        remove_tree(aside)


def remove_root(environment: Environment, root: Path) -> None:
    """Take a root away: out of sight in one step, then for good.

    Raises:
        ForeignFileError: when it is not ours.
    """
    check_root(root)
    aside = environment.prefix / f"{ASIDE}{root.name}"
    remove_tree(aside)
    os.rename(root, aside)
    remove_tree(aside)


def check_root(root: Path) -> None:
    """Refuse to replace what conda cuda did not make.

    Raises:
        ForeignFileError: when something else has the root's name.
    """
    if not os.path.lexists(root):
        return
    ours = (
        not root.is_symlink()
        and root.is_dir()
        and ((root / TOOLKIT_FILE).is_file() or (root / "conda-meta").is_dir())
    )
    if not ours and not _is_empty(root):
        raise ForeignFileError(root, reason="the toolkit has to go there")


def clean_up(environment: Environment) -> list[str]:
    """Take away what interrupted commands have left; the names of what was removed."""
    removed = []
    for entry in sorted(os.scandir(environment.prefix), key=lambda entry: entry.name):
        if entry.name.startswith(ASIDE):
            path = Path(entry.path)
            name = entry.name.removeprefix(ASIDE).removesuffix(".old")
            if entry.name.endswith(".old") and not (environment.prefix / name).exists():
                # The moment between two renames, on systems that cannot exchange folders.
                os.rename(path, environment.prefix / name)
            else:
                remove_tree(path)
            removed.append(entry.name)
    return removed


def remove_tree(path: Path) -> None:
    """Remove a folder of ours and all it holds; links in it are removed, not followed."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path, ignore_errors=False)


def disk_error(error: OSError, prefix: Path) -> CudaError:
    """An operating system's error as a sentence."""
    import errno

    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return CudaError(
            f"The disk that holds {prefix} is full, so nothing was changed.",
            hints=["conda clean --all frees the package cache."],
            prefix=prefix,
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return CudaError(
            f"{error.filename or prefix} cannot be written, so nothing was changed.",
            hints=["Use an environment of your own: conda create --name NAME."],
            prefix=prefix,
        )
    return CudaError(
        f"The file system refused a change: {error.strerror or error} "
        f"({error.filename or prefix}).",
        hints=["The environment is as it was before."],
        prefix=prefix,
    )


def _is_empty(path: Path) -> bool:
    with contextlib.suppress(OSError):
        return path.is_dir() and not path.is_symlink() and not any(os.scandir(path))
    return False
