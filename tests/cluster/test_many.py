"""Sixty-four nodes, each with a slurmd of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ..conftest import Conda
from .programs import wait_for
from .slurm import Slurm, cluster
from .strange import PATH, stranger

SILENT = {
    "silent1": "time.sleep(1000)",
    "silent2": "time.sleep(1000)",
    "begun1": "begin(); time.sleep(1000)",
}
ANSWERS = [f"gpu{number:02}" for number in range(64 - len(SILENT))]


@pytest.fixture(scope="module")
def many() -> Iterator[Slurm]:
    """A cluster whose nodes answer after different times, and some never."""
    nodes = [
        stranger(name, f"time.sleep({number % 8 / 10}); say(healthy())", "Feature=a")
        for number, name in enumerate(ANSWERS)
    ]
    nodes += [stranger(name, script, "Feature=b") for name, script in SILENT.items()]
    partitions = {"all": "ALL", "good": "gpu[00-60]"}
    with cluster(nodes, partitions) as found:
        yield found


@pytest.fixture
def user(conda: Conda, many: Slurm) -> Conda:
    """Somebody on the login node."""
    conda.variables.update(many.variables, PATH=PATH)
    return conda


def test_all_of_them_are_asked_by_one_job(user: Conda, many: Slurm) -> None:
    nodes = user("cuda", "info", "--for", "slurm:all/all", "--json").json["nodes"]
    assert sorted(one["name"] for one in nodes if one["answered"]) == ANSWERS
    assert sorted(one["name"] for one in nodes if one["problem"]) == sorted(SILENT)
    assert len(many.jobs()) == 1
    wait_for(lambda: not many.going_on(), "the end of the job")
    wait_for(lambda: not any(map(many.processes, many.pids)), "the end of all processes")


def test_one_of_each_kind_stands_for_the_others(user: Conda, many: Slurm) -> None:
    [node] = user("cuda", "info", "--for", "slurm:good", "--json").json["nodes"]
    assert sorted([node["name"], *node["alike"]]) == ANSWERS


def test_the_screen_has_a_row_for_a_kind(user: Conda, many: Slurm) -> None:
    lines = user("cuda", "info", "--for", "slurm:good/all").out.splitlines()
    assert len([line for line in lines if "H100" in line]) == 1
    assert any("gpu00 to gpu60 (61)" in line for line in lines)
