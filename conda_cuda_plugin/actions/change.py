"""The frame around every change to an environment: locked, cleaned up, with errors in words."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from conda import CondaMultiError
from conda.exceptions import CondaHTTPError, CondaSignalInterrupt

from ..environment import STATE, Environment
from ..errors import CudaError, FileSystemError, Interrupted, innermost
from ..hooks.shells import Direction
from ..install import root as roots
from ..network.download import answer_of
from ..system.conda_compat import assert_not_frozen
from ..system.descent import is_plain
from ..system.lock import is_held, locked
from ..system.operating_system import is_link
from ..system.ownership import closed_to_others
from ..system.reading import is_regular
from ..system.stopping import stoppable

LOCK = STATE / "lock"


@contextlib.contextmanager
def in_environment(environment: Environment) -> Iterator[None]:
    """Change an environment.

    Waits for other commands in it, and removes what interrupted ones have left. If no toolkit is
    left in the end, removes the lock too.

    Raises:
        FrozenError: when the environment is protected.
        FileSystemError: when the operating system refuses a change.
        Interrupted: on Ctrl-C and on signals that ask to stop.
    """
    assert_not_frozen(environment.prefix)
    check_writable(environment)
    free_lock(environment)
    try:
        with (
            stoppable(),
            closed_to_others(),
            locked(
                environment.prefix / LOCK,
                "another conda cuda in this environment",
                below=environment.prefix,
            ),
        ):
            # Another command may have written it while this one waited.
            environment.forget_state()
            try:
                roots.clean_up(environment)
                yield
            finally:
                # While it is held: those who wait for it see that it is gone and start anew.
                if not environment.toolkits():
                    _remove_lock(environment)
    except (OSError, KeyboardInterrupt, CondaSignalInterrupt, CondaMultiError) as error:
        # conda's transaction wraps what has stopped it.
        inner = innermost(error) if isinstance(error, CondaMultiError) else error
        if isinstance(inner, OSError):
            raise FileSystemError(inner, environment.prefix) from error
        if isinstance(inner, (KeyboardInterrupt, CondaSignalInterrupt)):
            raise Interrupted(environment.current_name()) from error
        if isinstance(inner, CondaHTTPError):
            raise answer_of(inner) from error
        if isinstance(inner, CudaError):
            raise inner from error
        raise


def check_writable(environment: Environment) -> None:
    """Refuse an environment that belongs to somebody else.

    Raises:
        CudaError: when a folder that changes cannot be written.
    """
    prefix = environment.prefix
    hooks = STATE.parent / Direction.ACTIVATE.value, STATE.parent / Direction.DEACTIVATE.value
    changed = (Path("etc"), STATE.parent, STATE, *hooks)
    for folder in (prefix, *(prefix / one for one in changed), environment.bin):
        if os.path.isdir(folder) and not os.access(folder, os.W_OK | os.X_OK):
            raise CudaError(
                f"The environment {prefix} cannot be changed: {folder} is not writable.",
                hints=["Make one of your own: conda create --name NAME"],
                prefix=prefix,
            )


def lock_in_the_way(environment: Environment) -> bool:
    """Whether something that is not a lock stands in its place."""
    path = environment.prefix / LOCK
    return os.path.lexists(path) and not is_regular(path)


def free_lock(environment: Environment) -> None:
    """Move aside what stands in the place of the lock or its folders.

    A link to another folder stays: somebody may want it so.
    """
    for folder in (*reversed(STATE.parents[:-1]), STATE):
        if is_link(environment.prefix / folder) and not (environment.prefix / folder).exists():
            environment.kept.append(environment.files.put_aside(folder))
    if lock_in_the_way(environment):
        environment.kept.append(environment.files.put_aside(LOCK))
    path = environment.prefix / LOCK
    with contextlib.suppress(OSError):
        if not is_plain(os.lstat(path)) and not is_held(path):
            # An environment that was copied by hard links shares it with the other one.
            environment.files.remove(LOCK)


def _remove_lock(environment: Environment) -> None:
    """Remove the lock, and the folders that hold nothing else."""
    with contextlib.suppress(OSError):
        environment.files.remove(LOCK)
        for folder in (STATE, *STATE.parents[:-1]):
            if not environment.files.remove_folder(folder):
                break
