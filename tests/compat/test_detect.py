"""What is found on machines with a driver, with a broken one, and with none."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from conda_cuda_plugin.compat.detect import detect
from conda_cuda_plugin.compat.machine import Machine

from .drivers import OPEN, PROPRIETARY, StandIns, Tree, compile_standins

L4 = {"STANDIN_GPUS": "NVIDIA L4:8:9", "STANDIN_DRIVER": "550.54.15", "STANDIN_CUDA": "12040"}


@pytest.fixture(scope="session")
def standins(tmp_path_factory: pytest.TempPathFactory) -> StandIns:
    return compile_standins(tmp_path_factory.mktemp("driver"))


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path / "root")


def shown(machine: Machine) -> tuple[str | None, str | None, list[tuple[str | None, str | None]]]:
    """Driver, its CUDA and the GPUs, as text."""
    return (
        str(machine.driver) if machine.driver else None,
        str(machine.driver_cuda) if machine.driver_cuda else None,
        [(gpu.name, str(gpu.capability) if gpu.capability else None) for gpu in machine.gpus],
    )


def look(tree: Tree, variables: dict[str, str] | None = None, **extra: Any) -> Machine:
    return detect(tree.root, variables or {}, **{"compiler": False, **extra})


class TestNoDriver:
    def test_it_is_a_normal_answer(self, tree: Tree) -> None:
        machine = look(tree)
        assert shown(machine) == (None, None, [])
        assert machine.notes == ()
        assert machine.evidence == ()

    def test_it_takes_no_time(self, tree: Tree) -> None:
        look(tree)
        started = time.perf_counter()
        look(tree)
        # 300 ms is what a user may wait; no process is started, so it takes one or two.
        assert time.perf_counter() - started < 0.15

    @pytest.mark.parametrize(
        "variables",
        [{}, {"CONDA_OVERRIDE_CUDA": ""}, {"LD_LIBRARY_PATH": "::/nowhere:"}, {"PATH": "/nowhere"}],
        ids=str,
    )
    def test_nor_does_it_with_odd_variables(self, tree: Tree, variables: dict[str, str]) -> None:
        assert shown(look(tree, variables)) == (None, None, [])

    def test_this_machine_is_answered_too(self) -> None:
        machine = detect(compiler=False)
        assert machine.libc is None or machine.libc.startswith(("glibc", "musl"))


class TestKernelModule:
    @pytest.mark.parametrize("proc", [PROPRIETARY, OPEN], ids=["proprietary", "open"])
    @pytest.mark.parametrize("release", ["535.129.03", "580.95.05", "470.42.01", "390.157"])
    def test_proc_tells_the_release(self, tree: Tree, proc: str, release: str) -> None:
        tree.module(release, proc=proc, sys=False)
        machine = look(tree)
        assert str(machine.driver) == release
        assert dict(machine.evidence)["driver"].endswith("/proc/driver/nvidia/version")

    def test_sys_is_asked_first(self, tree: Tree) -> None:
        machine = look(tree.module("575.57.08"))
        assert dict(machine.evidence)["driver"].endswith("/sys/module/nvidia/version")

    def test_its_branch_tells_the_cuda(self, tree: Tree) -> None:
        machine = look(tree.module("535.129.03"))
        assert shown(machine)[:2] == ("535.129.03", "12.2")
        assert dict(machine.evidence)["driver_cuda"] == "driver branch R535"

    def test_a_container_without_the_libraries_is_told_how_to_get_them(self, tree: Tree) -> None:
        (note,) = look(tree.module("535.129.03")).notes
        assert "--gpus all" in note

    @pytest.mark.parametrize(
        "garbage", [b"", b"\0" * 200, b"\xff\xfe\x00nonsense", b"NVRM version: none\n", b"9" * 9000]
    )
    def test_garbage_is_no_driver(self, tree: Tree, garbage: bytes) -> None:
        tree.write("sys/module/nvidia/version", garbage)
        tree.write("proc/driver/nvidia/version", garbage)
        assert shown(look(tree)) == (None, None, [])

    def test_a_folder_in_place_of_a_file_is_no_driver(self, tree: Tree) -> None:
        tree.write("sys/module/nvidia/version/x", "550").write("usr/lib64/libcuda.so.1/x", "")
        assert shown(look(tree)) == (None, None, [])


class TestLibraries:
    @pytest.mark.parametrize(
        "folder",
        [
            "usr/lib64",
            "usr/lib/x86_64-linux-gnu",
            "usr/lib/aarch64-linux-gnu",
            "usr/lib64/nvidia",
            "usr/local/nvidia/lib64",
            "run/opengl-driver/lib",
            "usr/lib/wsl/lib",
        ],
    )
    def test_they_are_found_where_drivers_put_them(
        self, tree: Tree, standins: StandIns, folder: str
    ) -> None:
        tree.library(standins.nvml, folder).library(standins.cuda, folder)
        machine = look(tree, L4)
        assert shown(machine) == ("550.54.15", "12.4", [("NVIDIA L4", "8.9")])
        assert machine.notes == ()
        assert dict(machine.evidence) == {
            "driver": str(tree.root / folder / "libnvidia-ml.so.1"),
            "gpus": str(tree.root / folder / "libnvidia-ml.so.1"),
            "driver_cuda": str(tree.root / folder / "libcuda.so.1"),
        }

    def test_ld_library_path_comes_first(self, tree: Tree, standins: StandIns) -> None:
        tree.library(standins.cuda)
        machine = look(tree, {**L4, "LD_LIBRARY_PATH": f"/nowhere:{standins.folder}"})
        assert dict(machine.evidence)["driver_cuda"] == str(standins.cuda)

    def test_the_loaders_cache_is_read(self, tree: Tree, standins: StandIns) -> None:
        tree.library(standins.cuda, "opt/odd place")
        tree.write(
            "etc/ld.so.cache",
            b"glibc-ld.so.cache1.1\0\1\2libcuda.so.1\0/opt/odd place/libcuda.so.1\0libz.so.1\0",
        )
        assert shown(look(tree, L4))[1:] == ("12.4", [("NVIDIA L4", "8.9")])

    def test_libcuda_alone_knows_the_gpus(self, tree: Tree, standins: StandIns) -> None:
        machine = look(tree.module("550.54.15").library(standins.cuda), L4)
        assert shown(machine) == ("550.54.15", "12.4", [("NVIDIA L4", "8.9")])

    def test_nvml_alone_knows_everything_but_not_what_conda_sees(
        self, tree: Tree, standins: StandIns
    ) -> None:
        machine = look(tree.library(standins.nvml), L4)
        assert shown(machine) == ("550.54.15", "12.4", [("NVIDIA L4", "8.9")])
        assert machine.notes == (
            "conda's __cuda is absent here: it needs a libcuda whose cuInit succeeds.",
        )

    def test_several_gpus_keep_their_order(self, tree: Tree, standins: StandIns) -> None:
        tree.library(standins.nvml).library(standins.cuda)
        cards = ";".join(f"GPU {number}:8:{number}" for number in (9, 0, 6))
        machine = look(tree, {**L4, "STANDIN_GPUS": cards})
        assert [str(gpu.capability) for gpu in machine.gpus] == ["8.9", "8.0", "8.6"]

    def test_an_old_nvml_leaves_the_capability_to_libcuda(
        self, tree: Tree, standins: StandIns
    ) -> None:
        tree.library(standins.nvml).library(standins.cuda)
        machine = look(tree, {**L4, "STANDIN_NO_CAPABILITY": "1"})
        assert shown(machine)[2] == [("NVIDIA L4", "8.9")]

    def test_hidden_devices_are_seen(self, tree: Tree, standins: StandIns) -> None:
        tree.library(standins.cuda)
        assert shown(look(tree, {**L4, "CUDA_VISIBLE_DEVICES": ""}))[1:] == (
            "12.4",
            [("NVIDIA L4", "8.9")],
        )

    def test_libraries_that_print_do_not_disturb(self, tree: Tree, standins: StandIns) -> None:
        tree.library(standins.nvml).library(standins.cuda)
        machine = look(tree, {**L4, "STANDIN_TALK": "1"})
        assert shown(machine) == ("550.54.15", "12.4", [("NVIDIA L4", "8.9")])
        assert machine.notes == ()

    def test_libcuda_is_left_alone_when_nvml_has_said_it_all(
        self, tree: Tree, standins: StandIns
    ) -> None:
        tree.library(standins.nvml).library(standins.cuda)
        machine = look(tree, {**L4, "STANDIN_CUDA_INIT": "crash"}, full=False)
        assert shown(machine) == ("550.54.15", "12.4", [("NVIDIA L4", "8.9")])
        assert machine.notes == ()

    def test_a_module_and_libraries_of_different_releases_are_told(
        self, tree: Tree, standins: StandIns
    ) -> None:
        tree.module("535.129.03").library(standins.nvml).library(standins.cuda)
        machine = look(tree, L4)
        assert str(machine.driver) == "535.129.03"
        assert "says driver 535.129.03" in machine.notes[0]
        assert "says 550.54.15" in machine.notes[0]

    def test_cuda_compat_is_told(self, tree: Tree, standins: StandIns) -> None:
        folder = tree.root / "env" / "cuda-compat"
        tree.module("535.129.03").library(standins.cuda, "env/cuda-compat")
        machine = look(tree, {**L4, "LD_LIBRARY_PATH": str(folder)})
        assert shown(machine)[:2] == ("535.129.03", "12.4")
        assert "is of cuda-compat" in machine.notes[0]


class TestBrokenLibraries:
    @pytest.mark.parametrize("library", ["NVML", "CUDA"])
    def test_one_that_hangs_is_given_up(self, tree: Tree, standins: StandIns, library: str) -> None:
        tree.module("550.54.15").library(standins.nvml).library(standins.cuda)
        started = time.perf_counter()
        machine = look(tree, {**L4, f"STANDIN_{library}_INIT": "hang"}, timeout=1)
        assert time.perf_counter() - started < 5
        assert shown(machine)[:2] == ("550.54.15", "12.4")
        assert any("did not answer within" in note for note in machine.notes)
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


class TestWindows:
    def test_the_dlls_are_found_below_system32(self, tree: Tree, standins: StandIns) -> None:
        system = "Windows/System32"
        tree.library(standins.nvml, system, "nvml.dll").library(standins.cuda, system, "nvcuda.dll")
        machine = look(tree, {**L4, "STANDIN_DRIVER": "551.61"}, windows=True)
        assert machine.windows
        assert shown(machine) == ("551.61", "12.4", [("NVIDIA L4", "8.9")])
        assert machine.libc is None

    def test_old_drivers_keep_nvml_elsewhere(self, tree: Tree, standins: StandIns) -> None:
        tree.library(standins.nvml, "Program Files/NVIDIA Corporation/NVSMI", "nvml.dll")
        assert shown(look(tree, L4, windows=True))[0] == "550.54.15"


class TestOverrides:
    @pytest.mark.parametrize(
        ("text", "cuda", "driver"),
        [("12.0", "12.0", None), ("12.4", "12.4", "550.54.15"), (" 11.8 ", "11.8", None)],
    )
    def test_a_stated_cuda_stands_in_for_the_driver(
        self, tree: Tree, standins: StandIns, text: str, cuda: str, driver: str | None
    ) -> None:
        tree.library(standins.nvml).library(standins.cuda)
        machine = look(tree, {**L4, "CONDA_OVERRIDE_CUDA": text})
        assert shown(machine) == (driver, cuda, [("NVIDIA L4", "8.9")])
        assert dict(machine.evidence)["driver_cuda"] == "CONDA_OVERRIDE_CUDA"
        assert bool(machine.notes) is (driver is None)

    def test_an_empty_one_is_a_machine_without_cuda(self, tree: Tree, standins: StandIns) -> None:
        tree.module("550.54.15").library(standins.nvml).library(standins.cuda)
        machine = look(tree, {**L4, "CONDA_OVERRIDE_CUDA": ""})
        assert shown(machine) == (None, None, [])
        assert "CONDA_OVERRIDE_CUDA is empty" in machine.notes[0]

    def test_it_needs_no_driver(self, tree: Tree) -> None:
        assert shown(look(tree, {"CONDA_OVERRIDE_CUDA": "12.6"})) == (None, "12.6", [])

    def test_a_stated_architecture_is_the_gpu(self, tree: Tree, standins: StandIns) -> None:
        tree.library(standins.cuda)
        machine = look(tree, {**L4, "CONDA_OVERRIDE_CUDA_ARCH": "9.0"})
        assert shown(machine)[2] == [(None, "9.0")]
        assert shown(look(tree, {**L4, "CONDA_OVERRIDE_CUDA_ARCH": ""}))[2] == []

    @pytest.mark.parametrize("variable", ["CONDA_OVERRIDE_CUDA", "CONDA_OVERRIDE_CUDA_ARCH"])
    @pytest.mark.parametrize("text", ["nonsense", "12", "12.4; rm", "\x1b[0m"])
    def test_nonsense_is_told_and_ignored(
        self, tree: Tree, standins: StandIns, variable: str, text: str
    ) -> None:
        tree.library(standins.cuda)
        machine = look(tree, {**L4, variable: text})
        assert shown(machine)[1:] == ("12.4", [("NVIDIA L4", "8.9")])
        assert any(note.startswith(f"{variable} is ") for note in machine.notes)


class TestAgreementWithConda:
    @pytest.mark.parametrize(
        "variables",
        [
            {},
            {"CUDA_VISIBLE_DEVICES": ""},
            {"STANDIN_CUDA_INIT": "100"},
            {"STANDIN_CUDA_INIT": "crash"},
            {"STANDIN_AT": "cuDriverGetVersion"},
            {"CONDA_OVERRIDE_CUDA": "11.8"},
            {"CONDA_OVERRIDE_CUDA": ""},
        ],
        ids=str,
    )
    def test_conda_sees_the_same_cuda_or_a_note_says_why_not(
        self, conda: Any, standins: StandIns, tree: Tree, variables: dict[str, str]
    ) -> None:
        given = {**L4, "LD_LIBRARY_PATH": str(standins.folder), **variables}
        packages = conda("info", "--json", **given).json["virtual_pkgs"]
        conda_cuda = next((version for name, version, _ in packages if name == "__cuda"), None)
        machine = look(tree, given)
        ours = str(machine.driver_cuda) if machine.driver_cuda else None
        told = any("__cuda is absent" in note for note in machine.notes)
        assert (conda_cuda == ours) is not told
        assert conda_cuda in (ours, None)


class TestHost:
    def gcc(self, tree: Tree, name: str, answer: str) -> Path:
        tree.program(f"bin/{name}", answer)
        return tree.root / "bin" / name

    def compiler(self, tree: Tree, **variables: str) -> tuple[Any, str | None]:
        given = {"PATH": str(tree.root / "bin"), **variables}
        machine = detect(tree.root, given)
        return machine.host_compiler, dict(machine.evidence).get("host_compiler")

    def test_gcc_on_path(self, tree: Tree) -> None:
        path = self.gcc(tree, "gcc", "echo 13.2.0")
        compiler, where = self.compiler(tree, CC="/nowhere/clang")
        assert (compiler.name, compiler.version, compiler.path) == ("gcc", (13, 2, 0), str(path))
        assert where == "PATH"

    def test_old_gccs_tell_only_dumpversion(self, tree: Tree) -> None:
        self.gcc(tree, "gcc", '[ "$2" = -dumpversion ] && echo 4.8')
        assert self.compiler(tree)[0].version == (4, 8)

    @pytest.mark.parametrize(
        ("variable", "value"),
        [
            ("NVCC_CCBIN", "{}"),
            ("NVCC_PREPEND_FLAGS", "-O3 -ccbin={}"),
            ("NVCC_PREPEND_FLAGS", "-ccbin {} -lineinfo"),
            ("NVCC_APPEND_FLAGS", "--compiler-bindir={}"),
        ],
    )
    def test_what_nvcc_is_told_goes_before_path(
        self, tree: Tree, variable: str, value: str
    ) -> None:
        self.gcc(tree, "gcc", "echo 13.2.0")
        other = self.gcc(tree, "x86_64-conda-linux-gnu-c++", "echo 11.4.0")
        compiler, where = self.compiler(tree, **{variable: value.format(other)})
        assert (compiler.version, where) == ((11, 4, 0), variable)

    def test_a_folder_holds_a_gcc(self, tree: Tree) -> None:
        path = self.gcc(tree, "gcc", "echo 12.1.0")
        assert self.compiler(tree, PATH="", NVCC_CCBIN=str(path.parent))[0].path == str(path)

    def test_clang(self, tree: Tree) -> None:
        path = self.gcc(tree, "clang++-15", 'echo "Debian clang version 15.0.6"')
        compiler, _ = self.compiler(tree, NVCC_CCBIN=str(path))
        assert (compiler.name, compiler.version) == ("clang", (15, 0, 6))

    @pytest.mark.parametrize("script", ["exit 1", "echo what", "kill -SEGV $$", ""])
    def test_one_that_does_not_answer_is_none(self, tree: Tree, script: str) -> None:
        self.gcc(tree, "gcc", script)
        assert self.compiler(tree) == (None, None)

    def test_none(self, tree: Tree) -> None:
        assert self.compiler(tree) == (None, None)

    def test_unreadable_flags_are_passed_over(self, tree: Tree) -> None:
        self.gcc(tree, "gcc", "echo 13.2.0")
        assert self.compiler(tree, NVCC_PREPEND_FLAGS="-ccbin 'open")[0].version == (13, 2, 0)

    def test_visual_cpp_of_a_developer_prompt(self, tree: Tree) -> None:
        machine = detect(tree.root, {"VCTOOLSVERSION": "14.38.33130"}, windows=True)
        assert machine.host_compiler is not None
        assert machine.host_compiler.version == (19, 38)

    def test_the_c_library(self) -> None:
        machine = detect(compiler=False)
        if os.path.exists("/lib64/ld-linux-x86-64.so.2"):
            assert str(machine.libc).startswith("glibc 2.")
