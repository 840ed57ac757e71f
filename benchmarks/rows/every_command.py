"""What the plugin costs a command that has nothing to do with it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from ..figure import Figure, Row
from ..measure import Act, Run, alternate, details
from ..world import World

# The packages of conda's Python are taken from another folder, which has the plugin or not.
SCRIPT = """
import sys, sysconfig
real = sysconfig.get_path("purelib")
sys.path[:] = [sys.argv[1] if path == real else path for path in sys.path]
from importlib.metadata import entry_points
if bool(entry_points(group="conda", name="conda-cuda")) != (sys.argv[3] == "with"):
    sys.exit("the plugin is not where it should be, or is where it should not be")
sys.argv[:] = ["conda", "list", "-p", sys.argv[2]]
from conda.cli import main
sys.exit(main())
"""


def measure(world: World) -> list[Figure]:
    """`conda list` with and without the plugin: instructions, or times where none are counted."""
    folders = {name: _site_packages(world, name == "with") for name in ("with", "without")}
    prefix = world.three
    python = world.exe.parent / "python"
    commands = {
        name: [python, "-c", SCRIPT, folder, prefix, name] for name, folder in folders.items()
    }
    for command in commands.values():
        world.command(command)
    if shutil.which("valgrind"):
        counts = {name: _instructions(world, command) for name, command in commands.items()}
        ratio, spread = counts["with"] / counts["without"], 0.0
        shown: dict[str, Any] = {f"{name} instructions": count for name, count in counts.items()}
        unit = "instructions"
    else:
        print("instructions: not measured: valgrind missing; the time is", file=sys.stderr)
        found = alternate({name: _act(world, command) for name, command in commands.items()}, 30)
        ratio = found["with"].median / found["without"].median
        spread = found["with"].spread + found["without"].spread
        shown = details(found)
        unit = "time"
    what, against = f"conda list, {unit}", "without the plugin"
    return [Figure(what, against, ratio, 1.01, spread=spread, details=shown)]


def _act(world: World, command: list[str | Path]) -> Act:
    def once() -> Run:
        return world.command(command)

    return once


def _site_packages(world: World, plugin: bool) -> Path:
    """Links to all that conda's Python has, with the plugin or without."""
    python = world.exe.parent / "python"
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    real = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout
    folder = world.folder / f"packages-{'with' if plugin else 'without'}"
    folder.mkdir()
    for entry in Path(real.strip()).iterdir():
        if plugin or not re.match(r"conda_cuda(_plugin)?\b", entry.name):
            (folder / entry.name).symlink_to(entry)
    return folder


def _instructions(world: World, command: list[str | Path]) -> int:
    """How many instructions a command takes, counted by valgrind."""
    output = world.folder / "callgrind.out"
    words = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={output}"]
    world.command([*words, *command], PYTHONHASHSEED="0")
    match = re.search(r"^(?:summary|totals): (\d+)", output.read_text(), re.MULTILINE)
    if match is None:
        raise SystemExit("valgrind counted nothing")
    return int(match[1])


ROW = Row("every", measure)
