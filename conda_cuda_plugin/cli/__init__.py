"""The command line of `conda cuda`: one file per verb, imported when its verb is called."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any

SUMMARY = "Give an environment its own CUDA toolkit."

VERBS = {
    "use": "Install a CUDA toolkit if need be, and make it current.",
    "list": "Show the toolkits of an environment, or those there are to have.",
    "info": "Show what is current here, and what this shell has of it.",
    "match": "Show the builds of a framework, and which of them run here.",
    "doctor": "Find out what is wrong here, and cure it.",
    "which": "Find out where a library or tool comes from, or what an error is missing.",
    "off": "Have no current toolkit; the installed ones stay.",
    "remove": "Take toolkits away.",
    "run": "Run a command under a toolkit without switching.",
    "env": "Show the variables for what does not source hooks: notebooks, IDEs, containers.",
    "export": "Write an environment's CUDA into a file: the request and the exact packages.",
    "apply": "Give an environment exactly the CUDA that such a file describes.",
    "mirror": "Put all that an offline machine needs into a folder, as a conda channel.",
}

EPILOG = """\
examples:
  conda cuda use 12.4            give the active environment CUDA 12.4
  conda cuda list --available    what there is to have
  conda cuda VERB --help         more about one verb
"""


class _VerbParser(ArgumentParser):
    """The parser of one verb; it learns its options when its verb is on the command line.

    conda builds all parsers on every command; building these late keeps that free.
    """

    verb: str | None = None

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """See the base class."""
        self._learn()
        return super().parse_known_args(args, namespace)

    def _parse_known_args2(self, *args: Any, **kwargs: Any) -> Any:
        # Newer Pythons call this one for parsers of subcommands.
        self._learn()
        return super()._parse_known_args2(*args, **kwargs)  # type: ignore[misc]

    def _learn(self) -> None:
        if self.verb is not None:
            verb, self.verb = self.verb, None
            _module(verb).configure_parser(self)


def configure_parser(parser: ArgumentParser) -> None:
    """Tell conda's parser the verbs."""
    import argparse

    parser.prog = "conda cuda"
    parser.epilog = EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    verbs = parser.add_subparsers(
        title="verbs", metavar="VERB", dest="cuda_verb", parser_class=_VerbParser
    )
    for name, summary in VERBS.items():
        verb: _VerbParser = verbs.add_parser(
            name,
            help=summary,
            description=summary,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        verb.verb = name
    parser.set_defaults(cuda_parser=parser)


def execute(args: Namespace) -> int:
    """Do what the command line says; the exit code."""
    if args.cuda_verb is None:
        args.cuda_parser.print_help()
        return 0
    code: int = _module(args.cuda_verb).execute(args)
    return code


def _module(verb: str) -> Any:
    from importlib import import_module

    return import_module(f".{verb}", __name__)
