"""Every example in the help of every verb does what it says, in a conda of its own."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from conda_cuda_plugin.cli import VERBS

from ..conftest import Conda, Result
from ..shells.conftest import need
from ..shells.shells import SHELLS
from ..sources.wheelhouse import COMPONENTS, RELEASES, only_folder, write_addons, write_wheel
from .conftest import _with_wheels

SYSTEM = "/usr/local/cuda-13.0"
NODES = """\
machines: slurm:gpu
asked: "2026-11-01T10:00:00Z"
nodes:
  - {name: gpu01, driver: 580.95.05, driver_cuda: "13.0", gpus: [{capability: "9.0", count: 4}]}
"""
# What is not there is no failure of `which`; `old` has neither nvcc nor a framework.
CODES = {
    "which": {0, 1},
    "conda cuda run -n old -- nvcc --version": {1},
    "conda cuda match -n old": {2},
}


def examples(text: str) -> list[str]:
    """The commands at the end of a help text; what they do stands behind two blanks."""
    lines = text.partition("\nexamples:\n")[2].splitlines()
    return [re.split(r" {2,}", line.strip())[0] for line in lines if line.strip()]


@pytest.fixture(scope="module")
def wheels(wheelhouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small wheels, cuDNN's, and those of 13.0 for another kind of machine."""
    folder = tmp_path_factory.mktemp("wheels")
    shutil.copytree(wheelhouse, folder, dirs_exist_ok=True)
    write_addons(folder, "nvidia-cudnn-cu12")
    for (name, version), files in COMPONENTS.items():
        if any(line.startswith(f"{name}=={version}.*") for line in RELEASES["13.0.2"]):
            write_wheel(folder, name, version, files, tag="py3-none-manylinux2014_aarch64")
    return folder


@pytest.fixture(scope="module")
def made(
    conda_exe: Path,
    cli_cache: Path,
    wheels: Path,
    template: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """An environment with 11.8 and 13.0, and 12.4 which is current."""
    conda = _with_wheels(conda_exe, tmp_path_factory.mktemp("home"), cli_cache, wheels)
    prefix = conda.envs / "made"
    shutil.copytree(template, prefix, symlinks=True)
    conda.cuda("use", prefix, "11.8", "--from=pypi", "--flavor=base", "-y")
    conda.cuda("use", prefix, "12.4")
    return prefix


class Sandbox:
    """A home with the environments train (which is active), old and new, and some files."""

    def __init__(self, conda: Conda, wheels: Path, made: Path) -> None:
        self.conda = conda
        for name in ("train", "old"):
            shutil.copytree(made, conda.envs / name, symlinks=True)
        conda.create(conda.envs / "new")
        self.system = conda.home / "cuda-13.0"
        shutil.copytree(made / "cuda-13.0", self.system, symlinks=True)
        (self.system / "toolkit.yaml").unlink()
        kernel = conda.envs / "train/share/jupyter/kernels/python3/kernel.json"
        kernel.parent.mkdir(parents=True)
        kernel.write_text('{"argv": ["python"], "display_name": "Python"}')
        text = "ImportError: libcublas.so.11: cannot open shared object file"
        (conda.home / "build.log").write_text(f"[1/2] make\n{text}\n")
        (conda.home / "train.py").write_text(f"import sys\nsys.stderr.write({text!r})\n")
        conda.variables.update(
            only_folder(wheels),
            CONDA_PREFIX=str(conda.envs / "train"),
            CONDA_DEFAULT_ENV="train",
            CONDA_SHLVL="1",
            CONDA_ALWAYS_YES="true",
            CONDA_PLUGINS_CUDA_SOURCES="environment,pypi,system",
            CONDA_PLUGINS_CUDA_CHANNELS=(conda.home / "channel").as_uri(),
            CONDA_PLUGINS_CUDA_REDIST=str(conda.home),
        )
        (conda.home / "nodes.yaml").write_text(NODES)
        conda("cuda", "export", "-f", "cuda.yaml")
        conda("cuda", "export", "--environment", "-f", "environment.yml")

    def run(self, command: str) -> Result:
        """What a shell makes of a command."""
        path = f"{self.conda.exe.parent}:{self.conda.environ()['PATH']}"
        # Slurm itself is asked in tests/cluster and by the page on it.
        here = command.replace(SYSTEM, str(self.system)).replace("slurm:gpu", "nodes.yaml")
        words = ["bash", "-c", here]
        if "Invoke-Expression" in command:
            [shell] = [shell for shell in SHELLS if shell.name == "pwsh"]
            need(shell)
            words = [str(shell.path()), "-NoProfile", "-NonInteractive", "-Command", command]
        done = subprocess.run(
            words,
            env=self.conda.environ(PATH=path), cwd=self.conda.home, timeout=300,
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )  # fmt: skip
        return Result(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def sandbox(conda: Conda, wheels: Path, made: Path) -> Sandbox:
    return Sandbox(conda, wheels, made)


@pytest.mark.parametrize("verb", VERBS)
def test_every_example_works(verb: str, sandbox: Sandbox) -> None:
    commands = examples(sandbox.run(f"conda cuda {verb} --help").out)
    assert len(commands) >= 2
    for command in commands:
        assert f"conda cuda {verb}" in command
        result = sandbox.run(command)
        shown = f"{command}\n{result.out}\n{result.err}"
        if "--format cmd" in command:
            assert "--format sh" in result.err, "on Windows alone"
            continue
        assert result.code in CODES.get(command, CODES.get(verb, {0})), shown
        assert "Traceback" not in result.err, shown
        # What goes into a file or a shell is not on the screen.
        assert result.out or result.err or re.search(r">|^eval|Invoke-Expression", command), shown


def test_the_help_itself_has_examples_that_work(sandbox: Sandbox) -> None:
    commands = examples(sandbox.run("conda cuda --help").out)
    assert len(commands) >= 2
    for command in commands:
        result = sandbox.run(command)
        assert (result.code, "Traceback" in result.err) == (0, False), f"{command}\n{result.err}"
