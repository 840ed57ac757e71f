"""What the user states for conda's virtual packages, in place of what the machine has.

The variable goes before conda's settings, and both before what is found, as conda has it itself
(`CondaVirtualPackage`). `__cuda_arch` counts only beside a `__cuda` (CEP 46).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from conda.base.context import context

from ..quoting import quoted
from ..versions import CudaVersion
from .machine import ComputeCapability, Gpu, Machine, Override

_SETTINGS = ("override_virtual_packages", "virtual_packages")
"""The names that conda has for its setting."""


def overriding_settings() -> dict[str, Override]:
    """What conda's settings state for virtual packages, by name; conda has them since 25.11.

    Raises:
        CondaError: when the settings cannot be read.
    """
    stated = getattr(context, _SETTINGS[0], {})
    return {
        package: Override(package, str(text).strip(), *_place(package))
        for package, text in stated.items()
        if text is not None
    }


def _place(package: str) -> tuple[str, str]:
    """The file of settings that has the last word on a virtual package, and the key in it."""
    for source, rows in reversed(context.raw_data.items()):
        for name in _SETTINGS:
            if name in rows:
                keys = rows[name].value(None)
                for key in (f"__{package}", package):
                    if key in keys:
                        return str(source), f"{name}.{key}"
    return "condarc", f"{_SETTINGS[0]}.{package}"


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
