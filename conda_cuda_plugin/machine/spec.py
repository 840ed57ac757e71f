"""A machine in the user's words: `--for driver=550,cc=8.9`, and conda's overrides."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from ..errors import UsageError
from ..versions import CudaVersion
from .machine import ComputeCapability, DriverVersion, Gpu, Machine
from .tables import cuda_of_driver

_KEYS = ("driver", "cuda", "cc")
_PART = re.compile(rf"\s*({'|'.join(_KEYS)})\s*=(?!=)", re.IGNORECASE)
T = TypeVar("T")


def is_machine_text(text: str) -> bool:
    """Whether a text describes a machine (`driver=550`) and not a framework (`torch==2.5.1`)."""
    return any(_PART.match(part) for part in text.split(","))


def state_machine(text: str, base: Machine) -> Machine:
    """The machine that a text describes.

    Args:
        text: parts with commas between: `driver=550.54.15`, `cuda=12.4` (the newest CUDA the
            driver supports), `cc=8.9` for each GPU, `cc=8.9+7.0` for several.
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
        key, equals, value = (piece.strip() for piece in part.partition("="))
        key = key.lower()
        if key not in _KEYS or not equals:
            raise _refused(
                text, f"{part.strip()!r} is not one of {', '.join(f'{k}=' for k in _KEYS)}"
            )
        if key in seen and key != "cc":
            raise _refused(text, f"{key} is named twice")
        seen.add(key)
        try:
            if key == "driver":
                driver = DriverVersion.parse(value.removeprefix("R").removeprefix("r"))
            elif key == "cuda":
                cuda = CudaVersion.parse(value)
            else:
                gpus += [Gpu(None, ComputeCapability.parse(one)) for one in value.split("+")]
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
        hints=['Describe it like this: --for "driver=550,cc=8.9"', "Several GPUs: cc=8.9+7.0"],
        machine=text,
    )
