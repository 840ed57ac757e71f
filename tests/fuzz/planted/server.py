"""Runs cases in a process that has imported conda once: each command is a fork of it.

Reads a JSON document a line and answers with one: first the world, then numbers of cases.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import resource
import select
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LIMIT = 60.0
"""Seconds that one command may take on a busy machine; most take a tenth of one."""
MEMORY = 3 * 2**30
LARGEST = 2**28
"""Bytes that a command may have in its memory, and may write into one file."""
PROGRAMS = (".confine", ".driver_probe", ".cli.complete")
"""Modules that are run and not imported."""


@dataclass
class Done:
    """What a command has said, and its exit code; None when it took too long."""

    code: int | None
    out: str
    err: str
    opened: list[str]
    modules: list[str]


class Commands:
    """Runs `conda cuda` in forks of this process."""

    def __init__(self) -> None:
        from conda.base.context import context
        from conda.cli.conda_argparse import generate_parser

        context.plugin_manager  # noqa: B018
        self.parser = generate_parser(add_help=True)

    def warm(self, modules: Sequence[str]) -> None:
        """Import what commands have needed, and may: another user may not be able to read it."""
        for name in (*modules, *_modules_in("conda_cuda_plugin"), *_modules_in("encodings")):
            # Some are for other systems, some are programs.
            with contextlib.suppress(Exception, SystemExit):
                importlib.import_module(name)
        gc.collect()
        gc.freeze()

    def __call__(self, words: Sequence[str], user: int, here: Path, *, watch: bool = False) -> Done:
        """Run a command as a user; `watch` tells which files it opened."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, \
                tempfile.TemporaryFile() as seen:  # fmt: skip
            child = os.fork()
            if child == 0:
                self._child(words, user, here, (out, err, seen), watch)
            code = _wait(child)
            texts = []
            for file in (out, err, seen):
                file.seek(0)
                texts.append(file.read(2**22).decode("utf-8", "replace"))
        told = json.loads(texts[2]) if texts[2] else {}
        return Done(code, *texts[:2], told.get("opened", []), told.get("modules", []))

    def _child(
        self, words: Sequence[str], user: int, here: Path, files: Sequence[Any], watch: bool
    ) -> None:
        code, opened = 120, set[str]()
        try:
            os.setsid()
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(files[0].fileno(), 1)
            os.dup2(files[1].fileno(), 2)
            os.chdir(here)
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST, LARGEST))
            if user != os.getuid():
                os.setgroups([])
                os.setgid(user)
                os.setuid(user)
            if watch:
                sys.addaudithook(_watching(opened))
            code = self._conda(words)
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            if watch:
                told = {"opened": sorted(opened), "modules": list(sys.modules)}
                files[2].write(json.dumps(told).encode())
                files[2].flush()
            os._exit(code)

    def _conda(self, words: Sequence[str]) -> int:
        from conda.base.context import context
        from conda.cli.conda_argparse import do_call
        from conda.cli.main import init_loggers
        from conda.exception_handler import conda_exception_handler

        def call() -> int:
            # As conda's own `main_subshell`, but for the parser, which is made once.
            sys.argv = ["conda", *words]
            args = self.parser.parse_args(list(words))
            context.__init__(argparse_args=args)  # type: ignore[misc]
            init_loggers()
            return do_call(args, self.parser) or 0

        return conda_exception_handler(call) or 0


def _modules_in(package: str) -> list[str]:
    found = pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}.")
    return [one.name for one in found if not one.name.endswith(PROGRAMS)]


def _wait(child: int) -> int | None:
    handle = os.pidfd_open(child)
    try:
        in_time = bool(select.select([handle], [], [], LIMIT)[0])
        if not in_time:
            os.killpg(child, signal.SIGKILL)
        status = os.waitpid(child, 0)[1]
    finally:
        os.close(handle)
    return os.waitstatus_to_exitcode(status) if in_time else None


def _watching(opened: set[str]) -> Callable[[str, tuple[Any, ...]], None]:
    def hook(event: str, words: tuple[Any, ...]) -> None:
        if event != "open" and not event.startswith(("os.", "shutil.", "pathlib.")):
            return
        # Behind the path that is opened stands how.
        for word in words[:1] if event == "open" else words:
            if isinstance(word, (str, bytes)) and word:
                opened.update(_absolute(os.fsdecode(word), words))

    return hook


def _absolute(name: str, words: tuple[Any, ...]) -> list[str]:
    """A path; where it is relative to descriptors, below each of the folders that they are."""
    if os.path.isabs(name):
        return [os.path.normpath(name)]
    found = []
    for word in words:
        if isinstance(word, int) and word > 2:
            try:
                folder = os.readlink(f"/proc/self/fd/{word}")
                found.append(os.path.normpath(os.path.join(folder, name)))
            except OSError:
                continue
    return found


def main() -> None:
    sys.path.insert(0, str(Path(__file__).parent))
    from case import Cases  # type: ignore[import-not-found]

    cases = None
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            if cases is None:
                cases = Cases(Commands(), **asked)
                answer: Any = cases.describe()
            else:
                answer = cases.run(asked)
        except BaseException:
            answer = {"broken": traceback.format_exc()}
        print(json.dumps(answer), file=sys.__stdout__, flush=True)


if __name__ == "__main__":
    main()
