"""Real shells that are asked what they would offer for a line."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import shlex
import struct
import subprocess
import termios
import time
from collections.abc import Iterator
from pathlib import Path

from ..conftest import Conda
from ..shells.conftest import need
from ..shells.families import powershell_quote
from ..shells.shells import SHELLS

CAPTURE = Path(__file__).with_name("capture.zsh")
# bash's completion as readline calls it: words taken apart at blanks, = and :.
HARNESS = r"""
offer() {
    COMP_LINE=$1 COMP_POINT=${#1} COMPREPLY=()
    local part
    COMP_WORDS=()
    for part in $1; do
        while [[ $part =~ ^([^=:]*)([=:]+)(.*)$ ]]; do
            [[ -z ${BASH_REMATCH[1]} ]] || COMP_WORDS+=("${BASH_REMATCH[1]}")
            COMP_WORDS+=("${BASH_REMATCH[2]}")
            part=${BASH_REMATCH[3]}
        done
        [[ -z $part ]] || COMP_WORDS+=("$part")
    done
    [[ $1 != *[\ =:] ]] || COMP_WORDS+=('')
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    local function
    read -r -a function <<<"$(complete -p conda)"
    "${function[-2]}" conda "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
    printf '%s\n' "${COMPREPLY[@]}"
}
"""

# Of a list the last one alone is put in.
OFFERS = """
function Invoke-Conda { }; New-Alias conda Invoke-Conda
. @source@
while ($null -ne ($line = [Console]::In.ReadLine())) {
    $found = TabExpansion2 -inputScript $line -cursorColumn $line.Length
    $kept = $line.Substring(0, $found.ReplacementIndex) -replace '.* '
    $found.CompletionMatches | ForEach-Object { $kept + $_.CompletionText }
    'END'
}
"""


class Shells:
    """The shells, with the scripts of `conda cuda completion` in a folder.

    Args:
        conda: whose completion it is.
        folder: an empty folder.
        active: the environment that is active.
    """

    def __init__(self, conda: Conda, folder: Path, active: Path) -> None:
        self.folder = folder
        self.sessions: dict[str, subprocess.Popen[str]] = {}
        self.scripts: dict[str, Path] = {}
        self.variables = conda.environ(
            PATH=f"{conda.exe.parent}:{os.environ['PATH']}",
            CONDA_PREFIX=str(active),
            ZDOTDIR=str(folder),
            XDG_CONFIG_HOME=str(folder / "config"),
            TERM="dumb",
        )
        for shell in ("bash", "zsh", "fish", "powershell"):
            self.scripts[shell] = folder / f"completion.{shell}"
            self.scripts[shell].write_text(conda("cuda", "completion", shell).out)

    def offers(self, shell: str, line: str, before: str = "") -> list[str]:
        """What a shell offers for the end of a line.

        Args:
            shell: its name.
            line: what has been typed.
            before: what is run before the script of the completion is read.
        """
        return getattr(self, f"_{shell}")(line, before)  # type: ignore[no-any-return]

    def run(self, *words: str) -> str:
        """The standard output of a program; it has to work, and without a word of complaint."""
        done = subprocess.run(
            words, env=self.variables, cwd=self.folder, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout

    def _bash(self, line: str, before: str) -> list[str]:
        script = f"{before}\n. {self.scripts['bash']}\n{HARNESS}\noffer {shlex.quote(line)}"
        output = self.run("bash", "--norc", "--noprofile", "-c", script)
        return [text for text in output.splitlines() if text]

    def _fish(self, line: str, before: str) -> list[str]:
        script = f"{before}\nsource {self.scripts['fish']}\ncomplete -C {shlex.quote(line)}"
        return [text.partition("\t")[0] for text in self.run("fish", "-c", script).splitlines()]

    def _powershell(self, line: str, before: str) -> list[str]:
        assert not before
        text = self.scripts["powershell"].read_text()
        if text not in self.sessions:
            self.sessions[text] = self._powershell_session(text)
        keyboard, screen = self.sessions[text].stdin, self.sessions[text].stdout
        assert keyboard is not None and screen is not None
        keyboard.write(f"{line}\n")
        keyboard.flush()
        return [text.rstrip("\n") for text in iter(screen.readline, "END\n")]

    def _powershell_session(self, text: str) -> subprocess.Popen[str]:
        """One for all lines: it takes half a second to start."""
        [shell] = [shell for shell in SHELLS if shell.name == "pwsh"]
        need(shell)
        source = self.folder / "completion.ps1"
        source.write_text(text)
        script = self.folder / "offer.ps1"
        script.write_text(OFFERS.replace("@source@", powershell_quote(str(source))))
        return subprocess.Popen(
            [str(shell.path()), *shell.command[1:], str(script)],
            env=self.variables, cwd=self.folder, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def close(self) -> None:
        """End what has been started; PowerShell has to have worked."""
        for session in self.sessions.values():
            assert session.communicate(timeout=60)[0] == ""
            assert session.returncode == 0

    def _zsh(self, line: str, before: str) -> list[str]:
        captured = self.folder / "captured"
        captured.write_text("")
        setup = self.folder / "setup.zsh"
        setup.write_text(
            f"autoload -Uz compinit; compinit -u -D\n{before}\nsource {self.scripts['zsh']}\n"
            f"source {CAPTURE}\nprint READY >$CAPTURED\n"
        )
        variables = {**self.variables, "CAPTURED": str(captured)}
        with terminal(["zsh", "-f", "-i"], variables, self.folder) as terminal_:
            terminal_.write(f"source {setup}\n")
            wait(captured, "READY")
            captured.write_text("")
            terminal_.write(f"{line}\x18")
            lines = wait(captured, "END")
        return lines[: lines.index("END")]


class Terminal:
    """The keyboard and the screen of a program."""

    def __init__(self, number: int) -> None:
        self.number = number

    def write(self, text: str) -> None:
        """Type something."""
        os.write(self.number, text.encode())

    def resize(self, columns: int) -> None:
        """Make the window narrower or wider."""
        fcntl.ioctl(self.number, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def read_until(self, text: str, limit: float = 60) -> str:
        """What has come on the screen when something of it is there."""
        found, end = b"", time.monotonic() + limit
        while text.encode() not in found:
            assert time.monotonic() < end, found
            with contextlib.suppress(BlockingIOError):
                found += os.read(self.number, 65536)
            time.sleep(0.01)
        return found.decode("utf-8", "replace")


@contextlib.contextmanager
def terminal(
    words: list[str], variables: dict[str, str], cwd: Path, columns: int = 80
) -> Iterator[Terminal]:
    """A program that runs on a terminal of its own; it is ended with it."""
    ours, theirs = pty.openpty()
    Terminal(ours).resize(columns)
    os.set_blocking(ours, False)
    process = subprocess.Popen(
        words, env=variables, cwd=cwd, stdin=theirs, stdout=theirs, stderr=theirs,
        start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    try:
        yield Terminal(ours)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def wait(file: Path, line: str, limit: float = 60) -> list[str]:
    """The lines of a file, once one of them is there."""
    end = time.monotonic() + limit
    while line not in (lines := file.read_text().splitlines()):
        assert time.monotonic() < end, lines
        time.sleep(0.01)
    return lines
