"""What a user sees in a shell: activation through conda's own function, programs, the loader."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SYSTEM_PROGRAMS = {
    "bash": "bash -c true",
    "git": "git --version",
    "ssh": "ssh -V",
}
"""Programs of the system that libraries of an environment break: tinfo, zlib, OpenSSL."""


@dataclass(frozen=True)
class Shell:
    """bash with conda's shell function.

    Args:
        conda: the conda under test, as in tests/conftest.py.
        setup: a file that defines the shell function.
        probe: the program that loads libraries by plain name.
    """

    conda: Any
    setup: Path
    probe: Path

    def run(self, script: str, **extra: str | None) -> subprocess.CompletedProcess[str]:
        """Run a script; the test goes on when it fails."""
        env = self.conda.environ(PROBE=str(self.probe), **extra)
        words = ["bash", "--norc", "--noprofile", "-c", f'. "{self.setup}"\n{script}']
        return subprocess.run(
            words, env=env, cwd=self.conda.home, capture_output=True, text=True, timeout=300
        )

    def lines(self, prefix: Path, script: str, **extra: str | None) -> list[str]:
        """What a script prints in the activated environment; fail the test when it fails."""
        done = self.run(f'set -e\nconda activate "{prefix}"\n{script}', **extra)
        if done.returncode:
            pytest.fail(f"exit {done.returncode}:\n{script}\n{done.stdout}\n{done.stderr}")
        return done.stdout.splitlines()

    def loads(self, prefix: Path, *names: str) -> list[str]:
        """What a fresh process in the activated environment gets for plain library names.

        Returns:
            One line each: the name, the runtime's version (or `error` and its number), and the
            file; `loaded` for a library that is no runtime; `none` when there is none.
        """
        return self.lines(prefix, f'"$PROBE" {" ".join(names)}')


def need_programs() -> None:
    """Skip where git or ssh are missing on a laptop, fail where they are missing in CI."""
    missing = [name for name in SYSTEM_PROGRAMS if shutil.which(name) is None]
    if missing and os.environ.get("CI"):
        pytest.fail(f"not installed: {', '.join(missing)} (packages git, openssh-client)")
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
