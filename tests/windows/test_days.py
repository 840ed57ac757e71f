"""The hooks on Windows over any sequence of activations, edits and switches, compared with a model."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from conda_cuda_plugin.errors import PrefixCharacterError
from conda_cuda_plugin.hooks import check_prefix

from ..shells.conftest import need
from ..shells.shells import SHELLS, SWITCHED
from .session import Cmd, PowerShell, WindowsSession, problems
from .wine import Wine, windows_path

VARIABLES = ("CUDA_HOME", "CUDA_PATH", "CUDAToolkit_ROOT", "CUDA_PATH_V12_4", "CUDA_PATH_V11_8")
RELEASES = ("11.8", "12.4", "13.0")
VALUES = (
    "C:\\CUDA\\v12.4",
    "C:\\Program Files (x86)\\a & b",
    "@0@\\cuda",
    "@1@\\cuda",
    "x!y",
    '"C:\\Program Files\\NVIDIA GPU Computing Toolkit\\CUDA\\v12.4"',
    '"@0@\\cuda"',
)
# What a parser of cmd or PowerShell would take for more than a letter; ! is lost in wine's cmd before
# it comes to a hook, but for a value from outside.
hostile = st.text("\"' &|<>^!(),;=\\$`@{}[]#~x1", min_size=1, max_size=12).filter(str.strip)
values = st.sampled_from(VALUES) | hostile
numbers = st.integers(0, 3)
steps = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["activate", "stack", "lost"]), numbers),
        st.tuples(st.sampled_from(["deactivate", "again"])),
        st.tuples(st.just("use"), st.integers(0, 1), st.sampled_from(RELEASES)),
        st.tuples(st.just("set"), st.sampled_from(VARIABLES), values | st.none()),
        st.tuples(st.just("astray"), hostile, hostile),
    ),
    max_size=9,
)
days = st.tuples(st.dictionaries(st.sampled_from(VARIABLES), values), steps)


def make(root: Path, names: list[str]) -> list[Path]:
    """Environments with a toolkit of 12.4 each."""
    made = [root / name for name in names]
    for prefix in made:
        (prefix / "cuda").mkdir(parents=True)
        (prefix / "cuda" / "release.txt").write_bytes(b"12.4\r\n")
    return made


def play_out(
    number: int, day: tuple[dict[str, str], list[tuple]], paths: list[Path]
) -> WindowsSession:
    def fill(text: str | None) -> str | None:
        for place in (0, 1):
            text = text and text.replace(f"@{place}@", windows_path(paths[place]))
        return text

    initial, todo = day
    releases: dict[Path, str | None] = dict.fromkeys(paths, "12.4")
    releases[paths[2]] = None
    session = WindowsSession(f"day {number}: {day}", releases, frozenset([paths[3]]))
    for name, value in initial.items():
        session.set(name, fill(value))
    before = {name: value for name, value in session.env.items() if name in VARIABLES}
    edited = False
    for kind, *rest in todo:
        match kind:
            case "activate" | "stack":
                if len(session.stack) < 8:
                    session.activate(paths[rest[0]], stacked=kind == "stack")
            case "again":
                session.hook("activate")
            case "lost":
                # another environment at the same level, without the first being deactivated
                if session.stack and paths[rest[0]] != paths[3] and session.stack[-1] != paths[3]:
                    session.stack[-1] = paths[rest[0]]
                    session.set("CONDA_PREFIX", windows_path(session.stack[-1]))
                    session.hook("activate")
            case "deactivate":
                session.deactivate()
            case "use":
                session.use(paths[rest[0]], rest[1])
            case "astray":
                if not session.stack:
                    session.astray(*rest)
            case _:
                edited = True
                session.set(rest[0], fill(rest[1]))
    session.off()
    for prefix in paths[:2]:
        session.use(prefix, "12.4")
    if not edited:
        assert {k: v for k, v in session.env.items() if not k.startswith("CONDA_")} == before
    return session


# One process per example plays many days for the price of one start; a day is small as it is.
ONCE = settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
    phases=(Phase.generate,),
)
many_days = st.lists(days, min_size=10, max_size=16)
HOSTS = ("cmd", "cmd-delayed", "powershell", "powershell-constrained")


def host(name: str, rendered: dict[str, dict[str, Path]]) -> Cmd | PowerShell:
    """A shell of Windows, as it is called."""
    if name.startswith("cmd"):
        return Cmd(rendered["bat"], delayed="delayed" in name)
    need(next(shell for shell in SHELLS if shell.name == "pwsh-windows"))
    return PowerShell(rendered["ps1"], SWITCHED if "constrained" in name else "")


def known(name: str, day: Any) -> Any:
    """Without what wine's cmd cannot hold where Windows' can: it expands twice in a called script, and
    reads what stands behind a quote in a value when CALL has a SET run."""
    if isinstance(day, str):
        if name == "cmd-delayed":
            return day.replace("!", "")
        return re.sub("[<>|&^]", "", day) if name == "cmd" and '"' in day else day
    if isinstance(day, dict):
        return {key: known(name, value) for key, value in day.items()}
    return [known(name, one) for one in day] if isinstance(day, (list, tuple)) else day


@pytest.mark.parametrize("name", HOSTS)
def test_any_day(
    name: str, wine: Wine, rendered: dict[str, dict[str, Path]], tmp_path: Path
) -> None:
    shell = host(name, rendered)
    paths = make(tmp_path, ["env a (x86)", "b & co", "no release", "plain"])
    (paths[2] / "cuda" / "release.txt").unlink()

    @ONCE
    @given(many_days)
    def check(many: list[tuple[dict[str, str], list[tuple]]]) -> None:
        sessions = [play_out(number, day, paths) for number, day in enumerate(known(name, many))]
        assert not problems(shell, wine, sessions, tmp_path)

    check()


NAMES = {
    "blank": "two words",
    "ampersand": "this & that",
    "parentheses": "env (x86)",
    "unbalanced": "one ) two",
    "exclamation": "wow! really!",
    "equals": "a=b",
    "comma and semicolon's neighbours": "a,b@c#d~e+f",
    "brackets": "[x]{y}",
    "bar's neighbour": "at@sign -dash _under",
}
REFUSED = {"percent": "100%", "caret": "a^b", "semicolon": "a;b", "quote": "it's", "dollar": "a$b"}


@pytest.mark.parametrize("name", HOSTS)
def test_names_that_they_can_carry(
    name: str, wine: Wine, rendered: dict[str, dict[str, Path]], tmp_path: Path
) -> None:
    shell = host(name, rendered)
    sessions = []
    for what, prefix in zip(NAMES, make(tmp_path, list(NAMES.values())), strict=True):
        check_prefix(windows_path(prefix), windows=True)
        if name == "cmd-delayed" and "!" in prefix.name:
            # It is lost before a hook can see it.
            continue
        session = WindowsSession(what, {prefix: "12.4"})
        session.set("CUDA_PATH", "C:\\Program Files (x86)\\NVIDIA & co\\v12.4")
        session.activate(prefix)
        session.hook("activate")
        session.activate(prefix, stacked=True)
        session.off()
        sessions.append(session)
    assert problems(shell, wine, sessions, tmp_path) == []


def test_letters_beyond_ascii(
    wine: Wine, rendered: dict[str, dict[str, Path]], tmp_path: Path
) -> None:
    """Given from outside: wine's cmd reads and writes files in one code page."""
    [prefix] = make(tmp_path, ["ünï-ç-日本"])
    hooks = {name: windows_path(path) for name, path in rendered["bat"].items()}
    lines = [
        f'CALL "{hooks["activate"]}"',
        'IF "%CUDA_PATH_V12_4%"=="%CONDA_PREFIX%\\cuda" ECHO found',
        'IF EXIST "%CUDA_HOME%\\release.txt" ECHO there',
        f'CALL "{hooks["deactivate"]}"',
        "IF NOT DEFINED CUDA_PATH_V12_4 IF NOT DEFINED CUDA_HOME ECHO gone",
    ]
    printed = wine.batch(lines, tmp_path, CONDA_PREFIX=windows_path(prefix), CONDA_SHLVL="1")
    assert printed.split() == [b"found", b"there", b"gone"]


@pytest.mark.parametrize("name", REFUSED)
def test_names_that_it_cannot_carry_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(PrefixCharacterError):
        check_prefix(windows_path(tmp_path / REFUSED[name]), windows=True)


def test_percent_would_indeed_break(
    wine: Wine, rendered: dict[str, dict[str, Path]], tmp_path: Path
) -> None:
    """Why it is refused. (A caret breaks in Windows' CALL, which doubles it, and not in wine's.)"""
    [prefix] = make(tmp_path, ["100%TEMP%"])
    session = WindowsSession("percent", {prefix: "12.4"})
    session.activate(prefix)
    session.off()
    assert problems(Cmd(rendered["bat"]), wine, [session], tmp_path)
