"""The builds of JAX."""

from __future__ import annotations

from typing import Any

from ..platforms import Platform
from ..toolkit import releases
from ..versions import VersionRequest
from .build import Build, Builds, Note
from .framework_tables import rows_for, table
from .machine import ComputeCapability


def jax_builds(version: str, platform: Platform) -> Builds:
    """The builds of a release of JAX: one per major version of CUDA, each for a range."""
    builds = []
    rows = [] if platform.windows else rows_for(version, table("jax")["rules"])
    for row in sorted(rows, key=lambda row: row["extra"], reverse=True):
        builds.append(_build(version, row))
    builds.append(Build("pip", (f"pip install jax=={version}",)))
    notes = [
        Note(
            "conda-forge's CUDA builds are not in our tables; to see them:",
            f'conda search -c conda-forge "jaxlib={version}=*cuda*"',
        )
    ]
    if platform.windows:
        notes.append(Note("On Windows itself JAX is CPU only; in WSL it uses GPUs."))
    if any("min_cc" in row for row in rows):
        text = "JAX's least compute capabilities (5.2, with CUDA 13 7.5) are unverified."
        notes.append(Note(text))
    cudnn = next((build.cudnn for build in builds if build.cudnn), None)
    return Builds("jax", version, None, cudnn, tuple(builds), tuple(notes))


def _build(version: str, row: dict[str, Any]) -> Build:
    accepts = VersionRequest.parse(row["cuda"])
    words = f'pip install "jax[{row["extra"]}]=={version}"'
    if row.get("pages"):
        words += f" -f {table('jax')['wheel_pages']}"
    # pip takes the newest packages that the range allows.
    newest = accepts.best(known.version for known in releases())
    return Build(
        "pip",
        (words,),
        newest,
        accepts,
        cudnn=row["cudnn"],
        minimum=ComputeCapability.parse(row["min_cc"]) if "min_cc" in row else None,
        verified="min_cc" not in row,
    )
