"""`conda cuda env --format kernelspec`: the environment's own Jupyter kernels."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..environment import KERNELS_KEY, Environment
from ..errors import CudaError
from ..install import kernelspec
from ..platforms import Platform
from ..quoting import typed
from ..system.conda_compat import display_name
from .change import in_environment
from .variables import chosen_toolkit, variables_of


@dataclass(frozen=True)
class Edited:
    """A kernel that has the variables now."""

    path: Path
    """Its kernel.json."""
    changed: bool
    added: tuple[str, ...]
    """The variables that come from us."""
    kept: tuple[str, ...]
    """The variables that the user has set."""


def edit_kernels(environment: Environment, version: str | None, platform: Platform) -> list[Edited]:
    """Put the variables of the current toolkit into the environment's kernels.

    Raises:
        CudaError: when there is no current toolkit or no kernel, when another toolkit is named, or
            when a kernel cannot be changed; nothing is changed then.
    """
    toolkit = chosen_toolkit(environment, version)
    if toolkit.name != environment.current_name():
        raise CudaError(
            f"A kernel follows the current toolkit, and {toolkit.name} is not the current one.",
            hints=[f"conda cuda use {toolkit.version.release} makes it current."],
        )
    values = variables_of(environment, toolkit, platform, through_link=True).alone
    # It names a release, which the kernel would keep after a switch.
    values = {name: value for name, value in values.items() if not name.startswith("CUDA_PATH_V")}
    with in_environment(environment):
        found = kernelspec.kernels(environment)
        if not found:
            name = typed(display_name(environment.prefix))
            option = "--prefix" if "/" in name or "\\" in name else "--name"
            folder = environment.prefix / kernelspec.KERNELS
            raise CudaError(
                f"The environment has no Jupyter kernel in {folder}.",
                hints=[f"conda install {option} {name} ipykernel brings one."],
            )
        return _edit(environment, found, values)


def _edit(
    environment: Environment, found: list[kernelspec.Kernel], values: dict[str, str]
) -> list[Edited]:
    before = dict(environment.state)
    recorded = before.get(KERNELS_KEY, {})
    records: dict[str, Any] = dict(recorded)
    edits = []
    for kernel in found:
        spec, record = kernelspec.with_variables(kernel.spec, values, records.get(kernel.name))
        edits.append((kernel, kernel.text_with(spec)))
        records[kernel.name] = record
    try:
        # Recorded before they are written, so that whatever happens, `off` finds them all.
        if records != recorded:
            environment.write_state({**before, KERNELS_KEY: records})
        for kernel, text in edits:
            if text != kernel.text:
                kernel.write(text)
    except BaseException:
        with contextlib.suppress(OSError):
            for kernel, _ in edits:
                kernel.write(kernel.text)
            environment.write_state(before) if before else environment.remove_state()
        raise
    return [
        Edited(
            kernel.path,
            text != kernel.text,
            tuple(name for name in values if name in records[kernel.name]["names"]),
            tuple(name for name in values if name not in records[kernel.name]["names"]),
        )
        for kernel, text in edits
    ]
