"""A toolkit root comes into being whole: it is built aside and moved into place.

A command that is killed leaves the old state and a folder aside, which the next one removes.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from ..environment import STATE, Environment, is_toolkit_root, read_toolkit, write_toolkit
from ..errors import FileSystemError, ForeignFileError
from ..platforms import Platform
from ..sources.base import Offer
from ..system import is_link
from ..toolkit import Origin, Toolkit
from . import unfinished


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
    environment.files.check_symlinks()
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
            environment.files.make_folder(aside)
            view.make_adopted_view(aside, environment.prefix, platform)
        else:
            from ..conda_packages import link_packages
            from ..made_of import keep_made_of

            stay = amend.copy_what_stays(root, aside, records)
            link_packages(aside, amend.missing(stay, records), offer.specs, root, stay.gone)
            view.make_package_view(aside, offer.version, platform)
            keep_made_of(aside, records, former=root)
            host_compiler.lead_nvcc(aside)
            # What came along with CUDA must not get in front of the user's own programs.
            tools = set(view.programs(aside, platform, owned=True))
            if view.has_programs_but(aside, tools) and not platform.windows:
                wrappers.write_own_tools(aside, tools)
        write_toolkit(toolkit, aside)

    build_aside(environment, root, build)
    return read_toolkit(root)


def build_aside(environment: Environment, root: Path, build: Callable[[Path], None]) -> None:
    """Build a root under another name, then let it take its place in one step."""
    from . import contents

    try:
        with unfinished.aside(environment, root) as aside:
            contents.mend_record(environment, root)
            theirs = contents.strangers(root)
            build(aside)
            contents.write_down(aside, but=theirs)
            if os.path.lexists(root):
                environment.files.exchange(aside, root)
            else:
                environment.files.rename(aside, root)
    except OSError as error:
        raise FileSystemError(error, environment.prefix) from error


def remove_root(environment: Environment, root: Path) -> None:
    """Take a root away: out of sight in one step, then for good.

    What somebody else has put into it comes back in its place, what he has edited under another
    name; the environment says which files.

    Raises:
        ForeignFileError: when it is not ours.
    """
    from . import contents

    check_root(root)
    with unfinished.aside(environment, root) as aside:
        contents.mend_record(environment, root)
        theirs = contents.strangers(root)
        environment.files.rename(root, aside)
    environment.kept.extend(root / name for name in theirs if os.path.lexists(root / name))


def check_root(root: Path) -> None:
    """Refuse to replace what conda cuda did not make.

    Raises:
        ForeignFileError: when something else has the root's name.
    """
    if not os.path.lexists(root):
        return
    ours = not root.is_symlink() and root.is_dir() and is_toolkit_root(root)
    if not ours and not _is_empty(root):
        raise ForeignFileError(root, reason="the toolkit has to go there")


def clean_up(environment: Environment) -> list[str]:
    """Take away what interrupted commands have left; the names of what was removed."""
    for folder in (environment.prefix, environment.bin, environment.prefix / STATE):
        environment.files.remove_leftovers(folder)
    removed = unfinished.clean_up(environment)
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
    with unfinished.aside(environment, environment.link) as aside:
        environment.files.link(aside, name)
        environment.files.exchange(aside, environment.link)
    return True


def _is_empty(path: Path) -> bool:
    with contextlib.suppress(OSError):
        return path.is_dir() and not path.is_symlink() and not any(os.scandir(path))
    return False
