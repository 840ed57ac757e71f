"""Our activation and deactivation hooks against other scripts that set the same variables."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from typing import Any

from tests.shells.shells import SHELLS, RealShell

from ..figure import Figure, Row
from ..measure import Act, Run, alternate
from ..scripts.pair import Pair, ours, write_pairs
from ..world import World

TIMES = {"sh": 400, "fish": 100, "csh": 60}
"""How often a pair is run in one process; tcsh takes a millisecond for it."""
FORKS = 5
ROUNDS = 7
START = {"CONDA_SHLVL": "1", "LD_LIBRARY_PATH": "/opt/a/lib:/opt/b/lib:/opt/c/lib"}
_LOOPS = {
    "sh": "i=0\nwhile [ $i -lt {times} ]; do\n. '{on}'\n. '{off}'\ni=$((i + 1))\ndone\n",
    "fish": "for i in (seq {times})\nsource '{on}'\nsource '{off}'\nend\n",
    "csh": "set i = 0\nwhile ( $i < {times} )\nsource '{on}'\nsource '{off}'\n@ i++\nend\n",
}


def measure(world: World) -> list[Figure]:
    """For each shell: against plain scripts, the share of `conda activate`, and processes."""
    prefix = world.three
    activation = _activation(world, prefix)
    shares: dict[str, float] = {}
    forks: dict[str, int | None] = {}
    figures = []
    for shell in SHELLS:
        if shell.family not in _LOOPS:
            # xonsh lets bash run the .sh hook; the others run on Windows.
            continue
        if shell.path() is None:
            print(f"hooks in {shell.name}: not measured, it is not installed", file=sys.stderr)
            continue
        folder = world.folder / "hooks" / shell.name
        pairs = {"ours": ours(prefix, shell.family), **write_pairs(folder, shell.family)}
        figure, seconds = _against_others(world, shell, pairs, folder)
        figures.append(figure)
        shares[shell.name] = seconds / activation
        forks[shell.name] = _processes(world, shell, pairs, folder)
    shown = {"conda activate s": round(activation, 3)}
    shown |= {f"{name} %": round(100 * share, 3) for name, share in shares.items()}
    slowest = max(shares, key=lambda name: shares[name])
    for name in dict.fromkeys(("bash", slowest)):
        what = f"hook pair in {name}{', the slowest' if name == slowest else ''}"
        figures.append(Figure(what, "conda activate", shares[name], 0.002, details=shown))
    counted = {name: count for name, count in forks.items() if count is not None}
    if counted:
        what = "processes that a hook pair starts, in all shells"
        figures.append(Figure(what, "none", sum(counted.values()), 0, details=counted))
    else:
        print("processes of the hooks: not counted, strace is missing", file=sys.stderr)
    return figures


def _against_others(
    world: World, shell: RealShell, pairs: dict[str, Pair], folder: Path
) -> tuple[Figure, float]:
    """The figure for one shell, and how many seconds our pair takes in it."""
    times = TIMES[shell.family]
    acts: dict[str, Act] = {"none": _act(world, shell, pairs["empty"], folder, 0)}
    for name, pair in pairs.items():
        # A pipe for each, which takes a hundred times as long.
        acts[name] = _act(world, shell, pair, folder, times // 10 if name == "sed" else times)
    found = alternate(acts, ROUNDS)

    def each(name: str) -> float:
        # A shell that sources files does nothing but compute: what else runs is not counted.
        beyond = found[name].cpu - found["none"].cpu
        return max(beyond, 1e-9) / (times // 10 if name == "sed" else times)

    shown: dict[str, Any] = {f"{name} us": round(1e6 * each(name), 1) for name in pairs}
    return (
        Figure(
            f"hook pair in {shell.name}",
            "plain scripts for the same five variables",
            each("ours") / each("plain"),
            1.2,
            spread=found["ours"].cpu_spread + found["plain"].cpu_spread,
            details=shown,
        ),
        each("ours"),
    )


def _act(world: World, shell: RealShell, pair: Pair, folder: Path, times: int) -> Act:
    command = _command(shell, pair, folder, times)

    def once() -> Run:
        return world.command(command, CONDA_PREFIX=str(world.three), **START)

    return once


def _command(shell: RealShell, pair: Pair, folder: Path, times: int) -> list[str | Path]:
    """A shell that runs a pair many times."""
    script = folder / f"{pair.activate.stem.lstrip('~')}-{times}.{shell.family}"
    text = _LOOPS[shell.family]
    script.write_text(text.format(times=times, on=pair.activate, off=pair.deactivate))
    program = shell.path()
    assert program is not None
    return [program, *shell.command[1:], script]


def _activation(world: World, prefix: Path) -> float:
    """Seconds of processor time that `conda activate` takes before any hook runs."""
    acts = {"activate": lambda: world("shell.posix", "activate", prefix)}
    return alternate(acts, world.rounds)["activate"].cpu


def _processes(world: World, shell: RealShell, pairs: dict[str, Pair], folder: Path) -> int | None:
    """How many processes our pair starts, beyond those of empty files; None without strace."""
    strace = shutil.which("strace")
    if strace is None:
        return None
    counts = []
    for name in ("ours", "empty"):
        trace = folder / f"{name}.trace"
        words = [strace, "-f", "-qq", "-o", trace, "-e", "trace=process"]
        command = _command(shell, pairs[name], folder, FORKS)
        world.command([*words, *command], CONDA_PREFIX=str(world.three), **START)
        calls = re.findall(r"\b(?:clone3?|v?fork|execve)\(.*", trace.read_text())
        counts.append(sum("CLONE_THREAD" not in call for call in calls))
    return counts[0] - counts[1]


ROW = Row("hooks", measure)
