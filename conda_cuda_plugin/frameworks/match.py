"""Which builds of a framework a machine can run."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from ..errors import CudaError, UsageError
from ..machine.group import one_of_each
from ..machine.machine import ComputeCapability, Machine
from ..machine.tables import architectures
from ..platforms import Platform
from ..quoting import quoted
from ..toolkit import releases
from ..verdict.held_back import HeldBack, held_back
from ..verdict.judge import best_release, judge
from ..verdict.verdict import Level, Reason
from ..versions import CudaVersion
from .framework import Build, Builds
from .releases import find_release, framework_name, known_releases
from .table import builds_of

RUNS = (Level.NATIVE, Level.MINOR)
"""The levels at which a build runs as things are."""


@dataclass(frozen=True)
class JudgedBuild:
    """A build, and whether the machine runs it."""

    build: Build
    level: Level
    reasons: tuple[Reason, ...] = ()
    node: str | None = None
    """Of several machines the name of the weakest, which decides."""

    @property
    def runs(self) -> bool:
        """Whether nothing has to change for it to use the GPU."""
        return self.level in RUNS


@dataclass(frozen=True)
class Match:
    """A release of a framework on a machine."""

    builds: Builds
    judged: tuple[JudgedBuild, ...]
    """The builds for CUDA, in the order of the sources."""
    cpu: tuple[Build, ...]
    skipped: str | None = None
    """The newest release known, when it was not asked for and this machine does not run it."""
    asked: bool = False
    """Whether the release was asked for."""

    @property
    def best(self) -> JudgedBuild | None:
        """The one to take: it runs, or may; None when none does."""
        able = [one for one in self.judged if one.level in (*RUNS, Level.UNKNOWN)]
        return min(able, key=_preference, default=None)


def parse_framework(text: str) -> tuple[str, str | None, str | None]:
    """Take `torch==2.5.1+cu121` apart.

    Returns:
        The framework's name, its version if one was named, and the wish for a CUDA (`cu121`).

    Raises:
        UsageError: when it is not a framework, or its version is not a version.
    """
    form = r"\s*([A-Za-z][\w.-]{0,60}?)\s*(?:={1,3}\s*v?([\w.]{1,30})(?:\+([\w.]{1,30}))?)?\s*"
    match = re.fullmatch(form, text, re.ASCII)
    if match is None:
        raise UsageError(
            f"{quoted(text)} is not a framework.", hints=["Write torch, or torch==2.5.1."]
        )
    return framework_name(match[1]), match[2], match[3]


def match(text: str, machine: Machine, platform: Platform) -> Match:
    """The builds of a framework for a platform, and which of them a machine runs.

    The text is such as `torch==2.5.1`; without a version the newest release that runs is taken.

    Raises:
        UsageError: when the text names no framework we know.
        UnknownReleaseError: when the framework has no such release; it names the nearest.
        CudaError: when the release has no build for the CUDA that was named (`+cu121`).
    """
    name, version, wish = parse_framework(text)
    machine = one_of_each(machine)
    if version is not None:
        found = _judged(builds_of(name, find_release(name, version), platform), machine)
        found = replace(found, asked=True)
        return _wished(found, wish) if wish else found
    newest, *older = known_releases(name)
    first = found = _judged(builds_of(name, newest, platform), machine)
    while found.best is None and older:
        found = _judged(builds_of(name, older.pop(0), platform), machine)
    if found.best is None or found is first:
        return first
    return replace(found, skipped=newest)


def _judged(builds: Builds, machine: Machine) -> Match:
    judged = tuple(judge_build(build, machine) for build in builds.builds if build.cuda)
    return Match(builds, judged, tuple(build for build in builds.builds if build.cuda is None))


def held_back_build(found: Match, machine: Machine, platform: Platform) -> HeldBack[Match] | None:
    """The machines without which a better build, or a newer release, could be had."""
    name, version = found.builds.name, found.builds.version
    text = f"{name}=={version}" if found.asked else name

    def worth(one: Match | None) -> tuple[Any, ...]:
        if one is None or one.best is None or one.best.build.cuda is None:
            return (0,)
        release = tuple(map(int, re.findall(r"\d+", one.builds.version)))
        return (1, release, -one.best.level.rank, one.best.build.cuda.numbers)

    return held_back(machine, lambda one: match(text, one, platform), worth)


def toolkit_for(one: JudgedBuild, machine: Machine) -> CudaVersion:
    """The release that a build was built for, or the best for the machine that it runs with."""
    return _toolkit_for(one.build, machine)


def _toolkit_for(build: Build, machine: Machine) -> CudaVersion:
    accepts, newest = build.accepts, build.cuda
    assert accepts is not None
    assert newest is not None
    if accepts.release:
        return newest
    fitting = [known.version for known in releases() if accepts.matches(known.version)]
    found = best_release(machine, fitting)
    return found[0] if found else newest


def judge_build(build: Build, machine: Machine) -> JudgedBuild:
    """Whether a machine runs a build.

    The driver and the GPUs must fit its CUDA release, and the build must hold code for the GPUs: a
    wheel can be narrower than its toolkit (PyTorch's of CUDA 12.8 in 2.11 have none for Volta,
    which the toolkit itself supports). Of several machines the weakest decides.
    """
    assert build.cuda is not None
    if machine.nodes:
        judged = [(judge_build(build, one), one.name) for one in machine.nodes]
        worst, name = max(judged, key=lambda pair: pair[0].level.rank)
        return replace(worst, node=name)
    release = build.cuda if build.brings_cuda else _toolkit_for(build, machine)
    verdict = judge(release, machine)
    level = verdict.level
    # Nothing is compiled here.
    reasons = [reason for reason in verdict.reasons if reason.id != "host-compiler"]
    capabilities = [gpu.capability for gpu in machine.gpus if gpu.capability]
    narrow = next(filter(None, (_not_in(build, one, level) for one in capabilities)), None)
    if narrow is not None:
        reasons.insert(len(reasons) if level is Level.CANNOT else 0, narrow)
        level = Level.CANNOT
    elif build.unlisted and level in RUNS and machine.gpus:
        text = "Which GPUs this build has code for is not published; other builds here say."
        reasons.insert(0, Reason("build-unlisted", text))
        level = Level.UNKNOWN
    return JudgedBuild(build, level, tuple(reasons))


def _not_in(build: Build, capability: ComputeCapability, level: Level) -> Reason | None:
    """Why a build has nothing for a GPU; None when it has code, or that is not published."""
    known = architectures().get(capability)
    who = f"the {known.name} GPU" if known else "the GPU"
    if build.minimum is not None and capability < build.minimum:
        return Reason(
            "build-too-new",
            f"This build needs compute capability {build.minimum}; {who} has {capability}.",
            "Take a build for an older CUDA, or an older release.",
        )
    if not build.capabilities:
        return None
    own = any(code.major == capability.major and code <= capability for code in build.capabilities)
    # A driver that is older than the build's CUDA cannot turn its PTX into code.
    jit = build.ptx is not None and build.ptx <= capability and level is not Level.MINOR
    if own or jit:
        return None
    codes = ", ".join(map(str, build.capabilities))
    return Reason(
        "build-narrow",
        f"This build has code for {codes} only; {who} has {capability}.",
        "Take another build of this release, or another release.",
    )


def _wished(found: Match, wish: str) -> Match:
    """Only the builds that `+cu121` or `+cpu` means."""
    kept = tuple(one for one in found.judged if _is_wished(one.build, wish))
    if not kept and wish != "cpu":
        labels = dict.fromkeys(one.build.label for one in found.judged)
        raise CudaError(
            f"No build of {found.builds.title} is known for {wish}.",
            hints=[f"Known are builds for CUDA {', '.join(labels)}." if labels else "CPU only."],
        )
    return replace(found, judged=kept)


def _is_wished(build: Build, wish: str) -> bool:
    digits = wish.removeprefix("cuda").removeprefix("cu")
    cuda = build.cuda
    return cuda is not None and digits in (f"{cuda.major}{cuda.minor}", f"{cuda.major}")


def _preference(one: JudgedBuild) -> tuple[int, int, bool, tuple[int, int]]:
    """Runs best, from the source that is asked first, plain command, newest CUDA."""
    sources = ("pip", "conda-forge", "pytorch channel")
    assert one.build.cuda is not None
    newest = (-one.build.cuda.major, -one.build.cuda.minor)
    return one.level.rank, sources.index(one.build.source), not one.build.default, newest
