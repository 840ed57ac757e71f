"""Where redist archives lie: a folder on this machine, or an address."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit
from urllib.request import url2pathname

from ...data import read_data
from ...network.addresses import shown_address
from ...network.download import DownloadError, read_url
from ...network.stream import download
from ...packages.local_channel import LocalChannel
from ...system.reading import open_regular, read_bytes
from ...system.threads import Job
from ...versions import CudaVersion
from ..base import NotOffered
from .manifest import FILE, MOST_MANIFEST, Archive

_LISTED = re.compile(r"""href=["']?(?:[^"'>\s]*/)?(redistrib_[0-9.]+\.json)["'\s>?]""")
_AGAIN = "Copy the file again from where it comes from."


@dataclass(frozen=True)
class FolderPlace:
    """A folder that holds manifests and their archives."""

    path: Path
    only: str | None = None
    """The manifest that was named, if one was."""
    here: bool = True
    """No connection is needed."""

    @property
    def text(self) -> str:
        """For the plan."""
        return str(self.path)

    def files(self) -> list[str] | None:
        """The manifests; None when nothing tells."""
        return [path.name for path in sorted(self.path.iterdir()) if FILE.fullmatch(path.name)]

    def manifest(self, file: str) -> bytes:
        """A manifest's content.

        Raises:
            DownloadError: when there is none.
        """
        try:
            with open_regular(self.path / file) as found:
                return found.read(MOST_MANIFEST)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise DownloadError(
                f"{self.path / file} cannot be read: {reason}.",
                hints=(_AGAIN,),
                missing=isinstance(error, FileNotFoundError),
            ) from error

    def url(self, archive: Archive) -> str:
        """The address of an archive."""
        return (self.path / archive.path).as_uri()

    def fetch(self, archive: Archive, part: Path, job: Job) -> Path:
        """The archive's file, which was checked.

        Raises:
            DownloadError: when it is not there, or not what the manifest says.
        """
        path = self.path / archive.path
        if not path.is_file():
            what = "is no regular file" if os.path.lexists(path) else "does not exist"
            raise DownloadError(f"{path} {what}.", hints=(_AGAIN,), missing=True)
        found = path.stat().st_size
        if found != archive.size:
            raise DownloadError(
                f"{path} has {found} bytes where the manifest says {archive.size}, so nothing was "
                "changed.",
                hints=(_AGAIN,),
                wrong=True,
            )
        digest, done = hashlib.sha256(), 0
        with open_regular(path) as file:
            for block in iter(lambda: file.read(2**20), b""):
                digest.update(block)
                done += len(block)
                job.update(done, found)
        if digest.hexdigest() != archive.sha256:
            raise DownloadError(
                f"{path} does not have the sha256 that the manifest gives for it, so nothing was "
                "changed.",
                hints=(_AGAIN,),
                wrong=True,
            )
        return path


@dataclass(frozen=True)
class WebPlace:
    """An address below which manifests and their archives lie."""

    base: str
    """It ends in a slash."""
    only: str | None = None
    here: bool = False

    @property
    def text(self) -> str:
        """For the plan."""
        return shown_address(self.base)

    def files(self) -> list[str] | None:
        """The manifests that the address lists; None when it lists nothing.

        Raises:
            DownloadError: when nobody answers there.
        """
        try:
            page = read_url(self.base, MOST_MANIFEST).decode("utf-8", "replace")
        except DownloadError as error:
            if error.unreachable:
                raise
            return None
        found = sorted({name for name in _LISTED.findall(page) if FILE.fullmatch(name)})
        return found or None

    def manifest(self, file: str) -> bytes:
        """A manifest's content.

        Raises:
            DownloadError: when it cannot be had.
        """
        return read_url(f"{self.base}{quote(file)}", MOST_MANIFEST)

    def url(self, archive: Archive) -> str:
        """The address of an archive."""
        return f"{self.base}{quote(archive.path)}"

    def fetch(self, archive: Archive, part: Path, job: Job) -> Path:
        """Download the archive to a file, or what is missing of it; the file.

        Raises:
            DownloadError: when it cannot be had, or is not what the manifest says.
        """
        download(
            self.url(archive),
            part,
            size=archive.size,
            sha256=archive.sha256,
            progress=job.update,
            waiting=job.waiting,
        )
        return part


Place = FolderPlace | WebPlace


def place_of(location: str | None, setting: str) -> Place:
    """The place that a user means.

    Args:
        location: what was named: an address or path of a manifest or of the folder of manifests.
        setting: the setting `cuda_redist`, which counts where nothing was named.

    Raises:
        NotOffered: when there is no such file or folder.
    """
    text = location or setting or str(read_data("redist.json")["url"])
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise NotOffered("redist", f"cannot be asked: {text} is no address") from error
    local = parts.scheme == "file"
    if "://" in text and not local:
        folder, _, file = parts.path.rpartition("/")
        if file.endswith(".json"):
            return WebPlace(parts._replace(path=f"{folder}/").geturl(), file)
        return WebPlace(text if text.endswith("/") else f"{text}/")
    path = Path(url2pathname(parts.path) if local else text)
    path = path.expanduser().absolute()
    if path.is_dir():
        return FolderPlace(path)
    if path.is_file():
        return FolderPlace(path.parent, path.name)
    raise NotOffered(
        "redist",
        f"cannot be asked: {path} is neither a folder of NVIDIA's redist archives nor a manifest",
        hints=[
            "Name a redistrib_X.Y.Z.json, or the folder or address that holds one."
            if location
            else "conda config --show-sources shows where plugins.cuda_redist is set."
        ],
    )


class Memory:
    """The manifests of a place that toolkits were installed from, for use without a network.

    Args:
        channel: the local channel, beside whose packages they lie.
        place: the place.
    """

    def __init__(self, channel: LocalChannel, place: Place) -> None:
        key = hashlib.sha256(place.text.encode()).hexdigest()[:16]
        self.channel, self.name = channel, Path("redist", key)

    def releases(self) -> list[CudaVersion]:
        """The releases that are remembered."""
        names: dict[str, None] = {}
        for folder in self._folders:
            with contextlib.suppress(OSError):
                names |= dict.fromkeys(os.listdir(folder))
        found = [FILE.fullmatch(name) for name in names]
        return [CudaVersion.parse(match[1]) for match in found if match]

    def recall(self, version: CudaVersion) -> bytes | None:
        """The manifest of a release; None when it was never used."""
        for folder in self._folders:
            with contextlib.suppress(OSError):
                return read_bytes(folder / f"redistrib_{version}.json", MOST_MANIFEST)
        return None

    def remember(self, version: CudaVersion, data: bytes) -> None:
        """Keep the manifest of a release."""
        if self.channel.written is not None and self.recall(version) != data:
            path = self.channel.path / self.name / f"redistrib_{version}.json"
            self.channel.files.write(path, data)

    @property
    def _folders(self) -> list[Path]:
        return [place / self.name for place in self.channel.places]
