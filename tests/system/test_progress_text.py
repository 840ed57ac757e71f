"""What a bar shows is one line that fits, whatever is on its way."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conda_cuda_plugin.system.progress import Speed
from conda_cuda_plugin.system.progress_text import Part, bar_line, summary, took, words_of

_BYTES = st.one_of(st.sampled_from([0, 1, 1023, 10**9]), st.integers(0, 10**15))
_STEPS = st.sampled_from([
    {"fetching": 1, "unpacking": 0.1},
    {"checking": 0.2, "unpacking": 1},
    {"fetching": 1},
    {"packing": 0},
])  # fmt: skip
_SPEED = st.floats(0, 1e15)
_AMOUNT = r"\d+(?:\.\d+)? [KMG]?B"


@st.composite
def parts(draw: st.DrawFn) -> list[Part]:
    """Files that are at any point of their way, told in sense or nonsense."""
    found = []
    for _ in range(draw(st.integers(0, 6))):
        part = Part(draw(st.text()), draw(_BYTES), draw(_STEPS))
        for _ in range(draw(st.integers(0, 4))):
            part.begin(draw(st.sampled_from(list(part.steps))))
            if draw(st.booleans()):
                part.update(draw(_BYTES), draw(_BYTES))
        if draw(st.booleans()):
            part.finish()
        found.append(part)
    return found


@given(parts(), st.integers(20, 300), _SPEED, _SPEED, st.floats(0, 1e6))
def test_it_is_one_line_that_fits(
    files: list[Part], columns: int, rate: float, speed: float, later: float
) -> None:
    line = bar_line(files, columns, rate, speed, time.monotonic() + later)
    assert len(line) <= columns
    assert line.isascii() and line.isprintable()


@given(parts(), _SPEED, _SPEED)
def test_what_it_says_where_there_is_room(files: list[Part], rate: float, speed: float) -> None:
    for number, part in enumerate(files):
        part.name = f"name-{number}"
    line = bar_line(files, 500, rate, speed, time.monotonic())
    found = re.fullmatch(
        rf"\[#*-*\]  {_AMOUNT}(/{_AMOUNT})?(  {_AMOUNT}/s)?(  (\d+:)?\d\d:\d\d left)?"
        r"(?P<words>  ((fetching|checking|unpacking|packing)( name-\d,?)+ ?)+)?",
        line,
    )
    assert found, line
    assert bool(found["words"]) == any(part.step for part in files)


@given(parts())
def test_no_part_is_further_than_its_end(files: list[Part]) -> None:
    for part in files:
        assert 0 <= part.fetched <= part.size
        assert 0 <= part.work <= part.size * 1.000001


def test_the_parts_of_a_bar() -> None:
    one, two, three = Part("one", 3 * 2**20), Part("two", 2**20), Part("three", 2**20)
    one.begin("unpacking")
    two.begin("fetching")
    two.update(2**19, 2**20)
    now = time.monotonic()
    line = bar_line([one, two, three], 120, 1_000_000, 500_000, now)
    assert line == (
        "[########-----]  3.5 MB/5.0 MB  977 KB/s  00:04 left  unpacking one, fetching two"
    )
    assert words_of([one, two], now + 12) == "unpacking one 12 s, fetching two"
    assert bar_line([one, two], 50, 0, 0, now).endswith("unpacking one, fetchin...")
    assert bar_line([one, two], 40, 9, 0, now) == "3.5 MB/4.0 MB  9 B/s  unpacking one, ..."
    # All has come: there is no rate any more, and no second number.
    two.finish()
    assert bar_line([one, two], 40, 9e9, 1e5, now) == "4.0 MB  00:03 left  unpacking one"


def test_no_time_is_guessed_while_a_size_is_unknown() -> None:
    one, two = Part("one", 2**20), Part("two")
    one.begin("fetching")
    one.update(1000, 2**20)
    now = time.monotonic()
    assert "left" not in bar_line([one, two], 100, 1000, 1000, now)
    assert "/1.0 MB" in bar_line([one, two], 100, 1000, 1000, now)
    two.begin("fetching")
    two.update(0, 2**20)
    assert "left" in bar_line([one, two], 100, 1000, 1000, now)
    assert "/2.0 MB" in bar_line([one, two], 100, 1000, 1000, now)


@pytest.mark.parametrize(
    ("sizes", "steps", "said"),
    [
        ([], {}, None),
        ([2**20], {"fetching": 1}, "Fetched one-0, 1.0 MB, in 2.5 s."),
        ([2**20, 2**20], {"fetching": 1, "unpacking": 1},
         "Fetched and unpacked 2 packages, 2.0 MB, in 2.5 s."),
        ([2**20, 0], {"fetching": 1, "checking": 1, "unpacking": 1},
         "Fetched, checked and unpacked 2 packages, in 2.5 s."),
    ],
)  # fmt: skip
def test_the_line_that_stays(sizes: list[int], steps: dict[str, float], said: str | None) -> None:
    files = [Part(f"one-{number}", size, steps) for number, size in enumerate(sizes)]
    assert summary(files) is None
    for part in files:
        part.finish()
        part.made, part.ended = 100.0, 102.5
    assert summary(files) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.01, "0.1 s"), (7.84, "7.8 s"), (38.2, "38 s"), (125, "2 min 5 s"), (3720, "1 h 2 min")],
)
def test_times(seconds: float, said: str) -> None:
    assert took(seconds) == said


@given(
    st.lists(st.tuples(st.floats(0.01, 100), st.floats(0, 1e9)), min_size=1, max_size=30),
    st.floats(1, 20),
)
def test_a_speed_is_among_those_that_there_were(
    steps: list[tuple[float, float]], memory: float
) -> None:
    speed, now, amount = Speed(memory), 1000.0, 0.0
    assert speed.at(now, amount) == 0
    for seconds, per_second in steps:
        now, amount = now + seconds, amount + seconds * per_second
        found = speed.at(now, amount)
    slowest, fastest = min(one for _, one in steps), max(one for _, one in steps)
    assert slowest * 0.999 - 1 <= found <= fastest * 1.001 + 1
    # Fetched anew: the speed does not turn.
    assert speed.at(now + 1, 0) >= 0
