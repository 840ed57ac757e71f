"""`conda cuda which nvcc`: which file a tool's name runs, and which toolkit that belongs to."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from ..data import tools
from ..environment import ROOT_NAME, Environment
from ..errors import CudaError
from ..install.wrappers import is_wrapper
from ..platforms import Platform
from ..sources.system import read_system_toolkit
from ..system.reading import open_regular

_SCRIPT = re.compile(r'^exec "?(/[^"\s]+)"? "\$@"', re.MULTILINE)


@dataclass(frozen=True)
class Program:
    """A file that PATH offers under the tool's name.

    Args:
        path: the file.
        element: its place in PATH, from 1.
        wrapper: whether it is a wrapper of an environment's current toolkit.
        runs: the tool itself, behind wrappers and links; None when a wrapper finds none.
        toolkit: the root of the toolkit that the tool belongs to, where that can be seen.
        release: `X.Y` of that toolkit.
    """

    path: str
    element: int
    wrapper: bool
    runs: str | None
    toolkit: str | None
    release: str | None


@dataclass(frozen=True)
class ToolAnswer:
    """What is known of a tool.

    Args:
        name: the tool.
        programs: every file of that name on PATH; the first one runs.
        installed: the environment's toolkits `X.Y` that have it.
        asked: the path that was asked for, where one was.
        named_by: what leads to that path.
    """

    name: str
    programs: tuple[Program, ...]
    installed: tuple[str, ...]
    asked: str | None = None
    named_by: tuple[str, ...] = ()

    @property
    def found(self) -> bool:
        """Whether the name runs something."""
        return bool(self.programs) and self.programs[0].runs is not None


def is_tool(name: str) -> bool:
    """Whether a name is that of a program of CUDA's."""
    return name.lower().removesuffix(".exe") in tools()


def look_up_tool(name: str, environment: Environment, path: str, platform: Platform) -> ToolAnswer:
    """Which file a tool's name runs.

    Args:
        name: the tool.
        environment: the environment.
        path: PATH as the environment has it.
        platform: the platform.
    """
    file = f"{name.removesuffix('.exe')}.exe" if platform.windows else name
    programs: list[Program] = []
    for number, element in enumerate(path.split(";" if platform.windows else ":"), 1):
        found = os.path.join(element or ".", file)
        known = any(found == program.path for program in programs)
        if not known and os.path.isfile(found) and os.access(found, os.X_OK):
            programs.append(_program(found, number, platform))
    installed = tuple(
        toolkit.version.release
        for toolkit in environment.toolkits()
        if toolkit.complete and os.path.isfile(toolkit.root / "bin" / file)
    )
    return ToolAnswer(name, tuple(programs), installed)


def _program(path: str, element: int, platform: Platform) -> Program:
    real = os.path.realpath(path)
    if is_wrapper(Path(real)):
        runs = os.path.join(os.path.dirname(real), "..", "cuda", "bin", os.path.basename(real))
        if not os.access(runs, os.X_OK):
            return Program(path, element, True, None, None, None)
        link = os.path.join(os.path.dirname(os.path.dirname(real)), "cuda")
        root = os.path.realpath(link)
        return Program(path, element, True, os.path.realpath(runs), root, _release(root, platform))
    real = _behind_script(real)
    root_found = _root_of(real)
    release = _release(root_found, platform) if root_found else None
    return Program(path, element, False, real, root_found, release)


def _behind_script(path: str) -> str:
    """What a shell script of one command runs (`exec /usr/local/cuda/bin/nvcc "$@"`)."""
    try:
        with open_regular(path) as file:
            start = file.read(1000)
    except OSError:
        return path
    match = _SCRIPT.search(os.fsdecode(start)) if start.startswith(b"#!") else None
    if match and os.path.basename(match[1]) == os.path.basename(path):
        return os.path.realpath(match[1])
    return path


def _root_of(path: str) -> str | None:
    """The folder that looks like a toolkit root and holds a program in its `bin`."""
    root = os.path.dirname(os.path.dirname(path))
    marks = ("version.json", "version.txt", "nvvm", "include/cuda_runtime_api.h")
    if ROOT_NAME.fullmatch(os.path.basename(root)):
        return root
    return root if any(os.path.exists(os.path.join(root, mark)) for mark in marks) else None


def _release(root: str, platform: Platform) -> str | None:
    match = ROOT_NAME.fullmatch(os.path.basename(root))
    if match:
        return match[1]

    try:
        return read_system_toolkit(Path(root), platform).version.release
    except CudaError:
        return None
