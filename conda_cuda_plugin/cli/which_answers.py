"""The answers of `conda cuda which`, for people and for machines."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from conda.base.context import context

from ..actions.run import Shell, search_path
from ..answers import cure, which, which_tool
from ..answers.bring import Context
from ..answers.explain import Explanation
from ..answers.which import LibraryAnswer
from ..answers.which_tool import ToolAnswer
from ..libraries.messages import Mention
from ..libraries.names import span
from ..libraries.places import system_folders
from ..sources.system import LINUX_PLACES, WINDOWS_PLACE
from ..system.conda_compat import display_name, known_prefixes
from .layout import text_width


def documents(
    mentions: Sequence[Mention], patient: Context, by: str | None
) -> list[dict[str, Any]]:
    """The answers, as `--json` shows them.

    Args:
        mentions: what is asked for.
        patient: the environment.
        by: the file that asks, if one was named.

    Raises:
        UsageError: when `by` is neither a program nor a library.
    """
    environment, platform = patient.environment, patient.platform
    shell = Shell(os.environ, context.active_prefix, Path.cwd())
    programs = os.environ.get("PROGRAMFILES", "C:/Program Files")
    patterns = [f"{programs}/{WINDOWS_PLACE}"] if platform.windows else LINUX_PLACES
    system = system_folders(patterns, platform)
    prefixes = list(dict.fromkeys([environment.prefix, *known_prefixes()]))
    answers: list[LibraryAnswer | ToolAnswer] = []
    for mention in mentions:
        if which_tool.is_tool(mention.name):
            path = search_path(environment, shell, platform)
            found_tool = which_tool.look_up_tool(mention.name, environment, path, platform)
            if mention.path:
                leading = tuple(which.who_names(mention.path, shell.variables))
                found_tool = replace(found_tool, asked=mention.path, named_by=leading)
            answers.append(found_tool)
        else:
            answers.append(
                which.look_up(
                    mention, environment, shell, platform, by=by, prefixes=prefixes, system=system
                )
            )
    libraries = [answer for answer in answers if isinstance(answer, LibraryAnswer)]
    common = which.common_releases(libraries)
    found = []
    for answer, mention in zip(answers, mentions, strict=True):
        if isinstance(answer, ToolAnswer):
            document = _tool_document(answer)
            what_to_do = cure.for_tool(answer, patient)
        else:
            document = _library_document(answer)
            what_to_do = cure.for_library(answer, patient, common)
        document["advice"] = what_to_do and what_to_do.text
        document["command"] = what_to_do and what_to_do.command
        document["line"] = mention.line
        document["route"] = what_to_do and what_to_do.route
        found.append(document)
    return found


def _library_document(answer: LibraryAnswer) -> dict[str, Any]:
    search = answer.search
    candidates = search.candidates if search else ()
    return {
        "name": answer.facts.name,
        "kind": answer.facts.kind.value,
        "sort": answer.facts.sort.value,
        "owner": answer.facts.owner.title if answer.facts.owner else None,
        "found": answer.found,
        "releases": list(answer.facts.releases),
        "major": answer.facts.major,
        "bundled": answer.facts.bundled,
        "variants": list(answer.facts.variants),
        "complaint": answer.mention.complaint.value,
        "symbol": answer.mention.symbol,
        "number": answer.mention.number,
        "asked_path": answer.mention.path,
        "named_by": list(answer.named_by),
        "lacks": list(answer.lacks),
        "asked_by": str(answer.asker) if answer.asker else None,
        "by": answer.mention.by,
        "searched": search is not None,
        "path": search.chosen.path if search and search.chosen else None,
        "rule": search.chosen.rule.value if search and search.chosen else None,
        "because": search.chosen.because if search and search.chosen else None,
        "candidates": [
            {
                "path": candidate.path,
                "state": candidate.state.value,
                "rule": candidate.rule.value,
                "because": candidate.because,
                "reason": candidate.reason,
            }
            for candidate in candidates
        ],
        "places": [
            {
                "path": place.path,
                "environment": display_name(place.prefix) if place.prefix else None,
            }
            for place in answer.places
        ],
    }


def _tool_document(answer: ToolAnswer) -> dict[str, Any]:
    first = answer.programs[0] if answer.found else None
    return {
        "name": answer.name,
        "kind": "tool",
        "found": answer.found,
        "path": first.path if first else None,
        "runs": first.runs if first else None,
        "toolkit": first.toolkit if first else None,
        "release": first.release if first else None,
        "because": f"PATH, element {first.element}" if first else None,
        "installed": list(answer.installed),
        "candidates": [
            {
                "path": program.path,
                "element": program.element,
                "wrapper": program.wrapper,
                "runs": program.runs,
                "toolkit": program.toolkit,
                "release": program.release,
            }
            for program in answer.programs
        ],
    }


_INDENT = 14
_MOST = 8
_ADVICE = "to do"


def lines(document: Mapping[str, Any], patient: Context, *, numbered: bool = False) -> list[str]:
    """One answer; wrapped at 80 columns, paths and commands whole.

    Args:
        document: the answer, as `--json` has it.
        patient: the environment.
        numbered: whether to name the line of the text.
    """
    rows = _tool(document) if document["kind"] == "tool" else _library(document, patient)
    if numbered:
        rows.insert(0, ("in line", str(document["line"])))
    if document["advice"]:
        rows.append((_ADVICE, document["advice"]))
        rows += [("", document[key]) for key in ("command", "route") if document[key]]
    text = [document.get("asked_path") or document["name"]]
    for name, value in rows:
        text += _row(name, value)
    return text


def meaning_lines(meaning: Explanation, *, numbered: bool = False) -> list[str]:
    """What a message means, and the commands to go on with."""
    text = [meaning.message]
    text += _row("in line", str(meaning.line)) if numbered else []
    text += _row("means", meaning.means)
    width = max((len(command) for command, _ in meaning.commands), default=0)
    rows = [(f"{command.ljust(width)}  {why}", command, why) for command, why in meaning.commands]
    beside = all(len(line) <= text_width() - _INDENT for line, _, _ in rows)
    label = _ADVICE
    for line, command, why in rows:
        text += _row(label, line) if beside else [*_row(label, command), *_row("", f"  {why}")]
        label = ""
    return text


def _library(document: Mapping[str, Any], patient: Context) -> list[tuple[str, str]]:
    rows = [("belongs to", _owner(document))]
    if document["variants"]:
        rows.append(("versions", ", ".join(document["variants"])))
    if document["searched"] and document["complaint"] not in ("linking", "header"):
        asker = document["asked_by"]
        shell = "" if patient.active else f", once {patient.name} is active"
        there = f"{document['by']}, which is not here" if document["by"] else None
        rows.append(("asked by", f"{asker or there or 'any program'}{shell}"))
        rows += _loading(document)
    places = document["places"]
    label = "also in" if document["path"] else "lies in"
    for place in places[:_MOST]:
        where = place["environment"] or "the system"
        shown = place["path"] if os.sep in where else f"{where}: {place['path']}"
        rows.append((label, shown))
        label = ""
    if len(places) > _MOST:
        rows.append(("", f"and {len(places) - _MOST} more; --json lists them"))
    return rows


def _loading(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    path = document["path"]
    if path is None:
        stops = any(one["state"] == "stops" for one in document["candidates"])
        rows = [("loads from", "nowhere: the search ends with an error" if stops else "nowhere")]
    else:
        rows = [("loads from", path), ("because", document["because"])]
        real = os.path.realpath(path)
        if real != path:
            rows.insert(1, ("", f"which is {real}"))
    seen = {os.path.realpath(path)} if path else set()
    words = {"shadowed": "shadows", "skipped": "passes by", "stops": "stops at"}
    for one in document["candidates"]:
        real = os.path.realpath(one["path"])
        if one["state"] == "shadowed" and real in seen:
            continue
        seen.add(real)
        if one["state"] in words:
            why = one["reason"] or one["because"]
            rows.append((words[one["state"]], f"{one['path']} ({why})"))
    return rows


def _owner(document: Mapping[str, Any]) -> str:
    kind, major = document["kind"], document["major"]
    if kind == "driver":
        return "the NVIDIA driver, not a toolkit"
    if kind == "separate":
        return f"{document['owner']}, which no toolkit has"
    if kind == "foreign":
        return "nothing of CUDA's that is known"
    if kind in ("cudnn", "nccl"):
        title = {"cudnn": "cuDNN", "nccl": "NCCL"}[kind]
        return (
            f"{title} {major}, which no toolkit has" if major else f"{title}, which no toolkit has"
        )
    if not document["releases"]:
        return "CUDA, but no release that is known"
    if document["sort"] == "header":
        return f"the headers of CUDA {span(document['releases'])}"
    copy = ", in the copy of a Python wheel" if document["bundled"] else ""
    return f"CUDA {span(document['releases'])}{copy}"


def _tool(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    programs = document["candidates"]
    if not programs:
        return [("runs", "nothing: no such program on PATH")]
    first = programs[0]
    rows = []
    if first["runs"] is None:
        rows.append(("runs", f"nothing: {first['path']} finds none in the current toolkit"))
    elif first["wrapper"]:
        rows += [
            ("runs", first["runs"]),
            ("through", f"{first['path']}, the wrapper of conda cuda"),
        ]
    else:
        rows.append(("runs", first["path"]))
        if first["runs"] != first["path"]:
            rows.append(("", f"which is {first['runs']}"))
    rows.append(("because", f"PATH, element {first['element']}"))
    if first["toolkit"]:
        rows.append(("belongs to", f"CUDA {first['release'] or '?'} in {first['toolkit']}"))
    for program in programs[1:]:
        rows.append(("shadows", f"{program['path']} (PATH, element {program['element']})"))
    if document["installed"]:
        rows.append(("installed", f"here with CUDA {', '.join(document['installed'])}"))
    return rows


def _row(name: str, value: str) -> list[str]:
    head = f"  {name:<{_INDENT - 2}}"
    # Paths and commands stay whole, so that they can be copied.
    if value.startswith("conda ") or (os.sep in value and name != _ADVICE):
        return [head + value]
    width = text_width() - _INDENT
    parts = textwrap.wrap(value, width, break_long_words=False, break_on_hyphens=False)
    return [head + parts[0], *(" " * _INDENT + part for part in parts[1:])]
