"""`conda cuda` alone: what there is, what to do next, and exit code 0 whatever there is."""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path

from conda_cuda_plugin.cli import VERBS

from ..conftest import Conda, Result

DRIVER = {"CONDA_OVERRIDE_CUDA": "12.9"}
"""A machine on which something runs."""


def alone(conda: Conda, prefix: Path | None, **more: str) -> Result:
    """`conda cuda`, with an environment active or with none."""
    active = {} if prefix is None else {"CONDA_PREFIX": str(prefix), "CONDA_SHLVL": "1"}
    result = conda("cuda", COLUMNS="80", **{**DRIVER, **active, **more})
    assert result.err == ""
    assert [line for line in result.out.splitlines() if len(line) > 80 and "/" not in line] == []
    return result


def steps(result: Result) -> list[str]:
    """The commands that it proposes."""
    lines = result.out.splitlines()
    block = lines[lines.index("What next:") + 1 :]
    # What a long command does stands below it.
    commands = [line.split("  ")[1] for line in block[: block.index("")]]
    return list(filter(None, commands))


def runs(command: str) -> bool:
    """Whether a proposal is a command of ours or of conda's that exists."""
    words = shlex.split(command)
    return words[0] == "conda" and (words[1] != "cuda" or words[2] in VERBS)


def test_no_environment_is_active(conda: Conda) -> None:
    result = alone(conda, None)
    assert result.out.startswith(
        "No environment is active.\n"
        "  machine  driver for CUDA 12.9 by CONDA_OVERRIDE_CUDA; CUDA up to 12.9 runs\n"
    )
    assert steps(result)[:3] == [
        "conda create --name NAME python",
        "conda activate NAME",
        "conda cuda use auto",
    ]
    assert all(map(runs, steps(result)))


def test_the_active_environment_is_gone(conda: Conda, tmp_path: Path) -> None:
    result = alone(conda, tmp_path / "gone")
    said = f"The active environment is gone: {tmp_path / 'gone'} "
    assert " ".join(result.out.split()).startswith(said)


def test_without_a_driver_auto_is_for_another_machine(conda: Conda, environment: Path) -> None:
    elsewhere = 'conda cuda use auto --for "driver=550,cc=8.9"'
    for prefix in (environment, None, Path(conda("info", "--base").out.strip())):
        result = alone(conda, prefix, CONDA_OVERRIDE_CUDA="")
        assert "  machine" in result.out and "  no NVIDIA driver found\n" in result.out
        assert elsewhere in steps(result)
        assert "conda cuda use auto" not in steps(result)
    words = shlex.split(elsewhere)[2:]
    planned = conda("cuda", *words, "-p", environment, "--dry-run", check=False)
    assert "nothing to choose by" not in planned.err


def test_without_a_driver_a_framework_is_enough(conda: Conda, environment: Path) -> None:
    info = environment / "lib/python3.11/site-packages/jax_cuda12_plugin-0.7.2.dist-info"
    for name in ("jax", "jaxlib", "jax_cuda12_plugin", "jax_cuda12_pjrt"):
        folder = info.with_name(f"{name}-0.7.2.dist-info")
        folder.mkdir(parents=True)
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.7.2\n")
    assert steps(alone(conda, environment, CONDA_OVERRIDE_CUDA=""))[0] == "conda cuda use auto"


def test_the_verdict_on_the_current_toolkit(conda: Conda, two: Path) -> None:
    result = alone(conda, two, CONDA_OVERRIDE_CUDA="12.2")
    assert (
        "  machine     driver for CUDA 12.2 by CONDA_OVERRIDE_CUDA; CUDA 12.4: minor\n"
        in result.out
    )


def test_base_has_better_things_to_do(conda: Conda) -> None:
    root = Path(conda("info", "--base").out.strip())
    result = alone(conda, root)
    assert result.out.startswith(f"CUDA in base ({root})\n")
    assert steps(result)[0] == "conda create --name NAME python"


def test_no_toolkit(conda: Conda, environment: Path) -> None:
    result = alone(conda, environment)
    assert "  installed  none\n  current    none\n" in result.out
    assert steps(result) == ["conda cuda use auto", "conda cuda use 12.4", "conda cuda match torch"]


def test_hooks_that_did_not_run_in_this_shell(conda: Conda, two: Path) -> None:
    result = alone(conda, two)
    assert "  current     CUDA 12.4.1 (base)\n  this shell  does not have it yet\n" in result.out
    assert steps(result) == [
        "conda activate two",
        "conda cuda info",
        "conda cuda use 13.0",
        "conda cuda doctor",
    ]


def test_all_is_well(conda: Conda, two: Path) -> None:
    result = alone(conda, two, LD_LIBRARY_PATH=f"/somewhere:{two}/cuda/lib64")
    assert "  this shell  has it\n" in result.out
    assert steps(result) == ["conda cuda info", "conda cuda use 13.0", "conda cuda doctor"]


def test_installed_and_none_current(conda: Conda, two: Path) -> None:
    conda.cuda("off", two)
    result = alone(conda, two)
    assert "  installed  cuda-13.0, cuda-12.4\n  current    none\n" in result.out
    assert steps(result) == ["conda cuda use 13.0", "conda cuda use 12.4", "conda cuda doctor"]


def test_an_installation_that_was_not_finished(conda: Conda, two: Path) -> None:
    (two / "cuda-12.4/toolkit.yaml").unlink()
    result = alone(conda, two)
    assert "  current    CUDA 12.4 (incomplete)\n" in result.out
    assert "  conda cuda use 12.4  finish its installation\n" in result.out
    assert steps(result)[0] == "conda cuda use 12.4"


def test_a_path_that_needs_quotes(conda: Conda, two: Path, tmp_path: Path) -> None:
    prefix = tmp_path / "a path with blanks"
    shutil.move(two, prefix)
    result = alone(conda, prefix)
    assert steps(result)[0] == f"conda activate {shlex.quote(str(prefix))}"


def test_it_writes_nothing_and_can_be_quiet(conda: Conda, two: Path) -> None:
    before = sorted(os.listdir(two))
    alone(conda, two)
    assert sorted(os.listdir(two)) == before
    assert alone(conda, two, CONDA_QUIET="true").out == ""
