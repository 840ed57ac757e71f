"""What pip is asked for, and how the user's configuration of it counts."""

from __future__ import annotations

import os
import shutil
import zipfile
from pathlib import Path

import pytest

from conda_cuda_plugin.convert.wheel import unpack_wheel
from conda_cuda_plugin.platforms import PLATFORMS
from conda_cuda_plugin.sources.pypi.flavors import component_pins

from ..conftest import Conda
from ..listing import leftovers, listing
from .packed import packed
from .test_pypi import create
from .wheelhouse import only_folder, only_index, write_index, write_releases

# The lines of the metapackage 13.2.1 that concern the compiler and what is not pinned exactly.
_ALL = "(sys_platform == 'linux' and platform_machine == 'aarch64' or sys_platform == 'linux' and platform_machine == 'x86_64' or sys_platform == 'win32' and platform_machine == 'AMD64')"

REQUIRES_13_2_1 = [
    f"nvidia-nvjitlink<14,>=13.2.78; {_ALL} and extra == 'all'",
    f"nvidia-nvjitlink<14,>=13.2.78; {_ALL} and extra == 'cufft'",
    f"nvidia-cufft==12.2.0.46.*; {_ALL} and extra == 'cufft'",
    f"nvidia-cuda-crt==13.2.78.*; {_ALL} and extra == 'nvcc'",
    f"nvidia-cuda-nvcc==13.2.78.*; {_ALL} and extra == 'nvcc'",
    f"nvidia-cuda-runtime==13.2.75.*; {_ALL} and extra == 'nvcc'",
    f"nvidia-nvvm==13.2.78.*; {_ALL} and extra == 'nvcc'",
    f"nvidia-cuda-cccl==13.2.75.*; {_ALL} and extra == 'cccl'",
    f"nvidia-cuda-crt==13.2.78.*; {_ALL} and extra == 'crt'",
    f"nvidia-cuda-runtime==13.2.75.*; {_ALL} and extra == 'cudart'",
    f"nvidia-nvjitlink<14,>=13.2.78; {_ALL} and extra == 'nvjitlink'",
    f"nvidia-nvvm==13.2.78.*; {_ALL} and extra == 'nvvm'",
    "nvidia-cudla==13.2.75.*; (sys_platform == 'linux' and platform_machine == 'aarch64') and extra == 'cudla'",
    "nvidia-cuda-opencl==13.2.75.*; (sys_platform == 'linux' and platform_machine == 'x86_64' or sys_platform == 'win32' and platform_machine == 'AMD64') and extra == 'opencl'",
    f"nvidia-cuda-nvcc==13.2.78.*; {_ALL} and extra == 'tileiras'",
]

EVERYWHERE = {
    "cudart": "nvidia-cuda-runtime==13.2.75.*",
    "cufft": "nvidia-cufft==12.2.0.46.*",
    "nvjitlink": "nvidia-nvjitlink==13.2.78.*",
    "nvcc": "nvidia-cuda-nvcc==13.2.78.*",
    "nvvm": "nvidia-nvvm==13.2.78.*",
    "crt": "nvidia-cuda-crt==13.2.78.*",
    "cccl": "nvidia-cuda-cccl==13.2.75.*",
}


@pytest.mark.parametrize(
    ("subdir", "own"),
    [
        ("linux-64", {"opencl": "nvidia-cuda-opencl==13.2.75.*"}),
        ("linux-aarch64", {"cudla": "nvidia-cudla==13.2.75.*"}),
        ("win-64", {"opencl": "nvidia-cuda-opencl==13.2.75.*"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_component_is_pinned_also_where_the_metapackage_gives_a_range(
    subdir: str, own: dict[str, str]
) -> None:
    assert component_pins(REQUIRES_13_2_1, PLATFORMS[subdir]) == {**EVERYWHERE, **own}


def test_lines_that_are_no_requirements_are_passed_over() -> None:
    lines = ["", "not a requirement!", "nvidia-cuda-runtime", *REQUIRES_13_2_1]
    assert component_pins(lines, PLATFORMS["linux-64"])["cudart"] == EVERYWHERE["cudart"]


@pytest.mark.usefixtures("own_cache")
class TestConfiguration:
    """Where pip is told to look is where the files come from."""

    BASE = ("12.4", "--from=pypi", "--flavor=base", "-y")

    def refused(self, conda: Conda, prefix: Path, *words: str, **variables: str) -> str:
        """A `use` that must fail and change nothing; its message."""
        before = listing(prefix)
        words = words or self.BASE
        result = conda.cuda("use", prefix, *words, check=False, **variables)
        assert (result.code, "Traceback" in result.err) == (1, False), result.err
        assert listing(prefix) == before
        assert leftovers(conda.pkgs) == []
        assert list(conda.pkgs.rglob("*.conda")) == []
        assert list(conda.pkgs.rglob("*.whl")) == []
        return result.err.strip()

    def test_find_links_and_no_index_of_a_configuration_file(
        self, conda: Conda, environment: Path, tmp_path: Path
    ) -> None:
        wheels = write_releases(tmp_path / "wheels")
        config = tmp_path / "pip.conf"
        config.write_text(f"[global]\nno-index = true\nfind-links = {wheels}\n")
        variables = {"PIP_CONFIG_FILE": str(config), "PIP_FIND_LINKS": None}
        conda.cuda("use", environment, *self.BASE, **variables)
        library = environment / "cuda" / "lib64" / "libcudart.so.12"
        assert library.read_bytes() == b"cudart 12.4"

    def test_an_index_on_disk(self, conda: Conda, environment: Path, tmp_path: Path) -> None:
        wheels = write_releases(tmp_path / "wheels")
        address = write_index(tmp_path / "simple", wheels)
        conda.cuda("use", environment, *self.BASE, **only_index(address))
        assert (environment / "cuda/lib/libcudart.so.12").read_bytes() == b"cudart 12.4"

    def test_settings_of_pip_that_mean_something_else_do_no_harm(
        self, conda: Conda, environment: Path, tmp_path: Path
    ) -> None:
        wheels = write_releases(tmp_path / "wheels")
        variables = {
            **only_folder(wheels),
            "PIP_USER": "1",
            "PIP_REQUIRE_VIRTUALENV": "1",
            "PIP_REPORT": str(tmp_path / "report"),
            "PIP_LOG": str(tmp_path / "log"),
            "PIP_QUIET": "2",
            "PIP_VERBOSE": "1",
            "PIP_NO_DEPS": "0",
            "PIP_NO_BINARY": ":all:",
            "PIP_PREFIX": str(tmp_path / "prefix"),
            "PIP_TARGET": str(tmp_path / "target"),
            "PIP_REQUIRE_HASHES": "1",
            "PIP_CONSTRAINT": str(tmp_path / "constraints.txt"),
        }
        (tmp_path / "constraints.txt").write_text("nvidia-cuda-runtime-cu12==1\n")
        conda.cuda("use", environment, *self.BASE, **variables)
        assert (environment / "cuda/lib/libcudart.so.12").read_bytes() == b"cudart 12.4"
        assert not {"report", "log", "prefix", "target"} & set(os.listdir(tmp_path))

    def test_no_answer_from_the_index(self, conda: Conda, environment: Path) -> None:
        message = self.refused(conda, environment, **only_index("http://127.0.0.1:9/simple"))
        assert message == (
            "NoSourceError: The source pypi cannot be reached: no answer from the index that pip "
            "is configured to use.\n  pip config list shows the index; conda cuda use ... -c "
            "CHANNEL needs none."
        )

    def test_an_index_without_cuda(self, conda: Conda, environment: Path, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        message = self.refused(conda, environment, **only_folder(tmp_path / "empty"))
        refusal, *hints = message.splitlines()
        assert refusal == (
            "NoSourceError: The source pypi has no cuda-toolkit on the index that pip is "
            "configured to use."
        )
        assert hints[-1] == "  pip config list shows which index that is."
        assert "--from redist" in hints[1]

    def test_a_file_with_another_hash_than_the_index_says(
        self, conda: Conda, environment: Path, tmp_path: Path
    ) -> None:
        wheels = write_releases(tmp_path / "wheels")
        wrong = {"nvidia_cuda_runtime_cu12-12.4.127-py3-none-manylinux2014_x86_64.whl": "0" * 64}
        address = write_index(tmp_path / "simple", wheels, wrong)
        message = self.refused(conda, environment, **only_index(address))
        assert message.endswith(
            "HashMismatchError: The downloaded file of nvidia-cuda-runtime-cu12 does not have the "
            "hash that the index gives for it, so it was thrown away and nothing was changed.\n"
            "  Run the command again. If it happens again, the mirror or proxy in between alters "
            "or truncates files."
        )

    @pytest.mark.parametrize("keep", [0, 40, 0.5, -1], ids=["empty", "start", "half", "last-byte"])
    def test_a_truncated_file(
        self, keep: float, conda: Conda, environment: Path, tmp_path: Path
    ) -> None:
        wheels = write_releases(tmp_path / "wheels")
        (wheel,) = wheels.glob("nvidia_cuda_runtime_cu12*")
        address = write_index(tmp_path / "simple", wheels)
        data = wheel.read_bytes()
        wheel.write_bytes(data[: int(keep * len(data)) if 0 < keep < 1 else int(keep)])
        message = self.refused(conda, environment, **only_index(address))
        assert "HashMismatchError: The downloaded file of nvidia-cuda-runtime" in message

    def test_a_truncated_file_without_any_hash(
        self, conda: Conda, environment: Path, tmp_path: Path
    ) -> None:
        wheels = write_releases(tmp_path / "wheels")
        (wheel,) = wheels.glob("nvidia_cuda_runtime_cu12*")
        wheel.write_bytes(wheel.read_bytes()[:-30])
        message = self.refused(conda, environment, **only_folder(wheels))
        assert f"{wheel.name} cannot be used: it is damaged" in message

    def test_a_component_that_the_index_lacks(
        self, conda: Conda, environment: Path, tmp_path: Path
    ) -> None:
        wheels = write_releases(tmp_path / "wheels")
        (wheel,) = wheels.glob("nvidia_cuda_runtime_cu12*")
        wheel.unlink()
        message = self.refused(conda, environment, **only_folder(wheels))
        assert message.startswith(
            "NoSourceError: The source pypi lacks nvidia-cuda-runtime-cu12==12.4.127.* of CUDA "
            "12.4 for linux-64.\n  conda cuda use 12.4 --flavor base -n one --from channel"
        )

    def test_offline_without_anything_in_the_cache(self, conda: Conda, environment: Path) -> None:
        message = self.refused(
            conda, environment, *self.BASE, "--offline", PIP_CONFIG_FILE="/dev/null",
            PIP_FIND_LINKS="",
        )  # fmt: skip
        assert message == (
            "NoSourceError: The source pypi has nothing of CUDA 12.4 in the package cache, and "
            "--offline forbids to ask the index.\n  Run the command without --offline once, on "
            "this machine or on one that shares its package cache."
        )

    def test_offline_uses_what_the_cache_has_and_no_other_release(
        self, conda: Conda, environment: Path, tmp_path: Path
    ) -> None:
        wheels = write_releases(tmp_path / "wheels")
        conda.cuda("use", environment, *self.BASE, **only_folder(wheels))
        shutil.rmtree(wheels)
        second = create(conda, "second")
        nothing = {"PIP_CONFIG_FILE": "/dev/null", "PIP_FIND_LINKS": ""}
        conda.cuda("use", second, *self.BASE, "--offline", **nothing)
        assert os.path.samefile(
            second / "cuda/lib/libcudart.so.12", environment / "cuda/lib/libcudart.so.12"
        )
        words = ("13.0", "--from=pypi", "--flavor=base", "-y", "--offline")
        result = conda.cuda("use", second, *words, check=False, **nothing)
        assert (result.code, "nothing of CUDA 13.0 in the package cache" in result.err) == (1, True)

    def test_a_damaged_cache_is_filled_anew(
        self, conda: Conda, environment: Path, tmp_path: Path
    ) -> None:
        wheels = write_releases(tmp_path / "wheels")
        conda.cuda("use", environment, *self.BASE, **only_folder(wheels))
        channel = conda.pkgs / "conda-cuda"
        for path in (channel / "releases.json", channel / "linux-64" / "repodata.json"):
            path.write_text("{ not json")
        for package in conda.pkgs.rglob("*.conda"):
            package.write_bytes(b"damaged")
        shutil.rmtree(conda.pkgs / "nvidia-cuda-runtime-cu12-12.4.127-wheel_0")
        second = create(conda, "second")
        conda.cuda("use", second, *self.BASE, **only_folder(wheels))
        assert (second / "cuda/lib/libcudart.so.12").read_bytes() == b"cudart 12.4"


def test_a_wheel_becomes_a_package_with_the_classic_layout(tmp_path: Path) -> None:
    """The package holds the toolkit's files only: no Python modules, no metadata of the wheel."""
    wheels = write_releases(tmp_path, "12.4.1")
    (wheel,) = wheels.glob("nvidia_cuda_runtime_cu12*")
    package, record = unpack_wheel(wheel, tmp_path, "linux-64")
    assert record["name"] == "nvidia-cuda-runtime-cu12"
    assert record["version"] == "12.4.127"
    assert record["depends"] == []
    assert package.name == "nvidia-cuda-runtime-cu12-12.4.127-wheel_0"
    with zipfile.ZipFile(packed(package)) as archive:
        assert "metadata.json" in archive.namelist()
