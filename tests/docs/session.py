"""A page read from top to bottom by somebody at a terminal: one shell, one home folder."""

from __future__ import annotations

import os
import pty
import shlex
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from .blocks import Block, docker_commands, steps_of
from .compare import matches

ANSWERS = b"y\n" * 100
"""What the reader types whenever a command asks."""


@dataclass
class Printed:
    """What one command printed, on both streams, and its exit code."""

    command: str
    shown: str | None
    wanted: int
    text: str = ""
    code: int | None = None


@dataclass
class Session:
    """bash with conda's shell function.

    Args:
        home: the home folder, and where it starts.
        record: an empty folder.
        environ: all of its variables.
        setup: a file that defines the shell function.
        folders: what the pages call a folder, and where it lies here.
    """

    home: Path
    record: Path
    environ: Mapping[str, str]
    setup: Path
    folders: Mapping[str, Path]
    start: Path | None = None
    """Where it starts, when not in the home folder."""
    found: dict[str, list[Printed]] = field(default_factory=dict)

    def here(self, text: str) -> str:
        """Text of a page with the folders of this machine."""
        for name, folder in self.folders.items():
            text = text.replace(name, str(folder))
        return text

    def there(self, text: str) -> str:
        """Text of this machine with the folders of the pages."""
        for name, folder in self.folders.items():
            text = text.replace(str(folder), name)
        return text

    def read(self, blocks: Sequence[Block], timeout: float = 300) -> None:
        """Do what the blocks say, one after the other; see `check`."""
        script = [f". {shlex.quote(str(self.setup))}"]
        for block in blocks:
            if block.before:
                script += self._run(Printed(block.before, None, 0), f"{block.name} before")
            if block.file:
                text = block.text + "\n"
                script.append(
                    f"printf %s {shlex.quote(self.here(text))} >{shlex.quote(block.file)}"
                )
            elif block.language == "dockerfile":
                for command in docker_commands(block):
                    script += self._run(Printed(command, None, 0), block.name)
            elif block.language in ("bash", "console") and not block.not_run:
                steps = steps_of(block)
                codes = block.exit_codes or (0,) * len(steps)
                assert len(codes) == len(steps), f"{block.name}: {len(steps)} commands"
                for step, code in zip(steps, codes, strict=True):
                    script += self._run(Printed(step.command, step.shown, code), block.name)
        path = self.record / "script"
        path.write_text("\n".join(script) + "\n")
        words = ["bash", "--norc", "--noprofile", str(path)]
        self._start(words, timeout)
        for printed in (one for several in self.found.values() for one in several):
            code = self.record / f"{id(printed)}.code"
            if code.exists():
                printed.code = int(code.read_text())
                printed.text = (self.record / f"{id(printed)}.out").read_text()

    def _run(self, printed: Printed, name: str) -> list[str]:
        self.found.setdefault(name, []).append(printed)
        command = self.record / f"{id(printed)}.command"
        command.write_text(self.here(printed.command) + "\n")
        stem = shlex.quote(str(self.record / f"{id(printed)}"))
        return [
            f'eval "$(cat {stem}.command)" >{stem}.out 2>&1',
            f"echo $? >{stem}.code",
        ]

    def _start(self, words: Sequence[str], timeout: float) -> None:
        # Commands ask only where a terminal is.
        keyboard, terminal = pty.openpty()
        try:
            os.write(keyboard, ANSWERS)
            process = subprocess.Popen(
                words,
                cwd=self.start or self.home,
                env=dict(self.environ),
                stdin=terminal,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            try:
                process.wait(timeout)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        finally:
            os.close(keyboard)
            os.close(terminal)

    def check(self, block: Block) -> None:
        """Fail the test where a command of the block did something else than the page says."""
        for name in (f"{block.name} before", block.name):
            for one in self.found.get(name, ()):
                if one.code is None:
                    pytest.fail(f"{name}: the session ended before\n$ {one.command}")
                if one.code != one.wanted:
                    pytest.fail(
                        f"{name}: exit code {one.code}, not {one.wanted}\n"
                        f"$ {one.command}\n{one.text}"
                    )
                if one.shown is not None and not matches(one.shown, self.there(one.text)):
                    pytest.fail(f"{name}:\n$ {one.command}\n{one.shown}\n\nprinted:\n{one.text}")
