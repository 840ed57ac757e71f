"""What every error has to look like."""

from __future__ import annotations

import re

from ..conftest import Result

PYPI = ("--from=pypi", "--flavor=base", "--yes")


def assert_in_words(result: Result, code: int, message: str) -> None:
    """A sentence, a next step, no traceback, nothing on standard output but a plan."""
    assert (result.code, "Traceback" in result.err, "Traceback" in result.out) == (
        code,
        False,
        False,
    ), result.err
    lines = result.err.strip().splitlines()
    start = next(n for n, line in enumerate(lines) if re.match(r"[A-Z]\w+: ", line))
    assert lines[start].split(": ", 1)[1] == message
    assert lines[start].endswith((".", "?")) or "\n" in message
    assert len(lines) > start + 1, "no next step"
    assert all(line.startswith("  ") for line in lines[start + 1 :])


def assert_json(result: Result, code: int, message: str) -> None:
    """Exactly one document on standard output."""
    assert result.code == code
    document = result.json
    assert document["message"].splitlines()[0] == message
    assert document["error"].splitlines()[0].endswith(message)
    assert document["hints"], "no next step"
    # They stand in a list of their own, and are not repeated.
    told = document["message"] + document["error"]
    assert not any(hint in told for hint in document["hints"])
