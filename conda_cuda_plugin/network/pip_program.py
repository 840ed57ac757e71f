"""A program that runs pip under the rules of `rules.py`, and tells at its end what it has seen.

    python pip_program.py SECONDS CUT WORDS...

SECONDS is how long it waits for a sign of life; CUT, 1 or 0, whether it makes no connection at
all. What it has seen is the last line of standard error: MARK, and a JSON document.

pip says of an index that does not answer as one only that it has no such package.
"""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import re
import runpy
import stat
import sys
from collections.abc import Iterator
from typing import Any

MARK = "conda-cuda-saw: "
CUT = "cut"
"""An answer ended before its end."""
LONG = "long"
"""A page is longer than any."""
MOST_PAGE = 100_000_000
"""Bytes of a page of an index; the longest of the public one has some millions."""
LOCAL = "local"
"""A page on the web names a file of this machine."""
_FAILED = re.compile(r"Could not fetch URL (\S+): (.*) - skipping", re.DOTALL)
_OTHER = re.compile(r"Skipping page (\S+) because the \S+ request got Content-Type: (.*?)\. ")
_FILE = re.compile(r"\.(whl|zip|tar\.gz|tar\.bz2|tgz|egg)$")


class _Seen(logging.Handler):
    """What pip has told of pages, and what it was stopped by."""

    def __init__(self) -> None:
        super().__init__()
        self.failed: list[tuple[str, str]] = []
        """Address, and why."""
        self.pages: list[str] = []
        """Those that were read."""
        self.others: list[tuple[str, str]] = []
        """Address and type of what is no page."""
        self.files = 0
        """Named on pages."""
        self.stopped: tuple[str, ...] = ()

    def emit(self, record: logging.LogRecord) -> None:
        """Take note of a page."""
        text = record.getMessage()
        if failed := _FAILED.match(text):
            self.failed.append((failed[1], failed[2][:2000]))
        elif other := _OTHER.match(text):
            self.others.append((other[1], other[2][:100]))
        elif text.startswith("Fetched page "):
            self.pages.append(text.split()[2])

    def stop(self, word: str, *addresses: str) -> SystemExit:
        """What ends pip; it tidies up on its way."""
        self.stopped = (word, *addresses)
        return SystemExit(2)

    def tell(self) -> None:
        """Write it all down."""
        names = ("failed", "pages", "others", "files", "stopped")
        print(
            f"\n{MARK}{json.dumps({name: getattr(self, name) for name in names})}", file=sys.stderr
        )


def _refuse_connections(event: str, args: tuple[Any, ...]) -> None:
    """`--no-index` leaves find-links, which may be addresses, and whatever else is configured."""
    import socket

    talks = event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.sendto")
    if talks or (event == "socket.connect" and args[0].family != getattr(socket, "AF_UNIX", None)):
        raise OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))


def _refuse_pipes(event: str, args: tuple[Any, ...]) -> None:
    """A pipe in the place of a file would keep pip waiting, a device fill the disk."""
    if event != "open" or not isinstance(args[0], (str, bytes)):
        return
    try:
        mode = os.stat(args[0]).st_mode
    except (OSError, ValueError):
        return
    own = os.fsdecode(args[0]).startswith((os.devnull, "/dev/random", "/dev/urandom", "/dev/tty"))
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or own):
        raise OSError(errno.EINVAL, "it is no regular file", args[0])


@contextlib.contextmanager
def _ruled(rules: Any, seconds: float, seen: _Seen) -> Iterator[None]:
    from pip._internal.models.link import Link
    from pip._vendor.requests import sessions
    from pip._vendor.urllib3.util import connection
    from pip._vendor.urllib3.util.retry import Retry

    # It waits as long as a server asks it to, for days if need be.
    retry: Any = Retry
    retry.get_retry_after = lambda self, response: None
    logger = logging.getLogger("pip._internal.index.collector")
    logger.setLevel(logging.DEBUG)
    logger.addHandler(seen)
    link: Any = Link
    make_link = link.__init__

    def init(self: Any, url: str, comes_from: Any = None, *words: Any, **options: Any) -> None:
        page = str(getattr(comes_from, "url", comes_from) or "")
        if page.startswith(("http:", "https:")) and url.lower().startswith("file:"):
            raise seen.stop(LOCAL, page, url)
        seen.files += bool(page and _FILE.search(url.partition("#")[0]))
        make_link(self, url, comes_from, *words, **options)

    link.__init__ = init

    def came(response: Any, count: int, total: int) -> None:
        lacks = not count and isinstance(response.length, int) and response.length > 0
        if not lacks and total <= MOST_PAGE:
            return
        # Of files that are cut pip itself takes care; a page that is cut has fewer releases.
        if response.headers.get_content_type().startswith(("text/", "application/vnd.pypi")):
            raise seen.stop(CUT if lacks else LONG)

    with rules.ruled(sessions, connection, rules.Meter(seconds, 1, seen.stop), came):
        yield


def main() -> None:
    """Run pip."""
    here = os.path.dirname(os.path.abspath(__file__))
    # Where this file lies others have names that mean something else.
    sys.path[:] = [path for path in sys.path if path != here]
    sys.path.insert(0, os.path.dirname(os.path.dirname(here)))
    from conda_cuda_plugin.network import rules

    del sys.path[0]
    seconds, cut, *words = sys.argv[1:]
    sys.argv = ["pip", *words]
    seen = _Seen()
    sys.addaudithook(_refuse_pipes)
    if cut == "1":
        sys.addaudithook(_refuse_connections)
    try:
        with _ruled(rules, float(seconds), seen):
            runpy.run_module("pip", run_name="__main__", alter_sys=True)
    finally:
        seen.tell()


if __name__ == "__main__":
    main()
