"""The messages of messages.yaml, and what an answer to one is held against."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import pairwise
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

FILE = Path(__file__).with_name("messages.yaml")
NOT_ON_WINDOWS = re.compile(r"g\+\+|LD_LIBRARY_PATH|ld\.so|\bexport \w|\blib[\w+-]+\.so[\w.]*")
INSTALLS = ("use ", "install ")


@dataclass(frozen=True)
class Message:
    """A message, and the answer that it must get.

    Args:
        platform: where it appears, as conda names it.
        name: what it is called in the file.
        program: what prints it.
        text: its lines.
        kind: what is wrong.
        about: what the answer names.
        cure: commands of which one has to be there; empty when that is left open.
        says: further words; of the alternatives in each, one has to be there.
        never: what must not be there.
        known: whether it can be answered.
    """

    platform: str
    name: str
    program: str
    text: str
    kind: str
    about: Sequence[str]
    cure: Sequence[str] = ()
    says: Sequence[Sequence[str]] = ()
    never: Sequence[str] = ()
    known: bool = True


def read_messages() -> list[Message]:
    """All messages of the file, in its order."""
    content = YAML(typ="safe", pure=True).load(FILE)
    kinds = content.pop("kinds")
    found = []
    for platform, rows in content.items():
        for name, row in rows.items():
            unknown = set(row) - {"from", "text", "kind", "about", "cure", "says", "never"}
            assert unknown in (set(), {"known", "why"}), f"{name}: unknown keys {unknown}"
            assert row["kind"] in kinds, f"{name}: unknown kind {row['kind']}"
            found.append(
                Message(
                    platform,
                    name,
                    row["from"],
                    row["text"],
                    row["kind"],
                    _list(row["about"]),
                    _alternatives(row.get("cure", "")),
                    [_alternatives(text) for text in row.get("says", ())],
                    row.get("never", ()),
                    row.get("known", True) is True,
                )
            )
    return found


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _alternatives(text: str) -> list[str]:
    return [part.strip() for part in text.split(" | ") if part.strip()]


def faults(message: Message, document: dict[str, Any]) -> list[str]:
    """What is wrong with an answer; empty when nothing is.

    Args:
        message: what was asked.
        document: what `which --json` has printed.
    """
    if "answers" not in document:
        return [] if not message.known else ["not understood"]
    parts = [document["answers"], document["meanings"]]
    everything, text = ("\n".join(_texts(parts, echo=echo)) for echo in (True, False))
    commands = [_bare(command) for command in _commands(parts)]
    here = any(answer["found"] for answer in document["answers"])
    if not message.known:
        return [f"pretends to know: {one}" for one in commands if one.startswith(INSTALLS)]
    found = [f"is not about {name}" for name in message.about if not _in(name, everything)]
    found += [
        f"does not say {' or '.join(words)}"
        for words in message.says
        if not any(_in(word, text) for word in words)
    ]
    found += [f"says {word}" for word in message.never if _in(word, text)]
    if message.platform == "win-64":
        found += [
            f"names {word}"
            for word in set(NOT_ON_WINDOWS.findall(text))
            if word not in message.text
        ]
    if message.cure == ["none"]:
        found += [f"installs: {one}" for one in commands if one.startswith(INSTALLS)]
    elif message.cure and not here and not _cured(message.cure, commands, text):
        found.append(f"does not advise {' or '.join(message.cure)}, but {commands}")
    return found


def _in(words: str, text: str) -> bool:
    return words.casefold() in text.casefold()


def _cured(cures: Sequence[str], commands: Sequence[str], text: str) -> bool:
    """Whether a cure is advised; of a release that no source has, it is enough that it is named."""
    patterns = [one for cure in cures for one in (cure, f"{cure} *")]
    if any(fnmatchcase(command, one) for command in commands for one in patterns):
        return True
    installs = any(command.startswith(INSTALLS) for command in commands)
    return not installs and any(_named(one, text) for one in cures if one.startswith("use "))


def _named(cure: str, text: str) -> bool:
    """Whether a text names what `use 10.2 --cudnn 7` asks for, as it does where no source has it."""
    _, release, *options = cure.split()
    told = [f"CUDA {release}"] if "*" not in release else []
    addons = {"--cudnn": "cuDNN", "--nccl": "NCCL"}
    told += [f"{addons[one]} {two}" for one, two in pairwise(options) if one in addons]
    return bool(told) and all(re.search(rf"{re.escape(one)}\b", text) for one in told)


def _bare(command: str) -> str:
    """A command without `conda cuda` and without the environment."""
    return re.sub(r"^conda (?:cuda )?| -[np] \S+", "", command)


def _texts(value: object, *, echo: bool) -> Iterator[str]:
    """Every text in a document, with or without what it repeats of the message."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, part in value.items():
            if echo or key != "message":
                yield from _texts(part, echo=echo)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part, echo=echo)


def _commands(value: object) -> Iterator[str]:
    """Every command in a document; a route asks a source that gave no answer."""
    if isinstance(value, dict):
        for key, part in value.items():
            if key in ("command", "route") and isinstance(part, str):
                yield part
            yield from _commands(part)
    elif isinstance(value, list):
        for part in value:
            yield from _commands(part)
