"""Which hosts of channels answer: one that does not costs a command little, and is asked once.

Left alone conda asks each index of each channel of a host several times. Under `asking` the first
request to a host decides for all: the others wait for its first answer, and where none comes they
fail at once. conda asks nobody about an index that it has cached, so such a channel still works.

- Under `hurried`, where another source may answer, a host that says nothing for LIMIT seconds is
  passed over. It may only be slow, so a second look after the others were asked waits for it
  (`is_late`, `has_answered`).
- Else the host has conda's time to connect, and the patience of `connections`, once.

What the user has set holds: `remote_connect_timeout_secs` in place of LIMIT, and retries are those
of conda where `remote_max_retries` is set. Otherwise only a host that has answered is tried again.
Channels in S3 and on FTP are asked as conda does it.
"""

from __future__ import annotations

import contextlib
import functools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from conda.base.context import context
from conda.gateways.connection.session import CondaSession
from conda.models.channel import Channel
from requests.exceptions import ConnectTimeout
from requests.utils import select_proxy

from ..system.shared_caches import guard
from .connections import guarded, is_set, patience

LIMIT = 1.2
"""Seconds that a host may be silent while another source may serve as well: with what it takes
conda to begin to ask, less than two."""

_lock = threading.RLock()
_hosts: dict[tuple[str, str], _Host] = {}
"""By proxy and host, for as long as the command runs."""
_changed: dict[int, tuple[Any, Any]] = {}
"""conda's adapters with the retries that they have on their own."""
_depth = 0
_hurry = 0


class NoAnswerError(OSError):
    """Of the channels that were asked some did not answer."""

    def __init__(self, channels: Sequence[str]) -> None:
        super().__init__(f"no answer from {', '.join(channels)}")
        self.channels = tuple(channels)


class _Host:
    """What is known of a host since the first request to it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.began = time.monotonic()
        self.failure: BaseException | None = None
        self.given_up = False
        self._known = threading.Event()
        self._answer: Any = None

    @property
    def is_known(self) -> bool:
        """Whether it has answered or failed."""
        return self._known.is_set()

    def ask(self, send: Callable[[], Any]) -> None:
        """Send the first request, in a thread that nobody has to wait for."""

        def run() -> None:
            try:
                self._answer = send()
            except BaseException as error:
                self.failure = error
            self._known.set()

        threading.Thread(target=run, daemon=True).start()

    def wait(self, seconds: float | None) -> None:
        """Return when it has answered.

        Raises what the request has raised, or a timeout after some seconds from its beginning.
        """
        left = None if seconds is None else max(self.began + seconds - time.monotonic(), 0)
        if not self._known.wait(left):
            self.given_up = True
            raise ConnectTimeout(f"no answer from {self.name}")
        if self.failure is not None:
            raise self.failure

    def take(self) -> Any:
        """The answer to the first request."""
        answer, self._answer = self._answer, None
        return answer


class _Adapter:
    """An adapter of conda's session that sends nothing in vain."""

    def __init__(self, adapter: Any) -> None:
        self._adapter = adapter

    def send(self, request: Any, **options: Any) -> Any:
        """Send a request, as requests' adapters do."""
        name = urlsplit(request.url).netloc.rpartition("@")[2]
        proxy = select_proxy(request.url, options.get("proxies")) or ""
        with _lock:
            host = _hosts.get((proxy, name))
            if host is None:
                first = host = _hosts[proxy, name] = _Host(name)
            else:
                first = None
        longest = _longest(options.get("timeout"))
        if first is not None:
            self._limit_retries(first=True)
            first.ask(lambda: self._adapter.send(request, **options))
            first.wait(longest)
            return first.take()
        host.wait(longest)
        self._limit_retries(first=False)
        return self._adapter.send(request, **options)

    def close(self) -> None:
        """Close it, as requests' adapters do."""
        self._adapter.close()

    def _limit_retries(self, *, first: bool) -> None:
        if is_set("remote_max_retries"):
            return
        with _lock:
            _, own = _changed.setdefault(
                id(self._adapter), (self._adapter, self._adapter.max_retries)
            )
        if _hurry:
            self._adapter.max_retries = own.new(total=0)
        elif first:
            # What is no connection is no answer; an error that a server tells is one.
            self._adapter.max_retries = own.new(connect=0, read=0, other=0)
        else:
            self._adapter.max_retries = own


@contextlib.contextmanager
def asking() -> Iterator[None]:
    """Ask channels through conda, each host that does not answer once."""
    guard()
    global _depth
    with _lock:
        _depth += 1
        if _depth == 1:
            CondaSession.get_adapter = _watching(CondaSession.get_adapter)
    try:
        with guarded():
            yield
    finally:
        with _lock:
            _depth -= 1
            if not _depth:
                CondaSession.get_adapter = CondaSession.get_adapter.__wrapped__
                for adapter, own in _changed.values():
                    adapter.max_retries = own
                _changed.clear()


@contextlib.contextmanager
def hurried(hurry: bool = True) -> Iterator[None]:
    """Pass over hosts that do not answer at once, if there is a hurry."""
    global _hurry
    _hurry += hurry
    try:
        yield
    finally:
        _hurry -= hurry


def is_late() -> bool:
    """Whether a host was passed over that may answer yet, or has answered since."""
    return any(host.given_up and host.failure is None for host in _hosts.values())


def has_answered() -> bool:
    """Whether a host that was passed over has answered since."""
    return any(host.given_up and host.is_known and host.failure is None for host in _hosts.values())


def silent(channels: Sequence[str]) -> list[str]:
    """Those of some channels whose host does not answer."""
    gone = {
        host.name
        for host in _hosts.values()
        if host.failure is not None or (host.given_up and not host.is_known)
    }
    return [
        channel
        for channel in channels
        if gone & {urlsplit(url).netloc for url in Channel(channel).urls()}
    ]


def _watching(get_adapter: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
    @functools.wraps(get_adapter)
    def watched(session: Any, url: str) -> Any:
        adapter = get_adapter(session, url)
        return _Adapter(adapter) if hasattr(adapter, "max_retries") else adapter

    return watched


def _longest(timeout: object) -> float | None:
    """Seconds that a host may take for its first answer; None: as long as conda lets it."""
    if _hurry:
        own = is_set("remote_connect_timeout_secs")
        return float(context.remote_connect_timeout_secs) if own else LIMIT
    if is_set("remote_max_retries") or not isinstance(timeout, tuple) or None in timeout:
        return None
    return float(timeout[0]) + patience()
