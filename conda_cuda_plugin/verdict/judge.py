"""Whether a CUDA release runs on a machine, with the numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..machine.group import one_of_each
from ..machine.host_compiler import EVIDENCE
from ..machine.machine import DriverVersion, Machine
from ..machine.tables import toolkit_row
from ..toolkit import releases
from ..versions import CudaVersion
from .driver_rules import judge_driver, numbers
from .gpu_rules import capabilities, judge_gpus
from .verdict import Level, Numbers, Reason, Verdict

__all__ = ["Level", "Numbers", "Reason", "Verdict", "best_release", "judge"]


def judge(version: CudaVersion, machine: Machine, install: str | None = None) -> Verdict:
    """Whether a release runs on a machine.

    The driver and each GPU are judged on their own; the worst answer decides. Of several machines
    the weakest decides. The host compiler adds a reason and no level; `install` is as for
    `judge_compiler`. What is not known of the machine counts against nothing.

    Returns:
        The level, with the most important reason first. The cure of a reason that stands in the way
        names the newest release that does run.
    """
    if machine.nodes:
        machine = one_of_each(machine)
    node = weakest(version, machine)
    level, found = _judge(version, node)
    reasons = [reason for _, reason in found]
    if level in (Level.CANNOT, Level.COMPAT):
        reasons[0] = _with_way_out(reasons[0], machine)
    compiler = judge_compiler(version, machine, install)
    if compiler is not None:
        reasons.append(compiler)
    needed = replace(numbers(version, node), capabilities=capabilities(version))
    return Verdict(version, level, tuple(reasons), needed, node if machine.nodes else None)


def weakest(version: CudaVersion, machine: Machine) -> Machine:
    """The machine that decides: the one itself, or of several that with the worst verdict."""
    if not machine.nodes:
        return machine
    # Of equals the one with the oldest driver.
    oldest = DriverVersion((10_000,))
    ranks = [(-_judge(version, one)[0].rank, one.driver or oldest) for one in machine.nodes]
    return machine.nodes[ranks.index(min(ranks))]


def best_release(
    machine: Machine, candidates: Iterable[CudaVersion]
) -> tuple[CudaVersion, Verdict] | None:
    """The newest of the candidates that has the best verdict.

    Returns:
        The release and its verdict, native before minor; None when none of them runs.
    """
    machine = one_of_each(machine)
    levels = {version: _judge(version, machine)[0] for version in candidates}
    running = [version for version, level in levels.items() if level is not Level.CANNOT]
    best = max(running, key=lambda version: (-levels[version].rank, version), default=None)
    return None if best is None else (best, judge(best, machine))


def _judge(version: CudaVersion, machine: Machine) -> tuple[Level, list[tuple[Level, Reason]]]:
    """The level, and what was found, the worst first."""
    machine = weakest(version, machine)
    level, reason = judge_driver(version, machine)
    found = judge_gpus(version, machine)
    if reason is not None:
        if any(one is Level.CANNOT for one, _ in found):
            # Another driver would not help the GPU.
            reason = replace(reason, cure=None)
        found.append((level, reason))
    found.sort(key=lambda pair: -pair[0].rank)
    return max([level, *(one for one, _ in found)], key=lambda one: one.rank), found


def _with_way_out(reason: Reason, machine: Machine) -> Reason:
    """The reason, whose cure names the newest known release that runs as things are."""
    runs = (Level.NATIVE, Level.MINOR, Level.UNKNOWN)
    fitting = [row.version for row in releases() if _judge(row.version, machine)[0] in runs]
    if not fitting:
        return reason
    newest = max(fitting).release
    if reason.cure and f"CUDA {newest} " in reason.cure:
        return reason
    cure = f"{reason.cure} " if reason.cure else ""
    where = "with this driver" if machine.driver or machine.driver_cuda else "here"
    return replace(reason, cure=f"{cure}The newest release that runs {where}: CUDA {newest}.")


def judge_compiler(
    version: CudaVersion, machine: Machine, install: str | None = None
) -> Reason | None:
    """What is wrong with the host compiler; None when nothing is, or nothing is known.

    Source: crt/host_config.h of each release, as in data/compatibility.json.

    Args:
        version: the release.
        machine: as nvcc of the toolkit sees it.
        install: the command that installs a compiler into the toolkit; empty when that cannot be
            done, None for the usual one.
    """
    compiler, row = machine.host_compiler, toolkit_row(version.release)
    if compiler is None or row is None or not compiler.version:
        return None
    accepts = f"nvcc of CUDA {version.release} accepts"
    if compiler.name == "msvc":
        if row.msvc is None or len(compiler.version) < 2:
            return None
        # Compiler version 19.38 has _MSC_VER 1938.
        number = compiler.version[0] * 100 + compiler.version[1]
        if row.msvc[0] <= number < row.msvc[1]:
            return None
        return Reason(
            "host-compiler",
            f"{accepts} _MSC_VER {row.msvc[0]} to {row.msvc[1] - 1}; {compiler.path} has {number}.",
            "Open the prompt of another Visual Studio toolset.",
        )
    newest = {"gcc": row.gcc, "clang": row.clang}.get(compiler.name)
    if newest is None or compiler.version[0] <= newest:
        return None
    if install is None:
        install = f"conda cuda use {version.release} --host-compiler"
    older = f"g++-{newest}" if compiler.name == "gcc" else f"clang++-{newest}"
    named_by = dict(machine.evidence).get(EVIDENCE, "PATH")
    if named_by.startswith("NVCC_"):
        cure = f"{named_by} names it: name an older one there ({older})"
        cure = f"{cure}, or none, then: {install}" if install else f"{cure}."
    else:
        cure = f"nvcc -ccbin {older} calls an older one of this machine."
        cure = f"{install} installs one that fits; or: {cure}" if install else cure
    text = ".".join(map(str, compiler.version))
    return Reason(
        "host-compiler",
        f"{accepts} {compiler.name} up to {newest}; {compiler.path} is {text}.",
        cure,
    )
