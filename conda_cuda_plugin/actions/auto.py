"""`conda cuda use auto`: the release that fits driver, GPUs and frameworks best."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..environment import Environment
from ..errors import CudaError, UsageError
from ..frameworks.framework import Backend, Framework
from ..frameworks.match import Match, held_back_build, match, parse_framework, toolkit_for
from ..frameworks.table import find_frameworks
from ..machine.group import one_of_each
from ..machine.machine import Machine
from ..sources.base import ToolkitRequest
from ..toolkit import releases
from ..verdict.held_back import held_back_release
from ..verdict.judge import best_release, judge
from ..verdict.verdict import Level, Verdict
from ..versions import CudaVersion, VersionRequest
from .request import recorded_request

AUTO = "auto"


@dataclass(frozen=True)
class AutoChoice:
    """The release that `use auto` decides on."""

    request: VersionRequest
    """One release `X.Y`; without a framework a range of equally good ones, as not every source
    has the newest."""
    reason: str
    """One line."""
    verdict: Verdict


class NothingToGoByError(CudaError):
    """No driver is known, and no framework is there."""

    def __init__(self, machine: Machine) -> None:
        super().__init__(
            f"None of the machines of {machine.name} has a driver or a GPU, and no framework was "
            "found: there is nothing to choose by."
            if machine.nodes
            else "No CUDA version was named, none is recorded for this environment, and there is "
            "nothing to choose by: no driver and no framework was found.",
            hints=[
                "Name a version: conda cuda use 12.4",
                "or the framework you mean to install: conda cuda use auto --for torch==2.5.1",
                'or the machine it will run on: conda cuda use auto --for "driver=550,cc=8.9"',
            ],
        )


class DoesNotRunError(CudaError):
    """What a framework was built for does not run here."""

    def __init__(self, title: str, verdict: Verdict, hints: Sequence[str]) -> None:
        release, reasons = verdict.version.release, [reason.text for reason in verdict.reasons]
        where = f"on {verdict.node.name}" if verdict.node else "here"
        message = f"{title} was built for CUDA {release}, which does not run {where}."
        super().__init__(
            " ".join([message, *reasons[:1]]),
            hints=hints,
            framework=title,
            version=release,
            verdict=verdict.level.value,
            reasons=reasons,
        )


def is_automatic(text: str | None, environment: Environment, framework: str | None) -> bool:
    """Whether the choice is left to us: `auto`, `--for FRAMEWORK`, or nothing and no record.

    Raises:
        UsageError: when both a version and a framework to choose by are named, or the framework
            is unknown.
    """
    if framework is not None:
        parse_framework(framework)
        if text not in (None, AUTO):
            raise UsageError(
                f"Both {text} and --for {framework} say which CUDA to use.",
                hints=["Leave one of them out."],
            )
        return True
    if text is not None:
        return text == AUTO
    # If the record cannot be read, say so and choose nothing in its place.
    return (
        not recorded_request(environment).get("version") and not environment.read_state().problems
    )


def choose_for(
    environment: Environment, request: ToolkitRequest, machine: Machine, framework: str | None
) -> ToolkitRequest:
    """The request with the best release for an environment, and why.

    A framework that is to be installed (`torch==2.5.1`) decides alone, else those that are there.

    Raises:
        UsageError: when the framework's name or version makes no sense.
        CudaError: when nothing can be chosen, in words.
    """
    if framework is not None:
        found = match(framework, machine, request.platform)
        choice = choose_release(machine, (), found)
        held = held_back_build(found, machine, request.platform) if machine.nodes else None
        if held is not None and held.gain.best is not None:
            better = f"{held.gain.builds.title} for CUDA {held.gain.best.build.label}"
            choice = replace(choice, reason=f"{choice.reason}; {held.text(better)}")
    else:
        choice = choose_release(machine, find_frameworks(environment.prefix))
    version, best = choice.request, choice.verdict.version.release
    installed = environment.toolkit(best)
    if installed is not None and installed.complete:
        # What is installed fits as well as anything: no source has to be asked.
        version = VersionRequest.parse(best)
    return replace(request, version=version, why=choice.reason)


def choose_release(
    machine: Machine, frameworks: Sequence[Framework], wanted: Match | None = None
) -> AutoChoice:
    """The best release for a machine and the frameworks it has to serve, or the `wanted` one.

    Raises:
        NothingToGoByError: without a driver, a GPU and a framework.
        DoesNotRunError: when the framework's CUDA cannot run on this machine.
    """
    if wanted is not None:
        return _for_wanted(machine, wanted)
    built = [one for one in frameworks if _releases_for(one)]
    if built:
        return _for_frameworks(machine, built)
    if machine.driver is None and machine.driver_cuda is None and not machine.gpus:
        raise NothingToGoByError(machine)
    return _for_machine(machine, frameworks)


def _for_wanted(machine: Machine, match: Match) -> AutoChoice:
    best = match.best
    title = match.builds.title
    if best is None:
        hints = [
            f"conda cuda match {match.builds.name} shows the newest release that runs here.",
            *(build.command[0] + "    (CPU only)" for build in match.cpu[:1]),
        ]
        if not match.judged:
            raise CudaError(f"No build of {title} for CUDA is known here.", hints=hints)
        raise CudaError(
            f"No known build of {title} runs here. {match.judged[0].reasons[0].text}",
            hints=hints,
        )
    reason = f"{title} has a build for it ({best.build.source}: {best.build.command[0]})"
    if best.level is Level.UNKNOWN:
        unknown = best.reasons[0].id == "build-unlisted"
        reason += "; for which GPUs is not published" if unknown else "; no driver is known here"
    elif best.level is not Level.NATIVE:
        driver = f"the driver of {best.node}" if best.node else "this driver"
        reason = f"{reason}, which {driver} runs ({best.level.value})"
    version = toolkit_for(best, machine)
    verdict = Verdict(version, best.level, best.reasons)
    return AutoChoice(VersionRequest.parse(version.release), reason, verdict)


def _for_frameworks(machine: Machine, built: Sequence[Framework]) -> AutoChoice:
    first, fitting = built[0], _common(built)
    found = best_release(machine, fitting)
    if found is None:
        verdict = judge(max(fitting), machine)
        hints = [reason.cure for reason in verdict.reasons[:1] if reason.cure]
        if first.name == "cupy":
            hints.append("Name a release that runs here: conda cuda use VERSION")
        else:
            hints.append(f"conda cuda match {first.name} shows the builds that run here.")
        raise DoesNotRunError(first.title, verdict, hints)
    version, verdict = found
    served = [one for one in built if _accepts_any(one, fitting)]
    own = [one for one in served if one.accepts and one.accepts.matches(version)]
    names = " and ".join(one.title for one in own)
    if all(one.cuda for one in own):
        reason = f"{names} {'was' if len(own) == 1 else 'were'} built for it"
    else:
        reason = f"{names} {'runs' if len(own) == 1 else 'run'} with it"
    for one in served:
        if one not in own:
            reason += f", {one.title} for {one.cuda.release if one.cuda else one.accepts}"
    reason += _driver_text(verdict, machine) + _held_back_text(machine, fitting)
    for one in built:
        if one not in served:
            reason += f"; {one.title} wants {one.accepts}"
    return AutoChoice(VersionRequest.parse(version.release), reason, verdict)


def _common(built: Sequence[Framework]) -> list[CudaVersion]:
    """The releases that serve the first framework, and as many of the others as can be.

    A framework that was built for X.Y also runs with a newer X.Z (minor-version compatibility of
    NVIDIA's libraries), so of two that differ within a major version the newer one counts.
    """
    fitting: list[CudaVersion] = []
    for one in built:
        own = _releases_for(one)
        both = [version for version in fitting if version in own]
        same_major = [v for v in own if fitting and v.major == fitting[0].major]
        if not fitting:
            fitting = own
        elif both:
            fitting = both
        elif same_major and max(same_major) > max(fitting):
            fitting = same_major
    return fitting


def _releases_for(one: Framework) -> list[CudaVersion]:
    """The releases a framework was built for or runs with; none for a build without CUDA."""
    if one.backend is not Backend.CUDA or one.accepts is None:
        return []
    known = [row.version for row in releases() if one.accepts.matches(row.version)]
    # One that is newer than our tables still says its release.
    return known or ([one.cuda] if one.cuda else [])


def _accepts_any(one: Framework, versions: Sequence[CudaVersion]) -> bool:
    """Whether a framework is served: by its own release, or by a newer one of the same major."""
    assert one.accepts is not None
    if any(one.accepts.matches(version) for version in versions):
        return True
    return one.cuda is not None and any(
        version.major == one.cuda.major and version >= one.cuda for version in versions
    )


def _for_machine(machine: Machine, frameworks: Sequence[Framework]) -> AutoChoice:
    which = f"each of {len(machine.nodes)} machines" if machine.nodes else "this machine"
    if len(machine.nodes) == 1:
        (machine,) = machine.nodes
        which = machine.name or "it"
    few = one_of_each(machine)
    found = best_release(few, [row.version for row in releases()])
    if found is None:
        what = "all of these machines" if machine.nodes else f"the driver and GPUs of {which}"
        raise CudaError(
            f"No CUDA release runs on {what}.",
            hints=["conda cuda info shows what was found."],
        )
    version, verdict = found
    older = sorted(
        (
            row.version
            for row in releases()
            if row.version.major == version.major and row.version <= version
        ),
        reverse=True,
    )
    # Without a gap: each release of the range has to be as good.
    equal = itertools.takewhile(lambda one: judge(one, few).level is verdict.level, older)
    lowest = min(equal).release
    text = f">={lowest},<={version.release}" if lowest != version.release else version.release
    reason = f"the newest that fits {which}{_driver_text(verdict, machine)}"
    reason += _held_back_text(machine, [row.version for row in releases()])
    if any(one.backend is Backend.CPU for one in frameworks):
        reason += f"; {frameworks[0].title} here is a CPU build"
    return AutoChoice(VersionRequest.parse(text), reason, verdict)


def _held_back_text(machine: Machine, candidates: Sequence[CudaVersion]) -> str:
    """Which of several machines holds the others back, as the end of a reason."""
    held = held_back_release(machine, candidates) if machine.nodes else None
    return f"; {held.text(f'CUDA {held.gain.release}')}" if held else ""


def _driver_text(verdict: Verdict, machine: Machine) -> str:
    """The machine, as the end of a reason; of several the weakest."""
    if verdict.node is not None:
        words = _driver_text(replace(verdict, node=None), verdict.node)
        return f", on {verdict.node.name}{words}"
    if machine.driver is not None:
        words = f", driver {machine.driver}"
    elif machine.driver_cuda is not None:
        words = f", driver for CUDA {machine.driver_cuda.release}{machine.stated_by('cuda')}"
    else:
        words = "; no driver is known here"
    capability = next((gpu.capability for gpu in machine.gpus if gpu.capability), None)
    if capability:
        words += f", GPU {capability}{machine.stated_by('cuda_arch')}"
    return words if verdict.level is Level.UNKNOWN else f"{words} ({verdict.level.value})"
