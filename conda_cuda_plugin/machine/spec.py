"""A machine in the user's words: `--for driver=550,cc=8.9`, `--for h100`, and conda's overrides.

Of these a variable goes before conda's settings, and both before what is found, as conda has it
itself (`CondaVirtualPackage`). `__cuda_arch` counts only beside a `__cuda` (CEP 46).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from conda.base.context import context

from ..errors import UsageError
from ..quoting import quoted
from ..versions import CudaVersion
from .gpu_names import gpus_named, nearest_names
from .machine import ComputeCapability, DriverVersion, Gpu, Machine, Override
from .tables import cuda_of_driver

CUDA, ARCH = "CONDA_OVERRIDE_CUDA", "CONDA_OVERRIDE_CUDA_ARCH"
"""conda's variables that state the two; an empty one takes the package away."""

NO_DRIVER: Mapping[str, str] = {CUDA: "", ARCH: ""}
"""What lets the solver see a machine without a driver, on which no GPU counts."""
_KEYS = ("driver", "cuda", "cc", "gpu")
_PART = re.compile(rf"\s*({'|'.join(_KEYS)})\s*=(?!=)(.*)", re.IGNORECASE | re.DOTALL)
_SETTINGS = ("override_virtual_packages", "virtual_packages")
"""The names that conda has for its setting."""
_HINTS = [
    'Describe it like this: --for "driver=550,cc=8.9", or --for "h100,driver=550".',
    "Several GPUs: a100+h100, or cc=8.9+7.0.",
]
ELSEWHERE = "slurm:PARTITION[/all], ssh:HOST, kubernetes:SELECTOR or FILE.yaml"
"""How machines that are elsewhere are named; the room `cluster` asks them."""
_WAYS = ("slurm:", "ssh:", "kubernetes:")


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


def _refused(text: str, why: str) -> UsageError:
    return UsageError(
        f"The machine {text!r} cannot be understood: {why}.",
        hints=_HINTS,
        machine=text,
    )


def overriding_settings() -> dict[str, Override]:
    """What conda's settings state for virtual packages, by name; conda has them since 25.11.

    Raises:
        CondaError: when the settings cannot be read.
    """
    stated = getattr(context, _SETTINGS[0], {})
    return {
        package: Override(package, str(text).strip(), *_place(package, text))
        for package, text in stated.items()
        if text is not None
    }


def _place(package: str, text: object) -> tuple[str, str]:
    """The file of settings that has the last word on a virtual package, and the key in it.

    That is the last one to say what counts: `#!final` in an earlier one overrules those behind it.
    """
    found = ("condarc", f"{_SETTINGS[0]}.{package}")
    for source, rows in context.raw_data.items():
        for name in set(_SETTINGS) & set(rows):
            keys = rows[name].value(None)
            for key in (package, f"__{package}"):
                if key in keys and str(keys[key].value(None)) == str(text):
                    found = (str(source), f"{name}.{key}")
    return found


def stated_cuda(variables: Mapping[str, str], settings: Mapping[str, Override]) -> Override | None:
    """What the user states for `__cuda`; it does not count where it is no version."""
    return _stated("cuda", "CUDA version", _cuda, variables, settings)


def stated_arch(variables: Mapping[str, str], settings: Mapping[str, Override]) -> Override | None:
    """What the user states for `__cuda_arch`; it does not count where it is no capability."""
    kind = "compute capability"
    return _stated("cuda_arch", kind, ComputeCapability.parse, variables, settings)


def _stated(
    package: str,
    kind: str,
    parse: Callable[[str], object],
    variables: Mapping[str, str],
    settings: Mapping[str, Override],
) -> Override | None:
    variable = f"CONDA_OVERRIDE_{package.upper()}"
    if variable in variables:
        stated = Override(package, variables[variable].strip(), variable)
    elif package in settings:
        stated = settings[package]
    else:
        return None
    try:
        return replace(stated, value=str(parse(stated.text)) if stated.text else None)
    except ValueError:
        note = f"{stated.name} is {quoted(stated.text)}, which is not a {kind}."
        return replace(stated, counts=False, note=note)


def _cuda(text: str) -> CudaVersion:
    """A version of `__cuda`, for which conda takes `12` as well."""
    return CudaVersion.parse(f"{text}.0" if text.isdigit() else text)


def with_cuda(machine: Machine, stated: Override | None) -> Machine:
    """A machine with the driver that the user states for it."""
    if stated is None:
        return machine
    cuda, driver, gpus = machine.driver_cuda, machine.driver, machine.gpus
    notes, evidence = machine.notes, dict(machine.evidence)
    stated = replace(stated, found=str(cuda) if cuda else None)
    if stated.counts:
        before, cuda = cuda, _cuda(stated.value) if stated.value else None
        if cuda is None:
            note = f"{stated.name} is empty: this counts as a machine without CUDA."
            stated = replace(stated, note=note)
            driver, gpus, notes, evidence = None, (), (), {}
        elif cuda != before:
            evidence.pop("driver", None)
            if before is not None:
                known = f"the driver {driver}" if driver else "the driver"
                note = f"{stated} stands in for {known} found here, which runs CUDA {before}."
                stated = replace(stated, note=note)
            driver = None
        evidence["driver_cuda"] = stated.source
    return replace(
        machine,
        driver=driver,
        driver_cuda=cuda,
        gpus=gpus,
        evidence=tuple(evidence.items()),
        notes=notes,
        overrides=(*machine.overrides, stated),
    )


def with_arch(
    machine: Machine, stated: Override | None, found: ComputeCapability | None
) -> Machine:
    """A machine with the GPU that the user states for it.

    Args:
        machine: the machine, with the driver that is stated.
        stated: what `stated_arch` has said.
        found: the least compute capability of the GPUs that are there.
    """
    if stated is None:
        return machine
    gpus, evidence, note = machine.gpus, dict(machine.evidence), stated.note
    if stated.counts and stated.value and machine.driver_cuda is None:
        note = f"{stated} counts only beside a driver, and there is none."
        stated = replace(stated, counts=False)
    elif stated.counts:
        capability = ComputeCapability.parse(stated.value) if stated.value else None
        gpus = (Gpu(None, capability),) if capability else ()
        evidence["gpus"] = stated.source
        if capability is None:
            note = f"{stated.name} is empty: this counts as a machine without GPUs."
        elif found not in (None, capability):
            note = f"{stated} stands in for the GPUs found here, the least of which has {found}."
    stated = replace(stated, found=str(found) if found else None, note=note)
    return replace(
        machine,
        gpus=gpus,
        evidence=tuple(evidence.items()),
        overrides=(*machine.overrides, stated),
    )


def overrides(machine: Machine | None, runs: CudaVersion | None = None) -> Mapping[str, str]:
    """The variables that let conda's solver see a machine, whatever it finds here.

    Args:
        machine: the machine; None for one without a driver.
        runs: a release that its driver shall count as able to run, if there is a driver.
    """
    cuda = machine.driver_cuda if machine else None
    if machine is None or cuda is None:
        return NO_DRIVER
    if runs is not None:
        cuda = max(cuda, runs)
    return {CUDA: cuda.release, ARCH: str(machine.capability or "")}


def seen_by_solver(machine: Machine) -> str:
    """What the solver sees of a machine and what says so, as a list in a sentence."""
    found = overrides(machine)
    lacks = "stated" if machine.elsewhere else "found"
    said = {key: f"by {what}" for key, what in machine.evidence}
    for one in reversed(machine.nodes):
        if one.driver_cuda == machine.driver_cuda:
            said["driver_cuda"] = f"on {one.name}"
        if one.capability == machine.capability:
            said["gpus"] = f"on {one.name}"
    driver = _first(said, ("driver_cuda", "cuda", "driver")) or f"no driver is {lacks}"
    if not found[CUDA]:
        return f"no __cuda ({driver}), and so no __cuda_arch"
    gpu = _first(said, ("gpus", "cc", "gpu")) or f"no GPU is {lacks}"
    arch = f"__cuda_arch {found[ARCH]}" if found[ARCH] else "no __cuda_arch"
    if driver == gpu:
        return f"__cuda {found[CUDA]} and {arch} ({gpu})"
    return f"__cuda {found[CUDA]} ({driver}), {arch} ({gpu})"


def _first(said: Mapping[str, str], keys: Iterable[str]) -> str | None:
    return next((said[key] for key in keys if key in said), None)
