"""The files that an index lists (PEP 503, PEP 691), and the one that pip would take."""

from __future__ import annotations

import functools
import math
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from packaging.tags import compatible_tags, cpython_tags, interpreter_name
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from ...network.addresses import shown_address
from ...network.connections import astray, printable
from ...platforms import Platform
from ...system.reading import parse_json
from .wheel import WHICH, IndexFailure

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+!-]*")
"""What a file of an index may be called: it becomes one here."""
_MOST_TAGS = 100
"""No wheel has more than 20; a name of 3 kB could stand for a thousand million."""
_FILE = re.compile(r"\.(?:whl|zip|tar\.gz|tar\.bz2|tgz|egg)$")
_JSON = "application/vnd.pypi.simple.v1+json"
_HTML = ("application/vnd.pypi.simple.v1+html", "text/html")


@dataclass(frozen=True)
class IndexFile:
    """A file as an index lists it."""

    filename: str
    url: str
    sha256: str | None = None
    size: int | None = None
    """Bytes; None where the index does not say."""
    yanked: bool = False
    has_metadata: bool = False
    """Whether its metadata lies beside it (PEP 658)."""
    metadata_sha256: str | None = None


def read_page(kind: str, body: str, url: str) -> list[IndexFile]:
    """The files that a page lists.

    Raises:
        IndexFailure: when it is not a page of an index.
    """
    media = kind.partition(";")[0].strip().lower()
    if media == _JSON:
        return [file for row in _json_rows(body, url) if (file := _file_of(url, row))]
    if media not in _HTML:
        raise _no_index(url, f": it answers with {printable(kind)}")
    links = list(_links(body, url))
    found = [file for link in links if (file := _file_of_link(*link))]
    if not any(_FILE.search(file.filename) for file in found):
        named = [values["href"].strip() for _, values in links]
        here = [printable(target) for target in named if target.lower().startswith("file:")]
        if here and not url.startswith("file:"):
            raise IndexFailure(
                f"{printable(shown_address(url))} names {here[0]}, a file of this machine, which "
                "is not taken"
            )
        raise _no_index(url, ": the page there names no file")
    return found


def file_on_disk(path: Path) -> IndexFile:
    """A file in a folder of wheels."""
    return IndexFile(path.name, path.absolute().as_uri(), size=path.stat().st_size)


def _no_index(url: str, why: str) -> IndexFailure:
    hint = "A page in between, such as that of a login, looks like this too."
    return IndexFailure(f"{printable(shown_address(url))} is not an index{why}", (hint, WHICH))


def _json_rows(body: str, url: str) -> list[Any]:
    try:
        content = parse_json(body)
        version, rows = str(content["meta"]["api-version"]), content["files"]
    except (ValueError, KeyError, TypeError) as error:
        raise _no_index(url, ": its JSON is not that of one") from error
    if not version.startswith("1.") or not isinstance(rows, list):
        raise _no_index(url, f" of version 1: it has version {printable(version)}")
    return rows


def _file_of(page: str, row: Any) -> IndexFile | None:
    if not isinstance(row, dict):
        return None
    filename, target, size = row.get("filename"), row.get("url"), row.get("size")
    if not isinstance(filename, str) or not isinstance(target, str):
        return None
    address = _file_address(page, target)
    if address is None:
        return None
    beside = row.get("core-metadata", row.get("dist-info-metadata"))
    return IndexFile(
        filename,
        address,
        _sha256(row.get("hashes")),
        size if isinstance(size, int) and not isinstance(size, bool) and size >= 0 else None,
        yanked=row.get("yanked", False) is not False,
        has_metadata=bool(beside),
        metadata_sha256=_sha256(beside),
    )


def _sha256(hashes: Any) -> str | None:
    value = hashes.get("sha256") if isinstance(hashes, Mapping) else None
    return value.lower() if isinstance(value, str) and _SHA256.fullmatch(value) else None


class _Anchors(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.base: str | None = None
        self.found: list[dict[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "base" and self.base is None:
            self.base = values.get("href")
        elif tag == "a" and values.get("href"):
            self.found.append(values)


def _links(body: str, url: str) -> Iterator[tuple[str, dict[str, str]]]:
    parser = _Anchors()
    # Not closed, as pip does not either: of a tag that has no end it takes forever to make sense.
    parser.feed(body)
    base = _address(url, parser.base) if parser.base else url
    return ((base or url, values) for values in parser.found)


def _file_of_link(base: str, values: Mapping[str, str]) -> IndexFile | None:
    address = _file_address(base, values["href"].strip())
    if address is None:
        return None
    bare, _, fragment = address.partition("#")
    hashes = dict(part.partition("=")[::2] for part in fragment.split("&"))
    beside = values.get("data-core-metadata", values.get("data-dist-info-metadata"))
    name, _, digest = (beside or "").partition("=")
    return IndexFile(
        _name_at(bare),
        bare,
        _sha256(hashes),
        yanked="data-yanked" in values,
        has_metadata=beside is not None and beside.lower() != "false",
        metadata_sha256=_sha256({name: digest}),
    )


def _file_address(base: str, target: str) -> str | None:
    """Where a file lies; None when it must not lie there, or its name leads elsewhere."""
    found = _address(base, target)
    return found if found and _NAME.fullmatch(_name_at(found)) else None


def _name_at(address: str) -> str:
    return unquote(urlsplit(address).path.rpartition("/")[2])


def _address(base: str, target: str) -> str | None:
    """Where a link leads; None when it must not lead there."""
    try:
        found = urljoin(base, target)
        is_known = urlsplit(found).scheme in ("file", "http", "https")
    except ValueError:
        return None
    return found if is_known and astray(base, target) is None else None


@dataclass(frozen=True)
class Candidate:
    """A wheel that fits the platform."""

    file: IndexFile
    version: Any
    rank: int
    """How far its tag is from the best one."""
    build: tuple[Any, ...]


def candidates(name: str, files: Iterable[IndexFile], platform: Platform) -> list[Candidate]:
    """The wheels of a package that fit a platform, in the order of the files.

    Which Python they are for does not count beyond their tags: a toolkit has no Python.
    """
    ranks = _ranks(platform)
    found = []
    for file in files:
        if not file.filename.endswith(".whl") or _tags_in(file.filename) > _MOST_TAGS:
            continue
        try:
            package, version, build, tags = parse_wheel_filename(file.filename)
        except (InvalidWheelFilename, ValueError):
            continue
        fitting = [ranks[tag] for tag in tags if tag in ranks]
        if package == name and fitting:
            found.append(Candidate(file, version, min(fitting), build))
    return found


def _tags_in(filename: str) -> int:
    """How many tags a name stands for: every combination of those in its three last parts."""
    parts = filename.removesuffix(".whl").split("-")[-3:]
    return math.prod(part.count(".") + 1 for part in parts)


def best(found: Sequence[Candidate], requirement: Any) -> Candidate | None:
    """The wheel that meets a requirement best; None when none does.

    The newest version, and of that the tag that says most, and the last that was found. One that
    was taken back is given only for a requirement that names exactly its version (PEP 592).
    """
    allowed = set(requirement.specifier.filter({one.version for one in found}))
    fitting = [one for one in found if one.version in allowed]
    offered = [one for one in fitting if not one.file.yanked]
    if not offered and _is_exact(requirement.specifier):
        offered = fitting
    order = sorted(offered, key=lambda one: (one.version, -one.rank, one.build))
    return order[-1] if order else None


def _is_exact(specifier: Any) -> bool:
    return any(
        one.operator == "===" or (one.operator == "==" and not one.version.endswith(".*"))
        for one in specifier
    )


@functools.cache
def _ranks(platform: Platform) -> dict[Any, int]:
    """The tags that fit, as `pip install --platform` has them: 0 is the best."""
    platforms = platform.wheel_tags
    interpreter = f"{interpreter_name()}{sys.version_info[0]}{sys.version_info[1]}"
    tags = [
        *cpython_tags(platforms=platforms),
        *compatible_tags(interpreter=interpreter, platforms=platforms),
    ]
    return {tag: rank for rank, tag in reversed(list(enumerate(tags)))}
