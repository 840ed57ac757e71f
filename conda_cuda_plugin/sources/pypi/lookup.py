"""What indexes and folders of wheels have, as pip is configured to look at them."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import io
import os
import threading
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import Any
from urllib.parse import quote

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from ...convert.package import DAMAGE, Refused
from ...convert.zip_stream import read_info
from ...network.addresses import path_of
from ...platforms import Platform
from ...system.progress import Waiting
from ...system.reading import hash_of, open_regular, read_text
from ...system.shared_caches import NoWritableCacheError, first_writable
from ...system.threads import in_parallel
from .client import NO_ANSWER, Client
from .kept import Kept
from .pages import Candidate, IndexFile, best, candidates, file_on_disk, read_page
from .settings import Settings, read_settings
from .wheel import HashMismatchError, IndexFailure, Wheel

_AT_ONCE = 6
"""Connections to an index; with more of them threads wait for each other."""
_MOST_METADATA = 2**20


_lock = threading.Lock()


def client_of(settings: Settings) -> Client:
    """The one client of a command: it keeps its connections, and knows who does not answer."""
    with _lock:
        return _client(settings)


@functools.cache
def _client(settings: Settings) -> Client:
    cache: Path | None = None
    with contextlib.suppress(NoWritableCacheError):
        cache = first_writable()
    return Client(settings, Kept(cache))


@dataclass
class Lookup:
    """A look at the places that pip is configured to look at.

    Args:
        platform: the platform the files are for.
        offline: look into local folders only.
    """

    platform: Platform
    offline: bool
    _failures: list[IndexFailure] = field(default_factory=list, init=False)

    @functools.cached_property
    def settings(self) -> Settings:
        """Where pip looks, which is read when something has to be looked up.

        Raises:
            IndexFailure: when that cannot be followed.
        """
        return read_settings()

    @property
    def client(self) -> Client:
        """The way to ask what is on the web."""
        return client_of(self.settings)

    def resolve(self, requirements: Sequence[str], *, requires: bool = False) -> list[Wheel]:
        """What indexes would give for some requirements, in their order.

        Args:
            requirements: `nvidia-cublas==13.0.0.19.*`.
            requires: whether to find out what the wheels themselves require.

        Raises:
            IndexFailure: when there is no such file or the index cannot be used.
            HashMismatchError: when an index hands out something else than it says.
        """
        wanted = [Requirement(text) for text in requirements]
        names = [canonicalize_name(one.name) for one in wanted]
        chosen = []
        with Waiting("Looking up packages"):
            for requirement, name, found in zip(wanted, names, self._find(names), strict=True):
                one = best(found, requirement)
                if one is None:
                    raise self._nothing(str(requirement), found)
                chosen.append((name, one.file))
            return in_parallel(lambda pair: self._wheel(*pair, requires), chosen, _AT_ONCE)

    def file_of(self, wheel: Wheel) -> Wheel:
        """The file that indexes have of a wheel: the one with its hash if it has one.

        Raises:
            IndexFailure: when there is none or the index cannot be used.
        """
        try:
            requirement = Requirement(f"{wheel.name}=={wheel.version}")
        except InvalidRequirement as error:
            raise IndexFailure(f"{wheel.name} {wheel.version} cannot be asked for") from error
        (found,) = self._find([canonicalize_name(wheel.name)])
        same = [one for one in found if one.file.sha256 in (None, wheel.sha256)]
        one = best(same if wheel.sha256 else found, requirement)
        if one is None:
            raise self._nothing(str(requirement), found)
        sha256 = wheel.sha256 or one.file.sha256
        return Wheel(wheel.name, wheel.version, one.file.url, sha256, (), one.file.size)

    def versions(self, name: str) -> list[str]:
        """Every version of a package, newest first; pre-releases are left out.

        Raises:
            IndexFailure: when no index can be used or knows such a package.
        """
        with Waiting("Looking up releases"):
            (found,) = self._find([name])
        if not found:
            raise self._nothing(name, found)
        versions = {one.version for one in found if not one.version.is_prerelease}
        return [str(version) for version in sorted(versions, reverse=True)]

    def _find(self, names: Sequence[str]) -> list[list[Candidate]]:
        """The wheels of some packages, wherever they are."""
        indexes = () if self.offline else self.settings.indexes
        links = [one for one in self.settings.find_links if not (self.offline and _is_web(one))]
        everywhere = [file for link in links for file in self._linked(link)]
        asked = [f"{i.rstrip('/')}/{quote(n)}/" for n in names for i in indexes]
        pages = iter(in_parallel(self._page, asked, _AT_ONCE))
        found = []
        for name in names:
            files = [*everywhere, *(file for _ in indexes for file in next(pages))]
            if self.offline:
                # A page on this machine may name files of the web.
                files = [file for file in files if not _is_web(file.url)]
            found.append(candidates(name, files, self.platform))
        return found

    def _page(self, address: str) -> list[IndexFile]:
        """What a page lists; nothing where it cannot be used, as other places may do."""
        try:
            if not _is_web(address):
                return _page_on_disk(_path(address))
            page = self.client.page(address)
            return read_page(page.kind, page.body, page.url) if page else []
        except IndexFailure as error:
            self._failures.append(error)
            return []

    def _linked(self, link: str) -> list[IndexFile]:
        """What a folder, page or file of `find-links` has."""
        if _is_web(link) or not (path := _path(link)).exists():
            return self._page(link)
        if not path.is_dir():
            return [file_on_disk(path)] if path.name.endswith(".whl") else self._page(link)
        files: list[IndexFile] = []
        for entry in sorted(os.listdir(path)):
            if entry.endswith((".html", ".htm")):
                files += self._page((path / entry).absolute().as_uri())
            elif entry.endswith(".whl") and (path / entry).is_file():
                files.append(file_on_disk(path / entry))
        return files

    def _nothing(self, requirement: str, found: Sequence[Candidate]) -> IndexFailure:
        """What is wrong when nothing meets a requirement."""
        if self._failures and not found:
            return min(self._failures, key=lambda error: error.reason == NO_ANSWER)
        return IndexFailure(
            f"there is no file for {requirement}",
            versions=[str(version) for version in sorted({one.version for one in found})],
            requirement=requirement,
        )

    def _wheel(self, name: str, file: IndexFile, requires: bool) -> Wheel:
        sha256 = file.sha256
        if sha256 is None and not _is_web(file.url):
            sha256 = hash_of(_path(file.url))
        known = self._requires(name, file) if requires else ()
        version = file.filename.split("-")[1]
        return Wheel(name, version, file.url, sha256, known, file.size)

    def _requires(self, name: str, file: IndexFile) -> tuple[str, ...]:
        """The `Requires-Dist` lines of a wheel."""
        if not _is_web(file.url):
            with open_regular(_path(file.url)) as wheel:
                data = _metadata_in(wheel, name)
        elif file.has_metadata:
            page = self.client.page(f"{file.url}.metadata", "*/*")
            data = _content(page.body.encode() if page else None, file.metadata_sha256, name)
        elif (file.size or 0) > _MOST_METADATA:
            raise IndexFailure(f"the metadata of {name} is not beside its wheel")
        else:
            wheel = io.BytesIO(_content(self.client.file(file.url), file.sha256, name))
            data = _metadata_in(wheel, name)
        lines = BytesHeaderParser().parsebytes(data).get_all("Requires-Dist", [])
        return tuple(map(str, lines))


def _content(data: bytes | None, sha256: str | None, name: str) -> bytes:
    """A file of an index, if it is what the index says it is."""
    if data is None:
        raise IndexFailure(f"the index lists a file of {name} that is not there")
    if sha256 and hashlib.sha256(data).hexdigest() != sha256:
        raise HashMismatchError(name)
    return data


def _is_web(link: str) -> bool:
    """Whether a place has to be asked over the network."""
    return "://" in link and not link.startswith("file:")


def _path(link: str) -> Path:
    if link.startswith("file:"):
        return path_of(link)
    return Path(os.path.expanduser(link))


def _page_on_disk(path: Path) -> list[IndexFile]:
    if path.is_dir():
        path = path / "index.html"
    try:
        return read_page("text/html", read_text(path), path.absolute().as_uri())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except (OSError, ValueError) as error:
        raise IndexFailure(f"{path} cannot be read") from error


def _metadata_in(file: Any, name: str) -> bytes:
    """The metadata inside a wheel."""
    try:
        with zipfile.ZipFile(file) as wheel:
            found = read_info(wheel, {"METADATA": _MOST_METADATA})
    except (*DAMAGE, Refused) as error:
        raise IndexFailure(f"the wheel of {name} is damaged") from error
    if not found:
        raise IndexFailure(f"the wheel of {name} holds no metadata")
    return found["METADATA"]
