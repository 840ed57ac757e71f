"""The source `pypi`: NVIDIA's real wheels through pip's own configuration."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from ..conftest import Conda
from ..listing import listing
from .wheelhouse import only_folder, write_wheel

COMPILER = ["use", "13.0", "--from", "pypi", "--components", "nvcc", "--yes"]

COMPILER_VERSIONS = {
    "nvidia-cuda-runtime": "13.0.96",
    "nvidia-cuda-nvcc": "13.0.88",
    "nvidia-nvvm": "13.0.88",
    "nvidia-cuda-crt": "13.0.88",
    "nvidia-cuda-cccl": "13.0.85",
}

RUNTIME_PROGRAM = r"""
#include <cstdio>
#include <cuda_runtime.h>
__global__ void nothing() {}
int main() {
    int runtime = 0;
    cudaRuntimeGetVersion(&runtime);
    nothing<<<1, 1>>>();
    std::printf("%d\n", runtime);
}
"""

THRUST_PROGRAM = r"""
#include <cstdio>
#include <thrust/host_vector.h>
#include <thrust/sort.h>
#include <cub/version.cuh>
int main() {
    thrust::host_vector<int> numbers(3);
    numbers[0] = 3; numbers[1] = 1; numbers[2] = 2;
    thrust::sort(numbers.begin(), numbers.end());
    std::printf("%d %d %d\n", numbers[0], numbers[1], numbers[2]);
}
"""


@pytest.fixture(scope="module")
def with_compiler(module_conda: Conda) -> Path:
    """An environment with the compiler set of 13.0."""
    prefix = module_conda.create(module_conda.envs / "compiler")
    module_conda("cuda", *COMPILER, "-p", prefix)
    return prefix


def create(conda: Conda, name: str) -> Path:
    return conda.create(conda.envs / name)


@pytest.mark.parametrize(("release", "runtime"), [("13.4.3", False), ("13.5.0", True)])
def test_curand_brings_the_runtime_that_it_loads(
    release: str, runtime: bool, conda: Conda, tmp_path: Path
) -> None:
    """From 13.5 on libcurand loads libcudart, as readelf shows in the real wheels."""
    pins = {"curand": "nvidia-curand", "cudart": "nvidia-cuda-runtime"}
    requires = [f"{name}=={release}.*; extra == '{extra}'" for extra, name in pins.items()]
    write_wheel(tmp_path, "cuda-toolkit", release, requires=requires, tag="py3-none-any")
    for name in pins.values():
        write_wheel(tmp_path, name, release)
    words = [release, "--from=pypi", "--components=curand", "--dry-run", "--json"]
    plan = conda.cuda("use", create(conda, "curand"), *words, **only_folder(tmp_path)).json["plan"]
    assert {row["name"] for row in plan["install"]["packages"]} == {
        "nvidia-curand",
        *(["nvidia-cuda-runtime"] if runtime else []),
    }


@pytest.mark.network
class TestRealWheels:
    """What the real index gives."""

    def test_flavor_base_of_12_4_is_the_runtime_alone(self, conda: Conda) -> None:
        prefix = create(conda, "base-of-12-4")
        result = conda("cuda", "use", "12.4", "--from=pypi", "--flavor=base", "-yp", prefix)
        assert result.out.endswith("CUDA 12.4.1 is current in base-of-12-4.\n")
        assert os.readlink(prefix / "cuda") == "cuda-12.4"
        assert sorted(os.listdir(prefix / "cuda" / "lib64")) == ["libcudart.so", "libcudart.so.12"]
        (toolkit,) = conda.cuda("list", prefix, "--json").json["toolkits"]
        assert toolkit["packages"] == ["nvidia-cuda-runtime-cu12-12.4.127-wheel_0"]
        assert (toolkit["version"], toolkit["flavor"]) == ("12.4.1", "base")

    def test_the_compiler_set_consists_of_parts_of_its_own_release(
        self, module_conda: Conda, with_compiler: Path
    ) -> None:
        (toolkit,) = module_conda.cuda("list", with_compiler, "--json").json["toolkits"]
        found = dict(package.rsplit("-", 2)[:2] for package in toolkit["packages"])
        assert found == COMPILER_VERSIONS
        header = with_compiler / "cuda" / "include" / "cuda_runtime_api.h"
        assert "#define CUDART_VERSION  13000" in header.read_text()

    def test_execute_bits_are_restored_and_only_for_programs(self, with_compiler: Path) -> None:
        root = with_compiler / "cuda-13.0"
        runnable = {
            str(path.relative_to(root))
            for path in root.rglob("*")
            if path.is_file() and not path.is_symlink() and os.access(path, os.X_OK)
        }
        tools = ("__nvcc_device_query", "bin2c", "cudafe++", "fatbinary", "nvcc", "nvlink", "ptxas")
        refusal = "cuda-bin-lacking/.lacking"
        assert runnable == {*(f"bin/{tool}" for tool in tools), "nvvm/bin/cicc", refusal}

    def test_the_entries_that_linkers_and_tools_expect_are_there(self, with_compiler: Path) -> None:
        root = with_compiler / "cuda-13.0"
        assert os.readlink(root / "lib" / "libcudart.so") == "libcudart.so.13"
        assert (root / "lib64" / "libcudart.so.13").is_file()
        assert (root / "lib64" / "libcudadevrt.a").is_file()
        assert (root / "include" / "cuda_runtime.h").is_file()
        assert (root / "nvvm" / "libdevice" / "libdevice.10.bc").is_file()
        assert '"version": "13.0.' in (root / "version.json").read_text()

    @pytest.mark.parametrize(
        ("source", "options", "output"),
        [
            pytest.param(RUNTIME_PROGRAM, [], "13000", id="plain"),
            pytest.param(RUNTIME_PROGRAM, ["-cudart", "shared"], "13000", id="cudart-shared"),
            pytest.param(THRUST_PROGRAM, [], "1 2 3", id="thrust-and-cub-headers"),
        ],
    )
    def test_nvcc_of_the_environment_compiles_and_links(
        self, source: str, options: list[str], output: str, with_compiler: Path, tmp_path: Path
    ) -> None:
        program = tmp_path / "program"
        program.with_suffix(".cu").write_text(source)
        # No variable leads nvcc to its parts.
        clean = {"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path)}
        nvcc = with_compiler / "bin" / "nvcc"
        words = [nvcc, "-arch=sm_90", *options, program.with_suffix(".cu"), "-o", program]
        subprocess.run(words, check=True, env=clean)
        clean["LD_LIBRARY_PATH"] = str(with_compiler / "cuda" / "lib64")
        done = subprocess.run([program], check=True, env=clean, capture_output=True, text=True)
        assert done.stdout == f"{output}\n"
        needed = subprocess.run(["readelf", "-d", program], capture_output=True, text=True).stdout
        assert ("[libcudart.so.13]" in needed) == ("shared" in options)

    def test_the_second_environment_downloads_nothing_and_costs_no_disk(
        self, module_conda: Conda, with_compiler: Path
    ) -> None:
        prefix = create(module_conda, "second")
        # Nobody answers for the files; the two looks at the index are enough.
        result = module_conda("cuda", *COMPILER, "-p", prefix, "--json").json
        assert result["plan"]["install"]["download"] == 0
        for name in ("bin/nvcc", "nvvm/bin/cicc", "lib/libcudart.so.13"):
            first, second = with_compiler / "cuda" / name, prefix / "cuda" / name
            assert os.path.samefile(first, second), name
            (cached,) = module_conda.pkgs.glob(f"nvidia-*-wheel_0/{name}")
            assert os.path.samefile(cached, second), name

    def test_offline_works_with_the_network_cut(
        self, module_conda: Conda, with_compiler: Path
    ) -> None:
        cut = ["unshare", "--map-root-user", "--net"]
        if subprocess.run([*cut, "true"], capture_output=True).returncode:
            if os.environ.get("CI"):
                pytest.fail("unshare cannot make a network namespace here")
            pytest.skip("unshare cannot make a network namespace here")
        prefix = create(module_conda, "offline")
        done = subprocess.run(
            [*cut, module_conda.exe, "cuda", *COMPILER, "-p", prefix, "--offline"],
            env=module_conda.environ(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        assert listing(prefix / "cuda-13.0" / "bin") == listing(with_compiler / "cuda-13.0" / "bin")
        nvcc = [prefix / "bin" / "nvcc", "--version"]
        text = subprocess.run(nvcc, capture_output=True, text=True, check=True).stdout
        assert "release 13.0, V13.0.88" in text

    @pytest.mark.parametrize("words", [["--flavor=devel"], ["--components=nvcc"]], ids=" ".join)
    def test_nvcc_before_13_is_refused_with_the_place_that_has_it(
        self, words: list[str], conda: Conda, environment: Path
    ) -> None:
        before = listing(environment)
        result = conda.cuda("use", environment, "12.4", "--from=pypi", *words, "-y", check=False)
        assert result.code == 1
        assert "The source pypi has no nvcc before CUDA 13.0" in result.err
        assert "conda cuda use 12.4 --from channel" in result.err
        assert listing(environment) == before

    def test_a_release_that_does_not_exist_names_the_nearest(
        self, conda: Conda, environment: Path
    ) -> None:
        before = listing(environment)
        words = ["12.7", "--from=pypi", "-y"]
        result = conda.cuda("use", environment, *words, check=False)
        assert (result.code, result.out) == (1, "")
        assert "There is no CUDA 12.7.\n  Nearest releases: 12.5, 12.6, 12.8, 12.9." in result.err
        document = conda.cuda("use", environment, *words, "--json", check=False).json
        assert document["nearest"] == ["12.5", "12.6", "12.8", "12.9"]
        assert listing(environment) == before

    @pytest.mark.parametrize("subdir", ["linux-64", "linux-aarch64", "win-64"])
    def test_each_platform_gets_files_of_its_own(
        self, subdir: str, conda: Conda, environment: Path
    ) -> None:
        words = ["13.0", "--from=pypi", "--components=nvcc", "--dry-run", "--json"]
        plan = conda.cuda("use", environment, *words, CONDA_SUBDIR=subdir).json["plan"]
        packages = plan["install"]["packages"]
        assert {row["name"]: row["version"] for row in packages} == COMPILER_VERSIONS
        tags = {row["file"].rsplit("-", 1)[1] for row in packages}
        start = "win" if subdir == "win-64" else "manylinux"
        assert all(tag.startswith(start) for tag in tags)
        machine = {"linux-64": "x86_64", "linux-aarch64": "aarch64", "win-64": "amd64"}[subdir]
        assert all(tag.endswith(f"_{machine}.whl") for tag in tags)
        assert len({row["file"] for row in packages}) == 5

    @pytest.mark.parametrize(
        ("release", "subdir", "expected"),
        [
            pytest.param(
                "12.4",
                "linux-aarch64",
                {"lib64/libcudart.so.12": "../lib/libcudart.so.12", "lib/libcudart.so.12": None},
                id="12.4-linux-aarch64",
            ),
            pytest.param(
                "13.0",
                "linux-aarch64",
                {"lib64/libcudart.so.13": "../lib/libcudart.so.13", "lib/libcudadevrt.a": None},
                id="13.0-linux-aarch64",
            ),
            pytest.param(
                "12.4", "win-64", {"bin/cudart64_12.dll": None, "include/cuda.h": None},
                id="12.4-win-64",
            ),
            pytest.param(
                "13.0", "win-64", {"bin/cudart64_13.dll": None, "lib/x64/cudart.lib": None},
                id="13.0-win-64",
            ),
        ],
    )  # fmt: skip
    def test_the_runtime_of_another_platform_has_its_layout(
        self,
        release: str,
        subdir: str,
        expected: dict[str, str | None],
        module_conda: Conda,
    ) -> None:
        """A toolkit for a machine of another kind can be installed; it cannot be run here."""
        prefix = create(module_conda, f"{release}-{subdir}")
        words = [release, "--from=pypi", "--flavor=base", "-y"]
        module_conda.cuda("use", prefix, *words, CONDA_SUBDIR=subdir)
        root = prefix / f"cuda-{release}"
        for name, target in expected.items():
            assert (root / name).is_file(), name
            assert (os.readlink(root / name) if (root / name).is_symlink() else None) == target
        if subdir == "win-64":
            assert not (root / "lib64").exists()
            assert [path.name for path in root.rglob("*.dll") if path.parent.name != "bin"] == []
