"""Wheels on an index, and the packages made of wheels before, as parts of an offer.

A part is a `Wheel`, which may have to be downloaded, or a conda record, which is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import requests
from packaging.utils import canonicalize_name

from ...addons import fits
from ...packages.local_channel import LocalChannel
from ...system.threads import in_parallel
from ..base import Package, ToolkitRequest
from .lookup import resolve
from .wheel import Wheel
from .wheels import fetch_wheels


def part_at_hand(pin: str, request: ToolkitRequest, channel: LocalChannel) -> Any | None:
    """The record that meets a requirement without asking an index; None when there is none.

    It is a package of the toolkit that is added to or, offline, one that was made before.

    Args:
        pin: `nvidia-cudnn-cu12==8.9.*`.
        request: what is wanted.
        channel: the local channel.
    """
    name, version = pin.split("==")
    for record in request.keep:
        if record.name == name and fits(version.removesuffix(".*"), record.version):
            return record
    return channel.record_named(name, version) if request.offline else None


def parts_for(
    pins: Sequence[str], request: ToolkitRequest, channel: LocalChannel
) -> list[Wheel | Any]:
    """The parts that meet some requirements, in their order; only what is new is looked up.

    Raises:
        PipError: when the index cannot be asked or lacks one.
        HashMismatchError: when the index hands out something else than it says.
    """
    at_hand = {pin: part_at_hand(pin, request, channel) for pin in pins}
    # A record of conda's compares with records only: `in` would fail on None.
    missing = [pin for pin in pins if at_hand[pin] is None]
    if missing:
        wheels = resolve(missing, request.platform, offline=request.offline)
        at_hand.update(_by_pin(missing, wheels))
    return [at_hand[pin] for pin in pins]


def _by_pin(pins: Sequence[str], wheels: Sequence[Wheel]) -> dict[str, Wheel]:
    """What an index gave for each requirement; it may list them in another order."""

    by_name = {canonicalize_name(wheel.name): wheel for wheel in wheels}
    return {pin: by_name[canonicalize_name(pin.split("==")[0])] for pin in pins}


def fetch_parts(parts: Sequence[Any], request: ToolkitRequest) -> list[Any]:
    """Download and convert what is not there yet; the records of all parts, in their order."""
    wheels = [part for part in parts if isinstance(part, Wheel)]
    if not wheels:
        return list(parts)

    fetched = iter(fetch_wheels(wheels, request.platform, offline=request.offline))
    return [next(fetched) if isinstance(part, Wheel) else part for part in parts]


def to_download(parts: Sequence[Any], channel: LocalChannel) -> list[Wheel]:
    """The wheels among some parts of which no package was made yet."""
    return [
        part for part in parts if isinstance(part, Wheel) and channel.record_of(part.sha256) is None
    ]


def rows_of(parts: Sequence[Any], channel: LocalChannel) -> tuple[Package, ...]:
    """Parts as the plan shows them; asks the server for sizes that the index does not give."""
    sizes = _sizes(to_download(parts, channel))
    return tuple(
        Package(
            part.name,
            part.version,
            sizes.get(part.url, 0),
            part.filename if isinstance(part, Wheel) else part.fn,
        )
        for part in parts
    )


def _sizes(wheels: Sequence[Wheel]) -> dict[str, int | None]:
    """The sizes of files in bytes; None where neither index nor server says."""
    sizes = in_parallel(_size, wheels, 8)
    return dict(zip((wheel.url for wheel in wheels), sizes, strict=True))


def _size(wheel: Wheel) -> int | None:
    if wheel.size is not None:
        return wheel.size

    parts = urlsplit(wheel.url)
    try:
        if parts.scheme == "file":
            return Path(url2pathname(parts.path)).stat().st_size

        answer = requests.head(wheel.url, allow_redirects=True, timeout=5)
        return int(answer.headers["Content-Length"]) if answer.ok else None
    except (OSError, KeyError, ValueError):
        return None
