"""CUDA packages that the environment holds itself are adopted, and the view follows them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from .builder import Channels
from .foreign import LETHAL
from .shell import SYSTEM_PROGRAMS, Shell, need_programs
from .tree import names, tree

pytestmark = pytest.mark.network


class Env:
    """An environment that conda installs packages into.

    Args:
        conda: the conda under test.
        channels: where the packages come from.
        specs: the packages that it begins with.
    """

    def __init__(self, conda: Any, channels: Channels, *specs: str) -> None:
        self.conda, self.channel = conda, channels.forge
        self.prefix: Path = conda.envs / "own"
        self("create", *specs)

    def __call__(self, verb: str, *words: str, **extra: Any) -> Any:
        """`conda VERB`, as users type it."""
        channel = ("-c", self.channel, "--override-channels")
        return self.conda(verb, "-p", self.prefix, *channel, "-y", *words, **extra)

    def use(self, *words: str) -> Any:
        """`conda cuda use`, which finds the packages without being told."""
        return self.conda.cuda("use", self.prefix, *words, "--json").json

    def toolkits(self) -> list[tuple[str, str, str]]:
        """Name, version and origin of each toolkit, and of no other than the current one."""
        shown = self.conda.cuda("list", self.prefix, "--json").json
        assert [t["name"] for t in shown["toolkits"] if t["current"]] == [
            t["name"] for t in shown["toolkits"]
        ]
        return [(t["name"], t["version"], t["origin"]) for t in shown["toolkits"]]

    def libraries(self) -> set[str]:
        """The names in lib64 of the current toolkit; each of them leads to a file."""
        lib64 = self.prefix / "cuda" / "lib64"
        assert [name for name in names(lib64) if not (lib64 / name).exists()] == []
        return names(lib64)


def test_the_packages_of_the_environment_come_first_and_are_not_copied(
    conda: Any, channels: Channels, shell: Shell
) -> None:
    need_programs()
    env = Env(conda, channels, "cudatoolkit=11.8")
    plan = env.use("11.8", "-c", channels.forge)["plan"]
    assert (plan["origin"], plan["reason"]) == ("environment", "already there")
    assert plan["install"]["download"] == 0
    assert env.toolkits() == [("cuda-11.8", "11.8.0", "environment")]

    root = env.prefix / "cuda-11.8"
    assert [path for path in (root / "lib64").iterdir() if not path.is_symlink()] == []
    assert not (root / "conda-meta").exists()
    assert not set(LETHAL) & env.libraries()
    assert (set(LETHAL) - {"libibverbs.so.1"}) <= names(env.prefix / "lib")
    (found,) = shell.loads(env.prefix, "libcudart.so.11.0")
    assert found.endswith(f" {env.prefix}/cuda/lib64/libcudart.so.11.0")
    assert os.path.realpath(root / "lib64" / "libcudart.so.11.0") == (
        f"{env.prefix}/lib/libcudart.so.11.8.89"
    )
    assert (root / "nvvm" / "libdevice" / "libdevice.10.bc").read_bytes() == b"BC\xc0\xde"
    for command in SYSTEM_PROGRAMS.values():
        shell.lines(env.prefix, command)


def test_split_packages_with_cudnn_and_nvcc(conda: Any, channels: Channels, shell: Shell) -> None:
    specs = ("cuda-version=12.4", "cuda-nvcc", "cuda-cudart", "cudnn")
    env = Env(conda, channels, *specs)
    programs = tree(env.prefix / "bin")
    env.use("12.4")
    assert env.toolkits() == [("cuda-12.4", "12.4.1", "environment")]
    assert env.libraries() == {
        *("libcudart.so", "libcudart.so.12", "libcudart.so.12.4.127"),
        *("libcudart_static.a", "libcudadevrt.a"),
        *("libcublas.so.12", "libcublas.so.12.4.5.8"),
        *("libcublasLt.so.12", "libcublasLt.so.12.4.5.8"),
        *("libnvrtc.so.12", "libnvrtc.so.12.4.127"),
        *("libcudnn.so", "libcudnn.so.9", "libcudnn.so.9.10.2"),
    }
    assert {"cuda_runtime.h", "cudnn.h", "cub"} <= names(env.prefix / "cuda" / "include")
    # The packages' own tools are at their place already; no wrapper goes over them.
    assert tree(env.prefix / "bin") == programs
    found = shell.lines(env.prefix, '"$PROBE" libcudart.so.12 libcudnn.so.9; nvcc --version')
    assert found == [
        f"libcudart.so.12 12040 {env.prefix}/cuda/lib64/libcudart.so.12",
        "libcudnn.so.9 loaded",
        "Cuda compilation tools, release 12.4, V12.4.131",
    ]


def test_the_view_follows_what_conda_installs_updates_and_removes(
    conda: Any, channels: Channels, shell: Shell
) -> None:
    env = Env(conda, channels, "cuda-version=12.4", "cuda-cudart=12.4.99")
    env.use("12.4")
    assert env.toolkits() == [("cuda-12.4", "12.4.0", "environment")]
    cudart = {"libcudart.so.12", "libcudart.so.12.4.99"}
    assert env.libraries() == cudart

    env("install", "libcublas")
    cublas = {"libcublas.so.12", "libcublasLt.so.12"}
    assert {name for name in env.libraries() if name.endswith(".12")} == cublas | {
        "libcudart.so.12"
    }

    env("install", "cuda-cudart=12.4.127")
    assert env.toolkits() == [("cuda-12.4", "12.4.1", "environment")]

    env("remove", "libcublas")
    assert env.libraries() == {"libcudart.so.12", "libcudart.so.12.4.127"}

    env("install", "cuda-version=12.9", "cuda-cudart")
    assert env.toolkits() == [("cuda-12.9", "12.9.2", "environment")]
    assert os.readlink(env.prefix / "cuda") == "cuda-12.9"
    assert not (env.prefix / "cuda-12.4").exists()
    assert shell.loads(env.prefix, "libcudart.so.12") == [
        f"libcudart.so.12 12090 {env.prefix}/cuda/lib64/libcudart.so.12"
    ]

    env("remove", "cuda-cudart")
    assert env.toolkits() == []
    assert not os.path.lexists(env.prefix / "cuda")
    assert not (env.prefix / "cuda-12.9").exists()
    assert shell.lines(env.prefix, 'echo "${LD_LIBRARY_PATH-unset} ${CUDA_HOME-unset}"') == [
        "unset unset"
    ]


def test_update_takes_the_view_to_the_newest(conda: Any, channels: Channels) -> None:
    env = Env(conda, channels, "cuda-cudart=12.4.99", "cuda-version")
    env.use("12.4")
    env("update", "--all")
    assert env.toolkits() == [("cuda-13.0", "13.0.3", "environment")]
    assert env.libraries() == {"libcudart.so.13", "libcudart.so.13.0.96"}


def test_conda_env_update_is_followed_too(conda: Any, channels: Channels) -> None:
    env = Env(conda, channels, "cuda-version=12.4", "cuda-cudart")
    env.use("12.4")
    file = conda.home / "environment.yml"
    file.write_text(
        f"channels: ['{channels.forge}', nodefaults]\n"
        "dependencies: [cuda-version=12.9, cuda-cudart]\n"
    )
    conda("env", "update", "-p", env.prefix, "-f", file)
    assert env.toolkits() == [("cuda-12.9", "12.9.2", "environment")]


def test_following_prints_nothing(conda: Any, channels: Channels) -> None:
    env = Env(conda, channels, "cuda-version=12.4", "cuda-cudart=12.4.99")
    env.use("12.4")
    found = env("install", "cuda-version=12.9", "cuda-cudart", "--json")
    assert found.json["success"] is True
    assert found.err == ""
    assert env.toolkits() == [("cuda-12.9", "12.9.2", "environment")]
    quiet = env("install", "cuda-version=12.4", "cuda-cudart", "--quiet")
    told = quiet.out + quiet.err
    assert not [word for word in ("cuda-12.4", "cuda-12.9", "toolkit", "view") if word in told]
    assert env.toolkits() == [("cuda-12.4", "12.4.1", "environment")]


def test_what_is_in_the_way_never_fails_the_command(conda: Any, channels: Channels) -> None:
    env = Env(conda, channels, "cuda-version=12.4", "cuda-cudart")
    env.use("12.4")
    mine = env.prefix / "cuda-12.9"
    mine.write_text("a user's own file\n")
    found = env("install", "cuda-version=12.9", "cuda-cudart", "--json")
    assert (found.code, found.json["success"], found.err) == (0, True, "")
    installed = {p["name"]: p["version"] for p in conda("list", "-p", env.prefix, "--json").json}
    assert installed["cuda-cudart"] == "12.9.79"
    assert mine.read_text() == "a user's own file\n"
    # The next command puts it right once the way is clear.
    mine.unlink()
    env("install", "ncurses")
    assert env.toolkits() == [("cuda-12.9", "12.9.2", "environment")]


def test_an_environment_that_uses_none_of_its_packages_is_left_alone(
    conda: Any, channels: Channels
) -> None:
    env = Env(conda, channels, "ncurses")
    env("install", "cuda-version=12.4", "cuda-cudart")
    assert [name for name in names(env.prefix) if name == "cuda" or name.startswith("cuda-")] == []
    assert not (env.prefix / "etc" / "conda" / "cuda").exists()


def test_off_and_remove_leave_the_packages_as_they_are(conda: Any, channels: Channels) -> None:
    env = Env(conda, channels, "cuda-version=12.4", "cuda-cudart")
    before = tree(env.prefix)
    env.use("12.4")
    conda.cuda("off", env.prefix)
    conda.cuda("remove", env.prefix, "--all", "-y")
    after = tree(env.prefix)
    assert {key: after[key] for key in before} == before
    # What stays are deactivate hooks that do nothing, for shells that have it active.
    new = {key for key in after.keys() - before.keys() if after[key][0] != "folder"}
    assert {key.partition("~")[0] for key in new} <= {"etc/conda/deactivate.d/"}
