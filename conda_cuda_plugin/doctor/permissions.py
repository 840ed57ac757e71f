"""Rules about who else may change what the loader and the shell take from an environment."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from .. import hooks
from ..errors import CudaError
from ..quoting import typed
from ..system.files import Inside
from ..system.ownership import Exposed, exposed_in_environment, exposed_on_the_way, exposed_toolkit
from .context import Context, Finding, Severity, rule


@rule("toolkit-open-to-others")
def root(context: Context) -> Iterator[Finding]:
    """Others may change the toolkit's libraries."""
    current = context.current
    if current is None or context.platform.windows:
        return
    found = exposed_in_environment(context.prefix, current.root, context.environment.link)
    if current.location:
        known = {one.path for one in found}
        elsewhere = exposed_toolkit(Path(current.location))
        found += [one for one in elsewhere if one.path not in known]
    if found:
        what = "may change what programs load from this toolkit."
        yield _finding(context, what, found, [] if current.adopted else found)


@rule("hooks-open-to-others")
def scripts(context: Context) -> Iterator[Finding]:
    """Others may change the hooks."""
    if context.environment.current_name() is None or context.platform.windows:
        return
    status = hooks.verify(context.prefix, windows=False)
    folders = dict.fromkeys(path.parent for path in status)
    found = exposed_on_the_way(context.prefix, status, folders)
    if context.current is not None:
        # `toolkit-open-to-others` reports the environment itself.
        found = [one for one in found if one.path not in _names(context)]
    if found:
        ours = [one for one in found if status.get(one.path) is not hooks.HookStatus.FOREIGN]
        what = "may change what your shell runs at `conda activate`."
        yield _finding(context, what, found, ours)


def _finding(context: Context, what: str, found: list[Exposed], ours: list[Exposed]) -> Finding:
    """A finding about what others may change, some of which conda cuda made.

    `what` ends the sentence that begins with who they are.
    """
    who = list(dict.fromkeys(one.who for one in found))
    subject = who[0] if len(who) == 1 else "others than you and root"
    mendable = [one for one in ours if one.mendable]
    fix: Callable[[], object] | None = (lambda: _close(context, mendable)) if mendable else None
    outside = [one for one in mendable if _base_of(context, one.path) is None]
    return Finding(
        f"{subject[0].upper()}{subject[1:]} {what}",
        tuple(f"{context.inside(one.path)}: {one.who}" for one in found[:5]),
        "" if fix and not outside else _by_hand((outside or found)[0]),
        fix,
        _severity(context, found),
    )


def _severity(context: Context, found: list[Exposed]) -> Severity:
    """Groups share environments on purpose, and who uses another user's trusts him in all."""
    owner = os.stat(context.prefix).st_uid
    meant = all(
        (one.owner == owner and not one.open_bits) or one.who.startswith("the group ")
        for one in found
    )
    return Severity.WARNING if meant else Severity.ERROR


def _by_hand(one: Exposed) -> str:
    path = typed(str(one.path))
    if not one.open_bits:
        return f"Remove {path} and install the toolkit again, or as root: chown -h root {path}"
    letters = "".join(name for name, bit in (("g", 0o020), ("o", 0o002)) if one.open_bits & bit)
    return f"chmod {letters}-w {path}"


def _close(context: Context, found: list[Exposed]) -> None:
    """Close what lies in the environment.

    Raises:
        CudaError: when something does not; all else is closed then.
    """
    real = _names(context)[1]
    outside = []
    for one in found:
        base = _base_of(context, one.path)
        if base is None:
            outside.append(one)
        else:
            path = real if one.path == base else one.path
            Inside(real.parent if path == real else base).set_mode(path, take=one.open_bits)
    if outside:
        raise CudaError(
            f"{outside[0].path} lies outside of the environment, so its mode stays as it is.",
            hints=[_by_hand(outside[0])],
        )


def _base_of(context: Context, path: Path) -> Path | None:
    """The environment, by the name under which a path lies in it; None where it does not."""
    return next((name for name in _names(context) if path.is_relative_to(name)), None)


def _names(context: Context) -> tuple[Path, Path]:
    """The environment's path, and the one without links."""
    return context.prefix, Path(os.path.realpath(context.prefix))
