"""Where a toolkit is taken from, and what the plan says of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .builder import Channels
from .tree import tree

pytestmark = pytest.mark.network

NOBODY = "http://127.0.0.1:9/channel"
"""An address at which nothing answers."""


def _plan(conda: Any, prefix: Path, *words: str, **extra: str) -> Any:
    return conda.cuda("use", prefix, *words, "--dry-run", "--json", **extra).json["plan"]


def _from(plan: Any) -> tuple[str, str, str]:
    return plan["origin"], plan["install"]["from"], plan["reason"]


def test_the_environments_own_packages_come_before_channels(conda: Any, channels: Channels) -> None:
    prefix = conda.envs / "own"
    words = ("-c", channels.forge, "--override-channels", "-y", "cudatoolkit=10.2")
    conda("create", "-p", prefix, *words)
    found = _from(_plan(conda, prefix, "10.2"))
    assert found == ("environment", "packages of this environment", "already there")
    assert _from(_plan(conda, prefix, "12.4")) == ("channel", "conda-forge", "first in order")
    found = _from(_plan(conda, prefix, "10.2", "--from", "channel"))
    assert found == ("channel", "conda-forge", "as asked")


def test_channels_come_before_pypi(conda: Any, environment: Path) -> None:
    found = _from(_plan(conda, environment, "12.4", "--flavor", "base"))
    assert found == ("channel", "conda-forge", "first in order")


def test_pypi_comes_next_and_the_plan_says_why(conda: Any, environment: Path) -> None:
    plan = _plan(conda, environment, "12.6", "--flavor", "base")
    assert (plan["origin"], plan["version"]) == ("pypi", "12.6.3")
    assert plan["reason"] == "channel has no CUDA 12.6 on conda-forge, nvidia"


def test_a_channel_that_does_not_answer_is_named(conda: Any, environment: Path) -> None:
    words = ("12.4", "--flavor", "base", "-c", NOBODY, "--dry-run")
    plan = _plan(conda, environment, *words)
    assert (plan["origin"], plan["version"]) == ("pypi", "12.4.1")
    assert plan["reason"] == f"channel cannot be reached: no answer from {NOBODY}"
    shown = " ".join(conda.cuda("use", environment, *words).out.split())
    assert f" because channel cannot be reached: no answer from {NOBODY}" in shown


def test_the_system_comes_last(conda: Any, environment: Path, tmp_path: Path) -> None:
    system = tmp_path / "cuda-9.1"
    (system / "lib64").mkdir(parents=True)
    (system / "version.txt").write_text("CUDA Version 9.1.85\n")
    plan = _plan(conda, environment, "9.1", CUDA_PATH=str(system))
    assert _from(plan) == (
        "system",
        str(system),
        "channel has no CUDA 9.1 on conda-forge, nvidia; pypi has no CUDA 9.1",
    )


@pytest.mark.parametrize("way", ["condarc", "variable", "option"])
def test_channels_are_named_by_setting_variable_or_option(
    way: str, conda: Any, environment: Path, channels: Channels
) -> None:
    words, variables = [], {}
    if way == "condarc":
        condarc = conda.home / "condarc.yml"
        condarc.write_text(
            f"{condarc.read_text()}plugins:\n  cuda_channels: ['{channels.numba}']\n"
        )
    elif way == "variable":
        variables["CONDA_PLUGINS_CUDA_CHANNELS"] = channels.numba
    else:
        # The option wins over the setting.
        variables["CONDA_PLUGINS_CUDA_CHANNELS"] = NOBODY
        words = ["-c", channels.numba]
    plan = _plan(conda, environment, "8.0", "--from", "channel", *words, **variables)
    assert _from(plan) == ("channel", "numba", "as asked")
    assert plan["version"] == "8.0"


def test_an_address_is_shown_as_it_was_given(
    conda: Any, environment: Path, channels: Channels
) -> None:
    condarc = conda.home / "condarc.yml"
    text = condarc.read_text().replace(f"channel_alias: {channels.alias}\n", "")
    condarc.write_text(text)
    plan = _plan(conda, environment, "10.2", "-c", channels.forge)
    assert plan["install"]["from"] == channels.forge


def test_a_dry_run_shows_the_plan_and_changes_nothing(
    conda: Any, environment: Path, channels: Channels
) -> None:
    before = tree(environment)
    words = ("10.2", "-c", channels.forge, "--dry-run", "-v")
    shown = conda.cuda("use", environment, *words)
    assert tree(environment) == before
    lines = shown.out.splitlines()
    assert lines[0] == f"CUDA for one ({environment})"
    for line in (
        "  because   first in order",
        "  current   cuda-10.2 (now: none)",
    ):
        assert line in lines
    assert any(
        line.startswith("  installs  CUDA 10.2.89 (runtime) from conda-forge, ") for line in lines
    )
    assert any(line.split()[:2] == ["cudatoolkit", "10.2.89"] for line in lines)


def test_json_is_one_document_and_nothing_else(
    conda: Any, environment: Path, channels: Channels
) -> None:
    # This package has a message of its own after it was linked, for which conda takes stderr.
    done = conda.cuda("use", environment, "10.2", "-c", channels.forge, "--json")
    document = done.json
    assert (document["success"], document["installed"], document["switched"]) == (True, True, True)
    assert document["toolkit"]["version"] == "10.2.89"
    assert document["toolkit"]["root"] == f"{environment}/cuda-10.2"
    assert done.err.strip() in ("", "By using the CUDA Toolkit packages, you accept NVIDIA's EULA")


def test_offline_takes_what_lies_on_this_machine(
    conda: Any, environment: Path, channels: Channels
) -> None:
    words = ("12.4", "--flavor", "base", "-c", channels.forge, "--offline", "-y")
    assert conda.cuda("use", environment, *words).out.endswith("CUDA 12.4.1 is current in one.\n")


def test_an_old_driver_does_not_stop_an_installation(
    conda: Any, environment: Path, channels: Channels
) -> None:
    # `cuda-version` 12 asks for a driver of CUDA 12: one may want to compile all the same.
    words = ("12.4", "--flavor", "base", "-c", channels.forge, "--from", "channel")
    plan = _plan(conda, environment, *words, CONDA_OVERRIDE_CUDA="11.4")
    assert plan["version"] == "12.4.1"


def test_what_channels_have_is_listed(conda: Any, environment: Path) -> None:
    shown = conda.cuda("list", environment, "--available", "-c", "conda-forge", "--json").json
    rows = {row["release"]: row.get("channel", []) for row in shown["available"]}
    assert {release for release, where in rows.items() if "conda-forge" in where} == {
        *("10.2", "11.8", "12.4", "12.9", "13.0"),
    }
