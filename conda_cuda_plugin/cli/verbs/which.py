"""`conda cuda which`."""

from __future__ import annotations

import functools
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from conda.base.context import context

from ...answers.bring import Context
from ...answers.explain import Explanation, explain
from ...answers.which_tool import is_tool
from ...errors import CudaError, UsageError
from ...libraries.messages import Complaint, Mention, Message, read_message
from ...libraries.names import Kind, releases_of
from ...quoting import quoted
from ...system.reading import open_regular
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
NAME is a library (libcudart.so.11.0, cudart64_110.dll), a header, a tool
(nvcc), a path, an error message, or a file with a whole log, of which the
first cause is answered. Without NAME, or for -, the message is read from
standard input, which PowerShell hands on with | & $Env:CONDA_EXE cuda which -

examples:
  conda cuda which libcublas.so.12            where it is loaded from, and why
  conda cuda which nvcc                       which nvcc runs
  conda cuda which "ImportError: libcudart.so.11.0: cannot open shared object"
  conda cuda which build.log                  its first cause, and the cure
  python train.py 2>&1 | conda cuda which -   what it lacks, and the cure
"""
_MOST = 2**26
_KEPT = 2**23
"""Bytes at the end that are looked at: errors stand there."""


def configure_parser(parser: ArgumentParser) -> None:
    """The options of `which`."""
    parser.add_argument(
        "cuda_text",
        metavar="NAME",
        nargs="*",
        help="A library, a header, a tool, an error message, or a file with a log.",
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
    platform = this_platform()
    asked, before = _text(args.cuda_text)
    message = message_of(asked, windows=platform.windows, lines_before=before)
    if platform.windows and args.cuda_by and not message.mentions:
        message = Message((_module(args.cuda_by),), (), False)
    if not message.mentions and not message.meanings:
        raise UsageError(f"{quoted(asked)} names nothing of CUDA's.", hints=[_HINT])
    patient = _patient(args, needed=bool(message.mentions))
    answers = documents(message.mentions, patient, args.cuda_by) if patient else []
    explanations = [
        explain(meaning, patient, lambda: machine_for(None), platform)
        for meaning in message.meanings
    ]
    if context.json:
        print_json(
            {
                "environment": str(patient.environment.prefix) if patient else None,
                "name": patient.name if patient else None,
                "active": bool(patient and patient.active),
                "asked": asked[:1000],
                "answers": answers,
                "meanings": list(map(_document, explanations)),
            }
        )
    else:
        long = message.is_long
        parts = [lines(answer, patient, numbered=long) for answer in answers if patient]
        parts += [meaning_lines(one, numbered=long) for one in explanations]
        for number, part in enumerate(parts):
            say(*([""] if number else []), *part)
    return 0 if all(answer["found"] for answer in answers) else 1


def _patient(args: Namespace, *, needed: bool) -> Context | None:
    """The environment that is asked for; what a message means can be said without one."""
    try:
        environment = target_environment(args)
    except CudaError:
        if needed or args.name or args.prefix:
            raise
        return None
    platform = this_platform()
    return Context(
        environment,
        is_active(environment),
        name_of(environment),
        platform,
        functools.cache(lambda: machine_for(None)),
        functools.cache(lambda: settled_request(platform)),
    )


def _document(one: Explanation) -> dict[str, object]:
    commands = [{"command": command, "why": why} for command, why in one.commands]
    return {"message": one.message, "means": one.means, "commands": commands, "line": one.line}


def message_of(text: str, *, windows: bool = False, lines_before: int = 0) -> Message:
    """What a text asks for: one name, or what a message is about.

    Raises:
        UsageError: when there is no text.
    """
    text = text.encode("utf-8", "replace").decode("utf-8").strip("\ufeff")
    word = text.strip()
    if not word:
        raise UsageError("There is nothing to look for.", hints=[_HINT])
    if len(word.split()) == 1:
        path = word.rstrip(":;,.")
        name = path.replace("\\", "/").rpartition("/")[2]
        facts = releases_of(name, path)
        whole = path if os.path.isabs(path) and not is_tool(name) else None
        there = whole is not None and os.path.isfile(whole)
        if is_tool(name) or facts.kind is not Kind.FOREIGN or there:
            known = name if is_tool(name) else facts.name
            return Message((Mention(known, Complaint.MENTION, path=whole),), ())
    return read_message(text, windows=windows, lines_before=lines_before)


def _module(path: str) -> Mention:
    """A module that Windows did not load, without saying what is missing."""
    return Mention(os.path.basename(path), Complaint.MISSING, path=path, number=126)


_HINT = (
    "Name a library (libcudart.so.12), a tool (nvcc) or a file with a log, or paste the line with "
    "the error."
)


def _text(words: Sequence[str]) -> tuple[str, int]:
    """The text that is asked for, and how many lines of a log were left out before it."""
    content = None
    if list(words) in ([], ["-"]):
        if not words and sys.stdin and sys.stdin.isatty():
            raise UsageError("There is nothing to look for.", hints=[_HINT])
        content = sys.stdin.buffer.read(_MOST + 1) if sys.stdin else b""
    elif len(words) == 1 and _is_log(words[0]):
        try:
            with open_regular(words[0]) as file:
                content = file.read(_MOST + 1)
        except OSError as error:
            raise UsageError(
                f"{words[0]} cannot be read: {error.strerror}.", hints=[_HINT]
            ) from None
    if content is None or (words and content.startswith((b"\x7fELF", b"MZ"))):
        # A program or a library is asked for itself.
        return " ".join(words), 0
    if len(content) > _MOST:
        raise UsageError("More than 64 MB is too much to read.", hints=[_HINT])
    encoding = "utf-8"
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        # What Windows PowerShell writes with >.
        encoding = "utf-16-le" if content[0] == 0xFF else "utf-16-be"
    cut = max(0, len(content) - _KEPT) & ~1
    return content[cut:].decode(encoding, "replace"), content.count(b"\n", 0, cut)


def _is_log(word: str) -> bool:
    """Whether a word is a file with a text, and not one that is asked for itself."""
    name = os.path.basename(word)
    if is_tool(name) or releases_of(name, word).kind is not Kind.FOREIGN:
        return False
    return os.path.isfile(word)
