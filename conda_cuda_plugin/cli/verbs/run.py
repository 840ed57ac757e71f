"""`conda cuda run`."""

from __future__ import annotations

import argparse
from argparse import ArgumentParser, Namespace

from ...actions.run import replace_process
from ...actions.variables import chosen_toolkit
from ...errors import UsageError
from ...quoting import quoted
from ...versions import VersionRequest
from ..common import add_common_options, target_environment, this_platform, warn_of_others

EPILOG = """\
The exit code is the command's own, and signals reach it.

examples:
  conda cuda run 11.8 -- python train.py    under a toolkit that is not current
  conda cuda run -n old -- nvcc --version   under another environment's toolkit
"""


def configure_parser(parser: ArgumentParser) -> None:
    """The options of `run`."""
    parser.usage = "conda cuda run [-h] [-n NAME | -p PATH] [VERSION] -- COMMAND ..."
    add_common_options(parser)
    parser.add_argument("cuda_words", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)


def execute(args: Namespace) -> int:
    """Become the command."""
    version, command = _split(list(args.cuda_words))
    environment = target_environment(args)
    toolkit = chosen_toolkit(environment, version)
    warn_of_others(environment, toolkit)
    return replace_process(environment, toolkit, this_platform(), command)


def _split(words: list[str]) -> tuple[str | None, list[str]]:
    """The version and the command of `[VERSION] -- COMMAND ...`."""
    version = None
    if "--" in words[:2]:
        at = words.index("--")
        version, command = (words[0] if at else None), words[at + 1 :]
    else:
        # argparse may have removed the dashes.
        command = words
        if words:
            try:
                VersionRequest.parse(words[0])
                version, command = words[0], words[1:]
            except UsageError:
                pass
        if command and command[0].startswith("-"):
            raise UsageError(
                f"{quoted(command[0])} is not a command.",
                hints=["Options come first: conda cuda run -n NAME 12.4 -- python train.py"],
            )
    if not command:
        raise UsageError("No command was named.", hints=["conda cuda run 12.4 -- python train.py"])
    return version, command
