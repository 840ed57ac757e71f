"""cuDNN and NCCL from channels: installed with a toolkit, added, replaced and taken away."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from ..sources.wheelhouse import only_folder, write_wheel
from .addon_commands import CUDNN, NOBODY, inodes, listed, package_names, use
from .builder import Channels
from .libraries import Compiler
from .shell import Shell
from .tree import names, tree

pytestmark = pytest.mark.network


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
