"""`conda cuda run`, and what programs in an environment inherit from the shell."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..data import bound_tools, tools
from ..environment import Environment
from ..errors import CudaError
from ..install.wrappers import LACKING
from ..platforms import Platform
from ..system import operating_system
from ..toolkit import Toolkit
from ..versions import CudaVersion
from .variables import LIBRARY_PATH, variables_of


def variables(
    environment: Environment, toolkit: Toolkit, platform: Platform, before: Mapping[str, str]
) -> dict[str, str]:
    """The environment variables of a process under a toolkit, from those `before`."""
    after = variables_of(environment, toolkit, platform, through_link=False).added_to(before)
    if LIBRARY_PATH in after and not platform.windows:
        # What the hooks have set is the current toolkit's, which this one stands in for.
        theirs = str(environment.link / "lib64")
        kept = [part for part in after[LIBRARY_PATH].split(":") if part != theirs]
        after[LIBRARY_PATH] = ":".join(kept)
    lacking = toolkit.root / LACKING
    if lacking.is_dir():
        # Scripts look for tools, too.
        own, *rest = after["PATH"].split(os.pathsep)
        after["PATH"] = os.pathsep.join([own, str(lacking), *rest])
    return after


class LackingToolError(CudaError):
    """A toolkit lacks one of CUDA's own programs; another toolkit's is not taken for it."""

    def __init__(self, environment: Environment, toolkit: Toolkit, name: str, file: str) -> None:
        release, last = toolkit.version.release, tools()[name].get("last")
        there = [
            one.version.release
            for one in environment.toolkits()
            if one.complete and os.path.isfile(one.root / "bin" / file)
        ]
        if last and toolkit.version.numbers > CudaVersion.parse(last).numbers:
            cure = f"conda cuda use {last} --flavor devel   (the last release with it)"
        else:
            # Nothing is installed into a toolkit that lies elsewhere.
            adopted = " --from channel" if toolkit.adopted else ""
            cure = f"conda cuda use {release} --flavor devel{adopted}"
        super().__init__(
            f"CUDA {toolkit.version} in this environment has no {name}.",
            hints=[cure, *(f"conda cuda run {one} -- {name}   (installed here)" for one in there)],
            tool=name,
            version=str(toolkit.version),
        )


def replace_process(
    environment: Environment, toolkit: Toolkit, platform: Platform, command: Sequence[str]
) -> int:
    """Run a command in place of this process; see `system.replace_process`.

    Raises:
        CudaError: when there is no such command, the toolkit lacks the tool of CUDA's that it is,
            or the system cannot start it.
    """
    env = variables(environment, toolkit, platform, os.environ)
    file = command[0]
    name = file.removesuffix(".exe")
    if name in bound_tools():
        file = f"{name}.exe" if platform.windows else name
        if not os.access(toolkit.root / "bin" / file, os.X_OK):
            raise LackingToolError(environment, toolkit, name, file)
    program = shutil.which(command[0], path=env["PATH"])
    if program is None:
        raise CudaError(
            f"The command {command[0]!r} was not found.",
            hints=["conda cuda looked in the toolkit, in the environment and on PATH."],
            command=command[0],
        )
    try:
        return operating_system.replace_process(program, command, env)
    except OSError as error:
        raise CudaError(
            f"{program} cannot be started: {error.strerror or type(error).__name__}.",
            hints=["A script needs a first line such as #!/bin/sh."],
            command=command[0],
        ) from error


@dataclass(frozen=True)
class Shell:
    """The shell that asks."""

    variables: Mapping[str, str]
    active_prefix: str | None
    """The environment that is active in it, if any."""
    cwd: Path

    def has_active(self, environment: Environment) -> bool:
        """Whether an environment is the active one."""
        return self.active_prefix is not None and os.path.realpath(
            self.active_prefix
        ) == os.path.realpath(environment.prefix)


def library_path(environment: Environment, shell: Shell) -> str | None:
    """LD_LIBRARY_PATH as a program in the environment gets it.

    In the active environment it is the shell's. For another one it is what the hooks would make
    of it: the active environment's own element gone, this one's in front.
    """
    value = shell.variables.get("LD_LIBRARY_PATH")
    if shell.has_active(environment):
        return value
    elements = value.split(":") if value else []
    if shell.active_prefix:
        theirs = os.path.join(shell.active_prefix, "cuda", "lib64")
        elements = [element for element in elements if element != theirs]
    ours = str(environment.link / "lib64")
    if os.path.isdir(ours) and not set(ours) & set(":;$"):
        elements = [ours, *(element for element in elements if element != ours)]
    return ":".join(elements) if elements else None


def search_path(environment: Environment, shell: Shell, platform: Platform) -> str:
    """PATH as a program in the environment gets it: the shell's, or what conda would make of it."""
    value = shell.variables.get("PATH", "")
    if shell.has_active(environment):
        return value
    separator = ";" if platform.windows else ":"
    elements = value.split(separator)
    if shell.active_prefix:
        theirs = {os.path.join(shell.active_prefix, name) for name in _PATH_FOLDERS}
        elements = [element for element in elements if element not in theirs]
    names = _PATH_FOLDERS if platform.windows else ("bin",)
    return separator.join([*(os.path.join(environment.prefix, n) for n in names), *elements])


# Source: conda's activate.py, `_get_path_dirs`.
_PATH_FOLDERS = ("", "Library/mingw-w64/bin", "Library/usr/bin", "Library/bin", "Scripts", "bin")
