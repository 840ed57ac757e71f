"""The driver: its kernel module and its libraries."""

from __future__ import annotations

import pytest

from conda_cuda_plugin.machine.detect import detect

from ..fuzz.watching import watched
from .drivers import OPEN, PROPRIETARY, StandIns, Tree
from .looking import L4, look, shown


class TestNoDriver:
    def test_it_is_a_normal_answer(self, tree: Tree) -> None:
        machine = look(tree)
        assert shown(machine) == (None, None, [])
        assert machine.notes == ()
        assert machine.evidence == ()

    def test_nothing_is_started_or_loaded_for_it(self, tree: Tree) -> None:
        # Once before, because Python writes down what it compiles.
        look(tree)
        with watched():
            look(tree)

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
