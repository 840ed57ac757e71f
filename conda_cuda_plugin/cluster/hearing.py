"""Puts the lines of nodes together, and knows how long to wait for those that are silent."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import Any

from ..system.reading import parse_json
from .probe import MARK, MOST
from .script import NODE_LIMIT

LIMIT = 30.0
"""Seconds after which nobody is waited for."""
_PATIENCE = 1.4
_LEAST = 1.0
"""Where some have answered, the others have two fifths longer, and a second at least."""
_LAUNCH = 2.0
"""Seconds that a node may come later than the others."""
_BEGUN = NODE_LIMIT + 2.0
"""Seconds for the answer of a node that has begun with it: a driver may be slow to wake."""
_MOST_LINES = 400

Source = tuple[int, int]
"""Who speaks: the number of the program, and the number that srun gives a node."""


@dataclass
class Speaker:
    """What one node has said so far."""

    name: str = ""
    launched: float = 0.0
    """When it was heard first."""
    begun: float | None = None
    parts: dict[int, str] = field(default_factory=dict)
    document: Any = None
    """Its document, or a text: why there is none."""
    answered: float | None = None


class Hearing:
    """What nodes say, line by line.

    Args:
        nonce: what marks their lines.
        expected: how many nodes are asked.
        labelled: whether one program speaks for several nodes, with a number before each line.
        limit: seconds after which nobody is waited for.
    """

    def __init__(
        self, nonce: str, expected: int, limit: float = LIMIT, *, labelled: bool = False
    ) -> None:
        self.mark = f"{MARK} {nonce} ".encode()
        self.speakers: dict[Source, Speaker] = {}
        self._expected, self._begun, self._limit = expected, time.monotonic(), limit
        self._slowest, self._together = 0.0, labelled
        # What srun writes before a line of a node, the node cannot write.
        label = rb"\s*(\d{1,6}):\s*" if labelled else rb"()"
        form = label + re.escape(self.mark) + rb"(none|launched|\d{1,4} \d{1,4}) ?(.*)"
        self._form = re.compile(form, re.DOTALL)

    def take(self, number: int, line: bytes) -> None:
        """Take a line of a program."""
        match = self._form.match(line.rstrip(b"\r"))
        if match is None:
            return
        source = (number, int(match[1] or 0))
        if source not in self.speakers and len(self.speakers) >= self._expected:
            return
        speaker = self.speakers.setdefault(source, Speaker(launched=time.monotonic()))
        if speaker.document is not None:
            return
        text = match[3].decode("ascii", "replace")
        if match[2] in (b"none", b"launched"):
            speaker.name = speaker.name or text.strip()
        if match[2] == b"launched":
            return
        if match[2] == b"none":
            self._end(speaker, "has no Python 3.6 or newer")
            return
        part, count = map(int, match[2].split())
        if part == 0:
            self._begin(speaker, text)
            return
        if not 0 < part <= count <= _MOST_LINES:
            return
        speaker.parts[part] = text
        if len(speaker.parts) == count:
            self._end(speaker, _document(speaker.parts))

    def _begin(self, speaker: Speaker, text: str) -> None:
        if speaker.begun is None:
            speaker.begun = time.monotonic()
            try:
                name = parse_json(text)
            except ValueError:
                return
            speaker.name = name if isinstance(name, str) else ""

    def _end(self, speaker: Speaker, document: Any) -> None:
        speaker.document, speaker.parts = document, {}
        speaker.answered = time.monotonic()
        self._slowest = speaker.answered - self._begun

    def until(self) -> float:
        """The time until which to wait."""
        last = self._begun + self._limit
        answered = sum(one.answered is not None for one in self.speakers.values())
        if answered >= self._expected:
            # What is under way ends by itself.
            return min(last, self._begun + self._slowest + _LEAST)
        if not answered:
            return min(last, self._gives_up() or last)
        patience = max(self._slowest * _PATIENCE, self._slowest + _LEAST)
        begun = [
            one.begun + _BEGUN
            for one in self.speakers.values()
            if one.begun is not None and one.answered is None
        ]
        return min(last, max([self._begun + patience, *begun]))

    @property
    def stuck(self) -> bool:
        """Whether some nodes wait for the program, which comes to none until it comes to all."""
        return self._gives_up() is not None

    def _gives_up(self) -> float | None:
        """When to go on without the nodes that are not there, if others wait for them."""
        speakers = self.speakers.values()
        some_only = self._together and 0 < len(speakers) < self._expected
        if not some_only or any(one.begun or one.document for one in speakers):
            return None
        last = max(one.launched for one in speakers) - self._begun
        return self._begun + max(last * _PATIENCE, last + _LAUNCH)

    @property
    def seconds(self) -> float:
        """How long everything has taken so far."""
        return time.monotonic() - self._begun


def _document(parts: dict[int, str]) -> Any:
    """The document of a node, or a text: why it is none."""
    text = "".join(parts[number] for number in sorted(parts))
    if len(text) > MOST:
        return "has sent more than any node has to say"
    try:
        found = parse_json(text)
    except ValueError:
        return "has sent something that is no answer"
    return found if isinstance(found, dict) else "has sent something that is no answer"
