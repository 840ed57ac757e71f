"""`conda cuda run`: one process under a toolkit."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence

from .. import system
from ..environment import Environment
from ..errors import CudaError
from ..platforms import Platform
from ..toolkit import Toolkit
from .variables import LIBRARY_PATH, variables_of


def variables(
    environment: Environment, toolkit: Toolkit, platform: Platform, before: Mapping[str, str]
) -> dict[str, str]:
    """The environment variables of a process under a toolkit.

    Args:
        environment: the environment the toolkit belongs to.
        toolkit: the toolkit.
        platform: the environment's platform.
        before: the variables as they are.
    """
    after = variables_of(environment, toolkit, platform, through_link=False).added_to(before)
    if LIBRARY_PATH in after and not platform.windows:
        # What the hooks have set is the current toolkit's, which this one stands in for.
        theirs = str(environment.link / "lib64")
        kept = [part for part in after[LIBRARY_PATH].split(":") if part != theirs]
        after[LIBRARY_PATH] = ":".join(kept)
    return after


def replace_process(
    environment: Environment, toolkit: Toolkit, platform: Platform, command: Sequence[str]
) -> int:
    """Run a command in place of this process; see `system.replace_process`.

    Raises:
        CudaError: when there is no such command, or the system cannot start it.
    """
    env = variables(environment, toolkit, platform, os.environ)
    program = shutil.which(command[0], path=env["PATH"])
    if program is None:
        raise CudaError(
            f"There is no command {command[0]!r}.",
            hints=["It was looked for in the toolkit, in the environment and on PATH."],
            command=command[0],
        )
    try:
        return system.replace_process(program, command, env)
    except OSError as error:
        raise CudaError(
            f"{program} cannot be started: {error.strerror or type(error).__name__}.",
            hints=["A script needs a first line such as #!/bin/sh."],
            command=command[0],
        ) from error
