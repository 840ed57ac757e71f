"""Where conda's versions differ (24.7 to 26.7), and the few private names we need, in one place.

Nothing here is imported when conda starts; every caller imports it inside a function.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from conda.base.context import context

from ..errors import CudaError, FrozenError
from .reading import read_json


@contextlib.contextmanager
def settings(**values: Any) -> Iterator[None]:
    """Run with some of conda's settings changed, as if given on the command line."""
    before = dict(context._argparse_args)
    context._set_argparse_args({**before, **values})
    try:
        yield
    finally:
        context._set_argparse_args(before)


@contextlib.contextmanager
def stdout_for_people() -> Iterator[None]:
    """Send what conda prints while it works to standard error; under --json and --quiet nowhere.

    Standard output belongs to the result of the command, and conda's spinners talk even when
    they are told to be quiet.
    """
    if context.json or context.quiet:
        with stdout_nowhere():
            yield
    else:
        with contextlib.redirect_stdout(sys.stderr):
            yield


@contextlib.contextmanager
def stdout_nowhere() -> Iterator[None]:
    """Let nobody see what is printed to standard output."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere, contextlib.redirect_stdout(nowhere):
        yield


def confirm(question: str) -> None:
    """Ask, as ``conda install`` does; answered by ``--yes`` and by ``--json``.

    Raises:
        DryRunExit: under ``--dry-run``.
        CondaSystemExit: when the user says no.
    """
    if context.dry_run:
        from conda.exceptions import DryRunExit

        raise DryRunExit()
    if context.json or context.always_yes:
        return
    if not sys.stdin or not sys.stdin.isatty():
        # conda would loop over an empty answer, or take the default without a person.
        raise CudaError(
            "Nobody is there to answer the question whether to go on.",
            hints=["Run the command again with --yes, or with --dry-run to see the plan only."],
        )
    try:
        from conda.reporters import confirm_yn
    except ImportError:
        from conda.cli.common import confirm_yn
    confirm_yn(question)


def virtual_packages() -> list[str]:
    """What stands for this machine in dependencies: `__glibc 2.36 0` and the like."""
    manager = context.plugin_manager
    if hasattr(manager, "get_virtual_package_records"):
        found = manager.get_virtual_package_records()
    else:
        found = manager.get_virtual_packages()
    return [f"{one.name} {one.version} {one.build}" for one in found]


def is_on_this_machine(channel: str) -> bool:
    """Whether a channel can be read without a connection."""
    from conda.models.channel import Channel

    return all(url.startswith("file:") for url in Channel(channel).urls())


def assert_not_frozen(prefix: Path) -> None:
    """Refuse to change a frozen environment (CEP 22; conda knows them since 25.5).

    Raises:
        FrozenError: when it is frozen and conda is set to protect such environments.
    """
    from conda.core.prefix_data import PrefixData

    is_frozen = getattr(PrefixData(str(prefix)), "is_frozen", None)
    if is_frozen is not None and is_frozen() and getattr(context, "protect_frozen_envs", True):
        raise FrozenError(prefix, _why_frozen(prefix / "conda-meta" / "frozen"))


def _why_frozen(path: Path) -> str:
    """What whoever has frozen an environment says to those who would change it."""
    with contextlib.suppress(OSError, ValueError, TypeError, AttributeError):
        return " ".join(read_json(path, 2**20).get("message", "").split())
    return ""


def has_transaction_actions() -> bool:
    """Whether conda runs plugins' actions after each transaction (25.5 and later)."""
    import conda.plugins.types

    return hasattr(conda.plugins.types, "CondaPostTransactionAction")


def others_act_on_transactions() -> bool:
    """Whether a plugin besides this one has actions of its own in conda's transactions."""
    manager = context.plugin_manager
    return any(
        action.name != "conda-cuda-refresh"
        for moment in ("pre_transaction_actions", "post_transaction_actions")
        if hasattr(manager, f"get_{moment}")
        for action in manager.get_hook_results(moment)
    )


def detail(error: BaseException, name: str) -> str:
    """A fact that one of conda's errors carries; empty when it does not."""
    return str(getattr(error, "_kwargs", {}).get(name, ""))


def first_line(error: BaseException) -> str:
    """The first line of what an error says; its class when it cannot be said.

    conda takes the `%20` of an address for a format up to 26.7, and fails.
    """
    try:
        lines = str(error).strip().splitlines()
    except (TypeError, ValueError, KeyError):
        lines = []
    return lines[0] if lines else type(error).__name__


def prefix_of(command: str) -> str | None:
    """The environment that the command conda has just run has changed or made.

    Args:
        command: its name, as conda tells it to post-command hooks.
    """
    if command != "rename":
        return context.target_prefix  # type: ignore[no-any-return]
    # The environment that the command was about is gone; what it has become is an argument.
    destination = str(context._argparse_args.get("destination") or "")
    if os.sep in destination:
        return os.path.abspath(os.path.expanduser(destination))
    from conda.base.context import locate_prefix_by_name

    return locate_prefix_by_name(destination)  # type: ignore[no-any-return]


def known_prefixes() -> list[Path]:
    """Every environment conda knows of."""
    from conda.core.envs_manager import list_all_known_prefixes

    return [Path(prefix) for prefix in list_all_known_prefixes()]


def display_name(prefix: Path) -> str:
    """What a user types after `conda activate` for a prefix."""
    from conda.base.context import env_name

    name: str | None = env_name(str(prefix))
    # A name that begins with a dash would be taken for an option.
    return name if name and not name.startswith("-") else str(prefix)


def health_check(
    name: str,
    action: Callable[[str, bool], None],
    fixer: Callable[[str, Any, Callable[[str], None]], int],
    summary: str,
    fix: str,
) -> Any:
    """A check for `conda doctor`; it can fix only where conda knows of fixers (26.1 and later)."""
    import inspect

    from conda.plugins.types import CondaHealthCheck

    more = {"fixer": fixer, "summary": summary, "fix": fix}
    known = inspect.signature(CondaHealthCheck).parameters
    return CondaHealthCheck(
        name=name, action=action, **{key: more[key] for key in more if key in known}
    )
