"""conda's own commands on an environment with two toolkits do what they do without us."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from .builder import Channels
from .shell import Shell
from .tree import mentions, names, tree

pytestmark = pytest.mark.network


def _with_packages(conda: Any, channels: Channels, name: str) -> Path:
    """A named environment with packages of its own, made by conda."""
    conda("create", "-n", name, "-c", channels.forge, "--override-channels", "-y", "openssl")
    return Path(conda.envs / name)


def _with_two_toolkits(conda: Any, channels: Channels, name: str) -> Path:
    """The same with CUDA 10.2, and 12.4 with nvcc, the current one."""
    prefix = _with_packages(conda, channels, name)
    conda.cuda("use", prefix, "10.2", "-c", channels.forge, "-y")
    conda.cuda("use", prefix, "12.4", "--flavor", "devel", "-c", channels.forge, "-y")
    return prefix


def _listed(conda: Any) -> tuple[list[str], str]:
    """What conda knows of environments: its list, and the file behind it."""
    register = conda.home / ".conda" / "environments.txt"
    # Read first: listing environments takes those out of the file that are not there any more.
    text = register.read_text() if register.exists() else ""
    return sorted(conda("env", "list", "--json").json["envs"]), text


def _loads(prefix: Path, soname: str, version: int) -> list[str]:
    return [f"{soname} {version} {prefix}/cuda/lib64/{soname}"]


def test_a_toolkit_is_no_environment_and_no_package(conda: Any, channels: Channels) -> None:
    prefix = _with_packages(conda, channels, "one")
    environments = _listed(conda)
    assert str(prefix) in environments[0]
    commands = (
        ("list", "-n", "one", "--json"),
        ("list", "-n", "one", "--explicit", "--md5"),
        ("list", "-n", "one", "--revisions"),
        ("env", "export", "-n", "one"),
        ("install", "-n", "one", "-c", channels.forge, "--dry-run", "--json", "openssl"),
    )
    before = [conda(*words).out for words in commands]
    conda.cuda("use", prefix, "10.2", "-c", channels.forge, "-y")
    conda.cuda("use", prefix, "12.4", "--flavor", "devel", "-c", channels.forge, "-y")
    assert {"cuda-10.2", "cuda-12.4"} <= names(prefix)
    assert _listed(conda) == environments
    assert [conda(*words).out for words in commands] == before


def test_a_clone_works_and_is_independent_of_the_original(
    conda: Any, channels: Channels, shell: Shell
) -> None:
    one = _with_two_toolkits(conda, channels, "one")
    original = tree(one)
    conda("create", "-n", "two", "--clone", "one", "-y")
    two = conda.envs / "two"
    assert tree(one) == original
    assert os.readlink(two / "cuda") == "cuda-12.4"
    environments, _ = _listed(conda)
    assert [env for env in environments if "cuda-" in env] == []
    assert {str(one), str(two)} <= set(environments)

    # Its own files, from its own folder, for both toolkits.
    assert shell.loads(two, "libcudart.so.12") == _loads(two, "libcudart.so.12", 12040)
    real = os.path.realpath(two / "cuda" / "lib64" / "libcudart.so.12")
    assert real.startswith(f"{two}/cuda-12.4/targets/")
    maps = shell.lines(
        two, 'LD_PRELOAD=libcudart.so.12 cat /proc/self/maps | grep -o "/.*libcudart.*" | sort -u'
    )
    assert maps == [real]
    assert mentions(two, f"{one}/") == []
    assert shell.lines(two, "nvcc --version") == ["Cuda compilation tools, release 12.4, V12.4.131"]

    # Switching in the clone is the clone's own business.
    assert conda.cuda("use", two, "10.2").out == "CUDA 10.2.89 is current in two.\n"
    assert shell.loads(two, "libcudart.so.10.2") == _loads(two, "libcudart.so.10.2", 10020)
    assert tree(one) == original
    assert shell.loads(one, "libcudart.so.12") == _loads(one, "libcudart.so.12", 12040)

    # Without the original it goes on working.
    conda("env", "remove", "-n", "one", "-y")
    assert not one.exists()
    assert shell.loads(two, "libcudart.so.10.2") == _loads(two, "libcudart.so.10.2", 10020)
    assert conda.cuda("use", two, "12.4").out == "CUDA 12.4.1 is current in two.\n"
    assert shell.loads(two, "libcudart.so.12") == _loads(two, "libcudart.so.12", 12040)
    shown = conda.cuda("list", two, "--json").json
    assert [(t["name"], t["status"], t["current"]) for t in shown["toolkits"]] == [
        ("cuda-12.4", "ok", True),
        ("cuda-10.2", "ok", False),
    ]


def test_a_clone_made_without_plugins_works_and_is_mended(
    conda: Any, channels: Channels, shell: Shell
) -> None:
    one = _with_packages(conda, channels, "one")
    conda.cuda("use", one, "10.2", "-c", channels.forge, "-y")
    conda("create", "-n", "two", "--clone", "one", "-y", CONDA_NO_PLUGINS="true")
    two = conda.envs / "two"
    # conda follows the link at the top of the environment and copies what it leads to.
    assert (two / "cuda").is_dir() and not (two / "cuda").is_symlink()
    assert shell.loads(two, "libcudart.so.10.2") == _loads(two, "libcudart.so.10.2", 10020)
    (toolkit,) = conda.cuda("list", two, "--json").json["toolkits"]
    assert (toolkit["name"], toolkit["current"]) == ("cuda-10.2", True)

    assert conda.cuda("use", two, "10.2").out == "CUDA 10.2.89 is current in two already.\n"
    assert os.readlink(two / "cuda") == "cuda-10.2"
    assert shell.loads(two, "libcudart.so.10.2") == _loads(two, "libcudart.so.10.2", 10020)
    assert [name for name in names(two) if name.startswith(".conda-cuda")] == []


def test_a_renamed_environment_keeps_its_toolkits(
    conda: Any, channels: Channels, shell: Shell
) -> None:
    one = _with_two_toolkits(conda, channels, "one")
    conda("rename", "-n", "one", "three", CONDA_ALWAYS_YES="true")
    three = conda.envs / "three"
    assert not one.exists()
    assert os.readlink(three / "cuda") == "cuda-12.4"
    environments, register = _listed(conda)
    assert str(three) in environments
    assert "cuda-" not in register
    assert [env for env in environments if env.startswith(f"{one}/") or "cuda-" in env] == []
    assert shell.loads(three, "libcudart.so.12") == _loads(three, "libcudart.so.12", 12040)
    assert conda.cuda("use", three, "10.2").out == "CUDA 10.2.89 is current in three.\n"
    assert shell.loads(three, "libcudart.so.10.2") == _loads(three, "libcudart.so.10.2", 10020)


@pytest.mark.parametrize("words", [("env", "remove"), ("remove", "--all")], ids=" ".join)
def test_removing_an_environment_removes_its_toolkits(
    words: tuple[str, ...], conda: Any, channels: Channels
) -> None:
    before = _listed(conda)[0]
    prefix = _with_two_toolkits(conda, channels, "one")
    conda(*words, "-n", "one", "-y")
    assert not prefix.exists()
    assert _listed(conda)[0] == before


def test_installing_and_removing_other_packages_leaves_toolkits_alone(
    conda: Any, channels: Channels, shell: Shell
) -> None:
    prefix = _with_two_toolkits(conda, channels, "one")
    roots = {name: tree(prefix / name) for name in ("cuda-10.2", "cuda-12.4")}
    words = ("-n", "one", "-c", channels.forge, "--override-channels", "-y")
    conda("install", *words, "ncurses", "libcublas=12.9")
    conda("remove", *words, "libcublas")
    assert {name: tree(prefix / name) for name in roots} == roots
    assert shell.loads(prefix, "libcudart.so.12") == _loads(prefix, "libcudart.so.12", 12040)
