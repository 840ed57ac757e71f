"""Conda packages as parts of an offer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ..network.addresses import without_credentials
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


def exact_row(
    name: str, version: str, build: str, url: str, sha256: str | None, md5: str | None = None
) -> dict[str, str]:
    """How a file of `export` says a package: its names, its file, the strongest hash of that."""
    row = {"name": name, "version": version, "build": build, "url": without_credentials(url)}
    row["sha256"] = sha256 or ""
    row["md5"] = "" if sha256 else md5 or ""
    return {key: value for key, value in row.items() if value}


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
                exact=partial(
                    exact_row,
                    record.name,
                    record.version,
                    record.build,
                    record.url or "",
                    record.get("sha256"),
                    record.get("md5"),
                ),
            )
            for record in records
        ),
        tuple(f"{record.name}=={record.version}" for record in records),
        tuple(sorted({str(record.channel.canonical_name) for record in records})),
        lambda: checked(records, missing),
    )
