"""Shells that users have set up oddly, and what the hooks do in them."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..shells import model
from ..shells.driver import SHELLS_OWN
from ..shells.families import FAMILIES, environ_program
from ..shells.model import SCALARS, VARIABLES, Env
from ..shells.shells import RealShell

STATES = {**SCALARS, "XLA_FLAGS": "XF", "LD_LIBRARY_PATH": "LLP"}
_NAMES = (
    "test [ : true false export unset local typeset declare readonly set eval return printf echo "
    "cd pwd read shift trap hash type alias getopts umask wait exec source contains count"
)
_CSH = (
    "addsuffix anyerror autocorrect autoexpand autolist autorehash backslash_quote catalog "
    "compat_expr complete continue correct csubstnonl dunique edit ellipsis fignore filec globdot "
    "globstar histdup histlit implicitcd killring listjobs nobeep noclobber noding noglob nonomatch "
    "nostat notify parseoctal pushdsilent recexact rmstar savehist symlinks visiblebell wordchars"
)
STARTS: dict[str, Env] = {
    "nothing": {},
    "path": {"LD_LIBRARY_PATH": "/opt/a/lib:/opt/b c/lib"},
    "all": {name: f"/mine/{name} x" for name in VARIABLES},
    "empty": dict.fromkeys(VARIABLES, ""),
}


@dataclass(frozen=True)
class Played:
    """What a shell did: an environment before, between and after the hooks."""

    dumps: list[Env]
    printed: str
    left: set[str]


def play(
    shell: RealShell, setup: str, hooks: dict[str, Path], work: Path, start: Env = STARTS["path"]
) -> Played:
    """Run both hooks in a shell of its own, after some lines."""
    shutil.rmtree(work, ignore_errors=True)
    # XLA is told of no path that holds a blank.
    library = work / ("env with blank" if start is STARTS["all"] else "env") / "cuda" / "lib64"
    library.mkdir(parents=True)
    family = FAMILIES[shell.family]
    force = "!" if shell.family == "csh" else ""

    def dump(number: int) -> str:
        return f"{environ_program()} >{force} {work}/{number}"

    lines = [setup, dump(0)]
    for number, direction in enumerate(("activate", "deactivate"), 1):
        lines += [family.source(hooks[direction]), dump(number)]
    lines += ["/bin/echo alive", f"set >{force} {work}/set"]
    (work / "script").write_text("\n".join(lines) + "\n")
    program = shell.path()
    assert program is not None
    done = subprocess.run(
        [program, *shell.command[1:], work / "script"],
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(work),
            "CONDA_PREFIX": str(library.parents[1]),
            "CONDA_SHLVL": "1",
            **start,
        },
        cwd=work,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    dumps = []
    for path in sorted(work.glob("[0-2]")):
        pairs = (record.partition("=") for record in path.read_text().split("\0")[1:-1])
        dumps.append({name: value for name, _, value in pairs if name not in SHELLS_OWN})
    left = (work / "set").read_text(errors="replace") if (work / "set").exists() else ""
    return Played(dumps, done.stdout + done.stderr, set(re.findall(r"^__c\w+", left, re.MULTILINE)))


def wanted(before: Env, skipped: Iterable[str] = ()) -> Env:
    """The environment while it is active, but for variables that cannot be set."""
    env = dict(before)
    model.activate(env, library=True)
    for name in skipped:
        for key in [name, *(f"__CONDA_CUDA_{STATES[name]}{o}_1" for o in ("", "O"))]:
            env.pop(key, None)
            if key in before:
                env[key] = before[key]
        if name == "XLA_FLAGS":
            env.pop("__CONDA_CUDA_XFM", None)
    return env


def wrong(played: Played, *, skipped: Iterable[str] = (), unchanged: bool = False) -> list[str]:
    """What is not as it should be."""
    if len(played.dumps) < 3 or played.printed != "alive\n":
        return [f"{len(played.dumps)} dumps, printed {played.printed[-300:]!r}"]
    before, active, after = played.dumps
    found = []
    if active != wanted(before, skipped) and not (unchanged and active == before):
        found.append(f"active: {sorted(active.items() ^ wanted(before, skipped).items())}")
    if after != before:
        found.append(f"after: {sorted(after.items() ^ before.items())}")
    return [*found, *sorted(played.left)]


@cache
def options(shell: RealShell) -> list[str]:
    """Lines that switch each option of a shell to what it is not by default."""
    program = shell.path()
    assert program is not None

    def ask(text: str) -> list[tuple[str, str]]:
        words = [program, *shell.command[1:], "-c", text]
        said = subprocess.run(words, capture_output=True, text=True, timeout=60).stdout
        return re.findall(r"^([a-z_]\w*)\s+(on|off)\b", said, re.MULTILINE)

    if shell.name == "zsh":
        names = ask("emulate -R zsh; setopt kshoptionprint; setopt")
        return [f"{'un' * (state == 'on')}setopt {name}" for name, state in names]
    if shell.family == "csh":
        return [f"set {name}" for name in _CSH.split()] + [
            "set echo_style = both",
            "set histchars = ''",
        ]
    if shell.family == "fish":
        return ["set -g fish_greeting hello", "set -g fish_features qmark-noglob"]
    found = [f"set {'+' if state == 'on' else '-'}o {name}" for name, state in ask("set -o")]
    if shell.command[0] == "bash":
        found += [f"shopt -{'u' if state == 'on' else 's'} {name}" for name, state in ask("shopt")]
    return found


def function(shell: RealShell, name: str, body: str) -> str:
    """A function of the user's with the name of a command."""
    if shell.family == "fish":
        return f"function {name}; {body}; end"
    # Where a name is refused, the shell ends.
    return f"{name}() {{ {body}; }}"


def setups(shell: RealShell) -> list[str]:
    """Lines that stand alone in a user's start-up file, of every kind."""
    found = list(options(shell))
    if shell.family == "csh":
        return found
    # No `return`: a function of that name would call itself until the stack is full, a minute later.
    found += [
        function(shell, name, f"/bin/echo {name}; /bin/{('true', 'false')[number % 2]}")
        for number, name in enumerate(_NAMES.split())
    ]
    if shell.family == "sh":
        found += [f"alias {name}='/bin/echo {name};'" for name in _NAMES.split()]
        found += [f"IFS='{value}'" for value in ("", "/", ":=", "_0cC", "\\-")] + ["unset IFS"]
        found += ["readonly IFS", "set -eu; set -f", "set -a", "PATH="]
    if shell.command[0] == "bash":
        found += ["shopt -s expand_aliases; alias test=false unset=false export=false"]
        found += ["set -E; trap 'exit 3' ERR", "declare -i SECONDS", "set -k", "set -kue"]
    if shell.name == "zsh":
        found += ["emulate sh", "emulate ksh", "emulate csh", "trap 'exit 3' ZERR"]
        found += ["setopt csh_junkie_quotes glob_subst err_exit", "typeset -xT LD_LIBRARY_PATH llp"]
    return found


def empty_hooks(folder: Path) -> dict[str, Path]:
    """Hooks that do nothing: what then goes wrong is none of ours."""
    path = folder / "empty"
    path.touch()
    return {"activate": path, "deactivate": path}


def bearable(shell: RealShell, setup: str, folder: Path) -> bool:
    """Whether a script can go on at all behind some lines."""
    played = play(shell, setup, empty_hooks(folder), folder / "control")
    return len(played.dumps) == 3 and played.printed == "alive\n"
