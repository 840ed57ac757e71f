"""The rules for every connection to the web; what conda cannot give is said in a sentence.

- An address of http or https leads to such addresses only, and https never to http: what answers
  there must not choose a file of this machine, nor have the rest sent in the clear.
- A server has PATIENCE seconds for a sign of life, all tries together. A whole head of an answer is
  one. Then at least LEAST bytes a second must come, on average over such a time: a body may be long
  and slow, but one that trickles has no end. Between a modem, with 5 000 bytes a second, and one
  byte a second this leaves room on both sides, for an index as for a package.

Only waiting counts, not what is done with the bytes meanwhile.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import os
import re
import stat
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import urljoin, urlsplit

from conda.base.context import context
from conda.common.path import url_to_path
from conda.gateways.connection.adapters.localfs import LocalFSAdapter
from conda.gateways.connection.session import CondaHttpAuth
from requests import packages, sessions

from ..errors import CudaError
from .addresses import is_plain_record, shown_address

PATIENCE = 30.0
LEAST = 1024
LOGIN = (
    "conda takes name and password from the address itself or from ~/.netrc, and tokens from "
    "its settings."
)
PROXY = "conda config --show proxy_servers: name and password stand in the proxy's address."
LATER = "Try again later, or name another place."
_ELSEWHERE = ("Name another place.",)
_MEANINGS = {
    401: "asks for a name and a password",
    403: "is not open to you",
    404: "does not exist",
    407: "cannot be reached: the proxy asks for a name and a password",
    410: "does not exist",
    429: "cannot be had now: the server has had too many requests",
}


class AnswerError(CudaError):
    """What answers at an address gives nothing that can be used.

    Args:
        place: who, as the beginning of the sentence.
        reason: its end.
        hints: what to do.
        unreachable: whether nothing answers, or no longer.
        silent: whether it was waited for long enough.
        slow: whether something has come then.
        missing: whether the server answers, but has no such file.
        wrong: whether it is not the file that was promised.
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
        missing: bool = False,
        wrong: bool = False,
    ) -> None:
        super().__init__(f"{place} {reason}.", hints=hints)
        self.reason, self.unreachable = reason, unreachable or silent
        self.silent, self.slow, self.missing, self.wrong = silent, slow, missing, wrong


def meaning(status: int) -> str:
    """What a status says, as the end of a sentence that begins with an address."""
    said = "cannot be had: the answer cannot be used"
    if 500 <= status < 600:
        said = "cannot be had now: the server or a proxy before it has failed"
    return f"{_MEANINGS.get(status, said)} (HTTP {status})"


def hints_for(status: int) -> tuple[str, ...]:
    """What to do about a status that a server has answered to conda."""
    if status in (401, 403):
        return (LOGIN,)
    if status == 407:
        return (PROXY,)
    return (LATER,) if status == 429 or status >= 500 else ()


def printable(text: str) -> str:
    """What a server has said, so that it does nothing to a terminal."""
    return re.sub(r"[^!-~]", "?", text)[:300]


def patience() -> float:
    """Seconds that somebody is waited for: conda's own setting where the user has set it."""
    if is_set("remote_read_timeout_secs"):
        return float(context.remote_read_timeout_secs)
    return PATIENCE


def is_set(setting: str) -> bool:
    """Whether the user has set one of conda's settings, wherever that may be."""
    return any(setting in source for source in context.raw_data.values())


def astray(address: str, target: str) -> str | None:
    """Where a redirect leads, if it must not lead there."""
    try:
        whole = urljoin(address, target)
        before, after = urlsplit(address).scheme.lower(), urlsplit(whole).scheme.lower()
    except ValueError:
        return target
    allowed = {"http": ("http", "https"), "https": ("https",)}.get(before)
    return whole if allowed and after not in allowed else None


def not_followed(address: str, target: str) -> AnswerError:
    """The error for an address that leads where it must not."""
    other = printable(shown_address(target))
    return AnswerError(
        printable(shown_address(address)),
        f"sends on to {other}, which is not followed: http leads to http and https only, https to "
        "https only",
        hints=_ELSEWHERE,
    )


def endless(address: str) -> AnswerError:
    """The error for redirects without an end."""
    place = printable(shown_address(address))
    return AnswerError(place, "sends on without end", hints=_ELSEWHERE)


def check_files(records: Iterable[Any]) -> None:
    """Refuse packages whose files are not called as they are: the name says where one is written.

    Raises:
        AnswerError: when there is one.
    """
    for record in records:
        if not is_plain_record(record):
            raise AnswerError(
                printable(shown_address(record.channel.base_url or "The channel")),
                f"names a package in a way that no package is named: {printable(record.fn)}",
                hints=_ELSEWHERE,
            )


def check_addresses(records: Iterable[Any]) -> None:
    """Refuse packages that an index has elsewhere than a redirect of its channel might lead.

    An index may name another base of the addresses of its packages (CEP 15).

    Raises:
        AnswerError: when one is on this machine, say, and its channel on the web.
    """
    for record in records:
        channel = record.channel.base_url
        wrong = astray(channel, record.url) if channel and record.url else None
        if wrong:
            raise not_followed(channel, wrong)


class _Meter(threading.local):
    """How long this thread has waited since the last sign of life, and what has come.

    Args:
        limit: seconds to wait for a sign of life.
        tries: how often, where the user wants more than one try.
    """

    def __init__(self, limit: float, tries: int) -> None:
        self.limit, self.tries = limit, tries
        self.alive()

    def alive(self) -> None:
        """Begin anew."""
        self.waited, self.taken = 0.0, 0

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """Wait for somebody.

        Raises:
            AnswerError: when it has taken too long.
        """
        began = time.monotonic()
        try:
            yield
        except OSError:
            self.waited += time.monotonic() - began
            # A timeout is over a little early, by the clock.
            if self.waited >= 0.95 * self.limit * self.tries:
                raise self._give_up() from None
            raise
        self.waited += time.monotonic() - began

    def take(self, count: int) -> None:
        """Count bytes that have come."""
        self.taken += count
        if self.waited >= self.limit:
            if self.taken < self.limit * LEAST:
                raise self._give_up()
            self.alive()

    def _give_up(self) -> AnswerError:
        slow = self.taken > 0
        what = f"fewer than {LEAST} bytes a second came" if slow else "nothing has come"
        self.alive()
        return AnswerError(
            "The server",
            f"was not waited for any longer: {what} for {self.limit:g} seconds",
            hints=(
                "Try again later, or name another place; conda's setting remote_read_timeout_secs "
                "says how long to wait.",
            ),
            silent=True,
            slow=slow,
        )


class _Stream(io.RawIOBase):
    """What comes from a socket, as it comes."""

    def __init__(self, file: Any, meter: _Meter) -> None:
        self._file, self._meter = file, meter

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Wait for bytes, once."""
        with self._meter.waiting():
            count: int = self._file.readinto1(buffer)
        self._meter.take(count)
        return count

    def fileno(self) -> int:
        number: int = self._file.fileno()
        return number

    def close(self) -> None:
        self._file.close()
        super().close()


def _response_class(meter: _Meter) -> type[http.client.HTTPResponse]:
    """The class of answers that are not waited for longer than a meter allows."""

    class Response(http.client.HTTPResponse):
        def __init__(self, sock: Any, *words: Any, **options: Any) -> None:
            own = sock.gettimeout()
            if own is None or own > meter.limit:
                sock.settimeout(meter.limit)
            super().__init__(sock, *words, **options)
            self.fp = io.BufferedReader(_Stream(self.fp, meter))

        def begin(self) -> None:
            super().begin()
            meter.alive()

    return Response


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
    meter = _Meter(patience(), tries)
    mixin, connection = sessions.SessionRedirectMixin, packages.urllib3.util.connection
    target_of, resolve = mixin.get_redirect_target, mixin.resolve_redirects
    create, send, log_in = (
        connection.create_connection,
        LocalFSAdapter.send,
        CondaHttpAuth.handle_407,
    )

    def get_redirect_target(session: Any, response: Any) -> Any:
        target = target_of(session, response)
        if target and (wrong := astray(response.url, target)):
            raise not_followed(response.url, wrong)
        return target

    def resolve_redirects(session: Any, response: Any, *words: Any, **options: Any) -> Any:
        try:
            yield from resolve(session, response, *words, **options)
        except sessions.TooManyRedirects:
            raise endless(response.url) from None

    def create_connection(*words: Any, **options: Any) -> Any:
        with meter.waiting():
            return create(*words, **options)

    def send_regular(adapter: Any, request: Any, *words: Any, **options: Any) -> Any:
        path = url_to_path(request.url)
        with contextlib.suppress(OSError, ValueError):
            # conda would wait for a pipe to say something.
            if not stat.S_ISREG(os.stat(path).st_mode):
                raise AnswerError(
                    path, "cannot be read: it is not a regular file", hints=_ELSEWHERE
                )
        return send(adapter, request, *words, **options)

    def log_in_if_asked(response: Any, **options: Any) -> Any:
        # conda asks whoever sits there for name and password, and fails where nobody does.
        if response.status_code == 407 and not (sys.stdin and sys.stdin.isatty()):
            place = shown_address(response.url)
            raise AnswerError(place, meaning(407), hints=(PROXY,), unreachable=True)
        return log_in(response, **options)

    changes = (
        (mixin, "get_redirect_target", get_redirect_target),
        (mixin, "resolve_redirects", resolve_redirects),
        (connection, "create_connection", create_connection),
        (http.client.HTTPConnection, "response_class", _response_class(meter)),
        (LocalFSAdapter, "send", send_regular),
        (CondaHttpAuth, "handle_407", staticmethod(log_in_if_asked)),
    )
    before = [(owner, name, vars(owner)[name]) for owner, name, _ in changes]
    for owner, name, value in changes:
        setattr(owner, name, value)
    try:
        yield
    finally:
        for owner, name, value in before:
            setattr(owner, name, value)
