"""How each family of shells spells a step."""

from __future__ import annotations

import functools
import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..preload import program


@functools.cache
def environ_program() -> Path:
    """What writes its environment; most of a scenario's time is spent on starting it."""
    build = Path(__file__).resolve().parents[2] / "build" / "tests"
    build.mkdir(parents=True, exist_ok=True)
    # Other workers may be running theirs: it is replaced at once.
    with tempfile.TemporaryDirectory(dir=build) as folder:
        made = program(Path(__file__).with_name("environ.c"), Path(folder))
        return made.replace(build / made.name)


@dataclass(frozen=True)
class Family:
    """How one family of shells spells a step."""

    set: Callable[[str, str], str]
    unset: Callable[[Sequence[str]], str]
    source: Callable[[Path], str]
    quote: Callable[[str], str]
    load_conda: Callable[[Path], str]
    names: Callable[[Path], str] = lambda path: f"set >{path}"
    prelude: Callable[[Path], str] = lambda work: ""
    dump: Callable[[Path], str] = lambda work: f"{environ_program()} >>{work}/dumps"


def _sh_quote(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _fish_quote(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _csh_quote(text: str) -> str:
    return _sh_quote(text).replace("!", "\\!").replace("\n", "\\\n")


def powershell_quote(text: str) -> str:
    # Typographic quotes are quotes there, too.
    return "'" + re.sub("(['\u2018\u2019\u201a\u201b])", r"\1\1", text) + "'"


# Written before any option is set: functions of the full language, which call no cmdlet, so that
# no option stops them. A dump is what a program would get, without starting one.
_POWERSHELL_PRELUDE = """
$global:LASTEXITCODE = 0
function __t_put($name, $value) { [Environment]::SetEnvironmentVariable($name, $value) }
function __t_unset {
    foreach ($name in $args) { [Environment]::SetEnvironmentVariable($name, [NullString]::Value) }
}
function __t_dump {
    $text = [Text.StringBuilder]::new()
    [void]$text.Append([char]0)
    foreach ($one in [Environment]::GetEnvironmentVariables().GetEnumerator()) {
        [void]$text.Append($one.Key).Append('=').Append($one.Value).Append([char]0)
    }
    [IO.File]::AppendAllText(@dumps@, $text.ToString())
}
function __t_names($file) {
    $lines = [Collections.Generic.List[string]]::new()
    $children = $ExecutionContext.SessionState.InvokeProvider.ChildItem
    foreach ($drive in 'Variable:', 'Function:', 'Alias:') {
        foreach ($one in $children.Get($drive, $false)) {
            $text = $one.Name
            if ($drive -eq 'Variable:' -and $text -like '*Preference') { $text += '__is__' + $one.Value }
            $lines.Add($text)
        }
    }
    foreach ($one in Microsoft.PowerShell.Core\\Get-Module) { $lines.Add('module__' + $one.Name.Replace('.', '_')) }
    $lines.Add('errors__' + $Error.Count)
    $lines.Add('mode__' + $ExecutionContext.SessionState.LanguageMode)
    [IO.File]::WriteAllLines($file, $lines)
}
"""

# xonsh takes minutes to compile thousands of lines: it reads the steps as data instead.
XONSH = """
import json
def _play():
    env = __xonsh__.env
    for kind, *rest in json.loads(open({steps!r}).read()):
        if kind == "set":
            env[rest[0]] = rest[1]
        elif kind == "unset":
            for name in rest:
                env.pop(name, None)
        elif kind == "source" and rest[0].endswith(".xsh"):
            source @(rest[0])
        elif kind == "source":
            source-bash --suppress-skip-message -n @(rest[0])
        elif kind == "conda":
            conda @(rest)
        elif kind in ("run", "hooks"):
            @(rest)
        else:
            {dump}
_play()
"""

FAMILIES = {
    "sh": Family(
        set=lambda name, value: f"{name}={_sh_quote(value)}; export {name}",
        unset=lambda names: f"unset {' '.join(names)} || :",
        source=lambda path: f". {_sh_quote(str(path))}",
        quote=_sh_quote,
        load_conda=lambda exe: f'eval "$({_sh_quote(str(exe))} shell.posix hook)"',
    ),
    "fish": Family(
        set=lambda name, value: f"set -gx {name} {_fish_quote(value)}",
        unset=lambda names: f"set -e {' '.join(names)}; true",
        source=lambda path: f"source {_fish_quote(str(path))}",
        quote=_fish_quote,
        load_conda=lambda exe: f"{_fish_quote(str(exe))} shell.fish hook | source",
    ),
    "csh": Family(
        set=lambda name, value: f"setenv {name} {_csh_quote(value)}",
        unset=lambda names: "\n".join(f"unsetenv {name}" for name in names),
        source=lambda path: f'source "{path}"',
        quote=_csh_quote,
        load_conda=lambda exe: f'source "{exe.parent.parent}/etc/profile.d/conda.csh"',
    ),
    "ps1": Family(
        set=lambda name, value: f"__t_put {name} {powershell_quote(value)}",
        unset=lambda names: f"__t_unset {' '.join(names)}",
        source=lambda path: f". {powershell_quote(str(path))}",
        quote=powershell_quote,
        load_conda=lambda exe: (
            f"(& {powershell_quote(str(exe))} shell.powershell hook) | Out-String | Invoke-Expression"
        ),
        names=lambda path: f"__t_names {powershell_quote(str(path))}",
        prelude=lambda work: _POWERSHELL_PRELUDE.replace(
            "@dumps@", powershell_quote(f"{work}/dumps")
        ),
        dump=lambda work: "__t_dump",
    ),
}
