"""A plan from a channel of half a million packages, as conda-forge is."""

from __future__ import annotations

import json
import random
from pathlib import Path

from tests.real_channels.indexes import write_channels

from ..figure import Figure, Row
from ..measure import Run, alternate, details
from ..world import World

ROWS = 500_000


def measure(world: World) -> list[Figure]:
    """`use --dry-run` and `conda install --dry-run` of the same packages."""
    root = world.folder / "half a million"
    write_channels(root)
    fill(root / "conda-forge" / "linux-64" / "repodata.json")
    channel = (root / "conda-forge").as_uri()
    prefix = world.environment()

    def use() -> Run:
        # Nobody has asked before.
        world.discard(world.folder / "pkgs" / "cache" / "conda-cuda")
        return world(
            *("cuda", "use", "12.4.1", "--from=channel", "-c", channel, "-p", prefix, "--dry-run"),
            CONDA_OVERRIDE_CUDA="13.2",
        )

    def install() -> Run:
        # conda would look for a smaller index of this channel first, and there is none.
        options = ("--override-channels", "-c", channel, "--repodata-fn", "repodata.json")
        return world(
            *("install", *options, "-p", prefix, "--dry-run", "-y"),
            *("cuda-libraries=12.4.1", "cuda-version=12.4"),
            CONDA_OVERRIDE_CUDA="13.2",
        )

    found = alternate({"use": use, "install": install}, min(world.rounds, 3))
    return [
        Figure(
            "plan from a channel of 500 000 packages",
            "conda install --dry-run of the same packages",
            found["use"].median / found["install"].median,
            1.1,
            spread=found["use"].spread + found["install"].spread,
            details=details(found),
        )
    ]


def fill(path: Path) -> None:
    """Add packages that have nothing to do with CUDA to an index, sorted as channels sort them."""
    content = json.loads(path.read_text())
    rows, chance = content["packages.conda"], random.Random(1)
    while len(rows) < ROWS:
        name = f"pkg{chance.randrange(30_000)}"
        version = ".".join(str(chance.randrange(40)) for _ in range(3))
        build = f"py3{chance.randrange(9, 14)}h{chance.randrange(16**7):07x}_0"
        rows[f"{name}-{version}-{build}.conda"] = {
            "build": build,
            "build_number": 0,
            "depends": ["libgcc >=14", "libstdcxx >=14", "python >=3.11,<3.12.0a0"],
            "md5": "0" * 32,
            "name": name,
            "sha256": "0" * 64,
            "size": 1000,
            "subdir": "linux-64",
            "version": version,
        }
    path.write_text(json.dumps(content, sort_keys=True, indent=1))


ROW = Row("index", measure)
