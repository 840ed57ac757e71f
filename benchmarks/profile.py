"""What a row of the benchmarks is made of: where the threads of each conda command are.

usage: python -m benchmarks.profile ROW [ROW ...]

The commands of the row run under a sampling profiler. Seconds are those of all threads
together, without those that wait. Of each sample the innermost line counts that is ours, with what
is called there, in conda or in a library; conda's own share and the imports stand beside it.
"""

from __future__ import annotations

import collections
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .bench import PROJECT
from .measure import Run
from .rows import ROWS
from .world import World

PROFILER = Path(sys.executable).with_name("py-spy")
_RATE = 250
_LINES = 25
_WAITING = re.compile(r"(?:wait|_wait_for_tstate_lock|select|poll) \((?:threading|selectors)\.py")


@dataclass
class Recording(World):
    """A world in which the commands of the plugin are recorded.

    Args:
        samples: by the words of a command, how often each of its lines was seen.
        runs: how often it was run.
    """

    samples: dict[str, collections.Counter[str]] = field(default_factory=dict)
    runs: collections.Counter[str] = field(default_factory=collections.Counter)

    def __call__(self, *words: str | Path, **extra: str) -> Run:
        """Run conda, under the profiler where it is `conda cuda`."""
        if words[0] != "cuda":
            return super().__call__(*words, **extra)
        raw = self.folder / "stacks"
        options = ["record", "--rate", str(_RATE), "--threads", "--format", "raw", "--output", raw]
        found = self.command([PROFILER, *options, "--", self.exe, *words], **extra)
        shown = " ".join(str(word) for word in words if not str(word).startswith("/"))
        shown += " (with isal)" if "PYTHONPATH" in extra else ""
        self.runs[shown] += 1
        lines = self.samples.setdefault(shown, collections.Counter())
        for row in raw.read_text().splitlines():
            stack, _, count = row.rpartition(" ")
            frames = stack.split(";")
            if not _WAITING.match(frames[-1]):
                lines[_line(frames)] += int(count)
        return found


def _line(frames: Sequence[str]) -> str:
    """The innermost line of a stack that is ours, and the function that was called there."""
    for number in range(len(frames) - 1, -1, -1):
        if "conda_cuda_plugin/" in frames[number]:
            inner = frames[number + 1].partition(" (")[0] if number + 1 < len(frames) else ""
            return f"{frames[number].replace('conda_cuda_plugin/', '')}{inner and ' > '}{inner}"
    if any("<frozen importlib" in frame for frame in frames):
        return "(imports)"
    return "(conda, outside of the plugin)"


def main() -> None:
    """Profile the rows of the command line."""
    names = sys.argv[1:]
    unknown = [name for name in names if name not in ROWS]
    if unknown or not names:
        sys.exit(f"Name some of these rows: {', '.join(ROWS)}.")
    exe = Path(os.environ.get("CONDA_UNDER_TEST") or PROJECT / "build/conda/bin/conda").absolute()
    folder = Path(tempfile.mkdtemp(prefix="conda-cuda-profile-"))
    try:
        for name in names:
            world = Recording(exe, folder, 1)
            ROWS[name].measure(world)
            for words, lines in world.samples.items():
                print(*_table(words, lines, world.runs[words] * _RATE), sep="\n")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _table(words: str, lines: collections.Counter[str], per_second: int) -> list[str]:
    total = sum(lines.values())
    rows = [f"conda {words}: {total / per_second:.2f} s"]
    for line, count in lines.most_common(_LINES):
        rows.append(f"{count / per_second:8.2f} s {count / total:6.1%}  {line}")
    return rows


if __name__ == "__main__":
    main()
