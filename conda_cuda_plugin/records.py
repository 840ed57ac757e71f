"""The records that lie in an environment, as YAML, and in a toolkit root: their schemas and reader.

Whatever stands in one of them, reading it gives what can be used of it, and says what cannot.
"""

from __future__ import annotations

import copy
import io
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import schema
from .cuda_yaml import MOST_BYTES, YamlError, load
from .files import Inside
from .reading import open_regular
from .schema import NAME, Schema, choice, flag, items, record, table, text
from .toolkit import Flavor, Origin

_NOTE = "# Written by conda cuda.\n"
_WORD = text(r"[^\x00-\x1f\x7f]{1,200}")
_FLAVOR = choice([flavor.value for flavor in Flavor])

STATE = record(
    {
        "request": record(
            {
                "version": _WORD,
                "source": _WORD,
                "flavor": _FLAVOR,
                "components": items(_WORD),
                "addons": table(_WORD, _WORD),
                "host_compiler": flag,
                "channels": items(text()),
            }
        ),
        "wrappers": items(NAME),
        "linked": items(NAME),
        "pin": choice(["absent", "unended"]),
        "kernels": table(
            NAME,
            record(
                {
                    "env": choice(["absent", "own", "tight", "blank"]),
                    "joined": flag,
                    "names": table(_WORD, text(r"[0-9a-f]{16}")),
                },
                ("env", "joined", "names"),
            ),
        ),
    }
)
"""What was asked for, and what was written."""
TOOLKIT = record(
    {
        "version": text(r"\d{1,3}\.\d{1,4}(\.\d{1,4})?"),
        "origin": choice([origin.value for origin in Origin]),
        "flavor": _FLAVOR,
        "components": items(_WORD),
        "packages": items(_WORD),
        "host_compiler": flag,
    },
    ("version", "origin"),
)
"""What a toolkit root holds."""


@dataclass(frozen=True)
class Found:
    """What a record says.

    Args:
        content: what can be used of it; empty where there is none.
        problems: what is wrong with it, each as a sentence without its end.
    """

    content: dict[str, Any] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def read_record(path: Path, kind: Schema) -> Found:
    """Read a YAML record; nothing that stands in it is an error here.

    A command asks for the same files several times, and parsing takes most of its own time: a file
    that has not changed since is not parsed again.
    """
    try:
        with open_regular(path, links=False) as file:
            facts = os.fstat(file.fileno())
            version = (facts.st_dev, facts.st_ino, facts.st_mtime_ns, facts.st_size)
            known = _parsed.get(path)
            if known is None or known[0] != version:
                data = file.read(MOST_BYTES + 1)
                _parsed[path] = known = (version, _parse(data, kind))
    except (FileNotFoundError, NotADirectoryError):
        return Found()
    except OSError as error:
        return Found(problems=(f"it cannot be read ({error.strerror or error})",))
    return Found(copy.deepcopy(known[1].content), known[1].problems)


_parsed: dict[Path, tuple[tuple[int, ...], Found]] = {}
"""By file: what it was when it was parsed, and what it held."""


def _parse(data: bytes, kind: Schema) -> Found:
    try:
        content = load(data.decode())
    except UnicodeDecodeError:
        return Found(problems=("it is no text in UTF-8",))
    except YamlError as error:
        return Found(problems=(f"it {error.reason}",))
    found, problems = schema.read(kind, {} if content is None else content)
    return Found(found or {}, problems)


def write_record(files: Inside, path: Path, content: Mapping[str, Any]) -> None:
    """Write a YAML record."""
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.default_flow_style = None
    yaml.width = 100
    stream = io.StringIO()
    yaml.dump(dict(content), stream)
    if files.write(path, (_NOTE + stream.getvalue()).encode()):
        # The new file may look like the old one: as large, and written in the same moment.
        _parsed.pop(path, None)
