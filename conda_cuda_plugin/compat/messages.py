"""What error messages mean that name no library (source: data/messages.json)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..data_files import read_data

LIMIT = 2**18
"""Characters at the end of a text that are looked at: errors stand there."""


@dataclass(frozen=True)
class Meaning:
    """What a message means.

    Args:
        message: as it stands in the text.
        means: one sentence or two.
        commands: what to do, and what for.
    """

    message: str
    means: str
    commands: Sequence[tuple[str, str]]


def meanings_of(text: str) -> list[Meaning]:
    """The messages in a text that are known, in the table's order.

    Args:
        text: anything.
    """
    found = []
    # Messages are wrapped anywhere, and no pattern shall go over a run of blanks again and again.
    end = " ".join(text[-LIMIT:].split())
    for row in read_data("messages.json")["messages"]:
        match = re.search(row["pattern"], end, re.IGNORECASE | re.ASCII)
        if match:
            # The groups of a pattern hold digits and dots only.
            commands = [(line.format(**match.groupdict()), why) for line, why in row["commands"]]
            found.append(Meaning(match[0], row["means"], commands))
    return found
