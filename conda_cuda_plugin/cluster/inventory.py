"""An inventory: what nodes have said, in a file that `--save` writes and `--for FILE.yaml` takes.

What it says of an environment would be about one environment alone, so that is left out.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ..errors import CudaError, FileSystemError
from ..machine.machine import ComputeCapability, DriverVersion, Gpu, Machine
from ..system.files import Inside
from ..system.reading import read_text
from ..system.schema import Schema, Wrong, choice, items, read, record, text
from ..system.yaml_text import MOST_BYTES, YamlError, dump, load
from ..versions import CudaVersion
from .node import LEADS, Asked, Loaded, Node

_HEAD = "# What machines have said of themselves. conda cuda info --save writes it.\n"
_WORD = text(r"[^\x00-\x1f\x7f]{1,255}")
_LONG = text(r"[^\x00-\x1f\x7f]{1,1200}")
_MOST_NODES = 20_000
_TIME = "%Y-%m-%dT%H:%M:%SZ"


def _made(make: Any) -> Schema:
    """A text that something can be made of; the text itself is kept."""

    def check(value: Any, place: str, problems: list[str]) -> Any:
        try:
            return make(_WORD(value, place, problems))
        except ValueError as error:
            raise Wrong(place, "makes no sense") from error

    return check


_GPU = record(
    {
        "name": _WORD,
        "capability": _made(ComputeCapability.parse),
        "count": _made(lambda value: min(max(int(value), 1), 256)),
    }
)
_NODE = record(
    {
        "name": _WORD,
        "same": items(_WORD, _MOST_NODES),
        "kind": _LONG,
        "alike": items(_WORD, _MOST_NODES),
        "problem": _LONG,
        "architecture": _WORD,
        "driver": _made(DriverVersion.parse),
        "driver_cuda": _made(CudaVersion.parse),
        "gpus": items(_GPU, 256),
        "libc": _WORD,
        "visible": _LONG,
        "mig": items(_WORD, 64),
        "loads": items(
            record({"name": _WORD, "path": _LONG, "by": choice(LEADS)}, ("name", "path", "by")),
            32,
        ),
        "system_cuda": record({"path": _LONG, "release": _WORD}, ("path",)),
        "notes": items(_LONG, 20),
    },
    ("name",),
)
_FILE = record(
    {
        "machines": _LONG,
        "asked": _made(lambda value: datetime.strptime(value, _TIME)),
        "nodes": items(_NODE, _MOST_NODES),
    },
    ("machines", "asked", "nodes"),
)


def save(path: Path, asked: Asked) -> None:
    """Write an inventory, or replace one.

    Raises:
        CudaError: when there is no such folder, a file of another kind is there, or it cannot be
            written.
    """
    if not path.parent.is_dir():
        raise CudaError(
            f"There is no folder {path.parent}.", hints=["Make it first, or name another file."]
        )
    place = Path(os.path.realpath(path))
    if os.path.lexists(place):
        # Only another inventory is replaced.
        load_inventory(place)
    content = {
        "machines": asked.target,
        "asked": asked.when.strftime(_TIME),
        "nodes": _rows(asked.nodes),
    }
    try:
        Inside(place.parent).write(place, (_HEAD + dump(content)).encode())
    except OSError as error:
        raise FileSystemError(error, path, "Name a file in another folder.") from error


def load_inventory(path: Path) -> Asked:
    """Read an inventory.

    Raises:
        CudaError: when there is none, or it is something else.
    """
    try:
        content = load(read_text(path, MOST_BYTES))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise CudaError(
            f"There is no file {path}.",
            hints=["conda cuda info --for slurm:PARTITION --save FILE.yaml writes one."],
            path=path,
        ) from error
    except (OSError, ValueError, YamlError) as error:
        reason = error.reason if isinstance(error, YamlError) else "cannot be read as text"
        raise _refused(path, f"it {reason}") from error
    found, problems = read(_FILE, content)
    if not found or problems or not found["nodes"]:
        raise _refused(path, problems[0] if problems else "it names no nodes")
    when = found["asked"].replace(tzinfo=timezone.utc)
    nodes = tuple(
        _node({**facts, "name": name})
        for facts in found["nodes"]
        for name in (facts["name"], *facts.get("same", ()))
    )
    return Asked(found["machines"], nodes, when, str(path))


def _refused(path: Path, why: str) -> CudaError:
    return CudaError(
        f"{path} is no inventory of machines: {why}.",
        hints=["conda cuda info --for slurm:PARTITION --save FILE.yaml writes one."],
        path=path,
    )


def _rows(nodes: Sequence[Node]) -> list[dict[str, Any]]:
    """The nodes; those with the same facts are one row."""
    rows: dict[str, dict[str, Any]] = {}
    for node in nodes:
        facts = _content(node)
        row = rows.setdefault(repr({**facts, "name": ""}), facts)
        if row is not facts:
            row.setdefault("same", []).append(node.name)
    return list(rows.values())


def _content(node: Node) -> dict[str, Any]:
    machine = node.machine
    found: dict[str, Any] = {
        "name": node.name,
        "kind": node.kind,
        "alike": node.alike,
        "problem": node.problem,
        "architecture": node.architecture,
    }
    if machine is not None:
        found |= {
            "driver": machine.driver and str(machine.driver),
            "driver_cuda": machine.driver_cuda and str(machine.driver_cuda),
            "gpus": [_gpu(gpu, count) for gpu, count in Counter(machine.gpus).items()],
            "libc": machine.libc,
            "visible": node.visible,
            "mig": node.mig,
            "loads": [vars(one) for one in node.loads],
            "system_cuda": _filled(dict(zip(("path", "release"), node.system_cuda, strict=True)))
            if node.system_cuda
            else None,
            "notes": machine.notes,
        }
    return _filled(found)


def _filled(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in facts.items() if value}


def _gpu(gpu: Gpu, count: int) -> dict[str, Any]:
    capability = gpu.capability and str(gpu.capability)
    return {**_filled({"name": gpu.name, "capability": capability}), "count": count}


def _node(facts: Mapping[str, Any]) -> Node:
    name, problem = facts["name"], facts.get("problem")
    common = {
        "kind": facts.get("kind", ""),
        "alike": tuple(facts.get("alike", ())),
        "architecture": facts.get("architecture"),
    }
    if problem is not None:
        return Node(name, None, problem, **common)
    gpus = tuple(
        Gpu(row.get("name"), row.get("capability"))
        for row in facts.get("gpus", ())
        for _ in range(row.get("count", 1))
    )
    machine = Machine(
        driver=facts.get("driver"),
        driver_cuda=facts.get("driver_cuda"),
        gpus=gpus[:256],
        libc=facts.get("libc"),
        name=name,
        notes=tuple(facts.get("notes", ())),
    )
    cuda = facts.get("system_cuda")
    return Node(
        name,
        machine,
        loads=tuple(Loaded(**row) for row in facts.get("loads", ())),
        system_cuda=(cuda["path"], cuda.get("release")) if cuda else None,
        visible=facts.get("visible"),
        mig=tuple(facts.get("mig", ())),
        **common,
    )
