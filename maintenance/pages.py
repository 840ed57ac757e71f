"""What is read from pages that a maintainer saves: they cannot be asked for by a program."""

from __future__ import annotations

import copy
import re
from html.parser import HTMLParser
from typing import Any

from conda_cuda_plugin.versions import CudaVersion

_MANIFEST = re.compile(r"\bredistrib_(\d+\.\d+\.\d+)\.json\b")
_INSTALLER = re.compile(
    r"""["']([0-9a-f]{64})["'],\s*["'](?:[^"'\s]+/)?(cuda_[\w.-]+?)["']""", re.ASCII
)
_TOOLKIT = re.compile(r"CUDA (\d+)\.(\d+)(?:\.(\d+))?(?: (?:GA|Update (\d+)))?(?: \(.*\))?")
_DRIVER = re.compile(r">=\s*(\d+(?:\.\d+)+)")


class PageError(Exception):
    """A page holds nothing of what it was given for."""


def redist(document: dict[str, Any], page: str) -> dict[str, Any]:
    """redist.json: the releases of which the folder's listing shows a manifest."""
    found = _some(set(_MANIFEST.findall(page)), "a redistrib_X.Y.Z.json")
    return {**document, "releases": sorted(found, key=CudaVersion.parse)}


def runfiles(document: dict[str, Any], page: str) -> dict[str, Any]:
    """runfiles.json: the SHA-256 of installers, from the recipe of the package manager Spack."""
    found = {name: sha256 for sha256, name in _INSTALLER.findall(page) if "linux" in name}
    _some(found, "the SHA-256 and address of an installer")
    return {**document, "sha256": dict(sorted(found.items()))}


def drivers(document: dict[str, Any], page: str) -> dict[str, Any]:
    """compatibility.json: the driver of each release, from the toolkit's release notes."""
    after = copy.deepcopy(document)
    reader = _Tables()
    reader.feed(page)
    count = 0
    for cells in reader.rows:
        toolkit = _TOOLKIT.fullmatch(cells[0]) if len(cells) > 2 else None
        linux, windows = (_DRIVER.search(cell) for cell in (cells[1:3] if toolkit else ("", "")))
        if toolkit is None or linux is None:
            continue
        count += 1
        major, minor, number, update = toolkit.groups()
        version = f"{major}.{minor}.{update or number or 0}"
        row = {"branch": linux[1].partition(".")[0], "linux": linux[1]}
        if windows is not None:
            row["windows"] = windows[1]
        after["drivers"][version] = {**after["drivers"].get(version, {}), **row}
    _some(range(count), "a row 'CUDA X.Y Update Z, >=DRIVER, >=DRIVER'")
    rows = after["drivers"]
    after["drivers"] = {text: rows[text] for text in sorted(rows, key=CudaVersion.parse)}
    return after


def _some(found: Any, what: str) -> Any:
    if not found:
        raise PageError(f"the page does not hold {what}")
    return found


class _Tables(HTMLParser):
    """The rows of all tables of a page, as texts."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th") and self.rows:
            self.rows[-1].append("")
            self._inside = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.rows[-1][-1] = " ".join(f"{self.rows[-1][-1]} {data}".split())
