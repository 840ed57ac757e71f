"""Where redist archives lie: a folder on this machine, or an address."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from ...data import read_data
from ...network.addresses import path_of, shown_address
from ...network.connections import AnswerError
from ...network.download import read_url
from ...network.stream import download
from ...packages.local_channel import LocalChannel
from ...system.reading import hash_of, open_regular, read_bytes
from ...system.threads import Job
from ...versions import CudaVersion
from ..base import NotOffered
from .manifest import FILE, MOST_MANIFEST, Archive

_LISTED = re.compile(r"""href=["']?(?:[^"'>\s]*/)?(redistrib_[0-9.]+\.json)["'\s>?]""")
_AGAIN = "Copy the file again from where it comes from."


@dataclass(frozen=True)
class Place:
    """Where manifests and their archives lie."""

    base: str
    """The address; it ends in a slash."""
    folder: Path | None = None
    """The folder, where it is one on this machine."""
    only: str | None = None
    """The manifest that was named, if one was."""

    @property
    def here(self) -> bool:
        """Whether no connection is needed."""
        return self.folder is not None

    @property
    def text(self) -> str:
        """The place as a plan shows it."""
        return str(self.folder or shown_address(self.base))

    def files(self) -> list[str] | None:
        """The manifests; None when nothing lists them.

        Raises:
            AnswerError: when nobody answers.
        """
        if self.folder:
            return [
                path.name for path in sorted(self.folder.iterdir()) if FILE.fullmatch(path.name)
            ]
        try:
            page = read_url(self.base, MOST_MANIFEST).decode("utf-8", "replace")
        except AnswerError as error:
            if error.unreachable:
                raise
            return None
        return sorted({name for name in _LISTED.findall(page) if FILE.fullmatch(name)}) or None

    def manifest(self, file: str) -> bytes:
        """The content of a manifest.

        Raises:
            AnswerError: when there is none.
        """
        if not self.folder:
            return read_url(f"{self.base}{quote(file)}", MOST_MANIFEST)
        path = self.folder / file
        try:
            with open_regular(path) as found:
                return found.read(MOST_MANIFEST)
        except OSError as error:
            raise AnswerError(
                str(path),
                f"cannot be read: {error.strerror or type(error).__name__}",
                hints=(_AGAIN,),
                missing=isinstance(error, FileNotFoundError),
            ) from error

    def url(self, archive: Archive) -> str:
        """The address of an archive."""
        return f"{self.base}{quote(archive.path)}"

    def fetch(self, archive: Archive, part: Path, job: Job) -> Path:
        """The file of an archive, which was checked; it is downloaded to `part` if need be.

        Raises:
            AnswerError: when it cannot be had, or is not what the manifest says.
        """
        if not self.folder:
            size, sha256 = archive.size, archive.sha256
            progress, waiting, url = job.update, job.waiting, self.url(archive)
            download(url, part, size=size, sha256=sha256, progress=progress, waiting=waiting)
            return part
        path = self.folder / archive.path
        if not path.is_file():
            what = "is not a regular file" if os.path.lexists(path) else "does not exist"
            raise AnswerError(str(path), what, hints=(_AGAIN,), missing=True)
        size, reason = path.stat().st_size, ""
        if size != archive.size:
            reason = f"has {size} bytes where the manifest says {archive.size}"
        elif hash_of(path, progress=job.update) != archive.sha256:
            reason = "does not have the sha256 that the manifest gives for it"
        if reason:
            reason = f"{reason}, so nothing was changed"
            raise AnswerError(str(path), reason, hints=(_AGAIN,), wrong=True)
        return path


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
        raise NotOffered("redist", f"cannot be asked: {text} is not an address") from error
    local = parts.scheme == "file"
    if "://" in text and not local:
        folder, _, file = parts.path.rpartition("/")
        if file.endswith(".json"):
            return Place(parts._replace(path=f"{folder}/").geturl(), only=file)
        return Place(text if text.endswith("/") else f"{text}/")
    path = (path_of(text) if local else Path(text)).expanduser().absolute()
    if path.is_dir():
        return Place(f"{path.as_uri()}/", path)
    if path.is_file():
        return Place(f"{path.parent.as_uri()}/", path.parent, path.name)
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

    They lie beside the packages of the local channel.
    """

    def __init__(self, channel: LocalChannel, place: Place) -> None:
        key = hashlib.sha256(place.text.encode()).hexdigest()[:16]
        self.channel, self.name = channel, Path("redist", key)
        self._folders = [folder / self.name for folder in channel.places]

    def releases(self) -> list[CudaVersion]:
        """The releases that are remembered."""
        names: dict[str, None] = {}
        for folder in self._folders:
            with contextlib.suppress(OSError):
                names |= dict.fromkeys(os.listdir(folder))
        return [CudaVersion.parse(match[1]) for match in map(FILE.fullmatch, names) if match]

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
