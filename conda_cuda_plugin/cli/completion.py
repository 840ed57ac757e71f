"""`conda cuda completion`."""

from __future__ import annotations

import re
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from ..quoting import shell_word
from .common import print_json

SHELLS = ("bash", "zsh", "fish")

EPILOG = """\
The script calls a small program that starts no conda. What another program has
registered for conda goes on working. Write the script anew after an update.

  ~/.bashrc                    . ~/.conda-cuda.bash
  ~/.zshrc, after compinit     . ~/.conda-cuda.zsh
  ~/.config/fish/config.fish   source ~/.conda-cuda.fish

examples:
  conda cuda completion bash >~/.conda-cuda.bash
  conda cuda completion zsh >~/.conda-cuda.zsh
  conda cuda completion fish >~/.conda-cuda.fish
"""


def configure_parser(parser: ArgumentParser) -> None:
    """The options of `completion`."""
    from conda.cli import helpers

    parser.epilog = EPILOG
    parser.add_argument("cuda_shell", metavar="SHELL", choices=SHELLS, help="bash, zsh or fish.")
    helpers.add_parser_json(parser)


def execute(args: Namespace) -> int:
    """Print the script."""
    from conda.base.context import context

    text = script(args.cuda_shell)
    if context.json:
        print_json({"success": True, "shell": args.cuda_shell, "script": text})
    else:
        print(text, end="")
    return 0


def script(shell: str) -> str:
    """What teaches a shell to complete `conda cuda`.

    Args:
        shell: one of `SHELLS`.
    """
    from .. import __version__
    from .completion_table import table

    folder = Path(__file__).parent
    values = {
        "VERSION": __version__,
        "TABLE": shell_word(table()),
        "PYTHON": shell_word(sys.executable),
        "PROGRAM": shell_word(str(folder / "complete.py")),
    }
    text = (folder / f"completion.{shell}").read_text(encoding="utf-8")
    # In one go: a path may look like a place of another value.
    return re.sub(f"@({'|'.join(values)})@", lambda place: values[place[1]], text)
