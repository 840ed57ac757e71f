"""Every message of messages.yaml gets the answer that stands there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from ..conftest import Conda
from .asking import ask
from .corpus import Message, faults, read_messages

MESSAGES = read_messages()
# A machine without a driver and without a network, wherever the tests run.
NOWHERE = {"CONDA_OVERRIDE_CUDA": "", "CONDA_OFFLINE": "1", "PATH": "/usr/bin:/bin"}

Documents = Mapping[tuple[str, str], dict[str, Any]]


@pytest.fixture(scope="module")
def documents(module_conda: Conda) -> Documents:
    """The answers, by platform and message: in an environment without a toolkit."""
    bare = module_conda.create(module_conda.envs / "one")
    return {
        (platform, text): document
        for platform in ("linux-64", "win-64")
        for text, document in ask(
            module_conda,
            bare,
            [one.text for one in MESSAGES if one.platform == platform],
            CONDA_SUBDIR=platform,
            **NOWHERE,
        ).items()
    }


@pytest.mark.parametrize(
    "message", MESSAGES, ids=[f"{one.platform}-{one.name}" for one in MESSAGES]
)
def test_it_gets_its_answer(documents: Documents, message: Message) -> None:
    document = documents[message.platform, message.text]
    assert faults(message, document) == [], document


def test_there_are_many_and_few_are_not_known() -> None:
    platforms = Counter(one.platform for one in MESSAGES)
    assert platforms["linux-64"] >= 100 and platforms["win-64"] >= 50
    assert len({(one.platform, one.text) for one in MESSAGES}) == len(MESSAGES) >= 150
    assert sum(not one.known for one in MESSAGES) <= 5
