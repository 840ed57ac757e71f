"""GPUs by the names that people and drivers give them: `h100`, `NVIDIA A100-SXM4-80GB`.

The names, and what each GPU is made for, are in data/gpus.json, which names its sources.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache

from ..data import read_data
from .machine import ComputeCapability, Gpu

DATA_CENTRE = "data centre"
_MAKERS = "nvidia|geforce|tesla"
# Words that tell no two GPUs apart: memory, form factor, the case it is in.
_EXTRAS = (
    r"[1-9]\d{0,2} ?g(?:i?b)?|hbm ?\d?e?|sxm ?\d?|pcie?|nvl ?\d*|pg ?\d+|dgxs?|hgx|fhhl|oem|gpus?|"
    r"graphics|card|laptop|notebook|mobile|embedded|with|max ?q|design|generation|edition|nvgpu|"
    r"mig [\w ]*"
)
_IGNORED = re.compile(rf"\b(?:{_MAKERS}|{_EXTRAS})\b", re.ASCII)
_BEFORE = re.compile(f"(?:{_MAKERS})*")
_AFTER = re.compile(f"(?:{_EXTRAS})*".replace(" ?", ""), re.ASCII)
_CONSUMER = re.compile(r"\b(geforce|gtx|rtx|titan|quadro|nvs|jetson|tegra)\b")


@dataclass(frozen=True)
class KnownGpu:
    """A GPU of the table."""

    name: str
    capability: ComputeCapability
    kind: str
    """`data centre`, `workstation`, `GeForce` or `Jetson`."""

    @property
    def key(self) -> str:
        """What tells it from all others: its name without blanks and the maker's words."""
        return _joined(_bare(self.name))


@cache
def known_gpus() -> tuple[KnownGpu, ...]:
    """The table, oldest compute capability first."""
    return tuple(
        KnownGpu(name, ComputeCapability.parse(capability), kind)
        for capability, kinds in read_data("gpus.json")["gpus"].items()
        for kind, names in kinds.items()
        for name in names
    )


@cache
def gpus_named(text: str) -> tuple[KnownGpu, ...]:
    """Those that a name may mean.

    Returns:
        The one that has this name, however it is spelled. Else all that have its words, as
        `RTX 6000` and `Jetson Orin` are words of several.
    """
    words = _words(text)
    if len(words) > 80:
        return ()
    bare = _bare(words)
    whole, joined = _BEFORE.sub("", _joined(words), count=1), _joined(bare)
    exact = [gpu for gpu in known_gpus() if gpu.key == joined or _begins(whole, gpu.key)]
    if exact:
        # `rtx3080ti` begins with two keys.
        return (max(exact, key=lambda gpu: len(gpu.key)),)
    pieces = set(_pieces(bare))
    # A number alone is a driver's or a release's, except that of a card, which has four digits.
    if not re.search(r"[a-z]|^\d{4}$", joined):
        return ()
    run = len(joined) > 4 and joined[-1].isalpha()
    return tuple(
        gpu
        for gpu in known_gpus()
        if pieces <= set(_pieces(_words(gpu.name))) or (run and joined in gpu.key)
    )


def nearest_names(text: str) -> list[str]:
    """The names that are spelled most like a text."""
    by_key = {gpu.key: gpu.name for gpu in known_gpus()}
    near = get_close_matches(_joined(_bare(_words(text[:60]))), by_key, 4, 0.7)
    return [by_key[key] for key in near]


@cache
def is_data_centre(gpu: Gpu) -> bool | None:
    """Whether a GPU is made for data centres; None when nothing says so.

    Its name says it, and where that is not known its compute capability, if all GPUs that have it
    are of one kind.
    """
    words = _words(gpu.name or "")
    found = gpus_named(words) if words else ()
    if not found and "tesla" in words.split():
        return True
    if not found and _CONSUMER.search(words):
        return False
    if not found:
        found = tuple(one for one in known_gpus() if one.capability == gpu.capability)
    kinds = {one.kind == DATA_CENTRE for one in found}
    return kinds.pop() if len(kinds) == 1 else None


def _begins(joined: str, key: str) -> bool:
    """Whether nothing but memory and form factor follows a key."""
    return joined.startswith(key) and bool(_AFTER.fullmatch(joined, len(key)))


def _words(text: str) -> str:
    """A name in small letters, one blank between the words."""
    return " ".join(re.findall(r"[a-z0-9]+", text.casefold()))


def _bare(words: str) -> str:
    """The words that tell GPUs apart."""
    return " ".join(_IGNORED.sub(" ", _words(words)).split())


def _joined(words: str) -> str:
    return words.replace(" ", "")


def _pieces(words: str) -> list[str]:
    """Runs of letters and runs of digits: `rtx4090` has two."""
    return re.findall(r"[a-z]+|\d+", words)
