"""What is taken from the web is from the web, and comes: the rules for every connection.

They hold for conda's connections (`connections`) and for pip's (`pip_program`), so this stands on
the standard library alone.

- An address of http or https leads to such addresses only, and https never to http: what answers
  there must not choose a file of this machine, nor have the rest sent in the clear.
- Who is waited for has PATIENCE seconds for a sign of life, all tries together. A whole head of an
  answer is one. Then at least LEAST bytes a second must come, on average over such a time: a body
  may be long and slow, but one that trickles has no end. Between a modem, with 5 000 bytes a
  second, and one byte a second this leaves room on both sides, for an index as for a package.

Only waiting counts, not what is done with the bytes meanwhile.
"""

from __future__ import annotations

import contextlib
import functools
import http.client
import io
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit

PATIENCE = 30.0
LEAST = 1024

SILENT = "silent"
"""Why somebody is not waited for any longer: nothing came."""
SLOW = "slow"
"""Too little came."""
ASTRAY = "astray"
"""A redirect leads where it must not."""
CIRCLE = "circle"
"""Redirects have no end."""

NOT_FOLLOWED = "which is not followed: http leads to http and https only, https to https only"
NO_END = "sends on without end"

GiveUp = Callable[..., BaseException]
"""From one of these words, and the address it leads to, if any, to what is raised."""


Came = Callable[[http.client.HTTPResponse, int, int], None]
"""Is told of an answer how many bytes have come just now, 0 after the last, and how many in all."""


class Meter(threading.local):
    """How long this thread has waited since the last sign of life, and what has come.

    Args:
        limit: seconds to wait for a sign of life.
        tries: how often, where the user wants more than one try.
        give_up: makes what is raised.
    """

    def __init__(self, limit: float, tries: int, give_up: GiveUp) -> None:
        self.limit, self.tries, self.give_up = limit, tries, give_up
        self.alive()

    def alive(self) -> None:
        """Begin anew."""
        self.waited, self.taken = 0.0, 0

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """Wait for somebody.

        Raises:
            BaseException: what `give_up` makes, when it has taken too long.
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

    def _give_up(self) -> BaseException:
        word = SLOW if self.taken else SILENT
        self.alive()
        return self.give_up(word)


class _Stream(io.RawIOBase):
    """What comes from a socket, as it comes."""

    def __init__(self, file: Any, meter: Meter, came: Callable[[int, int], None]) -> None:
        self._file, self._meter, self._came, self._total = file, meter, came, 0

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Wait for bytes, once."""
        with self._meter.waiting():
            count: int = self._file.readinto1(buffer)
        self._meter.take(count)
        self._total += count
        self._came(count, self._total)
        return count

    def fileno(self) -> int:
        """The socket's number."""
        number: int = self._file.fileno()
        return number

    def close(self) -> None:
        """Close the socket's file, too."""
        self._file.close()
        super().close()


def _response_class(meter: Meter, came: Came) -> type[http.client.HTTPResponse]:
    """The class of answers that are not waited for longer than a meter allows."""

    class Response(http.client.HTTPResponse):
        """An answer."""

        def __init__(self, sock: Any, *words: Any, **options: Any) -> None:
            own = sock.gettimeout()
            if own is None or own > meter.limit:
                sock.settimeout(meter.limit)
            super().__init__(sock, *words, **options)
            self.fp = io.BufferedReader(_Stream(self.fp, meter, functools.partial(came, self)))

        def begin(self) -> None:
            """Read its head."""
            super().begin()
            meter.alive()

    return Response


def astray(address: str, target: str) -> str | None:
    """Where a redirect leads, if it must not lead there."""
    try:
        whole = urljoin(address, target)
        before, after = urlsplit(address).scheme.lower(), urlsplit(whole).scheme.lower()
    except ValueError:
        return target
    allowed = {"http": ("http", "https"), "https": ("https",)}.get(before)
    return whole if allowed and after not in allowed else None


@contextlib.contextmanager
def ruled(
    requests: Any,
    connection: Any,
    meter: Meter,
    came: Came = lambda response, count, total: None,
) -> Iterator[None]:
    """Let the rules hold for everything that is asked for meanwhile.

    Args:
        requests: the module `requests.sessions`, conda's or pip's.
        connection: its module `urllib3.util.connection`.
        meter: who gives up.
        came: is told what comes of each answer.
    """
    mixin = requests.SessionRedirectMixin
    target_of, resolve = mixin.get_redirect_target, mixin.resolve_redirects
    create, answer = connection.create_connection, http.client.HTTPConnection.response_class

    def get_redirect_target(session: Any, response: Any) -> Any:
        target = target_of(session, response)
        wrong = astray(response.url, target) if target else None
        if wrong:
            raise meter.give_up(ASTRAY, response.url, wrong)
        return target

    def resolve_redirects(session: Any, response: Any, *words: Any, **options: Any) -> Any:
        try:
            yield from resolve(session, response, *words, **options)
        except requests.TooManyRedirects:
            raise meter.give_up(CIRCLE, response.url) from None

    def create_connection(*words: Any, **options: Any) -> Any:
        with meter.waiting():
            return create(*words, **options)

    mixin.get_redirect_target = get_redirect_target
    mixin.resolve_redirects = resolve_redirects
    connection.create_connection = create_connection
    http.client.HTTPConnection.response_class = _response_class(meter, came)
    try:
        yield
    finally:
        mixin.get_redirect_target, mixin.resolve_redirects = target_of, resolve
        connection.create_connection = create
        http.client.HTTPConnection.response_class = answer


def meaning(status: int) -> str:
    """What a status says, as the end of a sentence that begins with an address."""
    words = {
        401: "asks for a name and a password",
        403: "is not open to you",
        404: "does not exist",
        407: "cannot be reached: the proxy asks for a name and a password",
        410: "does not exist",
        429: "cannot be had now: the server has had too many requests",
    }
    if 500 <= status < 600:
        words[status] = "cannot be had now: the server or a proxy before it has failed"
    said = words.get(status, "cannot be had: that is no answer that can be used")
    return f"{said} (HTTP {status})"


def too_little(word: str, seconds: float) -> str:
    """What came of waiting, in words.

    Args:
        word: SILENT or SLOW.
        seconds: how long.
    """
    what = "nothing has come" if word == SILENT else f"fewer than {LEAST} bytes a second came"
    return f"{what} for {seconds:g} seconds"
