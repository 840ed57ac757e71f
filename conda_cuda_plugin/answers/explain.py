"""What a message means on this machine, and the toolkit that it asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..addons import has_addon
from ..libraries.messages import Meaning
from ..libraries.names import all_releases, releases_of, span
from ..machine.machine import ComputeCapability, Machine
from ..machine.tables import architectures, toolkit_row
from ..platforms import Platform
from ..toolkit import Flavor
from ..versions import CudaVersion
from .bring import Context, Wish, for_wish, numbers

# Source: the PTX ISA's release notes. Where CUDA has no release for a version, the next one has it.
_PTX_MAJOR = {"6": 9, "7": 11, "8": 12, "9": 13}
_PTX = {"6.3": "10.0", "6.4": "10.1", "6.5": "10.2", "8.6": "12.8", "8.7": "12.8", "8.8": "12.9"}
# Source: the values of _MSC_VER in Microsoft's documentation of predefined macros.
_STUDIOS = ((1910, "2017"), (1920, "2019"), (1930, "2022"), (1950, "2026"))


@dataclass(frozen=True)
class Explanation:
    """What a message means, in words."""

    message: str
    means: str
    commands: tuple[tuple[str, str], ...]
    """What to do, and what for."""
    line: int


def explain(
    meaning: Meaning, patient: Context | None, machine: Callable[[], Machine], platform: Platform
) -> Explanation:
    """What a message means.

    Args:
        meaning: the message.
        patient: the environment; None when there is none.
        machine: finds out what the machine is.
        platform: the platform that the answer is for.
    """
    facts = {**meaning.values, **_facts(meaning.values, patient)}
    commands, text = list(meaning.commands), ""
    use = {key: value.format_map(_Known(facts)) for key, value in meaning.use.items()}
    wish = _wish({key: value for key, value in use.items() if value}, patient)
    if wish is not None:
        cure = for_wish(wish, patient, machine)
        text = cure.text
        if cure.command or cure.route:
            commands.insert(0, (cure.command or cure.route or "", meaning.why))
    means = f"{meaning.means.format_map(_Known(facts))} {text}"
    return Explanation(meaning.message, " ".join(means.split()), tuple(commands), meaning.line)


class _Known(dict[str, str]):
    """Facts of which some are not known."""

    def __missing__(self, key: str) -> str:
        return ""


def _facts(values: Mapping[str, str], patient: Context | None) -> dict[str, str]:
    """What follows from the versions that a message names."""
    release = values.get("release", "12.4").replace(".", "_")
    facts = {"msvc": _studios(patient), "variable": f"CUDA_PATH_V{release}"}
    if "gpu" in values:
        serving = _serving(values["gpu"])
        known = architectures().get(ComputeCapability.parse(values["gpu"]))
        facts["gpu_releases"] = span(serving) or "of a release that is not known yet"
        if known is not None:
            more = f": {known.products}" if known.products else ""
            facts["gpu_name"] = f" ({known.name}{more})"
    if "ptx" in values:
        facts["ptx_release"] = _release_of_ptx(values["ptx"])
    if "ptx_here" in values:
        facts["ptx_here_release"] = _release_of_ptx(values["ptx_here"])
    return facts


def _wish(use: Mapping[str, str], patient: Context | None) -> Wish | None:
    """What a toolkit has to be and to bring; None when a message asks for none."""
    if not use:
        return None
    releases = list(all_releases())
    if release := use.get("release"):
        releases = [release]
    if gpu := use.get("gpu"):
        releases = [one for one in releases if one in _serving(gpu)] or releases[-1:]
    if ptx := use.get("ptx"):
        releases = _from(releases, _release_of_ptx(ptx))
    if first := use.get("first"):
        releases = _from(releases, first)
    if last := use.get("last"):
        releases = [one for one in releases if numbers(one) <= numbers(last)]
    if major := use.get("major"):
        releases = [one for one in releases if one.partition(".")[0] == major]
    if library := use.get("library"):
        releases = list(releases_of(library).releases)
    addons = {"cudnn": _cudnn(use["cudnn"], patient)} if use.get("cudnn") else {}
    for name, version in addons.items():
        releases = [
            one for one in releases if has_addon(name, version, numbers(one)[0])
        ] or releases
    asked = {"release", "gpu", "ptx", "first", "last", "major", "library"}.intersection(use)
    flavor = use.get("flavor")
    return Wish(
        tuple(releases) if asked or addons else (),
        Flavor(flavor) if flavor else None,
        addons,
        host_compiler="host_compiler" in use,
    )


def _cudnn(version: str, patient: Context | None) -> str:
    """The cuDNN to ask for: the newest of a major version, which does what older ones of it do."""
    current = patient.environment.current() if patient else None
    here = current.addons.get("cudnn", "") if current else ""
    major = version.partition(".")[0]
    return version if here.partition(".")[0] == major else major


def _from(releases: Sequence[str], first: str) -> list[str]:
    """The releases that are not older; the newest known one when there is none."""
    newer = [one for one in releases if numbers(one) >= numbers(first)]
    return newer or list(releases[-1:])


def _serving(gpu: str) -> list[str]:
    """The releases that make code for a compute capability, oldest first."""
    known = architectures().get(ComputeCapability.parse(gpu))
    every = map(CudaVersion.parse, all_releases())
    return [one.release for one in every if known is not None and known.served_by(one)]


def _release_of_ptx(ptx: str) -> str:
    """The CUDA release that brought a version of PTX."""
    major, _, minor = ptx.partition(".")
    if ptx in _PTX:
        return _PTX[ptx]
    return f"{_PTX_MAJOR[major]}.{minor}" if major in _PTX_MAJOR else f"{int(major) + 4}.{minor}"


def _studios(patient: Context | None) -> str:
    """Which Visual Studio each release takes: the current one's, else those of all."""
    current = patient.environment.current() if patient else None
    releases = [current.version.release] if current else all_releases()
    taking: dict[str, list[str]] = {}
    for release in releases:
        row = toolkit_row(release)
        if row is not None and row.msvc is not None:
            first, below = row.msvc
            years = [year for number, year in _STUDIOS if first <= number < below]
            text = f"{years[0]} to {years[-1]} (up to _MSC_VER {below - 1})"
            taking.setdefault(text, []).append(release)
    parts = [f"CUDA {span(having)} takes {text}" for text, having in taking.items()]
    return f"{'; '.join(parts)}." if parts else ""
