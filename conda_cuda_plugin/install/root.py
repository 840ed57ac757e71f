"""A toolkit root comes into being whole: it is built aside and moved into place.

A command that is killed leaves the old state and a folder aside, which the next one removes.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from ..cuda_packages import cuda_names
from ..environment import LINK, STATE, TOOLKIT_FILE, Environment, read_toolkit, write_toolkit
from ..errors import FileSystemError, ForeignFileError
from ..files import check_symlinks, exchange, link_atomically, remove_leftovers
from ..platforms import Platform
from ..sources.base import Offer
from ..system import is_link
from ..toolkit import Origin, Toolkit

ASIDE = ".conda-cuda-"
"""How the names of folders begin that hold unfinished work, directly inside an environment."""


def install(offer: Offer, environment: Environment, platform: Platform) -> Toolkit:
    """Make the toolkit root that an offer describes; an existing one is replaced.

    Returns:
        The installed toolkit; it is not the current one yet, unless its release was before.

    Raises:
        ForeignFileError: when something that is not ours has the root's name.
        NoSymbolicLinksError: when the file system has none.
        CondaError: when a package cannot be downloaded or linked; nothing is changed then.
    """
    from . import amend, host_compiler, view, wrappers

    root = environment.root(offer.version)
    check_root(root)
    # Before hours of download.
    check_symlinks(environment.prefix)
    records = offer.fetch()
    toolkit = Toolkit(
        offer.version,
        root,
        offer.origin,
        offer.flavor,
        offer.components,
        tuple(record.dist_str().rpartition("::")[2].rpartition("/")[2] for record in records),
        compiler_asked=offer.compiler_asked,
    )

    def build(aside: Path) -> None:
        if offer.origin is Origin.SYSTEM:
            assert offer.location is not None
            view.make_system_view(aside, offer.location, platform)
        elif offer.origin is Origin.ENVIRONMENT:
            aside.mkdir()
            view.make_adopted_view(aside, environment.prefix, platform)
        else:
            from ..conda_packages import link_packages
            from ..made_of import keep_made_of

            stay = amend.copy_what_stays(root, aside, records)
            link_packages(aside, amend.missing(stay, records), offer.specs, root, stay.unlink)
            view.make_package_view(aside, offer.version, platform)
            keep_made_of(aside, records, former=root)
            host_compiler.lead_nvcc(aside)
            # What came along with CUDA must not get in front of the user's own programs.
            depends = {record.name: tuple(record.depends) for record in records}
            alone = cuda_names(depends, depends.__getitem__) == set(depends)
            if (offer.origin is Origin.CHANNEL or not alone) and not platform.windows:
                wrappers.write_own_tools(aside, view.programs(aside, platform, owned=True))
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
        raise FileSystemError(error, environment.prefix) from error
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
    for folder in (environment.prefix, environment.bin, environment.prefix / STATE):
        remove_leftovers(folder)
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
    mend_link(environment)
    return removed


def mend_link(environment: Environment) -> bool:
    """Make `cuda` a link again where cloning an environment has put a copy of the root.

    Returns:
        Whether there was such a copy.
    """
    name = environment.copied_name() if not is_link(environment.link) else None
    if name is None:
        return False
    aside = environment.prefix / f"{ASIDE}{LINK}"
    remove_tree(aside)
    link_atomically(aside, name)
    exchange(aside, environment.link)
    remove_tree(aside)
    return True


def remove_tree(path: Path) -> None:
    """Remove a folder of ours and all it holds; links in it are removed, not followed."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path, ignore_errors=False)


def _is_empty(path: Path) -> bool:
    with contextlib.suppress(OSError):
        return path.is_dir() and not path.is_symlink() and not any(os.scandir(path))
    return False
