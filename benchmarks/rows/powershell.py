"""What the hooks add to the first `conda activate` of a session of PowerShell."""

from __future__ import annotations

import shutil
import sys

from tests.shells.families import FAMILIES
from tests.shells.shells import SHELLS

from ..figure import Figure, Row
from ..measure import Act, Run, alternate, details
from ..world import World


def measure(world: World) -> list[Figure]:
    """A session that activates an environment with hooks, against the same one without."""
    [shell] = [shell for shell in SHELLS if shell.name == "pwsh"]
    program = shell.path()
    if program is None:
        print("activation in PowerShell: not measured, it is not installed", file=sys.stderr)
        return []
    hooked, bare = world.three, world.environment("bare")
    shutil.copytree(hooked / "cuda" / "lib64", bare / "cuda" / "lib64")
    load = FAMILIES["ps1"].load_conda(world.exe)

    def session(name: str, line: str) -> Act:
        script = world.folder / f"{name}.ps1"
        script.write_text(f"{load}\n{line}\n")

        def once() -> Run:
            return world.command([program, *shell.command[1:], script])

        return once

    acts = {
        "ours": session("ours", f"conda activate '{hooked}'"),
        "without": session("without", f"conda activate '{bare}'"),
        "started": session("started", ""),
    }
    found = alternate(acts, 2 * world.rounds)
    started = found["started"].cpu
    ours, without = (found[name].cpu - started for name in ("ours", "without"))
    return [
        Figure(
            "first conda activate in PowerShell, what the hooks add",
            "the same activation without them",
            (ours - without) / without,
            0.1,
            spread=found["ours"].cpu_spread + found["without"].cpu_spread,
            details=details(found),
        )
    ]


ROW = Row("powershell", measure)
