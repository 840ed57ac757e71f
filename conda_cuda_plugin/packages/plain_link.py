"""Packages that are files and links and nothing else, linked into a new prefix in one go.

conda's transaction makes an action of every file: it checks, links, records and can take back each
on its own, which takes several times as long as the linking. A toolkit root is built aside and
thrown away when anything fails, so the plain packages, most of CUDA, need none of that. Whatever is
out of the ordinary is left to conda: files that name their prefix, scripts, menus, Python packages,
paths that two packages share, places where nothing can be hard linked.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from ..system.reading import read_bytes

_KEYS = frozenset({"_path", "path_type", "sha256", "size_in_bytes"})
"""What paths.json says about an ordinary file; other keys ask for some treatment."""


class _NotPlain(Exception):
    """A package turns out to need conda."""


@dataclass(frozen=True)
class _Plain:
    """A plain package.

    Args:
        source: the folder it is extracted to.
        paths: its rows of paths.json.
        info: what conda knows of it, but for its paths.
    """

    source: str
    paths: Sequence[Mapping[str, Any]]
    info: Any


def link_plain_packages(
    prefix: Path, records: Sequence[Any], specs: Sequence[str], listings: Mapping[str, Any]
) -> list[Any]:
    """Link those packages that are plain, with the records that conda would have written.

    Args:
        prefix: an empty prefix, nothing but `conda-meta/history` in it.
        records: the packages, extracted in a package cache.
        specs: what was asked for.
        listings: what the `paths.json` of each says, by the folder it is extracted to.

    Returns:
        The records of the packages that conda still has to link. When anything is in doubt, all of
        them: the prefix is empty again then.
    """
    if not _may_skip_conda():
        return list(records)
    seen: set[str] = set()
    shared = False
    plain: list[_Plain] = []
    left: list[Any] = []
    for record in records:
        source, info, paths = _contents(record, listings)
        names = {row["_path"].lower() for row in paths}
        shared = shared or len(names) < len(paths) or not seen.isdisjoint(names)
        seen |= names
        if _is_plain(record, info, paths) and _hard_links(source, prefix):
            plain.append(_Plain(source, paths, info))
        else:
            left.append(record)
    if shared:
        return list(records)
    try:
        for package in plain:
            _link(package, prefix)
    except (OSError, _NotPlain):
        Inside(prefix.parent).remove_tree(prefix)
        with Inside(prefix.parent).append(prefix / "conda-meta" / "history"):
            pass
        return list(records)
    _record(plain, prefix, specs)
    return left


def _may_skip_conda() -> bool:
    """Whether nobody has asked for what only conda's own transaction does."""

    return not (
        os.name == "nt"
        or context.extra_safety_checks
        or context.disallowed_packages
        or others_act_on_transactions()
    )


def _contents(record: Any, listings: Mapping[str, Any]) -> tuple[str, Any, list[Any]]:
    """The folder of a package in the cache, conda's description without paths, and the paths.

    There are no paths where the package does not list them in the way of today.
    """

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
            return source, info, rows
    return source, info, []


def _is_plain(record: Any, info: Any, paths: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a package is nothing but files and links."""

    source, metadata = info.extracted_package_dir, info.package_metadata
    kinds = {record.noarch}
    if metadata is not None:
        kinds.add(metadata.noarch.type if metadata.noarch else None)
        if metadata.preferred_env:
            return False
    if kinds - {None, NoarchType.generic}:
        return False
    if os.path.isdir(os.path.join(source, "info", "prelink_messages")):
        return False
    if not paths and os.path.getsize(os.path.join(source, "info", "files")):
        return False
    scripts = {f"bin/.{record.name}-{moment}-link.sh" for moment in ("pre", "post")}
    return all(_is_plain_row(row) and row["_path"] not in scripts for row in paths)


def _is_plain_row(row: Mapping[str, Any]) -> bool:
    path = row["_path"]
    if row.keys() - _KEYS or path[:1] == "/" or ".." in path or path[:5].lower() == "menu/":
        return False
    if row.get("path_type") == "softlink":
        return True
    size, sha256 = row.get("size_in_bytes"), row.get("sha256")
    return row.get("path_type") == "hardlink" and type(size) is int and type(sha256) is str


def _hard_links(source: str, prefix: Path) -> bool:
    """Whether conda would hard link files of a package into the prefix."""

    return bool(determine_link_type(source, str(prefix)) == LinkType.hardlink)


def _link(package: _Plain, prefix: Path) -> None:
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


def _record(plain: Sequence[_Plain], prefix: Path, specs: Sequence[str]) -> None:
    """Write the records into `conda-meta`: conda's own, with the paths put in."""

    infos = [package.info for package in plain]
    for package, asked in zip(plain, match_specs_to_dists(infos, specs), strict=True):
        (action,) = CreatePrefixRecordAction.create_actions(
            {}, package.info, str(prefix), LinkType.hardlink, asked, ()
        )
        action.execute()
        path = Path(action.target_full_path)
        Inside(prefix).write(path, _with_paths(read_bytes(path), package.paths))


_ROW_KEYS = ("_path", "path_type", "sha256", "size_in_bytes", "sha256_in_prefix")
"""In the order that conda writes them where it does not sort."""
_FILE = {
    "_path": "%(path)s",
    "path_type": '"hardlink"',
    "sha256": "%(sha256)s",
    "size_in_bytes": "%(size)d",
    "sha256_in_prefix": "%(sha256)s",
}
"""A row of an ordinary file, to be filled in."""


def _with_paths(text: bytes, rows: Sequence[Mapping[str, Any]]) -> bytes:
    """A record that conda wrote without paths, with them, in conda's own words.

    The other way, reading the record and having json indent all of it, takes as long as linking
    the files. No string of JSON holds a line break, so the places that are filled are keys.
    """
    if not rows:
        return text
    keys = list(json.loads(text))
    names = sorted(_ROW_KEYS) if keys == sorted(keys) else _ROW_KEYS
    file, quoted = _row_text(_FILE, names), json.encoder.encode_basestring_ascii
    files = [quoted(row["_path"]) for row in rows]
    paths = [
        file % {"path": path, "sha256": quoted(row["sha256"]), "size": row["size_in_bytes"]}
        if row["path_type"] == "hardlink"
        else _row_text({name: json.dumps(row[name]) for name in row}, names)
        for path, row in zip(files, rows, strict=True)
    ]
    text = _filled(text, b'\n  "files": [', "\n    " + ",\n    ".join(files) + "\n  ")
    return _filled(text, b'\n    "paths": [', "\n      " + ",\n      ".join(paths) + "\n    ")


def _filled(text: bytes, start: bytes, content: str) -> bytes:
    """Fill the one empty list that starts so."""
    before, rest = text.split(start + b"]")
    return before + start + content.encode("ascii") + b"]" + rest


def _row_text(values: Mapping[str, str], names: Iterable[str]) -> str:
    """A row of paths.json as it stands in the record of a linked package."""
    lines = (f'        "{name}": {values[name]}' for name in names if name in values)
    return "{\n" + ",\n".join(lines) + "\n      }"
