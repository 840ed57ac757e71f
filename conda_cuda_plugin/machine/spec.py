"""A machine in the user's words: `--for driver=550,cc=8.9`, `--for h100`, and conda's overrides."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from ..errors import UsageError
from ..quoting import quoted
from ..versions import CudaVersion
from .gpu_names import gpus_named, nearest_names
from .machine import ComputeCapability, DriverVersion, Gpu, Machine
from .tables import cuda_of_driver

_KEYS = ("driver", "cuda", "cc", "gpu")
_PART = re.compile(rf"\s*({'|'.join(_KEYS)})\s*=(?!=)(.*)", re.IGNORECASE | re.DOTALL)
_HINTS = [
    'Describe it like this: --for "driver=550,cc=8.9", or --for "h100,driver=550".',
    "Several GPUs: a100+h100, or cc=8.9+7.0.",
]
ELSEWHERE = "slurm:PARTITION[/all], ssh:HOST, kubernetes:SELECTOR or FILE.yaml"
"""How machines that are elsewhere are named; the room `cluster` asks them."""
_WAYS = ("slurm:", "ssh:", "kubernetes:")
T = TypeVar("T")


class NobodyTakesError(UsageError):
    """Words stand behind `--`, and no program takes them."""

    def __init__(self, words: Sequence[str]) -> None:
        super().__init__(
            f"Nobody takes {quoted(' '.join(words), 40)}: what stands behind -- is for srun, ssh "
            "or kubectl.",
            hints=["conda cuda info --for slurm:gpu -- --account=NAME"],
        )


def is_elsewhere(text: str) -> bool:
    """Whether a text names machines that are elsewhere: a way and a colon, or a file."""
    return text.startswith(_WAYS) or text.endswith((".yaml", ".yml")) or "/" in text


def is_machine_text(text: str) -> bool:
    """Whether a text describes a machine (`driver=550`, `h100`) and not a framework (`torch`)."""
    parts = text.split(",")
    return any(_PART.match(part) for part in parts) or (
        "=" not in text and all(gpus_named(name) for part in parts for name in part.split("+"))
    )


def state_machine(text: str, base: Machine) -> Machine:
    """The machine that a text describes.

    Args:
        text: parts with commas between: `driver=550.54.15`, `cuda=12.4` (the newest CUDA the
            driver supports), `cc=8.9` or the name of a GPU for each GPU; `+` stands between
            several.
        base: gives platform, C library and host compiler, which are not stated. Its driver and
            its GPUs are those of another machine and do not count.

    Raises:
        UsageError: when the text makes no sense, with an example.
    """
    driver: DriverVersion | None = None
    cuda: CudaVersion | None = None
    gpus: list[Gpu] = []
    seen: set[str] = set()
    for part in text.split(","):
        match = _PART.match(part)
        key, value = (match[1].lower(), match[2].strip()) if match else ("gpu", part.strip())
        if match is None and ("=" in part or not value):
            raise _refused(
                text, f"{value!r} is not one of {', '.join(f'{k}=' for k in _KEYS)} and no GPU"
            )
        if key in seen and key in ("driver", "cuda"):
            raise _refused(text, f"{key} is named twice")
        seen.add(key)
        try:
            if key == "driver":
                driver = DriverVersion.parse(value.removeprefix("R").removeprefix("r"))
            elif key == "cuda":
                cuda = CudaVersion.parse(value)
            elif key == "cc":
                gpus += [Gpu(None, ComputeCapability.parse(one)) for one in value.split("+")]
            else:
                gpus += [_gpu(one) for one in value.split("+")]
        except ValueError as error:
            raise _refused(text, str(error)) from error
    if cuda is None and driver is not None:
        cuda = cuda_of_driver(driver)
        if cuda is None:
            raise _refused(text, f"driver {driver} is older than any known here")
    compiler = (pair for pair in base.evidence if pair[0] == "host_compiler")
    return replace(
        base,
        driver=driver,
        driver_cuda=cuda,
        gpus=tuple(gpus),
        wsl=False,
        stated=True,
        evidence=(*compiler, *((key, "--for") for key in sorted(seen))),
        notes=(),
    )


def _gpu(name: str) -> Gpu:
    """The GPU that a name means.

    Raises:
        UsageError: it means none, or several of different compute capabilities.
    """
    name = " ".join(name.split())
    found = gpus_named(name)
    if not found:
        near = nearest_names(name)
        hint = [f"Did you mean {_either(near)}?"] if near else []
        raise UsageError(
            f"No GPU is known by the name {quoted(name, 40)}.", hints=[*hint, *_HINTS], gpu=name
        )
    if len({gpu.capability for gpu in found}) == 1:
        return Gpu(found[0].name if len(found) == 1 else name, found[0].capability)
    shown = [f"{gpu.name} ({gpu.capability})" for gpu in found]
    more = [f"{len(shown) - 6} more"] if len(shown) > 6 else []
    raise UsageError(
        f"{quoted(name, 40)} can be {_either([*shown[:6], *more])}.",
        hints=["Write the whole name, or the compute capability: cc=8.9."],
        gpu=name,
        candidates=[gpu.name for gpu in found],
    )


def _either(names: list[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else last


def overridden(
    variables: Mapping[str, str], name: str, parse: Callable[[str], T], kind: str, notes: list[str]
) -> tuple[T, ...] | None:
    """What one of conda's variables states: a value, or nothing (it is empty).

    Returns:
        None when it is not set, or is not valid, which a note says.
    """
    text = variables.get(name)
    if text is None:
        return None
    try:
        return (parse(text),) if text.strip() else ()
    except ValueError:
        notes.append(f"{name} is {text!r}, which is not a {kind}.")
        return None


def _refused(text: str, why: str) -> UsageError:
    return UsageError(
        f"The machine {text!r} cannot be understood: {why}.",
        hints=_HINTS,
        machine=text,
    )
