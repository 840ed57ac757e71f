"""Environments that conda-spawn activates, each in a new process of a shell.

conda-spawn is a plugin of conda: here it is put before the conda under test by PYTHONPATH.
"""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

import pytest

from conda_cuda_plugin import hooks

from ..conftest import Conda
from ..shells import model
from ..shells.conda_session import OURS
from ..shells.conftest import need
from ..shells.driver import parse_dumps
from ..shells.model import Env
from ..shells.shells import SHELLS, RealShell

# xonsh loses what conda-spawn types ahead, with or without hooks: test_conda_shell has its script.
NAMES = ("bash", "zsh", "fish", "tcsh")
SPAWNED = [pytest.param(shell, id=shell.name) for shell in SHELLS if shell.name in NAMES]
START = {"LD_LIBRARY_PATH": "/my libs:/usr/local/lib", "CUDA_HOME": "/mine"}


@pytest.fixture(scope="session")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PYTHONPATH with conda-spawn and what it needs, and nothing else."""
    folder = tmp_path_factory.mktemp("conda-spawn")
    for name in ("conda-spawn", "pexpect", "ptyprocess", "shellingham"):
        try:
            files = importlib.metadata.files(name)
        except importlib.metadata.PackageNotFoundError:
            (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{name} is not installed")
        for top in {file.parts[0] for file in files or () if file.parts[0] != ".."}:
            place = Path(str(importlib.metadata.distribution(name).locate_file(top)))
            (folder / top).symlink_to(place)
    return folder


@pytest.fixture
def environments(conda: Conda) -> list[Path]:
    """Two environments with a toolkit, and one without; their hooks come later."""
    made = [conda.create(conda.envs / name) for name in ("a", "ünï-ç", "plain")]
    for prefix in made[:2]:
        (prefix / "cuda" / "lib64").mkdir(parents=True)
    return made


class Spawner:
    """Starts shells by `conda spawn`, each inside the one before."""

    def __init__(self, conda: Conda, plugin: Path, shell: RealShell) -> None:
        self.conda, self.shell = conda, shell
        path = os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin"])
        self.env = conda.environ(PATH=path, PYTHONPATH=str(plugin), TERM="dumb", **START)

    def spawn(self, *options: str, prefix: Path) -> Env:
        """Let the new shell give way to a program that writes down its variables."""
        dump = self.conda.home / "dump.sh"
        dumped = self.conda.home / "dumped"
        dump.write_text(f"{{ printf '\\0'; cat /proc/self/environ; }} >'{dumped}'\n")
        done = subprocess.run(
            [
                *(self.conda.exe, "spawn", "--shell", self.shell.name, *options, prefix),
                *("--", "exec", "/bin/sh", dump),
            ],
            env=self.env,
            cwd=self.conda.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        [self.env] = parse_dumps(dumped.read_bytes())
        return self.env


def walk(conda: Conda, plugin: Path, shell: RealShell, environments: list[Path]) -> list[Env]:
    """Into the first environment, onto it the second, and the third in the second's place."""
    first, second, plain = environments
    spawner = Spawner(conda, plugin, shell)
    return [
        spawner.spawn(prefix=first),
        spawner.spawn("--stack", prefix=second),
        spawner.spawn("--replace", prefix=plain),
    ]


def with_ours(env: Env, ours: Env) -> Env:
    return {name: value for name, value in env.items() if name not in OURS} | {
        name: value for name, value in ours.items() if name in OURS
    }


@pytest.mark.parametrize("shell", SPAWNED)
def test_each_shell_has_what_the_hooks_give_and_no_more(
    shell: RealShell, conda: Conda, plugin: Path, environments: list[Path]
) -> None:
    need(shell)
    bare = walk(conda, plugin, shell, environments)
    for prefix in environments[:2]:
        hooks.write(prefix, windows=False)
    hooked = walk(conda, plugin, shell, environments)

    assert [env["CONDA_SHLVL"] for env in hooked] == ["1", "2", "3"]
    first = dict(bare[0])
    model.activate(first, library=True)
    second = with_ours(bare[1], first)
    model.activate(second, library=True)
    left = dict(second)
    model.deactivate(left)
    wanted = [first, second, with_ours(bare[2], left)]
    assert hooked == wanted
    # What the replaced environment had set is gone, what the one below it had set is not.
    assert {name: left.get(name) for name in OURS} == {name: first.get(name) for name in OURS}
