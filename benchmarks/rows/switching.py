"""From one installed release to another and back."""

from __future__ import annotations

from ..figure import Figure, Row
from ..measure import Run, alternate, details
from ..world import World, expect


def measure(world: World) -> list[Figure]:
    """`use` of both installed toolkits against `conda install` of both, with all of it cached."""
    variables = world.large
    alias = variables["CONDA_CHANNEL_ALIAS"]
    ours, plain = world.conda.envs / "large", world.environment()
    channels = ("--override-channels", "-c", f"{alias}/conda-forge")
    channels = (*channels, "-c", f"{alias}/nvidia/label/cuda-11.8.0")

    def switch(release: str) -> Run:
        found = world("cuda", "use", release, "-yq", "-p", ours, **variables)
        expect(ours, release)
        return found

    def install(release: str) -> Run:
        words = (*channels, f"cuda-toolkit={release}", "-yq", "--offline", "-p", plain)
        found = world("install", *words, **variables)
        if not list(plain.glob(f"conda-meta/cuda-toolkit-{release}.*.json")):
            raise SystemExit(f"conda has not installed {release}")
        return found

    def both(runs: list[Run]) -> Run:
        return Run(
            sum(run.seconds for run in runs),
            sum(run.cpu for run in runs),
            max(run.peak for run in runs),
        )

    install("12.4")
    found = alternate(
        {
            "use": lambda: both([switch("11.8"), switch("12.4")]),
            "install": lambda: both([install("11.8"), install("12.4")]),
            "start": lambda: both([world("info", "--base"), world("info", "--base")]),
        },
        max(2, world.rounds // 2),
    )
    start = found["start"].cpu
    ratios = {
        "": found["install"].median / found["use"].median,
        # A switch takes a few milliseconds, of which the clock says nothing: processor time.
        ", beyond conda's start": (found["install"].cpu - start)
        / max(found["use"].cpu - start, 0.01),
    }
    return [
        Figure(
            f"switching 12.4 to 11.8 and back{what}",
            "conda install of the other version",
            ratio,
            20,
            at_least=True,
            spread=found["install"].spread + found["use"].spread,
            details=details(found),
        )
        for what, ratio in ratios.items()
    ]


ROW = Row("switching", measure)
