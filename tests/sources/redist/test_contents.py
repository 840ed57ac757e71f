"""The source `redist`: NVIDIA's manifests and archives, from a folder, an address, a mirror."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from ...conftest import Conda
from ...listing import listing
from ..redist_server import (
    MACHINE,
    OTHER,
    Part,
    RedistServer,
    write_manifest,
    write_release,
)
from ..wheelhouse import only_folder, write_wheel
from .commands import CUDART, packages, refused, use


class TestContents:
    """Components and platforms are those of the manifest."""

    @pytest.mark.parametrize(
        ("words", "components"),
        [
            (["--flavor=base"], ["cudart"]),
            (["--flavor=runtime"], ["cudart", "libcublas"]),
            (["--flavor=devel"], ["cudart", "libcublas", "nvcc", "cccl", "gdb"]),
            (["--components=cublas"], ["libcublas"]),
            (["--components=nvcc"], ["cudart", "nvcc", "cccl"]),
            (["--flavor=base", "--components=cublas"], ["cudart", "libcublas"]),
        ],
        ids=lambda value: " ".join(value) if value[0].startswith("-") else "",
    )
    def test_flavors_and_components(
        self,
        words: list[str],
        components: list[str],
        conda: Conda,
        environment: Path,
        folder: Path,
    ) -> None:
        use(conda, environment, folder, "12.4", *words)
        found = [package.rsplit("-", 2)[0] for package in packages(conda, environment)]
        assert found == [f"cuda-redist-{name}" for name in components]
        if "nvcc" in components:
            text = subprocess.run(
                [environment / "bin" / "nvcc", "--version"], capture_output=True, text=True
            ).stdout
            assert "release 12.4, V12.4.131" in text

    def test_stubs_and_licenses_stay_off_the_path(
        self, conda: Conda, environment: Path, folder: Path
    ) -> None:
        use(conda, environment, folder)
        root = environment / "cuda"
        assert sorted(os.listdir(root / "lib64")) == [
            "libcudart.so",
            "libcudart.so.12",
            "libcudart.so.12.4.127",
        ]
        assert (root / "lib" / "stubs" / "libcuda.so").is_file()
        assert not (root / "LICENSE").exists()
        (license,) = conda.pkgs.glob(f"{CUDART}/info/licenses/LICENSE")
        assert license.read_bytes() == b"the license of cudart"

    def test_a_component_that_is_not_listed(
        self, conda: Conda, environment: Path, folder: Path
    ) -> None:
        message = refused(conda, environment, folder, "12.4", "--components=npp")
        assert message == (
            "NoSourceError: The source redist has no component npp of CUDA 12.4.1 for "
            f"{'linux-64' if MACHINE == 'linux-x86_64' else 'linux-aarch64'}.\n  "
            "redistrib_12.4.1.json has: cudart, cublas, nvcc, cccl."
        )

    def test_a_platform_that_is_not_listed(
        self, conda: Conda, environment: Path, folder: Path
    ) -> None:
        message = refused(conda, environment, folder, CONDA_SUBDIR="win-64")
        assert message == (
            "NoSourceError: The source redist has nothing of CUDA 12.4.1 for win-64.\n"
            f"  redistrib_12.4.1.json has: {MACHINE}."
        )

    def test_windows_gets_its_zip(self, conda: Conda, environment: Path, folder: Path) -> None:
        files = {"bin/x64/cudart64_13.dll": b"MZ", "lib/x64/cudart.lib": b"lib", "LICENSE": b"text"}
        parts = [Part("cuda_cudart", "13.0.96", files, platforms=(OTHER, MACHINE))]
        write_release(folder, "13.0.2", parts)
        words = ["13.0", "--flavor=base"]
        use(conda, environment, folder, *words, CONDA_SUBDIR="win-64")
        root = environment / "cuda-13.0"
        assert (root / "bin" / "cudart64_13.dll").read_bytes() == b"MZ"
        assert (root / "lib" / "x64" / "cudart.lib").is_file()

    def test_the_plan_shows_the_sizes_of_the_manifest_and_downloads_nothing(
        self, conda: Conda, environment: Path, server: RedistServer
    ) -> None:
        manifest = json.loads((server.folder / "redistrib_12.4.1.json").read_text())
        plan = use(conda, environment, server.address, "--dry-run", "--json").json["plan"]
        sizes = {row["name"]: row["size"] for row in plan["install"]["packages"]}
        assert sizes == {
            "cuda-redist-cudart": int(manifest["cuda_cudart"][MACHINE]["size"]),
            "cuda-redist-libcublas": int(manifest["libcublas"][MACHINE]["size"]),
        }
        assert server.archives == []
        assert listing(conda.pkgs) == {"urls.txt": listing(conda.pkgs)["urls.txt"]}

    def test_a_file_that_two_releases_share_names_each_of_them(
        self, conda: Conda, environment: Path, folder: Path
    ) -> None:
        manifest = json.loads((folder / "redistrib_12.4.1.json").read_text())
        write_manifest(folder, "12.4.0", {**manifest, "release_label": "12.4.0"})
        for version in ("12.4.0", "12.4.1", "12.4.0"):
            use(conda, environment, folder, version, "--flavor=base")
            expected = f"cuda-redist-cudart-12.4.127-cuda{version}_0"
            assert packages(conda, environment) == [expected]


def test_an_addon_comes_from_the_index_besides(
    conda: Conda, environment: Path, folder: Path, tmp_path: Path
) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    files = {"nvidia/cudnn/lib/libcudnn.so.9": b"cudnn"}
    write_wheel(wheels, "nvidia-cudnn-cu12", "9.1.0.70", files)
    words = ["12.4", "--flavor=base", "--cudnn=9.1"]
    use(conda, environment, folder, *words, **only_folder(wheels))
    assert packages(conda, environment) == [
        CUDART,
        "cuda-redist-libcublas-12.4.5.8-cuda12.4.1_0",
        "nvidia-cudnn-cu12-9.1.0.70-wheel_0",
    ]
    assert (environment / "cuda" / "lib64" / "libcudnn.so.9").read_bytes() == b"cudnn"
