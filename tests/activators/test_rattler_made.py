"""An environment that rattler alone has made: its toolkit, its packages, and the way back."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ..cli.conftest import cli_cache, conda, wheelhouse  # noqa: F401
from ..conftest import Conda
from ..shells.driver import play
from ..shells.shells import SHELLS
from .engine import SYSTEM_PATH, EngineSession, install, need_rattler, write_scripts

[BASH] = [shell for shell in SHELLS if shell.name == "bash"]


@pytest.fixture
def made(conda: Conda, tmp_path: Path) -> Path:  # noqa: F811
    need_rattler()
    return install(conda.envs / "made", tmp_path / "channel")


def contents(prefix: Path) -> set[str]:
    return {str(path.relative_to(prefix)) for path in prefix.rglob("*") if not path.is_dir()}


def test_it_gets_a_toolkit_and_both_conda_and_rattler_still_know_it(
    conda: Conda,  # noqa: F811
    made: Path,
    tmp_path: Path,
) -> None:
    conda.cuda("use", made, "12.4", "--from=pypi", "--flavor=base", "-y")
    assert [row["name"] for row in conda("list", "-p", made, "--json").json] == ["greeting"]
    assert {f["rule"] for f in conda.cuda("doctor", made, "--json", check=False).json["findings"]
            if f["severity"] == "error"} == set()  # fmt: skip
    # rattler installs into it again: the toolkit stays, since no package of the environment has it.
    (made / "share" / "greeting").unlink()
    (made / "conda-meta" / "greeting-1.0-0.json").unlink()
    install(made, tmp_path / "again")
    [toolkit] = conda.cuda("list", made, "--json").json["toolkits"]
    assert (toolkit["name"], toolkit["current"]) == ("cuda-12.4", True)


def test_the_engine_leads_to_the_toolkit_and_back(
    conda: Conda,  # noqa: F811
    made: Path,
    tmp_path: Path,
) -> None:
    other = conda.create(conda.envs / "other")
    conda.cuda("use", made, "12.4", "--from=pypi", "--flavor=base", "-y")
    conda.cuda("use", made, "11.8", "--from=pypi", "--flavor=base", "-y")
    session = EngineSession("made", {"PATH": SYSTEM_PATH, "LD_LIBRARY_PATH": "/my/lib"})
    session.without_hooks = frozenset([str(other)])
    session.go(made)
    session.go(other)
    scripts = write_scripts(BASH, [made, other], tmp_path / "scripts")
    outcome = play(BASH, "", [session], scripts.files, tmp_path / "work")
    _, before, active, after = outcome.dumps
    libraries = active["LD_LIBRARY_PATH"].split(":")[0]
    assert "libcudart.so.11.0" in os.listdir(libraries)
    assert active["CUDA_HOME"] == str(made / "cuda")
    of_activation = {"CONDA_PREFIX", "CONDA_SHLVL", "PATH"}
    assert {name: v for name, v in after.items() if name not in of_activation} == {
        name: v for name, v in before.items() if name not in of_activation
    }


def test_remove_leaves_the_environment_as_rattler_made_it(
    conda: Conda,  # noqa: F811
    made: Path,
) -> None:
    from rattler import PrefixRecord

    before = contents(made)
    conda.cuda("use", made, "12.4", "--from=pypi", "--flavor=base", "-y")
    assert contents(made) > before
    conda.cuda("remove", made, "--all", "--yes")
    left = contents(made) - before
    assert {Path(path).parts[0] for path in left} <= {"conda-meta", "etc"}, left
    assert before <= contents(made)
    [record] = (made / "conda-meta").glob("greeting*.json")
    assert PrefixRecord.from_path(record).name.normalized == "greeting"
