"""A machine in the user's words: `--for driver=550,cc=8.9`, and conda's overrides."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from ..errors import UsageError
from ..versions import CudaVersion
from .machine import ComputeCapability, DriverVersion, Gpu, Machine
from .tables import cuda_of_driver

EXAMPLE = '--for "driver=550,cc=8.9"'
_KEYS = ("driver", "cuda", "cc")
_PART = re.compile(rf"\s*({'|'.join(_KEYS)})\s*=(?!=)", re.IGNORECASE)


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
            raise _refused(text, f"{part.strip()!r} is none of {', '.join(f'{k}=' for k in _KEYS)}")
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
    return replace(
        base,
        driver=driver,
        driver_cuda=cuda,
        gpus=tuple(gpus),
        wsl=False,
        stated=True,
        evidence=(
            *(pair for pair in base.evidence if pair[0] == "host_compiler"),
            *((key, "--for") for key in sorted(seen)),
        ),
        notes=(),
    )


def overridden_cuda(variables: Mapping[str, str]) -> tuple[CudaVersion | None, str | None] | None:
    """What CONDA_OVERRIDE_CUDA states; None when it is not set.

    Returns:
        The newest CUDA of the driver, None for no CUDA at all (an empty value); and a note when
        the value makes no sense, in which case it counts as not set.
    """
    text = variables.get("CONDA_OVERRIDE_CUDA")
    if text is None:
        return None
    if not text.strip():
        return None, None
    try:
        return CudaVersion.parse(text), None
    except ValueError:
        return None, f"CONDA_OVERRIDE_CUDA is {text!r}, which is no CUDA version."


def overridden_gpus(variables: Mapping[str, str]) -> tuple[tuple[Gpu, ...] | None, str | None]:
    """The GPUs that CONDA_OVERRIDE_CUDA_ARCH states: the least one, as conda's `__cuda_arch`.

    Returns:
        None when it is not set or makes no sense (with a note then); no GPU for an empty value.
    """
    text = variables.get("CONDA_OVERRIDE_CUDA_ARCH")
    if text is None:
        return None, None
    if not text.strip():
        return (), None
    try:
        return (Gpu(None, ComputeCapability.parse(text)),), None
    except ValueError:
        return None, f"CONDA_OVERRIDE_CUDA_ARCH is {text!r}, which is no compute capability."


def _refused(text: str, why: str) -> UsageError:
    return UsageError(
        f"The machine {text!r} cannot be understood: {why}.",
        hints=[f"Describe it like this: {EXAMPLE}", "Several GPUs: cc=8.9+7.0"],
        machine=text,
    )
