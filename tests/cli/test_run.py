"""`conda cuda run`: signals, and toolkits of other origins."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from conda_cuda_plugin.data import bound_tools

from ..conftest import Conda
from .in_words import assert_in_words

FLAGS = "--xla_gpu_cuda_data_dir="


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1"])
def test_every_signal_reaches_the_command(conda: Conda, two: Path, name: str) -> None:
    short = name.removeprefix("SIG")
    script = f"trap 'echo {name}; exit 7' {short}; echo ready; while :; do sleep 0.05; done"
    process = subprocess.Popen(
        [conda.exe, "cuda", "run", "-p", two, "13.0", "--", "sh", "-c", script],
        env=conda.environ(), stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(getattr(signal, name))
    assert (process.communicate(timeout=20)[0], process.returncode) == (f"{name}\n", 7)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL, signal.SIGPIPE, signal.SIGXFSZ])
def test_a_signal_ends_the_command_as_without_us(conda: Conda, two: Path, number: int) -> None:
    """Python ignores some of them, which its children would inherit."""
    words = ["sh", "-c", f"kill -{int(number)} $$; exit 9"]
    assert subprocess.run(words).returncode == -number
    assert conda.cuda("run", two, "--", *words, check=False).code == -number


def test_a_reader_that_goes_away_ends_the_command_silently(conda: Conda, two: Path) -> None:
    words = [conda.exe, "cuda", "run", "-p", two, "--", "yes"]
    process = subprocess.Popen(
        words, env=conda.environ(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None and process.stderr is not None
    assert process.stdout.readline() == b"y\n"
    process.stdout.close()
    assert (process.wait(timeout=20), process.stderr.read()) == (-signal.SIGPIPE, b"")


def test_an_adopted_toolkit(conda: Conda, two: Path, tmp_path: Path) -> None:
    system = tmp_path / "cuda-9.1"
    for folder in ("lib64", "include", "bin"):
        (system / folder).mkdir(parents=True)
    (system / "version.txt").write_text("CUDA Version 9.1.85\n")
    (system / "lib64" / "libcudart.so.9.1").write_bytes(b"9.1 of the machine")
    (system / "bin" / "nvcc").write_text("#!/bin/sh\necho of the machine\n")
    (system / "bin" / "nvcc").chmod(0o755)
    conda.cuda("use", two, system, "--yes")
    conda.cuda("use", two, "12.4")
    script = 'nvcc; cat "${LD_LIBRARY_PATH%%:*}/libcudart.so.9.1"; exit 3'
    result = conda.cuda("run", two, "9.1", "--", "sh", "-c", script, check=False)
    assert (result.code, result.out) == (3, "of the machine\n9.1 of the machine")


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ({}, "ours"),
        ({"XLA_FLAGS": ""}, "ours"),
        ({"XLA_FLAGS": "--mine"}, "--mine"),
        # What a hook has set for the current toolkit gives way.
        ({"XLA_FLAGS": f"{FLAGS}/e/cuda", "__CONDA_CUDA_XFM": f"{FLAGS}/e/cuda"}, "ours"),
    ],
)
def test_xla_finds_the_toolkit(
    conda: Conda, two: Path, before: dict[str, str], expected: str
) -> None:
    words = ("13.0", "--", "sh", "-c", 'echo "$XLA_FLAGS"')
    ours = f"{FLAGS}{two}/cuda-13.0"
    shown = conda.cuda("run", two, *words, **before).out
    assert shown == f"{ours if expected == 'ours' else expected}\n"


def test_a_file_that_is_no_program(conda: Conda, two: Path, tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_bytes(b"\x7fELF nonsense")
    program.chmod(0o755)
    result = conda.cuda("run", two, "--", os.fspath(program), check=False)
    assert (result.code, result.out) == (1, "")
    assert f"{program} cannot be started: " in result.err
    assert "Traceback" not in result.err


def other_nvcc(conda: Conda, tmp_path: Path) -> dict[str, str]:
    """PATH with another toolkit's tools on it, and with a profiler that belongs to none."""
    for folder, names in (("cuda-11.0/bin", ["nvcc", "nvprof"]), ("nsight", ["nsys"])):
        (tmp_path / folder).mkdir(parents=True)
        for name in names:
            (tmp_path / folder / name).write_text(f"#!/bin/sh\necho another {name}\n")
            (tmp_path / folder / name).chmod(0o755)
    return {"PATH": f"{tmp_path}/cuda-11.0/bin:{tmp_path}/nsight:{os.environ['PATH']}"}


def test_no_tool_that_the_toolkit_lacks_is_another_toolkits(
    conda: Conda, two: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "cuda-11.0" / "bin"
    folder.mkdir(parents=True)
    for name in bound_tools():
        (folder / name).write_text("#!/bin/sh\necho another\n")
        (folder / name).chmod(0o755)
    variables = {"PATH": f"{folder}:{os.environ['PATH']}"}
    # 12.4 is the runtime alone; 13.0 beside it has nvcc and what comes with it.
    for name in ("nvcc", "ptxas", "cuda-gdb"):
        result = conda.cuda("run", two, "12.4", "--", name, check=False, **variables)
        assert_in_words(result, 1, f"CUDA 12.4.1 in this environment has no {name}.")
        assert "  conda cuda use 12.4 --flavor devel\n" in result.err
    # Behind another program it says the same, and whoever looks for it finds no other.
    script = "".join(f"{name} --version; env {name}; echo $?; " for name in bound_tools())
    result = conda.cuda("run", two, "12.4", "--", "sh", "-c", script, **variables)
    assert result.out == "127\n" * len(bound_tools())
    said = "{0}: CUDA 12.4 in this environment has no {0}.\n"
    hint = "  conda cuda run 12.4 -- {0} says how to get it.\n"
    assert result.err == "".join((said + hint).format(name) * 2 for name in bound_tools())
    # Its path says which one is meant.
    assert conda.cuda("run", two, "12.4", "--", folder / "nvcc", **variables).out == "another\n"


def test_the_cure_names_what_is_installed_and_what_is_gone(
    conda: Conda, two: Path, tmp_path: Path
) -> None:
    variables = other_nvcc(conda, tmp_path)
    nvcc = conda.cuda("run", two, "12.4", "--", "nvcc", check=False, **variables)
    assert "  conda cuda use 12.4 --flavor devel\n" in nvcc.err
    assert "  conda cuda run 13.0 -- nvcc   (installed here)\n" in nvcc.err
    gone = conda.cuda("run", two, "13.0", "--", "nvprof", check=False, **variables)
    assert "  conda cuda use 12.9 --flavor devel   (the last release with it)\n" in gone.err


def test_what_serves_every_release_is_taken_where_it_lies(
    conda: Conda, two: Path, tmp_path: Path
) -> None:
    variables = other_nvcc(conda, tmp_path)
    assert conda.cuda("run", two, "12.4", "--", "nsys", **variables).out == "another nsys\n"


def test_a_tool_that_is_there_runs_by_any_way(conda: Conda, two: Path, tmp_path: Path) -> None:
    variables = other_nvcc(conda, tmp_path)
    for words in (["nvcc"], ["env", "nvcc"], ["sh", "-c", "command -v nvcc"]):
        shown = conda.cuda("run", two, "13.0", "--", *words, **variables).out
        assert "another" not in shown
        assert "cuda-11.0" not in shown
