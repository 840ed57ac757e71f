"""`conda cuda run`: one process under a toolkit."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence

from ..environment import LINK, Environment
from ..errors import CudaError
from ..install.wrappers import OWN_TOOLS
from ..toolkit import Toolkit
from ..versions import VersionRequest


def toolkit_to_run(environment: Environment, version: str | None) -> Toolkit:
    """The installed toolkit that a command names; the current one by default.

    Raises:
        CudaError: when there is none.
    """
    if version is None:
        current = environment.current()
        if current is None:
            raise CudaError(
                "No toolkit is current in this environment.",
                hints=["conda cuda run 12.4 -- COMMAND names one; conda cuda list shows them."],
            )
        return current
    request = VersionRequest.parse(version)
    fitting = [t for t in environment.toolkits() if t.complete and request.matches(t.version)]
    if not fitting:
        raise CudaError(
            f"CUDA {version} is not installed in this environment.",
            hints=[f"conda cuda use {version} installs it."],
            version=version,
        )
    return max(fitting, key=lambda toolkit: toolkit.version)


def variables(
    environment: Environment, toolkit: Toolkit, before: Mapping[str, str]
) -> dict[str, str]:
    """The environment variables of a process under a toolkit.

    Args:
        environment: the environment the toolkit belongs to.
        toolkit: the toolkit.
        before: the variables as they are.
    """
    after = dict(before)
    root = str(toolkit.root)
    for name in ("CUDA_HOME", "CUDA_PATH", "CUDAToolkit_ROOT"):
        after[name] = root
    tools = toolkit.root / OWN_TOOLS
    first = tools if tools.is_dir() else toolkit.root / "bin"
    after["PATH"] = os.pathsep.join(
        [str(first), str(environment.bin), before.get("PATH", os.defpath)]
    )
    if os.name != "nt":
        ours = str(environment.prefix / LINK / "lib64")
        kept = before.get("LD_LIBRARY_PATH")
        # An empty element means the current directory; it must not come from us.
        rest = [part for part in kept.split(":") if part != ours] if kept else []
        after["LD_LIBRARY_PATH"] = ":".join([os.path.join(root, "lib64"), *rest])
    return after


def replace_process(environment: Environment, toolkit: Toolkit, command: Sequence[str]) -> int:
    """Run a command in place of this process, so that signals and the exit code are its own.

    Raises:
        CudaError: when there is no such command.
    """
    env = variables(environment, toolkit, os.environ)
    program = shutil.which(command[0], path=env["PATH"])
    if program is None:
        raise CudaError(
            f"There is no command {command[0]!r}.",
            hints=["It was looked for in the toolkit, in the environment and on PATH."],
            command=command[0],
        )
    if os.name != "nt":
        os.execve(program, list(command), env)
    return subprocess.call([program, *command[1:]], env=env)
