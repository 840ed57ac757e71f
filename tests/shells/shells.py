"""The real shells that the hooks run in, and the packages that bring them.

``python tests/shells/shells.py --packages debian`` prints what has to be installed.
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class RealShell:
    """One shell as the tests start it.

    Attributes:
        name: What the test ids show.
        family: The hook's extension that it reads.
        command: The program and its options, before the script's path.
        debian: Debian package, empty where every Debian has it.
        pypi: Package on PyPI.
        options: Sets of lines to begin a script with, by name.
        conda: How conda calls it, empty where conda has no working activator.
    """

    name: str
    family: str
    command: tuple[str, ...]
    debian: str = ""
    pypi: str = ""
    options: dict[str, str] = field(default_factory=dict)
    conda: str = ""

    def path(self) -> Path | None:
        """The program, also where only the running Python's environment has it."""
        beside = os.pathsep.join([os.environ.get("PATH", ""), str(Path(sys.executable).parent)])
        found = shutil.which(self.command[0], path=beside)
        return Path(found) if found else None

    def __hash__(self) -> int:
        return hash(self.name)


_SH = {
    "plain": "",
    "eu": "set -eu",
    "ifs": "IFS=':/aeufC_ '",
    "noglob-noclobber": "set -f; set -C",
}
_ZSH = {
    **_SH,
    "zsh-options": "setopt ksh_arrays sh_word_split warn_create_global no_unset",
}
_CSH = {"plain": "", "noglob-noclobber": "set noglob; set noclobber"}
_PLAIN = {"plain": ""}

SHELLS = (
    RealShell(
        "bash",
        "sh",
        ("bash", "--norc", "--noprofile"),
        options={**_SH, "nocasematch": "shopt -s nocasematch extglob nullglob"},
        conda="posix",
    ),
    RealShell("bash-posix", "sh", ("bash", "--posix"), options=_SH),
    RealShell("dash", "sh", ("dash",), options=_SH, conda="posix"),
    RealShell("zsh", "sh", ("zsh", "-f"), debian="zsh", options=_ZSH, conda="posix"),
    RealShell("ash", "sh", ("busybox", "ash"), "busybox-static", options=_SH, conda="posix"),
    RealShell("yash", "sh", ("yash",), debian="yash", options=_SH),
    RealShell("posh", "sh", ("posh",), debian="posh", options=_SH),
    RealShell("ksh93", "sh", ("ksh93",), debian="ksh93u+m", options=_SH),
    RealShell("mksh", "sh", ("mksh",), debian="mksh", options=_SH),
    RealShell("fish", "fish", ("fish", "--no-config"), "fish", options=_PLAIN, conda="fish"),
    RealShell("tcsh", "csh", ("tcsh", "-f"), debian="tcsh", options=_CSH, conda="csh"),
    RealShell("xonsh", "xonsh", ("xonsh", "--no-rc"), "", "xonsh", _PLAIN, conda="xonsh"),
    RealShell("cmd", "bat", ("/usr/lib/wine/wine64", "cmd", "/c"), debian="wine64"),
)

# Parses the one hook that no test can run.
POWERSHELL_PARSER = ("tree-sitter", "tree-sitter-powershell")
CHECKERS = ("shellcheck",)


def packages(kind: str) -> list[str]:
    """The packages of one kind, ``debian`` or ``pypi``, that all tests of this folder need."""
    if kind == "debian":
        return [*(shell.debian for shell in SHELLS if shell.debian), *CHECKERS]
    return [*(shell.pypi for shell in SHELLS if shell.pypi), *POWERSHELL_PARSER]


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] != "--packages" or sys.argv[2] not in ("debian", "pypi"):
        sys.exit("usage: shells.py --packages debian|pypi")
    print(" ".join(packages(sys.argv[2])))
