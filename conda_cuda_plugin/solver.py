"""conda's solver, asked once for what it has found before."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from conda.base.context import context

from .conda_compat import stdout_for_people, stdout_nowhere


def solve(
    prefix: Path, channels: Sequence[str], subdir: str, specs: Sequence[str]
) -> tuple[Any, ...]:
    """The package records that conda's solver chooses for a new prefix, or chose before.

    What conda tells of its steps is for who wants it, with -v; others see that it takes long.

    Raises NoAnswerError when a channel's host does not answer, and whatever the solver raises when
    the specs cannot be met or a channel cannot be read.
    """
    from . import solved
    from .answers import asking
    from .connections import check_addresses, check_files
    from .progress import Waiting

    told = stdout_for_people() if context.verbosity else stdout_nowhere()
    with told, Waiting("Asking the channels"), _no_driver(), asking():
        question = solved.question_of(channels, subdir, specs)
        found = solved.recall(question)
        if found is None:
            found = _ask(prefix, channels, subdir, specs)
            # Not of an index that has changed meanwhile.
            if question == solved.question_of(channels, subdir, specs):
                solved.keep(question, found)
    check_files(found)
    check_addresses(found)
    return found


def _ask(
    prefix: Path, channels: Sequence[str], subdir: str, specs: Sequence[str]
) -> tuple[Any, ...]:
    from conda.exceptions import CondaHTTPError, ProxyError
    from conda.models.channel import Channel
    from conda.models.match_spec import MatchSpec

    from .answers import NoAnswerError, silent
    from .connections import AnswerError

    backend = context.plugin_manager.get_cached_solver_backend()
    solver = backend(
        str(prefix),
        tuple(Channel(channel) for channel in channels),
        (subdir, "noarch"),
        specs_to_add=tuple(MatchSpec(spec) for spec in specs),
        command="create",
    )
    try:
        _, link = solver.solve_for_diff()
    except (AnswerError, CondaHTTPError, ProxyError) as error:
        # conda names one address of many.
        if gone := silent(channels):
            raise NoAnswerError(gone) from error
        raise
    return tuple(link)


@contextlib.contextmanager
def _no_driver() -> Iterator[None]:
    """Solve as on a machine without a driver.

    Packages ask for a driver of their own major version at least, which some solvers hold to and
    others do not. A toolkit may be wanted all the same: to compile, or for another machine.
    """
    name = "CONDA_OVERRIDE_CUDA"
    before = os.environ.get(name)
    os.environ[name] = ""
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
