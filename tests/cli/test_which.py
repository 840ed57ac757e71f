"""`conda cuda which`, as people use it: real environments, real libraries, the real loader."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from ..channel.libraries import Compiler
from ..conftest import Conda
from ..sources.wheelhouse import only_folder, write_addons, write_releases
from .which_bench import NO_FILE, SYMBOL, Bench, toolkit

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux toolkits")


@pytest.fixture(scope="module")
def bench(module_conda: Conda, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder = tmp_path_factory.mktemp("which")
    (folder / "made").mkdir()
    module_conda.variables.update(only_folder(write_releases(folder / "wheels")))
    write_addons(folder / "wheels")
    compiler = Compiler(folder / "made")
    mine = module_conda.create(module_conda.envs / "mine")
    other = module_conda.create(module_conda.envs / "other")
    for release, soname in (("11.8", "libcudart.so.11.0"), ("12.4", "libcudart.so.12")):
        root = toolkit(compiler, folder / f"cuda-{release}", release, soname)
        module_conda.cuda("use", mine, root, "--yes")
        result = module_conda.cuda("list", mine, "--json").json
        assert result["current"] == f"cuda-{release}", result
    bench = Bench(module_conda, compiler, folder, mine, other)
    site = other / "lib" / "python3.12" / "site-packages"
    bench.library(site / "nvidia/cufft/lib/libcufft.so.10", "libcufft.so.10")
    bench.library(site / "torch/lib/libcudart-80664282.so.10.2", "libcudart.so.10.2")
    return bench


def test_a_library_of_the_current_toolkit(bench: Bench) -> None:
    result = bench.which("libcudart.so.12")
    assert (result.code, result.err) == (0, "")
    # Behind it: where else this machine has it.
    assert result.out.splitlines()[:6] == [
        "libcudart.so.12",
        "  belongs to  CUDA 12.0 to 12.9",
        "  asked by    any program, once mine is active",
        f"  loads from  {bench.mine}/cuda/lib64/libcudart.so.12",
        f"              which is {bench.folder}/cuda-12.4/lib64/libcudart.so.12",
        "  because     LD_LIBRARY_PATH, element 1",
    ]


def test_it_is_what_the_real_loader_loads(bench: Bench) -> None:
    probe = bench.compiler.probe()
    variables = bench.active()
    for name in ("libcudart.so.12", "libcudart.so.11.0", "libm.so.6"):
        answer = bench.ask(name, **variables)
        done = subprocess.run(
            [probe, name],
            env={"LD_LIBRARY_PATH": variables["LD_LIBRARY_PATH"]},
            capture_output=True,
            text=True,
            check=True,
        )
        assert answer["found"] is (" none" not in done.stdout)
        if name.startswith("libcudart") and answer["found"]:
            assert answer["path"] == done.stdout.split()[-1]


def test_the_command_cures_it(bench: Bench) -> None:
    """An installed toolkit that is not current: the command that is printed makes it so."""
    try:
        result = bench.which(f"ImportError: libcudart.so.11.0: {NO_FILE}")
        assert result.code == 1
        command = result.out.splitlines()[-1].split()
        assert command == ["conda", "cuda", "use", "11.8", "-n", "mine"]
        bench.conda(*command[1:], "--yes")
        assert bench.which("libcudart.so.11.0").code == 0
    finally:
        bench.conda.cuda("use", bench.mine, "12.4", "--yes")


def test_a_library_that_is_nowhere(bench: Bench) -> None:
    answer = bench.ask("libcusparse.so.11")
    assert (answer["found"], answer["path"], answer["places"]) == (False, None, [])
    # It is for any 11.x, and 11.8 is here already, but without it. No channel answers.
    assert answer["command"] is None and "No source here has it now" in answer["advice"]
    assert answer["route"] == "conda cuda use 11.8 --flavor devel --from channel -n mine"
    answer = bench.ask("libcublas.so.10", CONDA_OVERRIDE_CUDA="13.0")
    assert answer["route"] == "conda cuda use 10.2 --from channel -n mine"


def test_several_names_are_cured_by_one_release(bench: Bench) -> None:
    text = f"OSError: libcusolver.so.10: {NO_FILE}\nOSError: libcublas.so.11: {NO_FILE}\n"
    found = bench.which("--json", "-", stdin=text).json["answers"]
    assert [one["name"] for one in found] == ["libcusolver.so.10", "libcublas.so.11"]
    assert found[0]["route"] == "conda cuda use 11.0 --from channel -n mine"


@pytest.mark.parametrize("name", ["libcuda.so.1", "libnvidia-ml.so.1", "nvidia-smi"])
def test_the_driver_is_never_cured_by_a_toolkit(bench: Bench, name: str) -> None:
    answer = bench.ask(name)
    assert answer["command"] is None
    assert answer["found"] or "NVIDIA driver" in answer["advice"]


def test_cudnn_comes_separately(bench: Bench) -> None:
    answer = bench.ask(f"Could not load dynamic library 'libcudnn.so.8'; dlerror: {NO_FILE}")
    assert (answer["kind"], answer["major"], answer["releases"]) == ("cudnn", "8", [])
    assert "separately" in answer["advice"]
    assert answer["command"] == "conda cuda use 12.4 --cudnn 8 -n mine"


def test_what_shadows_what(bench: Bench) -> None:
    first = bench.library(bench.folder / "old" / "libcudart.so.12", "libcudart.so.12")
    broken = bench.folder / "arm" / "libcudart.so.12"
    broken.parent.mkdir(exist_ok=True)
    content = bytearray(first.read_bytes())
    content[18:20] = (183).to_bytes(2, "little")
    broken.write_bytes(content)
    variables = bench.active(broken.parent, first.parent)
    result = bench.which("libcudart.so.12", **variables)
    assert result.out.splitlines()[2:7] == [
        "  asked by    any program",
        f"  loads from  {first}",
        "  because     LD_LIBRARY_PATH, element 2",
        f"  passes by   {broken} (made for aarch64)",
        f"  shadows     {bench.mine}/cuda/lib64/libcudart.so.12 (LD_LIBRARY_PATH, element 3)",
    ]
    answer = bench.ask("libcudart.so.12", **variables)
    assert [one["state"] for one in answer["candidates"]] == ["skipped", "loads", "shadowed"]


def test_a_text_file_in_the_way(bench: Bench) -> None:
    path = bench.folder / "script" / "libcudart.so.12"
    path.parent.mkdir(exist_ok=True)
    path.write_text("GROUP ( libcudart.so.12.4 )" * 5)
    answer = bench.ask("libcudart.so.12", **bench.active(path.parent))
    assert not answer["found"]
    assert answer["advice"] == f"{path} is in the way (invalid ELF header): remove or replace it."


def test_a_symbol_that_an_older_library_lacks(bench: Bench) -> None:
    """pip's cusparse finds the toolkit's older nvJitLink in place of its own."""
    soname = "libnvJitLink.so.12"
    older = bench.library(bench.folder / "older" / soname, soname)
    wheel = bench.folder / "site-packages" / "nvidia"
    newer = bench.library(wheel / "nvjitlink/lib" / soname, soname, f"int {SYMBOL};")
    asks = wheel / "cusparse" / "lib" / "libcusparse.so.12"
    bench.library(
        asks, asks.name, options=["-Wl,-rpath,$ORIGIN/../../nvjitlink/lib", "-x", "none", newer]
    )
    text = f"ImportError: {asks}: undefined symbol: {SYMBOL}, version {soname}"
    answer = bench.ask(text, **bench.active(older.parent))
    assert answer["path"] == str(older)
    assert [Path(one["path"]).resolve() for one in answer["candidates"]] == [older, newer]
    assert answer["advice"].startswith(f"{older} is found first and does not have {SYMBOL}; ")
    assert f"Take {older.parent} out of LD_LIBRARY_PATH." in answer["advice"]
    answer = bench.ask(text)
    assert Path(answer["path"]).resolve() == newer and "another environment" in answer["advice"]


def test_who_asks_can_be_named(bench: Bench) -> None:
    asks = bench.library(
        bench.folder / "by" / "asks.so",
        "asks.so",
        options=["-Wl,--disable-new-dtags,-rpath,$ORIGIN/x"],
    )
    wanted = bench.library(bench.folder / "by" / "x" / "libcufft.so.11", "libcufft.so.11")
    answer = bench.ask("libcufft.so.11", "--by", asks)
    assert (answer["path"], answer["rule"], answer["asked_by"]) == (
        str(wanted),
        "DT_RPATH",
        str(asks),
    )
    assert bench.which("libcufft.so.11").code == 1
    result = bench.which("libcufft.so.11", "--by", bench.folder / "cuda-12.4" / "version.json")
    assert result.code == 2 and "neither a program nor a shared library" in result.err


def test_where_else_it_lies(bench: Bench) -> None:
    answer = bench.ask("libcufft.so.10")
    (place,) = (one for one in answer["places"] if one["environment"] == "other")
    assert place["path"].endswith("nvidia/cufft/lib/libcufft.so.10")
    answer = bench.ask("libcudart.so.10.2")
    (place,) = (one for one in answer["places"] if one["environment"] == "other")
    assert place["path"].endswith("torch/lib/libcudart-80664282.so.10.2")
    assert bench.ask("libcudart-80664282.so.10.2")["bundled"]


def test_a_linker_wants_the_name_without_version(bench: Bench) -> None:
    result = bench.which("/usr/bin/ld: cannot find -lcufft")
    assert result.code == 1
    assert "loads from" not in result.out
    assert result.out.splitlines()[-1].strip().startswith("conda cuda use 12.4 --flavor devel")


def test_nvcc_through_its_wrapper(bench: Bench) -> None:
    answer = bench.ask("nvcc", **bench.active())
    assert (answer["path"], answer["runs"]) == (
        f"{bench.mine}/bin/nvcc",
        str((bench.mine / "cuda-12.4/bin/nvcc").resolve()),
    )
    assert (answer["release"], answer["advice"]) == ("12.4", None)
    assert answer["installed"] == ["12.4", "11.8"]


def test_a_foreign_nvcc_in_front(bench: Bench) -> None:
    variables = bench.active()
    foreign = bench.folder / "cuda-11.8" / "bin"
    variables["PATH"] = f"{foreign}:{variables['PATH']}"
    result = bench.which("nvcc", **variables)
    assert result.out.splitlines()[:4] == [
        "nvcc",
        f"  runs        {foreign}/nvcc",
        "  because     PATH, element 1",
        f"  belongs to  CUDA 11.8 in {foreign.parent}",
    ]
    assert result.out.splitlines()[-1] == "              conda activate mine"


def test_a_tool_that_is_missing(bench: Bench) -> None:
    answer = bench.ask("bash: cuobjdump: command not found", PATH="/bin")
    assert (answer["found"], answer["command"], answer["route"]) == (
        False,
        None,
        "conda cuda use 12.4 --flavor devel --from channel -n mine",
    )
    assert bench.ask("nvprof", PATH="/bin")["route"] is not None


def test_the_name_of_a_dll(bench: Bench) -> None:
    answer = bench.ask("FileNotFoundError: Could not find module 'cudart64_110.dll'")
    assert answer["releases"][0] == "11.0" and answer["command"] is None
    assert "Windows" in answer["advice"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", 2),
        ("   \n", 2),
        ("hello world", 2),
        ("frobnicate", 2),
        ("libfoo.so.1", 1),
        ("libcudart.so.99", 1),
        (f"ImportError: libcublas.so.77: {NO_FILE}", 1),
        ("\x1b[31m\udcff\x07 garbage", 2),
    ],
)
def test_what_cannot_be_found(bench: Bench, text: str, code: int) -> None:
    result = bench.which(text)
    assert result.code == code, result
    assert "Traceback" not in result.err and "\x1b[31m" not in result.err + result.out
    assert result.out.strip() or result.err.strip()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (random.Random(2).randbytes(2**23), 2),
        (b"\0" * 2**20, 2),
        (b"x" * (2**26 + 1), 2),
        (b"", 2),
        (b"noise\n" * 2**21 + f"ImportError: libcublas.so.77: {NO_FILE}".encode(), 1),
    ],
    ids=["random", "zeros", "too much", "nothing", "a long log"],
)
def test_whatever_comes_from_a_pipe(bench: Bench, content: bytes, code: int) -> None:
    done = subprocess.run(
        [bench.conda.exe, "cuda", "which", "-p", bench.mine, "-"],
        env=bench.conda.environ(),
        input=content,
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == code, done
    assert b"Traceback" not in done.stderr


def test_lines_are_short_but_for_paths(bench: Bench) -> None:
    for words in (["cudart"], ["libcuda.so.1"], ["libcudnn.so.8"], [f"libcurand.so.10: {NO_FILE}"]):
        for line in bench.which(*words).out.splitlines():
            assert len(line) <= 80 or os.sep in line, line


def test_nothing_changes(bench: Bench) -> None:
    from ..listing import listing

    before = listing(bench.mine)
    bench.which("libcudart.so.12")
    bench.which("nvcc")
    assert listing(bench.mine) == before


def test_in_no_environment(bench: Bench) -> None:
    result = bench.conda("cuda", "which", "nvcc", check=False)
    assert result.code == 1 and "No environment is active" in result.err
