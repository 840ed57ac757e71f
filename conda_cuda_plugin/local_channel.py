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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .channel_index import write_rows
from .files import remove_leftovers, write_atomically
from .lock import locked

NAME = "conda-cuda"
_RELEASES = "releases.json"
_OURS = "conda_cuda"
"""The key of a record that says which foreign file the package was made of."""


@dataclass(frozen=True)
class LocalChannel:
    """The local channel of one package cache, for one platform."""

    path: Path
    subdir: str

    @classmethod
    def find(cls, subdir: str) -> LocalChannel:
        """The channel in the first writable package cache; its folder need not exist yet."""
        from .conda_packages import writable_package_cache

        return cls(writable_package_cache() / NAME, subdir)

    @property
    def folder(self) -> Path:
        """Where the packages lie."""
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
        for filename, row in self._rows().items():
            made_of = row.get(_OURS, {})
            if (
                sha256
                and made_of.get("sha256") == sha256
                and name in (None, row.get("name"))
                and build in (None, row.get("build"))
                and (self.folder / filename).is_file()
            ):
                return self._record(filename, row)
        return None

    def made_of(self, filename: str) -> dict[str, str]:
        """File, sha256 and, where known, url of what a package was made of; empty if unknown."""
        found = self._rows().get(filename, {}).get(_OURS)
        return dict(found) if isinstance(found, dict) else {}

    def record_named(self, name: str, version: str) -> Any | None:
        """The conda record of a converted package, the newest that fits, or None.

        Args:
            name: the package.
            version: its version, or the beginning of it followed by `.*`.
        """
        from conda.models.version import VersionOrder

        found: tuple[str, dict[str, Any]] | None = None
        for filename, row in self._rows().items():
            fits = row["version"] == version or (
                version.endswith(".*") and f"{row['version']}.".startswith(version[:-1])
            )
            if row["name"] != name or not fits or not (self.folder / filename).is_file():
                continue
            # One name sorts 9.10 before 9.2; the newest is meant.
            if found is None or VersionOrder(found[1]["version"]) < VersionOrder(row["version"]):
                found = filename, row
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
        with open(package, "rb") as file:
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
        os.replace(package, place)
        self._write({**self._rows(), package.name: row})
        if to_cache:
            self._offer_to_cache(place)
        return self._record(package.name, row)

    def _offer_to_cache(self, place: Path) -> None:
        """Let conda find the package in its cache, so that it need not copy it there.

        conda knows a package of its cache by the address beside it in urls.txt.
        """
        from .conda_packages import forget_package_caches

        cached = self.path.parent / place.name
        with contextlib.suppress(OSError):
            cached.unlink(missing_ok=True)
            os.link(place, cached)
            with open(self.path.parent / "urls.txt", "a", encoding="utf-8") as file:
                file.write(f"{place.as_uri()}\n")
        forget_package_caches()

    def release(self, version: str) -> list[str] | None:
        """The requirements of a release's metapackage, if they were seen before."""
        found = self._releases().get(version)
        return list(found) if found is not None else None

    def releases(self) -> list[str]:
        """The releases whose requirements were seen before."""
        return list(self._releases())

    def remember_release(self, version: str, requires: Sequence[str]) -> None:
        """Keep a metapackage's requirements for use without a network."""
        if self._releases().get(version) == list(requires):
            return
        with locked(self.path / "releases.lock", "another conda cuda that writes down releases"):
            remove_leftovers(self.path, _RELEASES)
            known = {**self._releases(), version: list(requires)}
            write_atomically(
                self.path / _RELEASES, json.dumps(known, indent=1, sort_keys=True).encode()
            )

    def _releases(self) -> dict[str, list[str]]:
        content = _read_json(self.path / _RELEASES)
        return {key: value for key, value in content.items() if isinstance(value, list)}

    def _rows(self) -> dict[str, dict[str, Any]]:
        rows = _read_json(self.folder / "repodata.json").get("packages.conda", {})
        return rows if isinstance(rows, dict) else {}

    def _write(self, rows: Mapping[str, Mapping[str, Any]]) -> None:
        # First what a killed command may leave half done: a package that has its row is not made
        # again, and then nobody would tidy up here.
        write_rows(self.path / "noarch", {})
        write_rows(self.folder, rows)

    def _record(self, filename: str, row: Mapping[str, Any]) -> Any:
        from conda.models.channel import Channel
        from conda.models.records import PackageRecord

        facts = {key: value for key, value in row.items() if key != _OURS}
        url = (self.folder / filename).as_uri()
        return PackageRecord(fn=filename, url=url, channel=Channel(self.path.as_uri()), **facts)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
