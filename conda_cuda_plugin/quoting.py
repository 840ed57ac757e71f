"""Show any text that a user typed or a file holds, and quote it for shells.

Every name, path or version that a shell will read goes through this module.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_+][A-Za-z0-9._+-]*")
# A word that no shell changes. zsh expands one that begins with =, fish one that begins with %, and
# PowerShell one with @; PowerShell splits words at a comma, and an option at a full stop or colon.
_BARE = re.compile(r"(?!-.*[:.])[A-Za-z0-9_+:./-][A-Za-z0-9_@%+=:./-]*")
_BARE_ON_WINDOWS = re.compile(r"[A-Za-z0-9_+:./\\-]+")
# Within single quotes fish has escapes (a backslash before another one or a quote), csh history.
_QUOTABLE = re.compile(r"(?:[^'\\!]|\\(?=[^'\\!]))+", re.DOTALL)
# What ends single quotes in PowerShell, and what has a meaning within double quotes in any shell.
_SINGLE = re.compile("['\u2018-\u201b]")
_LIVE = re.compile(r'["$`\\!\u201c-\u201e]')
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def quoted(text: str, limit: int = 60) -> str:
    """Text in quotes on one line: control characters are escaped, and long text is cut."""
    shown = text if len(text) <= limit else f"{text[:limit]}..."
    return repr(shown)


def is_plain_name(name: str) -> bool:
    """Whether a name means only itself to every shell, quoted or not."""
    return _PLAIN_NAME.fullmatch(name) is not None


def shell_word(text: str) -> str:
    """Text as one word of a script of sh, fish or csh; csh cannot read a line's end in it."""
    if _BARE.fullmatch(text):
        return text
    found, position = "", 0
    while position < len(text):
        run = _QUOTABLE.match(text, position)
        found += f"'{run[0]}'" if run else f"\\{text[position]}"
        position = run.end() if run else position + 1
    return found or "''"


def powershell_word(text: str) -> str:
    """Text as one word of a script of PowerShell, for which typographic quotes are quotes, too."""
    return "'" + _SINGLE.sub(r"\g<0>\g<0>", text) + "'"


def cmd_set(name: str, value: str) -> str:
    """The line of a batch file that sets a variable; the value has no quotes and no line ends."""
    return f'SET "{name}={value.replace("%", "%%")}"'


def typed(text: str, *, windows: bool = os.name == "nt") -> str:
    """Text as one word of a command that a user may type or paste, in any shell.

    Control characters become question marks, and so does on Windows what cmd and PowerShell read
    differently. Unquoted, a question mark stands for one character of a path.
    """
    if windows:
        if _BARE_ON_WINDOWS.fullmatch(text):
            return text
        return '"' + re.sub(r'["$`%!^]', "?", _CONTROL.sub("?", text)) + '"'
    if _SINGLE.search(text) and not _LIVE.search(text) and not _CONTROL.search(text):
        return f'"{text}"'
    return "?".join(shell_word(part) if part else "" for part in _CONTROL.split(text)) or "''"


def in_turn(*commands: str, windows: bool = os.name == "nt") -> str:
    """Commands to be run one after the other; Windows PowerShell 5.1 has no &&."""
    return (", then " if windows else " && ").join(commands)


def may_be_powershell(variables: Mapping[str, str], *, windows: bool = os.name == "nt") -> bool:
    """Whether this may be PowerShell, which sets a variable of its own for its programs."""
    return windows or "PSModulePath" in variables


def assignment(
    name: str, value: str | None, variables: Mapping[str, str], *, windows: bool = os.name == "nt"
) -> str:
    """The command that sets a variable in the user's shell, or with None removes it."""
    return assignments({name: value}, variables, windows=windows)


def assignments(
    values: Mapping[str, str | None],
    variables: Mapping[str, str],
    *,
    windows: bool = os.name == "nt",
) -> str:
    """The commands that set some variables in the user's shell, or with None remove them.

    PowerShell leaves SHELL as it was, and on Windows looks like cmd. Wherever it may be the user's
    shell, the text has both forms.
    """
    powershell = "; ".join(
        f"Remove-Item Env:{name}" if value is None else f"$Env:{name} = {powershell_word(value)}"
        for name, value in values.items()
    )
    if windows:
        # A typed line cannot have %% for %, as a batch file has.
        cmd = " & ".join(f'set "{name}={value or ""}"' for name, value in values.items())
        return f"{cmd} in cmd, {powershell} in PowerShell"
    unset, form = {
        "fish": ("set -e {0}", "set -x {0} {1}"),
        "csh": ("unsetenv {0}", "setenv {0} {1}"),
        "tcsh": ("unsetenv {0}", "setenv {0} {1}"),
    }.get(os.path.basename(variables.get("SHELL", "")), ("unset {0}", "export {0}={1}"))
    command = "; ".join(
        unset.format(name) if value is None else form.format(name, typed(value))
        for name, value in values.items()
    )
    if may_be_powershell(variables, windows=False):
        return f"{powershell} in PowerShell, {command} elsewhere"
    return command


def with_variables(
    command: str, values: Mapping[str, str], *, windows: bool = os.name == "nt"
) -> list[str]:
    """The lines that run a command with some variables set.

    Every shell but those of Windows can leave it to `env`, which sets them for that command alone.
    """
    if windows:
        return [assignments(values, {}, windows=True), command]
    words = (f"{name}={typed(value) if value else ''}" for name, value in values.items())
    return [f"env {' '.join(words)} {command}" if values else command]


def escaped(text: str) -> str:
    """Text for a terminal, on one line, with all that is not printable escaped.

    Control characters would move the cursor, others are invisible or turn the text around.
    """
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in text
    )
