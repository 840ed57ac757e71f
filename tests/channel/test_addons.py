"""cuDNN and NCCL from channels: installed with a toolkit, added, replaced and taken away."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from ..sources.test_addons import elsewhere
from ..sources.wheelhouse import only_folder, write_wheel
from .builder import Channels
from .libraries import Compiler
from .shell import Shell
from .tree import names, tree

pytestmark = pytest.mark.network

NOBODY = "http://127.0.0.1:9/channel"
"""An address at which nothing answers."""
CUDNN = {"cudnn", "libcudnn", "libcudnn-dev"}


def use(conda: Any, prefix: Path, *words: str, **extra: str) -> Any:
    """`conda cuda use`; its document."""
    return conda.cuda("use", prefix, *words, "-y", "--json", **extra).json


def listed(conda: Any, prefix: Path) -> Any:
    """The one toolkit that `list` shows."""
    (toolkit,) = conda.cuda("list", prefix, "--json").json["toolkits"]
    return toolkit


def package_names(toolkit: Any) -> dict[str, str]:
    """Package to version, of a toolkit as `--json` shows it."""
    return dict(package.rsplit("-", 2)[:2] for package in toolkit["packages"])


def inodes(root: Path) -> dict[str, int]:
    """The files of a root that packages own, by path: their inodes."""
    owned = {
        path: record.name.rsplit("-", 2)[0]
        for record in (root / "conda-meta").glob("*.json")
        for path in json.loads(record.read_text())["files"]
    }
    return {
        path: (root / path).lstat().st_ino
        for path, package in owned.items()
        if package not in CUDNN | {"nccl"} and not (root / path).is_symlink()
    }


@pytest.fixture(scope="module")
def template(module_conda: Any, channels: Channels) -> Path:
    """An environment with the runtime of 12.4, cuDNN 8.9 and NCCL 2.21."""
    prefix: Path = module_conda.create(module_conda.envs / "template")
    words = ("12.4", "--cudnn", "8.9", "--nccl", "2.21", "-c", channels.forge)
    use(module_conda, prefix, *words)
    return prefix


@pytest.fixture
def with_addons(conda: Any, template: Path) -> Path:
    """A copy of it, of a test's own."""
    prefix: Path = conda.envs / "mine"
    shutil.copytree(template, prefix, symlinks=True, copy_function=os.link)
    return prefix


def test_they_come_with_the_toolkit_and_load_by_name(
    conda: Any, with_addons: Path, shell: Shell
) -> None:
    toolkit = listed(conda, with_addons)
    assert toolkit["addons"] == {"cudnn": "8.9.7.29", "nccl": "2.21.5.1"}
    assert (toolkit["flavor"], toolkit["origin"]) == ("runtime", "channel")
    lib64 = names(with_addons / "cuda-12.4" / "lib64")
    assert {name for name in lib64 if name.startswith(("libcudnn", "libnccl"))} == {
        *("libcudnn.so", "libcudnn.so.8", "libcudnn.so.8.9.7"),
        *("libnccl.so", "libnccl.so.2", "libnccl.so.2.21.5"),
    }
    assert {"cudnn.h", "nccl.h"} <= names(with_addons / "cuda" / "include")
    found = shell.loads(with_addons, "libcudnn.so.8", "libnccl.so.2", "libcudart.so.12")
    assert found[:2] == ["libcudnn.so.8 loaded", "libnccl.so.2 loaded"]
    assert found[2].split()[:2] == ["libcudart.so.12", "12040"]


def test_list_and_info_show_them(conda: Any, with_addons: Path) -> None:
    assert "runtime, cuDNN 8.9.7.29, NCCL 2.21.5.1" in conda.cuda("list", with_addons).out
    shown = " ".join(conda.cuda("info", with_addons).out.split())
    assert "CUDA 12.4.1, runtime, cuDNN 8.9.7.29, NCCL 2.21.5.1, from channel" in shown
    assert f"cuDNN 8.9.7.29 ({with_addons}/cuda-12.4/lib64/libcudnn.so.8)" in shown
    current = conda.cuda("info", with_addons, "--json").json["current"]
    assert current["addons"] == {"cudnn": "8.9.7.29", "nccl": "2.21.5.1"}


def test_another_cudnn_replaces_its_own_packages_only(
    conda: Any, with_addons: Path, shell: Shell
) -> None:
    root = with_addons / "cuda-12.4"
    before, packages = inodes(root), package_names(listed(conda, with_addons))
    document = use(conda, with_addons, "12.4", "--cudnn", "9")
    install = document["plan"]["install"]
    assert sorted(install["adds"]) == [f"{name}-9.10.2.21" for name in sorted(CUDNN)]
    assert install["removes"] == ["cudnn-8.9.7.29"]
    assert install["addons"] == {"cudnn": "9.10.2.21", "nccl": "2.21.5.1"}
    assert before and inodes(root) == before
    after = package_names(listed(conda, with_addons))
    assert after == {**packages, **dict.fromkeys(CUDNN, "9.10.2.21")}
    lib64 = {name for name in names(root / "lib64") if name.startswith("libcudnn")}
    assert lib64 == {"libcudnn.so", "libcudnn.so.9", "libcudnn.so.9.10.2"}
    assert shell.loads(with_addons, "libcudnn.so.8", "libcudnn.so.9") == [
        "libcudnn.so.8 none",
        "libcudnn.so.9 loaded",
    ]


def test_none_takes_it_away_and_asks_nobody(conda: Any, with_addons: Path) -> None:
    root = with_addons / "cuda-12.4"
    before, packages = inodes(root), package_names(listed(conda, with_addons))
    install = use(conda, with_addons, "12.4", "--cudnn", "none", "-c", NOBODY)["plan"]["install"]
    assert (install["adds"], install["removes"]) == ([], ["cudnn-8.9.7.29"])
    assert install["download"] == 0
    assert inodes(root) == before
    assert package_names(listed(conda, with_addons)) == {
        name: version for name, version in packages.items() if name != "cudnn"
    }
    assert listed(conda, with_addons)["addons"] == {"nccl": "2.21.5.1"}
    assert not [name for name in names(root / "lib64") if "cudnn" in name]
    assert not (root / "include" / "cudnn.h").exists()


def test_none_of_what_is_not_there_changes_nothing(conda: Any, with_addons: Path) -> None:
    use(conda, with_addons, "12.4", "--cudnn", "none", "-c", NOBODY)
    before = tree(with_addons)
    assert use(conda, with_addons, "12.4", "--cudnn", "none", "-c", NOBODY)["installed"] is False
    assert use(conda, with_addons, "12.4", "--nccl", "2.21", "-c", NOBODY)["installed"] is False
    packages = {path: kept for path, kept in before.items() if path.startswith("cuda-12.4/")}
    after = tree(with_addons)
    assert {path: after[path] for path in packages} == packages


def test_a_larger_flavor_and_a_component_keep_the_addons(conda: Any, with_addons: Path) -> None:
    root = with_addons / "cuda-12.4"
    before, packages = inodes(root), package_names(listed(conda, with_addons))
    cudnn = (root / "lib" / "libcudnn.so.8.9.7").stat().st_ino
    install = use(conda, with_addons, "12.4", "--components", "nvcc")["plan"]["install"]
    assert install["removes"] == []
    assert "cuda-nvcc-12.4.131" in install["adds"]
    toolkit = listed(conda, with_addons)
    assert (toolkit["flavor"], toolkit["components"]) == (
        "runtime",
        ["cudart", "nvcc", "nvvm", "crt", "cccl"],
    )
    assert toolkit["addons"] == {"cudnn": "8.9.7.29", "nccl": "2.21.5.1"}
    assert package_names(toolkit).items() >= packages.items()
    assert {path: inodes(root)[path] for path in before} == before
    assert (root / "lib" / "libcudnn.so.8.9.7").stat().st_ino == cudnn
    assert (with_addons / "bin" / "nvcc").exists()
    # A new larger flavor still knows all of it.
    toolkit = use(conda, with_addons, "12.4", "--flavor", "devel")["toolkit"]
    assert toolkit["flavor"] == "devel"
    assert toolkit["addons"] == {"cudnn": "8.9.7.29", "nccl": "2.21.5.1"}
    assert package_names(toolkit).items() >= packages.items()


def test_the_compiler_alone_is_added_to_a_runtime(
    conda: Any, environment: Path, channels: Channels
) -> None:
    use(conda, environment, "12.4", "-c", channels.forge)
    root = environment / "cuda-12.4"
    before, packages = inodes(root), package_names(listed(conda, environment))
    install = use(conda, environment, "12.4", "--components", "nvcc")["plan"]["install"]
    assert install["flavor"] == "runtime" and install["removes"] == []
    assert {path: inodes(root)[path] for path in before} == before
    added = set(package_names(listed(conda, environment))) - set(packages)
    assert {"cuda-nvcc", "cuda-nvcc-tools", "cuda-nvvm-tools"} <= added
    # Neither the math libraries' headers nor the debugger: that would be devel.
    assert not [name for name in added if name.startswith(("libcu", "cuda-gdb", "cuda-toolkit"))]
    record = (environment / "etc/conda/cuda/state.yaml").read_text()
    assert "flavor: runtime" in record and "components: [nvcc]" in record


def test_the_whole_request_outlasts_remove(conda: Any, with_addons: Path) -> None:
    # What remains keeps the record alive; with the last toolkit it goes too.
    use(conda, with_addons, "13.0", "--flavor", "base")
    before = use(conda, with_addons, "12.4", "--components", "nvcc")["toolkit"]
    conda.cuda("remove", with_addons, "12.4", "-y")
    assert names(with_addons).isdisjoint({"cuda", "cuda-12.4"})
    again = use(conda, with_addons)["toolkit"]
    for fact in ("version", "flavor", "components", "addons", "origin"):
        assert again[fact] == before[fact], fact
    assert sorted(again["packages"]) == sorted(before["packages"])


def test_what_changes_with_the_channels_gone_says_so(conda: Any, with_addons: Path) -> None:
    before = tree(with_addons)
    wheels = conda.home / "no-wheels"
    wheels.mkdir()
    words = ("12.4", "--cudnn", "9", "-c", NOBODY, "--json")
    result = conda.cuda("use", with_addons, *words, check=False, **only_folder(wheels))
    assert result.code == 1
    assert tree(with_addons) == before


@pytest.mark.parametrize(
    ("release", "words", "addons", "sonames"),
    [
        (
            "10.2",
            ("--cudnn", "7.6", "--nccl", "2.15"),
            {"cudnn": "7.6.5.32", "nccl": "2.15.5.1"},
            ("libcudnn.so.7", "libnccl.so.2"),
        ),
        ("10.2", ("--cudnn", "8"), {"cudnn": "8.2.1.32"}, ("libcudnn.so.8",)),
        (
            "11.8",
            ("--cudnn", "8.9", "--nccl", "2"),
            {"cudnn": "8.9.7.29", "nccl": "2.21.5.1"},
            ("libcudnn.so.8", "libnccl.so.2"),
        ),
    ],
)
def test_the_old_era_has_them_too(
    release: str,
    words: tuple[str, ...],
    addons: dict[str, str],
    sonames: tuple[str, ...],
    conda: Any,
    environment: Path,
    channels: Channels,
    shell: Shell,
) -> None:
    use(conda, environment, release, "-c", channels.forge)
    root = environment / f"cuda-{release}"
    before, packages = inodes(root), package_names(listed(conda, environment))
    use(conda, environment, release, *words)
    toolkit = listed(conda, environment)
    assert toolkit["addons"] == addons
    assert package_names(toolkit) == {**packages, **addons}
    assert inodes(root) == before
    assert shell.loads(environment, *sonames) == [f"{name} loaded" for name in sonames]


def test_a_compiler_under_a_label_gets_cudnn_without_a_second_toolkit(
    conda: Any, environment: Path, channels: Channels, shell: Shell, tmp_path: Path
) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    words = ("11.8", "--flavor", "devel", "--cudnn", "8.9", "-c", "conda-forge")
    toolkit = use(conda, environment, *words, **only_folder(wheels))["toolkit"]
    assert (toolkit["flavor"], toolkit["addons"]) == ("devel", {"cudnn": "8.9.7.29"})
    assert "cudatoolkit" not in package_names(toolkit)
    assert shell.loads(environment, "libcudnn.so.8") == ["libcudnn.so.8 loaded"]


def test_what_no_channel_has_comes_from_pypi_and_the_toolkit_stays(
    conda: Any, with_addons: Path, shell: Shell, tmp_path: Path
) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    library = Compiler(tmp_path).library("libcudnn.so.9")
    files = {"nvidia/cudnn/lib/libcudnn.so.9": library}
    write_wheel(wheels, "nvidia-cudnn-cu12", "9.20.0.48", files)
    root = with_addons / "cuda-12.4"
    before = inodes(root)
    install = use(conda, with_addons, "12.4", "--cudnn", "9.20", **only_folder(wheels))["plan"][
        "install"
    ]
    assert install["adds"] == ["nvidia-cudnn-cu12-9.20.0.48"]
    assert install["removes"] == ["cudnn-8.9.7.29"]
    assert install["from"] == "conda-forge, PyPI"
    assert inodes(root).items() >= before.items()
    assert (root / "lib64" / "libcudnn.so.9").read_bytes() == library
    assert shell.loads(with_addons, "libcudnn.so.9") == ["libcudnn.so.9 loaded"]
    # And back again, and away: the wheel is no concern of the solver.
    use(conda, with_addons, "12.4", "--nccl", "2.23", **only_folder(wheels))
    assert listed(conda, with_addons)["addons"] == {"cudnn": "9.20.0.48", "nccl": "2.23.4.1"}
    use(conda, with_addons, "12.4", "--cudnn", "8.9.2", **only_folder(wheels))
    assert listed(conda, with_addons)["addons"] == {"cudnn": "8.9.2.26", "nccl": "2.23.4.1"}
    assert inodes(root) == before


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (
            ("13.0", "--cudnn", "8.9"),
            "cuDNN 8.9 does not exist for CUDA 13.",
            "For CUDA 13 it begins with 9.12: --cudnn 9.12",
        ),
        (
            ("10.2", "--cudnn", "9"),
            "cuDNN 9 does not exist for CUDA 10.",
            "For CUDA 10 it goes from 7.3 to 8.7: --cudnn 8.7",
        ),
        (
            ("12.4", "--nccl", "2.7"),
            "NCCL 2.7 does not exist for CUDA 12.",
            "For CUDA 12 it begins with 2.16: --nccl 2.16",
        ),
    ],
)
@pytest.mark.parametrize("source", ["channel", "pypi", None])
def test_what_does_not_exist_for_a_cuda_is_refused_before_anybody_is_asked(
    words: tuple[str, ...], message: str, hint: str, source: str | None, conda: Any,
    environment: Path, tmp_path: Path,
) -> None:  # fmt: skip
    before = tree(environment)
    more = ("--from", source) if source else ()
    result = conda.cuda(
        "use", environment, *words, *more, "-c", NOBODY, "-y", check=False, **only_folder(tmp_path)
    )
    assert result.code == 1
    assert message in result.err and hint in result.err
    assert "Traceback" not in result.err
    assert tree(environment) == before


def test_a_version_that_no_source_has_is_said(
    conda: Any, environment: Path, channels: Channels
) -> None:
    words = ("12.4", "--cudnn", "9.11", "--from", "channel", "-c", channels.forge, "-y")
    result = conda.cuda("use", environment, *words, check=False)
    assert result.code == 1
    assert f"has no CUDA 12.4 with cuDNN 9.11 on {channels.forge}" in result.err
    assert "cuDNN there: 8.9.2.26, 8.9.7.29, 9.10.2.21" in result.err


@pytest.mark.parametrize(
    ("release", "addons", "files"),
    [
        ("10.2", {"cudnn": "7.6"}, ["cudnn-7.6.5.32-cuda10.2_0.conda"]),
        ("10.2", {"cudnn": "8"}, ["cudnn-8.2.1.32-cuda10.2_0.conda"]),
        ("10.2", {"nccl": "2"}, ["nccl-2.15.5.1-cuda10.2_0.conda"]),
        ("11.8", {"cudnn": "8.9"}, ["cudnn-8.9.7.29-cuda11_0.conda"]),
        (
            "12.4",
            {"cudnn": "9", "nccl": "2.21"},
            [
                "cudnn-9.10.2.21-cuda12_0.conda",
                "libcudnn-dev-9.10.2.21-cuda12_0.conda",
                "libcudnn-9.10.2.21-cuda12_0.conda",
                "nccl-2.21.5.1-cuda12_0.conda",
            ],
        ),
    ],
)
def test_toolkits_from_elsewhere_get_an_addons_own_packages_alone(
    release: str,
    addons: dict[str, str],
    files: list[str],
    conda: Any,
    channels: Channels,
    tmp_path: Path,
) -> None:
    # No wheel is there, so that CUDA 11 and later take the channel's packages too.
    conda.variables.update(only_folder(tmp_path))
    origins, found = elsewhere(conda, release, addons, channels.forge)
    assert origins == ["conda-forge"]
    assert [file for _, _, file, _ in found] == files


def test_the_environments_own_packages_keep_their_addons(conda: Any, channels: Channels) -> None:
    prefix = conda.envs / "own"
    specs = ("cuda-version=12.4", "cuda-cudart", "cudnn=8.9")
    conda("create", "-p", prefix, "-c", channels.forge, "--override-channels", "-y", *specs)
    toolkit = use(conda, prefix, "12.4", "--cudnn", "8.9.7.29")["toolkit"]
    assert (toolkit["origin"], toolkit["addons"]) == ("environment", {"cudnn": "8.9.7"})
    before = tree(prefix)
    words = ("12.4", "--cudnn", "9", "--from", "environment", "-y")
    result = conda.cuda("use", prefix, *words, check=False)
    assert result.code == 1
    assert "with cuDNN 8.9.7.29, and conda cuda replaces nothing there." in result.err
    assert "conda cuda use 12.4 --cudnn 9 --from channel" in result.err
    assert tree(prefix) == before
    # Without a source named, the next one has it, in a toolkit of its own.
    document = use(conda, prefix, "12.4", "--cudnn", "9", "-c", channels.forge)
    assert document["plan"]["install"]["addons"] == {"cudnn": "9.10.2.21"}
    assert document["toolkit"]["origin"] == "channel"
