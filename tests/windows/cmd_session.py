"""Days in cmd.exe: steps for a batch file, and the variables that each must lead to."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from .wine import Wine, windows_path

SCALARS = {"CUDA_HOME": "CH", "CUDA_PATH": "CP", "CUDAToolkit_ROOT": "CR"}
WATCHED = ("CUDA", "__CONDA_CUDA", "__cc")
LEVELS = range(9)
Env = dict[str, str]


def activate(env: Env, root: str, release: str | None) -> None:
    """The activate hook, written as plainly as can be; a variable of cmd is never empty."""
    level = env.get("CONDA_SHLVL", "0")
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
    level = env.get("CONDA_SHLVL", "0")
    for name, key in SCALARS.items():
        _restore(env, name, key, level)
    release = env.pop(f"__CONDA_CUDA_CVN_{level}", None)
    if release:
        _restore(env, f"CUDA_PATH_V{release}", "CV", level)


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


@dataclass
class CmdSession:
    """One day: the steps as lines of a batch file, and the variables after each.

    Attributes:
        hooks: the hook files by direction.
        releases: the release of each environment's current toolkit; None where its file is missing.
        bare: environments without hooks.
    """

    name: str
    hooks: dict[str, Path]
    releases: dict[Path, str | None]
    bare: frozenset[Path] = frozenset()
    env: Env = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    expected: list[tuple[str, Env]] = field(default_factory=list)
    stack: list[Path] = field(default_factory=list)

    def set(self, name: str, value: str | None) -> None:
        self.env.pop(name, None)
        if value:
            self.env[name] = value
        self.lines.append(f'SET "{name}={value or ""}"')

    def expect(self, what: str) -> None:
        self.lines.append("dump")
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
        self.lines.append(f'CALL "{windows_path(self.hooks[direction])}"')
        self.lines.append("IF ERRORLEVEL 1 ECHO failed")
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

    def use(self, prefix: Path, release: str) -> None:
        """Another toolkit becomes current, as `conda cuda use` leaves it."""
        self.releases[prefix] = release
        path = windows_path(prefix / "cuda" / "release.txt")
        self.lines.append(f'>"{path}" ECHO {release}')

    def off(self) -> None:
        while self.stack:
            self.deactivate()
        self.expect("off")


def problems(wine: Wine, sessions: list[CmdSession], folder: Path) -> list[str]:
    """Plays days one after the other in one cmd.exe; what went otherwise, one line each."""
    dumps = windows_path(folder / "dumps")
    (folder / "dumps").write_bytes(b"")
    lines = []
    for session in sessions:
        for name in ("CUDA_HOME", "CUDA_PATH", "CUDAToolkit_ROOT", "CONDA_PREFIX", "CONDA_SHLVL"):
            lines.append(f'SET "{name}="')
        lines += [f'SET "CUDA_PATH_V{release}="' for release in ("11_8", "12_4", "13_0")]
        for line in session.lines:
            lines += [f'>>"{dumps}" SET', f'>>"{dumps}" ECHO #'] if line == "dump" else [line]
        session.lines.append("")
    printed = wine.batch(lines, folder)
    found = [f"printed {printed!r:.300}"] if printed else []
    text = (folder / "dumps").read_bytes().decode("utf-8", "replace").replace("\r\n", "\n")
    records = text.split("#\n")[:-1]
    wanted = [(session, *row) for session in sessions for row in session.expected]
    if len(records) != len(wanted):
        found.append(f"{len(records)} dumps for {len(wanted)} steps")
    for record, (session, what, good) in zip(records, wanted, strict=False):
        pairs = (line.partition("=")[::2] for line in record.splitlines())
        actual = {name: value for name, value in pairs if name.startswith(WATCHED)}
        if actual != good:
            wrong = {
                name: (good.get(name), actual.get(name))
                for name in sorted(good.keys() | actual.keys())
                if good.get(name) != actual.get(name)
            }
            found.append(f"{session.name}: after {what}, wanted and found: {wrong}")
    return found
