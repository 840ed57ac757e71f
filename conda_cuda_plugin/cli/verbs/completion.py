"""`conda cuda completion`."""

from __future__ import annotations

import re
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from conda.base.context import context

from ... import __version__
from ...quoting import powershell_word, shell_word
from ..common import add_common_options, print_json
from ..completion_table import table

SHELLS = ("bash", "zsh", "fish", "powershell")

EPILOG = """\
The script calls a small program that starts no conda. What another program has
registered for conda goes on working, but for PowerShell, which has room for
one. Write the script again after an update.

  ~/.bashrc                    . ~/.conda-cuda.bash
  ~/.zshrc, after compinit     . ~/.conda-cuda.zsh
  ~/.config/fish/config.fish   source ~/.conda-cuda.fish
  PowerShell's $PROFILE        . ~/.conda-cuda.ps1

examples:
  conda cuda completion bash >~/.conda-cuda.bash
  conda cuda completion zsh >~/.conda-cuda.zsh
  conda cuda completion fish >~/.conda-cuda.fish
  conda cuda completion powershell >~/.conda-cuda.ps1
"""


def configure_parser(parser: ArgumentParser) -> None:
    """The options of `completion`."""
    parser.add_argument(
        "cuda_shell", metavar="SHELL", choices=SHELLS, help="bash, zsh, fish or powershell."
    )
    add_common_options(parser)


def execute(args: Namespace) -> int:
    """Print the script."""
    text = script(args.cuda_shell)
    if context.json:
        print_json({"success": True, "shell": args.cuda_shell, "script": text})
    else:
        print(text, end="")
    return 0


def script(shell: str) -> str:
    """The script that lets a shell of `SHELLS` complete `conda cuda`."""
    folder = Path(__file__).parent.parent
    word = powershell_word if shell == "powershell" else shell_word
    values = {
        "VERSION": __version__,
        "TABLE": word(table()),
        "PYTHON": word(sys.executable),
        "PROGRAM": word(str(folder / "complete.py")),
    }
    ending = "ps1" if shell == "powershell" else shell
    text = (folder / f"completion.{ending}").read_text(encoding="utf-8")
    # In one go: a path may look like a place of another value.
    return re.sub(f"@({'|'.join(values)})@", lambda place: values[place[1]], text)
