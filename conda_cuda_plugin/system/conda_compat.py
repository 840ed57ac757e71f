"""What differs between conda's versions (24.7 to 26.7), and the few private names that we need."""

from __future__ import annotations

import contextlib
import inspect
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import conda.plugins.types
from conda.base.context import context, env_name, locate_prefix_by_name
from conda.core.envs_manager import list_all_known_prefixes
from conda.core.prefix_data import PrefixData
from conda.exceptions import DryRunExit
from conda.models.channel import Channel

from ..errors import CudaError, FrozenError
from .reading import read_json


@contextlib.contextmanager
def settings(**values: Any) -> Iterator[None]:
    """Change some of conda's settings, as the command line does."""
    before = dict(context._argparse_args)
    context._set_argparse_args({**before, **values})
    try:
        yield
    finally:
        context._set_argparse_args(before)


@contextlib.contextmanager
def stdout_for_people() -> Iterator[None]:
    """Send what conda prints while it works to standard error; under --json and --quiet, nowhere.

    Standard output is for the result of the command, and conda's spinners ignore --quiet.
    """
    silent = context.json or context.quiet
    with stdout_nowhere() if silent else contextlib.redirect_stdout(sys.stderr):
        yield


@contextlib.contextmanager
def stdout_nowhere() -> Iterator[None]:
    """Discard what is printed to standard output."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere, contextlib.redirect_stdout(nowhere):
        yield


def confirm(question: str, default: str = "yes") -> None:
    """Ask, as `conda install` does, unless `--yes` or `--json` is given.

    Args:
        question: what to ask.
        default: what the Enter key alone answers, `yes` or `no`.

    Raises:
        DryRunExit: under `--dry-run`.
        CondaSystemExit: the user says no.
    """
    if context.dry_run:
        raise DryRunExit()
    if context.json or context.always_yes:
        return
    if not sys.stdin or not sys.stdin.isatty():
        # conda would ask for ever, or take the default.
        raise CudaError(
            "Cannot ask for confirmation: standard input is not a terminal.",
            hints=["Run the command again with --yes, or with --dry-run to see the plan only."],
        )
    try:
        from conda.reporters import confirm_yn
    except ImportError:
        from conda.cli.common import confirm_yn
    confirm_yn(question, default=default)


def virtual_packages() -> list[str]:
    """The virtual packages of this machine, such as `__glibc 2.36 0`."""
    manager = context.plugin_manager
    if hasattr(manager, "get_virtual_package_records"):
        found = [(one.name, one) for one in manager.get_virtual_package_records()]
    else:
        found = [(f"__{one.name}", one) for one in manager.get_virtual_packages()]
    return [f"{name} {one.version or 0} {one.build or 0}" for name, one in found]


def is_on_this_machine(channel: str) -> bool:
    """Whether a channel can be read without a connection."""
    return all(url.startswith("file:") for url in Channel(channel).urls())


def assert_not_frozen(prefix: Path) -> None:
    """Refuse to change a frozen environment (CEP 22; conda has them since 25.5).

    Raises:
        FrozenError: it is frozen, and conda is set to protect such environments.
    """
    is_frozen = getattr(PrefixData(str(prefix)), "is_frozen", None)
    if is_frozen is None or not is_frozen() or not getattr(context, "protect_frozen_envs", True):
        return
    reason = ""
    with contextlib.suppress(OSError, ValueError, TypeError, AttributeError):
        found = read_json(prefix / "conda-meta" / "frozen", 2**20)
        reason = " ".join(found.get("message", "").split())
    raise FrozenError(prefix, reason)


def has_transaction_actions() -> bool:
    """Whether conda runs plugins' actions after each transaction (25.5 and later)."""
    return hasattr(conda.plugins.types, "CondaPostTransactionAction")


def others_act_on_transactions() -> bool:
    """Whether another plugin has actions in conda's transactions."""
    manager = context.plugin_manager
    return any(
        action.name != "conda-cuda-refresh"
        for moment in ("pre_transaction_actions", "post_transaction_actions")
        if hasattr(manager, f"get_{moment}")
        for action in manager.get_hook_results(moment)
    )


def packages_of(prefix: Path, *, from_history: bool) -> dict[str, Any]:
    """An environment as `conda env export` has it: `channels`, `dependencies`, `variables`.

    With `from_history` the dependencies are what the user has asked for.
    """
    # Not at the top: no other command needs it.
    from conda.env.env import from_environment

    found: dict[str, Any] = from_environment(None, str(prefix), from_history=from_history).to_dict()
    return {key: value for key, value in found.items() if key not in ("name", "prefix")}


def file_format() -> str | None:
    """The format that the command line or the settings name for an environment's file, if any."""
    named = context._argparse_args.get("format")
    found = named if isinstance(named, str) else getattr(context, "environment_specifier", None)
    return str(found) if found else None


def named_files() -> tuple[str, ...]:
    """The files that the command line names with `--file`."""
    found = context._argparse_args.get("file")
    return (found,) if isinstance(found, str) else tuple(map(str, found or ()))


def is_environment_named() -> bool:
    """Whether the command line says which environment is meant."""
    return any(isinstance(context._argparse_args.get(key), str) for key in ("name", "prefix"))


def prefix_named(name: str) -> Path:
    """Where the environment of a name is, or would be made.

    Raises:
        CondaError: when conda takes no such name.
    """
    with settings(name=name, prefix=None):
        return Path(context.target_prefix)


def detail(error: BaseException, name: str) -> str:
    """An attribute of one of conda's errors; empty when it has none of that name."""
    return str(getattr(error, "_kwargs", {}).get(name, ""))


def first_line(error: BaseException) -> str:
    """The first line of an error's message; its class when it has none.

    Up to 26.7 conda formats messages with `%`, and fails at the `%20` of an address.
    """
    try:
        lines = str(error).strip().splitlines()
    except (TypeError, ValueError, KeyError):
        lines = []
    return lines[0] if lines else type(error).__name__


def prefix_of(command: str) -> str | None:
    """The environment that conda's last command has changed or made."""
    if command != "rename":
        return context.target_prefix  # type: ignore[no-any-return]
    # The old environment is gone; the new one is an argument.
    destination = str(context._argparse_args.get("destination") or "")
    if os.sep in destination:
        return os.path.abspath(os.path.expanduser(destination))
    return locate_prefix_by_name(destination)  # type: ignore[no-any-return]


def known_prefixes() -> list[Path]:
    """Every environment that conda knows."""
    return [Path(prefix) for prefix in list_all_known_prefixes()]


def display_name(prefix: Path) -> str:
    """What a user types after `conda activate`."""
    name: str | None = env_name(str(prefix))
    # A name that begins with a dash looks like an option.
    return name if name and not name.startswith("-") else str(prefix)


def health_check(
    name: str,
    action: Callable[[str, bool], None],
    fixer: Callable[[str, Any, Callable[[str], None]], int],
    summary: str,
    fix: str,
) -> Any:
    """A check for `conda doctor`; from 26.1 on it can fix, too."""
    more = {"fixer": fixer, "summary": summary, "fix": fix}
    known = inspect.signature(conda.plugins.types.CondaHealthCheck).parameters
    return conda.plugins.types.CondaHealthCheck(
        name=name, action=action, **{key: more[key] for key in more if key in known}
    )
