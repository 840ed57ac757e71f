"""Packages that are files and links and nothing else, linked into a new prefix in one go.

conda's transaction makes an action of every file, which it can take back on its own. That takes
several times as long as the linking. A toolkit root is built aside and thrown away when anything
fails, so the plain packages, most of CUDA, need none of it. The others are left to conda: files
that name their prefix, scripts, menus, Python packages, paths that two packages share, places
where nothing can be hard linked.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conda.base.context import context
from conda.core.link import determine_link_type, match_specs_to_dists
from conda.core.package_cache_data import PackageCacheData
from conda.core.path_actions import CreatePrefixRecordAction
from conda.gateways.disk.read import read_package_metadata
from conda.models.channel import Channel
from conda.models.enums import LinkType, NoarchType
from conda.models.package_info import PackageInfo
from conda.models.records import PathsData

from ..system.conda_compat import others_act_on_transactions
from ..system.files import Inside
from ..system.reading import read_json

_KEYS = frozenset({"_path", "path_type", "sha256", "size_in_bytes"})
"""What paths.json says about an ordinary file; other keys ask for some treatment."""


class _NotPlain(Exception):
    """A package turns out to need conda."""


@dataclass(frozen=True)
class _Package:
    """A package that is extracted in a package cache."""

    record: Any
    info: Any
    """What conda knows of it, but for its paths."""
    paths: Sequence[Mapping[str, Any]]
    """Its rows of paths.json; none where it does not list them in the way of today."""

    @property
    def source(self) -> str:
        """The folder that it is extracted to."""
        return str(self.info.extracted_package_dir)

    @property
    def is_plain(self) -> bool:
        """Whether it is nothing but files and links."""
        metadata, kinds = self.info.package_metadata, {self.record.noarch}
        if metadata is not None:
            kinds.add(metadata.noarch.type if metadata.noarch else None)
            if metadata.preferred_env:
                return False
        if kinds - {None, NoarchType.generic}:
            return False
        if os.path.isdir(f"{self.source}/info/prelink_messages"):
            return False
        if not self.paths and os.path.getsize(f"{self.source}/info/files"):
            return False
        scripts = {f"bin/.{self.record.name}-{moment}-link.sh" for moment in ("pre", "post")}
        return all(_is_plain(row) and row["_path"] not in scripts for row in self.paths)


def link_plain_packages(
    prefix: Path, records: Sequence[Any], specs: Sequence[str], listings: Mapping[str, Any]
) -> list[Any]:
    """Link those packages that are plain, with the records that conda would have written.

    Args:
        prefix: an empty prefix, nothing but `conda-meta/history` in it.
        records: the packages, extracted in a package cache.
        specs: what was asked for, for their records.
        listings: what the `paths.json` of each says, by the folder it is extracted to.

    Returns:
        The records of the packages that conda still has to link. When anything is in doubt, all of
        them: the prefix is empty again then.
    """
    if (
        os.name == "nt"
        or context.extra_safety_checks
        or context.disallowed_packages
        or others_act_on_transactions()
    ):
        return list(records)
    packages = [_read(record, listings) for record in records]
    paths = [row["_path"].lower() for package in packages for row in package.paths]
    if len(set(paths)) < len(paths):
        return list(records)
    plain = [
        package
        for package in packages
        if package.is_plain
        and determine_link_type(package.source, str(prefix)) == LinkType.hardlink
    ]
    try:
        for package in plain:
            _link(package, prefix)
    except (OSError, _NotPlain):
        Inside(prefix.parent).remove_tree(prefix)
        with Inside(prefix.parent).append(prefix / "conda-meta" / "history"):
            pass
        return list(records)
    _write_records(plain, prefix, specs)
    linked = {id(package.record) for package in plain}
    return [record for record in records if id(record) not in linked]


def _read(record: Any, listings: Mapping[str, Any]) -> _Package:
    entry = PackageCacheData.get_entry_to_link(record)
    source = str(entry.extracted_package_dir)
    info = PackageInfo(
        extracted_package_dir=source,
        package_tarball_full_path=entry.package_tarball_full_path,
        channel=Channel(record.channel),
        repodata_record=record,
        url=entry.url,
        package_metadata=read_package_metadata(source),
        paths_data=PathsData(paths_version=1, paths=()),
    )
    with contextlib.suppress(KeyError, TypeError, AttributeError):
        content = listings[source]
        rows = content["paths"]
        if content["paths_version"] == 1 and all(isinstance(row["_path"], str) for row in rows):
            return _Package(record, info, rows)
    return _Package(record, info, [])


def _is_plain(row: Mapping[str, Any]) -> bool:
    path = row["_path"]
    if row.keys() - _KEYS or path[:1] == "/" or ".." in path or path[:5].lower() == "menu/":
        return False
    if row.get("path_type") == "softlink":
        return True
    size, sha256 = row.get("size_in_bytes"), row.get("sha256")
    return row.get("path_type") == "hardlink" and type(size) is int and type(sha256) is str


def _link(package: _Package, prefix: Path) -> None:
    """Link the files of a package.

    Raises:
        OSError: when one cannot be linked.
        _NotPlain: when one is not what the package says.
    """
    folders: dict[str, list[tuple[str, Mapping[str, Any]]]] = {}
    for row in package.paths:
        folder, _, name = row["_path"].rpartition("/")
        folders.setdefault(folder, []).append((name, row))
    for folder, rows in folders.items():
        os.makedirs(f"{prefix}/{folder}", exist_ok=True)
        # In an open folder an entry is found sooner than by its whole path.
        with _opened(f"{package.source}/{folder}") as old, _opened(f"{prefix}/{folder}") as new:
            for name, row in rows:
                if row["path_type"] == "softlink":
                    to = os.readlink(name, dir_fd=old)
                    if to.startswith("/"):
                        # conda copies what such a link leads to.
                        raise _NotPlain
                    os.symlink(to, name, dir_fd=new)
                    continue
                # Linked first and looked at then: nothing can come in between.
                os.link(name, name, src_dir_fd=old, dst_dir_fd=new, follow_symlinks=False)
                found = os.stat(name, dir_fd=new, follow_symlinks=False)
                if not stat.S_ISREG(found.st_mode) or found.st_size != row["size_in_bytes"]:
                    raise _NotPlain


@contextlib.contextmanager
def _opened(folder: str) -> Iterator[int]:
    handle = os.open(folder, os.O_RDONLY)
    try:
        yield handle
    finally:
        os.close(handle)


def _write_records(plain: Sequence[_Package], prefix: Path, specs: Sequence[str]) -> None:
    """Write the records into `conda-meta`: conda's own, with the paths put in.

    They stand in one line each: to indent thousands of rows takes as long as linking the files.
    """
    infos = [package.info for package in plain]
    for package, asked in zip(plain, match_specs_to_dists(infos, specs), strict=True):
        (action,) = CreatePrefixRecordAction.create_actions(
            {}, package.info, str(prefix), LinkType.hardlink, asked, ()
        )
        action.execute()
        path = Path(action.target_full_path)
        content = read_json(path)
        content["files"] = [row["_path"] for row in package.paths]
        content["paths_data"]["paths"] = [
            row if row["path_type"] == "softlink" else {**row, "sha256_in_prefix": row["sha256"]}
            for row in package.paths
        ]
        Inside(prefix).write(path, json.dumps(content).encode())
