"""The conda under test, on Windows: its own files, run by a Python for Windows in wine."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import conda as conda_package

import conda_cuda_plugin

from .wine import Wine, windows_path

# conda 24.7 is older than this Python, which has taken two names away that it calls.
PROGRAM = """
import logging, sys
if not hasattr(logging, "_acquireLock"):
    logging._acquireLock, logging._releaseLock = logging._lock.acquire, logging._lock.release
sys.argv[0] = "conda"
from conda.cli.main import main
sys.exit(main(*sys.argv[1:]) if sys.argv[1].startswith("shell.") else main())
"""


@dataclass(frozen=True)
class WindowsConda:
    """conda on Windows.

    Args:
        windows: what runs it.
        home: an existing folder for all that it writes.
    """

    windows: Wine
    home: Path

    def variables(self) -> dict[str, str]:
        """What conda and the plugin need to find each other and nothing of this machine."""
        packages = [Path(conda_cuda_plugin.__file__), Path(conda_package.__file__)]
        return {
            "PYTHONPATH": ";".join(windows_path(path.parent.parent) for path in packages),
            # Beside the sources it would be this machine's Python's.
            "PYTHONPYCACHEPREFIX": windows_path(self.home / "compiled"),
            # There are no compiled packages for this Python, which conda says at each start.
            "PYTHONWARNINGS": "ignore",
            "USERPROFILE": windows_path(self.home),
            "CONDARC": windows_path(self.home / "condarc.yml"),
            "CONDA_PKGS_DIRS": windows_path(self.home / "pkgs"),
            "CONDA_ENVS_DIRS": windows_path(self.home / "envs"),
        }

    def __call__(
        self, *words: str, check: bool = True, **variables: str
    ) -> subprocess.CompletedProcess[bytes]:
        """Run `conda WORDS`."""
        return self.windows.python_run(
            PROGRAM, *words, cwd=self.home, check=check, **{**self.variables(), **variables}
        )

    def cuda(self, verb: str, prefix: Path, *words: str) -> Any:
        """The JSON document of `conda cuda VERB -p PREFIX WORDS --json`."""
        done = self("cuda", verb, "-p", windows_path(prefix), *words, "--json")
        return json.loads(done.stdout)

    def run(
        self, prefix: Path, release: str, command: Iterable[str]
    ) -> subprocess.CompletedProcess[bytes]:
        """`conda cuda run` of a command; whatever it ends with."""
        words = ("cuda", "run", "-p", windows_path(prefix), release, "--", *command)
        return self(*words, check=False)
