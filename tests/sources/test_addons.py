"""cuDNN and NCCL from PyPI, on adopted toolkits, and for toolkits of other sources."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ..compat import made_up as made
from ..conftest import Conda, _conda
from ..listing import listing
from .wheelhouse import only_folder, write_addons, write_releases, write_wheel

CUDART = "nvidia-cuda-runtime-cu12-12.4.127"
CUBLAS = "nvidia-cublas-cu12-12.4.5.8"
BASE_13 = ["nvidia-cuda-runtime-13.0.96"]
NVCC_13 = [
    *BASE_13,
    "nvidia-cuda-nvcc-13.0.88",
    "nvidia-nvvm-13.0.88",
    "nvidia-cuda-crt-13.0.88",
    "nvidia-cuda-cccl-13.0.85",
]
COMPILER = ["cudart", "nvcc", "nvvm", "crt", "cccl"]


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small releases and the add-ons in one folder."""
    return write_addons(write_releases(tmp_path_factory.mktemp("wheels")))


@pytest.fixture
def empty(tmp_path: Path) -> dict[str, str]:
    """The variables with which pip finds nothing at all."""
    folder = tmp_path / "empty"
    folder.mkdir()
    return only_folder(folder)


@pytest.fixture
def conda(conda_exe: Path, wheels: Path, tmp_path: Path) -> Conda:
    """A conda with a package cache of its own, which holds no real wheel."""
    home, cache = tmp_path / "home", tmp_path / "pkgs"
    home.mkdir()
    cache.mkdir()
    (cache / "urls.txt").touch()
    found = _conda(conda_exe, home, cache)
    found.variables.update(only_folder(wheels))
    return found


def use(conda: Conda, prefix: Path, *words: str, **extra: Any) -> Any:
    """`conda cuda use --from pypi`; its document."""
    return conda.cuda("use", prefix, *words, "--from=pypi", "-y", "--json", **extra).json


def listed(conda: Conda, prefix: Path) -> Any:
    """The one toolkit that `list` shows."""
    (toolkit,) = conda.cuda("list", prefix, "--json").json["toolkits"]
    return toolkit


def packages(toolkit: Any) -> list[str]:
    """`name-version` of a toolkit's packages."""
    return [package.rpartition("-")[0] for package in toolkit["packages"]]


def inodes(root: Path) -> dict[str, int]:
    """The files of a root below `lib` and `include`, but for the add-ons': their inodes."""
    return {
        str(path.relative_to(root)): path.stat().st_ino
        for folder in ("lib", "include", "bin", "nvvm")
        for path in (root / folder).rglob("*")
        if path.is_file() and not path.is_symlink() and "cudnn" not in path.name
    }


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
            (("12.4", "--cudnn=nine"), "'nine' is no version of cuDNN.", "--cudnn none"),
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


CONTENTS_12 = {"base": [CUDART], "runtime": [CUBLAS, CUDART]}
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


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """A toolkit of the machine, with cuDNN 8.9.7."""
    root = tmp_path / "cuda-12.4"
    for name, text in {
        "bin/nvcc": "",
        "include/cuda_runtime_api.h": "#define CUDART_VERSION 12040\n",
        "include/cudnn_version.h": "#define CUDNN_MAJOR 8\n#define CUDNN_MINOR 9\n"
        "#define CUDNN_PATCHLEVEL 7\n",
        "lib64/libcudart.so.12": "cudart",
        "lib64/libcudnn.so.8.9.7": "cudnn",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / "lib64" / "libcudnn.so.8").symlink_to("libcudnn.so.8.9.7")
    return root


class TestAdopted:
    """Toolkits whose files stay where they are."""

    def test_what_is_there_is_read_from_headers(
        self, conda: Conda, environment: Path, system: Path
    ) -> None:
        words = (system, "--cudnn=8.9", "-y", "--json")
        plan = conda.cuda("use", environment, *words).json["plan"]
        assert plan["install"]["addons"] == {"cudnn": "8.9.7"}
        assert listed(conda, environment)["addons"] == {"cudnn": "8.9.7"}
        assert "cuDNN 8.9.7" in conda.cuda("list", environment).out
        assert "cuDNN 8.9.7" in " ".join(conda.cuda("info", environment).out.split())
        # The header has three numbers, cuDNN's releases have four.
        again = conda.cuda("use", environment, "12.4", "--cudnn=8.9.7.29", "--from=system", "-y")
        assert again.out == "CUDA 12.4 is current in one already.\n"

    def test_without_a_header_the_librarys_name_says_it(
        self, conda: Conda, environment: Path, system: Path
    ) -> None:
        (system / "include" / "cudnn_version.h").unlink()
        (system / "lib64" / "libnccl.so.2").write_text("nccl")
        conda.cuda("use", environment, system, "-y")
        assert listed(conda, environment)["addons"] == {"cudnn": "8.9.7", "nccl": "2"}

    @pytest.mark.parametrize(
        ("word", "why"),
        [
            ("--cudnn=9", "with cuDNN 8.9.7, and conda cuda replaces nothing there"),
            ("--nccl=2.21", "without NCCL, and conda cuda adds nothing there"),
            ("--cudnn=none", "with cuDNN 8.9.7, and conda cuda takes nothing away there"),
        ],
    )
    def test_nothing_is_added_to_them(
        self, word: str, why: str, conda: Conda, environment: Path, system: Path
    ) -> None:
        conda.cuda("use", environment, system, "-y")
        before, there = listing(environment), listing(system)
        result = conda.cuda("use", environment, system, word, "-y", check=False)
        assert result.code == 1
        assert f"The source system has CUDA 12.4 in {system} {why}." in result.err
        assert "conda cuda use 12.4 " in result.err and "--from channel" in result.err
        assert (listing(environment), listing(system)) == (before, there)


class TestOffer:
    """The cuDNN of the environment's framework."""

    @staticmethod
    def tensorflow(prefix: Path, cudnn: str) -> None:
        info = (
            "import collections\nbuild_info = collections.OrderedDict([('cpu_compiler', 'gcc'), "
            f"('cuda_version', '12.4'), ('cudnn_version', '{cudnn}'), ('is_cuda_build', True)])\n"
        )
        made.wheel(prefix, "tensorflow", "2.99.0")
        place = f"{made.SITE}/tensorflow/python/platform/build_info.py"
        made.write(prefix, place, info)

    def test_it_is_offered_and_not_installed(self, conda: Conda, environment: Path) -> None:
        self.tensorflow(environment, "8")
        words = ("12.4", "--flavor=base", "--from=pypi", "-y")
        shown = " ".join(conda.cuda("use", environment, *words).out.split())
        assert "offered --cudnn 8 adds the cuDNN that tensorflow 2.99.0 was built with" in shown
        assert listed(conda, environment)["addons"] == {}
        plan = use(conda, environment, "12.4", "--components=cublas", "--dry-run")["plan"]
        assert plan["offered"] == {
            "addon": "cudnn",
            "version": "8",
            "option": "--cudnn 8",
            "framework": "tensorflow 2.99.0",
        }
        document = use(conda, environment, "12.4", *plan["offered"]["option"].split())
        assert document["toolkit"]["addons"] == {"cudnn": "8.9.7.29"}
        assert document["plan"]["offered"] is None

    def test_not_where_the_toolkit_has_one(self, conda: Conda, environment: Path) -> None:
        self.tensorflow(environment, "8")
        use(conda, environment, "12.4", "--flavor=base", "--cudnn=9")
        plan = use(conda, environment, "12.4", "--nccl=2", "--dry-run")["plan"]
        assert plan["offered"] is None

    def test_not_where_it_was_refused(self, conda: Conda, environment: Path) -> None:
        self.tensorflow(environment, "8")
        plan = use(conda, environment, "12.4", "--cudnn=none", "--dry-run")["plan"]
        assert plan["offered"] is None

    def test_not_what_does_not_exist_for_this_cuda(self, conda: Conda, environment: Path) -> None:
        self.tensorflow(environment, "8")
        plan = use(conda, environment, "13.0", "--flavor=base", "--dry-run")["plan"]
        assert plan["offered"] is None

    def test_not_for_a_framework_that_brings_its_own(self, conda: Conda, environment: Path) -> None:
        made.wheel(environment, "torch", "2.5.1", requires=made.TORCH_251)
        text = made.torch_file("12.4", version="2.5.1")
        made.write(environment, f"{made.SITE}/torch/version.py", text)
        plan = use(conda, environment, "12.4", "--flavor=base", "--dry-run")["plan"]
        assert plan["offered"] is None


_ELSEWHERE = """
import json, sys
from conda.base.context import reset_context
reset_context()
from conda_cuda_plugin.platforms import PLATFORMS
from conda_cuda_plugin.sources.addon_packages import addon_packages
from conda_cuda_plugin.sources.base import ToolkitRequest
from conda_cuda_plugin.versions import CudaVersion, VersionRequest
release, addons, channels = json.loads(sys.argv[1])
request = ToolkitRequest(
    VersionRequest.parse(release), PLATFORMS["linux-64"], addons=addons, channels=tuple(channels)
)
found = addon_packages(request, CudaVersion.parse(release), source="runfile")
assert [p.name for p in found.packages] == [r.name for r in found.fetch()]
print(json.dumps([found.origins, [[p.name, p.version, p.file, p.size] for p in found.packages]]))
"""


def elsewhere(conda: Conda, release: str, addons: dict[str, str], *channels: str) -> Any:
    """The add-ons for a toolkit that neither a channel nor PyPI gave."""
    python = conda.exe.parent / "python"
    words = json.dumps([release, addons, channels])
    done = subprocess.run(
        [python, "-c", _ELSEWHERE, words], env=conda.environ(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_other_toolkits_get_wheels(conda: Conda) -> None:
    origins, found = elsewhere(conda, "12.4", {"cudnn": "9", "nccl": "2.21"})
    assert origins == ["PyPI"]
    assert [row[:2] for row in found] == [
        ["nvidia-cudnn-cu12", "9.10.2.21"],
        ["nvidia-nccl-cu12", "2.21.5"],
    ]
    assert all(row[-1] > 0 for row in found)


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
