"""The first toolkit from a Python index: its plan, its installation, and the disk that it takes."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from conda_cuda_plugin.platforms import PLATFORMS
from conda_cuda_plugin.sources.pypi.flavors import known_wheels
from conda_cuda_plugin.toolkit import Flavor, components, in_flavor
from conda_cuda_plugin.versions import CudaVersion
from tests.sources.wheelhouse import only_index

from ..figure import Figure, Row
from ..index import serve_site, write_site
from ..measure import Act, Run, Sample, alternate, details
from ..world import World

UV = Path(sys.executable).with_name("uv")
LINUX = PLATFORMS["linux-64"]


def measure_plan(world: World) -> list[Figure]:
    """`use --dry-run` of a devel toolkit, against `uv pip compile` of its packages."""
    release = CudaVersion.parse("13.0.2")
    names = dict.fromkeys(known_wheels(release, LINUX) or {}, 0.1)
    figures = []
    site, requirements = write_site(world.folder / "small site", release, names)
    with serve_site(site) as address:
        variables = only_index(address)
        figures.append(_plan(world, "a local index", requirements, release, variables))
    if _is_reachable(world):
        figures.append(_plan(world, "the real index", requirements, release, {}))
    return figures


def _plan(
    world: World,
    what: str,
    requirements: Sequence[str],
    release: CudaVersion,
    variables: Mapping[str, str],
) -> Figure:
    prefix, wanted = world.environment(), world.folder / "requirements.in"
    extras = ",".join(name for name in components() if name in in_flavor(Flavor.DEVEL))
    wanted.write_text(f"cuda-toolkit[{extras}]=={release}\n")

    def use() -> Run:
        words = ("13.0", "--from=pypi", "--flavor=devel", "--dry-run", "-p", prefix)
        return world("cuda", "use", *words, **_nothing_kept(world), **variables)

    def uv() -> Run:
        kept = _emptied(world.folder / "uv")
        words = ["pip", "compile", "--quiet", "--cache-dir", kept, *_index(variables), wanted]
        return world.command([UV, *words, "--python", world.exe.with_name("python")])

    found = alternate({"use": use, "uv": uv, "start": _start(world)}, world.rounds)
    return _figure(f"plan of a devel toolkit, {what}", "uv pip compile", found, "uv", 2)


def measure_cold(world: World) -> list[Figure]:
    """The runtime of 12.8, nothing cached, wheels of the real sizes on a local index."""
    release = CudaVersion.parse("12.8.1")
    sizes = {
        name: size
        for name, size in (known_wheels(release, LINUX) or {}).items()
        if name in in_flavor(Flavor.RUNTIME)
    }
    site, requirements = write_site(world.folder / "site", release, sizes)
    python, target = world.exe.with_name("python"), world.folder / "target"
    kept = world.folder / "uv"
    with serve_site(site) as address:
        variables = only_index(address)

        def clean() -> None:
            """Leave nothing of the one before, on the disk and on its way there."""
            for folder in (kept, target, Path(_nothing_kept(world)["CONDA_PKGS_DIRS"])):
                _emptied(folder)
            os.sync()

        def use(**more: str) -> Run:
            clean()
            prefix = world.environment()
            words = ("12.8", "--from=pypi", "--flavor=runtime", "-yq", "-p", prefix)
            found = world("cuda", "use", *words, **_nothing_kept(world), **variables, **more)
            shares.append(_disk(world, prefix))
            world.discard(prefix)
            return found

        def use_isal() -> Run:
            return use(PYTHONPATH=str(_isal(world.folder / "isal")))

        def uv() -> Run:
            clean()
            words = ["pip", "install", "--quiet", "--no-deps", "--cache-dir", kept, "--target"]
            return world.command(
                [UV, *words, target, *_index(variables), "--python", python, *requirements]
            )

        def pip() -> Run:
            clean()
            words = ["install", "--quiet", "--no-deps", "--no-compile", "--target"]
            return world.command([python, "-m", "pip", *words, target, *requirements], **variables)

        shares: list[float] = []
        acts = {"use": use, "isal": use_isal, "uv": uv, "pip": pip}
        found = alternate(acts, world.rounds)
    megabytes = round(sum(sizes.values()))
    what = f"first toolkit, {megabytes} MB in {len(sizes)} wheels"
    memory = found["use"].peak / found["uv"].peak
    return [
        _figure(what, "uv pip install of the same wheels", found, "uv", 1.3),
        _figure(what, "pip install of the same wheels", found, "pip", 0.4),
        Figure(
            f"{what}, with isal",
            "uv pip install of the same wheels",
            found["isal"].median / found["uv"].median,
            1.3,
            spread=found["isal"].spread + found["uv"].spread,
        ),
        Figure(f"peak memory of the {what}", "uv pip install", memory, 1.5),
        Figure("disk with the caches", "what the toolkit holds", max(shares), 1.1),
    ]


def _figure(
    what: str, against: str, found: Mapping[str, Sample], other: str, goal: float
) -> Figure:
    return Figure(
        what,
        against,
        found["use"].median / found[other].median,
        goal,
        spread=found["use"].spread + found[other].spread,
        details=details(found),
    )


def _isal(folder: Path) -> Path:
    """A folder of modules that has isal, and nothing else."""
    import isal

    folder.mkdir(exist_ok=True)
    with contextlib.suppress(FileExistsError):
        (folder / "isal").symlink_to(Path(isal.__file__).parent)
    return folder


def _start(world: World) -> Act:
    return lambda: world("info", "--base")


def _emptied(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def _nothing_kept(world: World) -> dict[str, str]:
    """The variables with which conda has an empty package cache."""
    folder = _emptied(world.folder / "pkgs of the first")
    folder.mkdir()
    (folder / "urls.txt").touch()
    return {"CONDA_PKGS_DIRS": str(folder)}


def _index(variables: Mapping[str, str]) -> list[str]:
    """uv's options for the index that pip is told of by variables."""
    address = variables.get("PIP_INDEX_URL")
    return ["--no-config", "--index-url", address] if address else []


def _disk(world: World, prefix: Path) -> float:
    """What environment and package cache take together, against the toolkit's own files."""
    toolkit = _bytes([prefix / "cuda-12.8"])
    return _bytes([prefix, world.folder / "pkgs of the first"]) / toolkit


def _bytes(folders: Sequence[Path]) -> int:
    seen: dict[tuple[int, int], int] = {}
    for top in folders:
        for folder, _, files in os.walk(top):
            for name in files:
                facts = os.lstat(os.path.join(folder, name))
                seen[facts.st_dev, facts.st_ino] = facts.st_size
    return sum(seen.values())


def _is_reachable(world: World) -> bool:
    words = [str(world.exe.with_name("python")), "-m", "pip", "index", "versions", "cuda-toolkit"]
    return subprocess.run(words, capture_output=True, env=world.environ()).returncode == 0


PLAN = Row("plan", measure_plan)
COLD = Row("cold", measure_cold)
