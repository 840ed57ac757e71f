"""`conda cuda which`."""

from __future__ import annotations

import functools
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from conda.base.context import context

from ...actions.cures.cure import Context
from ...actions.which_tool import is_tool
from ...errors import UsageError
from ...libraries.messages import Complaint, Meaning, Mention, meanings_of, names_in
from ...libraries.names import Kind, releases_of
from ...quoting import quoted
from ..common import (
    add_common_options,
    is_active,
    name_of,
    print_json,
    say,
    target_environment,
    this_platform,
)
from ..content import settled_request
from ..machine import machine_for
from ..which_answers import documents, lines, meaning_lines

EPILOG = """\
NAME is a library (libcudart.so.11.0, cudart64_110.dll), a tool (nvcc) or a
whole error message; - reads the message from standard input, which PowerShell
hands on with | & $Env:CONDA_EXE cuda which -

examples:
  conda cuda which libcublas.so.12            where it is loaded from, and why
  conda cuda which nvcc                       which nvcc runs
  conda cuda which "ImportError: libcudart.so.11.0: cannot open shared object"
  python train.py 2>&1 | conda cuda which -   what it lacks, and the cure
"""
_STDIN_LIMIT = 2**26


def configure_parser(parser: ArgumentParser) -> None:
    """The options of `which`."""
    parser.add_argument(
        "cuda_text", metavar="NAME", nargs="+", help="A library, a tool, or an error message."
    )
    parser.add_argument(
        "--by",
        dest="cuda_by",
        metavar="FILE",
        help="The program or library that asks for it. Default: the environment's python.",
    )
    add_common_options(parser)


def execute(args: Namespace) -> int:
    """Look everything up, then print it."""
    asked, mentions = mentions_of(_text(args.cuda_text))
    meanings = meanings_of(asked)
    if not mentions:
        if not meanings:
            raise UsageError(
                _NAMELESS
                if _is_dll_failure(asked)
                else f"{quoted(asked)} names nothing of CUDA's.",
                hints=[_HINT],
            )
        return _explain(asked, meanings)
    platform, environment = this_platform(), target_environment(args)
    patient = Context(
        environment,
        is_active(environment),
        name_of(environment),
        platform,
        functools.cache(lambda: machine_for(None)),
        functools.cache(lambda: settled_request(platform)),
    )
    answers = documents(mentions, patient, args.cuda_by)
    if context.json:
        document = {
            "environment": str(environment.prefix),
            "name": patient.name,
            "active": patient.active,
            "asked": asked[:1000],
            "answers": answers,
            "meanings": list(map(_document, meanings)),
        }
        print_json(document)
    else:
        for number, answer in enumerate(answers):
            say(*([""] if number else []), *lines(answer, patient))
        _say_meanings(meanings, after=True)
    return 0 if all(answer["found"] for answer in answers) else 1


def _explain(text: str, meanings: Sequence[Meaning]) -> int:
    """Say what a text means that names no library; no environment is looked at."""
    if context.json:
        nowhere = {"environment": None, "name": None, "active": False, "asked": text[:1000]}
        print_json({**nowhere, "answers": [], "meanings": list(map(_document, meanings))})
    else:
        _say_meanings(meanings)
    return 0


def _say_meanings(meanings: Sequence[Meaning], *, after: bool = False) -> None:
    for number, one in enumerate(meanings):
        say(*([""] if after or number else []), *meaning_lines(one))


def _document(meaning: Meaning) -> dict[str, object]:
    commands = [{"command": command, "why": why} for command, why in meaning.commands]
    return {"message": meaning.message, "means": meaning.means, "commands": commands}


def mentions_of(text: str) -> tuple[str, tuple[Mention, ...]]:
    """What a text asks for: the text, shown safely, and the names in it, if any.

    Raises:
        UsageError: when there is no text.
    """
    text = text.encode("utf-8", "replace").decode("utf-8").strip()
    if not text:
        raise UsageError("There is nothing to look for.", hints=[_HINT])
    if len(text.split()) == 1:
        name = os.path.basename(text.rstrip(":;,."))
        facts = releases_of(name)
        if is_tool(name) or facts.kind is not Kind.FOREIGN:
            return text, (Mention(name if is_tool(name) else facts.name, Complaint.MENTION),)
    return text, names_in(text)


_HINT = "Name a library (libcudart.so.12), a tool (nvcc), or paste the line with the error."
_NAMELESS = (
    "Windows does not say which DLL is missing in this message; it may be one that the named "
    "module needs."
)


def _is_dll_failure(text: str) -> bool:
    return "DLL load failed" in text or "[WinError 126]" in text


def _text(words: Sequence[str]) -> str:
    if list(words) != ["-"]:
        return " ".join(words)
    content = sys.stdin.buffer.read(_STDIN_LIMIT + 1) if sys.stdin else b""
    if len(content) > _STDIN_LIMIT:
        raise UsageError("More than 64 MB is too much to read.", hints=[_HINT])
    # Errors stand at the end; what is decoded has to be no more than what is looked at.
    return content[-(2**23) :].decode("utf-8", "replace")
