"""Programs that ask: run with a limit of time and of memory, and never left behind."""

from __future__ import annotations

import contextlib
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from ..errors import CudaError
from ..quoting import escaped
from ..system.operating_system import for_child

_BLOCK = 65536
_LONGEST = 2048
"""Bytes of a line; longer ones are of no use to anybody here."""
_LOGGED = re.compile(r"[EWIF]\d{4} \d\d:\d\d:\d\d")
_TAIL = 4000
"""Bytes kept of what a program complains."""
_TICK = 0.1
"""Seconds after which a signal is noticed."""
_GRACE = 2.0
"""Seconds that a program has to end what it has begun elsewhere, before it is killed."""


class Interrupted(CudaError):
    """Ctrl-C, or a signal that asks to stop, while others were asked."""

    def __init__(self) -> None:
        super().__init__("Stopped; nothing that was begun on other machines goes on.")


class Child:
    """A program under way.

    Args:
        words: the program and its arguments.
        feed: what it reads.
        take: gets what it prints, block by block, in a thread of its own.
        variables: its environment variables.

    Raises:
        OSError: it cannot be started.
    """

    def __init__(
        self,
        words: Sequence[str],
        feed: bytes,
        take: Callable[[bytes], None],
        variables: Mapping[str, str],
    ) -> None:
        self._process = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=for_child(variables),
            # Ctrl-C comes to us alone, and we end it as it has to be ended.
            start_new_session=True,
        )
        self.complaints = b""
        jobs = ((self._feed, feed), (self._read, take), (self._complain, None))
        self._threads = [
            threading.Thread(target=job, args=(what,), daemon=True) for job, what in jobs
        ]
        for thread in self._threads:
            thread.start()

    def _feed(self, data: bytes) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError), self._process.stdin as stream:
            stream.write(data)

    def _read(self, take: Callable[[bytes], None]) -> None:
        assert self._process.stdout is not None
        while block := os.read(self._process.stdout.fileno(), _BLOCK):
            take(block)
        take(b"")

    def _complain(self, _: None) -> None:
        assert self._process.stderr is not None
        while block := os.read(self._process.stderr.fileno(), _BLOCK):
            self.complaints = (self.complaints + block)[-_TAIL:]

    def wait(self, seconds: float) -> int | None:
        """Its exit code, when it ends within some seconds."""
        end = time.monotonic() + seconds
        try:
            code = self._process.wait(max(0.0, seconds))
        except subprocess.TimeoutExpired:
            return None
        # Its last words may still be on their way, or a child of its own holds the pipes.
        self._threads[2].join(min(1.0, max(0.1, end - time.monotonic())))
        return code

    def signal(self, number: int) -> None:
        """Send a signal to it and to what it has started."""
        with contextlib.suppress(OSError):
            if sys.platform == "win32":
                self._process.kill()
            elif self._process.poll() is None:
                os.killpg(self._process.pid, number)

    @property
    def complaint(self) -> str:
        """The first line of what it complains and the last two, as one line.

        Behind the first one some explain all their options, the last ones are the outcome.
        """
        lines = self.complaints.decode("utf-8", "replace").split("\n")
        kept = [escaped(" ".join(line.split())[:300]) for line in lines if line.strip()]
        # What kubectl logs on the way stands before what it says.
        kept = [line for line in kept if not _LOGGED.match(line)] or kept
        return "; ".join([*kept[:1], *kept[1:][-2:]])


def end(children: Sequence[Child]) -> None:
    """Ask programs to end, and kill those that do not."""
    for child in children:
        child.signal(signal.SIGTERM)
    deadline = time.monotonic() + _GRACE
    for child in children:
        if child.wait(deadline - time.monotonic()) is None:
            child.signal(getattr(signal, "SIGKILL", signal.SIGTERM))
            child.wait(1)


@contextlib.contextmanager
def stoppable() -> Iterator[list[int]]:
    """Note signals that ask to stop; they end what is under way, and not what is about to begin.

    An exception could come between the start of a program and the moment at which it is known.

    Yields:
        The signals that have come: empty, until one has.

    Raises:
        Interrupted: in the end, when one has come.
    """
    came: list[int] = []
    before = {}
    if threading.current_thread() is threading.main_thread():
        for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGBREAK"):
            number = getattr(signal, name, None)
            # What nohup ignores stays ignored.
            if number and signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, lambda number, _: came.append(number))
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
    if came:
        raise Interrupted()


def output_of(
    words: Sequence[str], variables: Mapping[str, str], limit: float, most: int
) -> tuple[int | None, bytes, str]:
    """What a program prints.

    Args:
        words: the program and its arguments; it reads nothing.
        variables: its environment variables.
        limit: seconds that it may take.
        most: bytes that it may print.

    Returns:
        Its exit code, None when it took too long or printed too much; its output; its complaint.

    Raises:
        OSError: it cannot be started.
        Interrupted: when the user has stopped it.
    """
    blocks: list[bytes] = []
    finished, size = threading.Event(), 0

    def take(block: bytes) -> None:
        nonlocal size
        size += len(block)
        if block and size <= most:
            blocks.append(block)
        else:
            finished.set()

    with stoppable() as came:
        child = Child(words, b"", take, variables)
        try:
            end_of_time = time.monotonic() + limit
            while not came and not finished.wait(_TICK) and time.monotonic() < end_of_time:
                pass
            left = end_of_time - time.monotonic()
            code = child.wait(left) if finished.is_set() and size <= most else None
        finally:
            end([child])
    return code, b"".join(blocks), child.complaint


class Lines:
    """Cuts blocks into lines, and puts those with a mark into a queue; others are dropped.

    Args:
        number: which program they are of; it stands before each line in the queue.
        mark: what a line must hold.
        into: the queue, which may be full; None stands for the end.
        stopped: tells when nobody reads any more.
    """

    def __init__(
        self,
        number: int,
        mark: bytes,
        into: queue.Queue[tuple[int, bytes | None]],
        stopped: threading.Event,
    ) -> None:
        self._number, self._mark, self._into, self._stopped = number, mark, into, stopped
        self._rest = b""

    def take(self, block: bytes) -> None:
        """Take a block; an empty one is the end."""
        *lines, self._rest = (self._rest + block).split(b"\n")
        if len(self._rest) > _LONGEST:
            # What is left of it comes without the mark.
            self._rest = self._rest[-1:]
        for line in lines:
            if len(line) <= _LONGEST and self._mark in line:
                self._put(line)
        if not block:
            self._put(None)

    def _put(self, line: bytes | None) -> None:
        while not self._stopped.is_set():
            with contextlib.suppress(queue.Full):
                self._into.put((self._number, line), timeout=0.1)
                return


def listen(
    calls: Sequence[Sequence[str]],
    feed: bytes,
    mark: bytes,
    take: Callable[[int, bytes], None],
    until: Callable[[], float],
    variables: Mapping[str, str],
) -> list[tuple[int | None, str]]:
    """Run programs at once and hear what they say, until all have ended or time is over.

    Args:
        calls: the words of each.
        feed: what each of them reads.
        mark: what the lines hold that count.
        take: called with the number of a program and a line of it.
        until: the time (of `time.monotonic`) until which to wait, asked again and again.
        variables: their environment variables.

    Returns:
        For each its exit code, None when it had to be ended; and its complaint.

    Raises:
        OSError: one cannot be started.
        Interrupted: when the user has stopped it. Nothing goes on then.
    """
    lines: queue.Queue[tuple[int, bytes | None]] = queue.Queue(1000)
    stopped, children, codes = threading.Event(), list[Child](), dict[int, int | None]()
    with stoppable() as came:
        try:
            for number, words in enumerate(calls):
                reader = Lines(number, mark, lines, stopped)
                children.append(Child(words, feed, reader.take, variables))
            while len(codes) < len(children) and not came:
                left = until() - time.monotonic()
                if left <= 0:
                    break
                try:
                    number, line = lines.get(timeout=min(left, _TICK))
                except queue.Empty:
                    continue
                if line is None:
                    codes[number] = children[number].wait(min(left, 2.0))
                else:
                    take(number, line)
        finally:
            stopped.set()
            end(children)
    return [(codes.get(number), child.complaint) for number, child in enumerate(children)]
