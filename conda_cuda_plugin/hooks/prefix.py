"""Which environments can have hooks at all."""

from __future__ import annotations

from pathlib import Path

from ..errors import PrefixCharacterError

# The loader splits LD_LIBRARY_PATH at : and ; and expands $. conda pastes the prefix between
# quotes, so that a quote, a backquote or a line end breaks its activation in most shells. `!`
# breaks conda in tcsh alone and is allowed: the hooks hold in every other shell.
_UNIX = frozenset(":;$'\"`\n\r")
# cmd expands % and doubles ^ in CALL; the colon is the drive's.
_WINDOWS = frozenset(";$'\"`\n\r%^")


def check_prefix(prefix: str | Path, *, windows: bool) -> None:
    """Refuses an environment whose path the hooks or the loader cannot carry.

    Args:
        prefix: The environment.
        windows: Whether it is a Windows environment.

    Raises:
        PrefixCharacterError: For the first such character.
    """
    refused = _WINDOWS if windows else _UNIX
    for char in str(prefix):
        if char in refused:
            raise PrefixCharacterError(prefix, char)
