"""The messages of messages.yaml."""

from __future__ import annotations

from collections import Counter

from .corpus import read_messages

MESSAGES = read_messages()


def test_there_are_many_and_few_are_not_known() -> None:
    platforms = Counter(one.platform for one in MESSAGES)
    assert platforms["linux-64"] >= 100 and platforms["win-64"] >= 50
    assert len({(one.platform, one.text) for one in MESSAGES}) == len(MESSAGES) >= 150
    assert sum(not one.known for one in MESSAGES) <= 5
