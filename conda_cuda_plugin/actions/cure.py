"""What to do about what is missing: one sentence or two, and at most one command."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..compat.libraries import all_releases
from ..compat.machine import Machine
from ..cuda_tools import tools
from ..environment import Environment
from ..platforms import Platform
from ..quoting import typed
from ..toolkit import Flavor, Toolkit
from ..versions import CudaVersion
from .which_tool import ToolAnswer


@dataclass(frozen=True)
class Cure:
    """What to do.

    Args:
        text: one or two sentences.
        command: the command that does it; None when no command can.
    """

    text: str
    command: str | None = None


@dataclass(frozen=True)
class Patient:
    """The environment that a cure is for.

    Args:
        environment: the environment.
        active: whether it is active in the shell.
        name: what people call it.
        platform: its platform.
        machine: finds out what the machine is; called only when a release has to be chosen.
    """

    environment: Environment
    active: bool
    name: str
    platform: Platform
    machine: Callable[[], Machine]

    def command(self, words: str) -> str:
        """`conda WORDS` for this environment."""
        if self.active:
            return f"conda {words}"
        option = "-p" if os.sep in self.name else "-n"
        return f"conda {words} {option} {typed(self.name)}"

    def best(self, releases: Sequence[str]) -> tuple[str, str]:
        """The best of some releases for this machine, and a warning when none runs on it."""
        from ..compat.verdict import best_release

        found = best_release(self.machine(), [CudaVersion.parse(text) for text in releases])
        if found is None:
            return releases[-1], " None of its releases runs on this machine's driver and GPUs."
        return found[0].release, ""

    @property
    def activate(self) -> str:
        """The command that lets the hooks run."""
        return f"conda activate {typed(self.name)}"


DRIVER = Cure(
    "It comes with the NVIDIA driver; no toolkit has it. Install the driver on the machine, start "
    "a container with --gpus all, or under WSL install the driver of Windows."
)


def for_tool(answer: ToolAnswer, patient: Patient) -> Cure | None:
    """What to do about a tool; None when nothing has to be done."""
    current = patient.environment.current()
    row = tools().get(answer.name.removesuffix(".exe"), {})
    if row.get("of") == "driver":
        return None if answer.found else DRIVER
    release = current.version.release if current else None
    if answer.found and not (release in answer.installed and _foreign(answer, patient)):
        return None
    if answer.found:
        return Cure(
            f"{answer.programs[0].path} stands in front of the environment's own in PATH.",
            patient.activate,
        )
    last = row.get("last")
    if last and (release is None or numbers(release) > numbers(last)):
        text = f"CUDA {last} is the last release with it."
        return Cure(text, patient.command(f"cuda use {last} --flavor devel"))
    if release in answer.installed:
        return Cure("The shell does not have the environment's tools.", patient.activate)
    if answer.installed:
        text = f"CUDA {answer.installed[0]} is installed here and has it, but is not current."
        return Cure(text, patient.command(f"cuda use {answer.installed[0]}"))
    if current is not None:
        return extend(current, row.get("component"), Flavor.DEVEL, patient)
    release, warning = patient.best(all_releases())
    return Cure(
        f"The environment has no current toolkit.{warning}",
        patient.command(f"cuda use {release} --flavor devel"),
    )


def extend(toolkit: Toolkit, component: str | None, needed: Flavor, patient: Patient) -> Cure:
    """The command that adds a part to an installed toolkit.

    An adopted toolkit has what its folder has; the channel's takes its place.
    """
    release = toolkit.version.release
    text = f"CUDA {release} is installed here, but without it."
    if toolkit.flavor is None and toolkit.components and component:
        names = typed(",".join([*toolkit.components, component]))
        return Cure(text, patient.command(f"cuda use {release} --components {names}"))
    flavor = max(needed, toolkit.flavor or needed, key=lambda flavor: flavor.rank)
    adopted = toolkit.origin is not None and toolkit.origin.adopted
    source = " --from channel" if adopted else ""
    return Cure(text, patient.command(f"cuda use {release} --flavor {flavor.value}{source}"))


def numbers(release: str) -> tuple[int, int]:
    """`12.4` as numbers that can be compared."""
    major, minor = release.split(".")[:2]
    return int(major), int(minor)


def _foreign(answer: ToolAnswer, patient: Patient) -> bool:
    """Whether the first program on PATH is not the environment's."""
    first = answer.programs[0].path
    return os.path.dirname(first) != str(patient.environment.bin)
