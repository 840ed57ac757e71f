"""What exists beside a CUDA version that does not: its release's updates, or releases near it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .toolkit import releases
from .versions import CudaVersion, VersionRequest


@dataclass(frozen=True)
class Nearest:
    """What to name in place of a version that nobody has."""

    names: list[str]
    """Whole versions of the release that was asked for; `X.Y` where there is none of it."""
    hint: str


def nearest(
    request: VersionRequest, known: Iterable[CudaVersion], count: int = 4
) -> Nearest | None:
    """What exists of the release that a request names an update of, else the nearest releases.

    Args:
        request: what was asked for, and is not there.
        known: the versions that exist.
        count: how many releases to name; of one release, all updates are named.

    Returns:
        None when the request names no number, or nothing is known.
    """
    versions = sorted(set(known))
    named = [numbers for _, numbers in request.clauses]
    if not named or not versions:
        return None
    whole = {numbers[:2] for numbers in named if len(numbers) == 3}
    updates = [v for v in versions if v.patch >= 0 and (v.major, v.minor) in whole]
    if updates:
        of = in_words(dict.fromkeys(version.release for version in updates))
        verb = "is" if len(updates) == 1 else "are"
        names = [str(version) for version in updates]
        return Nearest(names, f"Of CUDA {of} there {verb} {in_words(names)}.")
    major, minor = (*named[0], 0)[:2]
    near = sorted(
        {(version.major, version.minor) for version in versions},
        key=lambda row: abs(row[0] * 100 + row[1] - major * 100 - minor),
    )[:count]
    names = [f"{one}.{other}" for one, other in sorted(near)]
    return Nearest(names, f"Nearest releases: {', '.join(names)}.")


def published() -> list[CudaVersion]:
    """Every version that NVIDIA has published, as far as our tables know."""
    return [row.version for row in releases()]


def has_instead(source: str, request: VersionRequest, known: Iterable[CudaVersion]) -> str | None:
    """What a source has of the release that a request names an update of.

    Returns:
        A sentence; None when the request names none, or the source has nothing of its release.
    """
    if request.exact is None:
        return None
    there = sorted({v for v in known if v.release == request.release and v.patch >= 0})
    if not there:
        return None
    return f"{source} has {in_words(map(str, there))} of CUDA {request.release}."


def in_words(names: Iterable[str]) -> str:
    """`12.4.0`, `12.4.0 and 12.4.1`, `12.6.0, 12.6.1 and 12.6.2`."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
