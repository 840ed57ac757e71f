"""The command line of `conda cuda`: one file per verb, imported when its verb is called."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any

from .. import __version__

SUMMARY = "Give an environment its own CUDA toolkit."

VERBS = {
    "use": "Install a CUDA toolkit if need be, and make it current.",
    "list": "Show the toolkits that are here, or those there are to have.",
    "info": "Show what is current here, and what this shell has of it.",
    "match": "Show the builds of a framework, and which of them run here.",
    "doctor": "Find out what is wrong here, and cure it.",
    "which": "Find out where a library comes from, or what an error lacks.",
    "off": "Have no current toolkit; the installed ones stay.",
    "remove": "Take toolkits away.",
    "run": "Run a command under a toolkit without switching.",
    "env": "Show CUDA's variables, for notebooks, IDEs and containers.",
    "export": "Write an environment's CUDA into a file, package by package.",
    "apply": "Give an environment exactly the CUDA of such a file.",
    "mirror": "Put what a machine without internet needs into a folder.",
    "completion": "Print a script that lets a shell complete conda cuda.",
}

EPILOG = """\
examples:
  conda cuda use 12.4            give the active environment CUDA 12.4
  conda cuda list --available    what there is to have
  conda cuda use --help          more about one verb
"""


class _VerbParser:
    """Stands for the parser of one verb, which is made when its verb is on the command line.

    conda builds all parsers on every command; building these late keeps that free.
    """

    def __init__(self, **options: Any) -> None:
        self.verb = ""
        self._options = options

    def __getattr__(self, name: str) -> Any:
        # What argparse asks for, which differs between Pythons; it is asked once.
        parser = ArgumentParser(**self._options)
        _module(self.verb).configure_parser(parser)
        return getattr(parser, name)


def configure_parser(parser: ArgumentParser) -> None:
    """Tell conda's parser the verbs."""
    import argparse

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
        verb: Any = verbs.add_parser(
            name,
            help=summary,
            description=summary,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        verb.verb = name


def verb_parser(verb: str) -> ArgumentParser:
    """The parser of a verb by itself, with all its options."""
    parser = ArgumentParser(prog=f"conda cuda {verb}", description=VERBS[verb], allow_abbrev=False)
    _module(verb).configure_parser(parser)
    return parser


def execute(args: Namespace) -> int:
    """Do what the command line says; the exit code."""
    import gc
    import logging

    from conda.base.context import context

    # What conda has imported stays: to look at it again and again costs more than our imports.
    gc.freeze()
    # Lists of thousands of files are no garbage, and most commands end before there is any.
    gc.set_threshold(50_000)
    if not context.verbosity:
        # It tells of every attempt to connect; the command says in a line what came of them.
        logging.getLogger("urllib3").setLevel(logging.ERROR)
    try:
        code: int = _module(args.cuda_verb).execute(args)
    except OSError as error:
        # Others, such as a terminal that is gone, are conda's to tell.
        if not isinstance(error.filename, str):
            raise
        from ..errors import OF_DISKS, FileSystemError, UnusableFileError

        if error.errno in OF_DISKS:
            raise FileSystemError(error, None) from error
        raise UnusableFileError(error) from error
    return code


def _module(verb: str | None) -> Any:
    from importlib import import_module

    return import_module(f".verbs.{verb}" if verb else ".start", __name__)
