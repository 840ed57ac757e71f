"""Rules about the records that conda cuda keeps, and their repair."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from .. import environment
from ..actions.change import LOCK, free_lock, lock_in_the_way
from ..environment import FILES, STATE_FILE, TOOLKIT_FILE, read_record, write_record
from ..install import contents
from ..install.wrappers import recorded_wrappers
from ..packages.local_channel import broken_files
from ..system.files import Inside
from ..toolkit import Toolkit
from .context import Context, Finding, Severity, rule


@rule("record-broken")
def record(context: Context) -> Iterator[Finding]:
    """A record of conda cuda cannot be read, or something else has the place of the lock."""
    if lock_in_the_way(context.environment):
        yield Finding(
            "Something that is not a lock has the place of this environment's lock.",
            (context.inside(context.prefix / LOCK),),
            fix=partial(free_lock, context.environment),
        )
    if problems := context.environment.read_state().problems:
        yield Finding(
            "The record of what was asked for and written cannot be read in full.",
            _shown(context, context.prefix / STATE_FILE, problems),
            fix=lambda: _mend_state(context),
        )
    for toolkit in context.toolkits:
        problems = record_problems(toolkit)
        if problems and contents.recorded_facts(toolkit.root):
            yield Finding(
                f"The record of {toolkit.name} cannot be read.",
                _shown(context, toolkit.root / TOOLKIT_FILE, problems),
                fix=partial(_mend_toolkit, context, toolkit),
                severity=Severity.ERROR if context.is_current(toolkit) else Severity.WARNING,
            )
        elif not problems and (problem := contents.record_problem(toolkit.root)):
            yield Finding(
                f"The record of what conda cuda has put into {toolkit.name} cannot be read.",
                _shown(context, toolkit.root / FILES, (problem,)),
                fix=partial(contents.mend_record, context.environment, toolkit.root),
            )


@rule("cache-broken")
def cache(context: Context) -> Iterator[Finding]:
    """The package cache's record of converted packages cannot be read."""
    for folder in context.package_caches:
        if found := broken_files(folder):
            yield Finding(
                "The package cache's record of converted packages cannot be read.",
                tuple(map(str, found)),
                fix=partial(_forget, folder, found),
            )


def record_problems(toolkit: Toolkit) -> tuple[str, ...]:
    """What is wrong with the record of a toolkit; nothing where there is none."""
    return read_record(toolkit.root / TOOLKIT_FILE, environment.TOOLKIT).problems


def _mend_state(context: Context) -> None:
    """Rewrite the record from what of it is valid and what the environment shows."""
    environment = context.environment
    kept, wrappers = environment.read_state().content, recorded_wrappers(environment)
    current = environment.current()
    if wrappers:
        kept["wrappers"] = wrappers
    if current is not None and not kept.get("request", {}).get("version"):
        kept["request"] = {**kept.get("request", {}), "version": current.version.release}
    if (context.prefix / STATE_FILE).is_dir():
        environment.kept.append(environment.files.put_aside(STATE_FILE))
    if kept:
        environment.write_state(kept)
    else:
        environment.remove_state()


def _mend_toolkit(context: Context, toolkit: Toolkit) -> None:
    """Rewrite the record of a toolkit from what was written down beside it."""
    files, place = context.environment.files, toolkit.root / TOOLKIT_FILE
    if place.is_dir() and not place.is_symlink():
        context.environment.kept.append(files.put_aside(place))
    write_record(files, place, contents.recorded_facts(toolkit.root))


def _forget(cache: Path, paths: list[Path]) -> None:
    """Remove a record, which the next command that needs it makes again."""
    for path in paths:
        Inside(cache).remove_tree(path)


def _shown(context: Context, path: Path, problems: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{context.inside(path)}: {problem}" for problem in problems[:5])
