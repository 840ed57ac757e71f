"""Package caches that several users share, where some files belong to others.

conda takes a cache for writable when it may write `urls.txt`. In a shared cache the folders and
locks below may belong to others. conda stops at what it cannot read there, or takes it for damaged
and removes it. So conda gets another view of such a cache: what cannot be read does not exist, and
nothing is written as long as another cache is writable. The order of caches is conda's own. Where a
file that conda writes in place leads elsewhere, nothing is written at all.
"""

from __future__ import annotations

import functools
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from conda.base.context import context
from conda.core.package_cache_data import PackageCacheData
from conda.exceptions import NoWritablePkgsDirError

from ..errors import CudaError
from .descent import is_plain
from .operating_system import HAS_MODES
from .ownership import exposed_on_the_way

_OURS = "conda-cuda"
"""Our folder in a package cache."""
_ENDINGS = (".conda", ".tar.bz2", ".partial")


class NoWritableCacheError(CudaError):
    """No package cache can be written."""

    def __init__(self) -> None:
        super().__init__(
            f"No package cache can be written, so nothing was changed: {', '.join(_folders())}.",
            hints=[
                *(
                    f"Remove {path}: it is a link, or has another name, and conda writes there."
                    for path in filter(None, map(_leading_away, _folders()))
                ),
                "Name one of your own: conda config --prepend pkgs_dirs FOLDER",
            ],
            caches=list(_folders()),
        )


class _Shared(PackageCacheData):
    """What conda sees of a cache that belongs to others."""

    may_write = False

    def __init__(self, folder: str) -> None:
        self.folder = folder
        # A folder that does not exist is empty.
        files = [f"{folder}/urls.txt"] if os.path.lexists(f"{folder}/urls.txt") else []
        readable = os.access(folder, os.R_OK | os.X_OK)
        readable = readable and all(os.access(file, os.R_OK) for file in files)
        super().__init__(folder if readable else f"{folder}/unreadable")

    @property
    def is_writable(self) -> Any:
        """Whether conda and we may write."""
        return self.may_write and super().is_writable

    def _make_single_record(self, name: str) -> Any:
        folder = name.removesuffix(".conda").removesuffix(".tar.bz2")
        there = folder if os.path.isdir(f"{self.pkgs_dir}/{folder}") else name
        if _is_unreadable(f"{self.pkgs_dir}/{there}"):
            return None
        return super()._make_single_record(name)


def package_caches() -> list[Path]:
    """Every package cache, in conda's order."""
    return list(map(Path, _folders()))


def first_writable() -> Path:
    """The package cache that conda writes to.

    Raises:
        NoWritableCacheError: there is none.
    """
    guard()
    try:
        return Path(PackageCacheData.first_writable().pkgs_dir)
    except NoWritablePkgsDirError as error:
        raise NoWritableCacheError from error


def guard() -> None:
    """Give conda its view of the caches in which others have files."""
    shared = []
    for folder in _folders():
        if _view_of(folder) is not None and not isinstance(
            PackageCacheData._cache_.get(folder), _Shared
        ):
            PackageCacheData._cache_.pop(folder, None)
            shared.append(_Shared(folder))
    if not any(map(_view_of, (cache.folder for cache in shared))):
        return
    try:
        PackageCacheData.first_writable()
    except NoWritablePkgsDirError:
        for cache in shared:
            cache.may_write = bool(_view_of(cache.folder))


def forget() -> None:
    """Make conda read its package caches again."""
    PackageCacheData.clear()
    guard()


def others_may_change(packages: Iterable[str]) -> bool:
    """Whether others may have put packages (`NAME-VERSION-BUILD`) into a cache, or changed them."""
    there = [
        (Path(folder), Path(folder, name))
        for folder in _folders()
        for name in packages
        if os.path.lexists(f"{folder}/{name}")
    ]
    return any(
        exposed_on_the_way(cache, [place, place / "info"], [cache, place, place / "info"])
        for cache, place in there
    )


def _folders() -> tuple[str, ...]:
    return tuple(map(str, context.pkgs_dirs))


@functools.cache
def _view_of(folder: str) -> bool | None:
    """Whether a cache may be written if no other can be; None where conda's own view is right.

    The first answer holds as long as the command runs.
    """
    if not os.path.isdir(folder):
        return None
    if _leading_away(folder):
        return False
    if not HAS_MODES or os.geteuid() == 0:
        return None
    if not _is_open(folder):
        return False
    return True if _others_have(folder) else None


@functools.cache
def _leading_away(folder: str) -> str | None:
    """A path in a cache through which conda would write elsewhere; mostly None.

    The files of packages may have other names: conda does not write into them.
    """
    paths = [f"{folder}/urls.txt", f"{folder}/urls", f"{folder}/cache"]
    paths += [f"{folder}/cache/{name}" for name in _names(f"{folder}/cache")]
    for path in (f"{folder}/{name}" for name in _names(folder)):
        package = path.removesuffix(".conda").removesuffix(".tar.bz2")
        # A link without an archive beside it is not a package to conda.
        if package != path or path.endswith(".partial"):
            paths.append(package)
        paths += [f"{package}/info", f"{package}/info/repodata_record.json"]
    return next(filter(_leads_away, paths), None)


def _leads_away(path: str) -> bool:
    try:
        facts = os.lstat(path)
    except OSError:
        return False
    return not stat.S_ISDIR(facts.st_mode) and not is_plain(facts)


def _is_open(folder: str) -> bool:
    """Whether we may change all that we do change in a cache."""
    folders, files = [folder], [f"{folder}/urls.txt"]
    ours = f"{folder}/{_OURS}"
    if os.path.lexists(ours):
        folders.append(ours)
        for name in _names(ours):
            (files if name.endswith("lock") else folders).append(f"{ours}/{name}")
    folders = [path for path in folders if os.path.isdir(path)]
    return all(os.access(path, os.R_OK | os.W_OK | os.X_OK) for path in folders) and all(
        os.access(path, os.R_OK | os.W_OK) for path in files if os.path.lexists(path)
    )


def _others_have(folder: str) -> bool:
    """Whether conda would stop at something in a cache, or remove it."""
    indexes = [f"{folder}/cache", *(f"{folder}/cache/{name}" for name in _names(f"{folder}/cache"))]
    if not all(os.access(path, os.R_OK | os.W_OK) for path in indexes if os.path.lexists(path)):
        return True
    return any(_is_unreadable(f"{folder}/{name}") for name in _names(folder) if _is_package(name))


def _is_package(name: str) -> bool:
    return name.endswith(_ENDINGS) or (name.count("-") >= 2 and not name.startswith("."))


def _is_unreadable(path: str) -> bool:
    """Whether a package, as a file or as a folder, exists and cannot be read."""
    if os.access(f"{path}/info/index.json", os.R_OK):
        return False
    if not os.path.isdir(path):
        return os.path.lexists(path) and not os.access(path, os.R_OK)
    parts = [path, f"{path}/info"]
    if not all(os.access(part, os.R_OK | os.X_OK) for part in parts if os.path.lexists(part)):
        return True
    return os.path.lexists(f"{path}/info/index.json")


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []
