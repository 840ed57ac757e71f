"""`conda cuda use --from` a release in NVIDIA's layout, and what is left of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ...conftest import Conda
from ...listing import leftovers, listing

CUDART = "cuda-redist-cudart-12.4.127-cuda12.4.1_0"


def use(conda: Conda, prefix: Path, place: str | Path, *words: str, **more: Any) -> Any:
    """`conda cuda use 12.4 --flavor base` from a place."""
    words = words or ("12.4", "--flavor=base")
    return conda.cuda("use", prefix, *words, "--from", str(place), "-y", **more)


def packages(conda: Conda, prefix: Path) -> list[str]:
    """`name-version-build` of what the one toolkit of an environment is made of."""
    (toolkit,) = conda.cuda("list", prefix, "--json").json["toolkits"]
    assert toolkit["origin"] == "redist"
    found: list[str] = toolkit["packages"]
    return found


def refused(conda: Conda, prefix: Path, place: str | Path, *words: str, **more: Any) -> str:
    """A `use` that must fail: it changes nothing, leaves nothing; its message."""
    around = prefix.parent.parent.parent
    before = {name: what for name, what in listing(around).items() if not name.startswith("pkgs/")}
    result = use(conda, prefix, place, *words, check=False, **more)
    assert (result.code, "Traceback" in result.err) == (1, False), result.err
    after = {name: what for name, what in listing(around).items() if not name.startswith("pkgs/")}
    # conda's own notes in the home folder are none of ours.
    for found in (before, after):
        for name in [name for name in found if name.startswith("home/.c")]:
            del found[name]
    assert after == before
    assert leftovers(conda.pkgs) == []
    files = [path for path in conda.pkgs.rglob("*") if path.is_file()]
    assert {path.name for path in files} <= {"urls.txt", "urls", "lock"}, files
    # What was under way is told before.
    message: str = re.sub(r"(?m)^Fetching .*$", "", result.err).strip()
    return message
