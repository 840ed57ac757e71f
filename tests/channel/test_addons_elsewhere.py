"""Add-ons of other releases, from other sources, and for toolkits from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ..sources.addons.commands import elsewhere
from ..sources.wheelhouse import only_folder
from .addon_commands import NOBODY, inodes, listed, package_names, use
from .builder import Channels
from .shell import Shell
from .tree import tree

pytestmark = pytest.mark.network


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
    channels_ = ("-c", "nvidia/label/cuda-11.8.0", "-c", "conda-forge")
    words = ("11.8", "--flavor", "devel", "--cudnn", "8.9", *channels_)
    toolkit = use(conda, environment, *words, **only_folder(wheels))["toolkit"]
    assert (toolkit["flavor"], toolkit["addons"]) == ("devel", {"cudnn": "8.9.7.29"})
    assert "cudatoolkit" not in package_names(toolkit)
    assert shell.loads(environment, "libcudnn.so.8") == ["libcudnn.so.8 loaded"]


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
