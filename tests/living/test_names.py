"""Names that a shell would take for code: no command of ours ever hands one to a shell unquoted.

Each name would make the file `canary` appear in the current directory.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from ..conftest import Conda
from ..shells.conftest import need, rendered
from ..shells.driver import play, problems
from ..shells.session import Session
from ..shells.shells import SHELLS, RealShell

__all__ = ["rendered"]

POSSIBLE = (
    "-rf",
    "--help",
    "&touch canary&",
    "|touch canary|",
    "(touch canary)",
    ">canary",
    "<x*?[a]{a,b}",
    "~!!#%s^x^y=z\\",
    "rtl\u202e\u2066txt\u200b\u200d\ufeff",
    "-n & touch canary #",
)
"""Names of environments that conda cuda works in."""
IMPOSSIBLE = (
    "$(touch canary)",
    "`touch canary`",
    ";touch canary;",
    "';touch canary;'",
    '";touch canary;"',
    "\ntouch canary\n",
    "${x:-$(touch canary)}",
    "'\"`touch canary`$(touch canary);\ntouch canary;:",
)
"""Names that no shell or loader could carry; an environment may be moved there all the same."""
POSIX = ("dash", "bash", "zsh", "busybox", "ksh93", "mksh", "yash", "posh")


@pytest.mark.parametrize("shell", [s for s in SHELLS if "plain" in s.options], ids=lambda s: s.name)
def test_hooks_take_no_name_for_code(
    shell: RealShell, rendered: dict[str, dict[str, Path]], tmp_path: Path
) -> None:
    need(shell)
    sessions = []
    for name in (*POSSIBLE, *IMPOSSIBLE):
        prefix = tmp_path / "envs" / name
        (prefix / "cuda" / "lib64").mkdir(parents=True)
        session = Session(repr(name), {"LD_LIBRARY_PATH": "/x", "CUDA_HOME": "$(touch canary)"})
        session.activate(prefix)
        session.off()
        assert session.env == session.initial
        sessions.append(session)
    work = tmp_path / "work"
    assert not problems(sessions, play(shell, "", sessions, rendered[shell.family], work))
    assert [str(path) for path in tmp_path.rglob("canary")] == []


@pytest.fixture
def worked_in(conda: Conda, tmp_path: Path) -> Path:
    """The current directory of every command, where the canary would appear."""
    folder = tmp_path / "worked in"
    folder.mkdir()
    return folder


def evaluated(shell: str, script: str, cwd: Path) -> list[str]:
    """What a shell prints that evaluates a script, each word ended by a null byte."""
    program = [shutil.which(shell) or shell, *(["ash"] if shell == "busybox" else [])]
    done = subprocess.run(
        [*program, "-c", script], cwd=cwd, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}, capture_output=True,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b""), done.stderr.decode()
    return [os.fsdecode(word) for word in done.stdout.split(b"\0")[:-1]]


def assert_variables(text: str, prefix: Path, cwd: Path) -> None:
    """What `conda cuda env` prints means the environment's paths, in every shell that is here."""
    wanted = [f"{prefix}/cuda", f"{prefix}/cuda/lib64"]
    print_them = 'printf "%s\\0" "$CUDA_HOME" "$LD_LIBRARY_PATH"'
    for shell in filter(shutil.which, POSIX):
        script = f"eval {shlex.quote(text)}\n{print_them}"
        assert evaluated(shell, script, cwd) == wanted, shell


def assert_command(command: str, prefix: Path, cwd: Path) -> None:
    """A command that was printed to be typed names the environment, and nothing else runs."""
    script = f'conda() {{ printf "%s\\0" "$@"; }}\n{command}'
    assert str(prefix) in evaluated("bash", script, cwd), command


@pytest.mark.parametrize(
    "name",
    ["-rf &touch canary& |touch canary| (touch canary) >canary <x *?[a] ~ !! # \\ {a,b} =x",
     "-rtl\u202e\u2066txt\u200b\u200d\ufeff&touch canary&"],
    ids=["metacharacters", "invisible"],
)  # fmt: skip
def test_every_command_in_an_environment_with_such_a_name(
    name: str, conda: Conda, two: Path, worked_in: Path
) -> None:
    prefix = two.rename(conda.envs / name)
    active = {"CONDA_PREFIX": str(prefix), "CONDA_SHLVL": "1", "cwd": worked_in}
    (prefix / "etc/conda/activate.d/~conda-cuda.sh").unlink()
    used = conda.cuda("use", prefix, "13.0", "--json", **active).json
    assert_command(used["activate"], prefix, worked_in)
    tool = subprocess.run(
        ["bash", "-c", "nvcc --version"], cwd=worked_in, capture_output=True, text=True,
        env={"PATH": f"{prefix}/bin:/usr/bin:/bin"},
    )  # fmt: skip
    assert tool.stdout.endswith("V13.0.88\n"), tool.stderr
    ran = conda.cuda("run", prefix, "13.0", "--", "nvcc", "--version", cwd=worked_in)
    assert ran.out.endswith("V13.0.88\n")
    assert_variables(conda.cuda("env", prefix, cwd=worked_in).out, prefix, worked_in)
    missing = conda.cuda("which", prefix, "libcublas.so.13", "--json", check=False, cwd=worked_in)
    # No source here has it, so a source is named that would.
    assert_command(missing.json["answers"][0]["route"], prefix, worked_in)
    found = conda.cuda("doctor", prefix, "--json", check=False, cwd=worked_in).json["findings"]
    assert "hooks-missing" not in [finding["rule"] for finding in found]
    conda.cuda("remove", prefix, "--all", "--yes", cwd=worked_in)
    assert not (prefix / "bin").exists()
    assert list(worked_in.iterdir()) == []


@pytest.mark.parametrize("name", ["'\"`touch canary`", IMPOSSIBLE[-1]], ids=["quotes", "all"])
def test_an_environment_that_was_moved_to_such_a_name(
    name: str, conda: Conda, two: Path, worked_in: Path
) -> None:
    conda.cuda("use", two, "13.0")
    prefix = two.rename(conda.envs / name)
    used = conda.cuda("use", prefix, "12.4", check=False, cwd=worked_in)
    assert (used.code, "Traceback" in used.err) == (1, False)
    assert "The environment's path holds" in used.err
    assert os.readlink(prefix / "cuda") == "cuda-13.0"
    ran = conda.cuda("run", prefix, "--", "nvcc", "--version", check=False, cwd=worked_in)
    shown = conda.cuda("env", prefix, check=False, cwd=worked_in)
    if name == IMPOSSIBLE[-1]:
        # The loader would take it apart.
        assert (ran.code, shown.code) == (1, 1)
        assert "The environment's path holds" in ran.err
        assert "The environment's path holds" in shown.err
    else:
        assert ran.out.endswith("V13.0.88\n")
        assert_variables(shown.out, prefix, worked_in)
    # The wrapper stands there still, and works.
    tool = subprocess.run([prefix / "bin" / "nvcc"], cwd=worked_in, capture_output=True, text=True)
    assert tool.stdout.endswith("V13.0.88\n"), tool.stderr
    conda.cuda("off", prefix, cwd=worked_in)
    assert list(worked_in.iterdir()) == []
