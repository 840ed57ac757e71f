"""Rules about the hooks that make `conda activate` switch CUDA."""

from __future__ import annotations

from collections.abc import Iterator

from .. import hooks
from ..hooks import HookStatus
from .context import Context, Finding, Severity, rule


@rule("hooks-missing")
def missing(context: Context) -> Iterator[Finding]:
    """An activation hook is missing."""
    if found := _with(context, HookStatus.MISSING):
        yield Finding(
            f"{_count(found)} missing, so `conda activate` does not switch CUDA in every shell.",
            found,
            fix=lambda: _write(context),
            severity=Severity.ERROR,
        )


@rule("hooks-stale")
def stale(context: Context) -> Iterator[Finding]:
    """A hook is of another version."""
    if found := _with(context, HookStatus.STALE):
        yield Finding(
            f"{_count(found)} of another version of conda cuda.",
            found,
            fix=lambda: _write(context),
        )


@rule("hooks-edited")
def edited(context: Context) -> Iterator[Finding]:
    """A hook was edited by hand."""
    if found := _with(context, HookStatus.EDITED):
        yield Finding(
            f"{_count(found)} edited by hand; what was added there may not be undone.",
            found,
            f"Keep your lines in a script of your own; {context.command('doctor --fix')} then "
            "moves this one aside and writes a new one.",
            lambda: _write(context),
        )


@rule("hooks-foreign")
def foreign(context: Context) -> Iterator[Finding]:
    """Something else has the place of a hook."""
    if found := _with(context, HookStatus.FOREIGN):
        yield Finding(
            "Something that conda cuda did not write has the place of a hook.",
            found,
            f"Move it away, then: {context.command('doctor --fix')}",
            severity=Severity.ERROR,
        )


def _with(context: Context, status: HookStatus) -> tuple[str, ...]:
    if context.environment.current_name() is None:
        return ()
    found = hooks.verify(context.prefix, windows=context.platform.windows)
    return tuple(context.inside(path) for path, one in found.items() if one is status)


def _write(context: Context) -> object:
    windows, kept = context.platform.windows, context.environment.kept
    return hooks.write(context.prefix, windows=windows, kept=kept)


def _count(found: tuple[str, ...]) -> str:
    return "1 hook is" if len(found) == 1 else f"{len(found)} hooks are"
