"""A base of one's own: with a toolkit in it, and without the plugin any more."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from ..channel.shell import Shell
from ..conftest import Conda, shell_function
from ..listing import leftovers, listing
from .test_with_conda import LOOK, hooked


@pytest.fixture(scope="module")
def copied_base(conda_exe: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the base of the conda under test, which a test may change."""
    base = conda_exe.parent.parent
    copy = tmp_path_factory.mktemp("own") / "base"

    def left_out(folder: str, names: list[str]) -> set[str]:
        return {"pkgs", "envs", ".environments.txt"} if Path(folder) == base else set()

    shutil.copytree(base, copy, symlinks=True, ignore=left_out)
    for script in (copy / "bin").iterdir():
        if script.is_file() and not script.is_symlink():
            data = script.read_bytes()
            script.write_bytes(data.replace(os.fsencode(f"{base}/"), os.fsencode(f"{copy}/")))
    return copy


@pytest.fixture
def own(conda: Conda, copied_base: Path) -> Conda:
    """The conda of that base."""
    return Conda(copied_base / "bin" / "conda", conda.home, conda.variables)


@pytest.fixture
def bash(own: Conda, tmp_path: Path) -> Shell:
    """bash with that conda's shell function."""
    setup = tmp_path / "conda.sh"
    setup.write_text(shell_function(own.exe))
    return Shell(own, setup, Path("/bin/true"))


def test_base_itself_can_have_a_toolkit(own: Conda, bash: Shell, copied_base: Path) -> None:
    before = listing(copied_base)
    use = ("--from=pypi", "--components=nvcc,cudart", "--yes")
    assert own("cuda", "use", "-n", "base", "13.0", *use).out.endswith(" is current in base.\n")
    assert bash.lines(copied_base, LOOK) == hooked(copied_base)
    # From another environment conda's own programs run as before.
    assert own("list", "-n", "base").err == ""
    assert own("cuda", "list", "-n", "base", "--json").json["current"] == "cuda-13.0"
    own("cuda", "remove", "-n", "base", "--all", "--yes")
    after = listing(copied_base)
    assert {path: after.get(path) for path in before} == before
    # What stays are deactivate hooks that do nothing, for shells that have it active.
    new = {path for path in after.keys() - before.keys() if not after[path].startswith("folder")}
    assert {path.rpartition("/")[0] for path in new} <= {"etc/conda/deactivate.d"}
    shutil.rmtree(copied_base / "etc/conda/deactivate.d")


def test_the_plugin_is_uninstalled_while_environments_are_in_use(
    own: Conda, bash: Shell, two: Path, copied_base: Path
) -> None:
    own.cuda("use", two, "13.0")
    other = own.create(own.envs / "other")
    words = [copied_base / "bin" / "python", "-m", "pip", "uninstall", "-y", "-q", "conda-cuda"]
    subprocess.run(words, check=True, env=own.environ(), capture_output=True)
    assert own("cuda", "list", check=False).code != 0
    commands = ("list", "-p", two), ("env", "list"), ("env", "export", "-p", two)
    for command in (*commands, ("install", "--dry-run", "--offline", "-p", two)):
        assert "cuda" not in own(*command, check=False).err.lower(), command
    script = f"""
        {LOOK}
        conda activate {other}; echo "${{LD_LIBRARY_PATH-unset}}"
        conda deactivate; echo "$LD_LIBRARY_PATH"
        conda deactivate; echo "${{LD_LIBRARY_PATH-unset}} ${{CUDA_HOME-unset}}"
    """
    done = bash.run(f'set -e\nconda activate "{two}"\n{script}')
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [*hooked(two), "unset", f"{two}/cuda/lib64", "unset unset"]
    ran = own("run", "-p", two, "nvcc", "--version")
    assert ran.out.strip().endswith("V13.0.88")
    # A clone copies all of it, and so works without the plugin too.
    own("create", "-n", "cloned", "--clone", two, "-y", "--offline")
    assert bash.lines(own.envs / "cloned", LOOK) == hooked(own.envs / "cloned")
    # An environment whose toolkit is gone stays silent.
    shutil.rmtree(two / "cuda-13.0")
    done = bash.run(f'set -eu\nconda activate "{two}"\necho "${{LD_LIBRARY_PATH-unset}}"')
    assert (done.stdout, done.stderr) == ("unset\n", "")
    own("env", "remove", "-p", two, "-y")
    assert leftovers(two) == []
    assert not two.exists()
