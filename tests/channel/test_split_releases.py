"""CUDA 12 and 13: many packages; the classic layout is made of links."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from .builder import Channels
from .foreign import LETHAL
from .shell import SYSTEM_PROGRAMS, Shell, need_programs
from .tree import names

pytestmark = pytest.mark.network

BASE = {
    "12.4": {"libcudart.so.12", "libcudart.so.12.4.127"},
    "13.0": {"libcudart.so.13", "libcudart.so.13.0.96"},
}
# The sonames of the math libraries, each beside the file that it leads to.
MATH = {
    "12.4": {
        *("libnvrtc.so.12", "libnvrtc.so.12.4.127"),
        *("libcublas.so.12", "libcublas.so.12.4.5.8"),
        *("libcublasLt.so.12", "libcublasLt.so.12.4.5.8"),
        *("libcufft.so.11", "libcufft.so.11.2.1.3"),
        *("libcufile.so.0", "libcufile.so.0.9.1.3"),
        *("libcurand.so.10", "libcurand.so.10.3.5.147"),
        *("libcusolver.so.11", "libcusolver.so.11.6.1.9"),
        *("libcusparse.so.12", "libcusparse.so.12.3.1.170"),
        *("libnvJitLink.so.12", "libnvJitLink.so.12.4.127"),
    },
    "13.0": {
        *("libnvrtc.so.13", "libnvrtc.so.13.0.88"),
        *("libcublas.so.13", "libcublas.so.13.1.0.3"),
        *("libcublasLt.so.13", "libcublasLt.so.13.1.0.3"),
        *("libcufft.so.12", "libcufft.so.12.0.0.61"),
        *("libcufile.so.0", "libcufile.so.0.15.1.6"),
        *("libcurand.so.10", "libcurand.so.10.4.0.35"),
        *("libcusolver.so.12", "libcusolver.so.12.0.4.66"),
        *("libcusparse.so.12", "libcusparse.so.12.6.3.3"),
        *("libnvJitLink.so.13", "libnvJitLink.so.13.0.88"),
    },
}
DEVEL = {
    *("libcudart.so", "libcudart_static.a", "libcudadevrt.a", "libcupti.so", "libnvrtc.so"),
    *("libcublas.so", "libcublasLt.so", "libcufft.so", "libcufile.so", "libcurand.so"),
    *("libcusolver.so", "libcusparse.so", "libnvJitLink.so"),
}
"""What a linker needs beside them, for every release."""
TOOLS = {
    *("nvcc", "ptxas", "fatbinary", "bin2c", "cudafe++", "nvlink"),
    *("cuobjdump", "nvdisasm", "nvprune", "cuda-gdb"),
}
HEADERS = {
    *("cuda_runtime.h", "cuda_runtime_api.h", "driver_types.h", "vector_types.h"),
    *("cub", "thrust", "crt", "fatbinary_section.h", "nvrtc.h", "cublas.h", "cufft.h"),
    *("cufile.h", "curand.h", "cusolver.h", "cusparse.h", "nvjitlink.h", "cupti.h", "nvml.h"),
}
NVCC = {"12.4": "release 12.4, V12.4.131", "13.0": "release 13.0, V13.0.88"}


@pytest.fixture(scope="module", params=["12.4", "13.0"])
def release(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _environment(conda: Any, channels: Channels, release: str, flavor: str) -> Path:
    prefix: Path = conda.create(conda.envs / f"{flavor}-{release}")
    conda.cuda("use", prefix, release, "--flavor", flavor, "-c", channels.forge, "-y")
    return prefix


@pytest.fixture(scope="module")
def base(release: str, module_conda: Any, channels: Channels) -> Path:
    return _environment(module_conda, channels, release, "base")


@pytest.fixture(scope="module")
def runtime(release: str, module_conda: Any, channels: Channels) -> Path:
    return _environment(module_conda, channels, release, "runtime")


@pytest.fixture(scope="module")
def devel(release: str, module_conda: Any, channels: Channels) -> Path:
    return _environment(module_conda, channels, release, "devel")


def test_base_is_the_runtime_library_alone(
    base: Path, release: str, module_shell: Shell, module_conda: Any
) -> None:
    root = base / f"cuda-{release}"
    assert names(root / "lib64") == BASE[release]
    assert names(root / "include") == set()
    assert names(base / "bin") == set()
    soname = f"libcudart.so.{release.partition('.')[0]}"
    version = {"12.4": 12040, "13.0": 13000}[release]
    assert module_shell.loads(base, soname) == [f"{soname} {version} {base}/cuda/lib64/{soname}"]
    (toolkit,) = module_conda.cuda("list", base, "--json").json["toolkits"]
    assert (toolkit["origin"], toolkit["flavor"], toolkit["current"]) == ("channel", "base", True)


def test_runtime_adds_the_math_libraries(runtime: Path, release: str, module_shell: Shell) -> None:
    root = runtime / f"cuda-{release}"
    assert names(root / "lib64") == BASE[release] | MATH[release]
    assert names(runtime / "bin") == set()
    sonames = sorted(name for name in MATH[release] if name.count(".") == 2)
    assert module_shell.loads(runtime, *sonames) == [f"{name} loaded" for name in sonames]


def test_devel_has_what_compilers_and_linkers_look_for(devel: Path, release: str) -> None:
    root = devel / f"cuda-{release}"
    cupti = f"libcupti.so.{release.partition('.')[0]}"
    assert names(root / "lib64") == BASE[release] | MATH[release] | DEVEL | {cupti}
    assert names(root / "include") >= HEADERS
    assert all(path.exists() for path in (*root.glob("lib64/*"), *root.glob("include/*")))
    assert b"CUDART_VERSION" in (root / "include" / "cuda_runtime_api.h").read_bytes()
    assert (root / "include" / "cub" / "cub.cuh").read_text() == "// CUB\n"
    assert (root / "extras" / "CUPTI" / "lib64" / cupti).exists()
    assert (root / "extras" / "CUPTI" / "include" / "cupti.h").exists()
    assert (root / "nvvm" / "libdevice" / "libdevice.10.bc").exists()
    version = json.loads((root / "version.json").read_text())["cuda"]["version"]
    assert version == {"12.4": "12.4.1", "13.0": "13.0.2"}[release]


def test_no_path_of_the_toolkit_leads_out_of_the_environment(devel: Path) -> None:
    links = [path for path in devel.rglob("*") if path.is_symlink()]
    assert len(links) > 50
    assert [path for path in links if os.path.isabs(os.readlink(path))] == []
    assert [path for path in links if not path.exists()] == []


def test_what_the_packages_drag_in_stays_off_the_library_path(
    devel: Path, release: str, module_shell: Shell
) -> None:
    need_programs()
    root = devel / f"cuda-{release}"
    assert set(LETHAL) <= names(root / "lib")
    assert not set(LETHAL) & names(root / "lib64")
    for command in SYSTEM_PROGRAMS.values():
        module_shell.lines(devel, command)


def test_no_stub_of_the_driver_is_found(devel: Path, release: str, module_shell: Shell) -> None:
    root = devel / f"cuda-{release}"
    assert len(list(root.glob("targets/*/lib/stubs/lib*.so"))) == 2
    assert not [name for name in names(root / "lib64") if "libcuda.so" in name or "stubs" in name]
    assert not [name for name in names(root / "lib64") if "nvidia-ml" in name]
    # A stub ends the process; without a driver there is no such library at all.
    for line in module_shell.loads(devel, "libcuda.so.1", "libnvidia-ml.so.1"):
        assert line.split()[1] in ("none", "loaded")


def test_tools_run_through_wrappers_in_the_environment(
    devel: Path, release: str, module_shell: Shell
) -> None:
    assert names(devel / "bin") == TOOLS
    found = module_shell.lines(
        devel, 'command -v nvcc; nvcc --version; ptxas; echo "${NVCC_WAS_ACTIVATED-no}"'
    )
    version = NVCC[release].rpartition("V")[2]
    assert found == [
        f"{devel}/bin/nvcc",
        f"Cuda compilation tools, {NVCC[release]}",
        f"ptxas {version}",
        "no",
    ]


def test_files_know_the_place_where_they_end_up(devel: Path, release: str) -> None:
    config = (devel / f"cuda-{release}" / "lib" / "pkgconfig" / f"cudart-{release}.pc").read_text()
    assert config.splitlines()[0] == f"prefix={devel}/cuda-{release}"


def test_single_components_come_with_what_they_need(
    conda: Any, environment: Path, channels: Channels
) -> None:
    words = ("12.4", "--components", "cusolver", "-c", channels.forge, "-y", "--json")
    toolkit = conda.cuda("use", environment, *words).json["toolkit"]
    assert toolkit["flavor"] is None
    assert toolkit["components"] == ["cublas", "cusolver", "cusparse", "nvjitlink"]
    lib64 = names(environment / "cuda-12.4" / "lib64")
    wanted = ("libcublas", "libcusolver", "libcusparse", "libnvJitLink")
    assert lib64 == {name for name in MATH["12.4"] if name.startswith(wanted)}


def test_a_larger_flavor_of_the_same_release_adds_to_the_first(
    conda: Any, environment: Path, channels: Channels
) -> None:
    conda.cuda("use", environment, "12.4", "--flavor", "base", "-c", channels.forge, "-y")
    words = ("12.4", "--flavor", "runtime", "-c", channels.forge, "-y", "-v")
    more = conda.cuda("use", environment, *words)
    assert "changes   cuda-12.4: " in more.out and "replaces" not in more.out
    assert "cuda-cudart " not in more.out.partition("packages:")[2]
    assert names(environment / "cuda-12.4" / "lib64") == BASE["12.4"] | MATH["12.4"]
    # The larger one has the smaller one's parts: nothing is installed any more.
    again = conda.cuda("use", environment, "12.4", "--flavor", "base", "-c", channels.forge, "-y")
    assert again.out == "CUDA 12.4.1 is current in one already.\n"


@pytest.mark.parametrize(
    ("request_", "runtime", "base"),
    [
        ("12.4", "12.4.1", "12.4.1"),
        ("12.4.0", "12.4.0", "12.4.0"),
        ("12.4.1", "12.4.1", "12.4.1"),
        # 12.9.1 and 12.9.2 have the same runtime library, 13.0.2 and 13.0.3 too; the channel has
        # the metapackages of the first ones.
        ("12", "12.9.1", "12.9.1"),
        ("latest", "13.0.2", "13.0.2"),
        ("13.0.2", "13.0.2", "13.0.2"),
        (">=11.8,<12", "11.8.0", "11.8.0"),
        (">=12.4,<12.9", "12.4.1", "12.4.1"),
        (">=12.4.0,<13", "12.9.1", "12.9.1"),
        ("<13", "12.9.1", "12.9.1"),
        ("11", "11.8.0", "11.8.0"),
        ("==12.4.0", "12.4.0", "12.4.0"),
    ],
)
@pytest.mark.parametrize("flavor", ["base", "runtime"])
def test_versions_may_be_asked_for_in_many_ways(
    request_: str, runtime: str, base: str, flavor: str, module_conda: Any, channels: Channels
) -> None:
    version = base if flavor == "base" else runtime
    prefix = module_conda.envs / "asked"
    if not prefix.exists():
        module_conda.create(prefix)
    words = (request_, "--flavor", flavor, "-c", channels.forge, "--dry-run", "--json")
    plan = module_conda.cuda("use", prefix, *words).json["plan"]
    assert (plan["version"], plan["origin"]) == (version, "channel")
    if version.startswith("12.4"):
        cudart = {p["name"]: p["version"] for p in plan["install"]["packages"]}["cuda-cudart"]
        assert cudart == {"12.4.0": "12.4.99", "12.4.1": "12.4.127"}[version]


def test_an_exact_version_is_known_again(conda: Any, environment: Path, channels: Channels) -> None:
    words = ("13.0.2", "--flavor", "base", "-c", channels.forge, "-y")
    assert conda.cuda("use", environment, *words).out.endswith("CUDA 13.0.2 is current in one.\n")
    again = conda.cuda("use", environment, *words).out
    assert again == "CUDA 13.0.2 is current in one already.\n"
