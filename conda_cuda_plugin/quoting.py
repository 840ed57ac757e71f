"""Showing what a user typed or a file holds, whatever it is, and writing it where a shell reads it.

What a shell will read goes through this module, wherever it comes from: a name, a path, a version.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_+][A-Za-z0-9._+-]*")
# A word that no shell changes; zsh expands one that begins with =, fish one that begins with %, and
# PowerShell one with @; that splits words at a comma, too, and an option at a full stop or colon.
_BARE = re.compile(r"(?!-.*[:.])[A-Za-z0-9_+:./-][A-Za-z0-9_@%+=:./-]*")
_BARE_ON_WINDOWS = re.compile(r"[A-Za-z0-9_+:./\\-]+")
# Within single quotes fish takes a backslash before another one or a quote for an escape, csh ! for
# its history.
_QUOTABLE = re.compile(r"(?:[^'\\!]|\\(?=[^'\\!]))+", re.DOTALL)
# What ends single quotes in PowerShell, and what has a meaning within double ones, in any shell.
_SINGLE = re.compile("['\u2018-\u201b]")
_LIVE = re.compile(r'["$`\\!\u201c-\u201e]')
# A line that goes on in the next one, but in PowerShell and cmd.
CONTINUED = " \\"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def quoted(text: str, limit: int = 60) -> str:
    """Text in quotes on one line: control characters escaped, and cut when it is long."""
    shown = text if len(text) <= limit else f"{text[:limit]}..."
    return repr(shown)


def is_plain_name(name: str) -> bool:
    """Whether a name means nothing but itself to every shell, be it quoted or not."""
    return _PLAIN_NAME.fullmatch(name) is not None


def shell_word(text: str) -> str:
    """Text as one word of a script, letter by letter.

    One quoting for sh and its kin, fish and csh; of these csh alone cannot read a line's end in it.
    """
    if _BARE.fullmatch(text):
        return text
    found, position = "", 0
    while position < len(text):
        run = _QUOTABLE.match(text, position)
        found += f"'{run[0]}'" if run else f"\\{text[position]}"
        position = run.end() if run else position + 1
    return found or "''"


def powershell_word(text: str) -> str:
    """Text as one word of a script of PowerShell, letter by letter.

    Within single quotes nothing else has a meaning; typographic ones are quotes there, too.
    """
    return "'" + _SINGLE.sub(r"\g<0>\g<0>", text) + "'"


def cmd_set(name: str, value: str) -> str:
    """A line of a batch file that sets a variable to a value without quotes and ends of lines."""
    return f'SET "{name}={value.replace("%", "%%")}"'


def typed(text: str, *, windows: bool = os.name == "nt") -> str:
    """Text as one word of a command that a user may type or paste, in whatever shell.

    A control character, which no terminal takes, becomes a question mark; so does on Windows what
    cmd and PowerShell cannot both be given. Unquoted, it stands for one character of a path.
    """
    if windows:
        if _BARE_ON_WINDOWS.fullmatch(text):
            return text
        return '"' + re.sub(r'["$`%!^]', "?", _CONTROL.sub("?", text)) + '"'
    if _SINGLE.search(text) and not _LIVE.search(text) and not _CONTROL.search(text):
        return f'"{text}"'
    return "?".join(shell_word(part) if part else "" for part in _CONTROL.split(text)) or "''"


def in_turn(*commands: str, windows: bool = os.name == "nt") -> str:
    """Commands of which each is for after the one before it; Windows PowerShell 5.1 has no &&."""
    return (", then " if windows else " && ").join(commands)


def may_be_powershell(variables: Mapping[str, str], *, windows: bool = os.name == "nt") -> bool:
    """Whether PowerShell may be the shell that asks: what it starts has a variable of its own."""
    return windows or "PSModulePath" in variables


def assignment(
    name: str, value: str | None, variables: Mapping[str, str], *, windows: bool = os.name == "nt"
) -> str:
    """The command that sets a variable of the shell that asks, or with None takes it away.

    PowerShell leaves SHELL as it was, and on Windows cannot be told from cmd: so it stands beside
    the other one wherever it may be the one that asks.
    """
    if value is None:
        powershell = f"Remove-Item Env:{name}"
    else:
        powershell = f"$Env:{name} = {powershell_word(value)}"
    if windows:
        # A line that is typed cannot hold %% for %, as one of a batch file does.
        return f'set "{name}={value or ""}" in cmd, {powershell} in PowerShell'
    word = None if value is None else typed(value)
    match os.path.basename(variables.get("SHELL", "")):
        case "fish":
            command = f"set -e {name}" if word is None else f"set -x {name} {word}"
        case "csh" | "tcsh":
            command = f"unsetenv {name}" if word is None else f"setenv {name} {word}"
        case _:
            command = f"unset {name}" if word is None else f"export {name}={word}"
    if may_be_powershell(variables, windows=False):
        return f"{powershell} in PowerShell, {command} elsewhere"
    return command


def escaped(text: str) -> str:
    """Text as a terminal may get it: on one line, with escapes in place of what steers it.

    Control characters move the cursor or give orders, others turn the text around or cannot be
    seen; a shown address is to be the real one.
    """
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in text
    )
