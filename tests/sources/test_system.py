"""Toolkits that are installed on the machine: found, read, adopted without copying."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from conda_cuda_plugin.sources.system import SystemSource

from ..conftest import Conda
from ..listing import listing
from .system_toolkits import LINUX, WINDOWS, toolkit


class TestFinding:
    """Where toolkits are looked for, below a folder that stands for `/`."""

    def test_the_usual_places_each_toolkit_once(self, tmp_path: Path) -> None:
        toolkit(tmp_path / "usr/local/cuda-12.6")
        toolkit(tmp_path / "usr/local/cuda-11.8", "11.8.0")
        toolkit(tmp_path / "opt/cuda", "13.0.2")
        # As on Debian and Ubuntu: cuda -> /etc/alternatives/cuda -> cuda-12.6.
        (tmp_path / "etc/alternatives").mkdir(parents=True)
        (tmp_path / "etc/alternatives/cuda").symlink_to(tmp_path / "usr/local/cuda-12.6")
        (tmp_path / "usr/local/cuda").symlink_to(tmp_path / "etc/alternatives/cuda")
        found = SystemSource(tmp_path, {}).find(LINUX)
        assert [(str(t.version), str(t.path.relative_to(tmp_path))) for t in found] == [
            ("13.0.2", "opt/cuda"),
            ("12.6.3", "usr/local/cuda-12.6"),
            ("11.8.0", "usr/local/cuda-11.8"),
        ]

    def test_what_only_looks_like_one_is_passed_over(self, tmp_path: Path) -> None:
        (tmp_path / "usr/local/cuda-1").mkdir(parents=True)
        (tmp_path / "usr/local/cuda-broken").symlink_to("nowhere")
        (tmp_path / "usr/local/cuda-loop").symlink_to("cuda-loop")
        (tmp_path / "usr/local/cuda-file").write_text("")
        (tmp_path / "usr/lib/cuda/include").mkdir(parents=True)
        assert SystemSource(tmp_path, {}).find(LINUX) == []

    @pytest.mark.parametrize("name", ["CUDA_PATH", "CUDA_HOME", "CUDA_PATH_V12_6"])
    def test_variables_name_a_toolkit(self, name: str, tmp_path: Path) -> None:
        place = toolkit(tmp_path / "somewhere else")
        (found,) = SystemSource(tmp_path / "root", {name: str(place)}).find(LINUX)
        assert (str(found.version), found.path) == ("12.6.3", place)

    @pytest.mark.parametrize("value", ["", "relative/cuda", "/nonexistent", "\udcff", "~"])
    def test_variables_that_name_none_are_passed_over(self, value: str, tmp_path: Path) -> None:
        assert SystemSource(tmp_path, {"CUDA_PATH": value}).find(LINUX) == []

    def test_an_environments_own_toolkit_is_never_one_of_the_machine(self, tmp_path: Path) -> None:
        environment = tmp_path / "envs" / "one"
        (environment / "conda-meta").mkdir(parents=True)
        toolkit(environment / "cuda-12.6")
        (environment / "cuda").symlink_to("cuda-12.6")
        for place in (environment / "cuda", environment / "cuda-12.6", environment):
            assert SystemSource(tmp_path, {"CUDA_HOME": str(place)}).find(LINUX) == []

    def test_the_default_folder_of_windows(self, tmp_path: Path) -> None:
        for version in ("12.6", "13.0"):
            root = tmp_path / f"NVIDIA GPU Computing Toolkit/CUDA/v{version}"
            (root / "bin").mkdir(parents=True)
            (root / "bin" / "nvcc.exe").write_bytes(b"MZ")
            content = {"cuda": {"name": "CUDA SDK", "version": f"{version}.1"}}
            (root / "version.json").write_text(json.dumps(content))
        found = SystemSource(tmp_path, {"ProgramFiles": str(tmp_path)}).find(WINDOWS)
        assert [str(t.version) for t in found] == ["13.0.1", "12.6.1"]
        assert all(t.has_nvcc for t in found)


class TestUsing:
    """`conda cuda use PATH` and `--from system`."""

    def test_a_path_is_adopted_without_copying(
        self, conda: Conda, environment: Path, tmp_path: Path
    ) -> None:
        place = toolkit(tmp_path / "cuda-12.6")
        before = listing(place)
        result = conda.cuda("use", environment, place, "--yes")
        assert result.out.endswith("CUDA 12.6.3 is current in one.\n")
        root = environment / "cuda-12.6"
        assert os.readlink(root / "bin") == str(place / "bin")
        assert os.readlink(root / "nvvm") == str(place / "nvvm")
        assert os.path.samefile(root / "lib64/libcudart.so.12", place / "lib64/libcudart.so.12")
        assert listing(place) == before
        done = subprocess.run(
            [environment / "bin" / "nvcc", "--version"], capture_output=True, text=True
        )
        assert "release 12.6, V12.6.85" in done.stdout

    def test_lib64_holds_cudas_libraries_and_nothing_else(
        self, conda: Conda, environment: Path, tmp_path: Path
    ) -> None:
        conda.cuda("use", environment, toolkit(tmp_path / "cuda-12.6"), "--yes")
        assert sorted(os.listdir(environment / "cuda" / "lib64")) == [
            "libcublas.so.12", "libcudadevrt.a", "libcudart.so", "libcudart.so.12", "libnppc.so.12",
        ]  # fmt: skip

    def test_from_system_takes_what_the_variables_name(
        self, conda: Conda, environment: Path, tmp_path: Path
    ) -> None:
        place = toolkit(tmp_path / "cuda-12.6")
        words = ["12.6", "--from=system", "--yes"]
        result = conda.cuda("use", environment, *words, "--json", CUDA_PATH=str(place)).json
        assert result["toolkit"]["location"] == str(place)
        assert result["toolkit"]["origin"] == "system"
        assert result["plan"]["install"]["from"] == str(place)

    def test_from_system_says_what_there_is(
        self, conda: Conda, environment: Path, tmp_path: Path
    ) -> None:
        place = toolkit(tmp_path / "cuda-12.6")
        words = ["11.8", "--from=system", "--yes"]
        result = conda.cuda("use", environment, *words, CUDA_PATH=str(place), check=False)
        assert result.code == 1
        # The machine may have others.
        assert re.fullmatch(
            r"NoSourceError: The source system has no CUDA 11\.8 on this machine, only "
            r"([0-9.]+, )*12\.6\.3(, [0-9.]+)*\.",
            result.err.strip().splitlines()[0],
        )

    def test_a_toolkit_without_nvcc_cannot_be_devel(
        self, conda: Conda, environment: Path, tmp_path: Path
    ) -> None:
        place = toolkit(tmp_path / "cuda-12.6", nvcc=False)
        words = [place, "--flavor=devel", "--yes"]
        result = conda.cuda("use", environment, *words, check=False)
        assert result.code == 1
        assert f"The source system has CUDA 12.6.3 in {place} without nvcc." in result.err

    def test_a_path_and_another_source_do_not_go_together(
        self, conda: Conda, environment: Path, tmp_path: Path
    ) -> None:
        result = conda.cuda("use", environment, tmp_path, "--from=pypi", check=False)
        assert (result.code, result.out) == (2, "")
        assert "is a path, which only the source system takes." in result.err

    def test_a_relative_path_with_a_blank(
        self, conda: Conda, environment: Path, tmp_path: Path
    ) -> None:
        place = toolkit(tmp_path / "my cuda")
        conda.cuda("use", environment, "./my cuda", "--yes", cwd=tmp_path)
        (found,) = conda.cuda("list", environment, "--json").json["toolkits"]
        assert found["location"] == str(place)

    def test_list_system(self, conda: Conda, tmp_path: Path) -> None:
        place = toolkit(tmp_path / "cuda-12.6")
        found = conda("cuda", "list", "--system", "--json", CUDA_PATH=str(place)).json["system"]
        assert {
            "version": "12.6.3",
            "path": str(place),
            "read_from": "version.json",
            "nvcc": True,
        } in found
        lines = conda("cuda", "list", "--system", CUDA_PATH=str(place)).out.splitlines()
        assert f"12.6.3   yes   {place}" in lines

    def test_a_toolkit_that_vanishes_is_incomplete_and_activation_stays_silent(
        self, conda: Conda, environment: Path, tmp_path: Path
    ) -> None:
        place = toolkit(tmp_path / "cuda-12.6")
        conda.cuda("use", environment, place, "--yes")
        shutil.rmtree(place)
        (found,) = conda.cuda("list", environment, "--json").json["toolkits"]
        assert (found["status"], found["location"]) == ("incomplete", str(place))
        assert "incomplete" in conda.cuda("list", environment).out
        hook = environment / "etc/conda/activate.d/~conda-cuda.sh"
        script = f'set -eu; CONDA_PREFIX="{environment}"; . "{hook}"; echo "status $?"'
        done = subprocess.run(
            ["sh", "-c", script], capture_output=True, text=True, env={"PATH": "/usr/bin:/bin"}
        )
        assert (done.stdout, done.stderr) == ("status 0\n", "")
        result = conda.cuda("use", environment, place, "--yes", check=False)
        assert f"There is no folder {place}." in result.err
        nvcc = subprocess.run([environment / "bin" / "nvcc"], capture_output=True, text=True)
        assert (nvcc.returncode, nvcc.stdout) == (127, "")
        conda.cuda("remove", environment, "--all", "--yes")
        assert not (environment / "cuda-12.6").exists()

    def test_a_toolkit_that_comes_back_is_complete_again(
        self, conda: Conda, environment: Path, tmp_path: Path
    ) -> None:
        place = toolkit(tmp_path / "cuda-12.6")
        conda.cuda("use", environment, place, "--yes")
        place.rename(tmp_path / "elsewhere")
        (tmp_path / "elsewhere").rename(place)
        result = conda.cuda("use", environment, place, "--yes")
        assert result.out == "CUDA 12.6.3 is current in one already.\n"

    def test_another_toolkit_of_the_same_release_takes_its_place(
        self, conda: Conda, environment: Path, tmp_path: Path
    ) -> None:
        conda.cuda("use", environment, toolkit(tmp_path / "first", "12.6.1"), "--yes")
        result = conda.cuda("use", environment, toolkit(tmp_path / "second"), "--yes")
        assert "replaces  CUDA 12.6.1 in cuda-12.6" in result.out
        (found,) = conda.cuda("list", environment, "--json").json["toolkits"]
        assert (found["version"], found["location"]) == ("12.6.3", str(tmp_path / "second"))

    def test_unreadable_folders_are_refused_in_words(
        self, conda: Conda, environment: Path, tmp_path: Path
    ) -> None:
        place = toolkit(tmp_path / "cuda-12.6")
        (place / "targets").chmod(0)
        environment.chmod(0o777)
        words = [conda.exe, "cuda", "use", "-p", environment, place, "--yes"]
        if os.geteuid() == 0:
            for folder in (*tmp_path.parents, tmp_path, conda.home, conda.envs, environment):
                folder.chmod(folder.stat().st_mode | 0o005)
            words = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *words]
        done = subprocess.run(
            words, env=conda.environ(HOME=str(tmp_path)), capture_output=True, text=True
        )
        (place / "targets").chmod(0o755)
        # version.json can still be read; the libraries cannot.
        assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stderr
        assert "cannot be read" in done.stderr
        assert sorted(os.listdir(environment)) == ["conda-meta"]


def test_a_toolkit_that_every_user_may_write_is_named(
    conda: Conda, environment: Path, tmp_path: Path
) -> None:
    place = toolkit(tmp_path / "cuda-12.6")
    words = [place, "--dry-run", "--json"]
    quiet = conda.cuda("use", environment, *words).json["plan"]["install"]
    assert quiet["note"] is None
    (place / "targets/x86_64-linux/lib").chmod(0o777)
    shown = conda.cuda("use", environment, *words).json["plan"]["install"]
    assert (
        shown["note"] == f"every user of this machine may write to {place}/targets/x86_64-linux/lib"
    )
