"""NVIDIA's `redistrib_X.Y.Z.json`: which archives make up a release, with sizes and hashes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from ...convert.archive import ENDINGS
from ...convert.package import MOST_BYTES
from ...data import read_data
from ...platforms import Platform
from ...quoting import quoted
from ...toolkit import Flavor, in_flavor
from ...versions import CudaVersion

MOST_MANIFEST = 2**24
"""Bytes; real ones have 50 000."""
FILE = re.compile(r"redistrib_(\d{1,3}\.\d{1,4}\.\d{1,5})\.json")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]*")
_VERSION = re.compile(r"\d+(?:\.[0-9A-Za-z_]+)*", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+~-]*")


class ManifestError(Exception):
    """A manifest that cannot be used; the reason is the end of a sentence."""


@dataclass(frozen=True)
class Archive:
    """One component of a release for one platform."""

    component: str
    """As the manifest calls it: `cuda_cudart`."""
    version: str
    path: str
    """Relative to the manifest."""
    sha256: str
    size: int
    release: CudaVersion

    @property
    def file(self) -> str:
        """Its file name."""
        return self.path.rpartition("/")[2]

    @property
    def name(self) -> str:
        """The name of the conda package it becomes."""
        return f"cuda-redist-{self.component.removeprefix('cuda_').replace('_', '-').lower()}"

    @property
    def build(self) -> str:
        """The build of that package, which names the release."""
        return f"cuda{self.release}_0"


@dataclass(frozen=True)
class Manifest:
    """What a release consists of."""

    version: CudaVersion
    file: str
    rows: Mapping[str, Mapping[str, Any]]
    """Component, as the manifest calls it, to what is said of it."""
    data: bytes
    """Its text."""

    def platforms(self) -> list[str]:
        """The platforms that it has anything for, as it calls them."""
        return sorted({key for row in self.rows.values() for key in row if _is_archive(row[key])})

    def components(self, platform: Platform) -> list[str]:
        """The components for a platform, as the manifest calls them."""
        key = platform_name(platform)
        return [name for name, row in self.rows.items() if _is_archive(row.get(key))]

    def archive(self, component: str, platform: Platform) -> Archive:
        """The archive of a component for a platform.

        Raises:
            ManifestError: when what it says of it makes no sense.
        """
        row = self.rows[component]
        entry = row[platform_name(platform)]
        path, sha256 = str(entry["relative_path"]), str(entry.get("sha256", "")).lower()
        size, version = str(entry.get("size", "")), str(row.get("version", ""))
        parts = path.split("/")
        if not all(_PART.fullmatch(part) for part in parts) or not path.endswith(ENDINGS):
            raise ManifestError(f"names a file that it cannot mean: {quoted(path)}")
        if not _SHA256.fullmatch(sha256):
            raise ManifestError(f"gives no sha256 for {component}")
        if not re.fullmatch(r"[0-9]{1,18}", size) or not 0 < int(size) <= MOST_BYTES:
            raise ManifestError(f"gives no size for {component}")
        if not _VERSION.fullmatch(version):
            raise ManifestError(f"gives no version for {component}")
        return Archive(component, version, path, sha256, int(size), self.version)


def parse_manifest(data: bytes, file: str) -> Manifest:
    """Read a manifest; its file name says the release where its content does not.

    Raises:
        ManifestError: when it cannot be used.
    """
    try:
        content = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ManifestError("is not a JSON document") from error
    if not isinstance(content, dict):
        raise ManifestError("is not a manifest")
    named = FILE.fullmatch(PurePosixPath(file).name)
    label = str(content.get("release_label") or (named[1] if named else ""))
    try:
        version = CudaVersion.parse(label)
    except ValueError as error:
        raise ManifestError("does not say which release it is") from error
    rows = {
        name: row
        for name, row in content.items()
        if isinstance(row, dict) and _NAME.fullmatch(name)
    }
    found = Manifest(version, file, rows, data)
    if not found.platforms():
        raise ManifestError("names no archive")
    return found


def platform_name(platform: Platform) -> str:
    """NVIDIA's name of a platform (source: data/redist.json)."""
    name: str = read_data("redist.json")["platforms"][platform.subdir]
    return name


def known_releases() -> list[CudaVersion]:
    """The releases that manifests were seen of (source: data/redist.json)."""
    return [CudaVersion.parse(text) for text in read_data("redist.json")["releases"]]


def part_of_toolkit(component: str) -> str | None:
    """The name under which a user asks for a component; None when it has none."""
    name: str | None = read_data("redist.json")["components"].get(component)
    return name


def chosen(
    available: Sequence[str], flavor: Flavor | None, wanted: Sequence[str]
) -> tuple[list[str], list[str]]:
    """The components to take.

    Args:
        available: what the manifest has for the platform, as it calls it.
        flavor: the flavor that is asked for; devel is all but drivers and demonstrations.
        wanted: the components that are asked for besides.

    Returns:
        Them as the manifest calls them, and the names that users know them by.
    """
    table = read_data("redist.json")
    out, prefixes = table["left_out"]["exact"], tuple(table["left_out"]["prefixes"])
    names = {*wanted, *(in_flavor(flavor) if flavor else ())}
    taken = [
        component
        for component in available
        if part_of_toolkit(component) in names
        or (flavor is Flavor.DEVEL and component not in out and not component.startswith(prefixes))
    ]
    known = [part_of_toolkit(component) for component in taken]
    return taken, list(dict.fromkeys(name for name in known if name))


def _is_archive(entry: Any) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("relative_path"), str)
