"""The answers of `conda cuda which`, as `--json` shows them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..actions.cure import Patient
    from ..actions.which import LibraryAnswer
    from ..actions.which_tool import ToolAnswer
    from ..compat.errors_text import Mention


def documents(
    mentions: Sequence[Mention], patient: Patient, by: str | None
) -> list[dict[str, Any]]:
    """The answers, as `--json` shows them.

    Args:
        mentions: what is asked for.
        patient: the environment.
        by: the file that asks, if one was named.

    Raises:
        UsageError: when `by` is no program and no library.
    """
    from conda.base.context import context

    from ..actions import cure, cure_library, which, which_tool
    from ..actions.shell import Shell, search_path
    from ..compat.places import system_folders
    from ..conda_compat import known_prefixes
    from ..sources.system import LINUX_PLACES, WINDOWS_PLACE

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
            answers.append(which_tool.look_up_tool(mention.name, environment, path, platform))
        else:
            answers.append(
                which.look_up(
                    mention, environment, shell, platform, by=by, prefixes=prefixes, system=system
                )
            )
    libraries = [answer for answer in answers if isinstance(answer, which.LibraryAnswer)]
    common = which.common_releases(libraries)
    found = []
    for answer in answers:
        if isinstance(answer, which_tool.ToolAnswer):
            document = _tool_document(answer)
            what_to_do = cure.for_tool(answer, patient)
        else:
            document = _library_document(answer)
            what_to_do = cure_library.for_library(answer, patient, common)
        document["advice"] = what_to_do and what_to_do.text
        document["command"] = what_to_do and what_to_do.command
        found.append(document)
    return found


def _library_document(answer: LibraryAnswer) -> dict[str, Any]:
    from ..conda_compat import display_name

    search = answer.search
    candidates = search.candidates if search else ()
    return {
        "name": answer.facts.name,
        "kind": answer.facts.kind.value,
        "found": answer.found,
        "releases": list(answer.facts.releases),
        "major": answer.facts.major,
        "bundled": answer.facts.bundled,
        "variants": list(answer.facts.variants),
        "complaint": answer.mention.complaint.value,
        "symbol": answer.mention.symbol,
        "asked_by": str(answer.asker) if answer.asker else None,
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
