"""What an offer takes of an index: wheels, and the packages that were made of wheels before."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import requests

from ...addons import fits
from ...packages.local_channel import LocalChannel
from ...system.threads import in_parallel
from ..base import Package, ToolkitRequest
from ..parts import Parts
from .fetch import fetch_wheels
from .lookup import Lookup
from .wheel import Wheel


def find_parts(pins: Sequence[str], request: ToolkitRequest, channel: LocalChannel) -> Parts:
    """The parts that meet some requirements, in their order; only what is new is looked up.

    Args:
        pins: `nvidia-cudnn-cu12==8.9.*`.

    Raises:
        IndexFailure: when the index cannot be used or lacks one.
        HashMismatchError: when the index hands out something else than it says.
    """
    records: dict[str, Any] = {pin: _at_hand(pin, request, channel) for pin in pins}
    # A record of conda's compares with records only: `in` would fail on None.
    missing = [pin for pin in pins if records[pin] is None]
    wheels: dict[str, Wheel] = {}
    if missing:
        found = Lookup(request.platform, offline=request.offline).resolve(missing)
        wheels = dict(zip(missing, found, strict=True))
        records.update({pin: channel.record_of(wheel.sha256) for pin, wheel in wheels.items()})
    new = {pin: wheel for pin, wheel in wheels.items() if records[pin] is None}
    asked = {} if request.quick else new
    sizes = dict(zip(asked, in_parallel(_size, list(asked.values()), 8), strict=True))
    rows = []
    for pin in pins:
        part: Any = wheels.get(pin) or records[pin]
        file = part.filename if pin in wheels else part.fn
        rows.append(Package(part.name, part.version, sizes.get(pin, 0), file))

    def fetch() -> list[Any]:
        fetched = fetch_wheels(list(new.values()), channel)
        return [(records | dict(zip(new, fetched, strict=True)))[pin] for pin in pins]

    specs = tuple(f"{row.name}=={row.version}" for row in rows)
    return Parts(tuple(rows), specs, ("PyPI",), fetch)


def _at_hand(pin: str, request: ToolkitRequest, channel: LocalChannel) -> Any | None:
    """A package of the toolkit that is added to or, offline, one that was made before."""
    name, version = pin.split("==")
    for record in request.keep:
        if record.name == name and fits(version.removesuffix(".*"), record.version):
            return record
    return channel.record_named(name, version) if request.offline else None


def _size(wheel: Wheel) -> int | None:
    """The size of a file in bytes; None where neither index nor server says."""
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
