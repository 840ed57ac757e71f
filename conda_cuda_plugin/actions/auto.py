"""`conda cuda use auto`: the release that fits driver, GPUs and frameworks best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..environment import Environment
from ..errors import CudaError, UsageError
from ..frameworks.framework import Backend, Framework
from ..frameworks.match import Match, match, parse_framework, toolkit_for
from ..frameworks.table import find_frameworks
from ..machine.machine import Machine
from ..sources.base import ToolkitRequest
from ..toolkit import releases
from ..verdict.judge import best_release, judge
from ..verdict.verdict import Level, Verdict
from ..versions import CudaVersion, VersionRequest
from .request import recorded_request

AUTO = "auto"


@dataclass(frozen=True)
class AutoChoice:
    """What `use auto` decides on."""

    request: VersionRequest
    """One release `X.Y`; without a framework a range of equally good ones, as not every source
    has the newest."""
    reason: str
    """One line."""
    verdict: Verdict


class NothingToGoByError(CudaError):
    """No driver is known, and no framework is there."""

    def __init__(self) -> None:
        super().__init__(
            "No CUDA version was named, none is recorded for this environment, and there is "
            "nothing to choose by: no driver and no framework was found.",
            hints=[
                "Name a version: conda cuda use 12.4",
                "or the framework you mean to install: conda cuda use auto --for torch==2.5.1",
                'or the machine it will run on: conda cuda use auto --for "driver=550,cc=8.9"',
            ],
        )


class DoesNotRunError(CudaError):
    """What a framework was built for does not run here."""

    def __init__(self, one: Framework, verdict: Verdict) -> None:
        release, why = verdict.version.release, verdict.reasons[0] if verdict.reasons else None
        other = "Name a release that runs here: conda cuda use VERSION"
        if one.name != "cupy":
            other = f"conda cuda match {one.name} shows the builds that run here."
        super().__init__(
            f"{one.title} was built for CUDA {release}, which does not run here."
            + (f" {why.text}" if why else ""),
            hints=[*([why.cure] if why and why.cure else []), other],
            framework=one.title,
            version=release,
            verdict=verdict.level.value,
            reasons=[reason.text for reason in verdict.reasons],
        )


def is_automatic(text: str | None, environment: Environment, framework: str | None) -> bool:
    """Whether the choice is left to us: `auto`, `--for FRAMEWORK`, or nothing and no record.

    Raises:
        UsageError: when both a version and a framework to choose by are named, or the framework
            is not one we know.
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
    # What was recorded and cannot be read is reported, and nothing else chosen in its place.
    recorded = recorded_request(environment).get("version")
    return not recorded and not environment.read_state().problems


def choose_for(
    environment: Environment, request: ToolkitRequest, machine: Machine, framework: str | None
) -> ToolkitRequest:
    """The request with the best release for an environment, and why.

    Args:
        environment: its frameworks count, and its toolkits when they fit.
        request: what was asked for beside the version.
        machine: detected or stated.
        framework: one to be installed (`torch==2.5.1`), which then decides alone.

    Raises:
        UsageError: when the framework's name or version makes no sense.
        CudaError: when nothing can be chosen, in words.
    """
    if framework is not None:
        choice = choose_release(machine, (), match(framework, machine, request.platform))
    else:
        choice = choose_release(machine, find_frameworks(environment.prefix))
    best = choice.verdict.version.release
    at_hand = environment.toolkit(best)
    # A toolkit that is here already fits as well as anything: no source has to be asked.
    here = at_hand is not None and at_hand.complete
    version = VersionRequest.parse(best) if here else choice.request
    return replace(request, version=version, why=choice.reason)


def choose_release(
    machine: Machine, frameworks: Sequence[Framework], wanted: Match | None = None
) -> AutoChoice:
    """The best release for a machine and the frameworks of an environment, or for one to install.

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
        raise NothingToGoByError()
    return _for_machine(machine, frameworks)


def _for_wanted(machine: Machine, wanted: Match) -> AutoChoice:
    best, title = wanted.best, wanted.builds.title
    if best is None:
        text = f"No build of {title} for CUDA is known here."
        if wanted.judged:
            text = f"No known build of {title} runs here. {wanted.judged[0].reasons[0].text}"
        raise CudaError(
            text,
            hints=[
                f"conda cuda match {wanted.builds.name} shows the newest release that runs here.",
                *(f"{build.command[0]}    (CPU only)" for build in wanted.cpu[:1]),
            ],
        )
    reason = f"{title} has a build for it ({best.build.source}: {best.build.command[0]})"
    if best.level is Level.UNKNOWN:
        unlisted = best.reasons[0].id == "build-unlisted"
        reason += "; for which GPUs is not published" if unlisted else "; no driver is known here"
    elif best.level is not Level.NATIVE:
        reason += f", which this driver runs ({best.level.value})"
    version = toolkit_for(best, machine)
    verdict = Verdict(version, best.level, best.reasons)
    return AutoChoice(VersionRequest.parse(version.release), reason, verdict)


def _for_frameworks(machine: Machine, built: Sequence[Framework]) -> AutoChoice:
    fitting = _common(built)
    served = [one for one in built if _accepts_any(one, fitting)]
    found = best_release(machine, fitting)
    if found is None:
        raise DoesNotRunError(built[0], judge(max(fitting), machine))
    version, verdict = found
    reason = _served_words(served, version) + _driver_words(verdict, machine)
    reason += "".join(f"; {one.title} wants {one.accepts}" for one in built if one not in served)
    return AutoChoice(VersionRequest.parse(version.release), reason, verdict)


def _served_words(served: Sequence[Framework], version: CudaVersion) -> str:
    """Who is served by a release, and how."""
    own = [one for one in served if one.accepts and one.accepts.matches(version)]
    forms = ("was built for it", "were built for it")
    if not all(one.cuda for one in own):
        forms = ("runs with it", "run with it")
    words = f"{' and '.join(one.title for one in own)} {forms[len(own) != 1]}"
    for one in served:
        if one not in own:
            words += f", {one.title} for {one.cuda.release if one.cuda else one.accepts}"
    return words


def _common(built: Sequence[Framework]) -> list[CudaVersion]:
    """The releases that serve the first framework, and as many of the others as can be.

    A framework that was built for X.Y also runs with a newer X.Z (minor-version compatibility of
    NVIDIA's libraries), so of two that differ within a major version the newer one counts.
    """
    fitting: list[CudaVersion] = []
    for one in built:
        own = _releases_for(one)
        same_major = [v for v in own if fitting and v.major == fitting[0].major]
        if not fitting:
            fitting = own
        elif both := [version for version in fitting if version in own]:
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
    return any(
        (one.accepts and one.accepts.matches(version))
        or (one.cuda and version.major == one.cuda.major and version >= one.cuda)
        for version in versions
    )


def _for_machine(machine: Machine, frameworks: Sequence[Framework]) -> AutoChoice:
    found = best_release(machine, [row.version for row in releases()])
    if found is None:
        raise CudaError(
            "No CUDA release runs on this machine's driver and GPUs.",
            hints=["conda cuda info shows what was found."],
        )
    version, verdict = found
    equal = [
        row.version
        for row in releases()
        if row.version.major == version.major
        and row.version <= version
        and judge(row.version, machine).level is verdict.level
    ]
    lowest = min(equal).release
    text = f">={lowest},<={version.release}" if lowest != version.release else version.release
    reason = f"the newest that fits this machine{_driver_words(verdict, machine)}"
    if any(one.backend is Backend.CPU for one in frameworks):
        reason += f"; {frameworks[0].title} here is a CPU build"
    return AutoChoice(VersionRequest.parse(text), reason, verdict)


def _driver_words(verdict: Verdict, machine: Machine) -> str:
    """The machine, as the end of a reason."""
    if machine.driver is not None:
        words = f", driver {machine.driver}"
    elif machine.driver_cuda is not None:
        words = f", driver for CUDA {machine.driver_cuda.release}"
    else:
        words = "; no driver is known here"
    capability = next((gpu.capability for gpu in machine.gpus if gpu.capability), None)
    if capability:
        words += f", GPU {capability}"
    return words if verdict.level is Level.UNKNOWN else f"{words} ({verdict.level.value})"
