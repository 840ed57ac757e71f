"""Plans from the indexes of real channels, held against what the metapackages there say."""

from __future__ import annotations

import os
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conda_cuda_plugin.toolkit import Flavor, components, metapackages

from .asking import Asking
from .indexes import CHANNELS, LISTS, SUBDIRS, is_whole, numbers, pins, rows, told

FUZZ = os.environ.get("FUZZ_EXAMPLES")
EXAMPLES = int(FUZZ or "240") // 4
FLAVORS = len(Flavor)
PARTS = ("cudart", "cublas", "cufft", "curand", "cusolver", "cusparse", "npp", "nvrtc", "nvcc")
PARTS += ("cupti", "cuobjdump", "nvjitlink", "cufile", "profiler", "nvml")


def releases_anywhere() -> list[str]:
    """Every release that some channel has a metapackage of."""
    found = {
        release for channel in CHANNELS for subdir in SUBDIRS for release in pins(channel, subdir)
    }
    return sorted(found, key=numbers)


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    """A release or an update of one, a flavor or some components, channels, a platform."""
    release = draw(st.sampled_from(releases_anywhere()))
    version = draw(st.sampled_from([release, release.rpartition(".")[0], f"=={release}"]))
    channels = draw(st.lists(st.sampled_from(CHANNELS), min_size=1, max_size=3, unique=True))
    flavor = draw(st.sampled_from([None, *(flavor.value for flavor in Flavor)]))
    parts = draw(st.lists(st.sampled_from(PARTS), max_size=3, unique=True))
    return {
        "subdir": draw(st.sampled_from(SUBDIRS)),
        "version": version,
        "channels": channels,
        **({"flavor": flavor} if flavor else {}),
        **({"components": parts} if parts else {}),
    }


def check_plan(plan: dict[str, Any], asked: dict[str, Any]) -> None:
    """A plan is of one release, the one that was asked for, and has what was asked for."""
    subdir, release, where = asked["subdir"], plan["version"], plan["from"]
    assert f"{release}.".startswith(f"{asked['version'].removeprefix('==')}."), plan
    (channel,) = [channel for channel in CHANNELS if channel == where]
    wanted = told(channel, subdir, release)
    ranges = {(row["name"], row["version"]): row["depends"] for row in rows(channel, subdir)}
    for name, (version, _) in plan["packages"].items():
        if name in LISTS:
            assert version == release, (name, plan)
        elif name in wanted:
            assert version == wanted[name] or version.startswith(f"{wanted[name]}."), (name, plan)
        for text in ranges.get((name, version), ()):
            if match := re.fullmatch(r"cuda-version >=([\d.]+),<([\d.]+)a0", text):
                first, last = numbers(match[1]), numbers(match[2])
                assert first <= numbers(release)[:2] < last[:2], (name, plan)
    parts = asked.get("components", ())
    names = [name for part in parts for name in components()[part].channel]
    if asked.get("flavor") or not parts:
        names += metapackages(Flavor(asked.get("flavor", "runtime")))
    assert set(names) <= set(plan["packages"]), plan
    for name in {*names} & {*LISTS}:
        assert set(pins(channel, subdir)[release][name]) <= set(plan["packages"]), plan


@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=requests())
def test_a_plan_is_of_the_release_that_was_asked_for(
    asked: dict[str, Any], askings: dict[str, Asking]
) -> None:
    """For all requests: the plan is that release's, or a refusal that says why."""
    plan = askings[asked["subdir"]](**{k: v for k, v in asked.items() if k != "subdir"})
    if "refusal" not in plan:
        check_plan(plan, asked)
        return
    assert plan["hints"], plan
    # What is there whole is not refused.
    version, flavor = asked["version"].removeprefix("=="), asked.get("flavor", "runtime")
    if not asked.get("components") and flavor == "runtime":
        for channel in asked["channels"]:
            for release in pins(channel, asked["subdir"]):
                if f"{release}.".startswith(f"{version}."):
                    whole = is_whole(channel, asked["subdir"], release, "cuda-libraries")
                    assert not whole, (channel, release, plan)
    assert any(words in plan["refusal"] for words in (" without ", " has no CUDA ")), plan


@pytest.mark.parametrize("subdir", SUBDIRS)
@pytest.mark.parametrize("channel", CHANNELS)
def test_the_list_says_what_the_plans_are(
    channel: str, subdir: str, askings: dict[str, Asking]
) -> None:
    """For rows: version, flavor and size of CUDA's own packages are those of the plan.

    One of each release, of another flavor than on the other platforms; all with `make fuzz`.
    """
    ask = askings[subdir]
    listed = ask(list=True, channels=[channel])
    there = {row["name"] for row in rows(channel, subdir)}
    assert listed or not there & {"cuda-cudart"}
    turn = SUBDIRS.index(subdir)
    for number, (version, flavor, where, size, nvcc) in enumerate(listed):
        if not FUZZ and (number + number // FLAVORS + turn) % FLAVORS:
            continue
        plan = ask.plan(version, [channel], flavor=flavor)
        assert (plan.get("version"), plan.get("from")) == (version, where), plan
        check_plan(plan, {"subdir": subdir, "version": version, "flavor": flavor})
        own = {
            row["name"]
            for row in rows(channel, subdir)
            if row["name"] in told(channel, subdir, version)
            or (row["name"].startswith("cuda-") and row["name"] != "cuda-version")
            or any(text.startswith("cuda-version >=") for text in row["depends"])
        } | {*LISTS, "cuda-cudart"}
        assert sum(bytes_ for name, (_, bytes_) in plan["packages"].items() if name in own) == size
        assert nvcc == ("cuda-nvcc" in plan["packages"])


@pytest.mark.parametrize("subdir", SUBDIRS)
def test_the_list_has_all_that_is_whole(subdir: str, askings: dict[str, Asking]) -> None:
    for channel in CHANNELS:
        listed = {tuple(row[:2]) for row in askings[subdir](list=True, channels=[channel])}
        whole = {
            (release, "runtime")
            for release in pins(channel, subdir)
            if is_whole(channel, subdir, release, "cuda-libraries")
        }
        assert {row for row in listed if row[1] == "runtime"} == whole
