"""`use`, `list`, `info`, `off`, `remove`: what they print and what they change."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from ..conftest import Conda
from ..listing import listing

BASE = ("--from=pypi", "--flavor=base", "--yes")


def current(prefix: Path) -> str | None:
    link = prefix / "cuda"
    return os.readlink(link) if link.is_symlink() else None


def assert_fits_the_screen(text: str) -> None:
    """80 columns at most; only lines with a path may be longer."""
    assert [line for line in text.splitlines() if len(line) > 80 and "/" not in line] == []


class TestUse:
    """Installing and switching."""

    def test_the_plan_comes_first_and_the_outcome_last(self, conda: Conda, two: Path) -> None:
        result = conda.cuda("use", two, "11.8", *BASE)
        lines = result.out.splitlines()
        assert lines[0] == f"CUDA for two ({two})"
        assert "  toolkit   CUDA 11.8.0 (base)" in lines
        assert "  current   cuda-11.8 (now: cuda-12.4)" in lines
        assert [line.split()[:2] for line in lines if "nvidia-cuda-runtime" in line] == [
            ["nvidia-cuda-runtime-cu11", "11.8.89"]
        ]
        assert lines[-1] == "CUDA 11.8.0 is current in two."
        assert_fits_the_screen(result.out)

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


class TestOff:
    """Letting go."""

    def test_link_wrappers_and_hooks_go_and_toolkits_stay(self, conda: Conda, two: Path) -> None:
        conda.cuda("use", two, "13.0")
        before = listing(two)
        result = conda.cuda("off", two)
        assert result.out == "CUDA 13.0.2 is no longer current in two; it stays installed.\n"
        gone = set(before) - set(listing(two))
        assert {name for name in gone if not name.startswith("etc/conda/activate.d")} == {
            "cuda", "bin", "bin/nvcc", "bin/ptxas",
        }  # fmt: skip
        assert not list(two.glob("etc/conda/activate.d/*"))
        assert len(list(two.glob("etc/conda/deactivate.d/*"))) == 4
        assert conda.cuda("off", two).out == "No toolkit is current in two.\n"
        assert conda.cuda("off", two, "--json").json["was_current"] is None

    def test_nothing_to_let_go_of_leaves_no_trace(self, conda: Conda, environment: Path) -> None:
        before = listing(environment)
        assert conda.cuda("off", environment).out == "No toolkit is current in one.\n"
        assert listing(environment) == before

    def test_files_of_others_stay(self, conda: Conda, two: Path) -> None:
        conda.cuda("use", two, "13.0")
        (two / "bin" / "python").write_text("theirs")
        (two / "bin" / "nvcc").write_text("edited into something else")
        conda.cuda("off", two)
        assert sorted(os.listdir(two / "bin")) == ["nvcc", "python"]


class TestRemove:
    """Taking away every file that was written, and nothing else."""

    def test_one_that_is_not_current(self, conda: Conda, two: Path) -> None:
        before = listing(two)
        result = conda.cuda("remove", two, "13.0", "--yes")
        assert result.out.splitlines()[-1] == "Removed from two."
        kept = {k: v for k, v in before.items() if k.split("/")[0] != "cuda-13.0"}
        assert listing(two) == kept

    def test_the_current_one(self, conda: Conda, two: Path) -> None:
        result = conda.cuda("remove", two, "12.4", "--yes")
        assert "The current toolkit goes; none will be current afterwards." in result.out
        assert current(two) is None
        assert [t["version"] for t in conda.cuda("list", two, "--json").json["toolkits"]] == [
            "13.0.2"
        ]

    def test_all_leaves_the_environment_as_it_was(self, conda: Conda, environment: Path) -> None:
        (environment / "bin").mkdir()
        (environment / "bin" / "python").write_text("theirs")
        (environment / "etc/conda/activate.d").mkdir(parents=True)
        (environment / "etc/conda/activate.d/theirs.sh").write_text("theirs")
        before = listing(environment)
        conda.cuda("use", environment, "12.4", *BASE)
        conda.cuda("use", environment, "13.0", "--from=pypi", "--components=nvcc", "--yes")
        document = conda.cuda("remove", environment, "--all", "--yes", "--json").json
        assert document["removed"] == ["cuda-13.0", "cuda-12.4"]
        after = listing(environment)
        # Shells that have the environment active need them; they do nothing anywhere else.
        inert = {name for name in after if name.startswith("etc/conda/deactivate.d")}
        assert len(inert) == 5
        assert {name: text for name, text in after.items() if name not in inert} == before
        assert conda.cuda("remove", environment, "--all", "--yes").out == (
            "No toolkit is installed in one.\n"
        )
        assert listing(environment) == after

    def test_a_dry_run_removes_nothing(self, conda: Conda, two: Path) -> None:
        before = listing(two)
        result = conda.cuda("remove", two, "--all", "--dry-run", check=False)
        assert f"Removes cuda-13.0 ({two}/cuda-13.0)" in result.out
        assert conda.cuda("remove", two, "--all", "--dry-run", "--json").json["removed"] == [
            "cuda-13.0", "cuda-12.4",
        ]  # fmt: skip
        assert listing(two) == before

    def test_an_incomplete_one(self, conda: Conda, two: Path) -> None:
        (two / "cuda-13.0" / "toolkit.yaml").unlink()
        conda.cuda("remove", two, "13.0", "--yes")
        assert not (two / "cuda-13.0").exists()


class TestRun:
    """One process under a toolkit."""

    @pytest.mark.parametrize(
        ("words", "expected"),
        [
            pytest.param(["13.0", "--"], "cuda-13.0", id="version"),
            pytest.param(["--"], "cuda-12.4", id="current"),
            pytest.param(["13.0.2", "--"], "cuda-13.0", id="exact-version"),
            pytest.param([">=12.5,<14", "--"], "cuda-13.0", id="range"),
        ],
    )
    def test_the_variables_lead_to_the_toolkit(
        self, words: list[str], expected: str, conda: Conda, two: Path
    ) -> None:
        script = 'echo "$CUDA_HOME|$CUDA_PATH|$CUDAToolkit_ROOT|$LD_LIBRARY_PATH|${PATH%%:*}"'
        result = conda.cuda("run", two, *words, "sh", "-c", script)
        root = two / expected
        assert result.out == f"{root}|{root}|{root}|{root}/lib64|{root}/bin\n"

    def test_a_tool_of_the_toolkit(self, conda: Conda, two: Path) -> None:
        assert conda.cuda("run", two, "13.0", "--", "nvcc").out.endswith("release 13.0, V13.0.88\n")
        assert conda.cuda("run", two, "--", "nvcc", check=False).code == 1

    @pytest.mark.parametrize("code", [0, 1, 2, 3, 77, 255])
    def test_the_exit_code_is_the_commands(self, code: int, conda: Conda, two: Path) -> None:
        result = conda.cuda("run", two, "--", "sh", "-c", f"exit {code}", check=False)
        assert (result.code, result.out, result.err) == (code, "", "")

    def test_a_signal_ends_it_as_it_ends_the_command(self, conda: Conda, two: Path) -> None:
        result = conda.cuda("run", two, "--", "sh", "-c", "kill -TERM $$", check=False)
        assert result.code == -15

    def test_signals_reach_the_command(self, conda: Conda, two: Path) -> None:
        script = "trap 'echo caught; exit 5' TERM; echo ready; while :; do sleep 0.05; done"
        process = subprocess.Popen(
            [conda.exe, "cuda", "run", "-p", two, "--", "sh", "-c", script],
            env=conda.environ(), stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.terminate()
        assert (process.communicate(timeout=20)[0], process.returncode) == ("caught\n", 5)

    def test_standard_input_reaches_the_command(self, conda: Conda, two: Path) -> None:
        assert conda.cuda("run", two, "--", "cat", stdin="a\n\nb").out == "a\n\nb"

    @pytest.mark.parametrize(
        "arguments",
        [
            pytest.param(["a b", "c  d"], id="blanks"),
            pytest.param(["", "x", ""], id="empty"),
            pytest.param(["-x", "--yes", "-p", "/nowhere"], id="dashes"),
            pytest.param(
                ["--json", "--help", "-h", "-n", "other"], id="options-that-conda-has-too"
            ),
            pytest.param(["--", "--", "a"], id="more-dashes"),
            pytest.param(["$HOME", "`id`", "*", "'", '"', "\\", "a\nb"], id="what-shells-expand"),
            pytest.param(["12.4", "13.0"], id="versions"),
        ],
    )
    def test_arguments_arrive_as_they_are(
        self, arguments: list[str], conda: Conda, two: Path
    ) -> None:
        script = 'for a in "$@"; do printf "<%s>" "$a"; done'
        for version in ([], ["13.0"]):
            result = conda.cuda("run", two, *version, "--", "sh", "-c", script, "sh", *arguments)
            assert result.out == "".join(f"<{argument}>" for argument in arguments)

    def test_a_command_without_dashes(self, conda: Conda, two: Path) -> None:
        assert conda.cuda("run", two, "echo", "x").out == "x\n"
        assert conda.cuda("run", two, "13.0", "nvcc").out.endswith("V13.0.88\n")

    def test_the_rest_of_the_library_path_is_kept(self, conda: Conda, two: Path) -> None:
        script = ["sh", "-c", 'echo "$LD_LIBRARY_PATH"']
        path = f"{two}/cuda/lib64:/opt/x y:/opt/ü"
        result = conda.cuda("run", two, "13.0", "--", *script, LD_LIBRARY_PATH=path)
        assert result.out == f"{two}/cuda-13.0/lib64:/opt/x y:/opt/ü\n"
        result = conda.cuda("run", two, "13.0", "--", *script, LD_LIBRARY_PATH="")
        assert result.out == f"{two}/cuda-13.0/lib64\n"

    def test_nothing_is_changed(self, conda: Conda, two: Path) -> None:
        before = listing(two)
        conda.cuda("run", two, "13.0", "--", "true")
        assert listing(two) == before
