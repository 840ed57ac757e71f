"""How each family of shells spells a step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Family:
    """How one family of shells spells a step."""

    set: Callable[[str, str], str]
    unset: Callable[[Sequence[str]], str]
    source: Callable[[Path], str]
    quote: Callable[[str], str]
    load_conda: Callable[[Path], str]
    variables: str = "set"


def _sh_quote(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _fish_quote(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _csh_quote(text: str) -> str:
    return _sh_quote(text).replace("!", "\\!").replace("\n", "\\\n")


# xonsh takes minutes to compile thousands of lines: it reads the steps as data instead.
XONSH = """
import json
def _play():
    env = __xonsh__.env
    for kind, *rest in json.loads(open({steps!r}).read()):
        if kind == "set":
            env[rest[0]] = rest[1]
        elif kind == "unset":
            for name in rest:
                env.pop(name, None)
        elif kind == "source" and rest[0].endswith(".xsh"):
            source @(rest[0])
        elif kind == "source":
            source-bash --suppress-skip-message -n @(rest[0])
        elif kind == "conda":
            conda @(rest)
        elif kind in ("run", "hooks"):
            @(rest)
        else:
            {dump}
_play()
"""

FAMILIES = {
    "sh": Family(
        set=lambda name, value: f"{name}={_sh_quote(value)}; export {name}",
        unset=lambda names: f"unset {' '.join(names)} || :",
        source=lambda path: f". {_sh_quote(str(path))}",
        quote=_sh_quote,
        load_conda=lambda exe: f'eval "$({_sh_quote(str(exe))} shell.posix hook)"',
    ),
    "fish": Family(
        set=lambda name, value: f"set -gx {name} {_fish_quote(value)}",
        unset=lambda names: f"set -e {' '.join(names)}; true",
        source=lambda path: f"source {_fish_quote(str(path))}",
        quote=_fish_quote,
        load_conda=lambda exe: f"{_fish_quote(str(exe))} shell.fish hook | source",
    ),
    "csh": Family(
        set=lambda name, value: f"setenv {name} {_csh_quote(value)}",
        unset=lambda names: "\n".join(f"unsetenv {name}" for name in names),
        source=lambda path: f'source "{path}"',
        quote=_csh_quote,
        load_conda=lambda exe: f'source "{exe.parent.parent}/etc/profile.d/conda.csh"',
    ),
}
