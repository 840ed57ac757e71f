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
from .patient import Finding, Patient, Severity


def root(patient: Patient) -> Iterator[Finding]:
    """`toolkit-open-to-others`."""
    current = patient.current
    if current is None or patient.platform.windows:
        return
    found = exposed_in_environment(patient.prefix, current.root, patient.environment.link)
    if current.location:
        known = {one.path for one in found}
        elsewhere = exposed_toolkit(Path(current.location))
        found += [one for one in elsewhere if one.path not in known]
    if found:
        yield _finding(
            patient,
            "toolkit-open-to-others",
            "may change what programs load from this toolkit.",
            found,
            [] if current.adopted else found,
        )


def scripts(patient: Patient) -> Iterator[Finding]:
    """`hooks-open-to-others`."""
    if patient.environment.current_name() is None or patient.platform.windows:
        return
    status = hooks.verify(patient.prefix, windows=False)
    folders = dict.fromkeys(path.parent for path in status)
    found = exposed_on_the_way(patient.prefix, status, folders)
    if patient.current is not None:
        # The environment itself is what the rule about the toolkit begins with.
        own = (patient.prefix, Path(os.path.realpath(patient.prefix)))
        found = [one for one in found if one.path not in own]
    if found:
        yield _finding(
            patient,
            "hooks-open-to-others",
            "may change what your shell runs at `conda activate`.",
            found,
            [one for one in found if status.get(one.path) is not hooks.HookStatus.FOREIGN],
        )


def _finding(
    patient: Patient, rule: str, what: str, found: list[Exposed], ours: list[Exposed]
) -> Finding:
    """A finding about what others may change.

    Args:
        patient: the environment.
        rule: the rule's id.
        what: the end of the sentence that begins with who it is.
        found: all of it.
        ours: that which conda cuda made.
    """
    who = list(dict.fromkeys(one.who for one in found))
    subject = who[0] if len(who) == 1 else "others than you and root"
    mendable = [one for one in ours if one.mendable]
    fix: Callable[[], object] | None = (lambda: _close(patient, mendable)) if mendable else None
    outside = [one for one in mendable if _base_of(patient, one.path) is None]
    by_hand = _by_hand((outside or found)[0])
    return Finding(
        rule,
        _severity(patient, found),
        f"{subject[0].upper()}{subject[1:]} {what}",
        tuple(f"{patient.inside(one.path)}: {one.who}" for one in found[:5]),
        patient.command("doctor --fix") if fix and not outside else by_hand,
        fix,
    )


def _severity(patient: Patient, found: list[Exposed]) -> Severity:
    """Groups share environments on purpose, and who uses another user's trusts him in all."""
    owner = os.stat(patient.prefix).st_uid
    meant = all(
        (one.owner == owner and not one.open_bits) or one.who.startswith("the group ")
        for one in found
    )
    return Severity.WARNING if meant else Severity.ERROR


def _by_hand(one: Exposed) -> str:
    path = typed(str(one.path))
    if not one.open_bits:
        return f"Take {path} away and install the toolkit anew, or as root: chown -h root {path}"
    return _chmod(one)


def _chmod(one: Exposed) -> str:
    letters = "".join(name for name, bit in (("g", 0o020), ("o", 0o002)) if one.open_bits & bit)
    return f"chmod {letters}-w {typed(str(one.path))}"


def _close(patient: Patient, found: list[Exposed]) -> None:
    """Close what lies in the environment.

    Raises:
        CudaError: when something does not; all else is closed then.
    """
    real = Path(os.path.realpath(patient.prefix))
    outside = []
    for one in found:
        path, base = one.path, _base_of(patient, one.path)
        if base is None:
            outside.append(one)
        else:
            path = real if path == base else path
            files = Inside(base if path != real else real.parent)
            files.set_mode(path, take=one.open_bits)
    if outside:
        raise CudaError(
            f"{outside[0].path} lies outside of the environment, so its mode stays as it is.",
            hints=[_chmod(outside[0])],
        )


def _base_of(patient: Patient, path: Path) -> Path | None:
    """The environment, by the name under which a path lies in it; None where it does not."""
    names = (patient.prefix, Path(os.path.realpath(patient.prefix)))
    return next((name for name in names if path.is_relative_to(name)), None)
