"""Rules about the records of an environment and of the package cache: what cannot be read."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from .. import records
from ..actions.change import LOCK, free_lock, lock_in_the_way
from ..environment import FILES, STATE_FILE, TOOLKIT_FILE
from ..install import contents
from ..install.wrappers import recorded_wrappers
from ..records import read_record, write_record
from ..toolkit import Toolkit
from .finding import Finding, Severity
from .patient import Patient


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
    return read_record(toolkit.root / TOOLKIT_FILE, records.TOOLKIT).problems


def cache(patient: Patient) -> Iterator[Finding]:
    """`cache-broken`."""
    from ..local_channel import broken_files

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
    from ..files import Inside

    for path in paths:
        Inside(cache).remove_tree(path)


def _shown(patient: Patient, path: Path, problems: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{patient.inside(path)}: {problem}" for problem in problems[:5])
