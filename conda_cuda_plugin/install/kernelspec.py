"""The CUDA variables in the environment's Jupyter kernels, for notebooks run no hooks."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..environment import KERNELS_KEY, Environment
from ..errors import CudaError
from ..system.files import Inside
from ..system.reading import read_bytes

KERNELS = Path("share", "jupyter", "kernels")
LIBRARY_PATH = "LD_LIBRARY_PATH"
STATE_KEY = KERNELS_KEY
"""Name of a kernel to what was put into it, as `Added.record`."""

_PYTHON = re.compile(r"python(\d+(\.\d+)*)?(\.exe)?", re.IGNORECASE)


@dataclass(frozen=True)
class Kernel:
    """A kernel of the environment, as its file stands.

    Args:
        name: the name of its folder.
        path: its kernel.json.
        text: the content.
        spec: the same, read.
    """

    name: str
    path: Path
    text: str
    spec: Mapping[str, Any]

    def write(self, text: str) -> None:
        """Put another content in the file's place, in one step."""
        files = Inside(self.path.parents[len(KERNELS.parts) + 1])
        files.remove_leftovers(self.path.parent)
        mode = self.path.stat().st_mode & 0o777
        files.write(self.path, text.encode(), mode)


def kernels(environment: Environment) -> list[Kernel]:
    """The kernels of the environment that run in it.

    Raises:
        CudaError: when one of the environment's kernels cannot be read or changed.
    """
    found = []
    for path in sorted((environment.prefix / KERNELS).glob("*/kernel.json")):
        kernel = _read(environment, path)
        if _runs_here(environment, kernel.spec.get("argv")):
            if not isinstance(kernel.spec.get("env", {}), dict):
                raise _unusable(path, 'its "env" is no mapping of names to values')
            if not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):
                raise _unusable(path, "it is not writable")
            found.append(kernel)
    return found


def with_variables(
    kernel: Kernel, values: Mapping[str, str], recorded: Any
) -> tuple[str, dict[str, Any]]:
    """A kernel's text with variables in it.

    Args:
        kernel: the kernel.
        values: the variables; of LD_LIBRARY_PATH the first element.
        recorded: what is recorded of the kernel; anything where nothing is.

    Returns:
        The text, and what has to be recorded of it, in which no path stands. A value of the user's
        own stays, but for LD_LIBRARY_PATH, which begins with ours then.
    """
    if _has_all(kernel.spec.get("env"), values, recorded):
        return kernel.text, dict(recorded)
    text = without_variables(kernel.text, recorded)
    style, span = style_of(text), find_object(text)
    member = span.member("env")
    if member is None:
        layout = "absent"
        text = add_members(text, 0, {"env": "{}"}, style)
        member = find_object(text).member("env")
        assert member is not None
    inside = find_object(text, member.value)
    if span.member("env") is not None:
        layout = "own" if inside.members else "tight" if inside.open == inside.close else "blank"
    env = json.loads(text)["env"]
    names: dict[str, str] = {}
    joined = False
    theirs = inside.member(LIBRARY_PATH)
    if LIBRARY_PATH in values and theirs is not None and isinstance(env[LIBRARY_PATH], str):
        names[LIBRARY_PATH], joined = _digest(values[LIBRARY_PATH]), True
        rest = text[theirs.value + 1 : theirs.end]
        colon = ":" if env[LIBRARY_PATH] else ""
        raw = f"{encoded(values[LIBRARY_PATH])[:-1]}{colon}{rest}"
        text = replace_value(text, theirs, raw)
    new = {name: value for name, value in values.items() if name not in env}
    if new:
        raws = {name: encoded(value) for name, value in new.items()}
        text = add_members(text, member.value, raws, style)
    names |= {name: _digest(value) for name, value in new.items()}
    return text, {"env": layout, "joined": joined, "names": names}


def without_variables(text: str, recorded: Any) -> str:
    """A kernel's text without what was put into it, by value; what the user has changed stays."""
    names = recorded.get("names") if isinstance(recorded, dict) else None
    member = find_object(text).member("env")
    env = json.loads(text).get("env")
    if not isinstance(names, dict) or member is None or not isinstance(env, dict):
        return text
    layout, joined = recorded.get("env"), recorded.get("joined") is True
    gone = []
    for name, digest in names.items():
        value = env.get(name)
        if not isinstance(value, str):
            continue
        if name == LIBRARY_PATH and (joined or _digest(value) != digest):
            text = _without_element(text, member.value, value, digest)
        elif _digest(value) == digest:
            gone.append(name)
    text = remove_members(text, member.value, gone, tight=layout in ("absent", "tight"))
    if layout == "absent" and not find_object(text, member.value).members:
        text = remove_members(text, 0, ["env"])
    return text


def take_back(environment: Environment) -> list[str]:
    """Take out of all kernels what is recorded as put into them; the names of those changed."""
    recorded = environment.state.get(STATE_KEY)
    changed = []
    for name, record in (recorded if isinstance(recorded, dict) else {}).items():
        # What cannot be read is somebody else's by now.
        with contextlib.suppress(CudaError):
            kernel = _read(environment, environment.prefix / KERNELS / str(name) / "kernel.json")
            text = without_variables(kernel.text, record)
            if text != kernel.text:
                kernel.write(text)
                changed.append(kernel.name)
    return changed


def _read(environment: Environment, path: Path) -> Kernel:
    inside = os.path.join(os.path.realpath(environment.prefix), "")
    if not os.path.realpath(path).startswith(inside) or path.is_symlink():
        raise _unusable(path, "a symbolic link leads to it, so it may be somebody else's")
    try:
        text = read_bytes(path, 2**20).decode()
        spec = json.loads(text)
    except OSError as error:
        raise _unusable(path, f"it cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise _unusable(path, "it is not JSON") from error
    if not isinstance(spec, dict):
        raise _unusable(path, "it is no JSON object")
    return Kernel(path.parent.name, path, text, spec)


def _unusable(path: Path, reason: str) -> CudaError:
    return CudaError(
        f"The Jupyter kernel {path} cannot be changed: {reason}.",
        hints=["Repair it or move it away, then run the command again."],
        path=path,
    )


def _runs_here(environment: Environment, argv: Any) -> bool:
    """Whether a kernel runs the environment's python, or names a file of the environment."""
    if not isinstance(argv, Sequence) or isinstance(argv, str) or not argv:
        return False
    words = [str(word) for word in argv]
    # Jupyter replaces a bare name by the python that it runs in.
    if _PYTHON.fullmatch(words[0]):
        return True
    for prefix in {str(environment.prefix), os.path.realpath(environment.prefix)}:
        if any(word == prefix or word.startswith(os.path.join(prefix, "")) for word in words):
            return True
    return False


def _has_all(env: Any, values: Mapping[str, str], recorded: Any) -> bool:
    """Whether a kernel has all of the variables, as recorded or from the user."""
    names = recorded.get("names") if isinstance(recorded, dict) else None
    if not isinstance(names, dict) or not isinstance(env, dict) or not set(names) <= set(values):
        return False
    for name, value in values.items():
        if name not in names:
            if name == LIBRARY_PATH or name not in env:
                return False
            continue
        now = str(env.get(name))
        if names[name] != _digest(value) or value != (
            now.split(":")[0] if name == LIBRARY_PATH else now
        ):
            return False
    return True


def _without_element(text: str, at: int, value: str, digest: str) -> str:
    """LD_LIBRARY_PATH without our element; the rest of it stays as it is written."""
    member = find_object(text, at).member(LIBRARY_PATH)
    elements = value.split(":")
    ours = next((part for part in elements if _digest(part) == digest), None)
    if member is None or ours is None:
        return text
    raw, begin = text[member.value : member.end], encoded(ours)[:-1]
    if elements[0] == ours and raw.startswith(begin):
        rest = raw[len(begin) :].removeprefix(":")
        return replace_value(text, member, f'"{rest}')
    elements.remove(ours)
    return replace_value(text, member, encoded(":".join(elements)))


def _digest(value: str) -> str:
    """Stands for a value in the record, which holds no path."""
    return hashlib.sha256(value.encode()).hexdigest()[:16]


_DECODER = json.JSONDecoder()
_BLANK = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True)
class Member:
    """One member of an object.

    Attributes:
        name: its name.
        start: where its name begins.
        value: where its value begins.
        end: behind its value.
    """

    name: str
    start: int
    value: int
    end: int


@dataclass(frozen=True)
class Span:
    """An object in a text.

    Attributes:
        open: behind its opening brace.
        members: in order.
        close: its closing brace.
    """

    open: int
    members: tuple[Member, ...]
    close: int

    def member(self, name: str) -> Member | None:
        """The member that counts, of those with a name: the last one."""
        return next((member for member in reversed(self.members) if member.name == name), None)


def find_object(text: str, at: int = 0) -> Span:
    """The object that begins at a position, after blanks."""
    at = open_ = _blank(text, at) + 1
    members: list[Member] = []
    at = _blank(text, at)
    while text[at] != "}":
        start = at if text[at] != "," else _blank(text, at + 1)
        name, at = _DECODER.raw_decode(text, start)
        value = _blank(text, _blank(text, at) + 1)
        _, end = _DECODER.raw_decode(text, value)
        members.append(Member(name, start, value, end))
        at = _blank(text, end)
    return Span(open_, tuple(members), at)


@dataclass(frozen=True)
class Style:
    """How a text is laid out.

    Attributes:
        outer: what stands before each member of the outermost object.
        inner: the same one level deeper.
    """

    outer: str = ""
    inner: str = ""


def style_of(text: str) -> Style:
    """The layout of a text, by the first member of its outermost object."""
    span = find_object(text)
    outer = text[span.open : span.members[0].start] if span.members else ""
    if "\n" not in outer:
        return Style(outer)
    return Style(outer, outer + outer.rpartition("\n")[2])


def add_members(text: str, at: int, values: Mapping[str, str], style: Style) -> str:
    """Put members at the end of the object at a position.

    Args:
        text: the text.
        at: where the object begins.
        values: names and raw JSON values.
        style: the layout of an object inside the outermost one, if it has no members yet.
    """
    span = find_object(text, at)
    lead, colon = style.inner, ": "
    if span.members:
        first = span.members[0]
        lead = text[span.open : first.start]
        between = text[first.start : first.value].removeprefix(encoded(first.name))
        colon = between if between.strip() == ":" else colon
    comma = f",{lead}" if lead else ", "
    written = comma.join(f"{encoded(name)}{colon}{value}" for name, value in values.items())
    if span.members:
        end = span.members[-1].end
        return f"{text[:end]}{comma}{written}{text[end:]}"
    # Blanks in an empty object stay, before its end.
    closing = text[span.open : span.close] or (style.outer if lead else "")
    return f"{text[: span.open]}{lead}{written}{closing}{text[span.close :]}"


def remove_members(text: str, at: int, names: Collection[str], *, tight: bool = False) -> str:
    """Take members away from the object at a position, with the commas that go with them.

    Args:
        text: the text.
        at: where the object begins.
        names: the members' names; of several with one name the last one goes.
        tight: whether blanks go too, when nothing is left.
    """
    for name in names:
        span = find_object(text, at)
        member = span.member(name)
        if member is None:
            continue
        index = span.members.index(member)
        if index:
            start, end = span.members[index - 1].end, member.end
        elif len(span.members) > 1:
            start, end = member.start, span.members[1].start
        else:
            start, end = span.open, span.close if tight else member.end
        text = text[:start] + text[end:]
    return text


def replace_value(text: str, member: Member, raw: str) -> str:
    """Put another raw JSON value in the place of a member's."""
    return text[: member.value] + raw + text[member.end :]


def encoded(value: str) -> str:
    """A string as JSON, with the characters as they are."""
    return json.dumps(value, ensure_ascii=False)


def _blank(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    assert match is not None
    return match.end()
