"""What is meant by a verb or an option that there is not.

Imported only when a command line cannot be understood.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from difflib import get_close_matches
from typing import Any

from conda.cli.main import init_loggers

from ..errors import UsageError
from ..quoting import quoted, typed
from ..versions import VersionRequest
from .layout import lay_out

_VERBS_MEANT = {
    "use": "install add get set switch activate select load default upgrade update change",
    "remove": "uninstall rm delete del purge",
    "list": "ls versions toolkits installed show",
    "list --available": "available search releases find ls-remote list-remote",
    "list --envs": "envs environments",
    "list --system": "system",
    "info": "status current active about",
    "doctor": "check diagnose fix repair verify test",
    "off": "deactivate disable unuse unset unload",
    "run": "exec shell",
    "which": "where whereis locate why explain",
    "match": "compat compatible compatibility framework frameworks",
    "env": "vars variables printenv",
    "export": "save freeze lock dump",
    "apply": "restore import sync",
    "mirror": "download fetch bundle",
}
"""The verb, and the words of other tools for it."""
_OPTIONS_MEANT = {
    "--env": "--name",
    "--environment": "--name",
    "--source": "--from",
    "--type": "--flavor",
    "--variant": "--flavor",
    "--gpu": "--for",
    "--machine": "--for",
    "--driver": "--for",
    "--framework": "--for",
    "--all-envs": "--envs",
    "--output": "--to",
}


def no_verb(words: Sequence[str], verbs: Collection[str]) -> UsageError:
    """The words after `conda cuda` begin with none of its verbs."""
    first, *rest = words
    dashed = first.startswith("-")
    verb = next((word for word in rest if word in verbs), None)
    if dashed and verb is not None:
        line = [verb, *(word for word in words if word != verb)]
        return _meant(f"{first} stands behind the verb.", line)
    known = {name: verb for verb, names in _VERBS_MEANT.items() for name in names.split()}
    known |= {verb: verb for verb in verbs}
    name = first.lstrip("-").lower()
    near = get_close_matches(name, known, 1, 0.75)
    what = f"conda cuda has no {'option' if dashed else 'verb'} {quoted(first)}"
    if _is_version(first):
        return _meant(f"{what}; use is meant.", ["use", *words])
    if not near:
        hints = [f"Verbs: {', '.join(verbs)}.", "conda cuda --help says what each of them does."]
        return _error(f"{what}.", hints=hints)
    meant = known[near[0]].split()
    if not rest and meant[0] in ("use", "remove"):
        rest = ["12.4"]
    return _meant(f"{what}; {meant[0]} is meant.", [*meant, *rest])


def no_option(verb: str, unknown: Sequence[str], options: Collection[str]) -> UsageError:
    """A verb does not know some words.

    Args:
        verb: the verb.
        unknown: the words.
        options: the options that it has.
    """
    # Behind a word that is no option there may be several.
    first = next((word for word in unknown if word.startswith("-")), unknown[0])
    name = first.partition("=")[0]
    help_text = f"conda cuda {verb} --help shows what it takes."
    if not name.startswith("-"):
        return _error(f"conda cuda {verb} takes no {quoted(first)} here.", hints=[help_text])
    known = sorted(option for option in options if option.startswith("--"))
    meant = _OPTIONS_MEANT.get(name)
    if meant not in options:
        meant = next(iter(get_close_matches(name, known, 1, 0.7)), None)
    return _error(
        f"conda cuda {verb} has no option {name}{f'; {meant} is meant' if meant else ''}.",
        hints=[help_text],
        option=name,
        meant=meant,
    )


def not_understood(verb: str, message: str) -> UsageError:
    """What argparse says of the words behind a verb."""
    hints = [f"conda cuda {verb} --help shows what it takes."]
    # Its message is all that it hands on; the quotes differ between Pythons.
    found = re.search(r"invalid choice: '([^']*)' \(choose from (.*)\)", message)
    if found:
        choices = re.findall(r"[\w.-]+", found[2])
        near = get_close_matches(found[1], choices, 1)
        option = message.partition(":")[0].removeprefix("argument ")
        message = f"{option} takes {' or '.join(choices)}, not {quoted(found[1])}"
        hints = [*(f"Did you mean {one}?" for one in near), *hints]
    return _error(f"conda cuda {verb}: {message}.", hints=hints)


def _meant(message: str, line: Sequence[str]) -> UsageError:
    return _error(message, hints=[" ".join(["conda cuda", *map(typed, line)])], meant=line[0])


def _error(message: str, **data: Any) -> UsageError:
    # Else conda prints no JSON before it has read the whole line.
    init_loggers()
    error = UsageError(message, **data)
    lay_out(error)
    return error


def _is_version(text: str) -> bool:
    try:
        VersionRequest.parse(text)
    except UsageError:
        return False
    return True
