"""Several machines: the weakest decides, and one hears what one would gain without it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conda_cuda_plugin.actions.auto import choose_release
from conda_cuda_plugin.errors import CudaError
from conda_cuda_plugin.frameworks.match import held_back_build, judge_build, match
from conda_cuda_plugin.machine.group import alike, as_one, named, without
from conda_cuda_plugin.machine.machine import ComputeCapability, DriverVersion, Gpu, Machine
from conda_cuda_plugin.machine.tables import architectures, cuda_of_driver
from conda_cuda_plugin.platforms import PLATFORMS
from conda_cuda_plugin.toolkit import releases
from conda_cuda_plugin.verdict.held_back import held_back_release, newest_release
from conda_cuda_plugin.verdict.judge import best_release, judge
from conda_cuda_plugin.verdict.text import machine_document, verdict_document, verdict_line
from conda_cuda_plugin.verdict.verdict import Level

LINUX = PLATFORMS["linux-64"]
RELEASES = [row.version for row in releases()]


def node(name: str, driver: str | None, *capabilities: str) -> Machine:
    """A node of a cluster."""
    release = DriverVersion.parse(driver) if driver else None
    gpus = tuple(Gpu(None, ComputeCapability.parse(one)) for one in capabilities)
    cuda = cuda_of_driver(release) if release else None
    return Machine(driver=release, driver_cuda=cuda, gpus=gpus, libc="glibc 2.34", name=name)


NODES = st.builds(
    lambda driver, gpus: node("", driver, *gpus),
    st.none() | st.sampled_from(["440.33", "470.82.01", "525.60.13", "550.54.15", "580.65.06"]),
    st.lists(st.sampled_from(sorted(map(str, architectures()))), max_size=2),
)
GROUPS = st.lists(NODES, min_size=1, max_size=5).map(
    lambda nodes: as_one("slurm:gpu", [one.__class__(**{**vars(one), "name": f"n{number}"}) for number, one in enumerate(nodes)])
)  # fmt: skip
NEW, OLD = node("new", "550.54.15", "8.0"), node("old", "470.82.01", "3.7")


@given(GROUPS, st.sampled_from(RELEASES))
def test_the_verdict_is_that_of_the_weakest(group: Machine, version: object) -> None:
    verdict = judge(version, group)
    own = {one.name: judge(version, one) for one in group.nodes}
    assert verdict.level is max((one.level for one in own.values()), key=lambda one: one.rank)
    assert verdict.node is not None
    decisive = own[verdict.node.name]
    assert decisive.level is verdict.level
    assert [reason.id for reason in verdict.reasons] == [reason.id for reason in decisive.reasons]
    assert str(verdict.node.name) in verdict_line(verdict, group)
    assert verdict_document(verdict)["node"] == verdict.node.name
    assert [one["name"] for one in machine_document(group)["nodes"]] == list(own)


@settings(max_examples=25)
@given(GROUPS)
def test_the_best_release_runs_on_each(group: Machine) -> None:
    found = best_release(group, RELEASES)
    can = [
        version
        for version in RELEASES
        if all(judge(version, one).level is not Level.CANNOT for one in group.nodes)
    ]
    assert (found is not None) == bool(can)
    if found is not None:
        levels = [judge(found[0], one).level for one in group.nodes]
        assert max(levels, key=lambda one: one.rank) is found[1].level


@settings(max_examples=25)
@given(GROUPS)
def test_auto_takes_a_range_that_is_good_on_each(group: Machine) -> None:
    """Whichever release a source has of the range, it is as good as the one that is named."""
    try:
        choice = choose_release(group, ())
    except CudaError:
        return
    inside = [version for version in RELEASES if choice.request.matches(version)]
    assert choice.verdict.version in inside
    best: dict[str, int] = {}
    for version in inside:
        levels = [judge(version, one).level for one in group.nodes]
        assert Level.CANNOT not in levels
        rank = max(level.rank for level in levels)
        best[version.release] = min(rank, best.get(version.release, rank))
    # A late update of a release may ask for a newer driver than its first one.
    assert set(best.values()) == {choice.verdict.level.rank}


@settings(max_examples=25)
@given(GROUPS)
def test_without_those_that_hold_back_it_is_better(group: Machine) -> None:
    held = held_back_release(group)
    now = newest_release(group)
    if held is None:
        # Nothing is gained without any one of them.
        for one in alike(group) if len(alike(group)) == 2 else []:
            rest = newest_release(without(group, one))
            weaker = newest_release(as_one("", one))
            if rest is not None and (now is None or rest.numbers > now.numbers):
                other = newest_release(without(group, without(group, one).nodes))
                assert weaker is None or (other and other.numbers >= weaker.numbers)
        return
    rest = without(group, held.machines)
    assert rest.nodes
    assert newest_release(rest) == held.gain
    assert now is None or held.gain.numbers > now.numbers
    assert str(held.machines[0].name) in held.text("more")


def test_what_auto_says() -> None:
    choice = choose_release(as_one("slurm:gpu", [NEW, OLD]), ())
    assert str(choice.request) == ">=11.0,<=11.4"
    assert choice.reason == (
        "the newest that fits each of 2 machines, on old, driver 470.82.01, GPU 3.7 (native); old "
        "(driver 470.82.01, GPU 3.7) holds the others back; without it: CUDA 12.4"
    )


def test_one_machine_of_several_is_as_the_machine() -> None:
    """Of one node nobody holds anybody back, and the choice is the machine's own."""
    alone = choose_release(as_one("ssh:new", [NEW]), ())
    assert alone.request == choose_release(NEW, ()).request
    assert alone.reason == "the newest that fits new, driver 550.54.15, GPU 8.0 (native)"


@pytest.mark.parametrize("text", ["torch==2.5.1", "jax", "tensorflow"])
def test_a_build_has_to_run_on_each(text: str) -> None:
    group = as_one("slurm:gpu", [NEW, OLD])
    found = match(text, group, LINUX)
    for one in found.judged:
        own = [judge_build(one.build, machine).level for machine in (NEW, OLD)]
        assert one.level is max(own, key=lambda level: level.rank)
        assert one.node in ("new", "old")
    held = held_back_build(found, group, LINUX)
    assert held is not None
    assert [machine.name for machine in held.machines] == ["old"]
    better = match(text, NEW, LINUX).best
    assert better is not None
    assert held.gain.best is not None
    assert held.gain.best.build == better.build


@pytest.mark.parametrize(
    ("count", "text"),
    [(1, "n0"), (2, "n0 and n1"), (3, "n0, n1 and n2"), (5, "n0, n1, n2 and 2 more")],
)
def test_names(count: int, text: str) -> None:
    machines: Sequence[Machine] = [Machine(name=f"n{number}") for number in range(count)]
    assert named(machines) == text


def test_the_oldest_of_each() -> None:
    group = as_one("slurm:gpu", [NEW, OLD, Machine(name="cpu", libc="glibc 2.9")])
    assert (str(group.driver), str(group.driver_cuda), group.libc) == (
        "470.82.01", "11.4", "glibc 2.9",
    )  # fmt: skip
    assert len(group.gpus) == 2
