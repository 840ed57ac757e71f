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

from .files import write_atomically

NAME = "conda-cuda"
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
        from .conda_compat import writable_package_cache

        return cls(writable_package_cache() / NAME, subdir)

    @property
    def folder(self) -> Path:
        """Where the packages lie."""
        return self.path / self.subdir

    def record_of(self, sha256: str | None) -> Any | None:
        """The conda record of the package made from a foreign file, or None.

        Args:
            sha256: the foreign file's hash.
        """
        for filename, row in self._rows().items():
            made_of = row.get(_OURS, {})
            if sha256 and made_of.get("sha256") == sha256 and (self.folder / filename).is_file():
                return self._record(filename, row)
        return None

    def record_named(self, name: str, version: str) -> Any | None:
        """The conda record of a converted package, or None.

        Args:
            name: the package.
            version: its version, or the beginning of it followed by `.*`.
        """
        for filename, row in self._rows().items():
            fits = row["version"] == version or (
                version.endswith(".*") and f"{row['version']}.".startswith(version[:-1])
            )
            if row["name"] == name and fits and (self.folder / filename).is_file():
                return self._record(filename, row)
        return None

    def add(self, package: Path, record: Mapping[str, Any], made_of: Mapping[str, str]) -> Any:
        """Move a package into the channel; its conda record.

        Args:
            package: the file, on the same file system as the channel.
            record: name, version, build and so on, as in repodata.json.
            made_of: name and sha256 of the foreign file.
        """
        data = package.read_bytes()
        row = {
            **record,
            "md5": hashlib.md5(data, usedforsecurity=False).hexdigest(),
            "sha256": hashlib.sha256(data).hexdigest(),
            "size": len(data),
            _OURS: dict(made_of),
        }
        place = self.folder / package.name
        os.replace(package, place)
        self._write({**self._rows(), package.name: row})
        self._offer_to_cache(place)
        return self._record(package.name, row)

    def _offer_to_cache(self, place: Path) -> None:
        """Let conda find the package in its cache, so that it need not copy it there.

        conda knows a package of its cache by the address beside it in urls.txt.
        """
        from .conda_compat import forget_package_caches

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
        known = self._releases()
        if known.get(version) != list(requires):
            known[version] = list(requires)
            write_atomically(
                self.path / "releases.json", json.dumps(known, indent=1, sort_keys=True).encode()
            )

    def _releases(self) -> dict[str, list[str]]:
        content = _read_json(self.path / "releases.json")
        return {key: value for key, value in content.items() if isinstance(value, list)}

    def _rows(self) -> dict[str, dict[str, Any]]:
        rows = _read_json(self.folder / "repodata.json").get("packages.conda", {})
        return rows if isinstance(rows, dict) else {}

    def _write(self, rows: Mapping[str, Mapping[str, Any]]) -> None:
        repodata = {
            "info": {"subdir": self.subdir},
            "packages": {},
            "packages.conda": dict(sorted(rows.items())),
            "removed": [],
            "repodata_version": 1,
        }
        write_atomically(self.folder / "repodata.json", json.dumps(repodata, indent=1).encode())
        noarch = {**repodata, "info": {"subdir": "noarch"}, "packages.conda": {}}
        write_atomically(
            self.path / "noarch" / "repodata.json", json.dumps(noarch, indent=1).encode()
        )

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
