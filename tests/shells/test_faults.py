"""Faults put into the hooks of PowerShell and cmd on purpose: the scenarios notice each of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..windows.conftest import wine
from ..windows.session import Cmd, WindowsSession
from ..windows.session import problems as windows_problems
from ..windows.wine import Wine
from .conftest import need
from .driver import play, problems
from .scenarios import make_environments, sessions
from .shells import SHELLS

__all__ = ["wine"]
[PWSH] = [shell for shell in SHELLS if shell.name == "pwsh"]

# Seen in the variables, at some step of some scenario: direction, what stands there, the fault.
WRONG_VALUES = {
    "empty for unset": ("deactivate", "{ & $put $name $null }", "{ & $put $name '' }"),
    "unset for empty": ("deactivate", "& $put $name $old", "& $put $name $(if ($old) { $old })"),
    "empty list for unset": ("deactivate", ".Equals('u')) { $rest }", ".Equals('x')) { $rest }"),
    "last match": ("deactivate", "[array]::IndexOf(", "[array]::LastIndexOf("),
    "every match": ("deactivate", "if ($i -ne $at)", "if (-not $parts[$i].Equals($element))"),
    "letter case of a value": ("deactivate", '$state.Equals("u$now")', '$state -eq "u$now"'),
    "the user's edit lost": ("deactivate", 'if ($state.Equals("s$now"))', "if ($true)"),
    "state of another level": ("deactivate", "_${key}_$n", "_${key}_1"),
    "state left behind": ("deactivate", '& $put "__CONDA_CUDA_${key}O_$n" $null', ""),
    "mark of XLA left behind": ("deactivate", "if ($key -ceq 'XF')", "if ($false)"),
    "any level": ("deactivate", "if ($n -notmatch", "if ($false -and $n -notmatch"),
    "level in part": ("activate", r"'\A[0-9]+\z'", "'[0-9]'"),
    "not idempotent": ("activate", "$named -and $ours.Equals($old)", "$false"),
    "ours saved as the user's": ("activate", "$named = $old -and (", "$named = $false -and ("),
    "prepended again": ("activate", "$null -eq $rest -or", "$true -or"),
    "an empty element": ("activate", "if ($value) { $library +", "if ($true) { $library +"),
    "the tag of empty": ("activate", "{ 'e' } else { 'u' }", "{ 'u' } else { 'u' }"),
    "appended": ("activate", "$library + ':' + $value", "$value + ':' + $library"),
    "any folder": ("activate", "if (-not (& $folder", "if ($false -and -not (& $folder"),
    "a colon in the prefix": ("activate", "[^:;$]", "[^;$]"),
    "a blank for XLA": ("activate", r"'[ \t\n]'", "'[x]'"),
    "the user's XLA_FLAGS lost": ("activate", "if ($free)", "if ($true)"),
    "short way, any folder": ("activate", "[System.IO.Directory]::Exists($library)", "$true"),
    "short way, any prefix": ("activate", '"*[:;`$ `t`n]*"', '"[x]"'),
    "short way, any level": ("activate", "$Env:CONDA_SHLVL -clike '1'", "$true"),
    "short way, a list lost": ("activate", "$null -eq $Env:LD_LIBRARY_PATH", "$true"),
    "short way, empty is unset": ("activate", "$null -eq $Env:CUDA_HOME", "-not $Env:CUDA_HOME"),
    "short way, one forgotten": ("activate", "$Env:CUDA_PATH = $root", ""),
    "short way, no state": ("activate", '$Env:__CONDA_CUDA_CR_1 = "u$root"', ""),
    "short way, an old value kept": ("activate", "$Env:__CONDA_CUDA_CHO_1 = $null", ""),
    "one variable forgotten": ("activate", "& $scalar 'CUDAToolkit_ROOT' 'CR' $root", ""),
}
# Seen in the session itself.
TRACES = {
    "leaked variable": ("activate", "$prefix = ''", "$global:prefix = ''"),
    "changed preference": ("activate", "$windows =", "$global:ErrorActionPreference = 'Stop'; $windows ="),
    "a word": ("deactivate", "$n = '' +", "'hello'; $n = '' +"),
    "an error": ("deactivate", "$n = '' +", "$null.Nothing(); $n = '' +"),
    "module loaded": ("activate", "$windows =", "$null = Get-Date; $windows ="),
    "a cmdlet by its short name": ("activate", "$windows =", "$null = Test-Path /; $windows ="),
    "outside of a scope": ("activate", "\n& {\n", "\n. {\n"),
}  # fmt: skip


def faulty(
    hooks: dict[str, Path], fault: tuple[str, str, str], folder: Path, name: str
) -> dict[str, Path]:
    """The hooks with one fault; where it stands has to be there."""
    direction, old, new = fault
    text = hooks[direction].read_bytes().decode()
    assert old in text, f"{name}: {old}"
    path = folder / f"{name}-{direction}{hooks[direction].suffix}"
    path.write_bytes(text.replace(old, new).encode())
    return {**hooks, direction: path}


def test_wrong_values_are_noticed(rendered: dict[str, dict[str, Path]], tmp_path: Path) -> None:
    """All faults in one process; each has the same scenarios."""
    need(PWSH)
    made, plain = make_environments(tmp_path / "envs")
    files, cases = {}, []
    for name, fault in {"none": None, **WRONG_VALUES}.items():
        hooks = faulty(rendered["ps1"], fault, tmp_path, name) if fault else rendered["ps1"]
        for direction in ("activate", "deactivate"):
            files[f"{name} {direction}"] = hooks[direction]
        for case in sessions(made, plain, every=11):
            case.steps = [
                (step[0], f"{name} {step[1]}") if step[0] == "source" else step
                for step in case.steps
            ]
            case.name = f"<{name}> {case.name}"
            cases.append(case)
    found = "\n".join(problems(cases, play(PWSH, "", cases, files, tmp_path / "work")))
    assert [name for name in WRONG_VALUES if f"<{name}>" not in found] == []
    assert "<none>" not in found


@pytest.mark.parametrize("name", TRACES)
def test_traces_are_noticed(
    name: str, rendered: dict[str, dict[str, Path]], tmp_path: Path
) -> None:
    need(PWSH)
    made, plain = make_environments(tmp_path / "envs")
    cases = list(sessions(made, plain, every=60))
    hooks = faulty(rendered["ps1"], TRACES[name], tmp_path, name)
    options = PWSH.options["shadowed" if "cmdlet" in name else "plain"]
    assert problems(cases, play(PWSH, options, cases, hooks, tmp_path / "work"))


WRONG_IN_CMD = {
    "the user's edit lost": ("deactivate", "@IF NOT DEFINED __cc_k GOTO :__cc_forget", "@REM"),
    "not restored": ("deactivate", '@IF "%__cc_k%"=="s" CALL', '@IF "%__cc_k%"=="x" CALL'),
    "state left behind": ("deactivate", '@SET "__CONDA_CUDA_%2O_%__cc_n%="', "@REM"),
    "leaked variable": ("deactivate", '@SET "__cc_w="\r\n@EXIT', "@EXIT"),
    "letter case": ("deactivate", '@IF "%__cc_s:"=?%"=="%__cc_w', '@IF /I "%__cc_s:"=?%"=="%__cc_w'),
    "quotes forgotten": ("deactivate", '%__cc_w:"=?%', '%__cc_w:"=%'),
    "any level": ("activate", "@CALL :__cc_plain __cc_n", "@REM"),
    "state of another level": ("activate", "@IF NOT DEFINED __cc_n SET", "@SET"),
    "ours saved as the user's": ("activate", "@IF NOT DEFINED __cc_k GOTO :__cc_new", "@GOTO :__cc_new"),
    "another toolkit's variable": ("activate", '@IF DEFINED __cc_o IF NOT', "@IF DEFINED __cc_x IF NOT"),
    "a value in a line": ("activate", "@CALL :__cc_put %1 __cc_e", '@SET "%1=%__cc_e%" & ECHO x'),
}  # fmt: skip


def test_faults_in_cmd_are_noticed(
    wine: Wine,
    rendered: dict[str, dict[str, Path]],
    tmp_path: Path,
) -> None:
    prefixes = [tmp_path / name for name in ("env a", "b")]
    for prefix in prefixes:
        (prefix / "cuda").mkdir(parents=True)
        (prefix / "cuda" / "release.txt").write_bytes(b"12.4\r\n")
    unnoticed = []
    for name, fault in {"none": None, **WRONG_IN_CMD}.items():
        hooks = faulty(rendered["bat"], fault, tmp_path, name) if fault else rendered["bat"]
        session = WindowsSession(name, dict.fromkeys(prefixes, "12.4"))
        session.set("CUDA_PATH", "C:\\mine")
        session.activate(prefixes[0])
        session.hook("activate")
        session.use(prefixes[0], "11.8")
        session.hook("activate")
        session.activate(prefixes[1], stacked=True)
        session.set("CUDA_HOME", f'"Z:{prefixes[1]}\\cuda"'.replace("/", "\\"))
        session.set("CUDA_PATH", f"Z:{prefixes[1]}\\CUDA".replace("/", "\\"))
        session.off()
        session.use(prefixes[0], "12.4")
        session.astray(str(tmp_path), "1 2")
        session.set("CUDA_PATH", None)
        session.stack = [prefixes[1]]
        session.set("CONDA_PREFIX", f"Z:{prefixes[1]}".replace("/", "\\"))
        session.hook("activate")
        if bool(windows_problems(Cmd(hooks), wine, [session], tmp_path)) is (name == "none"):
            unnoticed.append(name)
    assert unnoticed == []
