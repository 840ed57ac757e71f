"""`conda cuda list`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import Any

from ..environment import Environment
from ..errors import CudaError
from .common import (
    add_common_options,
    contents,
    name_of,
    print_json,
    say,
    table,
    target_environment,
    this_platform,
    toolkit_document,
    warn,
)

EPILOG = """\
examples:
  conda cuda list                this environment's toolkits, * the current one
  conda cuda list --available    the releases that each source has
"""


def configure_parser(parser: ArgumentParser) -> None:
    """The options of `list`."""
    from conda.cli import helpers

    parser.epilog = EPILOG
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--envs", action="store_true", dest="cuda_envs", help="The toolkits of all environments."
    )
    which.add_argument(
        "--available",
        action="store_true",
        dest="cuda_available",
        help="The releases that the sources have.",
    )
    which.add_argument(
        "--system",
        action="store_true",
        dest="cuda_system",
        help="The toolkits installed on this machine outside of environments.",
    )
    parser.add_argument(
        "-c",
        "--channel",
        dest="cuda_channels",
        metavar="CHANNEL",
        action="append",
        help="With --available: look in this channel.",
    )
    add_common_options(parser)
    helpers.add_parser_networking(parser)


def execute(args: Namespace) -> int:
    """Show one of the four lists."""
    if args.cuda_envs:
        return _all_environments()
    if args.cuda_available:
        return _available(args)
    if args.cuda_system:
        return _system()
    return _environment(target_environment(args))


def _environment(environment: Environment) -> int:
    from conda.base.context import context

    current, toolkits = environment.current_name(), environment.toolkits()
    if context.json:
        print_json(_document(environment))
        return 0
    say(f"# CUDA toolkits in {name_of(environment)} ({environment.prefix})")
    if not toolkits:
        say("# none; conda cuda use VERSION installs one")
        return 0
    rows = [("", "toolkit", "version", "contents", "origin")]
    for toolkit in toolkits:
        rows.append(
            (
                "*" if toolkit.name == current else " ",
                toolkit.name,
                str(toolkit.version),
                contents(toolkit),
                _origin(toolkit),
            )
        )
    say(*table(rows, indent=""))
    return 0


def _all_environments() -> int:
    from conda.base.context import context

    from ..conda_compat import known_prefixes

    found = [Environment(prefix) for prefix in known_prefixes()]
    found = [environment for environment in found if environment.toolkits()]
    if context.json:
        print_json({"environments": [_document(environment) for environment in found]})
        return 0
    if not found:
        say("# no environment has a CUDA toolkit; conda cuda use VERSION installs one")
        return 0
    rows = [("environment", "", "version", "contents", "origin")]
    for environment in found:
        current = environment.current_name()
        for toolkit in environment.toolkits():
            rows.append(
                (
                    name_of(environment),
                    "*" if toolkit.name == current else " ",
                    str(toolkit.version),
                    contents(toolkit),
                    _origin(toolkit),
                )
            )
    say(*table(rows, indent=""))
    return 0


def _available(args: Namespace) -> int:
    from conda.base.context import context

    from ..sources.table import sources

    platform = this_platform()
    environment = target_environment(args) if context.active_prefix or _named(args) else None
    channels = tuple(args.cuda_channels or context.plugins.cuda_channels)
    releases: dict[str, dict[str, list[str]]] = {}
    problems: dict[str, str] = {}
    for name, source in sources().items():
        try:
            found = source.available(platform, environment, channels, bool(context.offline))
        except CudaError as error:
            problems[name] = error.message
            continue
        for version, where in found:
            releases.setdefault(version.release, {}).setdefault(name, []).append(
                f"{version}" if name == "pypi" else where
            )
    newest_first = sorted(releases, key=lambda text: tuple(map(int, text.split("."))), reverse=True)
    if context.json:
        print_json(
            {
                "available": [{"release": text, **releases[text]} for text in newest_first],
                "problems": problems,
            }
        )
        return 0
    rows: list[Sequence[str]] = [("release", "channel", "pypi", "system", "environment")]
    for text in newest_first:
        row = releases[text]
        rows.append(
            (
                text,
                ", ".join(sorted(set(row.get("channel", [])))) or "-",
                _newest(row.get("pypi", [])),
                ", ".join(row.get("system", [])) or "-",
                "yes" if "environment" in row else "-",
            )
        )
    say(*table(rows, indent=""))
    for problem in problems.values():
        warn(f"# {problem}")
    return 0


def _system() -> int:
    from conda.base.context import context

    from ..sources.system import SystemSource

    found = SystemSource().find(this_platform())
    if context.json:
        print_json(
            {
                "system": [
                    {
                        "version": str(toolkit.version),
                        "path": str(toolkit.path),
                        "read_from": toolkit.evidence,
                        "nvcc": toolkit.has_nvcc,
                    }
                    for toolkit in found
                ]
            }
        )
        return 0
    if not found:
        say("# no CUDA toolkit is installed on this machine outside of environments")
        return 0
    rows = [("version", "path", "nvcc")]
    rows += [(str(t.version), str(t.path), "yes" if t.has_nvcc else "no") for t in found]
    say(*table(rows, indent=""))
    return 0


def _document(environment: Environment) -> dict[str, Any]:
    current = environment.current_name()
    return {
        "environment": str(environment.prefix),
        "name": name_of(environment),
        "current": current,
        "toolkits": [toolkit_document(t, current) for t in environment.toolkits()],
    }


def _origin(toolkit: Any) -> str:
    if toolkit.origin is None:
        return "-"
    text: str = toolkit.origin.value
    return f"{text} ({toolkit.location})" if toolkit.location else text


def _newest(versions: Sequence[str]) -> str:
    from ..versions import CudaVersion

    return str(max(map(CudaVersion.parse, versions))) if versions else "-"


def _named(args: Namespace) -> bool:
    return bool(getattr(args, "name", None) or getattr(args, "prefix", None))
