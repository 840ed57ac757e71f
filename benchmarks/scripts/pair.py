"""Pairs of scripts for activation and deactivation, in each language of shells."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from . import csh, fish, sh

LISTED = "LD_LIBRARY_PATH"
SCALARS = ("CUDA_HOME", "CUDA_PATH", "CUDAToolkit_ROOT", "XLA_FLAGS")
"""Beside the list: what our hooks set, too. All pairs set the same five variables."""

_LANGUAGES = {"sh": sh, "fish": fish, "csh": csh}


@dataclass(frozen=True)
class Pair:
    """Two scripts to source one after the other."""

    activate: Path
    deactivate: Path


def write_pairs(folder: Path, family: str) -> dict[str, Pair]:
    """Write the pairs for one family of shells.

    Args:
        folder: where; it is made.
        family: `sh`, `fish` or `csh`.

    Returns:
        `plain`: the right thing for each variable by itself, one after the other: the state is
        keyed by CONDA_SHLVL, a list loses exactly our element, a scalar comes back only if it is
        still ours. `backup`: every variable is saved and put back as a whole. `sed`: the element
        is taken out by a pipe. `empty`: nothing.
    """
    language = _LANGUAGES[family]
    folder.mkdir(parents=True)
    texts = {"empty": ("", ""), "backup": language.backup(), "sed": language.sed()}
    activate, deactivate = language.HEAD, language.HEAD
    for text in (language.listed(LISTED), *(language.scalar(name) for name in SCALARS)):
        activate, deactivate = activate + text[0], deactivate + text[1]
    texts["plain"] = (activate + language.TAIL, deactivate + language.TAIL)
    pairs = {}
    for name, pair in texts.items():
        paths = [folder / f"{name}-{moment}.{family}" for moment in ("on", "off")]
        for path, text in zip(paths, pair, strict=True):
            path.write_text(text)
        pairs[name] = Pair(*paths)
    return pairs


def ours(prefix: Path, family: str) -> Pair:
    """Our hooks as they lie in an environment."""
    folder = prefix / "etc" / "conda"
    name = f"~conda-cuda.{family}"
    return Pair(folder / "activate.d" / name, folder / "deactivate.d" / name)
