"""cuDNN and NCCL from PyPI, on adopted toolkits, and for toolkits of other sources."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import pytest

from ...conftest import Conda
from ...listing import listing
from ..wheelhouse import only_folder, write_addons, write_releases, write_wheel
from .commands import COMPILER, CONTENTS_12, CUBLAS, CUDART, NVCC_13, inodes, listed, packages, use


class TestPypi:
    """NVIDIA's wheels."""

    def test_what_is_asked_for_comes_with_what_it_loads(
        self, conda: Conda, environment: Path
    ) -> None:
        words = ("12.4", "--flavor=base", "--cudnn=8.9", "--nccl=2.21")
        install = use(conda, environment, *words)["plan"]["install"]
        assert install["addons"] == {"cudnn": "8.9.7.29", "nccl": "2.21.5"}
        toolkit = listed(conda, environment)
        assert packages(toolkit) == [
            CUDART,
            CUBLAS,
            "nvidia-cudnn-cu12-8.9.7.29",
            "nvidia-nccl-cu12-2.21.5",
        ]
        assert (toolkit["flavor"], toolkit["components"]) == ("base", ["cudart", "cublas"])
        assert toolkit["addons"] == {"cudnn": "8.9.7.29", "nccl": "2.21.5"}
        lib64 = environment / "cuda-12.4" / "lib64"
        assert (lib64 / "libcudnn.so.8").read_bytes() == b"cudnn 8.9.7"
        assert os.readlink(lib64.parent / "lib" / "libcudnn.so") == "libcudnn.so.8"
        assert (lib64 / "libnccl.so.2").read_bytes() == b"nccl 2.21.5"
        assert "base, cublas, cuDNN 8.9.7.29, NCCL 2.21.5" in conda.cuda("list", environment).out

    def test_another_cudnn_needs_its_own_wheel_and_nothing_else(
        self, conda: Conda, environment: Path, tmp_path: Path
    ) -> None:
        use(conda, environment, "12.4", "--cudnn=8.9", "--nccl=2.21")
        root = environment / "cuda-12.4"
        before, have = inodes(root), packages(listed(conda, environment))
        alone = only_folder(write_addons(tmp_path / "cudnn", "nvidia-cudnn-cu12"))
        install = use(conda, environment, "12.4", "--cudnn=9", **alone)["plan"]["install"]
        assert install["adds"] == ["nvidia-cudnn-cu12-9.10.2.21"]
        assert install["removes"] == ["nvidia-cudnn-cu12-8.9.7.29"]
        assert before and inodes(root) == before
        assert sorted(packages(listed(conda, environment))) == sorted(
            [*have[:-2], "nvidia-cudnn-cu12-9.10.2.21", have[-1]]
        )
        lib64 = {path.name for path in (root / "lib64").iterdir()}
        assert {"libcudnn.so", "libcudnn.so.9"} <= lib64 and "libcudnn.so.8" not in lib64
        assert not (root / "include" / "cudnn.h").exists()

    def test_none_takes_it_away_with_the_index_gone(
        self, conda: Conda, environment: Path, empty: dict[str, str]
    ) -> None:
        use(conda, environment, "12.4", "--cudnn=8.9", "--nccl=2.21")
        root = environment / "cuda-12.4"
        before, have = inodes(root), packages(listed(conda, environment))
        install = use(conda, environment, "12.4", "--cudnn=none", **empty)["plan"]["install"]
        assert (install["adds"], install["download"]) == ([], 0)
        assert install["removes"] == ["nvidia-cudnn-cu12-8.9.7.29"]
        assert inodes(root) == before
        toolkit = listed(conda, environment)
        assert packages(toolkit) == [name for name in have if "cudnn" not in name]
        assert toolkit["addons"] == {"nccl": "2.21.5"}
        assert not list((root / "lib64").glob("libcudnn*"))

    def test_what_was_converted_before_is_enough_offline(
        self, conda: Conda, environment: Path, empty: dict[str, str]
    ) -> None:
        for version in ("9.10", "9.1"):
            use(conda, environment, "12.4", f"--cudnn={version}")
        second = conda.create(conda.envs / "second")
        # 9.10 is newer than 9.1, whatever the alphabet says.
        toolkit = use(conda, second, "12.4", "--cudnn=9", "--offline", **empty)["toolkit"]
        assert toolkit["addons"] == {"cudnn": "9.10.2.21"}
        toolkit = use(conda, second, "12.4", "--cudnn=9.1", "--offline", **empty)["toolkit"]
        assert toolkit["addons"] == {"cudnn": "9.1.0.70"}
        words = ("12.4", "--nccl=2.21", "--from=pypi", "-y", "--offline")
        result = conda.cuda("use", second, *words, check=False, **empty)
        assert result.code == 1
        assert "has no NCCL 2.21 for CUDA 12 in the package cache" in result.err
        assert listed(conda, second)["addons"] == {"cudnn": "9.1.0.70"}

    def test_what_is_asked_for_outlasts_remove(self, conda: Conda, environment: Path) -> None:
        use(conda, environment, "12.4", "--flavor=base")
        before = use(
            conda, environment, "13.0", "--flavor=base", "--components=nvcc", "--nccl=2.27"
        )["toolkit"]
        conda.cuda("remove", environment, "13.0", "-y")
        after = use(conda, environment)["toolkit"]
        assert after == before
        assert after["addons"] == {"nccl": "2.27.7"}

    @pytest.mark.parametrize(
        ("words", "message", "hint"),
        [
            (
                ("12.4", "--cudnn=9.5"),
                "pypi has no cuDNN 9.5 for CUDA 12",
                "cuDNN for CUDA 12 on PyPI, the newest: 8.9.7.29, 9.1.0.70, 9.10.2.21.",
            ),
            (("latest", "--cudnn=8.9"), "cuDNN 8.9 does not exist for CUDA 13.", "--cudnn 9.12"),
            (("12.4", "--cudnn=nine"), "'nine' is not a version of cuDNN.", "--cudnn none"),
        ],
    )
    def test_what_cannot_be_is_said_and_changes_nothing(
        self, words: tuple[str, ...], message: str, hint: str, conda: Conda, environment: Path
    ) -> None:
        before = listing(environment)
        words = (*words, "--from=pypi", "-y")
        result = conda.cuda("use", environment, *words, check=False)
        assert result.code != 0
        assert message in result.err and hint in result.err
        assert "Traceback" not in result.err
        assert listing(environment) == before

    def test_windows_has_cudnn_and_no_nccl(
        self, conda: Conda, environment: Path, tmp_path: Path
    ) -> None:
        folder = tmp_path / "windows"
        write_releases(folder, "12.4.1")
        dll = {"nvidia/cudnn/bin/cudnn64_8.dll": b"MZ"}
        write_wheel(folder, "nvidia-cudnn-cu12", "8.9.7.29", dll, tag="py3-none-win_amd64")
        runtime = {"nvidia/cuda_runtime/bin/cudart64_12.dll": b"MZ"}
        for name, version in (
            ("nvidia-cuda-runtime-cu12", "12.4.127"),
            ("nvidia-cublas-cu12", "12.4.5.8"),
        ):
            write_wheel(folder, name, version, runtime, tag="py3-none-win_amd64")
        extra = {**only_folder(folder), "CONDA_SUBDIR": "win-64"}
        words = ("12.4", "--cudnn=8.9", "--dry-run")
        install = use(conda, environment, *words, **extra)["plan"]["install"]
        assert install["addons"] == {"cudnn": "8.9.7.29"}
        assert [p["file"] for p in install["packages"] if "cudnn" in p["name"]] == [
            "nvidia_cudnn_cu12-8.9.7.29-py3-none-win_amd64.whl"
        ]
        words = ("12.4", "--nccl=2.21", "--from=pypi", "--dry-run")
        result = conda.cuda("use", environment, *words, check=False, **extra)
        assert "There is no NCCL for Windows." in result.err


ADDONS = {
    (): {},
    ("--nccl=2",): {"nccl": "2.21.5"},
    ("--cudnn=8", "--nccl=2.21"): {"cudnn": "8.9.7.29", "nccl": "2.21.5"},
}

ADDON_PACKAGES = {"cudnn": "nvidia-cudnn-cu12-8.9.7.29", "nccl": "nvidia-nccl-cu12-2.21.5"}


@pytest.mark.parametrize("components", ["", "cublas"])
@pytest.mark.parametrize("flavor", ["", "base", "runtime"])
@pytest.mark.parametrize("addons", ADDONS)
def test_every_combination_is_listed_exactly(
    flavor: str, components: str, addons: tuple[str, ...], conda: Conda, environment: Path
) -> None:
    words = [f"--flavor={flavor}"] if flavor else []
    words += [f"--components={components}"] if components else []
    use(conda, environment, "12.4", *words, *addons)
    toolkit = listed(conda, environment)
    kept_flavor = flavor or (None if components else "runtime")
    wanted = set(CONTENTS_12[kept_flavor] if kept_flavor else [])
    if components or "cudnn" in ADDONS[addons]:
        wanted.add(CUBLAS)
    assert set(packages(toolkit)) == wanted | {ADDON_PACKAGES[name] for name in ADDONS[addons]}
    assert len(packages(toolkit)) == len(set(packages(toolkit)))
    assert toolkit["flavor"] == kept_flavor
    assert set(toolkit["components"]) == {
        {CUDART: "cudart", CUBLAS: "cublas"}[name] for name in wanted
    }
    assert toolkit["addons"] == ADDONS[addons]


@pytest.mark.parametrize(
    "steps", list(itertools.permutations(["--components=nvcc", "--nccl=2.27", "--cudnn=9.12"]))
)
def test_the_order_in_which_things_are_added_makes_no_difference(
    steps: tuple[str, ...], conda: Conda, environment: Path
) -> None:
    use(conda, environment, "13.0", "--flavor=base")
    for word in steps:
        install = use(conda, environment, "13.0", word)["plan"]["install"]
        assert install["removes"] == []
    toolkit = listed(conda, environment)
    assert sorted(packages(toolkit)) == sorted(
        [*NVCC_13, "nvidia-cudnn-cu13-9.12.0.46", "nvidia-nccl-cu13-2.27.7"]
    )
    assert (toolkit["flavor"], toolkit["components"]) == ("base", COMPILER)
    assert toolkit["addons"] == {"cudnn": "9.12.0.46", "nccl": "2.27.7"}


@pytest.mark.network
def test_the_real_index_has_them(conda: Conda, environment: Path) -> None:
    """A plan: nothing is downloaded."""
    real = dict.fromkeys(("PIP_CONFIG_FILE", "PIP_NO_INDEX", "PIP_FIND_LINKS"))
    real["PIP_EXTRA_INDEX_URL"] = None
    words = ("--flavor=base", "--dry-run")
    for release, addons in {
        "12.4": {"cudnn": "8.9", "nccl": "2.21"},
        "13.0": {"cudnn": "9.12", "nccl": "2.27.7"},
        "11.8": {"cudnn": "9.10.2.21", "nccl": "2.21.5"},
    }.items():
        options = [f"--{name}={version}" for name, version in addons.items()]
        install = use(conda, environment, release, *words, *options, **real)["plan"]["install"]
        for name, version in addons.items():
            assert f"{install['addons'][name]}.".startswith(f"{version}.")
        sizes = {p["name"]: p["size"] for p in install["packages"]}
        major = release.partition(".")[0]
        assert sizes[f"nvidia-cudnn-cu{major}"] > 100e6
        assert sizes[f"nvidia-nccl-cu{major}"] > 50e6
