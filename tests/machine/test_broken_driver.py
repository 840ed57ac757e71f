"""A driver whose libraries crash, hang or lie, and nvidia-smi in their stead."""

from __future__ import annotations

import time
from typing import Any

import pytest

from .drivers import StandIns, Tree
from .looking import L4, look, shown


class TestBrokenLibraries:
    @pytest.mark.parametrize("library", ["NVML", "CUDA"])
    def test_one_that_hangs_is_given_up(self, tree: Tree, standins: StandIns, library: str) -> None:
        tree.module("550.54.15").library(standins.nvml).library(standins.cuda)
        started = time.perf_counter()
        machine = look(tree, {**L4, f"STANDIN_{library}_INIT": "hang"}, timeout=1)
        assert time.perf_counter() - started < 5
        assert shown(machine)[:2] == ("550.54.15", "12.4")
        assert any("did not answer within 1 s" in note for note in machine.notes)
        # What NVML had said before is kept.
        assert bool(machine.gpus) is (library == "CUDA")

    @pytest.mark.parametrize("library", ["NVML", "CUDA"])
    def test_one_that_crashes_leaves_the_other(
        self, tree: Tree, standins: StandIns, library: str
    ) -> None:
        tree.library(standins.nvml).library(standins.cuda)
        machine = look(tree, {**L4, f"STANDIN_{library}_INIT": "crash"})
        assert shown(machine)[1:] == ("12.4", [("NVIDIA L4", "8.9")])
        assert any("crashed (SIGSEGV) in" in note for note in machine.notes)

    def test_both_may_crash(self, tree: Tree, standins: StandIns) -> None:
        tree.module("550.54.15").library(standins.nvml).library(standins.cuda)
        crash = {"STANDIN_NVML_INIT": "crash", "STANDIN_CUDA_INIT": "crash"}
        machine = look(tree, {**L4, **crash})
        assert shown(machine) == ("550.54.15", "12.4", [])
        assert len([note for note in machine.notes if "crashed (SIGSEGV)" in note]) == 2

    @pytest.mark.parametrize(
        "function",
        [
            "nvmlInit_v2",
            "nvmlSystemGetDriverVersion",
            "nvmlSystemGetCudaDriverVersion_v2",
            "nvmlDeviceGetCount_v2",
            "cuInit",
            "cuDriverGetVersion",
            "cuDeviceGetCount",
        ],
    )
    @pytest.mark.parametrize("how", ["999", "crash", "hang"])
    def test_any_call_may_fail(
        self, tree: Tree, standins: StandIns, function: str, how: str
    ) -> None:
        tree.module("550.54.15").library(standins.nvml).library(standins.cuda)
        broken = {"STANDIN_AT": function, "STANDIN_HOW": how}
        machine = look(tree, {**L4, **broken}, timeout=1)
        assert shown(machine)[:2] == ("550.54.15", "12.4")
        assert any(function in note for note in machine.notes)

    @pytest.mark.parametrize(
        ("library", "code", "meaning"),
        [
            ("CUDA", "100", "no GPU is there"),
            ("CUDA", "34", "stub"),
            ("CUDA", "803", "different releases"),
            ("CUDA", "12345", "cuInit answers 12345"),
            ("NVML", "9", "not loaded"),
            ("NVML", "18", "restart"),
        ],
    )
    def test_codes_are_told(
        self, tree: Tree, standins: StandIns, library: str, code: str, meaning: str
    ) -> None:
        tree.library(standins.nvml).library(standins.cuda)
        machine = look(tree, {**L4, f"STANDIN_{library}_INIT": code})
        assert any(meaning in note for note in machine.notes)

    def test_libraries_without_functions_are_told(self, tree: Tree, standins: StandIns) -> None:
        empty = standins.folder / "empty"
        tree.library(empty / "libcuda.so.1").library(empty / "libnvidia-ml.so.1")
        machine = look(tree, L4)
        assert shown(machine) == (None, None, [])
        assert any("libcuda has no function cuInit" in note for note in machine.notes)

    @pytest.mark.parametrize(
        "content", [b"", b"not a library", b"\x7fELF" + b"\0" * 60, b"\x7fELF\1\1\1" + b"x" * 999]
    )
    def test_files_that_are_no_libraries_are_told(self, tree: Tree, content: bytes) -> None:
        tree.write("usr/lib64/libcuda.so.1", content)
        tree.write("usr/lib64/libnvidia-ml.so.1", content)
        machine = look(tree, L4)
        assert shown(machine) == (None, None, [])
        assert any("could not be loaded" in note for note in machine.notes)

    def test_the_next_file_is_taken_when_the_first_is_no_library(
        self, tree: Tree, standins: StandIns
    ) -> None:
        tree.write("lib64/libcuda.so.1", "32 bits, say").library(standins.cuda, "usr/lib64")
        assert shown(look(tree, L4))[1] == "12.4"

    @pytest.mark.parametrize(
        ("variables", "expected"),
        [
            ({"STANDIN_CUDA": "-5"}, ("550.54.15", "12.4", [("NVIDIA L4", "8.9")])),
            ({"STANDIN_CUDA": "99999999"}, ("550.54.15", "12.4", [("NVIDIA L4", "8.9")])),
            ({"STANDIN_GPUS": "X:77:99"}, ("550.54.15", "12.4", [("X", None)])),
            ({"STANDIN_GPUS": "\x1b[31mX:-1:0"}, ("550.54.15", "12.4", [("[31mX", None)])),
            ({"STANDIN_DRIVER": "n/a"}, (None, "12.4", [("NVIDIA L4", "8.9")])),
        ],
        ids=str,
    )
    def test_nonsense_is_not_believed(
        self, tree: Tree, standins: StandIns, variables: dict[str, str], expected: Any
    ) -> None:
        tree.library(standins.nvml).library(standins.cuda)
        machine = look(tree, {**L4, "STANDIN_NVML_CUDA": "12040", **variables})
        assert shown(machine) == expected
        assert machine.notes


class TestNvidiaSmi:
    ANSWER = 'case "$*" in *compute_cap*) echo "NVIDIA L4, 550.54.15, 8.9";; esac'
    OLD = 'case "$*" in *compute_cap*) exit 2;; *) echo "Tesla K80, 470.256.02";; esac'

    def test_it_is_asked_where_the_libraries_are_silent(self, tree: Tree) -> None:
        tree.program("bin/nvidia-smi", self.ANSWER)
        machine = look(tree, {"PATH": str(tree.root / "bin")})
        assert shown(machine) == ("550.54.15", "12.4", [("NVIDIA L4", "8.9")])
        assert dict(machine.evidence)["gpus"].endswith("/nvidia-smi")

    def test_an_old_one_does_not_know_the_capability(self, tree: Tree) -> None:
        tree.program("bin/nvidia-smi", self.OLD)
        machine = look(tree, {"PATH": str(tree.root / "bin")})
        assert shown(machine) == ("470.256.02", "11.4", [("Tesla K80", None)])

    @pytest.mark.parametrize(
        "script",
        [
            "exit 9",
            "sleep 60",
            "kill -SEGV $$",
            "echo NVIDIA-SMI has failed",
            "head -c 9999 /dev/urandom",
        ],
    )
    def test_one_that_fails_is_a_note_at_most(self, tree: Tree, script: str) -> None:
        tree.program("bin/nvidia-smi", script)
        path = f"{tree.root / 'bin'}:/usr/bin:/bin"
        started = time.perf_counter()
        assert shown(look(tree, {"PATH": path}, timeout=1)) == (None, None, [])
        assert time.perf_counter() - started < 5

    def test_wsl_has_its_own_place_and_shows_the_windows_driver(self, tree: Tree) -> None:
        tree.write("proc/sys/kernel/osrelease", "5.15.153.1-microsoft-standard-WSL2\n")
        tree.program("usr/lib/wsl/lib/nvidia-smi", self.ANSWER.replace("550.54.15", "551.61"))
        machine = look(tree)
        assert machine.wsl
        assert shown(machine) == ("551.61", "12.4", [("NVIDIA L4", "8.9")])
