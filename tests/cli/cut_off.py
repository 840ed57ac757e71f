"""conda in a network namespace of its own, where no packet leaves the machine."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from ..conftest import Conda, Result

PYPI = ("--from", "pypi", "--yes")
NOWHERE = "https://10.99.99.99/simple"
"""An address that nobody has."""

SCRIPT = """
"$@"; code=$?
awk '/^Ip:/ && header { print "ATTEMPTS " $12 } /^Ip:/ { header = 1 }' /proc/net/snmp >&2
exit $code
"""
"""Runs a command, then prints the counter OutNoRoutes of the namespace (12th word, RFC 4293)."""


@dataclass(frozen=True)
class Cut:
    """A conda that runs where there is no network."""

    conda: Conda
    traces: Path

    def run(self, *words: str | Path, **more: str | None) -> tuple[Result, int]:
        """Run `conda WORDS`; the result, and how often something tried to reach an address."""
        line = [str(self.conda.exe), *map(str, words)]
        trace = self.traces / "trace"
        if strace := shutil.which("strace"):
            what = "--trace=connect,sendto"
            line = [strace, "-f", "--seccomp-bpf", "-qq", what, "-o", str(trace), *line]
        done = subprocess.run(
            ["unshare", "--map-root-user", "--net", "sh", "-c", SCRIPT, "sh", *line],
            env=self.conda.environ(**more), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, cwd=self.conda.home, timeout=300,
        )  # fmt: skip
        errors, _, count = done.stderr.rpartition("ATTEMPTS ")
        assert count, done.stderr
        attempts = int(count)
        if strace:
            attempts = max(attempts, len(re.findall(r"AF_INET6?\b", trace.read_text())))
        return Result(done.returncode, done.stdout, errors), attempts

    def __call__(self, *words: str | Path, **more: str | None) -> Result:
        """Run `conda WORDS`, which has to work and to ask for no network."""
        result, attempts = self.run(*words, **more)
        if result.code or attempts:
            pytest.fail(f"exit {result.code}, {attempts} attempts\n{result.out}\n{result.err}")
        return result

    def cuda(self, verb: str, prefix: Path, *words: str | Path, **more: str | None) -> Result:
        """Run `conda cuda VERB -p PREFIX WORDS` likewise."""
        return self("cuda", verb, "-p", prefix, *words, **more)
