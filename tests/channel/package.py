"""Writing conda packages and channels, as conda-build does; nothing of the plugin is used here."""

from __future__ import annotations

import bz2
import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PLACEHOLDER = "/opt/build/" + "placehold_" * 20
"""Stands in text files for the prefix that conda writes there at installation."""
TIMESTAMP = 1_700_000_000


@dataclass(frozen=True)
class CondaPackage:
    """A conda package before it is written.

    Args:
        files: contents by path; what lies in `bin` or ends in `.sh` below it is executable.
        links: symbolic links by path.
        noarch: whether it goes into the channel's noarch folder.
        old: whether it is a `.tar.bz2`, as before 2020.
        number: the build number, by which one build goes before another.
    """

    name: str
    version: str
    depends: tuple[str, ...] = ()
    constrains: tuple[str, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    noarch: bool = False
    old: bool = False
    build: str = "0"
    number: int = 0

    @property
    def stem(self) -> str:
        """`name-version-build`."""
        return f"{self.name}-{self.version}-{self.build}"

    def index(self, subdir: str) -> dict[str, Any]:
        """The content of info/index.json."""
        found: dict[str, Any] = {
            "name": self.name,
            "version": self.version,
            "build": self.build,
            "build_number": self.number,
            "depends": list(self.depends),
            "constrains": list(self.constrains),
            "subdir": subdir,
            "timestamp": TIMESTAMP,
            "license": "LicenseRef-Test",
        }
        if self.noarch:
            found["noarch"] = "generic"
        return found

    def write(self, folder: Path, subdir: str) -> tuple[str, dict[str, Any]]:
        """Write the package into a folder; its file name and its row of repodata.json."""
        if self.old:
            path = self._write_tar_bz2(folder, subdir)
        else:
            path = self._write_conda(folder, subdir)
        data = path.read_bytes()
        row = self.index(subdir)
        row["size"] = len(data)
        row["md5"] = hashlib.md5(data, usedforsecurity=False).hexdigest()
        row["sha256"] = hashlib.sha256(data).hexdigest()
        return path.name, row

    def _write_conda(self, folder: Path, subdir: str) -> Path:
        from conda_package_streaming import create

        # Its versions take the level of one package in different ways; of all packages, in this.
        create.ZSTD_COMPRESS_LEVEL = 1
        with create.conda_builder(self.stem, folder) as tar:
            self._fill(tar, subdir)
        return folder / f"{self.stem}.conda"

    def _write_tar_bz2(self, folder: Path, subdir: str) -> Path:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            self._fill(tar, subdir)
        path = folder / f"{self.stem}.tar.bz2"
        path.write_bytes(bz2.compress(buffer.getvalue(), 1))
        return path

    def _fill(self, tar: tarfile.TarFile, subdir: str) -> None:
        rows = []
        for path, data in self.files.items():
            row = _path_row(path, data, "hardlink")
            if PLACEHOLDER.encode() in data:
                row |= {"prefix_placeholder": PLACEHOLDER, "file_mode": "text"}
            rows.append(row)
        rows += [_path_row(path, b"", "softlink") for path in self.links]
        paths = sorted([*self.files, *self.links])
        info = {
            "info/index.json": json.dumps(self.index(subdir), indent=1).encode(),
            "info/paths.json": json.dumps({"paths": rows, "paths_version": 1}, indent=1).encode(),
            "info/files": "".join(f"{path}\n" for path in paths).encode(),
        }
        marked = [row["_path"] for row in rows if "prefix_placeholder" in row]
        if marked:
            info["info/has_prefix"] = "".join(
                f'"{PLACEHOLDER}" "text" "{path}"\n' for path in marked
            ).encode()
        for path, data in (*info.items(), *self.files.items()):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mtime, entry.mode = len(data), TIMESTAMP, _mode(path)
            tar.addfile(entry, io.BytesIO(data))
        for path, target in self.links.items():
            entry = tarfile.TarInfo(path)
            entry.type, entry.linkname, entry.mtime = tarfile.SYMTYPE, target, TIMESTAMP
            tar.addfile(entry)


def write_channel(folder: Path, subdir: str, packages: Iterable[CondaPackage]) -> Path:
    """Write packages and the index of a channel; its folder."""
    rows: dict[str, dict[str, dict[str, Any]]] = {subdir: {}, "noarch": {}}
    for name in rows:
        (folder / name).mkdir(parents=True)
    for package in packages:
        place = "noarch" if package.noarch else subdir
        name, row = package.write(folder / place, place)
        assert name not in rows[place], name
        rows[place][name] = row
    for place, found in rows.items():
        repodata = {
            "info": {"subdir": place},
            "packages": {k: v for k, v in found.items() if k.endswith(".tar.bz2")},
            "packages.conda": {k: v for k, v in found.items() if k.endswith(".conda")},
            "removed": [],
            "repodata_version": 1,
        }
        (folder / place / "repodata.json").write_text(json.dumps(repodata, indent=1))
    return folder


def _path_row(path: str, data: bytes, kind: str) -> dict[str, Any]:
    return {
        "_path": path,
        "path_type": kind,
        "sha256": hashlib.sha256(data).hexdigest(),
        "size_in_bytes": len(data),
    }


def _mode(path: str) -> int:
    programs = ("bin/", "nvvm/bin/")
    return 0o755 if path.startswith(programs) and not path.endswith(".profile") else 0o644
