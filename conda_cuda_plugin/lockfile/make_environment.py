"""`conda cuda apply environment.yml`: an environment by conda, and its toolkit, in one go."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from conda import conda_signal_handler
from conda.common.signals import signal_handler
from conda.exceptions import CondaSignalInterrupt

from ..actions import use
from ..environment import Environment
from ..errors import CudaError
from ..machine.machine import Machine
from ..quoting import typed
from ..sources.base import ToolkitRequest
from ..system.conda_compat import display_name, prefix_named
from ..system.lock import lent
from ..toolkit import Origin
from .environment_yml import EnvironmentFile

AT_WORK = "CONDA_CUDA_APPLY"
"""The variable by which conda's own command knows that the toolkit is seen to."""
_PATIENCE = 30
"""Seconds that conda has to come to an end when it is asked to."""
_MOST = 4000
"""Characters of what conda says that an error repeats."""


@dataclass(frozen=True)
class Plan:
    """What `apply` would do with the file of an environment."""

    file: EnvironmentFile
    environment: Environment
    makes: bool
    """Whether the environment is new."""
    use: use.Plan | None
    """What the toolkit would be; None where that depends on what conda installs."""


def make_plan(
    file: EnvironmentFile,
    environment: Environment,
    settled: ToolkitRequest,
    machine: Machine,
    *,
    force: bool,
) -> Plan:
    """Plan what to do: ask sources, change nothing.

    Args:
        file: what the environment shall be.
        environment: where; it need not exist.
        settled: what the settings say about toolkits.
        machine: what the toolkit has to run on.
        force: whether to go on with a toolkit that cannot run there.

    Raises:
        CudaError: when it cannot be done, in words.
    """
    prefix = environment.prefix
    makes = not os.path.isdir(prefix / "conda-meta")
    if makes and os.path.lexists(prefix) and (not prefix.is_dir() or any(os.scandir(prefix))):
        raise CudaError(
            f"{prefix} is there, and is no conda environment, so nothing is made of it.",
            hints=["Name another environment: -n NAME, or -p PATH."],
            prefix=prefix,
        )
    toolkit = None
    if not makes or file.source != Origin.ENVIRONMENT.value:
        toolkit = plan_toolkit(file, environment, settled, machine, force=force)
    return Plan(file, environment, makes, toolkit)


def plan_toolkit(
    file: EnvironmentFile,
    environment: Environment,
    settled: ToolkitRequest,
    machine: Machine,
    *,
    force: bool,
) -> use.Plan:
    """The plan of the toolkit alone; the arguments and errors are those of `make_plan`."""
    request = file.request(settled)
    return use.make_plan(environment, request, file.source, machine, force=force, pin=file.pin)


def run_conda(plan: Plan, *, silent: bool, variables: Mapping[str, str]) -> None:
    """Let conda make the environment, or bring it up to date.

    conda reads a copy of the file without its section `cuda:`, which some versions warn of. The
    copy lies beside the file, where the paths in a section `pip:` begin.

    Args:
        plan: what to do.
        silent: whether conda's words go nowhere; else they go to standard error.
        variables: conda's settings, besides those that this process has.

    Raises:
        CudaError: when conda cannot do it, or is stopped.
    """
    prefix, path = plan.environment.prefix, plan.file.path
    # Of a link its own folder counts, as for conda.
    path = Path(os.path.realpath(path.parent)) / path.name
    try:
        with ExitStack() as stack:
            stack.enter_context(signal_handler(conda_signal_handler))
            # Where nothing can be written, conda passes over what it does not know.
            with suppress(OSError):
                path = stack.enter_context(lent(path, plan.file.without_cuda.encode()))
            verb = "create" if plan.makes else "update"
            # -I: not what lies in the current folder.
            conda = [sys.executable, "-I", "-m", "conda", "env", verb]
            words = [*conda, *_named(prefix), "-f", str(path)]
            code, said = _run(words, {**os.environ, **variables, AT_WORK: "1"}, silent=silent)
    except (KeyboardInterrupt, CondaSignalInterrupt) as error:
        raise CudaError(
            f"Stopped while conda was at work in {prefix}.",
            hints=["The same command goes on with what is there."],
            prefix=prefix,
        ) from error
    if code or not os.path.isdir(prefix / "conda-meta"):
        what = "make" if plan.makes else "update"
        again = [str(plan.file.path), *_named(prefix)]
        raise CudaError(
            f"conda could not {what} the environment {prefix} from {plan.file.path}, so it got no "
            "toolkit.",
            hints=[
                *(filter(None, said[-_MOST:].split("\n")) if silent else ["conda says above why."]),
                f"conda cuda apply {' '.join(map(typed, again))} goes on from there.",
            ],
            prefix=prefix,
            conda=said[-_MOST:],
        )


def _named(prefix: Path) -> list[str]:
    """The option that names an environment: by its name, if it has one, since conda repeats it."""
    name = display_name(prefix)
    if os.sep not in name and prefix_named(name) == prefix:
        return ["-n", name]
    return ["-p", str(prefix)]


def _run(words: list[str], variables: Mapping[str, str], *, silent: bool) -> tuple[int, str]:
    """Run a program; its exit code, and what it said of errors where nobody has seen it."""
    child = subprocess.Popen(
        words,
        env=variables,
        stdout=subprocess.DEVNULL if silent else sys.stderr.fileno(),
        stderr=subprocess.PIPE if silent else None,
        encoding="utf-8",
        errors="replace",
    )
    try:
        said = child.communicate()[1]
    except BaseException:
        child.terminate()
        try:
            child.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        raise
    return child.returncode, (said or "").strip()
