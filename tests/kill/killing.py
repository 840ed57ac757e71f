"""Killing a command at the n-th of the calls with which it changes the file system."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..conftest import Conda
from ..warm import WarmConda


@dataclass(frozen=True)
class Killer:
    """What counts and kills.

    Args:
        warm: a conda with the library in it.
        folder: where the library writes to.
    """

    warm: WarmConda
    folder: Path

    def count(self, conda: Conda, words: Sequence[str | Path], **extra: str) -> int:
        """How many such calls a command makes when nobody stops it."""
        file = self.folder / "count"
        self._run(conda, words, at=0, KILL_COUNT=str(file), **extra)
        return int(file.read_text())

    def kill(self, conda: Conda, words: Sequence[str | Path], at: int, **extra: str) -> bool:
        """Run a command and kill it before its n-th call; whether it got that far."""
        return self._run(conda, words, at=at, **extra).returncode == -signal.SIGKILL

    def stop(
        self, conda: Conda, words: Sequence[str | Path], at: int, times: int, **extra: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command and ask it to stop before its n-th call, and again before the next ones."""
        asked = {"KILL_WITH": str(int(signal.SIGTERM)), "KILL_TIMES": str(times)}
        return self._run(conda, words, at=at, **asked, **extra)

    def _run(
        self, conda: Conda, words: Sequence[str | Path], *, at: int, **extra: str
    ) -> subprocess.CompletedProcess[str]:
        line, environ = ["cuda", *map(str, words)], conda.environ(KILL_AT=str(at), **extra)
        done = self.warm.run(line, environ, conda.home, 300)
        assert done is not None
        assert "Traceback" not in done.stderr, done.stderr
        if at == 0:
            assert done.returncode == 0, done.stderr
        return done
