"""What a bar shows, as text: one line of ASCII that fits the screen."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from conda.utils import human_bytes

from ..quoting import escaped

STEPS: Mapping[str, float] = MappingProxyType({"fetching": 1, "unpacking": 0.1})
"""What is done with a file, one after the other, and how much of the work each of them is."""
_DID = {"fetching": "fetched", "checking": "checked", "unpacking": "unpacked", "packing": "packed"}
_GAP = "  "
_LEAST_WORDS = 16
_MOST_SECONDS = 100 * 3600
"""A longer time is not shown."""


class Part:
    """One file on its way. Whoever works on it says how far it is, in whatever thread.

    Args:
        name: what people call it.
        size: its bytes; 0 when only the first step will tell.
        steps: what is done with it, as `STEPS`.
    """

    def __init__(self, name: str, size: int = 0, steps: Mapping[str, float] = STEPS) -> None:
        self.name, self.size, self.steps = name, size, steps
        self.made = self.since = time.monotonic()
        self.ended: float | None = None
        self.step: str | None = None
        """What is done now; None before the first step and after the last one."""
        self.done, self.total = 0, 0

    def begin(self, step: str) -> None:
        """Go on to a step, or back to one."""
        self.done, self.total, self.since = 0, 0, time.monotonic()
        self.step = step

    def update(self, done: int, total: int) -> None:
        """Say how many bytes of this step are done, of how many."""
        self.done, self.total = done, total
        if self.step == next(iter(self.steps)) and total:
            self.size = total

    def finish(self) -> None:
        """Nothing is left to do."""
        self.step, self.ended = None, time.monotonic()

    @property
    def fetched(self) -> int:
        """The bytes that the first step is through with."""
        step = self.step
        if self.ended or step not in (None, next(iter(self.steps))):
            return self.size
        return min(self.done, self.size) if step else 0

    @property
    def work(self) -> float:
        """The share of its work that is done, in bytes of the file."""
        step, share = self.step, 0.0
        if self.ended:
            return float(self.size)
        if step:
            names = list(self.steps)
            share = sum(self.steps[name] for name in names[: names.index(step)])
            share += self.steps[step] * min(self.done, self.total) / (self.total or 1)
        return self.size * share / (sum(self.steps.values()) or 1)


def bar_line(parts: Sequence[Part], columns: int, rate: float, speed: float, now: float) -> str:
    """What a bar over several files shows.

    Where there is no room for all of it, the words are cut short; then picture, words, rate and
    time left are left out, in this order.

    Args:
        parts: the files.
        columns: how long the line may be.
        rate: the bytes that come in a second.
        speed: the bytes of `Part.work` that are done in a second.
        now: the time of `time.monotonic`.
    """
    done, total = sum(part.fetched for part in parts), sum(part.size for part in parts)
    work = sum(part.work for part in parts)
    coming = done < total
    # As long as a size is not known, any time would be a guess.
    known = all(part.size or part.ended for part in parts)
    seconds = (total - work) / speed if known and work < total and speed > 0 else _MOST_SECONDS
    # A picture of 8 to 24 columns.
    width = max(8, min(columns // 8, 24)) - 2
    share = min(1.0, work / total) if total else 0.0
    words = words_of(parts, now)
    facts = {
        "picture": f"[{'#' * int(width * share):-<{width}}]",
        "amount": f"{size_text(done)}/{size_text(total)}" if coming else size_text(total),
        "rate": f"{size_text(int(rate))}/s" if coming and rate >= 1 else "",
        # Never none while something is left to do.
        "left": f"{clock(seconds + 1)} left" if 0 <= seconds < _MOST_SECONDS else "",
        "words": words[:_LEAST_WORDS],
    }
    for name in ("picture", "words", "rate", "left", ""):
        room = columns - len(_GAP.join(filter(None, facts.values())))
        if room >= 0 or not name:
            break
        facts[name] = ""
    if facts["words"]:
        facts["words"] = cut(words, len(facts["words"]) + room)
    return _GAP.join(filter(None, facts.values()))[:columns]


def words_of(parts: Sequence[Part], now: float) -> str:
    """What is being done: `fetching A, B, unpacking C`; with seconds where nothing moves."""
    by_step: dict[str, list[str]] = {}
    for part in parts:
        # Another thread may begin the next step at any moment.
        step, since, still = part.step, part.since, not part.done
        if step:
            waits = f" {int(now - since)} s" if still and now - since >= 1 else ""
            by_step.setdefault(step, []).append(f"{ascii_text(part.name)}{waits}")
    return ", ".join(f"{step} {', '.join(names)}" for step, names in by_step.items())


def summary(parts: Sequence[Part]) -> str | None:
    """The line that stays: what was done with how much in which time; None when nothing was."""
    ended = [(part, part.ended) for part in parts if part.ended is not None]
    if not ended:
        return None
    done = [part for part, _ in ended]
    steps = dict.fromkeys(_DID[step] for part in done for step in part.steps)
    *first, last = steps
    did = f"{', '.join(first)} and {last}" if first else last
    seconds = max(end for _, end in ended) - min(part.made for part in done)
    return f"{did.capitalize()} {_what(done)}, in {took(seconds)}."


def announcement(parts: Sequence[Part]) -> str:
    """The line that says what will be done, where no bar can be drawn."""
    return f"{next(iter(parts[0].steps)).capitalize()} {_what(parts)}"


def _what(parts: Sequence[Part]) -> str:
    what = ascii_text(parts[0].name) if len(parts) == 1 else f"{len(parts)} packages"
    known = all(part.size for part in parts)
    return f"{what}, {size_text(sum(part.size for part in parts))}" if known else what


def size_text(count: int) -> str:
    """Bytes as conda writes them."""
    return str(human_bytes(count))


def clock(seconds: float) -> str:
    """Seconds as clocks show them."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"


def took(seconds: float) -> str:
    """Time that was taken, for people."""
    if seconds < 10:
        return f"{max(seconds, 0.1):.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, short = divmod(minutes, 60)
    if hours:
        return f"{hours} h {short} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def cut(text: str, length: int) -> str:
    """The beginning of a text, with dots where something is left out."""
    return text if len(text) <= length else (text[: max(0, length - 3)] + "...")[:length]


def ascii_text(text: str) -> str:
    """Text in characters that every terminal has, one column each."""
    return escaped(text).encode("ascii", "backslashreplace").decode()
