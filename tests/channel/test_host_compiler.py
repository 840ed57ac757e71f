"""`--host-compiler`: what is planned, installed and refused."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ..sources.wheelhouse import only_folder, write_releases
from .builder import Channels
from .compilers import compiler_packages, write_too_new
from .package import write_channel
from .tree import tree

pytestmark = pytest.mark.network

TRIPLE = f"{platform.machine()}-conda-linux-gnu"
SUBDIR = {"x86_64": "linux-64", "aarch64": "linux-aarch64"}[platform.machine()]


@pytest.fixture(scope="module")
def too_new(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PATH whose gcc and g++ are newer than any nvcc accepts."""
    return write_too_new(tmp_path_factory.mktemp("too new"))


@pytest.fixture
def devel(conda: Any, environment: Path, tmp_path: Path) -> Path:
    """13.0 with nvcc, made of small wheels, and no host compiler; its nvcc only says its name."""
    conda.variables.update(only_folder(write_releases(tmp_path / "wheels")))
    conda.variables["CONDA_PKGS_DIRS"] = str(_cache(tmp_path))
    conda.cuda("use", environment, "13.0", "--from=pypi", "--components=nvcc", "-y")
    return environment


def _cache(folder: Path) -> Path:
    cache = folder / "pkgs"
    cache.mkdir(exist_ok=True)
    (cache / "urls.txt").touch()
    return cache


def test_a_too_new_gcc_is_named_before_the_build_with_the_cure(
    conda: Any, devel: Path, environment: Path, too_new: str
) -> None:
    gcc = f"{too_new.partition(':')[0]}/gcc"
    cure = "conda cuda use 13.0 --host-compiler"
    said = f"nvcc of CUDA 13.0 accepts gcc up to 15; {gcc} is 99.1.0."
    other = conda.create(conda.envs / "other")
    words = ("13.0", "--from=pypi", "--components=nvcc", "--dry-run")
    plan = " ".join(conda.cuda("use", other, *words, PATH=too_new).out.split())
    assert said in plan and cure in plan and "nvcc -ccbin g++-15" in plan
    doctor = conda.cuda("doctor", devel, "--json", PATH=too_new).json
    (found,) = [row for row in doctor["findings"] if row["rule"] == "host-gcc-too-new"]
    assert found["severity"] == "warning" and found["summary"] == said
    assert found["cure"].startswith(f"{cure} -n one ") and "nvcc -ccbin g++-15" in found["cure"]
    info = " ".join(conda.cuda("info", devel, PATH=too_new).out.split())
    assert "gcc 99.1.0" in info
    # What is proposed cures it, and adds the compiler to what is there.
    command = found["cure"].partition(" installs")[0].split()[1:]
    assert command == ["cuda", "use", "13.0", "--host-compiler", "-n", "one"]
    nvcc = (devel / "cuda-13.0" / "nvvm" / "bin" / "cicc").stat().st_ino
    before = _packages(devel)
    result = conda(*command, "-y", PATH=too_new)
    assert "accepts gcc up to" not in result.out
    assert "nvcc calls g++ 15.2.0 of conda-forge" in " ".join(result.out.split())
    assert (devel / "cuda-13.0" / "nvvm" / "bin" / "cicc").stat().st_ino == nvcc
    assert before < _packages(devel)
    doctor = conda.cuda("doctor", devel, "--json", PATH=too_new).json
    assert not [row for row in doctor["findings"] if row["rule"] == "host-gcc-too-new"]


def test_the_plan_lists_the_packages_and_their_sizes(conda: Any, devel: Path) -> None:
    words = ("13.0", "--host-compiler", "--dry-run", "--json")
    plan = conda.cuda("use", devel, *words).json["plan"]["install"]
    parts = {row["name"]: row for row in plan["packages"]}
    compiler = parts[f"gxx_impl_{SUBDIR}"]
    assert compiler["version"] == "15.2.0" and compiler["size"] > 0
    assert {f"gcc_impl_{SUBDIR}", f"sysroot_{SUBDIR}", "libgcc", "libstdcxx"} <= set(parts)
    assert len(parts) == len(plan["packages"])
    assert plan["download"] == sum(row["size"] for row in plan["packages"])
    assert plan["removes"] == [] and not any("nvidia" in package for package in plan["adds"])


def test_adding_something_else_keeps_the_compiler(conda: Any, devel: Path) -> None:
    conda.cuda("use", devel, "13.0", "--host-compiler", "-y")
    before = _packages(devel)
    assert (devel / "cuda-13.0" / "bin" / "nvcc.real").is_file()
    # Whoever asks for all that is installed, and for something new, needs no channel for it.
    document = conda.cuda(
        "use", devel, "13.0", "--flavor=base", "-y", "--json", "-c", "nowhere"
    ).json
    assert document["toolkit"]["host_compiler"] == "15.2.0"
    assert _packages(devel) >= before
    text = (devel / "cuda-13.0" / "bin" / "nvcc").read_text()
    assert "nvcc.real" in text and "nvcc.real" in os.listdir(devel / "cuda-13.0" / "bin")
    assert "nvcc.real" not in (devel / "cuda-13.0" / "bin" / "nvcc.real").read_text()


def test_what_was_asked_for_is_recorded(conda: Any, devel: Path) -> None:
    conda.cuda("use", devel, "13.0", "--host-compiler", "-y")
    conda.cuda("use", devel, "12.4", "--from=pypi", "--flavor=base", "-y")
    shutil.rmtree(devel / "cuda-13.0")
    state = devel / "etc" / "conda" / "cuda" / "state.yaml"
    assert "host_compiler" not in state.read_text()
    words = ("13.0", "--from=pypi", "--components=nvcc", "--host-compiler", "-y")
    conda.cuda("use", devel, *words)
    assert "host_compiler: true" in state.read_text()
    shutil.rmtree(devel / "cuda-13.0")
    again = conda.cuda("use", devel, "-y", "--json").json["toolkit"]
    assert (again["name"], again["host_compiler"]) == ("cuda-13.0", "15.2.0")


@pytest.mark.parametrize(
    ("release", "words", "version"),
    [
        # The label of a release holds nvcc and no compiler; 12.4 of conda-forge brings one.
        ("11.8", (), "11.4.0"),
        ("12.4", (), "13.4.0"),
    ],
)
def test_the_newest_compiler_that_nvcc_accepts(
    release: str, words: tuple[str, ...], version: str, conda: Any, environment: Path
) -> None:
    options = (release, "--from=channel", "--flavor=devel", "--host-compiler", "-y", *words)
    document = conda.cuda("use", environment, *options, "--json").json
    assert document["toolkit"]["host_compiler"] == version
    packages = [part.rpartition("-")[0].rpartition("-")[0] for part in _packages(environment)]
    assert len(packages) == len(set(packages))
    text = (environment / "cuda" / "bin" / "nvcc").read_text()
    assert f"compiler=$here/{TRIPLE}-c++\n" in text
    nvcc = [environment / "bin" / "nvcc", "--version"]
    assert f"release {release}" in subprocess.run(nvcc, capture_output=True, text=True).stdout


def test_without_one_the_toolkit_of_a_label_has_none(conda: Any, environment: Path) -> None:
    words = ("11.8", "--from=channel", "--flavor=devel", "-y", "--json")
    assert conda.cuda("use", environment, *words).json["toolkit"]["host_compiler"] is None
    assert not (environment / "cuda" / "bin" / "nvcc.real").exists()


def _refused(conda: Any, prefix: Path, *words: str, code: int = 1, **extra: str) -> str:
    before = tree(prefix)
    result = conda.cuda("use", prefix, *words, "--host-compiler", "-y", check=False, **extra)
    assert (result.code, "Traceback" in result.err) == (code, False), result.err
    assert tree(prefix) == before
    return " ".join(result.err.split())


def test_a_channel_that_has_none_old_enough(conda: Any, devel: Path, tmp_path: Path) -> None:
    channel = write_channel(tmp_path / "new", SUBDIR, compiler_packages(SUBDIR, ["16.1.0"]))
    message = _refused(conda, devel, "13.0", "-c", channel.as_uri())
    assert (
        f"nvcc of CUDA 13.0 accepts g++ up to 15, and {channel.as_uri()} has none that" in message
    )
    assert "none that old: the oldest there is 16.1.0." in message
    assert "nvcc -ccbin g++-15" in message
    empty = write_channel(tmp_path / "empty", SUBDIR, [])
    message = _refused(conda, devel, "13.0", "-c", empty.as_uri())
    assert f"there is no gxx_{SUBDIR} at all." in message


def test_a_channel_that_cannot_be_reached(conda: Any, devel: Path) -> None:
    message = _refused(conda, devel, "13.0", "-c", "http://127.0.0.1:9/channel")
    assert "No host compiler can be had from http://127.0.0.1:9/channel" in message


def test_without_nvcc_nothing_would_call_it(conda: Any, environment: Path, devel: Path) -> None:
    empty = conda.create(conda.envs / "empty")
    message = _refused(conda, empty, "13.0", "--from=pypi")
    assert "CUDA 13.0 would be here without nvcc, so nothing would call a host" in message
    assert "--flavor devel --host-compiler" in message
    message = _refused(conda, empty, "8.0", "-c", "numba", "--flavor=runtime")
    assert "would be here without nvcc" in message


def test_on_windows_visual_cpp_is_the_host_compiler(conda: Any, environment: Path) -> None:
    words = ("13.0", "--from=pypi", "--flavor=devel")
    message = _refused(conda, environment, *words, CONDA_SUBDIR="win-64")
    assert "On Windows nvcc calls Visual C++" in message


@pytest.fixture
def adopted(tmp_path: Path) -> Path:
    """A toolkit of the machine, with nvcc."""
    system = tmp_path / "opt" / "cuda-13.0"
    (system / "bin").mkdir(parents=True)
    (system / "lib64").mkdir()
    (system / "bin" / "nvcc").write_text("#!/bin/sh\n")
    (system / "bin" / "nvcc").chmod(0o755)
    (system / "lib64" / "libcudart.so.13").write_bytes(b"\x7fELF")
    (system / "version.json").write_text(json.dumps({"cuda": {"version": "13.0.2"}}))
    return system


def test_a_toolkit_of_the_machine_is_left_as_it_is(
    conda: Any, environment: Path, adopted: Path, too_new: str
) -> None:
    listed = tree(adopted)
    message = _refused(conda, environment, str(adopted))
    assert "into which conda cuda installs nothing" in message and "nvcc -ccbin g++-15" in message
    conda.cuda("use", environment, str(adopted), "-y")
    message = _refused(conda, environment, "13.0")
    assert f"cuda-13.0 is {adopted}, into which conda cuda installs nothing" in message
    words = message.partition("conda cuda use ")[2].partition(" (a toolkit")[0].split()
    plan = conda.cuda("use", environment, *words, "--dry-run", "--json").json["plan"]
    assert plan["origin"] == "channel"
    assert f"gxx_impl_{SUBDIR}" in {row["name"] for row in plan["install"]["packages"]}
    assert tree(adopted) == listed
    # What cannot be done is no cure.
    doctor = conda.cuda("doctor", environment, "--json", PATH=too_new, check=False).json
    (found,) = [row for row in doctor["findings"] if row["rule"] == "host-gcc-too-new"]
    assert found["cure"] == "nvcc -ccbin g++-15 calls an older one of this machine."


def _packages(prefix: Path) -> set[str]:
    (root,) = prefix.glob("cuda-*")
    return {path.stem for path in (root / "conda-meta").glob("*.json")}


def test_a_compiler_that_nvcc_brings_along_is_not_shown_as_asked_for(
    conda: Any, environment: Path, channels: Channels
) -> None:
    """conda-forge's nvcc depends on gcc and gxx."""
    words = ("12.4", "--flavor", "devel", "-c", channels.forge, "-y")
    conda.cuda("use", environment, *words)
    (toolkit,) = conda.cuda("list", environment, "--json").json["toolkits"]
    assert any(package.startswith("gxx_impl_") for package in toolkit["packages"])
    assert toolkit["host_compiler"] is None
    assert "g++" not in conda.cuda("list", environment).out
    conda.cuda("use", environment, "12.4", "--host-compiler", "-y", "-c", channels.forge)
    (toolkit,) = conda.cuda("list", environment, "--json").json["toolkits"]
    assert toolkit["host_compiler"].startswith("13.")
    assert "g++ 13." in conda.cuda("list", environment).out
