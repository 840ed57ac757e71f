"""The published releases of the frameworks: data/frameworks.json, which names its sources."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from conda.models.version import VersionOrder, VersionSpec

from ..data import read_data
from ..errors import CudaError, UsageError
from ..quoting import quoted


def table(name: str) -> dict[str, Any]:
    """One block of data/frameworks.json: `names`, or a framework's."""
    block: dict[str, Any] = read_data("frameworks.json")[name]
    return block


class UnknownReleaseError(CudaError):
    """A framework has no release that we know under this number."""

    def __init__(self, title: str, version: str, near: list[str]) -> None:
        shown = version if version.isprintable() and len(version) <= 20 else quoted(version, 20)
        super().__init__(
            f"No {title} {shown} is known.",
            hints=[f"Nearest known releases: {', '.join(near)}."],
            framework=title,
            version=version,
            nearest=near,
        )


def framework_name(text: str) -> str:
    """The framework that a user means: `PyTorch` and `pytorch` are `torch`, `tf` is `tensorflow`.

    Raises:
        UsageError: when it is not one we know.
    """
    wanted = text.strip().lower().replace("_", "-")
    for name, row in table("names").items():
        if wanted in (name, *row["aliases"]):
            return str(name)
    raise UsageError(
        f"{quoted(text)} is not a framework that conda cuda knows.",
        hints=[f"Frameworks: {', '.join(table('names'))}; for example torch==2.5.1."],
        known=list(table("names")),
    )


def title_of(name: str) -> str:
    """What people call a framework: `PyTorch`."""
    return str(table("names")[name]["title"])


def known_releases(name: str) -> list[str]:
    """The releases of a framework that the tables know, newest first.

    A table that goes by minor release names the newest of each.
    """
    rows = table(name)["releases"]
    if isinstance(rows, list):
        return rows
    return [row.get("newest", release) for release, row in rows.items()]


def find_release(name: str, version: str) -> str:
    """The known release that a user means: itself, or the newest that begins so (`2.5`, `2`).

    Raises:
        UnknownReleaseError: with the nearest known releases.
    """
    known = known_releases(name)
    if version in known:
        return version
    for one in known:
        if one.startswith(f"{version}."):
            return one
    if _is_numbers(version) and release_row(name, version):
        return version
    raise UnknownReleaseError(title_of(name), version, _nearest(version, known))


def release_row(name: str, version: str) -> dict[str, Any] | None:
    """What the table says of a release, or of its minor release; None when it says nothing."""
    rows, release = table(name)["releases"], version.partition("+")[0]
    if isinstance(rows, list):
        return None
    row: dict[str, Any] | None = rows.get(release) or rows.get(".".join(release.split(".")[:2]))
    return row


def in_range(version: str, specifier: str) -> bool:
    """Whether a framework's release lies in a range such as `>=2.8,<2.10`."""
    return bool(VersionSpec(specifier).match(version.partition("+")[0]))


def rows_for(version: str, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows whose `releases` hold a version."""
    return [row for row in rows if in_range(version, row["releases"])]


def _is_numbers(version: str) -> bool:
    return bool(re.fullmatch(r"\d{1,4}(\.\d{1,4}){0,3}", version, re.ASCII))


def _nearest(version: str, known: list[str], count: int = 4) -> list[str]:
    """The known releases around a version, oldest first; the newest ones where it has no number."""
    if not _is_numbers(version):
        return list(reversed(known[:count]))
    want = VersionOrder(version)
    older = [one for one in known if VersionOrder(one) < want]
    newer = [one for one in reversed(known) if VersionOrder(one) > want]
    half = count // 2
    taken = older[: max(half, count - len(newer))] + newer[: max(half, count - len(older))]
    return sorted(taken, key=VersionOrder)
