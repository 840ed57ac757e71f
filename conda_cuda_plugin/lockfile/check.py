"""Is it what a file of `conda cuda export` may hold? Every value is checked before it is used."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from conda.exceptions import InvalidSpec
from conda.models.match_spec import MatchSpec

from ..addons import addons, is_addon_version
from ..errors import CudaError
from ..network.addresses import is_usable
from ..platforms import PLATFORMS
from ..toolkit import Flavor, Origin
from ..versions import CudaVersion, VersionRequest
from .cuda_file import CudaFile, CudaFileError, ExactPackage, ExactToolkit, digest_of, read_content

REQUEST = {
    "version": str,
    "source": str,
    "flavor": str,
    "components": list,
    "addons": dict,
    "host_compiler": bool,
    "pin": bool,
    "channels": list,
}
"""What of a recorded request is exported, and its types."""
_TOP = {
    "conda-cuda": str,
    "platform": str,
    "current": str,
    "request": dict,
    "toolkits": list,
    "not-promised": list,
    "digest": str,
}
_TOOLKIT = {
    "version": str,
    "origin": str,
    "flavor": str,
    "components": list,
    "specs": list,
    "location": str,
    "packages": list,
}
_PACKAGE = dict.fromkeys(("name", "version", "build", "url", "file", "sha256", "md5"), str)
_NAME = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]{0,126}[a-z0-9_])?", re.ASCII)
# No dash: these are parts of `name-version-build`, which become names of files.
_VERSION = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.!+~]{0,63}", re.ASCII)
_BUILD = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9_.+]{0,63}", re.ASCII)
_WORD = re.compile(r"[^\x00-\x1f\x7f]{1,2000}")
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+!~-]{0,199}", re.ASCII)
_HEX = {"sha256": re.compile(r"[0-9a-f]{64}"), "md5": re.compile(r"[0-9a-f]{32}")}
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
    found = checked(content, file)
    if content["digest"] != digest_of(content):
        raise CudaFileError(
            file,
            "was changed after it was exported: its values do not agree with its digest",
            [
                "Get it from where it came from once more (comments may be changed, values not).",
                "conda cuda use asks for another toolkit; conda cuda export -f FILE writes that.",
            ],
        )
    return found


def checked(content: Mapping[str, Any], file: str) -> CudaFile:
    """The content of a file, as values that can be used; the digest is not looked at.

    Raises:
        CudaFileError: with the place and what is wrong there.
    """
    check = _Check(file)
    check.mapping(content, _TOP, "", needed=("platform", "request", "toolkits", "digest"))
    check.text(content["platform"], lambda text: text in PLATFORMS, "platform")
    request = check.request(content["request"])
    toolkits = tuple(
        check.toolkit(row, f"toolkits[{number}]") for number, row in enumerate(content["toolkits"])
    )
    if not toolkits:
        raise CudaFileError(file, "holds no toolkit")
    releases = [toolkit.version.release for toolkit in toolkits]
    check.once(releases, "toolkits")
    current = content.get("current")
    if current is not None and current not in releases:
        raise CudaFileError(file, f"names {current!r} as current, which is none of its toolkits")
    promises = check.words(content.get("not-promised", []), "not-promised")
    return CudaFile(content["platform"], current, request, toolkits, promises)


_SECRET = re.compile(r"(?<=://)[^/@\s]+@")


class _Check:
    def __init__(self, file: str) -> None:
        self.file = file

    def wrong(self, place: str, value: Any) -> CudaFileError:
        # Also what is no address may hold a password where addresses have one.
        shown = _SECRET.sub("", repr(value))
        return CudaFileError(
            self.file,
            f"has no usable value for {place}: {shown[:80]}{'...' if len(shown) > 80 else ''}",
        )

    def mapping(
        self, value: Any, keys: Mapping[str, type], place: str, needed: tuple[str, ...]
    ) -> None:
        """A mapping with known keys, each of the right kind."""
        if not isinstance(value, dict):
            raise self.wrong(place, value)
        dot = f"{place}." if place else ""
        for key in needed:
            if key not in value:
                raise CudaFileError(self.file, f"lacks {dot}{key}")
        for key, item in value.items():
            if key not in keys:
                raise CudaFileError(self.file, f"holds {dot}{key}, which means nothing here")
            kind = str if keys[key] is bool else keys[key]
            if not isinstance(item, kind):
                raise self.wrong(f"{dot}{key}", item)

    def text(self, value: Any, fits: Callable[[str], Any], place: str) -> str:
        """A string that a rule accepts."""
        try:
            good = isinstance(value, str) and fits(value)
        except (ValueError, CudaError):
            good = False
        if not good:
            raise self.wrong(place, value)
        return str(value)

    def words(self, values: list[Any], place: str) -> tuple[str, ...]:
        """Short strings without control characters."""
        return tuple(self.text(value, _WORD.fullmatch, place) for value in values)

    def once(self, values: list[str], place: str) -> None:
        """No value may come twice."""
        for value in values:
            if values.count(value) > 1:
                raise CudaFileError(self.file, f"names {value} more than once in {place}")

    def request(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """What `use` was asked for, with the types that the record of an environment has."""
        self.mapping(row, REQUEST, "request", needed=("version",))
        found: dict[str, Any] = {}
        for key, value in row.items():
            place = f"request.{key}"
            if REQUEST[key] is bool:
                found[key] = self.text(value, ("true", "false").__contains__, place) == "true"
            elif REQUEST[key] is list:
                found[key] = list(self.words(value, place))
                for text in found[key]:
                    if "://" in text:
                        self.text(text, is_usable, place)
            elif REQUEST[key] is dict:
                names = self.words(list(value), place)
                found[key] = dict(zip(names, self.words(list(value.values()), place), strict=True))
            else:
                found[key] = self.text(value, _WORD.fullmatch, place)
        self.text(found["version"], VersionRequest.parse, "request.version")
        if "flavor" in found:
            self.text(found["flavor"], Flavor, "request.flavor")
        if "source" in found:
            self.text(found["source"], Origin, "request.source")
        for name, version in found.get("addons", {}).items():
            self.text(name, addons().__contains__, "a name in request.addons")
            self.text(version, is_addon_version, f"request.addons.{name}")
        return found

    def toolkit(self, row: Any, place: str) -> ExactToolkit:
        """One toolkit."""
        self.mapping(row, _TOOLKIT, place, needed=("version", "origin"))
        origin = Origin(self.text(row["origin"], Origin, f"{place}.origin"))
        flavor = row.get("flavor")
        rows = row.get("packages", [])
        if len(rows) > _MOST or (not rows and origin is not Origin.SYSTEM):
            raise self.wrong(f"{place}.packages", rows)
        packages = tuple(
            self.package(item, f"{place}.packages[{number}]", origin)
            for number, item in enumerate(rows)
        )
        self.once([package.name for package in packages], f"{place}.packages")
        location = row.get("location")
        return ExactToolkit(
            CudaVersion.parse(self.text(row["version"], CudaVersion.parse, f"{place}.version")),
            origin,
            Flavor(self.text(flavor, Flavor, f"{place}.flavor")) if flavor is not None else None,
            self.words(row.get("components", []), f"{place}.components"),
            tuple(self.text(spec, _is_spec, f"{place}.specs") for spec in row.get("specs", [])),
            packages,
            None if location is None else self.text(location, _WORD.fullmatch, f"{place}.location"),
        )

    def package(self, row: Any, place: str, origin: Origin) -> ExactPackage:
        """One package."""
        self.mapping(row, _PACKAGE, place, needed=("name", "version", "build"))
        for key, rule in (("name", _NAME), ("version", _VERSION), ("build", _BUILD), *_HEX.items()):
            if key in row:
                self.text(row[key], rule.fullmatch, f"{place}.{key}")
        if "file" in row:
            self.text(row["file"], _FILE.fullmatch, f"{place}.file")
        package = ExactPackage(**row)
        if "url" in row:
            self.text(row["url"], lambda url: self._is_address(url, package), f"{place}.url")
        elif "file" not in row and not origin.adopted:
            raise CudaFileError(self.file, f"lacks {place}.url")
        return package

    def _is_address(self, url: str, package: ExactPackage) -> bool:
        """Whether an address is one of a file that may hold the package."""
        if not is_usable(url) or len(url) > _LONGEST:
            return False
        parts = urlsplit(url)
        path = unquote(parts.path)
        if "@" in parts.netloc:
            return False
        if parts.query or ".." in path.split("/") or "\\" in path or "\0" in path:
            return False
        name = path.rsplit("/", 1)[-1]
        if not _FILE.fullmatch(name):
            return False
        for ending in (".conda", ".tar.bz2"):
            if name.endswith(ending):
                return name == package.dist + ending
        return True


def _is_spec(text: str) -> bool:
    """Whether conda can read a package's specification."""

    try:
        return bool(_WORD.fullmatch(text) and MatchSpec(text))
    except InvalidSpec:
        return False
