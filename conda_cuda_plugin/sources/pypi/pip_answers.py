"""What the servers that pip has asked answered, in words."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...network import rules
from ...network.addresses import shown_address
from ...network.connections import LATER, patience, printable
from ...network.pip_program import CUT, LOCAL, LONG, MARK

_STATUS = re.compile(
    r"(\d{3}) (?:Client|Server) Error|too many (\d{3}) error|Tunnel connection failed: (\d{3})"
)
_FILE = re.compile(r"(\d{3}) (?:Client|Server) Error: .*? for url: (\S+)")
_BROKEN = re.compile(r"ChunkedEncodingError|IncompleteRead|Connection broken")
WHICH = "pip config list shows which index that is."
_LOGIN = (
    "pip takes name and password from the address of the index (pip config list), from ~/.netrc "
    "or from a keyring."
)
_PROXY = "pip config list and the variable HTTPS_PROXY name the proxy; its address holds the login."


@dataclass(frozen=True)
class Problem:
    """Why an index or a server of its files gives nothing.

    Args:
        sentence: without its full stop.
        hints: what to do.
        unreachable: whether asking once more may help.
    """

    sentence: str
    hints: tuple[str, ...] = (WHICH,)
    unreachable: bool = True


def problem_of(text: str) -> Problem | None:
    """What is wrong with the answers that pip has had; None when nothing is.

    Args:
        text: all that pip has written to standard error.
    """
    seen = _seen(text)
    said = text.partition(MARK)[0]
    return _stop(seen["stopped"]) or _status(seen, said) or _no_page(seen, said)


def without_mark(text: str) -> str:
    """What pip itself has written."""
    return text.partition(MARK)[0]


def _seen(text: str) -> Mapping[str, Any]:
    found: dict[str, Any] = {"failed": [], "pages": [], "others": [], "files": 0, "stopped": []}
    line = text.partition(MARK)[2].partition("\n")[0]
    return {**found, **json.loads(line)} if line else found


def _stop(stopped: list[str]) -> Problem | None:
    if not stopped:
        return None
    word, *addresses = stopped
    first, second, *_ = [*map(_shown, addresses), "", ""]
    if word == rules.ASTRAY:
        return Problem(f"{first} sends on to {second}, {rules.NOT_FOLLOWED}", unreachable=False)
    if word == LOCAL:
        return Problem(
            f"{first} names {second}, a file of this machine, which is not taken",
            unreachable=False,
        )
    if word == rules.CIRCLE:
        return Problem(f"{first} {rules.NO_END}", (WHICH,), unreachable=False)
    if word == LONG:
        return Problem("a page of the index has no end", (WHICH,), unreachable=False)
    if word == CUT:
        return Problem("the answer of the index broke off", (LATER, WHICH))
    return Problem(
        f"the index was not waited for any longer: {rules.too_little(word, patience())}",
        (LATER, WHICH),
    )


def _status(seen: Mapping[str, Any], said: str) -> Problem | None:
    """What a server has said in place of an index or a file."""
    answers = [(_shown(address), _STATUS.search(reason)) for address, reason in seen["failed"]]
    # An index that knows no such package says 404.
    answers = [(place, found) for place, found in answers if found and found[1] != "404"]
    if file := _FILE.search(said):
        answers.append((_shown(file[2]), file))
    answers.append(("a server of the index", _STATUS.search(said)))
    place, found = answers[0]
    if found is None:
        return None
    status = int(next(filter(None, found.groups())))
    hints = {401: (_LOGIN,), 403: (_LOGIN,), 407: (_PROXY,)}.get(status)
    return Problem(f"{place} {rules.meaning(status)}", hints or (LATER, WHICH))


def _no_page(seen: Mapping[str, Any], said: str) -> Problem | None:
    """What stands in place of an index."""
    failed = "ERROR: Exception:" in said
    if failed and _BROKEN.search(said):
        return Problem("an answer broke off", (LATER, WHICH))
    portal = ("A page in between, such as that of a login, looks like this too.", WHICH)
    if seen["others"]:
        address, kind = seen["others"][0]
        return Problem(f"{_shown(address)} is no index: it answers with {printable(kind)}", portal)
    if seen["pages"] and failed and "parse_links" in said:
        return Problem(f"{_shown(seen['pages'][-1])} is no index that pip can read", portal)
    if seen["pages"] and not seen["files"]:
        return Problem(
            f"{_shown(seen['pages'][0])} is no index: the page there names no file", portal
        )
    return None


def _shown(address: str) -> str:
    return printable(shown_address(address))
