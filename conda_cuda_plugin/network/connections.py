"""conda's connections, under the rules of `web`: what they cannot give is said in a sentence."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from conda.base.context import context
from conda.common.path import url_to_path
from conda.gateways.connection.adapters.localfs import LocalFSAdapter
from conda.gateways.connection.session import CondaHttpAuth
from requests import packages, sessions

from ..errors import CudaError
from . import rules
from .addresses import is_plain_record, shown_address

LOGIN = (
    "conda takes name and password from the address itself or from ~/.netrc, and tokens from "
    "its settings."
)
PROXY = "conda config --show proxy_servers: name and password stand in the proxy's address."
LATER = "Try again later, or name another place."


class AnswerError(CudaError):
    """What answers at an address gives nothing that can be used.

    Args:
        place: who, as the beginning of the sentence.
        reason: its end.
        hints: what to do.
        unreachable: whether nothing answers, or no longer.
        silent: whether it was waited for long enough.
        slow: whether something has come then.
    """

    def __init__(
        self,
        place: str,
        reason: str,
        *,
        hints: Sequence[str] = (),
        unreachable: bool = False,
        silent: bool = False,
        slow: bool = False,
    ) -> None:
        super().__init__(f"{place} {reason}.", hints=hints)
        self.reason, self.unreachable = reason, unreachable or silent
        self.silent, self.slow = silent, slow


def hints_for(status: int) -> tuple[str, ...]:
    """What to do about a status that a server has answered to conda."""
    if status in (401, 403):
        return (LOGIN,)
    if status == 407:
        return (PROXY,)
    return (LATER,) if status == 429 or status >= 500 else ()


def patience() -> float:
    """Seconds that somebody is waited for: conda's own setting where the user has set it."""

    if is_set("remote_read_timeout_secs"):
        return float(context.remote_read_timeout_secs)
    return rules.PATIENCE


def is_set(setting: str) -> bool:
    """Whether the user has set one of conda's settings, wherever that may be."""

    return any(setting in source for source in context.raw_data.values())


_lock = threading.RLock()
_open = 0
_rules = contextlib.ExitStack()


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Let the rules hold for what conda asks for meanwhile."""
    global _open
    with _lock:
        _open += 1
        if _open == 1:
            _rules.enter_context(_ruled())
    try:
        yield
    finally:
        with _lock:
            _open -= 1
            if not _open:
                _rules.close()


@contextlib.contextmanager
def _ruled() -> Iterator[None]:

    tries = context.remote_max_retries + 1 if is_set("remote_max_retries") else 1
    send = LocalFSAdapter.send

    def send_regular(adapter: Any, request: Any, *words: Any, **options: Any) -> Any:

        path = url_to_path(request.url)
        with contextlib.suppress(OSError, ValueError):
            # conda would wait for a pipe to say something.
            if not stat.S_ISREG(os.stat(path).st_mode):
                raise AnswerError(
                    path, "cannot be read: it is no regular file", hints=("Name another place.",)
                )
        return send(adapter, request, *words, **options)

    log_in = CondaHttpAuth.handle_407

    def log_in_if_asked(response: Any, **options: Any) -> Any:
        # conda asks whoever sits there for name and password, and fails where nobody does.
        if response.status_code == 407 and not (sys.stdin and sys.stdin.isatty()):
            place = shown_address(response.url)
            raise AnswerError(place, rules.meaning(407), hints=(PROXY,), unreachable=True)
        return log_in(response, **options)

    meter = rules.Meter(patience(), tries, _error)
    LocalFSAdapter.send, CondaHttpAuth.handle_407 = send_regular, staticmethod(log_in_if_asked)
    try:
        with rules.ruled(sessions, packages.urllib3.util.connection, meter):
            yield
    finally:
        LocalFSAdapter.send, CondaHttpAuth.handle_407 = send, staticmethod(log_in)


def check_files(records: Iterable[Any]) -> None:
    """Refuse packages whose files are not called as they are: the name says where one is written.

    Raises:
        AnswerError: when there is one.
    """
    for record in records:
        if not is_plain_record(record):
            place = printable(shown_address(record.channel.base_url or "The channel"))
            raise AnswerError(
                place,
                f"names a package in a way that no package is named: {printable(record.fn)}",
                hints=("Name another place.",),
            )


def check_addresses(records: Iterable[Any]) -> None:
    """Refuse packages that an index has elsewhere than a redirect of its channel might lead.

    An index may name another base of the addresses of its packages (CEP 15).

    Raises:
        AnswerError: when one is on this machine, say, and its channel on the web.
    """
    for record in records:
        channel = record.channel.base_url
        wrong = rules.astray(channel, record.url) if channel and record.url else None
        if wrong:
            raise _error(rules.ASTRAY, channel, wrong)


def _error(word: str, address: str = "", target: str = "") -> AnswerError:
    place = printable(shown_address(address))
    if word == rules.ASTRAY:
        other = printable(shown_address(target))
        return AnswerError(
            place, f"sends on to {other}, {rules.NOT_FOLLOWED}", hints=("Name another place.",)
        )
    if word == rules.CIRCLE:
        return AnswerError(place, rules.NO_END, hints=("Name another place.",))
    return AnswerError(
        "The server",
        f"was not waited for any longer: {rules.too_little(word, patience())}",
        hints=(
            "Try again later, or name another place; conda's setting remote_read_timeout_secs "
            "says how long to wait.",
        ),
        silent=True,
        slow=word == rules.SLOW,
    )


def printable(text: str) -> str:
    """What a server has said, so that it does nothing to a terminal."""
    return re.sub(r"[^!-~]", "?", text)[:300]
