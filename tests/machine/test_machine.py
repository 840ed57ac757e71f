"""What is found on machines with a driver, with a broken one, and with none."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from conda_cuda_plugin.machine.detect import detect
from conda_cuda_plugin.machine.machine import Override

from .drivers import StandIns, Tree
from .looking import L4, look, shown


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
        [stated] = machine.overrides
        assert (stated.value, stated.found, stated.counts) == (cuda, "12.4", True)
        assert bool(stated.note) is (driver is None)
        assert machine.notes == ()

    def test_an_empty_one_is_a_machine_without_cuda(self, tree: Tree, standins: StandIns) -> None:
        tree.module("550.54.15").library(standins.nvml).library(standins.cuda)
        machine = look(tree, {**L4, "CONDA_OVERRIDE_CUDA": ""})
        assert shown(machine) == (None, None, [])
        [stated] = machine.overrides
        assert "CONDA_OVERRIDE_CUDA is empty" in stated.note
        assert (stated.value, stated.found) == (None, "12.4")

    def test_it_needs_no_driver(self, tree: Tree) -> None:
        assert shown(look(tree, {"CONDA_OVERRIDE_CUDA": "12.6"})) == (None, "12.6", [])

    def test_a_stated_architecture_is_the_gpu(self, tree: Tree, standins: StandIns) -> None:
        tree.library(standins.cuda)
        machine = look(tree, {**L4, "CONDA_OVERRIDE_CUDA_ARCH": "9.0"})
        assert shown(machine)[2] == [(None, "9.0")]
        assert dict(machine.evidence)["gpus"] == "CONDA_OVERRIDE_CUDA_ARCH"
        assert shown(look(tree, {**L4, "CONDA_OVERRIDE_CUDA_ARCH": ""}))[2] == []

    def test_it_counts_beside_a_driver_only(self, tree: Tree) -> None:
        stated = {"CONDA_OVERRIDE_CUDA_ARCH": "9.0"}
        machine = look(tree, stated)
        assert shown(machine) == (None, None, [])
        assert "counts only beside a driver" in machine.overrides[0].note
        assert shown(look(tree, {**stated, "CONDA_OVERRIDE_CUDA": "12.4"}))[2] == [(None, "9.0")]

    def test_a_whole_number_is_what_conda_takes_it_for(self, tree: Tree) -> None:
        assert shown(look(tree, {"CONDA_OVERRIDE_CUDA": "12"}))[1] == "12.0"

    def test_settings_count_where_no_variable_says_otherwise(
        self, tree: Tree, standins: StandIns
    ) -> None:
        tree.library(standins.cuda)
        settings = {
            "cuda": Override("cuda", "12.1", "/x/.condarc", "virtual_packages.__cuda"),
            "cuda_arch": Override("cuda_arch", "7.0", "/x/.condarc", "virtual_packages.cuda_arch"),
        }
        machine = look(tree, L4, settings=settings)
        assert shown(machine) == (None, "12.1", [(None, "7.0")])
        evidence = dict(machine.evidence)
        assert (evidence["driver_cuda"], evidence["gpus"]) == ("/x/.condarc", "/x/.condarc")
        assert [one.found for one in machine.overrides] == ["12.4", "8.9"]
        machine = look(tree, {**L4, "CONDA_OVERRIDE_CUDA": "11.8"}, settings=settings)
        assert shown(machine) == (None, "11.8", [(None, "7.0")])

    @pytest.mark.parametrize("variable", ["CONDA_OVERRIDE_CUDA", "CONDA_OVERRIDE_CUDA_ARCH"])
    @pytest.mark.parametrize("text", ["nonsense", "9.0a", "12.4; rm", "\x1b[0m"])
    def test_nonsense_is_told_and_ignored(
        self, tree: Tree, standins: StandIns, variable: str, text: str
    ) -> None:
        tree.library(standins.cuda)
        machine = look(tree, {**L4, variable: text})
        assert shown(machine)[1:] == ("12.4", [("NVIDIA L4", "8.9")])
        [stated] = machine.overrides
        assert stated.note.startswith(f"{variable} is ")
        assert not stated.counts


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
