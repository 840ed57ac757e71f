"""`use --pin` and conda's own solver: later installs stay on the toolkit's CUDA."""

from __future__ import annotations

import json
import platform
from pathlib import Path
from typing import Any

import pytest

from .builder import Channels
from .package import CondaPackage, write_channel

pytestmark = pytest.mark.network


@pytest.fixture(scope="session")
def frameworks(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A channel with programs built for several CUDAs, newest last, as frameworks are."""
    any_cuda = [
        CondaPackage(
            "model", "1.0", depends=(f"cuda-version >={cuda},<{limit}",), build=f"cuda{major}"
        )
        for cuda, limit, major in (("11.8", "12", 11), ("12.0", "13", 12), ("13.0", "14", 13))
    ]
    # The newest release has left the older CUDAs behind.
    newest = CondaPackage("model", "2.0", depends=("cuda-version >=13.0,<14",), build="cuda13")
    old = CondaPackage("classic", "1.0", depends=("cudatoolkit 10.2.*",), build="cuda10")
    new = CondaPackage("classic", "1.1", depends=("cudatoolkit 11.8.*",), build="cuda11")
    plain = CondaPackage("plain", "1.0")
    needs = CondaPackage("needs-plain", "1.0", depends=("plain",))
    subdir = {"x86_64": "linux-64", "aarch64": "linux-aarch64"}[platform.machine()]
    folder = tmp_path_factory.mktemp("frameworks") / "channel"
    write_channel(folder, subdir, [*any_cuda, newest, old, new, plain, needs])
    return folder.as_uri()


class Env:
    """An environment in which conda installs from the channels."""

    def __init__(self, conda: Any, channels: Channels, frameworks: str, prefix: Path) -> None:
        self.conda, self.prefix = conda, prefix
        self.from_ = ["-c", frameworks, "-c", channels.forge, "--override-channels", "-y"]
        self.toolkit = ["--flavor", "base", "-c", channels.forge, "-y"]

    def use(self, *words: str) -> None:
        self.conda.cuda("use", self.prefix, *words, *self.toolkit)

    def install(self, *words: str) -> tuple[int, str]:
        """The exit code, and what went wrong."""
        command = ["install", "-p", self.prefix, *self.from_, *words]
        result = self.conda(*command, check=False)
        return result.code, result.out + result.err

    @property
    def classic(self) -> bool:
        """Whether conda solves with its old solver, for which a named package overrides a pin."""
        shown = self.conda("config", "--show", "solver", "--json").json
        return bool(shown["solver"] == "classic")

    def packages(self) -> dict[str, str]:
        """Name to version of the environment's own packages."""
        records = (self.prefix / "conda-meta").glob("*.json")
        found = [json.loads(path.read_text()) for path in records]
        return {record["name"]: record["version"] for record in found}


@pytest.fixture
def env(conda: Any, channels: Channels, frameworks: str, environment: Path) -> Env:
    return Env(conda, channels, frameworks, environment)


def test_without_a_pin_the_newest_cuda_is_taken(env: Env) -> None:
    env.use("12.4")
    assert env.install("model")[0] == 0
    assert env.packages() == {"model": "2.0", "cuda-version": "13.0"}


def test_with_a_pin_the_build_for_the_toolkit_is_taken(env: Env) -> None:
    env.use("12.4", "--pin")
    assert env.install("model")[0] == 0
    assert env.packages() == {"model": "1.0", "cuda-version": "12.4"}
    # And stays, when conda is asked for something newer.
    assert env.conda("update", "-p", env.prefix, *env.from_, "model").code == 0
    assert env.packages() == {"model": "1.0", "cuda-version": "12.4"}
    if not env.classic:
        # The old solver forgets pins of what nobody has installed by name here.
        assert env.conda("update", "-p", env.prefix, *env.from_, "--all").code == 0
        assert env.packages() == {"model": "1.0", "cuda-version": "12.4"}


def test_another_cuda_is_refused(env: Env) -> None:
    env.use("12.4", "--pin")
    code, said = env.install("model=2.0")
    assert (code, env.packages()) == (1, {})
    assert "cuda-version" in said
    code, said = env.install("cuda-version=13.0")
    if env.classic:
        assert "pinned spec cuda-version" in said
        assert "Overriding pinned spec" in said
    else:
        assert (code, env.packages()) == (1, {})


def test_what_has_nothing_to_do_with_cuda_is_installed_as_before(env: Env) -> None:
    env.use("12.4", "--pin")
    assert env.install("plain")[0] == 0
    assert env.packages() == {"plain": "1.0"}


def test_the_pin_moves_along_and_goes(env: Env) -> None:
    env.use("12.4", "--pin")
    env.use("13.0")
    assert env.install("model")[0] == 0
    assert env.packages() == {"model": "2.0", "cuda-version": "13.0"}
    env.use("12.4", "--no-pin")
    assert env.install("model=1.0=cuda12")[0] == 0
    assert env.packages()["cuda-version"].startswith("12.")


def test_off_lets_conda_take_what_it_likes(env: Env) -> None:
    env.use("12.4", "--pin")
    assert env.install("model")[0] == 0
    env.conda.cuda("off", env.prefix)
    assert env.install("model=2.0")[0] == 0
    assert env.packages() == {"model": "2.0", "cuda-version": "13.0"}


def test_a_release_of_cudatoolkits_time(env: Env) -> None:
    env.use("10.2", "--pin")
    assert env.install("classic")[0] == 0
    found = env.packages()
    assert (found["classic"], found["cudatoolkit"]) == ("1.0", "10.2.89")
    assert env.install("classic=1.1")[0] == 1
    assert env.packages() == found


def test_the_users_own_pin_holds_besides(env: Env) -> None:
    pinned = env.prefix / "conda-meta" / "pinned"
    pinned.write_text("plain 0.*\n")
    env.use("12.4", "--pin")
    assert env.install("needs-plain")[0] == 1
    assert env.install("model")[0] == 0
    assert env.packages() == {"model": "1.0", "cuda-version": "12.4"}
    env.conda.cuda("remove", env.prefix, "--all", "--yes")
    assert pinned.read_text() == "plain 0.*\n"
