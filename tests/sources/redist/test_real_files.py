"""NVIDIA's own files, in a release made of them."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from ...conftest import Conda
from ..redist_server import (
    Part,
    serve,
    write_release,
)

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

COMPONENTS = {
    "nvidia-cuda-runtime": "cuda_cudart",
    "nvidia-cuda-nvcc": "cuda_nvcc",
    "nvidia-nvvm": "libnvvm",
    "nvidia-cuda-crt": "cuda_crt",
    "nvidia-cuda-cccl": "cuda_cccl",
}


def real_release(conda: Conda, folder: Path) -> None:
    """NVIDIA's own files of 13.0.2, from its wheels, in archives as NVIDIA lays them out."""
    prefix = conda.create(conda.envs / "wheels")
    words = ["13.0", "--from", "pypi", "--components", "nvcc", "-y"]
    conda.cuda("use", prefix, *words)
    root = prefix / "cuda-13.0"
    parts = []
    for record in sorted((root / "conda-meta").glob("nvidia-*.json")):
        content = json.loads(record.read_text())
        files, links = {}, {}
        for name in content["files"]:
            path = root / name
            if path.is_symlink():
                links[name] = os.readlink(path)
            elif name == "lib/libcudart.so.13":
                full = f"{name}.{content['version'].split('.', 1)[1]}"
                files[full], links[name] = path, full.rpartition("/")[2]
            else:
                files[name] = path
        parts.append(Part(COMPONENTS[content["name"]], content["version"], files, links))
    write_release(folder, "13.0.2", parts)


@pytest.mark.network
class TestRealFiles:
    """NVIDIA's own compiler and runtime, through archives and a server."""

    def test_nvcc_of_a_devel_toolkit_compiles_and_links(
        self, module_conda: Conda, tmp_path: Path
    ) -> None:
        release = tmp_path / "redist"
        real_release(module_conda, release)
        module_conda.variables["NO_PROXY"] = module_conda.variables["no_proxy"] = "127.0.0.1"
        prefix = module_conda.create(module_conda.envs / "devel")
        words = ["13", "--flavor=devel", "-y"]
        for server in serve(release):
            # The connection breaks once in the largest archive.
            server.break_after, server.breaks = 20_000_000, 1
            module_conda.cuda("use", prefix, *words, "--from", server.address)
            assert [part for _, part in server.archives if part]
        root = prefix / "cuda"
        assert os.readlink(root / "lib" / "libcudart.so.13") == "libcudart.so.13.0.96"
        found = (root / "lib64" / "libcudart.so.13").read_bytes()
        wheels = module_conda.envs / "wheels" / "cuda"
        assert found == (wheels / "lib" / "libcudart.so.13").read_bytes()
        for options in ([], ["-cudart", "shared"]):
            program = tmp_path / f"program{len(options)}"
            program.with_suffix(".cu").write_text(RUNTIME_PROGRAM)
            clean = {"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path)}
            nvcc = [prefix / "bin" / "nvcc", "-arch=sm_90", *options]
            words = [*map(str, nvcc), str(program.with_suffix(".cu")), "-o", str(program)]
            subprocess.run(words, check=True, env=clean)
            clean["LD_LIBRARY_PATH"] = str(root / "lib64")
            done = subprocess.run([program], check=True, env=clean, capture_output=True, text=True)
            assert done.stdout == "13000\n"
