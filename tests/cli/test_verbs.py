"""`use`, `list`, `info`, `off`, `remove`: what they print and what they change."""

from __future__ import annotations

import os
from pathlib import Path

from ..conftest import Conda
from ..listing import listing
from .screen_text import BASE, assert_fits_the_screen, current


class TestUse:
    """Installing and switching."""

    def test_the_plan_comes_first_and_the_outcome_last(self, conda: Conda, two: Path) -> None:
        result = conda.cuda("use", two, "11.8", *BASE)
        lines = result.out.splitlines()
        assert lines[0] == f"CUDA for two ({two})"
        plan = lines[2 : lines.index("", 2)]
        assert [line.split()[0] for line in plan if line[2] != " "] == [
            "installs",
            "verdict",
            "current",
        ]
        assert plan[0].startswith("  installs  CUDA 11.8.0 (base) from PyPI, ")
        assert plan[-1] == "  current   cuda-11.8 (now: cuda-12.4)"
        assert lines[-1] == "CUDA 11.8.0 is current in two."
        assert_fits_the_screen(result.out)

    def test_the_packages_are_shown_to_who_asks(self, conda: Conda, two: Path) -> None:
        words = ("11.8", *BASE[:2], "--dry-run")
        assert "nvidia-cuda-runtime" not in conda.cuda("use", two, *words).out
        shown = conda.cuda("use", two, *words, "-v").out.splitlines()
        assert "  because   as asked" in shown
        assert [line.split()[:2] for line in shown if "nvidia-cuda-runtime" in line] == [
            ["nvidia-cuda-runtime-cu11", "11.8.89"]
        ]

    def test_a_dry_run_changes_nothing(self, conda: Conda, two: Path) -> None:
        before = listing(two)
        result = conda.cuda("use", two, "11.8", *BASE[:2], "--dry-run", check=False)
        assert "CUDA 11.8.0 (base)" in result.out
        assert "is current in" not in result.out
        plan = conda.cuda("use", two, "11.8", *BASE[:2], "--dry-run", "--json").json["plan"]
        assert (plan["version"], plan["current_before"]) == ("11.8.0", "cuda-12.4")
        assert listing(two) == before

    def test_switching_needs_no_question_and_touches_no_package(
        self, conda: Conda, two: Path
    ) -> None:
        before = {name: text for name, text in listing(two).items() if name.startswith("cuda-")}
        result = conda.cuda("use", two, "13.0")
        assert result.out == "CUDA 13.0.2 is current in two.\n"
        assert current(two) == "cuda-13.0"
        assert sorted(os.listdir(two / "bin")) == ["nvcc", "ptxas"]
        assert conda.cuda("use", two, "12.4").out == "CUDA 12.4.1 is current in two.\n"
        assert not (two / "bin").exists()
        after = {name: text for name, text in listing(two).items() if name.startswith("cuda-")}
        assert after == before

    def test_what_is_current_already_is_said_so(self, conda: Conda, two: Path) -> None:
        conda.cuda("use", two, "12.4")
        before = listing(two)
        assert conda.cuda("use", two, "12.4").out == "CUDA 12.4.1 is current in two already.\n"
        assert listing(two) == before

    def test_without_a_version_what_is_recorded_is_used(self, conda: Conda, two: Path) -> None:
        conda.cuda("off", two)
        assert conda.cuda("use", two).out == "CUDA 12.4.1 is current in two.\n"
        assert current(two) == "cuda-12.4"

    def test_the_record_holds_no_absolute_path(self, conda: Conda, two: Path) -> None:
        for path in (two / "etc/conda/cuda/state.yaml", two / "cuda-12.4/toolkit.yaml"):
            assert "/" not in path.read_text()

    def test_a_larger_flavor_adds_to_a_smaller_one(self, conda: Conda, two: Path) -> None:
        runtime = (two / "cuda/lib/libcudart.so.12").stat()
        # Written by hand: what stays is not linked anew.
        record = next((two / "cuda/conda-meta").glob("nvidia-cuda-runtime-*.json"))
        record.write_text(record.read_text() + "\n\n")
        words = ["12.4", "--from=pypi", "--flavor=runtime", "--yes"]
        result = conda.cuda("use", two, *words)
        assert (
            "  changes   cuda-12.4: 1 of its packages stay as they are" in result.out.splitlines()
        )
        assert "nvidia-cuda-runtime" not in result.out.partition("packages:")[2]
        assert (two / "cuda/lib/libcudart.so.12").stat().st_ino == runtime.st_ino
        assert record.read_text().endswith("}\n\n")
        assert (two / "cuda/lib64/libcublas.so.12").read_bytes() == b"cublas 12.4"
        # The smaller one is met by it.
        again = conda.cuda("use", two, "12.4", *BASE)
        assert again.out == "CUDA 12.4.1 is current in two already.\n"

    def test_json_says_what_was_done(self, conda: Conda, two: Path) -> None:
        document = conda.cuda("use", two, "13.0", "--json").json
        assert (document["success"], document["installed"], document["switched"]) == (
            True,
            False,
            True,
        )
        assert document["toolkit"]["root"] == str(two / "cuda-13.0")
        assert document["toolkit"]["components"] == ["cudart", "nvcc", "nvvm", "crt", "cccl"]
        document = conda.cuda("use", two, "11.8", *BASE, "--json").json
        assert (document["installed"], document["activate"]) == (True, None)

    def test_an_incomplete_toolkit_is_repaired(self, conda: Conda, two: Path) -> None:
        (two / "cuda-13.0" / "toolkit.yaml").unlink()
        (two / "cuda-13.0" / "bin" / "nvcc").unlink()
        assert "incomplete" in conda.cuda("list", two).out
        words = ["13.0", "--from=pypi", "--components=nvcc", "--yes"]
        result = conda.cuda("use", two, *words)
        assert result.out.endswith("CUDA 13.0.2 is current in two.\n")
        assert "13.0" in conda.cuda("run", two, "--", "nvcc").out

    def test_an_active_environment_is_told_once_how_to_notice(
        self, conda: Conda, environment: Path
    ) -> None:
        active = {"CONDA_PREFIX": str(environment), "CONDA_DEFAULT_ENV": "one", "CONDA_SHLVL": "1"}
        result = conda("cuda", "use", "12.4", *BASE, **active)
        told = "For this shell to notice, type:  conda activate one"
        assert result.out.splitlines()[-1] == told
        for words in (["13.0", *BASE], ["12.4"], ["13.0"]):
            assert "conda activate" not in conda("cuda", "use", *words, **active).out
        # A shell that has it already is not told again after `off`.
        aware = {**active, "LD_LIBRARY_PATH": f"{environment}/cuda/lib64"}
        conda("cuda", "off", **aware)
        assert "conda activate" not in conda("cuda", "use", "12.4", **aware).out

    def test_the_name_to_activate_is_quoted_for_the_shell(self, conda: Conda) -> None:
        prefix = conda.create(conda.envs / "two words")
        active = {"CONDA_PREFIX": str(prefix), "CONDA_DEFAULT_ENV": "two words", "CONDA_SHLVL": "1"}
        document = conda("cuda", "use", "12.4", *BASE, "--json", **active).json
        assert document["activate"] == "conda activate 'two words'"

    def test_quiet_says_nothing(self, conda: Conda, two: Path) -> None:
        assert conda.cuda("use", two, "13.0", "--quiet").out == ""


class TestList:
    """What is installed and what there is to have."""

    def test_the_toolkits_of_an_environment(self, conda: Conda, two: Path) -> None:
        result = conda.cuda("list", two)
        assert result.out.splitlines() == [
            f"# CUDA toolkits in two ({two})",
            "   toolkit    version  contents                       origin",
            "   cuda-13.0  13.0.2   cudart, nvcc, nvvm, crt, cccl  pypi",
            "*  cuda-12.4  12.4.1   base                           pypi",
        ]
        document = conda.cuda("list", two, "--json").json
        assert (document["name"], document["current"]) == ("two", "cuda-12.4")
        assert [t["version"] for t in document["toolkits"]] == ["13.0.2", "12.4.1"]
        assert [t["current"] for t in document["toolkits"]] == [False, True]

    def test_an_environment_without_any(self, conda: Conda, environment: Path) -> None:
        assert conda.cuda("list", environment).out.splitlines() == [
            f"# CUDA toolkits in one ({environment})",
            "# none; conda cuda use VERSION installs one",
        ]
        assert conda.cuda("list", environment, "--json").json["toolkits"] == []

    def test_all_environments(self, conda: Conda, two: Path, environment: Path) -> None:
        lines = conda("cuda", "list", "--envs").out.splitlines()
        assert [line.split() for line in lines if line.startswith("two ")] == [
            ["two", "13.0.2", "cudart,", "nvcc,", "nvvm,", "crt,", "cccl", "pypi"],
            ["two", "*", "12.4.1", "base", "pypi"],
        ]
        found = conda("cuda", "list", "--envs", "--json").json["environments"]
        assert [row["name"] for row in found if row["environment"] == str(two)] == ["two"]
        assert str(environment) not in [row["environment"] for row in found]

    def test_what_there_is_to_have(self, conda: Conda) -> None:
        channel = (conda.home / "channel").as_uri()
        for subdir in ("linux-64", "noarch"):
            (conda.home / "channel" / subdir).mkdir(parents=True)
            (conda.home / "channel" / subdir / "repodata.json").write_text('{"packages": {}}')
        result = conda("cuda", "list", "--available", "-c", channel)
        rows = [line.split() for line in result.out.splitlines()]
        assert rows[0] == ["release", "base", "runtime", "devel", "also"]
        assert [row[:2] for row in rows[1:-1] if row[1] == "pypi"] == [
            ["13.0", "pypi"],
            ["12.4", "pypi"],
            ["11.8", "pypi"],
        ]
        document = conda("cuda", "list", "--available", "-c", channel, "--json").json
        versions = {row["release"]: row["pypi"] for row in document["available"] if "pypi" in row}
        assert versions == {"13.0": ["13.0.2"], "12.4": ["12.4.1"], "11.8": ["11.8.0"]}
        assert document["problems"] == {}

    def test_a_source_that_cannot_be_asked_is_a_remark(self, conda: Conda) -> None:
        result = conda("cuda", "list", "--available", "-c", "http://127.0.0.1:9/nobody")
        assert [line for line in result.err.splitlines() if line.startswith("# channel cannot")]
        words = ["list", "--available", "-c", "http://127.0.0.1:9/nobody", "--json"]
        assert list(conda("cuda", *words).json["problems"]) == ["channel"]


class TestInfo:
    """One screen."""

    def test_an_environment_that_is_not_active(self, conda: Conda, two: Path) -> None:
        result = conda.cuda("info", two)
        lines = [line.split(maxsplit=1) for line in result.out.splitlines()]
        shown = {words[0]: words[1] for words in lines if len(words) == 2}
        assert shown["environment"].startswith("two")
        assert shown["current"] == "CUDA 12.4.1, base, from pypi"
        assert shown["installed"] == "cuda-13.0, cuda-12.4"
        assert shown["hooks"] == "ok"
        assert "two is not active here" in result.out
        assert_fits_the_screen(result.out)

    def test_a_shell_that_has_it_and_one_that_has_not(self, conda: Conda, two: Path) -> None:
        active = {"CONDA_PREFIX": str(two), "CONDA_DEFAULT_ENV": "two", "CONDA_SHLVL": "1"}
        assert "does not have it; type: conda activate two" in conda("cuda", "info", **active).out
        path = f"/opt/x:{two}/cuda/lib64"
        result = conda("cuda", "info", LD_LIBRARY_PATH=path, **active)
        assert "has it at place 2 of LD_LIBRARY_PATH" in result.out
        document = conda("cuda", "info", "--json", LD_LIBRARY_PATH=path, **active).json
        assert (document["shell"]["active"], document["shell"]["position"]) == (True, 2)

    def test_an_environment_without_cuda(self, conda: Conda, environment: Path) -> None:
        document = conda.cuda("info", environment, "--json").json
        assert (document["current"], document["toolkits"]) == (None, [])
