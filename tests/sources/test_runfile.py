"""NVIDIA's installers become packages like those of any other source, and touch nothing else."""

from __future__ import annotations

import functools
import http.server
import os
import re
import subprocess
import threading
from pathlib import Path

import pytest

from . import installer
from .installer import NEW, OLD, TARGET, Files
from .runfile_machine import Machine, compiler, machine
from .runfile_real import real_components
from .wheelhouse import only_folder, write_wheel

__all__ = ["compiler", "machine"]


def loaded(root: Path, name: str) -> str:
    """What a program gets that loads a library by its plain name."""
    code = (
        "import ctypes, sys\n"
        "library = ctypes.CDLL(sys.argv[1])\n"
        "number = ctypes.c_int()\n"
        "ask = getattr(library, 'cudaRuntimeGetVersion', None)\n"
        "print(ask(ctypes.byref(number)) if ask else 0, number.value)"
    )
    done = subprocess.run(
        ["python3", "-c", code, name],
        env={"PATH": os.environ["PATH"], "LD_LIBRARY_PATH": str(root / "lib64")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("version", "name", "make"),
    [
        pytest.param("9.0.176", "cuda_9.0.176_384.99_linux-run", installer.old_installer, id="9.0"),
        pytest.param(
            "10.2.89", "cuda_10.2.89_440.33.09_linux.run", installer.middle_installer, id="10.2"
        ),
        pytest.param(
            "10.0.130",
            "cuda_10.0.130_410.99_linux",
            functools.partial(installer.closed_installer, program=OLD),
            id="10.0-by-its-own-program",
        ),
        pytest.param(
            "10.1.243",
            "cuda_10.1.243_418.99_linux.run",
            functools.partial(installer.closed_installer, program=NEW),
            id="10.1-by-its-own-program",
        ),
    ],
)
def test_a_toolkit_comes_out_whole_and_nothing_else_is_touched(
    machine: Machine, version: str, name: str, make: object
) -> None:
    if installer.SUFFIX:
        name = name.replace("_linux", f"_linux{installer.SUFFIX}")
    run = make(machine.folder, name, machine.tree(version))  # type: ignore[operator]
    prefix, before = machine.environment(), machine.outside()
    release = version.rpartition(".")[0]
    result = machine.use(prefix, release, run, "--flavor", "devel")
    assert "under NVIDIA's CUDA EULA, in the root as EULA.txt" in result.out
    assert machine.outside() == before
    root = prefix / "cuda"
    assert root.resolve().name == f"cuda-{release}"
    major, minor = map(int, release.split("."))
    assert loaded(root, f"libcudart.so.{release}") == f"0 {major * 1000 + minor * 10}"
    assert loaded(root, "libcublas.so.10") == "0 0"
    told = subprocess.run([root / "bin" / "nvcc", "--version"], capture_output=True, text=True)
    assert f"release {release}, V{version}" in told.stdout
    assert (root / "EULA.txt").read_bytes() == installer.EULA
    assert (root / "version.txt").read_text() == f"CUDA Version {version}\n"
    for path in (
        "include/cuda_runtime_api.h",
        "include/cupti.h",
        "extras/CUPTI/include/cupti.h",
        "extras/CUPTI/lib64/libcupti.so",
        "lib64/libcublas_static.a",
        "nvvm/libdevice/libdevice.10.bc",
        "bin/crt/link.stub",
        "bin/nvprof",
        f"targets/{TARGET}/lib/stubs/libcuda.so",
    ):
        assert (root / path).is_file(), path
    assert not (root / "lib64").is_symlink()
    assert not (root / "lib64" / "libcuda.so").exists()
    for path in ("samples", "doc", "libnvvp", "bin/nvvp", "bin/uninstall_cuda_10.2.pl"):
        assert not os.path.lexists(root / path), path
    licenses = list(machine.conda.pkgs.glob("cuda-runfile-cudart-*/info/licenses/EULA.txt"))
    assert [path.read_bytes() for path in licenses] == [installer.EULA]


def test_the_real_compiler_out_of_an_installer_compiles_and_links(machine: Machine) -> None:
    (machine.folder / "wheels").mkdir()
    name = f"cuda_13.0.2_580.99_linux{installer.SUFFIX}.run"
    parts = real_components(machine.folder / "wheels")
    run = installer.new_installer(machine.folder, name, "13.0.2", parts)
    prefix = machine.environment()
    machine.use(prefix, "13.0", run, "--components", "nvcc")
    root = prefix / "cuda"
    source = machine.folder / "kernel.cu"
    source.write_text(
        "#include <cstdio>\n__global__ void kernel() {}\n"
        'int main() { int v = 0; cudaRuntimeGetVersion(&v); std::printf("%d %d\\n", '
        "CUDART_VERSION, v); }\n"
    )
    program = machine.folder / "kernel"
    command = [root / "bin" / "nvcc", "-cudart", "shared", "-o", program, source]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    variables = {"LD_LIBRARY_PATH": str(root / "lib64")}
    done = subprocess.run([program], env=variables, capture_output=True, text=True)
    assert done.stdout == "13000 13000\n"


def test_a_second_environment_takes_neither_the_file_nor_space(machine: Machine) -> None:
    run = machine.middle()
    one, two = machine.environment("one"), machine.environment("two")
    machine.use(one, "10.2", run, "--flavor", "base")
    known = installer.sha256(run)
    run.unlink()
    cache = machine.cache()
    machine.use(two, "10.2", "runfile", "--flavor", "base")
    for path in (f"targets/{TARGET}/lib/libcudart.so.10.2.0", "EULA.txt"):
        assert (one / "cuda" / path).samefile(two / "cuda" / path), path
    assert machine.cache() == cache
    # The place that the file had is as good as its name, as long as its hash is known.
    three = machine.environment("three")
    machine.use(three, "10.2", str(run), "--sha256", known, "--flavor", "base")
    assert (three / "cuda" / "EULA.txt").samefile(one / "cuda" / "EULA.txt")


def test_clean_leaves_what_is_used_and_the_installer_brings_the_rest(machine: Machine) -> None:
    run, one, two = machine.middle(), machine.environment("one"), machine.environment("two")
    machine.use(one, "10.2", run, "--flavor", "base")
    machine.conda("clean", "--all", "--yes")
    machine.use(two, "10.2", "runfile", "--flavor", "base")
    assert (two / "cuda" / "EULA.txt").samefile(one / "cuda" / "EULA.txt")
    words = ("use", two, "10.2", "--from", "runfile", "--flavor", "runtime", "--yes")
    result = machine.conda.cuda(*words, check=False)
    said = " ".join(result.err.split())
    assert (result.code, "lacks parts of CUDA 10.2 in the package cache" in said) == (1, True)
    machine.use(two, "10.2", run, "--flavor", "runtime")
    assert (two / "cuda" / "lib64" / "libcublas.so.10").exists()
    assert (two / "cuda" / "EULA.txt").samefile(one / "cuda" / "EULA.txt")


def test_adding_to_a_toolkit_needs_no_installer(machine: Machine) -> None:
    run, prefix = machine.middle(), machine.environment()
    machine.use(prefix, "10.2", run, "--flavor", "base")
    root = prefix / "cuda"
    assert not (root / "lib64" / "libcublas.so.10").exists()
    assert not (root / "bin" / "nvcc").exists()
    run.unlink()
    before = (root / "EULA.txt").stat().st_ino
    machine.conda.cuda("use", prefix, "10.2", "--flavor", "runtime", "--yes")
    assert (root / "lib64" / "libcublas.so.10").exists()
    assert not (root / "bin" / "nvcc").exists()
    machine.conda.cuda("use", prefix, "10.2", "--components", "nvcc", "--yes")
    assert (root / "bin" / "nvcc").exists()
    assert (root / "include" / "cublas_v2.h").exists()
    assert not (root / "lib64" / "libcublas_static.a").exists()
    assert (root / "EULA.txt").stat().st_ino == before


def test_an_addon_comes_with_it(machine: Machine) -> None:
    wheels = machine.folder / "wheels"
    wheels.mkdir()
    library = {"nvidia/cudnn/lib/libcudnn.so.9": b"cudnn"}
    machine_tag = f"manylinux2014_{os.uname().machine}"
    write_wheel(wheels, "nvidia-cudnn-cu12", "9.1.0.70", library, tag=f"py3-none-{machine_tag}")
    machine.conda.variables |= only_folder(wheels)
    parts = {
        "cuda_cudart": installer.libraries("12", b"cudart"),
        "libcublas": installer.libraries("12", b"cublas", "cublas"),
        "cuda_nvrtc": installer.libraries("12", b"nvrtc", "nvrtc"),
    }
    name = f"cuda_12.4.1_550.99_linux{installer.SUFFIX}.run"
    run = installer.new_installer(machine.folder, name, "12.4.1", parts)
    prefix = machine.environment()
    machine.use(prefix, "12.4", run, "--cudnn", "9.1")
    names = {path.name for path in (prefix / "cuda" / "lib64").iterdir()}
    assert {"libcudnn.so.9", "libcudart.so.12", "libcublas.so.12", "libnvrtc.so.12"} <= names
    assert (prefix / "cuda" / "version.json").read_text() == '{"cuda": {"version": "12.4.1"}}'


def test_any_file_name_will_do(machine: Machine) -> None:
    folder = machine.folder / '-it\'s a "place" $HOME; `id` *'
    folder.mkdir()
    run = machine.middle("cuda_10.2.89_440.33.09_linux{} (1).run")
    run = run.rename(folder / run.name)
    prefix = machine.environment()
    machine.use(prefix, "10.2", run, "--flavor", "base")
    assert loaded(prefix / "cuda", "libcudart.so.10.2") == "0 10020"


def test_links_lead_to_where_things_are_now(machine: Machine) -> None:
    more = Files(
        {"nvvm/lib64/libnvvm.so.3": b"nvvm"},
        {
            f"targets/{TARGET}/lib/libcublas.so.9": "../../../lib64/libcublas.so.10",
            "extras/CUPTI/lib64/libcublas.so.8": f"../../../targets/{TARGET}/lib/libcublas.so.10",
            "nvvm/lib": "lib64",
            "bin/guide": "../doc/html/index.html",
            "bin/nowhere": "missing",
        },
    )
    run, prefix = machine.middle(more=more), machine.environment()
    machine.use(prefix, "10.2", run, "--flavor", "devel")
    root = prefix / "cuda"
    real = (root / "lib64" / "libcublas.so.10").resolve()
    for name in ("libcublas.so.9", "libcublas.so.8"):
        assert (root / "lib64" / name).resolve() == real
    assert (root / "nvvm" / "lib" / "libnvvm.so.3").read_bytes() == b"nvvm"
    for name in ("guide", "nowhere"):
        assert not os.path.lexists(root / "bin" / name)
    for path in root.rglob("*"):
        if path.is_symlink():
            assert not os.readlink(path).startswith("/"), path
            assert path.exists(), path


def test_an_address_is_downloaded(machine: Machine) -> None:
    run = machine.middle()
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=machine.folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/{run.name}"
        prefix = machine.environment()
        result = machine.use(prefix, "10.2", address, check=False)
        assert result.code == 1 and "its checksum is not known" in result.err
        here = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
        words = ("--sha256", "0" * 64, "--flavor", "base")
        result = machine.use(prefix, "10.2", address, *words, check=False, **here)
        assert f"it does not have the SHA-256 {'0' * 64}: it is damaged" in result.err
        assert "Nothing of it was run." in result.err
        assert "Fetched" not in result.err
        assert list(machine.conda.pkgs.rglob("*.run")) == []
        words = ("--sha256", installer.sha256(run), "--flavor", "base")
        result = machine.use(prefix, "10.2", address, *words, **here)
        server.shutdown()
    told = rf"Fetching {run.name}\nFetched and unpacked {run.name}, \d+ KB, in \d+\.\d s\.\n"
    assert re.match(told, result.err), result.err
    assert loaded(prefix / "cuda", "libcudart.so.10.2") == "0 10020"


def test_what_was_unpacked_is_listed(machine: Machine) -> None:
    run, prefix = machine.middle(), machine.environment()
    machine.use(prefix, "10.2", run, "--flavor", "base")
    document = machine.conda.cuda("list", prefix, "--json").json
    (row,) = document["toolkits"]
    assert (row["version"], row["origin"], row["flavor"]) == ("10.2.89", "runfile", "base")
    assert row["current"] is True
