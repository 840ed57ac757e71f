"""Letting go of a toolkit, removing it, and running one command under it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from ..channel.shell import Shell
from ..conftest import Conda, shell_function
from ..listing import listing
from .screen_text import BASE, current


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


@pytest.mark.parametrize("words", [("off",), ("remove", "12.4", "--yes")], ids=" ".join)
def test_a_shell_that_has_it_active_hears_of_it(
    conda: Conda, two: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    setup = tmp_path / "conda.sh"
    setup.write_text(shell_function(conda.exe))
    command = " ".join(words)
    script = f"""
        conda cuda {command}; conda cuda info; conda cuda doctor | grep -e '->'
        conda activate two; conda cuda {command.partition(" ")[0]} --json
        echo "${{CUDA_HOME-unset}} ${{LD_LIBRARY_PATH-unset}} ${{XLA_FLAGS-unset}}"
        conda cuda doctor
    """
    script = script.replace("conda cuda remove --json", "conda cuda remove --all --yes --json")
    lines = Shell(conda, setup, Path("/bin/true")).lines(two, script)
    names = "CUDA_HOME, CUDA_PATH, CUDAToolkit_ROOT, XLA_FLAGS, LD_LIBRARY_PATH"
    say = lines.index(f"Variables of this shell still lead to it: {names}.")
    assert lines[say + 1] == "For this shell to let go of it, type:  conda activate two"
    assert any(line.startswith("  variables ") for line in lines)
    assert "  -> conda activate two" in lines
    assert '  "left_in_shell": []' in lines
    assert lines[-2] == "unset unset unset"
    assert lines[-1].endswith("; nothing is wrong.")


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
        assert "This removes the current toolkit; none will be current afterwards." in result.out
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
