"""Run conda, and write down the functions of the package as they are called and as they return.

`way.py` beside it runs this with the Python of the throwaway conda.

usage: way_start.py FILE WORDS...
"""

from __future__ import annotations

import dis
import json
import sys
import threading
from inspect import CO_GENERATOR, CO_NEWLOCALS
from pathlib import Path
from types import FrameType
from typing import Any

from conda.cli.main import main

PACKAGE = "conda_cuda_plugin"
_NO_FUNCTION = ("<module>", "<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>")
"""What is a frame of its own in some versions of Python only, or runs at the import."""

_steps: list[tuple[str, str, str]] = []
"""Event, file and function."""


def _note(frame: FrameType, event: str, _: Any) -> None:
    code = frame.f_code
    path = code.co_filename.replace("\\", "/").rpartition(f"/{PACKAGE}/")
    if event not in ("call", "return") or not path[1] or code.co_name in _NO_FUNCTION:
        return
    if code.co_flags & CO_NEWLOCALS and not (event == "call" and _goes_on(frame)):
        _steps.append((event, path[2], code.co_name))


def _goes_on(frame: FrameType) -> bool:
    """Whether this is a generator that is asked for more, which is no call."""
    code, at = frame.f_code, frame.f_lasti
    if at < 0 or not code.co_flags & CO_GENERATOR:
        return False
    if sys.version_info < (3, 11):
        return True
    name = dis.opname[code.co_code[at]]
    return name == "YIELD_VALUE" or (name == "RESUME" and code.co_code[at + 1] != 0)


if __name__ == "__main__":
    target, sys.argv = Path(sys.argv[1]), ["conda", *sys.argv[2:]]
    threading.setprofile(_note)
    sys.setprofile(_note)
    status = main()
    sys.setprofile(None)
    target.write_text(json.dumps(_steps), encoding="utf-8")
    sys.exit(status)
