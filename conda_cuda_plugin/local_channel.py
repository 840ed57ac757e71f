"""The channel of converted packages that lies inside conda's package cache.

    pkgs/conda-cuda/linux-64/nvidia-cuda-runtime-cu12-12.4.127-wheel_0.conda
    pkgs/conda-cuda/linux-64/repodata.json
    pkgs/conda-cuda/releases.json        which packages make up a release, for --offline

It is an ordinary conda channel: any conda can install from it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import schema
from .channel_index import INDEX, write_rows
from .errors import ForeignFileError
from .files import Inside
from .lock import locked
from .reading import open_regular, read_json

NAME = "conda-cuda"
_RELEASES = "releases.json"
_OURS = "conda_cuda"
"""The key of a record that says which foreign file the package was made of."""

_WORD = schema.text(r"[A-Za-z0-9_.+!~-]{1,200}")
_SPEC = schema.text(r"[^\x00-\x20\x7f][^\x00-\x1f\x7f]{0,500}")
_ROW = schema.record(
    {
        **dict.fromkeys(("name", "version", "build", "subdir"), _WORD),
        **dict.fromkeys(("build_number", "size", "timestamp"), schema.number),
        **dict.fromkeys(("depends", "constrains"), schema.items(_SPEC)),
        **dict.fromkeys(("license", "license_family"), schema.text()),
        "md5": schema.text("[0-9a-f]{32}"),
        "sha256": schema.text("[0-9a-f]{64}"),
        _OURS: schema.table(_WORD, schema.text()),
    },
    ("name", "version", "build", "build_number", "md5", "sha256", "size"),
)
_SCHEMAS = {
    _RELEASES: schema.table(schema.text(r"\d[\d.]{0,20}"), schema.items(_SPEC)),
    INDEX: schema.record({"packages.conda": schema.table(schema.NAME, _ROW)}),
}


@dataclass(frozen=True)
class LocalChannel:
    """The local channel of one package cache, for one platform, with what other caches hold.

    Args:
        written: where new packages go; None where no package cache can be written.
        subdir: the platform.
        others: the channels of other package caches, which are only read.
    """

    written: Path | None
    subdir: str
    others: tuple[Path, ...] = ()

    @classmethod
    def find(cls, subdir: str) -> LocalChannel:
        """The channels in conda's package caches; the folder of the first need not exist yet."""
        from .conda_packages import package_caches
        from .shared_caches import NoWritableCacheError, first_writable

        written = None
        with contextlib.suppress(NoWritableCacheError):
            written = first_writable() / NAME
        found = [cache / NAME for cache in package_caches()]
        return cls(written, subdir, tuple(path for path in found if path != written))

    @property
    def path(self) -> Path:
        """Where new packages go.

        Raises:
            NoWritableCacheError: when no package cache can be written.
        """
        if self.written is None:
            from .shared_caches import NoWritableCacheError

            raise NoWritableCacheError
        return self.written

    @property
    def places(self) -> tuple[Path, ...]:
        """The channels of all package caches, the one that is written first."""
        return (*([self.written] if self.written else []), *self.others)

    @property
    def files(self) -> Inside:
        """The way to change anything in the package cache that it lies in."""
        return Inside(self.path.parent)

    @property
    def folder(self) -> Path:
        """Where new packages lie."""
        return self.path / self.subdir

    def record_of(
        self, sha256: str | None, name: str | None = None, build: str | None = None
    ) -> Any | None:
        """The conda record of the package made from a foreign file, or None.

        Args:
            sha256: the foreign file's hash.
            name: the package's name, where one file becomes several packages.
            build: the package's build, where a file may be part of several releases.
        """
        for place, filename, row in self._packages():
            made_of = row.get(_OURS, {})
            if (
                sha256
                and made_of.get("sha256") == sha256
                and name in (None, row.get("name"))
                and build in (None, row.get("build"))
                and os.access(place, os.R_OK)
            ):
                return self._record(place, filename, row)
        return None

    def made_of(self, filename: str) -> dict[str, str]:
        """File, sha256 and, where known, url of what a package was made of; empty if unknown."""
        found = self.rows().get(filename, {}).get(_OURS)
        return dict(found) if isinstance(found, dict) else {}

    def record_named(self, name: str, version: str) -> Any | None:
        """The conda record of a converted package, the newest that fits, or None.

        Args:
            name: the package.
            version: its version, or the beginning of it followed by `.*`.
        """
        from conda.models.version import VersionOrder

        found: tuple[Path, str, dict[str, Any]] | None = None
        for place, filename, row in self._packages():
            fits = row["version"] == version or (
                version.endswith(".*") and f"{row['version']}.".startswith(version[:-1])
            )
            if row["name"] != name or not fits or not os.access(place, os.R_OK):
                continue
            # One name sorts 9.10 before 9.2; the newest is meant.
            if found is None or VersionOrder(found[2]["version"]) < VersionOrder(row["version"]):
                found = place, filename, row
        return self._record(*found) if found else None

    def add(
        self,
        package: Path,
        record: Mapping[str, Any],
        made_of: Mapping[str, str],
        *,
        to_cache: bool = True,
    ) -> Any:
        """Move a package into the channel; its conda record.

        Args:
            package: the file, on the same file system as the channel.
            record: name, version, build and so on, as in repodata.json.
            made_of: name and sha256 of the foreign file.
            to_cache: whether it will be linked now; conda extracts all that lies in its cache.
        """
        md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
        with open_regular(package) as file:
            for block in iter(lambda: file.read(2**20), b""):
                md5.update(block)
                sha256.update(block)
        row = {
            **record,
            "md5": md5.hexdigest(),
            "sha256": sha256.hexdigest(),
            "size": package.stat().st_size,
            _OURS: dict(made_of),
        }
        place = self.folder / package.name
        self.files.rename(package, place)
        self._write({**_rows(self.folder), package.name: row})
        if to_cache:
            self._offer_to_cache(place)
        return self._record(place, package.name, row)

    def _offer_to_cache(self, place: Path) -> None:
        """Let conda find the package in its cache, so that it need not copy it there.

        conda knows a package of its cache by the address beside it in urls.txt.
        """
        from .shared_caches import forget

        cached = self.path.parent / place.name
        with contextlib.suppress(OSError, ForeignFileError):
            self.files.remove(cached)
            self.files.hard_link(place, cached)
            with self.files.append(self.path.parent / "urls.txt") as file:
                file.write(f"{place.as_uri()}\n".encode())
        forget()

    def release(self, version: str) -> list[str] | None:
        """The requirements of a release's metapackage, if they were seen before."""
        found = self._releases().get(version)
        return list(found) if found is not None else None

    def releases(self) -> list[str]:
        """The releases whose requirements were seen before."""
        return list(self._releases())

    def remember_release(self, version: str, requires: Sequence[str]) -> None:
        """Keep a metapackage's requirements for use without a network."""
        if self.written is None or self._releases().get(version) == list(requires):
            return
        lock, what = self.path / "releases.lock", "another conda cuda that writes down releases"
        with locked(lock, what, below=self.path.parent):
            self.files.remove_leftovers(self.path, _RELEASES)
            known = {**_read(self.path / _RELEASES)[0], version: list(requires)}
            text = json.dumps(known, indent=1, sort_keys=True)
            self.files.write(self.path / _RELEASES, text.encode())

    def _releases(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for path in reversed(self.places):
            found |= _read(path / _RELEASES)[0]
        return found

    def rows(self) -> dict[str, dict[str, Any]]:
        """What the indexes say of each package, by file name, as far as it can be used."""
        return {name: row for _, name, row in reversed(list(self._packages()))}

    def _packages(self) -> Iterator[tuple[Path, str, dict[str, Any]]]:
        """Each package: where its file should lie, its file's name, its row."""
        for folder in (path / self.subdir for path in self.places):
            for name, row in _rows(folder).items():
                yield folder / name, name, row

    def _write(self, rows: Mapping[str, Mapping[str, Any]]) -> None:
        # First what a killed command may leave half done: a package that has its row is not made
        # again, and then nobody would tidy up here.
        write_rows(self.files, self.path / "noarch", {})
        write_rows(self.files, self.folder, rows)

    def _record(self, place: Path, filename: str, row: Mapping[str, Any]) -> Any:
        from conda.models.channel import Channel
        from conda.models.records import PackageRecord

        facts = {key: value for key, value in row.items() if key != _OURS}
        channel = Channel(place.parent.parent.as_uri())
        return PackageRecord(fn=filename, url=place.as_uri(), channel=channel, **facts)


def _rows(folder: Path) -> dict[str, dict[str, Any]]:
    found, _ = _read(folder / INDEX)
    rows: dict[str, dict[str, Any]] = found.get("packages.conda", {})
    return rows


def broken_files(cache: Path) -> list[Path]:
    """What of the local channel in a package cache cannot be read in full."""
    try:
        names = sorted(os.listdir(cache / NAME))
    except OSError:
        # It is not there, or another user keeps it to himself.
        return []
    paths = [cache / NAME / _RELEASES, *(cache / NAME / name / INDEX for name in names)]
    return [path for path in paths if _read(path)[1]]


def _read(path: Path) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What of a file can be used, and what is wrong with it."""
    try:
        content = read_json(path, links=False)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        # What another user keeps to himself is not there.
        return {}, ()
    except (OSError, ValueError) as error:
        return {}, (str(error),)
    found, problems = schema.read(_SCHEMAS[path.name], content)
    return found or {}, problems
