"""Make and remove toolkit roots: built aside, moved into place in one step, cleaned up after."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from ..environment import LINK, STATE, Environment, is_toolkit_root, read_toolkit, write_toolkit
from ..errors import FileSystemError, ForeignFileError, LeftoverError
from ..packages.cache import link_packages
from ..packages.provenance import keep_made_of
from ..platforms import Platform
from ..sources.base import Offer
from ..system import schema
from ..system.descent import kept_name
from ..system.operating_system import is_link, tidy
from ..system.reading import read_json
from ..toolkit import Origin, Toolkit
from . import contents, view, wrappers
from .contents import edited, is_same, strangers

RECORD = STATE / "unfinished.json"
ASIDE = ".conda-cuda-"
"""How the names of folders begin that hold unfinished work, directly inside an environment."""
_SCHEMA = schema.items(schema.text(rf"{re.escape(ASIDE)}{LINK}(-\d{{1,3}}\.\d{{1,4}})?"), 10)
_OLD = ".old"


def install(offer: Offer, environment: Environment, platform: Platform) -> Toolkit:
    """Make the toolkit root that an offer describes; an existing one is replaced.

    Returns:
        The installed toolkit; it is not the current one yet, unless its release was before.

    Raises:
        ForeignFileError: when something that is not ours has the root's name.
        NoSymbolicLinksError: when the file system has none.
        CondaError: when a package cannot be downloaded or linked; nothing is changed then.
    """
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
            # Not at the top: most commands install nothing.
            from . import amend

            missing, gone = amend.copy_what_stays(root, aside, records)
            link_packages(aside, missing, offer.specs, root, gone)
            view.make_package_view(aside, offer.version, platform)
            keep_made_of(aside, records, former=root)
            wrappers.wrap_nvcc(aside)
            # What came along with CUDA must not get in front of the user's own programs.
            tools = set(view.programs(aside, platform, owned=True))
            if view.has_programs_but(aside, tools) and not platform.windows:
                wrappers.write_own_tools(aside, tools)
        if not platform.windows:
            wrappers.write_refusals(aside)
        write_toolkit(toolkit, aside)

    build_aside(environment, root, build)
    return read_toolkit(root)


def build_aside(environment: Environment, root: Path, build: Callable[[Path], None]) -> None:
    """Build a root under another name, then let it take its place in one step."""
    try:
        with building_aside(environment, root) as aside:
            theirs: list[str] = []
            if os.path.lexists(root):
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
    """Remove a root: out of sight in one step, then for good.

    The user's own files in it come back to their places, files that the user has edited under
    another name; `environment.kept` gets their paths.

    Raises:
        ForeignFileError: when it is not ours.
    """
    check_root(root)
    with building_aside(environment, root) as aside:
        contents.mend_record(environment, root)
        theirs = contents.strangers(root)
        environment.files.rename(root, aside)
    environment.kept.extend(root / name for name in theirs if os.path.lexists(root / name))


def check_root(root: Path) -> None:
    """Refuse to replace what conda cuda did not make.

    Raises:
        ForeignFileError: when something else has the root's name.
    """
    if os.path.lexists(root):
        is_folder = root.is_dir() and not root.is_symlink()
        if not is_folder or not (is_toolkit_root(root) or _is_empty(root)):
            raise ForeignFileError(root, reason="the toolkit has to go there")


def _is_empty(folder: Path) -> bool:
    with contextlib.suppress(OSError):
        return not os.listdir(folder)
    return False


def clean_up(environment: Environment) -> list[str]:
    """Remove what interrupted commands have left; the names of what was removed."""
    for folder in (environment.prefix, environment.bin, environment.prefix / STATE):
        environment.files.remove_leftovers(folder)
    removed = remove_unfinished(environment)
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
    with building_aside(environment, environment.link) as aside:
        environment.files.link(aside, name)
        environment.files.exchange(aside, environment.link)
    return True


@contextlib.contextmanager
def building_aside(environment: Environment, place: Path) -> Iterator[Path]:
    """A second name for what is built or removed; nothing has it afterwards.

    Args:
        environment: the environment; its lock must be held.
        place: a toolkit root, or the link.

    Raises:
        ForeignFileError: when something that is not recorded has the name.
    """
    path = environment.prefix / f"{ASIDE}{place.name}"
    if os.path.lexists(path):
        remove_unfinished(environment)
    if os.path.lexists(path):
        raise ForeignFileError(path, reason="what is unfinished has to go there")

    def end() -> None:
        discard(environment, path, place)
        environment.files.remove(RECORD)

    try:
        environment.files.write(RECORD, json.dumps([path.name]).encode())
        yield path
    finally:
        tidy(end)


def discard(environment: Environment, path: Path, place: Path) -> None:
    """Remove what is unfinished or was replaced; the user's files go back to their places.

    Raises:
        LeftoverError: when something in it cannot be removed.
    """
    carry(environment, path, place)
    try:
        environment.files.remove_tree(path)
    except OSError as error:
        raise LeftoverError(path, error) from error


def recorded(environment: Environment) -> list[Path]:
    """What the record names and exists, and last the record itself."""
    record = environment.prefix / RECORD
    if not os.path.lexists(record):
        return []
    paths = [environment.prefix / f"{name}{end}" for name in _names(record) for end in ("", _OLD)]
    return [*(path for path in paths if os.path.lexists(path)), record]


def remove_unfinished(environment: Environment) -> list[str]:
    """Remove what a killed command has left; the names of what was removed.

    What cannot be removed, since it belongs to somebody else, stays recorded.
    """
    removed, stuck = [], False
    for path in recorded(environment)[:-1]:
        place = environment.prefix / path.name.removeprefix(ASIDE).removesuffix(_OLD)
        try:
            if path.name.endswith(_OLD) and not os.path.lexists(place):
                # The moment between two renames, on systems that cannot exchange folders.
                environment.files.rename(path, place)
            else:
                discard(environment, path, place)
            removed.append(path.name)
        except LeftoverError:
            stuck = True
    if not stuck:
        environment.files.remove_tree(RECORD)
    return removed


def _names(record: Path) -> list[str]:
    try:
        names, _ = schema.read(_SCHEMA, read_json(record, links=False))
    except (OSError, ValueError):
        return []
    return names or []


def carry(environment: Environment, old: Path, new: Path) -> None:
    """Move the user's files from a root that goes to the root in its place.

    Where something of ours has the place, and where the user has edited a file of ours, they get
    another name; `environment.kept` gets their paths.

    Raises:
        LeftoverError: when a file cannot be moved anywhere.
    """
    if is_link(old):
        return
    if new == environment.link:
        new = environment.prefix / (environment.current_name() or new.name)
    folders: dict[Path, Path] = {}
    changed = edited(old)
    for name in dict.fromkeys((*strangers(old), *changed)):
        source, place = old / name, new / name
        if is_same(source, place):
            continue
        try:
            target = _folder(environment, folders, source.parent, old, new) / source.name
            if name in changed or os.path.lexists(target):
                target = kept_name(target)
            environment.files.rename(source, target)
        except (OSError, ForeignFileError):
            target = _anywhere(environment, source, new)
        if target != place:
            environment.kept.append(target)


def _folder(
    environment: Environment, folders: dict[Path, Path], source: Path, old: Path, new: Path
) -> Path:
    """The folder in the place of one in the old root, as open as that; all made as needed."""
    if source not in folders:
        target = new
        if source != old:
            target = _folder(environment, folders, source.parent, old, new) / source.name
        if os.path.lexists(target) and (is_link(target) or not target.is_dir()):
            target = kept_name(target)
        if not target.exists():
            environment.files.make_folder(target)
            environment.files.set_facts(target, source.lstat())
        folders[source] = target
    return folders[source]


def _anywhere(environment: Environment, source: Path, new: Path) -> Path:
    problem = OSError()
    for folder in (new, environment.prefix):
        target = kept_name(folder / source.name)
        try:
            environment.files.rename(source, target)
            return target
        except (OSError, ForeignFileError) as error:
            problem = error if isinstance(error, OSError) else problem
    raise LeftoverError(source, problem)
