"""`conda shell.NAME activate` without conda's shell function, as scripts and CI systems use it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from conda_cuda_plugin import hooks

from ..conftest import Conda
from ..shells.conda_session import OURS
from ..shells.conftest import need
from ..shells.driver import parse_dumps
from ..shells.families import FAMILIES
from ..shells.model import Env
from ..shells.shells import SHELLS, RealShell
from .engine import need_rattler, script
from .test_conda_spawn import environments, plugin  # noqa: F401

# How a shell runs what a command prints.
EVAL = {
    "sh": 'eval "$({0})"',
    "fish": "{0} | source",
    "csh": "{0} >words; source words",
    "xonsh": "execx($({0}))",
    "ps1": "& {0} | Out-String | Invoke-Expression",
}
NAMES = ("bash", "dash", "zsh", "fish", "tcsh", "xonsh", "pwsh")
EVALUATED = [pytest.param(shell, id=shell.name) for shell in SHELLS if shell.name in NAMES]
START = {"LD_LIBRARY_PATH": ":/my libs:/usr/local/lib", "XLA_FLAGS": "--mine"}


def dumps(shell: RealShell, conda: Conda, commands: list[str], **variables: str) -> list[Env]:
    """The variables before the first and after each command whose words the shell runs."""
    work = conda.home
    (work / "dumps").write_bytes(b"")
    family = FAMILIES["sh" if shell.family == "xonsh" else shell.family]
    dump = family.dump(work)
    lines = [family.prelude(work), dump]
    for command in commands:
        lines += [EVAL[shell.family].format(command), dump]
    lines_of = work / f"script.{shell.family}"
    lines_of.write_text("\n".join(lines) + "\n")
    program = shell.path()
    assert program is not None
    done = subprocess.run(
        [program, *shell.command[1:], lines_of],
        env=conda.environ(PATH="/usr/bin:/bin", **START, **variables),
        cwd=work,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=300,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    return parse_dumps((work / "dumps").read_bytes())


def only(env: Env, *, ours: bool) -> Env:
    return {name: value for name, value in env.items() if (name in OURS) is ours}


@pytest.mark.parametrize("shell", EVALUATED)
def test_there_and_back(
    shell: RealShell,
    conda: Conda,
    environments: list[Path],  # noqa: F811
) -> None:
    need(shell)
    first, second, _ = environments
    begin = f"{conda.exe} shell.{shell.conda}"
    commands = [
        f"{begin} activate {first}",
        f"{begin} activate --stack {second}",
        f"{begin} reactivate",
        f"{begin} deactivate",
        f"{begin} deactivate",
    ]
    # conda's first activation leaves variables of its own for good.
    bare = dumps(shell, conda, commands)
    for prefix in (first, second):
        hooks.write(prefix, windows=False)
    hooked = dumps(shell, conda, commands)

    assert [only(env, ours=False) for env in hooked] == [only(env, ours=False) for env in bare]
    before, in_first, in_second, again, back, after = (only(env, ours=True) for env in hooked)
    assert in_first["LD_LIBRARY_PATH"] == f"{first}/cuda/lib64:{START['LD_LIBRARY_PATH']}"
    assert in_second["LD_LIBRARY_PATH"].startswith(f"{second}/cuda/lib64:{first}/cuda/lib64:")
    assert in_second["CUDA_HOME"] == f"{second}/cuda"
    assert (again, back, after) == (in_second, in_first, before)


@pytest.mark.parametrize(
    "shell", [param for param in EVALUATED if param.id not in ("dash", "tcsh", "pwsh")]
)
def test_the_script_of_conda_spawn_comes_back_clean(
    shell: RealShell,
    conda: Conda,
    plugin: Path,  # noqa: F811
    environments: list[Path],  # noqa: F811
) -> None:
    need(shell)
    first = environments[0]
    commands = [
        f"env PYTHONPATH={plugin} {conda.exe} spawn --hook --shell {shell.name} {first}",
        f"{conda.exe} shell.{shell.conda} deactivate",
    ]
    hooks.write(first, windows=False)
    before, active, after = dumps(shell, conda, commands)
    assert active["CUDA_HOME"] == f"{first}/cuda"
    assert only(after, ours=True) == only(before, ours=True)


def test_conda_run_has_it_and_its_caller_keeps_what_it_had(
    conda: Conda,
    environments: list[Path],  # noqa: F811
) -> None:
    first, second, plain = environments
    for prefix in (first, second):
        hooks.write(prefix, windows=False)
    line = 'printf "%s\\n" "${LD_LIBRARY_PATH-}" "${CUDA_HOME-}" "${XLA_FLAGS-}"'
    for prefix, wanted in (
        (first, [f"{first}/cuda/lib64:/my/lib", f"{first}/cuda", "--mine"]),
        (plain, ["/my/lib", "", "--mine"]),
    ):
        inside = conda(
            *("run", "-p", prefix, "sh", "-c", line), LD_LIBRARY_PATH="/my/lib", XLA_FLAGS="--mine"
        )
        assert inside.out.splitlines()[:3] == wanted
    # One inside the other, as a Makefile in an environment that calls another one does it.
    nested = conda("run", "-p", first, conda.exe, "run", "-p", second, "sh", "-c", line)
    assert nested.out.splitlines()[:2] == [f"{second}/cuda/lib64", f"{second}/cuda"]


def test_conda_takes_back_what_another_engine_has_activated(
    conda: Conda,
    environments: list[Path],  # noqa: F811
) -> None:
    """rattler knows no stack: in a shell of conda's it begins again at level 1."""
    need_rattler()
    [shell] = [shell for shell in SHELLS if shell.name == "bash"]
    first, second, third = environments
    (third / "cuda" / "lib64").mkdir(parents=True)
    for prefix in environments:
        hooks.write(prefix, windows=False)
    (conda.home / "engine.sh").write_text(script("bash", third, second))
    commands = [
        f"{conda.exe} shell.posix activate {first}",
        f"{conda.exe} shell.posix activate --stack {second}",
        f"cat {conda.home}/engine.sh",
        f"{conda.exe} shell.posix deactivate",
    ]
    before, _, _, in_third, after = dumps(shell, conda, commands)
    assert in_third["CONDA_SHLVL"] == "1"
    assert in_third["LD_LIBRARY_PATH"] == f"{third}/cuda/lib64:{START['LD_LIBRARY_PATH']}"
    assert only(after, ours=True) == only(before, ours=True)
