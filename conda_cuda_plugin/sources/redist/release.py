"""Which releases a place of redist archives has, and the manifest of the one that is wanted."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from ...versions import CudaVersion
from ..base import NotOffered, ToolkitRequest
from ..download import DownloadError
from .manifest import FILE, Manifest, ManifestError, known_releases, parse_manifest
from .place import Memory, Place

SOURCE = "redist"
_MOST_TRIES = 4
"""Manifests to ask for, newest first, at an address that does not list what it has."""


@dataclass(frozen=True)
class FoundManifest:
    """A manifest and its text."""

    manifest: Manifest
    data: bytes


class _Missing(NotOffered):
    """There is no such manifest."""


def releases_at(place: Place, memory: Memory, *, offline: bool) -> tuple[list[CudaVersion], bool]:
    """The releases that a place has.

    Args:
        place: the place.
        memory: what toolkits were installed from it before.
        offline: make no connection.

    Returns:
        The releases, and whether that is certain: an address that lists nothing may have some of
        those that are known.

    Raises:
        NotOffered: when nobody answers there.
    """
    if offline and not place.here:
        return memory.releases(), True
    try:
        files = place.files()
    except (DownloadError, OSError) as error:
        raise refusal(error) from error
    if files is None:
        return known_releases(), False
    return [CudaVersion.parse(match[1]) for match in map(FILE.fullmatch, files) if match], True


def find_manifest(request: ToolkitRequest, place: Place, memory: Memory) -> FoundManifest:
    """The manifest of the newest release at a place that meets a request.

    Raises:
        NotOffered: when there is none, or none that can be used.
    """
    if place.only is not None:
        return _named(request, place, place.only, memory)
    if request.keep:
        # What is added to came from this manifest; it says the same today.
        for version in _best_first(request, memory.releases()):
            return _parsed(memory.recall(version) or b"", f"redistrib_{version}.json")
    known, certain = releases_at(place, memory, offline=request.offline)
    fitting = _best_first(request, known)
    if not fitting and not certain and request.version.exact is not None:
        fitting = [request.version.exact]
    for version in fitting[: 1 if certain else _MOST_TRIES]:
        file = f"redistrib_{version}.json"
        with contextlib.suppress(_Missing):
            return _parsed(_read(request, place, file, memory), file)
    if request.offline and not place.here:
        raise NotOffered(
            SOURCE,
            f"has nothing of CUDA {request.version} from {place.text} in the package cache, and "
            "--offline forbids to ask there",
            hints=[
                "Run the command without --offline once, on this machine or on one that shares "
                "its package cache."
            ],
            unreachable=True,
        )
    raise NotOffered(SOURCE, f"has no CUDA {request.version} at {place.text}", known=known)


def manifest_at_hand(version: CudaVersion, place: Place, memory: Memory) -> Manifest | None:
    """The manifest of a release, when no connection is needed to read it and it can be used."""
    file = f"redistrib_{version}.json"
    with contextlib.suppress(DownloadError, ManifestError):
        data = place.manifest(file) if place.here else memory.recall(version)
        return parse_manifest(data, file) if data is not None else None
    return None


def refusal(error: Exception) -> NotOffered:
    """What a failure to read something at a place means."""
    reason = getattr(error, "message", None) or str(error)
    return NotOffered(
        SOURCE,
        f"cannot be asked: {reason.rstrip('.')}",
        hints=[
            *getattr(error, "hints", ()),
            "--from ADDRESS or the setting plugins.cuda_redist names another place.",
        ],
        unreachable=getattr(error, "unreachable", False),
    )


def _named(request: ToolkitRequest, place: Place, file: str, memory: Memory) -> FoundManifest:
    """The one manifest that the user has named."""
    found = _parsed(_read(request, place, file, memory), file)
    if request.sha256 and hashlib.sha256(found.data).hexdigest() != request.sha256:
        raise NotOffered(
            SOURCE, f"has another {file} at {place.text} than the one with the sha256 you gave"
        )
    if not request.version.matches(found.manifest.version):
        raise NotOffered(
            SOURCE,
            f"has CUDA {found.manifest.version} in {file}, and no CUDA {request.version}",
            known=[found.manifest.version],
        )
    return found


def _read(request: ToolkitRequest, place: Place, file: str, memory: Memory) -> bytes:
    if request.offline and not place.here:
        match = FILE.fullmatch(file)
        versions = [CudaVersion.parse(match[1])] if match else memory.releases()
        for version in _best_first(request, versions):
            data = memory.recall(version)
            if data is not None:
                return data
        raise _Missing(SOURCE, f"has no {file} in the package cache", unreachable=True)
    try:
        return place.manifest(file)
    except DownloadError as error:
        problem = refusal(error)
        if error.missing:
            raise _Missing(SOURCE, problem.reason, hints=problem.hints) from error
        raise problem from error


def _parsed(data: bytes, file: str) -> FoundManifest:
    try:
        return FoundManifest(parse_manifest(data, file), data)
    except ManifestError as error:
        raise NotOffered(
            SOURCE,
            f"cannot use {file}: it {error}",
            hints=["Take it from NVIDIA again; a mirror may hold a damaged one."],
        ) from error


def _best_first(request: ToolkitRequest, versions: Iterable[CudaVersion]) -> list[CudaVersion]:
    return sorted(filter(request.version.matches, versions), reverse=True)
