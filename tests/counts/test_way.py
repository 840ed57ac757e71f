"""How often a reader changes files on the way of `use 12.4 --from pypi`: it can only get less."""

from __future__ import annotations

from pathlib import Path

import pytest

from maintenance.way import PARTS, Step, follow, part, way_of

MOST_STAYS = 46
MOST_VISITS = 5
MOST_CLIMBS = 11
MOST_STAYS_OF_USE = 163


@pytest.fixture(scope="module")
def steps(conda_exe: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Step]:
    """The steps of the request."""
    return follow(conda_exe.parent.parent, tmp_path_factory.mktemp("way"))


def test_from_the_offer_to_the_linked_toolkit(steps: list[Step]) -> None:
    way = way_of([step for name in PARTS for step in part(steps, name)])
    assert 0 < len(way.stays) <= MOST_STAYS
    assert max(way.visits.values()) <= MOST_VISITS
    assert way.climbs <= MOST_CLIMBS


def test_the_whole_of_use(steps: list[Step]) -> None:
    assert 0 < len(way_of(steps).stays) <= MOST_STAYS_OF_USE


@pytest.mark.parametrize(
    ("files", "stays", "climbs"),
    [
        pytest.param(["install/root.py", "install/root.py"], 1, 0, id="one-file"),
        pytest.param(["cli/plan.py", "install/root.py", "cli/plan.py"], 3, 1, id="back-up"),
        pytest.param(["install/root.py", "install/view.py"], 2, 0, id="the-same-floor"),
        pytest.param(["install/root.py", "system/files.py", "install/root.py"], 1, 0, id="shared"),
        pytest.param(["versions.py"], 0, 0, id="at-the-top"),
    ],
)
def test_what_is_counted(files: list[str], stays: int, climbs: int) -> None:
    way = way_of([Step("call", file, "function") for file in files])
    assert (len(way.stays), way.climbs) == (stays, climbs)


def test_returns_are_no_stays() -> None:
    steps = [
        Step("call", "a/b.py", "f"),
        Step("call", "a/c.py", "g"),
        Step("return", "a/c.py", "g"),
    ]
    assert [stay.file for stay in way_of([*steps, steps[0]]).stays] == [
        "a/b.py",
        "a/c.py",
        "a/b.py",
    ]
