"""What the Python package index that pip is configured to use says of NVIDIA's wheels."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from conda_cuda_plugin.platforms import PLATFORMS, Platform
from conda_cuda_plugin.sources.pypi.flavors import component_pins, read_versions
from conda_cuda_plugin.sources.pypi.lookup import Lookup
from conda_cuda_plugin.sources.pypi.source import METAPACKAGE
from conda_cuda_plugin.sources.pypi.wheel import IndexFailure, Wheel
from conda_cuda_plugin.toolkit import components
from conda_cuda_plugin.versions import CudaVersion

LINUX = PLATFORMS["linux-64"]
_EXTRA = re.compile(r"extra == ['\"]([\w-]+)['\"]")
_GROUPS = {"all"}
"""Extras that stand for others."""


class Index:
    """The index, asked once for each release.

    Args:
        again: the releases to read anew though the data files know them; `all` stands for all.
    """

    def __init__(self, again: Iterable[str] = ()) -> None:
        self.again = set(again)
        self.versions = sorted(
            set(read_versions(Lookup(LINUX, offline=False).versions(METAPACKAGE)))
        )
        self._requires: dict[str, Sequence[str]] = {}

    def requires(self, version: str) -> Sequence[str]:
        """The requirements of a release's metapackage."""
        if version not in self._requires:
            lookup = Lookup(LINUX, offline=False)
            (wheel,) = lookup.resolve([f"{METAPACKAGE}=={version}"], requires=True)
            self._requires[version] = wheel.requires
        return self._requires[version]

    def to_read(self, known: Iterable[str]) -> list[str]:
        """The releases of the index to look at, oldest first."""
        settled = set() if "all" in self.again else set(known) - self.again
        return [text for text in map(str, self.versions) if text not in settled]


def releases(document: dict[str, Any], index: Index) -> tuple[dict[str, Any], list[str]]:
    """releases.json: which releases have a metapackage, and the versions it pins."""
    after = copy.deepcopy(document)
    rows, there = after["releases"], {str(version) for version in index.versions}
    for text, row in rows.items():
        if row.get("pypi") and text not in there:
            for key in ("pypi", "cudart", "nvcc"):
                row.pop(key, None)
    for text in index.to_read(text for text, row in rows.items() if row.get("pypi")):
        pins = component_pins(index.requires(text), LINUX)
        numbers: dict[str, Any] = {
            name: pins[name].split("==")[1].removesuffix(".*")
            for name in ("cudart", "nvcc")
            if name in pins
        }
        read: dict[str, Any] = {"pypi": True, **numbers}
        kept = {key: value for key, value in rows.get(text, {}).items() if key not in read}
        rows[text] = {**read, **kept}
    after["releases"] = {text: rows[text] for text in sorted(rows, key=CudaVersion.parse)}
    return after, []


def sizes(document: dict[str, Any], index: Index) -> tuple[dict[str, Any], list[str]]:
    """sizes.json: what each component is to download, in megabytes."""
    after = copy.deepcopy(document)
    rows, platforms = after["pypi"], after["platforms"]
    there = {str(version) for version in index.versions}
    rows = {text: row for text, row in rows.items() if text in there}
    for text in index.to_read(rows):
        columns = [_downloads(index.requires(text), PLATFORMS[name]) for name in platforms]
        names = [name for name in components() if any(name in column for column in columns)]
        rows[text] = {name: [column.get(name) for column in columns] for name in names}
    after["pypi"] = {text: rows[text] for text in sorted(rows, key=CudaVersion.parse)}
    return after, []


def _downloads(requires: Sequence[str], platform: Platform) -> dict[str, float]:
    """The megabytes of each component that has a wheel for a platform."""
    pins = component_pins(requires, platform)
    wheels: list[Wheel] = []
    while pins:
        try:
            wheels = Lookup(platform, offline=False).resolve(list(pins.values()))
            break
        except IndexFailure as error:
            gone = (error.requirement or "").partition("==")[0]
            left = {name: pin for name, pin in pins.items() if pin.partition("==")[0] != gone}
            if len(left) == len(pins):
                raise
            pins = left
    found = {wheel.name.lower().replace("_", "-"): _bytes(wheel.url) for wheel in wheels}
    return {
        name: round(found[pin.partition("==")[0]] / 1e6, 1)
        for name, pin in pins.items()
        if pin.partition("==")[0] in found
    }


def _bytes(address: str) -> int:
    """How long a file is, without downloading it."""
    where = urlsplit(address)
    if where.scheme == "file":
        return Path(unquote(where.path)).stat().st_size
    import requests

    answer = requests.head(address, allow_redirects=True, timeout=60)
    answer.raise_for_status()
    return int(answer.headers["Content-Length"])


def unknown_components(document: dict[str, Any], index: Index) -> tuple[dict[str, Any], list[str]]:
    """components.json: an extra that is no component yet needs a flavor, which a person chooses."""
    extras = {
        extra for line in index.requires(str(index.versions[-1])) for extra in _EXTRA.findall(line)
    }
    unknown = sorted(extras - set(document["components"]) - _GROUPS)
    return document, [
        f"{METAPACKAGE} {index.versions[-1]} has the extra {name}, which is no component yet:"
        " add it with the flavor it belongs to"
        for name in unknown
    ]


def addons(document: dict[str, Any], index: Index) -> tuple[dict[str, Any], list[str]]:
    """addons.json: for which CUDA majors there are wheels, and from which version to which."""
    after = copy.deepcopy(document)
    majors = sorted({version.major for version in index.versions})
    notes = []
    for row in after["addons"].values():
        for major in majors:
            package = row["pypi"].format(major=major)
            try:
                texts = Lookup(LINUX, offline=False).versions(package)
            except IndexFailure as error:
                if error.unreachable:
                    raise
                notes.append(f"the index has no {package}")
                continue
            versions = sorted(_short(text) for text in texts)
            first, last = row["cuda"].get(str(major), [None, None])
            lowest, highest = versions[0], versions[-1]
            if first is None or lowest < _short(first):
                first = _text(lowest)
            if last is not None and highest > _short(last):
                last = _text(highest)
            row["cuda"][str(major)] = [first, last]
    return after, notes


def _short(text: str) -> tuple[int, ...]:
    """The first two numbers of a version."""
    return tuple(int(number) for number in re.findall(r"\d+", text)[:2])


def _text(numbers: tuple[int, ...]) -> str:
    return ".".join(map(str, numbers))
