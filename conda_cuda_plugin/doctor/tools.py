"""Rules about the tools: the wrappers in the environment's `bin`, and what PATH finds first."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from ..hooks import HookStatus
from ..install.switch import tools_of
from ..install.wrappers import is_wrapper, owner_of, recorded_wrappers, status, write_wrappers
from ..quoting import typed
from ..sources.contents import Part
from ..toolkit import Flavor
from .context import Context, Finding, Severity, rule


@rule("wrapper-missing")
def missing(context: Context) -> Iterator[Finding]:
    """A tool has no wrapper in bin, or an outdated one."""
    if wanting := [name for name in _tools(context) if _is_wanting(context, name)]:
        yield Finding(
            "Tools of the current toolkit cannot be called by their names: their wrappers are "
            "missing or not as they should be.",
            tuple(f"bin/{name}" for name in wanting),
            fix=lambda: _write(context, wanting),
        )


@rule("wrapper-shadowed")
def shadowed(context: Context) -> Iterator[Finding]:
    """Something else has the place of a wrapper."""
    current = context.current
    if current is None or current.origin is None or current.origin.adopted:
        return
    for name in _tools(context):
        path = context.environment.bin / name
        if not os.path.lexists(path) or is_wrapper(path):
            continue
        why = "a file has its place."
        cure = f"Move {path} away, then: {context.command('doctor --fix')}"
        if owner := owner_of(context.environment, path):
            why = f"the package {owner} has brought its own."
            cure = f"conda remove {context.named} {typed(owner.rsplit('-', 2)[0])}"
        summary = f"{name} in this environment is not the current toolkit's: {why}"
        yield Finding(summary, (str(path),), cure)


@rule("foreign-nvcc-first")
def foreign_first(context: Context) -> Iterator[Finding]:
    """PATH finds another nvcc first."""
    current = context.current
    if not context.active or current is None or context.platform.windows:
        return
    found = shutil.which("nvcc", path=context.variables.get("PATH", ""))
    if found is None or _is_ours(context, Path(found)):
        return
    summary = f"nvcc on PATH is not that of the current toolkit, CUDA {current.version}"
    if not context.has_nvcc:
        yield Finding(
            f"{summary}, which was installed without one.",
            (found,),
            context.use(current.version.release, Flavor.DEVEL, Part.tool("nvcc")),
            severity=Severity.NOTE,
        )
    elif os.path.lexists(context.environment.bin / "nvcc"):
        # Without it `wrapper-missing` reports that nothing of ours can be found.
        folder = os.path.dirname(found)
        cure = f"Remove {folder} from PATH, or put it after {context.environment.bin}."
        yield Finding(f"{summary}.", (found,), cure)


def _tools(context: Context) -> tuple[str, ...]:
    current = context.current
    if current is None or not current.complete:
        return ()
    return tools_of(current, context.platform)


def _is_wanting(context: Context, name: str) -> bool:
    path = context.environment.bin / name
    found = status(path)
    if found is HookStatus.OK:
        return not os.access(path, os.X_OK)
    return found is not HookStatus.FOREIGN


def _write(context: Context, names: list[str]) -> None:
    environment = context.environment
    recorded = {*recorded_wrappers(environment), *names}
    environment.write_state({**environment.state, "wrappers": sorted(recorded)})
    write_wrappers(environment, names)


def _is_ours(context: Context, path: Path) -> bool:
    """Whether a tool is the wrapper, or what it runs."""
    assert context.current is not None
    if os.path.realpath(path.parent) == os.path.realpath(context.environment.bin):
        return True
    ours = os.path.realpath(context.current.root / "bin")
    return os.path.realpath(path).startswith(ours + os.sep)
