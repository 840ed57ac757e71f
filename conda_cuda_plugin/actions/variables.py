"""The variables that show a process a toolkit: what the hooks set, for those who run no hooks."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from ..environment import Environment
from ..errors import CudaError, PrefixCharacterError
from ..install.wrappers import OWN_TOOLS
from ..nearest import nearest, published
from ..platforms import Platform
from ..quoting import typed
from ..toolkit import Toolkit
from ..versions import VersionRequest

LIBRARY_PATH = "LD_LIBRARY_PATH"
XLA_FLAGS = "XLA_FLAGS"
XLA_MARK = "__CONDA_CUDA_XFM"
"""Holds the value of XLA_FLAGS that a hook has set, so that it is not taken for the user's."""

# The loader splits at : and ; and expands $; a file of variables ends at a line's end.
_UNIX, _WINDOWS = frozenset(":;$\n\r"), frozenset(";\n\r")


@dataclass(frozen=True)
class Variables:
    """The variables of a toolkit, apart from what a process has already."""

    roots: Mapping[str, str]
    """Variables that hold the toolkit's root, whatever they held before."""
    library: str | None
    """The first element of LD_LIBRARY_PATH; None on Windows, where PATH does its work."""
    xla: str | None
    """XLA_FLAGS, where it is not set yet; None where XLA could not read it."""
    folders: tuple[str, ...]
    """Where the tools lie, for PATH; the hooks leave PATH to conda."""

    @property
    def alone(self) -> dict[str, str]:
        """The variables of a process that has none of them yet, but for PATH."""
        found = dict(self.roots)
        if self.library is not None:
            found[LIBRARY_PATH] = self.library
        if self.xla is not None:
            found[XLA_FLAGS] = self.xla
        return found

    def added_to(self, before: Mapping[str, str]) -> dict[str, str]:
        """The variables of a process that had some before, PATH among them."""
        after = {**before, **self.roots}
        after["PATH"] = os.pathsep.join([*self.folders, before.get("PATH", os.defpath)])
        if self.library is not None:
            kept = before.get(LIBRARY_PATH)
            # An empty element means the current directory; it must not come from us.
            rest = [part for part in kept.split(":") if part != self.library] if kept else []
            after[LIBRARY_PATH] = ":".join([self.library, *rest])
        if self.xla is not None and before.get(XLA_FLAGS, "") in ("", before.get(XLA_MARK)):
            after[XLA_FLAGS] = after[XLA_MARK] = self.xla
        return after


def chosen_toolkit(environment: Environment, version: str | None) -> Toolkit:
    """The installed toolkit that a command names; the current one by default.

    Raises:
        CudaError: when there is none.
    """
    if version is None:
        current = environment.current()
        if current is None:
            raise CudaError(
                "No toolkit is current in this environment.",
                hints=["conda cuda use 12.4 makes one current; conda cuda list shows them."],
            )
        return current
    request = VersionRequest.parse(version)
    fitting = [t for t in environment.toolkits() if t.complete and request.matches(t.version)]
    if not fitting:
        near = None if any(map(request.matches, published())) else nearest(request, published())
        raise CudaError(
            f"CUDA {version} is not installed in this environment.",
            hints=[
                *([near.hint] if near else []),
                f"conda cuda use {typed(version)} installs it"
                f"{', if a source has it' if near else ''}.",
            ],
            version=version,
        )
    return max(fitting, key=lambda toolkit: toolkit.version)


def variables_of(
    environment: Environment, toolkit: Toolkit, platform: Platform, *, through_link: bool
) -> Variables:
    """The variables of a toolkit.

    Args:
        environment: the environment it belongs to.
        toolkit: the toolkit.
        platform: the environment's platform.
        through_link: whether the current toolkit is named by the link that leads to it, as the
            hooks do: the variables follow a switch then.

    Raises:
        CudaError: when the toolkit is not whole, or its path cannot stand in such a variable.
    """
    follows = through_link and toolkit.name == environment.current_name()
    root = environment.link if follows else toolkit.root
    for char in str(root):
        if char in (_WINDOWS if platform.windows else _UNIX):
            raise PrefixCharacterError(environment.prefix, char)
    if not toolkit.complete or not (platform.windows or (root / "lib64").is_dir()):
        raise CudaError(
            f"{toolkit.name} is incomplete, so it cannot be used.",
            hints=[f"conda cuda use {toolkit.version.release} installs it anew."],
        )
    names = ["CUDA_HOME", "CUDA_PATH", "CUDAToolkit_ROOT"]
    tools = root / OWN_TOOLS
    folders = (str(tools if tools.is_dir() else root / "bin"), str(environment.bin))
    if platform.windows:
        names.append(f"CUDA_PATH_V{toolkit.version.release.replace('.', '_')}")
        return Variables(dict.fromkeys(names, str(root)), None, None, folders)
    # XLA splits its flags at white space.
    xla = None if set(str(root)) & set(" \t") else f"--xla_gpu_cuda_data_dir={root}"
    return Variables(dict.fromkeys(names, str(root)), str(root / "lib64"), xla, folders)
