"""The command line of `conda cuda`: one file per verb, imported when its verb is called.

Words come in, lines or one JSON document go out; nothing else in the package prints them. Open
`verbs/use.py` first, then `common.py`, which the verbs share.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import select
import sys
from argparse import ArgumentParser, Namespace
from importlib import import_module
from typing import Any, NoReturn, TextIO

from conda import CondaError
from conda.base.context import context

from .. import __version__

SUMMARY = "Give an environment its own CUDA toolkit."

VERBS = {
    "use": "Install a CUDA toolkit if needed, and make it current.",
    "list": "Show the installed toolkits, or those available.",
    "info": "Show the CUDA of an environment, this shell and this machine.",
    "match": "Show the builds of a framework, and which of them run here.",
    "doctor": "Find out what is wrong, and fix it.",
    "which": "Find out where a library comes from, or what an error lacks.",
    "off": "Deactivate the current toolkit; keep it installed.",
    "remove": "Remove toolkits.",
    "run": "Run a command under a toolkit without switching.",
    "env": "Print CUDA's variables for notebooks, IDEs and containers.",
    "export": "Write an environment's CUDA to a file, package by package.",
    "apply": "Give an environment exactly the CUDA of such a file.",
    "mirror": "Put what a machine without internet needs into a folder.",
    "completion": "Print a script that lets a shell complete conda cuda.",
}

EPILOG = """\
examples:
  conda cuda use 12.4            give the active environment CUDA 12.4
  conda cuda list --available    the available releases
  conda cuda use --help          more about one verb
"""


_UNREAD = 141
"""The exit code where nobody reads the output any more: as of a program that SIGPIPE has ended."""


class _VerbParser:
    """Stands for the parser of a verb, which is made when that verb is on the command line.

    conda builds all parsers on every command; building these late keeps that free.
    """

    def __init__(self, **options: Any) -> None:
        self.verb = ""
        self._options = options

    def __getattr__(self, name: str) -> Any:
        # What argparse asks for differs between Pythons. It asks once.
        return getattr(verb_parser(self.verb, **self._options), name)


def configure_parser(parser: ArgumentParser) -> None:
    """Tell conda's parser the verbs."""
    parser.prog = "conda cuda"
    parser.epilog = EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "-V",
        "--version",
        action="version",
        version=f"conda-cuda {__version__}",
        help="Show the plugin's version and exit.",
    )
    late: Any = _VerbParser
    verbs = parser.add_subparsers(
        title="verbs", metavar="VERB", dest="cuda_verb", parser_class=late
    )
    for name, summary in VERBS.items():
        verb: Any = verbs.add_parser(name, help=summary)
        verb.verb = name
    parse = parser.parse_known_args

    def parse_known_args(words: Any = None, namespace: Any = None) -> Any:
        if words and words[0] not in (*VERBS, "-h", "--help", "-V", "--version"):
            from .mistyped import no_verb

            raise no_verb(words, VERBS)
        return parse(words, namespace)

    # argparse would print all verbs, and leave an option to conda, which knows less of it.
    parser.parse_known_args = parse_known_args  # type: ignore[assignment,method-assign]


class _Parser(ArgumentParser):
    """The parser of a verb; what it does not understand is an error in our words."""

    verb = ""

    def parse_known_args(self, words: Any = None, namespace: Any = None) -> Any:
        """As argparse does, but nothing may be left over; some verbs pass on what is behind --."""
        words, passed = list(words or ()), []
        if self.get_default("cuda_passed") is not None and "--" in words:
            at = words.index("--")
            words, passed = words[:at], words[at + 1 :]
        found, unknown = super().parse_known_args(words, namespace)
        if passed:
            found.cuda_passed = passed
        if unknown:
            from .mistyped import no_option

            raise no_option(self.verb, unknown, self._option_string_actions)
        return found, unknown

    def error(self, message: str) -> NoReturn:
        """Raise it."""
        from .mistyped import not_understood

        raise not_understood(self.verb, message)


def verb_parser(verb: str, **options: Any) -> ArgumentParser:
    """The parser of a verb with all its options; `options` are argparse's own."""
    module = _module(verb)
    parser = _Parser(
        **{"prog": f"conda cuda {verb}", **options},
        description=VERBS[verb],
        epilog=module.EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.verb = verb
    module.configure_parser(parser)
    return parser


def execute(args: Namespace) -> int:
    """Do what the command line says; the exit code."""
    # What conda has imported stays: looking at it again and again costs more than our imports.
    gc.freeze()
    # Lists of thousands of files are not garbage, and most commands end before there is any.
    gc.set_threshold(50_000)
    if not context.verbosity:
        # It tells of every attempt to connect; the command says in a line what came of them.
        logging.getLogger("urllib3").setLevel(logging.ERROR)
    try:
        code = _do(args)
        # Here, and not when Python ends: whoever reads may have gone.
        sys.stdout.flush()
        return code
    except CondaError as error:
        from .layout import lay_out

        lay_out(error)
        raise
    except BrokenPipeError:
        gone = [stream for stream in (sys.stdout, sys.stderr) if _nobody_reads(stream)]
        if not gone:
            raise
        for stream in gone:
            # What is left in its buffer goes nowhere.
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        return _UNREAD


def _nobody_reads(stream: TextIO) -> bool:
    """Whether a stream is a pipe whose other end is closed, as `head` leaves it."""
    if not hasattr(select, "poll"):
        # Windows; who raises the error is standard output, as good as always.
        return stream is sys.stdout
    poll = select.poll()
    poll.register(stream, 0)
    return any(event & select.POLLERR for _, event in poll.poll(0))


def _do(args: Namespace) -> int:
    try:
        code: int = _module(args.cuda_verb).execute(args)
    except OSError as error:
        # Others, such as a terminal that is gone, are left to conda.
        if not isinstance(error.filename, str):
            raise
        # Not at the top: conda imports this module on every command.
        from ..errors import OF_DISKS, FileSystemError, UnusableFileError

        if error.errno in OF_DISKS:
            raise FileSystemError(error, None) from error
        raise UnusableFileError(error) from error
    return code


def _module(verb: str | None) -> Any:
    # A door: only the verb that is called is imported.
    return import_module(f".verbs.{verb}" if verb else ".start", __name__)
