"""Conda packages as parts of an offer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..packages.archives import checked
from ..packages.cache import dist_of, not_in_cache
from .base import Package


@dataclass(frozen=True)
class Parts:
    """Packages that an offer consists of; nothing has been downloaded yet."""

    packages: tuple[Package, ...] = ()
    """For the offer's `packages`."""
    specs: tuple[str, ...] = ()
    """For the offer's `specs`."""
    origins: tuple[str, ...] = ()
    """Where they come from, for the offer's `detail`: `PyPI`, `conda-forge`."""
    fetch: Callable[[], Sequence[Any]] = field(default=tuple, compare=False)
    """Downloads what is missing and returns conda records."""


def parts_of(records: Sequence[Any], keep: Sequence[Any] = ()) -> Parts:
    """Packages of channels as parts of an offer.

    `keep` are the packages of the toolkit that is added to, which need no download.
    """
    present = set(map(dist_of, keep))
    missing = not_in_cache([record for record in records if dist_of(record) not in present])
    return Parts(
        tuple(
            Package(
                record.name,
                record.version,
                (record.get("size") or None) if record in missing else 0,
                record.fn,
            )
            for record in records
        ),
        tuple(f"{record.name}=={record.version}" for record in records),
        tuple(sorted({str(record.channel.canonical_name) for record in records})),
        lambda: checked(records, missing),
    )
