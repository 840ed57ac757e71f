"""The most memory that each verb holds."""

from __future__ import annotations

import sys

from ..figure import Figure, Row
from ..measure import Run
from ..world import World


def measure(world: World) -> list[Figure]:
    """Each verb against `conda info`, which is a small command of conda's own."""
    prefix, variables = world.three, world.wheels
    other, compiler = world.environment(), world.environment()
    words = ("13.0", "--from=pypi", "--components=nvcc", "-yq", "-p", compiler)
    world("cuda", "use", *words, **variables)
    usual = "--from=pypi", "--flavor=base", "-yq"
    verbs: dict[str, tuple[object, ...]] = {
        "use, installed": ("use", "12.4", "-yq", "-p", prefix),
        "use, new": ("use", "12.4", *usual, "-p", other),
        "list": ("list", "-p", prefix),
        "list --envs": ("list", "--envs"),
        "info": ("info", "-p", prefix),
        "which": ("which", "nvcc", "-p", compiler),
        "match": ("match", "torch==2.5.1"),
        "run": ("run", "-p", prefix, "12.4", "--", "true"),
        "off": ("off", "-p", other),
        "remove": ("remove", "12.4", "-yq", "-p", other),
    }
    peaks: dict[str, Run] = {}
    info = min((world("info", "--offline") for _ in range(3)), key=lambda run: run.peak)
    floor = world.command(["true"]).peak
    if floor > info.peak / 2:
        sys.exit(f"memory cannot be measured: `true` takes {floor}, conda info {info.peak} bytes")
    for name, words in verbs.items():
        peaks[name] = world("cuda", *map(str, words), **variables)
    return [
        Figure(
            f"peak memory of {name}",
            "conda info",
            run.peak / info.peak,
            1.2,
            details={
                "true MB": round(floor / 1e6, 1),
                "MB": round(run.peak / 1e6, 1),
                "info MB": round(info.peak / 1e6, 1),
            },
        )
        for name, run in peaks.items()
    ]


ROW = Row("memory", measure)
