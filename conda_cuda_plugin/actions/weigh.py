"""Whether what `use` is about to do makes sense on the machine."""

from __future__ import annotations

import os
from collections.abc import Mapping

from ..compat.finding import Level, Verdict
from ..compat.machine import Machine
from ..errors import CudaError, UsageError
from ..platforms import Platform
from ..sources.base import ToolkitRequest
from ..versions import CudaVersion


class CannotRunError(CudaError):
    """The toolkit would not run on the machine."""

    def __init__(self, verdict: Verdict, machine: Machine) -> None:
        from ..compat.words import machine_document, verdict_document

        where = "on the stated machine" if machine.stated else "here"
        first, *others = verdict.reasons
        text = first.text.removeprefix(f"CUDA {verdict.version} ")
        said = f"it {text}" if text != first.text else text
        cures = [reason.cure for reason in verdict.reasons if reason.cure]
        super().__init__(
            f"CUDA {verdict.version} will not run {where}: {said}",
            hints=[
                *(reason.text for reason in others if reason.id != "host-compiler"),
                *cures[:1],
                "--force goes on all the same.",
            ],
            verdict=verdict_document(verdict),
            machine=machine_document(machine),
        )


def weigh(
    version: CudaVersion, machine: Machine, *, force: bool, install: str | None = None
) -> Verdict:
    """The verdict on a release.

    Args:
        version: the release.
        machine: detected or stated, as nvcc of the toolkit sees it.
        force: whether to go on with a release that cannot run there.
        install: the command that installs a host compiler, as for `judge_compiler`.

    Raises:
        CannotRunError: when it is `cannot`, unless the user insists. What is unknown never stops.
    """
    from ..compat.verdict import judge

    verdict = judge(version, machine, install)
    if verdict.level is Level.CANNOT and not force:
        raise CannotRunError(verdict, machine)
    return verdict


def machine_for(
    text: str | None,
    request: ToolkitRequest,
    platform: Platform,
    variables: Mapping[str, str] = os.environ,
) -> Machine:
    """The machine that a toolkit has to run on: this one, or the one that `--for` describes.

    Args:
        text: the words after `--for`; None without.
        request: what is asked for; the host compiler matters only when nvcc is part of it.
        platform: the platform that is installed for.
        variables: environment variables.

    Raises:
        UsageError: when the text describes no machine.
    """
    from ..compat.detect import detect, is_machine_text, state_machine
    from ..compat.host_compiler import EVIDENCE, find_host_compiler

    compiles = request.compiles
    if text is None:
        return detect(variables=variables, full=False, compiler=compiles)
    if not is_machine_text(text):
        raise UsageError(
            f"--for {text!r} describes no machine.",
            hints=['Describe it like this: --for "driver=550,cc=8.9"'],
            machine=text,
        )
    host = find_host_compiler(variables, windows=platform.windows) if compiles else None
    base = Machine(
        windows=platform.windows,
        host_compiler=host[0] if host else None,
        evidence=((EVIDENCE, host[1]),) if host else (),
    )
    return state_machine(text, base)
