"""Rules about installed toolkits, their records, and leftovers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from .. import environment
from ..actions.change import LOCK, free_lock, lock_in_the_way
from ..actions.refresh import follow
from ..environment import (
    FILES,
    STATE,
    STATE_FILE,
    TOOLKIT_FILE,
    Environment,
    read_record,
    write_record,
)
from ..install import contents
from ..install.contents import recorded_facts
from ..install.root import clean_up, recorded
from ..install.wrappers import recorded_wrappers
from ..packages.local_channel import broken_files
from ..quoting import in_turn
from ..system.descent import is_temporary
from ..system.files import Inside
from ..system.lock import is_held
from ..system.reading import read_json
from ..toolkit import Origin, Toolkit
from .patient import Finding, Patient, Severity

_FOLDERS = (".", "bin", "etc/conda/activate.d", "etc/conda/deactivate.d", str(STATE))


def incomplete(patient: Patient) -> Iterator[Finding]:
    """`toolkit-incomplete`."""
    for toolkit in patient.toolkits:
        if toolkit.complete or (broken(toolkit) and recorded_facts(toolkit.root)):
            # `record-broken` speaks of the latter.
            continue
        is_current = toolkit.name == patient.environment.current_name()
        release = toolkit.name.removeprefix("cuda-")
        gone = toolkit.location is not None
        yield Finding(
            "toolkit-incomplete",
            Severity.ERROR if is_current else Severity.WARNING,
            f"{toolkit.name} is incomplete: "
            + (
                "the toolkit of this machine that it stands for is gone."
                if gone
                else "its installation was interrupted, or files of it were removed."
            ),
            (toolkit.location if gone and toolkit.location else str(toolkit.root),),
            patient.command(f"use {release}" if is_current else f"remove {release}"),
        )


def damaged(patient: Patient) -> Iterator[Finding]:
    """`toolkit-damaged`."""
    for toolkit in patient.toolkits:
        lost = _lost(toolkit) if toolkit.complete else []
        if not lost:
            continue
        is_current = toolkit.name == patient.environment.current_name()
        release = toolkit.version.release
        adopted = toolkit.origin is Origin.ENVIRONMENT and is_current
        yield Finding(
            "toolkit-damaged",
            Severity.ERROR if is_current else Severity.WARNING,
            f"{toolkit.name} lacks files that it was installed with."
            if not adopted
            else f"{toolkit.name} has not followed a change of the environment's packages.",
            _first(patient, lost),
            patient.command("doctor --fix")
            if adopted
            else in_turn(
                patient.command(f"remove {release}"),
                patient.command(f"use {release}"),
                windows=patient.platform.windows,
            ),
            (lambda: _follow(patient)) if adopted else None,
        )


def interrupted(patient: Patient) -> Iterator[Finding]:
    """`interrupted-command`."""
    # A command that is at work in the environment has not been interrupted.
    if is_held(patient.prefix / LOCK):
        return
    left = _leftovers(patient.prefix)
    if left:
        yield Finding(
            "interrupted-command",
            Severity.WARNING,
            "An interrupted command has left files that nothing uses.",
            _first(patient, left),
            patient.command("doctor --fix"),
            lambda: _tidy(patient),
        )


def _lost(toolkit: Toolkit) -> list[Path]:
    """The files of a toolkit that are not there: those of its packages, and where links lead."""
    lost = [
        path
        for path in sorted((toolkit.root / "lib64").glob("*"))
        if path.is_symlink() and not path.exists()
    ]
    for record in sorted((toolkit.root / "conda-meta").glob("*.json")):
        try:
            files = read_json(record)["files"]
        except (OSError, ValueError, KeyError, TypeError):
            files = None
        if not isinstance(files, list):
            lost.append(record)
            continue
        lost += [
            toolkit.root / str(file)
            for file in files
            if not os.path.lexists(toolkit.root / str(file))
        ]
    return lost


def _follow(patient: Patient) -> None:

    current = patient.environment.current()
    if current is not None and current.origin is Origin.ENVIRONMENT:
        follow(patient.environment, current)


def _leftovers(prefix: Path) -> list[Path]:
    found = recorded(Environment(prefix))
    for folder in _FOLDERS:
        try:
            names = sorted(os.listdir(prefix / folder))
        except OSError:
            continue
        found += [
            Path(os.path.normpath(prefix / folder / name)) for name in names if is_temporary(name)
        ]
    return found


def _tidy(patient: Patient) -> None:
    clean_up(patient.environment)
    for folder in _FOLDERS:
        patient.environment.files.remove_leftovers(Path(folder))


def _first(patient: Patient, paths: list[Path], count: int = 5) -> tuple[str, ...]:
    shown = [patient.inside(path) for path in paths[:count]]
    if len(paths) > count:
        shown.append(f"and {len(paths) - count} more")
    return tuple(shown)


def state(patient: Patient) -> Iterator[Finding]:
    """`record-broken`."""
    environment = patient.environment
    if lock_in_the_way(environment):
        yield Finding(
            "record-broken",
            Severity.WARNING,
            "Something that is no lock is where the lock of this environment has to be.",
            (patient.inside(patient.prefix / LOCK),),
            patient.command("doctor --fix"),
            partial(free_lock, environment),
        )
    found = environment.read_state()
    if found.problems:
        yield Finding(
            "record-broken",
            Severity.WARNING,
            "The record of what was asked for and written cannot be read in full.",
            _shown(patient, patient.prefix / STATE_FILE, found.problems),
            patient.command("doctor --fix"),
            lambda: _mend_state(patient),
        )
    for toolkit in patient.toolkits:
        problems = broken(toolkit)
        if problems and contents.recorded_facts(toolkit.root):
            yield Finding(
                "record-broken",
                Severity.ERROR
                if toolkit.name == patient.environment.current_name()
                else Severity.WARNING,
                f"What {toolkit.name} holds cannot be read.",
                _shown(patient, toolkit.root / TOOLKIT_FILE, problems),
                patient.command("doctor --fix"),
                partial(_mend_toolkit, patient, toolkit),
            )
        elif not problems and (problem := contents.record_problem(toolkit.root)):
            yield Finding(
                "record-broken",
                Severity.WARNING,
                f"What conda cuda has put into {toolkit.name} cannot be read.",
                _shown(patient, toolkit.root / FILES, (problem,)),
                patient.command("doctor --fix"),
                partial(contents.mend_record, environment, toolkit.root),
            )


def broken(toolkit: Toolkit) -> tuple[str, ...]:
    """What is wrong with the record of a toolkit; nothing where there is none."""
    return read_record(toolkit.root / TOOLKIT_FILE, environment.TOOLKIT).problems


def cache(patient: Patient) -> Iterator[Finding]:
    """`cache-broken`."""

    for folder in patient.package_caches:
        found = broken_files(folder)
        if found:
            yield Finding(
                "cache-broken",
                Severity.WARNING,
                "What the package cache remembers of converted packages cannot be read.",
                tuple(str(path) for path in found),
                patient.command("doctor --fix"),
                partial(_forget, folder, found),
            )


def _mend_state(patient: Patient) -> None:
    """Write the record anew: what of it can be used, and what can be seen."""
    environment = patient.environment
    kept, wrappers = environment.read_state().content, recorded_wrappers(environment)
    current = environment.current()
    if wrappers:
        kept["wrappers"] = wrappers
    if current is not None and not kept.get("request", {}).get("version"):
        kept["request"] = {**kept.get("request", {}), "version": current.version.release}
    if (patient.prefix / STATE_FILE).is_dir():
        environment.kept.append(environment.files.put_aside(STATE_FILE))
    if kept:
        environment.write_state(kept)
    else:
        environment.remove_state()


def _mend_toolkit(patient: Patient, toolkit: Toolkit) -> None:
    """Write the record of a toolkit anew, from what was written down beside it."""
    files, place = patient.environment.files, toolkit.root / TOOLKIT_FILE
    if place.is_dir() and not place.is_symlink():
        patient.environment.kept.append(files.put_aside(place))
    write_record(files, place, contents.recorded_facts(toolkit.root))


def _forget(cache: Path, paths: list[Path]) -> None:
    """What stands there is found out anew when it is needed."""

    for path in paths:
        Inside(cache).remove_tree(path)


def _shown(patient: Patient, path: Path, problems: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{patient.inside(path)}: {problem}" for problem in problems[:5])
