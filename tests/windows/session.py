"""Days on Windows: steps for cmd.exe or PowerShell, and the variables that each must lead to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..shells.families import powershell_quote
from ..shells.model import SCALARS
from .wine import Wine, windows_path

WATCHED = ("CUDA", "__CONDA_CUDA", "__cc")
LEVELS = range(9)
Env = dict[str, str]


def activate(env: Env, root: str, release: str | None) -> None:
    """The activate hook, written as plainly as can be; a variable of cmd is never empty."""
    level = _level(env)
    for name, key in SCALARS.items():
        _replace(env, name, key, level, root)
    at = f"__CONDA_CUDA_CVN_{level}"
    old = env.pop(at, None)
    new = release.replace(".", "_") if release else None
    if old and old != new:
        _restore(env, f"CUDA_PATH_V{old}", "CV", level)
    if new:
        _replace(env, f"CUDA_PATH_V{new}", "CV", level, root)
        env[at] = new


def deactivate(env: Env) -> None:
    """The deactivate hook."""
    level = _level(env)
    for name, key in SCALARS.items():
        _restore(env, name, key, level)
    release = env.pop(f"__CONDA_CUDA_CVN_{level}", None)
    if release:
        _restore(env, f"CUDA_PATH_V{release}", "CV", level)


def _level(env: Env) -> str:
    level = env.get("CONDA_SHLVL", "")
    return level if level and set(level) <= set("0123456789") else "0"


def _replace(env: Env, name: str, key: str, level: str, root: str) -> None:
    at, old_at = f"__CONDA_CUDA_{key}_{level}", f"__CONDA_CUDA_{key}O_{level}"
    state, found = env.get(at, ""), env.get(name)
    if found == root and state[1:] == root:
        return
    if found and state[1:] == found:
        env[at] = state[0] + root
    else:
        env[at] = ("s" if found else "u") + root
        env.pop(old_at, None)
        if found:
            env[old_at] = found
    env[name] = root


def _restore(env: Env, name: str, key: str, level: str) -> None:
    state = env.pop(f"__CONDA_CUDA_{key}_{level}", "")
    old = env.pop(f"__CONDA_CUDA_{key}O_{level}", None)
    if state and state[1:] == env.get(name):
        del env[name]
        if state[0] == "s" and old:
            env[name] = old


Step = tuple[str, ...]
Hooks = dict[str, dict[str, Path]]


@dataclass
class WindowsSession:
    """One day: its steps, and the variables after each.

    Attributes:
        releases: the release of each environment's current toolkit; None where its file is missing.
        bare: environments without hooks.
    """

    name: str
    releases: dict[Path, str | None]
    bare: frozenset[Path] = frozenset()
    env: Env = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    expected: list[tuple[str, Env]] = field(default_factory=list)
    stack: list[Path] = field(default_factory=list)

    def set(self, name: str, value: str | None) -> None:
        self.env.pop(name, None)
        if value:
            self.env[name] = value
        self.steps.append(("set", name, value or ""))

    def expect(self, what: str) -> None:
        self.steps.append(("dump",))
        self.expected.append((what, {k: v for k, v in self.env.items() if k.startswith(WATCHED)}))

    def hook(self, direction: str) -> None:
        """Calls one hook of the active environment."""
        if not self.stack or self.stack[-1] in self.bare:
            return
        prefix = self.stack[-1]
        if direction == "activate":
            activate(self.env, f"{windows_path(prefix)}\\cuda", self.releases[prefix])
        else:
            deactivate(self.env)
        self.steps.append(("hook", direction))
        self.expect(f"{direction} {prefix.name!r}")

    def _enter(self) -> None:
        self.set("CONDA_PREFIX", windows_path(self.stack[-1]) if self.stack else None)
        self.set("CONDA_SHLVL", str(len(self.stack)))

    def activate(self, prefix: Path, *, stacked: bool = False) -> None:
        if self.stack and not stacked:
            self.hook("deactivate")
        self.stack.append(prefix)
        self._enter()
        self.hook("activate")

    def deactivate(self) -> None:
        if self.stack:
            self.hook("deactivate")
            self.stack.pop()
            self._enter()
            self.hook("activate")

    def astray(self, prefix: str, level: str) -> None:
        """Both hooks with whatever stands in conda's variables; nothing is there."""
        self.set("CONDA_PREFIX", prefix)
        self.set("CONDA_SHLVL", level)
        self.steps.append(("hook", "activate"))
        self.expect("activate astray")
        deactivate(self.env)
        self.steps.append(("hook", "deactivate"))
        self.expect("deactivate astray")

    def use(self, prefix: Path, release: str) -> None:
        """Another toolkit becomes current, as `conda cuda use` leaves it."""
        self.releases[prefix] = release
        self.steps.append(("file", windows_path(prefix / "cuda" / "release.txt"), release))

    def off(self) -> None:
        while self.stack:
            self.deactivate()
        self.expect("off")


_FIRST = [
    *("CUDA_HOME", "CUDA_PATH", "CUDAToolkit_ROOT", "CONDA_PREFIX", "CONDA_SHLVL"),
    *(f"CUDA_PATH_V{release}" for release in ("11_8", "12_4", "13_0")),
]
FORGET: list[Step] = [("set", name, "") for name in _FIRST]


@dataclass(frozen=True)
class Cmd:
    """cmd.exe.

    Attributes:
        hooks: the hook files by direction.
        delayed: whether the caller has delayed expansion on.
    """

    hooks: dict[str, Path]
    delayed: bool = False

    def play(self, wine: Wine, steps: Sequence[Step], folder: Path) -> bytes:
        """Runs steps in one process; what is printed."""
        lines, values = self.lines(steps, folder)
        return wine.batch(lines, folder, **values)

    def lines(self, steps: Sequence[Step], folder: Path) -> tuple[list[str], Env]:
        """Steps as lines of a batch file, and the variables that it has to be given."""
        values: dict[str, str] = {}
        lines = ["SETLOCAL ENABLEDELAYEDEXPANSION"] if self.delayed else []
        dumps = windows_path(folder / "dumps")
        for step in steps:
            match step:
                case ("set", name, ""):
                    lines.append(f'SET "{name}="')
                case ("set", name, value):
                    # From outside: no line of the script could hold every value.
                    at = values.setdefault(value, f"VALUE{len(values)}")
                    mine = f'SET "{name}=!{at}!"', f'CALL SET "{name}=%%{at}%%"'
                    lines.append(mine[not self.delayed])
                case ("dump",):
                    lines += [f'>>"{dumps}" SET', f'>>"{dumps}" ECHO #']
                case ("hook", direction):
                    lines.append(f'CALL "{windows_path(self.hooks[direction])}"')
                    lines.append("IF ERRORLEVEL 1 ECHO failed")
                case ("file", path, text):
                    lines.append(f'>"{path}" ECHO {text}')
                case ("program", *words):
                    lines.append(" ".join(f'"{word}"' for word in words))
        return lines, {at: value for value, at in values.items()}


_PRELUDE = """
function __t_put($name, $value) { [Environment]::SetEnvironmentVariable($name, $value) }
function __t_unset($name) { [Environment]::SetEnvironmentVariable($name, [NullString]::Value) }
function __t_file($path, $text) { [IO.File]::WriteAllText($path, "$text`r`n") }
function __t_dump {
    $text = [Text.StringBuilder]::new()
    foreach ($one in [Environment]::GetEnvironmentVariables().GetEnumerator()) {
        [void]$text.Append($one.Key).Append('=').Append($one.Value).Append("`n")
    }
    [IO.File]::AppendAllText(@dumps@, $text.ToString() + "#`n")
}
"""


@dataclass(frozen=True)
class PowerShell:
    """PowerShell for Windows.

    Attributes:
        hooks: the hook files by direction.
        options: lines to begin with.
    """

    hooks: dict[str, Path]
    options: str = ""

    def play(self, wine: Wine, steps: Sequence[Step], folder: Path) -> bytes:
        """Runs steps in one process; what is printed."""
        # What a start that hung has left is none of the next one's.
        first = f"[IO.File]::WriteAllText({powershell_quote(windows_path(folder / 'dumps'))}, '')\n"
        return wine.powershell(first + self.text(steps, folder), folder)

    def text(self, steps: Sequence[Step], folder: Path) -> str:
        """Steps as a script."""
        q = powershell_quote
        lines = [_PRELUDE.replace("@dumps@", q(windows_path(folder / "dumps"))), self.options]
        for step in steps:
            match step:
                case ("set", name, ""):
                    lines.append(f"__t_unset {name}")
                case ("set", name, value):
                    lines.append(f"__t_put {name} {q(value)}")
                case ("dump",):
                    lines.append("__t_dump")
                case ("hook", direction):
                    lines.append(f". {q(windows_path(self.hooks[direction]))}")
                case ("file", path, text):
                    lines.append(f"__t_file {q(path)} {q(text)}")
                case ("program", *words):
                    lines.append(f"& {' '.join(map(q, words))}")
        return "\n".join(lines)


def dumps_of(
    shell: Cmd | PowerShell, wine: Wine, sessions: Sequence[WindowsSession], folder: Path
) -> tuple[bytes, list[Env]]:
    """Plays days one after the other in one process; what is printed, and each dump."""
    (folder / "dumps").write_bytes(b"")
    steps = [step for session in sessions for step in [*FORGET, *session.steps]]
    printed = shell.play(wine, steps, folder)
    text = (folder / "dumps").read_bytes().decode("utf-8", "replace").replace("\r\n", "\n")
    records = [
        dict(line.partition("=")[::2] for line in record.splitlines())
        for record in text.split("\n#\n")[:-1]
    ]
    return printed, [{k: v for k, v in env.items() if k.startswith(WATCHED)} for env in records]


def problems(
    shell: Cmd | PowerShell, wine: Wine, sessions: Sequence[WindowsSession], folder: Path
) -> list[str]:
    """Plays days in one process; what went otherwise, one line each."""
    printed, records = dumps_of(shell, wine, sessions, folder)
    found = [f"printed {printed!r:.300}"] if printed else []
    wanted = [(session, *row) for session in sessions for row in session.expected]
    if len(records) != len(wanted):
        found.append(f"{len(records)} dumps for {len(wanted)} steps")
    for actual, (session, what, good) in zip(records, wanted, strict=False):
        if actual != good:
            wrong = {
                name: (good.get(name), actual.get(name))
                for name in sorted(good.keys() | actual.keys())
                if good.get(name) != actual.get(name)
            }
            found.append(f"{session.name}: after {what}, wanted and found: {wrong}")
    return found
