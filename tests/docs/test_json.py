"""The keys that docs/json.md names are the keys that the documents have, no more and no fewer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from .blocks import DOCS, Block
from .session import Printed
from .world import World, open_session

PAGE = DOCS / "json.md"
BEFORE = """\
conda create --yes --quiet --offline --name train
printf 'export CUDA_HOME=/usr/local/cuda\\n' >.bashrc
printf '%s\\n' 'machines: slurm:gpu' 'asked: 2026-01-02T03:04:05Z' 'nodes: [{name: gpu01}]' >gpu.yaml
conda create --yes --quiet --offline --name copy"""
COMMANDS = {
    "use": "conda cuda use 12.4 -n train --components cudart --json",
    "list": "conda cuda list -n train --json",
    "info": "conda cuda info -n train --json",
    "machines": "conda cuda info -n train --for gpu.yaml --json",
    "which": "conda cuda which libcudart.so.12 -n train --json",
    "doctor": "conda cuda doctor -n train --json",
    "match": "conda cuda match torch==2.5.1 --json",
    "env": "conda cuda env -n train --json",
    "export": "conda cuda export -n train -f cuda.yml --json",
    "off": "conda cuda off -n train --json",
    "remove": "conda cuda remove 12.4 -n train --json",
    "error": "conda cuda use 99 -n train --json",
}
ANYWHERE = {
    "Errors": ("error",),
    "toolkit": ("use", "toolkit"),
    "verdict": ("use", "plan", "verdict"),
    "machine": ("use", "plan", "machine"),
    "finding": ("doctor", "findings", 0),
    "use": ("use",),
    "plan": ("use", "plan"),
    "install": ("use", "plan", "install"),
    "list": ("list",),
    "info": ("info",),
    "machines": ("machines",),
    "node": ("machines", "nodes", 0),
    "which": ("which",),
    "answer": ("which", "answers", 0),
    "doctor": ("doctor",),
    "match": ("match",),
    "env": ("env",),
    "export, apply, mirror": ("export",),
}
"""Where the object that a section's table describes stands in the documents."""
ERRORS_OWN = {"nearest", "refusals", "unreachable", "version"}
"""What the error of the example has besides."""


@pytest.fixture(scope="module")
def documents(world: World, address: str, reader_folder: Callable[[], Path]) -> Mapping[str, Any]:
    """What each verb prints."""
    session = open_session(world, reader_folder(), address)
    codes = tuple(1 if verb == "error" else 0 for verb in COMMANDS)
    text = "\n".join(f"{command} 2>/dev/null" for command in COMMANDS.values())
    block = Block("json", 1, "bash", text, None, codes, BEFORE)
    session.read([block])
    session.check(block)
    printed: list[Printed] = session.found[block.name]
    return {verb: json.loads(one.text) for verb, one in zip(COMMANDS, printed, strict=True)}


def described() -> dict[str, set[str]]:
    """Section to the keys in its first table whose heading row begins with `key`."""
    found: dict[str, set[str]] = {}
    section, inside = "", False
    for line in PAGE.read_text().splitlines():
        if line.startswith("#"):
            section, inside = line.lstrip("# "), False
        elif line.startswith("| key"):
            inside, found[section] = True, set()
        elif inside and line.startswith("| `"):
            found[section] |= set(re.findall(r"`(\w+)`", line.split("|")[1]))
        elif inside and not line.startswith("|"):
            inside = False
    return found


def at(documents: Mapping[str, Any], path: tuple[str | int, ...]) -> Any:
    """The object at a place."""
    value: Any = documents
    for step in path:
        value = value[step]
    return value


def test_every_table_is_looked_at() -> None:
    assert set(described()) == {*ANYWHERE, "off, remove"}


@pytest.mark.parametrize("section", ANYWHERE)
def test_the_keys_are_those_of_the_document(section: str, documents: Mapping[str, Any]) -> None:
    keys = set(at(documents, ANYWHERE[section]))
    assert keys - (ERRORS_OWN if section == "Errors" else set()) == described()[section]


def test_off_and_remove(documents: Mapping[str, Any]) -> None:
    assert set(documents["off"]) | set(documents["remove"]) == described()["off, remove"]


def test_parts_are_the_same_everywhere(documents: Mapping[str, Any]) -> None:
    tables = described()
    for path in (("list", "toolkits", 0), ("info", "current")):
        assert set(at(documents, path)) - {"contents"} == tables["toolkit"]
    for path in (("info", "machine"), ("match", "machine")):
        assert set(at(documents, path)) == tables["machine"]
    assert set(documents["info"]["verdict"]) == tables["verdict"]
    assert set(documents["info"]["findings"][0]) == tables["finding"]


def test_settings_are_those_of_the_plugin() -> None:
    from conda_cuda_plugin.plugin import conda_settings

    page = Path(DOCS, "settings.md").read_text()
    named = set(re.findall(r"^\| `(cuda_\w+):", page, re.M))
    assert named == {setting.name for setting in conda_settings()}


def test_rules_are_those_of_the_doctor(documents: Mapping[str, Any]) -> None:
    page = Path(DOCS, "doctor.md").read_text()
    named = set(re.findall(r"^\| `([a-z][a-z-]+)` \|", page, re.M))
    assert named == set(documents["doctor"]["rules"])
