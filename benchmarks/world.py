"""Where the benchmarks run: a home of their own, with channels, wheels and environments."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from tests.channel.large import SUBDIR, write_large_channels
from tests.conftest import Conda
from tests.sources.wheelhouse import only_folder, write_releases

from .measure import Run, run

FILES = 5000
"""How many headers a large toolkit has."""


@dataclass
class World:
    """Everything that rows share; it is built when it is first asked for.

    Args:
        exe: the conda under test.
        folder: an empty folder.
        rounds: how often each command is measured.
    """

    exe: Path
    folder: Path
    rounds: int
    _count: int = field(default=0, init=False)

    @cached_property
    def conda(self) -> Conda:
        """A conda that reads and writes in this folder only."""
        home = self.folder / "home"
        (home / "envs").mkdir(parents=True)
        (home / "condarc.yml").write_text(
            "channels: []\ndefault_channels: []\nauto_update_conda: false\n"
            "notify_outdated_conda: false\nnumber_channel_notices: 0\nreport_errors: false\n"
        )
        cache = self.folder / "pkgs"
        cache.mkdir()
        (cache / "urls.txt").touch()
        return Conda(self.exe, home, {"CONDA_PKGS_DIRS": str(cache), "CONDA_SUBDIR": SUBDIR})

    def environ(self, **extra: str) -> dict[str, str]:
        """The variables of a command; compiled modules are kept, as anywhere else."""
        return self.conda.environ(PYTHONDONTWRITEBYTECODE=None, **extra)

    def __call__(self, *words: str | Path, **extra: str) -> Run:
        """Run conda."""
        return run([self.exe, *words], self.environ(**extra), self.folder)

    def command(self, words: Sequence[str | Path], **extra: str) -> Run:
        """Run any command."""
        return run(words, self.environ(**extra), self.folder)

    def environment(self, name: str | None = None) -> Path:
        """A new empty environment."""
        self._count += 1
        return self.conda.create(self.conda.envs / (name or f"env{self._count}"))

    def discard(self, prefix: Path) -> None:
        """Take an environment away, so that the disk is as it was."""
        shutil.rmtree(prefix, ignore_errors=True)

    @cached_property
    def large(self) -> Mapping[str, str]:
        """The variables with which plain channel names lead to large toolkits, all of them cached.

        One environment has had each of them, so that nothing is left to extract.
        """
        root = write_large_channels(self.folder / "channels", FILES)
        variables = {"CONDA_CHANNEL_ALIAS": root.as_uri()}
        prefix = self.environment("large")
        for release in ("11.8", "12.4"):
            words = (release, "--from=channel", "--flavor=devel", "-yq", "-p", prefix)
            self("cuda", "use", *words, **variables)
        return variables

    @property
    def large_root(self) -> Path:
        """A toolkit root of many files."""
        assert self.large
        return self.conda.envs / "large" / "cuda-12.4"

    @cached_property
    def wheels(self) -> Mapping[str, str]:
        """The variables with which pip finds small wheels of three releases, and nothing else."""
        return only_folder(write_releases(self.folder / "wheels"))

    @cached_property
    def three(self) -> Path:
        """An environment with three small toolkits."""
        prefix = self.environment("three")
        for release in ("11.8", "12.4", "13.0"):
            words = (release, "--from=pypi", "--flavor=base", "-yq", "-p", prefix)
            self("cuda", "use", *words, **self.wheels)
        return prefix


def files_in(folder: Path) -> int:
    """How many files lie below a folder."""
    return sum(len(files) for _, _, files in os.walk(folder))


def expect(prefix: Path, release: str) -> None:
    """Stop when another release is current: what was measured was something else then."""
    current = os.readlink(prefix / "cuda")
    if current != f"cuda-{release}":
        raise SystemExit(f"{current} is current in {prefix}, and not {release}")
