"""What a file of `conda cuda export` may hold: every value is checked before it is used."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

from conda.exceptions import InvalidSpec
from conda.models.match_spec import MatchSpec

from ..addons import addons, is_addon_version
from ..errors import CudaError
from ..network.addresses import is_usable
from ..platforms import PLATFORMS
from ..system import schema
from ..system.schema import Schema, Wrong, choice, flag, items, record, table, text, unusable
from ..toolkit import Flavor, Origin
from ..versions import CudaVersion, VersionRequest
from .cuda_file import (
    FORMAT_KEY,
    CudaFile,
    CudaFileError,
    ExactPackage,
    ExactToolkit,
    digest_of,
    read_content,
)

_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+!~-]{0,199}", re.ASCII)
_LONGEST = 2000
"""Characters of an address."""
_MOST = 2000
"""Packages of a toolkit; the largest release has fewer than 200."""


def parse(text: str, file: str) -> CudaFile:
    """What a file's text says, checked thoroughly.

    Args:
        text: the text.
        file: the file's name, for messages.

    Raises:
        CudaFileError: when anything in it is missing, has no sense, or was changed.
    """
    content = read_content(text, file)
    row, problems = schema.read(_file, content)
    if problems:
        raise CudaFileError(file, f"cannot be used: {problems[0]}")
    if content["digest"] != digest_of(content):
        raise CudaFileError(
            file,
            "was changed after it was exported: its values do not agree with its digest",
            [
                "Get it from where it came from once more (comments may be changed, values not).",
                "conda cuda use asks for another toolkit; conda cuda export -f FILE writes that.",
            ],
        )
    return CudaFile(
        row["platform"],
        row.get("current"),
        row["request"],
        tuple(row["toolkits"]),
        tuple(row.get("not-promised", ())),
        {other["platform"]: tuple(other["toolkits"]) for other in row.get("others", ())},
    )


def _word(rule: Callable[[str], Any], *, parsed: bool = False) -> Schema:
    """Text that a rule accepts; or, parsed, what the rule makes of it."""
    is_word = text()

    def check(value: Any, place: str, problems: list[str]) -> Any:
        word = is_word(value, place, problems)
        try:
            found = rule(word)
        except (ValueError, CudaError, InvalidSpec):
            found = None
        if not found:
            raise unusable(place, value)
        return found if parsed else word

    return check


REQUEST: dict[str, Schema] = {
    "version": _word(VersionRequest.parse),
    "source": choice([origin.value for origin in Origin]),
    "flavor": choice([flavor.value for flavor in Flavor]),
    "components": items(text()),
    "addons": table(_word(lambda name: name in addons()), _word(is_addon_version)),
    "host_compiler": flag,
    "pin": flag,
    "channels": items(_word(lambda channel: "://" not in channel or is_usable(channel))),
}
"""What of a recorded request is exported."""
# No dash in the last two: the three are parts of `name-version-build`, which names files.
_PACKAGE = record(
    {
        "name": text(r"[a-z0-9_](?:[a-z0-9_.-]{0,126}[a-z0-9_])?"),
        "version": text(r"[a-zA-Z0-9][a-zA-Z0-9_.!+~]{0,63}"),
        "build": text(r"[a-zA-Z0-9_][a-zA-Z0-9_.+]{0,63}"),
        "url": text(),
        "file": text(_FILE_NAME.pattern),
        "sha256": text(r"[0-9a-f]{64}"),
        "md5": text(r"[0-9a-f]{32}"),
    },
    ("name", "version", "build"),
    closed=True,
)


def _package(value: Any, place: str, problems: list[str]) -> ExactPackage:
    """One package; its address is that of a file that may hold it."""
    package = ExactPackage(**_PACKAGE(value, place, problems))
    if package.url is not None and not _is_address(package.url, package):
        raise unusable(f"{place}.url", package.url)
    return package


_TOOLKIT = record(
    {
        "version": _word(CudaVersion.parse, parsed=True),
        "origin": _word(Origin, parsed=True),
        "flavor": _word(Flavor, parsed=True),
        "components": items(text()),
        "specs": items(_word(MatchSpec)),
        "location": text(),
        "packages": items(_package, _MOST),
    },
    ("version", "origin"),
    closed=True,
)


def _toolkit(value: Any, place: str, problems: list[str]) -> ExactToolkit:
    """One toolkit, with packages that can be had."""
    row: dict[str, Any] = _TOOLKIT(value, place, problems)
    lists = {key: tuple(item) for key, item in row.items() if isinstance(item, list)}
    toolkit = ExactToolkit(**{**row, **lists})
    if not toolkit.packages and toolkit.origin is not Origin.SYSTEM:
        raise Wrong(place, "has no packages")
    _check_once([package.name for package in toolkit.packages], f"{place}.packages")
    for number, package in enumerate(toolkit.packages):
        if not package.url and not package.file and not toolkit.origin.adopted:
            raise Wrong(f"{place}.packages[{number}]", "has no url")
    return toolkit


_OTHER = record(
    {"platform": choice(list(PLATFORMS)), "toolkits": items(_toolkit)},
    ("platform", "toolkits"),
    closed=True,
)
_FILE = record(
    {
        FORMAT_KEY: text(),
        "platform": choice(list(PLATFORMS)),
        "current": text(),
        "request": record(REQUEST, ("version",), closed=True),
        "toolkits": items(_toolkit),
        "others": items(_OTHER, len(PLATFORMS)),
        "not-promised": items(text()),
        "digest": text(),
    },
    ("platform", "request", "toolkits", "digest"),
    closed=True,
)


def _file(value: Any, place: str, problems: list[str]) -> Mapping[str, Any]:
    row: Mapping[str, Any] = _FILE(value, place, problems)
    others = row.get("others", ())
    _check_once([row["platform"], *(other["platform"] for other in others)], "others")
    _check_toolkits(row, "toolkits", row.get("current"))
    for number, other in enumerate(others):
        _check_toolkits(other, f"others[{number}].toolkits", row.get("current"))
    return row


def _check_toolkits(row: Mapping[str, Any], place: str, current: str | None) -> None:
    """Refuse no toolkits, one twice, and a current one that is none of them."""
    releases = [toolkit.version.release for toolkit in row["toolkits"]]
    _check_once(releases, place)
    if not releases:
        raise Wrong(place, "is empty")
    if current is not None and current not in releases:
        raise Wrong("current", f"is none of the toolkits: {current!r}")


def _check_once(names: Sequence[str], place: str) -> None:
    """Refuse a list that names something twice."""
    for number, name in enumerate(names):
        if name in names[:number]:
            raise Wrong(place, f"names {name} more than once")


def _is_address(url: str, package: ExactPackage) -> bool:
    """Whether an address is one of a file that may hold the package."""
    if not is_usable(url) or len(url) > _LONGEST:
        return False
    parts = urlsplit(url)
    path = unquote(parts.path)
    *folders, name = path.split("/")
    if parts.query or "@" in parts.netloc or ".." in folders or "\\" in path:
        return False
    if name.endswith((".conda", ".tar.bz2")):
        return name in (f"{package.dist}.conda", f"{package.dist}.tar.bz2")
    return _FILE_NAME.fullmatch(name) is not None and "\0" not in path
