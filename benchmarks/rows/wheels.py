"""The source `pypi` with everything in the package cache, against pip."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from ..figure import Figure, Row
from ..measure import Run, alternate, details
from ..world import World

COMPILER = ("nvidia-cuda-runtime", "nvidia-cuda-nvcc", "nvidia-nvvm", "nvidia-cuda-crt")
COMPILER = (*COMPILER, "nvidia-cuda-cccl")


def measure(world: World) -> list[Figure]:
    """Small wheels, and NVIDIA's own compiler set where the index can be reached."""
    small = _wheels_of(Path(world.wheels["PIP_FIND_LINKS"].removeprefix("file://")))
    figures = [_against_pip(world, "small wheels", small, world.wheels)]
    real = _real_wheels(world)
    if real:
        figures.append(_against_pip(world, "the compiler set of 13.0", real, {}))
    return figures


def _against_pip(
    world: World, what: str, wheels: list[Path], variables: Mapping[str, str]
) -> Figure:
    python = world.exe.parent / "python"

    def use() -> Run:
        prefix = world.environment()
        words = ("13.0", "--from=pypi", "--components=nvcc", "-yq", "-p", prefix)
        found = world("cuda", "use", *words, **variables)
        world.discard(prefix)
        return found

    def pip() -> Run:
        target = world.folder / "target"
        words = ["install", "--quiet", "--no-deps", "--no-index", "--no-compile"]
        found = world.command([python, "-m", "pip", *words, "--target", target, *wheels])
        world.discard(target)
        return found

    acts = {"use": use, "pip": pip, "start": lambda: world("info", "--base")}
    found = alternate(acts, world.rounds)
    size = sum(path.stat().st_size for path in wheels)
    return Figure(
        f"pypi source, warm cache: {what}",
        "pip install --target of the same wheels",
        found["use"].median / found["pip"].median,
        1.3,
        spread=found["use"].spread + found["pip"].spread,
        details={
            **details(found),
            "wheels MB": round(size / 1e6, 1),
        },
    )


def _wheels_of(folder: Path) -> list[Path]:
    """The wheels of the compiler set of 13.0 in a folder."""
    stems = tuple(f"{name.replace('-', '_')}-13." for name in COMPILER)
    return sorted(path for path in folder.glob("*.whl") if path.name.startswith(stems))


def _real_wheels(world: World) -> list[Path]:
    """NVIDIA's wheels, downloaded as pip is configured to; none when there is no network."""
    folder = world.folder / "real-wheels"
    versions = {"runtime": "13.0.96", "nvcc": "13.0.88", "nvvm": "13.0.88", "crt": "13.0.88"}
    wanted = [f"{name}=={versions.get(name.rpartition('-')[2], '13.0.85')}" for name in COMPILER]
    words = ["-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, *wanted]
    done = subprocess.run(
        [str(world.exe.parent / "python"), *map(str, words)],
        env=world.environ(),
        capture_output=True,
    )
    return _wheels_of(folder) if done.returncode == 0 else []


ROW = Row("wheels", measure)
