"""Running commands and comparing them: pairs that alternate, medians, their spread."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Run:
    """What one command took."""

    seconds: float
    """From start to end."""
    cpu: float
    """Seconds of processor time, of its children too."""
    peak: int
    """The most memory it has held at once, in bytes."""


@dataclass(frozen=True)
class Sample:
    """The same command several times."""

    runs: tuple[Run, ...]

    @property
    def median(self) -> float:
        """Seconds."""
        return statistics.median(run.seconds for run in self.runs)

    @property
    def cpu(self) -> float:
        """The median of the processor time in seconds."""
        return statistics.median(run.cpu for run in self.runs)

    @property
    def peak(self) -> float:
        """The median of the peak memory in bytes."""
        return statistics.median(run.peak for run in self.runs)

    @property
    def spread(self) -> float:
        """Half the distance between the quartiles of the seconds, as a share of the median."""
        return _spread([run.seconds for run in self.runs])

    @property
    def cpu_spread(self) -> float:
        """The same of the processor time."""
        return _spread([run.cpu for run in self.runs])


def _spread(values: Sequence[float]) -> float:
    if len(values) < 2:
        return 0.0
    low, middle, high = statistics.quantiles(values, n=4)
    return (high - low) / 2 / middle


Act = Callable[[], Run]
"""Something to measure; what it needs is put in place before the clock starts."""


# A process begins with the peak memory of the one that started it, even after exec (Linux keeps
# it in the process, not in the program), so a small one stands between us and the command.
_LAUNCHER = """
import os, sys, time
start = time.perf_counter()
child = os.fork()
if not child:
    try:
        os.execvp(sys.argv[2], sys.argv[2:])
    finally:
        os._exit(127)
_, status, usage = os.wait4(child, 0)
seconds = time.perf_counter() - start
with open(sys.argv[1], "w") as report:
    # Linux counts the memory in KiB.
    print(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, file=report)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def run(words: Sequence[str | Path], variables: Mapping[str, str], folder: Path) -> Run:
    """Run a command to its end.

    Args:
        words: the command.
        variables: its environment variables.
        folder: where it runs, and where its output is kept.

    Raises:
        SystemExit: with its output, when it fails.
    """
    report, command = folder / "report.txt", list(map(str, words))
    with open(folder / "output.txt", "w+b") as output:
        launcher = [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(report)]
        code = subprocess.run(
            [*launcher, *command],
            env=dict(variables),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        ).returncode
        if code:
            output.seek(0)
            text = output.read().decode(errors="replace")
            sys.exit(f"{' '.join(command)}: exit {code}\n{text}")
    seconds, cpu, peak = report.read_text().split()
    return Run(float(seconds), float(cpu), int(peak))


def alternate(acts: Mapping[str, Act], rounds: int) -> dict[str, Sample]:
    """Do each act once a round, in turn, so that a busy machine is busy for all of them.

    The first round is for warming up and does not count.
    """
    found: dict[str, list[Run]] = {name: [] for name in acts}
    for number in range(rounds + 1):
        # Nobody always goes first.
        names = list(acts) if number % 2 else list(reversed(acts))
        for name in names:
            once = acts[name]()
            if number:
                found[name].append(once)
    return {name: Sample(tuple(runs)) for name, runs in found.items()}


def details(found: Mapping[str, Sample]) -> dict[str, float]:
    """The medians of some samples in seconds: from start to end, and of processor time."""
    shown = {}
    for name, sample in found.items():
        shown[f"{name} s"] = round(sample.median, 3)
        shown[f"{name} cpu s"] = round(sample.cpu, 3)
    return shown
