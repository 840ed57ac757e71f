"""Runs sessions in a real shell: many in one process, the whole environment after each step."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from .families import FAMILIES, XONSH, Family
from .model import SCALARS, VARIABLES, Env
from .session import Session, Step
from .shells import RealShell

LEVELS = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "12")

MANAGED = (
    *VARIABLES,
    "CONDA_PREFIX",
    "CONDA_SHLVL",
    "__CONDA_CUDA_XFM",
    *(
        f"__CONDA_CUDA_{key}_{level}"
        for level in LEVELS
        for key in ("LLP", "XF", "XFO", *SCALARS.values(), *(f"{k}O" for k in SCALARS.values()))
    ),
)


# Without CONDA_SHLVL: its absence would make conda's function start anew.
RESET_WITH_CONDA = tuple(name for name in MANAGED if not name.startswith("CONDA_"))


# The first activation of a shell leaves some of conda's own variables for good.
CONDA_WARM_UP: tuple[Step, ...] = (("conda", "activate", "base"), ("conda", "deactivate"))


# The shells' own: which command ran last, how deep, where.
SHELLS_OWN = {"_", "SHLVL", "PWD", "OLDPWD", "ARG0"}
START = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LC_ALL": "C.UTF-8", "TERM": "dumb"}


@dataclass(frozen=True)
class Outcome:
    """What a shell did: an environment per dump, the first before any session."""

    dumps: list[Env]
    printed: bytes
    status: int
    left_behind: list[str]


def play(
    shell: RealShell,
    options: str,
    sessions: Sequence[Session],
    hooks: dict[str, Path],
    work: Path,
    *,
    start: Mapping[str, str] = START,
    conda: Path | None = None,
    warm: Path | None = None,
    baseline: bool = False,
) -> Outcome:
    """Runs the sessions one after the other in one process.

    Args:
        shell: Which shell.
        options: Lines that the script begins with.
        sessions: The scenarios.
        hooks: The hook files of the shell's family by direction, for ``source`` steps.
        work: A folder for the script and what it writes.
        start: The environment that the shell starts with.
        conda: Whose shell function to load, for ``conda`` steps.
        warm: A program that its function starts in place of it.
        baseline: Leave out the steps that put hooks into environments.
    """
    work.mkdir(parents=True, exist_ok=True)
    dumps = work / "dumps"
    # PowerShell runs a file by its name's ending.
    script = work / f"script.{shell.family}"
    dumps.write_bytes(b"")
    # A file, because conda's alias in tcsh takes words with blanks apart.
    (work / "dump").write_text(FAMILIES["sh"].dump(work))
    player = Player(shell, options, hooks, work, conda, warm, baseline)
    script.write_text(player.script(sessions), encoding="utf-8")
    program = shell.path()
    assert program is not None
    done = subprocess.run(
        [program, *shell.command[1:], script],
        # fish and xonsh write below HOME, wherever it is.
        env={**start, "HOME": str(work)} if start["HOME"] == START["HOME"] else start,
        cwd=work,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=1800,
    )
    return Outcome(
        parse_dumps(dumps.read_bytes()),
        done.stdout + done.stderr,
        done.returncode,
        [] if shell.family == "xonsh" else _left_behind(work),
    )


def problems(sessions: Sequence[Session], outcome: Outcome) -> list[str]:
    """What went otherwise than the model says, one line each.

    A deviation of the environment, a shell variable left behind, anything printed, a status.
    """
    found = []
    if outcome.status or outcome.printed:
        found.append(f"exit {outcome.status}, printed {outcome.printed!r:.600}")
    base, *dumps = outcome.dumps or [Env()]
    wanted = [{**base, **env} for session in sessions for _, env in session.expected]
    return [*found, *compare(sessions, wanted, dumps), *outcome.left_behind]


def compare(sessions: Sequence[Session], wanted: Sequence[Env], dumps: Sequence[Env]) -> list[str]:
    """One line for each session that deviates: its first wrong step."""
    found = []
    pairs = zip_longest(wanted, dumps)
    for session in sessions:
        broken = False
        for what, _ in session.expected:
            good, actual = next(pairs, (None, None))
            if good is None or actual is None:
                return [*found, f"{session.name}: the shell ended before {what!r}"]
            if actual != good and not broken:
                broken = True
                wrong = {
                    name: (good.get(name), actual.get(name))
                    for name in sorted(good.keys() | actual.keys())
                    if good.get(name) != actual.get(name)
                }
                found.append(f"{session.name}: after {what!r}, wanted and found: {wrong}")
    if next(pairs, None) is not None:
        found.append("more dumps than steps")
    return found


@dataclass(frozen=True)
class Player:
    """Writes the script that plays sessions in one shell."""

    shell: RealShell
    options: str
    hooks: dict[str, Path]
    work: Path
    conda: Path | None
    warm: Path | None
    baseline: bool

    @property
    def dump(self) -> str:
        if self.shell.family == "xonsh":
            return FAMILIES["sh"].dump(self.work)
        return FAMILIES[self.shell.family].dump(self.work)

    def script(self, sessions: Sequence[Session]) -> str:
        if self.shell.family == "xonsh":
            return self._xonsh(sessions)
        family = FAMILIES[self.shell.family]
        reset = family.unset(RESET_WITH_CONDA if self.conda else MANAGED)
        lines = [family.prelude(self.work), self.options]
        if self.conda:
            lines.append(family.load_conda(self.conda))
            lines += [self._spell(family, step) for step in CONDA_WARM_UP]
        lines += [reset, self.dump, family.names(self.work / "before")]
        for session in sessions:
            lines += [line for step in session.steps if (line := self._spell(family, step))]
            lines.append(reset)
        lines.append(family.names(self.work / "after"))
        return "\n".join(lines) + "\n"

    def _spell(self, family: Family, step: Step) -> str:
        match step:
            case ("set", name, value):
                return family.set(name, value)
            case ("unset", name):
                return family.unset([name])
            case ("source", direction):
                return self._checked(family.source(self.hooks[direction]))
            case ("conda", *words):
                quoted = " ".join(["conda", *map(family.quote, words)])
                if self.shell.family == "ps1":
                    # A parameter of the function, there.
                    quoted = quoted.replace("'--stack'", "-Stack")
                return f"{self._take_warm(family)}{self._checked(quoted)}"
            case ("run", *words):
                return self._program(family, words)
            case ("hooks", *words):
                return "" if self.baseline else self._program(family, words)
            case _:
                return self.dump

    def _take_warm(self, family: Family) -> str:
        # Each time, since conda names itself at each activation.
        return f"{family.set('CONDA_EXE', str(self.warm))}\n" if self.warm else ""

    def _program(self, family: Family, words: Sequence[str]) -> str:
        line = " ".join(map(family.quote, words))
        return f"& {line}" if self.shell.family == "ps1" else line

    def _checked(self, line: str) -> str:
        match self.shell.family:
            # `||` would switch errexit off inside the hook
            case "sh" if "set -e" not in self.options:
                return f'{line} || echo "status $?"'
            case "fish":
                return f"{line}; or echo status $status"
            case "csh":
                return f"{line}\nif ( $status ) echo status $status"
            case "ps1":
                return f"{line}; if (-not $?) {{ 'failed' }}"
            case _:
                return line

    def _xonsh(self, sessions: Sequence[Session]) -> str:
        reset = ("unset", *(RESET_WITH_CONDA if self.conda else MANAGED))
        steps: list[Step] = [*(CONDA_WARM_UP if self.conda else ()), reset, ("dump",)]
        for session in sessions:
            for step in session.steps:
                if step[0] == "source":
                    steps.append(("source", str(self.hooks[step[1]])))
                elif step[0] != "hooks" or not self.baseline:
                    if step[0] == "conda" and self.warm:
                        steps.append(("set", "CONDA_EXE", str(self.warm)))
                    steps.append(step)
            steps.append(reset)
        (self.work / "steps").write_text(json.dumps(steps))
        hook = f"execx($({self.conda} shell.xonsh hook))\n" if self.conda else ""
        return hook + XONSH.format(steps=str(self.work / "steps"), dump=self.dump)


def parse_dumps(data: bytes) -> list[Env]:
    """One environment per dump; each begins with an empty record."""
    dumps = []
    for record in data.split(b"\0")[:-1]:
        if not record:
            dumps.append(Env())
            continue
        name, _, value = record.decode("utf-8", "surrogateescape").partition("=")
        if name not in SHELLS_OWN:
            dumps[-1][name] = value
    return dumps


def _left_behind(work: Path) -> list[str]:
    if not (work / "after").exists():
        return ["the shell ended before its script"]
    noise = re.compile(
        r"_|__|\?|[A-Z]*LINENO|RANDOM|SECONDS|KSH_MATCH|PIPESTATUS|pipestatus|status|BASH_.*|.*sh_.*"
    )
    names = [
        {
            name
            for line in (work / when).read_text("utf-8", "surrogateescape").splitlines()
            if (match := re.match(r"([A-Za-z_]\w*)(?=[=\s]|$)", line))
            if not noise.fullmatch(name := match[1])
        }
        for when in ("before", "after")
    ]
    return [f"left behind: {sorted(names[1] ^ names[0])}"] if names[0] != names[1] else []
