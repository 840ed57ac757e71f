"""What indexes have: by our own client where it understands everything, else by pip."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import io
import os
import zipfile
from collections.abc import Sequence
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit
from urllib.request import url2pathname

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ...build.package import DAMAGE
from ...build.zip_stream import read_member
from ...network.connections import LATER, AnswerError
from ...platforms import Platform
from ...system.progress import Waiting
from ...system.reading import hash_of, open_regular, read_text
from ...system.shared_caches import NoWritableCacheError, first_writable
from ...system.threads import in_parallel
from . import pip
from .client import Client, Kept, Unreachable
from .pages import Candidate, IndexFile, best, candidates, file_on_disk, read_page
from .pip_answers import WHICH, Problem
from .session import Settings, read_settings, session_of
from .wheel import AskPip, Wheel

_AT_ONCE = 6
"""Connections to an index; with more of them threads wait for each other."""
_MOST_METADATA = 2**20


def resolve(
    requirements: Sequence[str], platform: Platform, *, offline: bool, requires: bool = False
) -> list[Wheel]:
    """What indexes would give for some requirements, in their order.

    Args:
        requirements: `nvidia-cublas==13.0.0.19.*`.
        platform: the platform the files are for.
        offline: look into local folders only.
        requires: whether to find out what the wheels themselves require.

    Raises:
        PipError: when there is no such file or the index cannot be reached.
        HashMismatchError: when an index hands out something else than it says.
    """
    with Waiting("Looking up packages"):
        try:
            return Lookup(read_settings(), platform, offline).resolve(requirements, requires)
        except AskPip:
            pass
    return pip.resolve(requirements, platform, offline=offline)


def index_versions(name: str, platform: Platform, *, offline: bool) -> list[str]:
    """Every version of a package that indexes have, newest first; pre-releases are left out.

    Raises:
        PipError: when no index can be asked or knows such a package.
    """
    with Waiting("Looking up releases"):
        try:
            return Lookup(read_settings(), platform, offline).versions(name)
        except AskPip:
            pass
    return pip.index_versions(name, offline=offline)


class Lookup:
    """One look at the places that pip is configured to look at."""

    def __init__(self, settings: Settings, platform: Platform, offline: bool) -> None:
        self._platform = platform
        self._indexes = () if offline else settings.indexes
        self._links = [link for link in settings.find_links if not (offline and _is_web(link))]
        self._client = _client(settings) if any(map(_is_web, self._places)) else None
        self._failures: list[Unreachable] = []

    @property
    def _places(self) -> tuple[str, ...]:
        return (*self._indexes, *self._links)

    def resolve(self, requirements: Sequence[str], requires: bool) -> list[Wheel]:
        """See `resolve`."""

        wanted = [Requirement(text) for text in requirements]
        names = [canonicalize_name(one.name) for one in wanted]
        chosen = []
        for requirement, name, found in zip(wanted, names, self._find(names), strict=True):
            one = best(found, requirement)
            if one is None:
                raise self._nothing(str(requirement), found)
            chosen.append((name, one.file))
        return in_parallel(lambda pair: self._wheel(*pair, requires), chosen, _AT_ONCE)

    def versions(self, name: str) -> list[str]:
        """See `index_versions`."""
        (found,) = self._find([name])
        if not found:
            raise self._nothing(name, found)
        versions = {one.version for one in found if not one.version.is_prerelease}
        return [str(version) for version in sorted(versions, reverse=True)]

    def _find(self, names: Sequence[str]) -> list[list[Candidate]]:
        """The wheels of some packages, wherever they are."""
        everywhere, asked = self._linked(), [(i, n) for n in names for i in self._indexes]
        pages = iter(in_parallel(lambda pair: self._listed(*pair), asked, _AT_ONCE))
        found = []
        for name in names:
            files = [*everywhere, *(file for _ in self._indexes for file in next(pages))]
            found.append(candidates(name, files, self._platform))
        return found

    def _listed(self, index: str, name: str) -> list[IndexFile]:
        """What one index has of a package."""
        return self._page(f"{index.rstrip('/')}/{quote(name)}/")

    def _page(self, address: str) -> list[IndexFile]:
        if not _is_web(address):
            return _page_on_disk(_path(address))
        assert self._client is not None
        try:
            page = self._client.page(address)
        except Unreachable as error:
            # As with pip, the other places may do.
            self._failures.append(error)
            return []
        return read_page(page.kind, page.body, page.url) if page else []

    def _linked(self) -> list[IndexFile]:
        """What the folders and pages of `find-links` have."""
        files: list[IndexFile] = []
        for link in self._links:
            if _is_web(link):
                files += self._page(link)
                continue
            path = _path(link)
            if path.is_dir():
                files += _files_in(path)
            elif path.name.endswith(".whl") and path.is_file():
                files.append(file_on_disk(path))
            else:
                files += _page_on_disk(path)
        return files

    def _nothing(self, requirement: str, found: Sequence[Candidate]) -> Exception:
        """What to raise, or pip's answer where places answered strangely."""
        errors = [failure.error for failure in self._failures]
        if None in errors:
            raise AskPip("an index that answers with an error")
        silent = next((error for error in errors if error and error.silent), None)
        if silent and not found:
            return _not_waited_for(silent)
        return pip.PipError(
            f"No file for {requirement} was found.",
            unreachable=bool(self._failures) and not found,
            versions=[str(version) for version in sorted({one.version for one in found})],
            requirement=None if self._failures and not found else requirement,
        )

    def _wheel(self, name: str, file: IndexFile, requires: bool) -> Wheel:
        version = file.filename.split("-")[1]
        sha256 = file.sha256
        if sha256 is None and not _is_web(file.url):
            sha256 = hash_of(_path(file.url))
        known = self._requires(name, file) if requires else ()
        return Wheel(name, version, file.url, sha256, known, file.size)

    def _requires(self, name: str, file: IndexFile) -> tuple[str, ...]:
        """The `Requires-Dist` lines of a wheel."""

        if not _is_web(file.url):
            with open_regular(_path(file.url)) as wheel:
                data = _metadata_in(wheel)
        elif file.has_metadata:
            data = self._content(file, name, beside=True)
        else:
            if (file.size or 0) > _MOST_METADATA:
                raise AskPip("a large wheel whose metadata is not beside it")
            data = _metadata_in(io.BytesIO(self._content(file, name)))
        lines = BytesHeaderParser().parsebytes(data).get_all("Requires-Dist", [])
        return tuple(map(str, lines))

    def _content(self, file: IndexFile, name: str, *, beside: bool = False) -> bytes:
        """A wheel, or the metadata that lies beside it, as the index says it is."""

        assert self._client is not None
        sha256 = file.metadata_sha256 if beside else file.sha256
        try:
            if beside:
                page = self._client.page(f"{file.url}.metadata", "*/*")
                data = page.body.encode() if page else None
            else:
                data = self._client.file(file.url)
        except Unreachable as error:
            if error.error is not None:
                raise _not_waited_for(error.error) from error
            data = None
        if data is None:
            raise AskPip("a file that is listed, and not there")
        if sha256 and hashlib.sha256(data).hexdigest() != sha256:
            raise pip.HashMismatchError(name)
        return data


def _not_waited_for(error: AnswerError) -> pip.PipError:
    problem = Problem(error.message.rstrip("."), (LATER, WHICH))
    return pip.PipError(error.message, unreachable=True, problem=problem)


@functools.cache
def _client(settings: Settings) -> Client:
    """The one client of a command: it knows who does not answer."""

    cache: Path | None = None
    with contextlib.suppress(NoWritableCacheError):
        cache = first_writable()
    return Client(session_of(settings), Kept(cache))


def _is_web(link: str) -> bool:
    """Whether a place has to be asked over the network."""
    if link.startswith(("http://", "https://")):
        return True
    if "://" in link and not link.startswith("file:"):
        raise AskPip(f"a place of the kind {link.partition(':')[0]}")
    return False


def _path(link: str) -> Path:
    if link.startswith("file:"):
        return Path(url2pathname(urlsplit(link).path))
    return Path(os.path.expanduser(link))


def _files_in(folder: Path) -> list[IndexFile]:
    found = []
    for entry in sorted(os.listdir(folder)):
        if entry.endswith((".html", ".htm")):
            raise AskPip("a folder with pages of links in it")
        if entry.endswith(".whl") and (folder / entry).is_file():
            found.append(file_on_disk(folder / entry))
    return found


def _page_on_disk(path: Path) -> list[IndexFile]:
    if path.is_dir():
        path = path / "index.html"
    try:
        return read_page("text/html", read_text(path), path.absolute().as_uri())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except (OSError, ValueError) as error:
        raise AskPip(f"{path} cannot be read") from error


def _metadata_in(file: Any) -> bytes:
    """The metadata inside a wheel."""

    try:
        with zipfile.ZipFile(file) as wheel:
            for info in wheel.infolist():
                folder, _, name = info.filename.partition("/")
                if folder.endswith(".dist-info") and name == "METADATA":
                    if info.file_size > _MOST_METADATA:
                        break
                    return read_member(wheel, info)
    except DAMAGE as error:
        raise AskPip("a damaged wheel") from error
    raise AskPip("a wheel without metadata")
