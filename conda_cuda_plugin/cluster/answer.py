"""Makes a `Node` of what a node has sent, and leaves out what makes no sense in it."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from ..machine.detect import Found
from ..machine.driver_files import read_smi, release_in
from ..machine.driver_library import Answers, take
from ..machine.machine import Machine
from ..quoting import escaped
from ..system.reading import parse_json
from ..system.schema import items, mapping, read, record, text
from .node import LEADS, Loaded, Node, There

_TEXT = text(r"[^\x00-\x1f\x7f]{1,200}")
_SCHEMA = record(
    {
        "libc": _TEXT,
        "python": text(r"[0-9a-z.+]{1,20}"),
        "system": items(text(r"[^\x00-\x1f\x7f]{0,200}"), 10),
        "module": mapping,
        "variables": mapping,
        "loads": items(items(text(r"[^\x00-\x1f\x7f]{1,1200}"), 3), 32),
        "system_cuda": items(lambda value, place, problems: value, 2),
    }
)
_MOST_FACTS, _MOST_NOTES = 2000, 10
_NOTE = 200
"""Characters of a note."""


def node_from(name: str, document: Any, here: list[int] | None = None, kind: str = "") -> Node:
    """The node that a document describes.

    Args:
        name: what the scheduler calls it.
        document: what it has sent: a dict, or a text that says why there is none.
        here: what tells the environment's folder from others, on this machine.
        kind: what the scheduler tells it apart by.
    """
    if not isinstance(document, dict):
        return Node(name, None, str(document), kind=kind)
    facts, _ = read(_SCHEMA, document)
    facts = facts or {}
    system = facts.get("system", [])
    driver = _rows(document.get("driver"))
    found = Found()
    mig = _take_driver(found, driver, facts.get("module", {}))
    variables = facts.get("variables", {})
    if "driver" not in document:
        found.notes.append("its driver did not answer in time.")
    machine = Machine(
        driver=found.driver,
        driver_cuda=found.cuda,
        gpus=found.gpus[:256],
        libc=facts.get("libc"),
        wsl="microsoft" in str(facts.get("module", {}).get(_RELEASE, "")).lower(),
        name=name,
        evidence=tuple((key, escaped(value)[:_NOTE]) for key, value in found.evidence.items()),
        notes=tuple(dict.fromkeys(escaped(note)[:_NOTE] for note in found.notes))[:_MOST_NOTES],
    )
    return Node(
        name,
        machine,
        architecture=system[4] if len(system) == 5 and system[4] else None,
        environment=_there(document.get("environment"), here),
        loads=tuple(_loads(facts.get("loads", []))),
        system_cuda=_system_cuda(facts.get("system_cuda")),
        visible=_shown(variables.get("CUDA_VISIBLE_DEVICES"), 1000),
        mig=tuple(mig),
        kind=kind,
    )


_RELEASE = "/proc/sys/kernel/osrelease"


def _rows(value: Any) -> dict[str, tuple[str | None, str]]:
    """How each part of the driver ended, and what it has printed."""
    found = {}
    for row in value[:8] if isinstance(value, list) else []:
        if isinstance(row, list) and len(row) == 3 and isinstance(row[2], str):
            name, ending, printed = row
            if name in ("nvml", "cuda", "smi"):
                found[name] = (_shown(ending, _NOTE), printed)
    return found


def _take_driver(found: Found, rows: dict[str, tuple[str | None, str]], module: Any) -> list[str]:
    """Enter what the parts of a driver say; the names of the parts of its GPUs."""
    mig: list[str] = []
    texts = {Path(path): value[:4096] for path, value in module.items() if isinstance(value, str)}
    loaded = release_in(texts)
    if loaded is not None:
        found.take(loaded)
    answers = {name: Answers(name) for name in ("nvml", "cuda")}
    for name, answer in answers.items():
        ending, printed = rows.get(name, (None, ""))
        for line in printed.splitlines()[:_MOST_FACTS]:
            with contextlib.suppress(ValueError, TypeError, KeyError, AttributeError):
                library, what, value = parse_json(line)
                if what == "mig" and (part := _shown(value, 96)):
                    mig.append(part)
                elif library == name and _makes_sense(what, value):
                    take(answer, what, value)
                    if what == "path":
                        # Where it lies is no news for those who look in several places.
                        answer.notes.clear()
        if ending is not None:
            where = f" in {answer.last_call}" if answer.last_call else ""
            answer.notes.append(f"{'NVML' if name == 'nvml' else 'libcuda'} {ending}{where}.")
        # Where the loader finds nothing there is nothing to say.
        if answer.path is None and ending is None:
            answer.notes.clear()
    found.take_libraries(answers["nvml"], answers["cuda"])
    ending, printed = rows.get("smi", (None, ""))
    if ending is None and printed and (found.driver is None or not found.complete):
        smi = Answers("nvidia-smi", "nvidia-smi")
        read_smi("\n".join(printed.splitlines()[:256]), smi)
        found.take(smi)
    if loaded is not None and answers["cuda"].path is None:
        found.notes.append(
            f"the kernel module of driver {found.driver} is loaded, but libcuda.so.1 is not there."
        )
    found.complete_cuda()
    return list(dict.fromkeys(mig))[:64]


_KINDS: dict[str, Any] = {
    "path": str,
    "call": str,
    "driver": str,
    "missing": str,
    "done": bool,
    "started": bool,
    "version": int,
}
"""What the facts of the driver's probe are; those that are lists are looked at by themselves."""


def _makes_sense(what: Any, value: Any) -> bool:
    """Whether a fact has the form that the probe gives it."""
    if what in _KINDS:
        return type(value) is _KINDS[what] and len(str(value)) <= 1000
    if not isinstance(value, list):
        return False
    if what == "gpu":
        name, *numbers = value
        named = name is None or (isinstance(name, str) and len(name) <= 128)
        return (
            named and len(numbers) == 2 and all(one is None or type(one) is int for one in numbers)
        )
    if what == "error":
        return len(value) == 2 and isinstance(value[0], str) and type(value[1]) is int
    return what == "refused" and len(value) == 2 and all(isinstance(one, str) for one in value)


def _there(value: Any, here: list[int] | None) -> There:
    if value == "missing":
        return There.MISSING
    if value == "other":
        return There.OTHER
    if not isinstance(value, list) or here is None:
        return There.UNKNOWN
    return There.SAME if value == here else There.OTHER


def _loads(rows: list[list[str]]) -> list[Loaded]:
    found = []
    for row in rows:
        if len(row) == 3 and row[1].startswith("/") and row[2] in LEADS:
            found.append(Loaded(*row))
    return found


def _system_cuda(value: Any) -> tuple[str, str | None] | None:
    path, release = value if isinstance(value, list) and len(value) == 2 else (None, None)
    shown = _shown(path, 1000)
    return (shown, _shown(release, 20)) if shown else None


def _shown(value: Any, most: int) -> str | None:
    """A text of a node, if it is one, cut."""
    return escaped(value[:most])[:most] if isinstance(value, str) and value else None
