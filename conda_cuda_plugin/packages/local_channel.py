"""The packages that were made here, unpacked in conda's package cache, and their index.

Each package cache has a folder `conda-cuda`, which is laid out as a channel. conda cuda 0.1.0 kept
the files of the packages there, too.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conda.models.channel import Channel
from conda.models.records import PackageRecord
from conda.models.version import VersionOrder

from ..errors import FileSystemError
from ..system import schema
from ..system.files import Inside
from ..system.lock import locked
from ..system.ownership import is_open
from ..system.reading import read_json
from ..system.shared_caches import (
    NoWritableCacheError,
    first_writable,
    forget,
    package_caches,
)
from ..versions import begins_with
from .channel_folder import INDEX, write_rows
from .extraction import seal

NAME = "conda-cuda"
"""Our folder in a package cache."""
RELEASES = "releases.json"
"""The requirements of the releases that were seen."""
MADE_OF = "conda_cuda"
"""The key of a row that says which foreign file the package was made of."""
SEAL = "conda_cuda_seal"
"""The key of a row that says what the package was like when it was put there."""
PARTS = "downloads"
"""The folder of a channel that holds files that were downloaded in part."""
_FORGOTTEN_AFTER = 30 * 24 * 3600
"""Seconds after which a broken download is removed that no command has resumed."""
_INFO = Path("info", "repodata_record.json")
"""What conda knows of an unpacked package, below its folder."""

_WORD = schema.text(r"[A-Za-z0-9_.+!~-]{1,200}")
_SPEC = schema.text(r"[^\x00-\x20\x7f][^\x00-\x1f\x7f]{0,500}")
_ROW = schema.record(
    {
        **dict.fromkeys(("name", "version", "build", "subdir"), _WORD),
        **dict.fromkeys(("build_number", "size", "timestamp"), schema.number),
        **dict.fromkeys(("depends", "constrains"), schema.items(_SPEC)),
        **dict.fromkeys(("license", "license_family"), schema.text()),
        "md5": schema.text("[0-9a-f]{32}"),
        **dict.fromkeys(("sha256", SEAL), schema.text("[0-9a-f]{64}")),
        MADE_OF: schema.table(_WORD, schema.text()),
    },
    ("name", "version", "build", "build_number", "sha256"),
)
_SCHEMAS = {
    RELEASES: schema.table(schema.text(r"\d[\d.]{0,20}"), schema.items(_SPEC)),
    INDEX: schema.record({"packages.conda": schema.table(schema.NAME, _ROW)}),
}
_passed_over: set[Path] = set()
"""The packages that this command does not take as they are."""


@dataclass(frozen=True)
class LocalChannel:
    """The local channel of one package cache, for one platform, with what other caches hold.

    A package is known by the place where its file would lie, and by its row in the index.
    """

    written: Path | None
    """Where new packages go; None where no package cache can be written."""
    subdir: str
    others: tuple[Path, ...] = ()
    """The channels of other package caches, which are only read."""

    @classmethod
    def find(cls, subdir: str) -> LocalChannel:
        """The channels in conda's package caches; the folder of the first need not exist yet."""
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

    @contextlib.contextmanager
    def staging(self) -> Iterator[Path]:
        """An empty folder beside the packages, so that a finished one is moved, not copied.

        One command at a time has it. It is removed at the end, with what killed commands have left
        and broken downloads that no command has resumed.

        Raises:
            LockedError: when another command has it for too long.
            FileSystemError: when the disk is full or the cache cannot be written.
        """
        files, path, folder = self.files, self.path, self.folder
        what = "another conda cuda that fills the package cache"
        try:
            files.make_folder(folder)
            with locked(path / "lock", what, below=files.base):
                for one in (path, folder, path / "noarch"):
                    files.remove_leftovers(one)
                self.remove_files()
                for part in (path / PARTS).glob("*.part"):
                    facts = part.lstat()
                    old = time.time() - facts.st_mtime > _FORGOTTEN_AFTER
                    if old or not stat.S_ISREG(facts.st_mode):
                        files.remove_tree(part)
                with files.scratch(path) as scratch:
                    yield scratch
        except OSError as error:
            raise FileSystemError(error, path.parent) from error

    def record_of(
        self, sha256: str | None, name: str | None = None, build: str | None = None
    ) -> Any | None:
        """The conda record of the package made from a foreign file, or None.

        Args:
            sha256: the foreign file's hash.
            name: the package's name, where one file becomes several packages.
            build: the package's build, where a file may be part of several releases.
        """
        for place, row in self._known():
            if (
                sha256
                and row.get(MADE_OF, {}).get("sha256") == sha256
                and name in (None, row["name"])
                and build in (None, row["build"])
                and place not in _passed_over
                and _is_there(place, row)
            ):
                return _record(place, row)
        return None

    def record_named(self, name: str, version: str) -> Any | None:
        """The newest converted package with a version, or with one that begins so (`8.9.*`)."""
        fits = begins_with if version.endswith(".*") else str.__eq__
        found = [
            (place, row)
            for place, row in self._known()
            if row["name"] == name
            and fits(row["version"], version.removesuffix(".*"))
            and _is_there(place, row)
        ]
        # By name 9.10 comes before 9.2.
        newest = max(found, key=lambda one: VersionOrder(one[1]["version"]), default=None)
        return _record(*newest) if newest else None

    def made_of(self, filename: str) -> dict[str, str]:
        """File, sha256 and, where known, url of what a package was made of; empty if unknown."""
        return dict(self.rows().get(filename, {}).get(MADE_OF, {}))

    def rows(self) -> dict[str, dict[str, Any]]:
        """What the indexes say of each package, by file name, as far as it can be used."""
        return {place.name: row for place, row in reversed(list(self._known()))}

    def add(self, package: Path, record: Mapping[str, Any], made_of: Mapping[str, str]) -> Any:
        """Move an unpacked package into the package cache; its conda record.

        Args:
            package: its folder, below the package cache, where its name is free.
            record: name, version, build and so on, as in repodata.json.
            made_of: name and sha256 of the foreign file.
        """
        # conda has the hash of a package's file there. There is no file, and so the folder itself
        # tells which foreign file it was made of.
        row = {**record, "sha256": made_of["sha256"], MADE_OF: dict(made_of)}
        files, channel, folder = self.files, self.path, self.folder
        place, cached = folder / f"{package.name}.conda", channel.parent / package.name
        found, others = _record(place, row), rows_in(folder)
        row[SEAL] = seal(package)
        with files.create(package / _INFO) as file:
            file.write(json.dumps(found.dump(), indent=2, sort_keys=True).encode())
        # conda reads both where it is to hold what came from here.
        write_rows(files, channel / "noarch", {})
        write_rows(files, folder, {**others, place.name: row})
        # A package of this name may be there: another one, or one that was damaged.
        for path in (place, cached.with_name(place.name)):
            files.remove(path)
        if os.path.lexists(cached):
            files.rename(cached, package.with_name(f"{package.name}.old"))
        files.rename(package, cached)
        _passed_over.discard(place)
        forget()
        return found

    def unpacked(self, record: Any) -> Path | None:
        """The folder of a package of this channel in the package cache; None where it is not."""
        return next((_folder_of(place) for place, _ in self._unpacked(record)), None)

    def is_sealed(self, record: Any) -> bool | None:
        """Whether a package of this channel is what it was when it was put into the cache.

        The hashes of its files stand in its own list. None where that is not known: the package
        is of conda cuda 0.1.0, or others may write the index.
        """
        for place, row in self._unpacked(record):
            if SEAL in row:
                try:
                    return bool(seal(_folder_of(place)) == row[SEAL])
                except OSError:
                    return False
        return None

    def pass_over(self, record: Any) -> None:
        """Do not use a package again in this command: it is made again."""
        _passed_over.update(place for place, _ in self._known() if place.as_uri() == record.url)

    def remove_files(self) -> None:
        """Remove the files from which packages were unpacked: conda cuda 0.1.0 kept them."""
        for name, row in rows_in(self.folder).items():
            place = self.folder / name
            if place.is_file() and _is_unpacked(place, row):
                self.files.remove(place)
                self.files.remove(self.path.parent / name)

    def releases(self) -> list[str]:
        """The releases whose requirements were seen before."""
        return list(self._releases())

    def release(self, version: str) -> list[str] | None:
        """The requirements of a release's metapackage, if they were seen before."""
        return self._releases().get(version)

    def remember_release(self, version: str, requires: Sequence[str]) -> None:
        """Keep a metapackage's requirements for use without a network."""
        if self.written is None or self._releases().get(version) == list(requires):
            return
        lock, what = self.path / "releases.lock", "another conda cuda that writes down releases"
        with locked(lock, what, below=self.path.parent):
            self.files.remove_leftovers(self.path, RELEASES)
            known = {**read(self.path / RELEASES)[0], version: list(requires)}
            text = json.dumps(known, indent=1, sort_keys=True)
            self.files.write(self.path / RELEASES, text.encode())

    def _releases(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for path in reversed(self.places):
            found |= read(path / RELEASES)[0]
        return found

    def _known(self) -> Iterator[tuple[Path, dict[str, Any]]]:
        """Each package that was made here; `conda clean` may have removed it."""
        for folder in (path / self.subdir for path in self.places):
            for name, row in rows_in(folder).items():
                yield folder / name, row

    def _unpacked(self, record: Any) -> Iterator[tuple[Path, dict[str, Any]]]:
        """The package of a record, where it is unpacked."""
        for place, row in self._known():
            if place.as_uri() == record.url and _is_unpacked(place, row):
                yield place, row


def _record(place: Path, row: Mapping[str, Any]) -> Any:
    facts = {key: value for key, value in row.items() if key not in (MADE_OF, SEAL)}
    channel = Channel(place.parent.parent.as_uri())
    return PackageRecord(fn=place.name, url=place.as_uri(), channel=channel, **facts)


def _is_there(place: Path, row: Mapping[str, Any]) -> bool:
    """Whether a package can be linked: it is unpacked, or the file of conda cuda 0.1.0 is there."""
    return _is_unpacked(place, row) or (place.is_file() and os.access(place, os.R_OK))


def _is_unpacked(place: Path, row: Mapping[str, Any]) -> bool:
    """Whether the folder in the package cache is this package, and not another of its name."""
    try:
        found = read_json(_folder_of(place) / _INFO, links=False)
    except (OSError, ValueError):
        return False
    if not isinstance(found, dict) or found.get("url") != place.as_uri():
        return False
    # Of a file in its cache conda itself has taken the weaker hash only.
    return any(row.get(name) and row[name] == found.get(name) for name in ("sha256", "md5"))


def _folder_of(place: Path) -> Path:
    return place.parents[2] / place.name.removesuffix(".conda")


def rows_in(folder: Path) -> dict[str, dict[str, Any]]:
    """What the index of a folder says of each package, as far as it can be used.

    Where others may write the index, no seal in it counts.
    """
    found, _ = read(folder / INDEX)
    rows: dict[str, dict[str, Any]] = found.get("packages.conda", {})
    if is_open(folder / INDEX):
        for row in rows.values():
            row.pop(SEAL, None)
    # Files and folders are looked for under these names.
    return {
        name: row
        for name, row in rows.items()
        if name == f"{row['name']}-{row['version']}-{row['build']}.conda"
    }


def broken_files(cache: Path) -> list[Path]:
    """What of the local channel in a package cache cannot be read in full."""
    try:
        names = sorted(os.listdir(cache / NAME))
    except OSError:
        # It does not exist, or another user keeps it private.
        return []
    paths = [cache / NAME / RELEASES, *(cache / NAME / name / INDEX for name in names)]
    return [path for path in paths if read(path)[1]]


def read(path: Path) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What of one of these files can be used, and what is wrong with it."""
    try:
        content = read_json(path, links=False)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        # What another user keeps private is not there.
        return {}, ()
    except (OSError, ValueError) as error:
        return {}, (str(error),)
    found, problems = schema.read(_SCHEMAS[path.name], content)
    return found or {}, problems
