"""`conda cuda export`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from conda.base.context import context
from conda.cli import helpers

from ...environment import Environment
from ...errors import UsageError
from ...lockfile import cuda_file, environment_yml
from ...lockfile.export import Form, Others, describe, write
from ...lockfile.other_platforms import describe_on, platforms_in
from ...platforms import platform_of
from ..common import (
    add_common_options,
    name_of,
    print_json,
    say,
    target_environment,
    this_platform,
    warn,
)
from ..content import settled_request

EPILOG = """\
conda cuda apply FILE gives another environment exactly the same. With
--environment FILE is an environment.yml: apply makes the environment, too.

examples:
  conda cuda export                 show what the environment's CUDA is made of
  conda cuda export -f cuda.yaml    write it into a file, or update the file
  conda cuda export --environment   environment and CUDA as one file
"""


def configure_parser(parser: ArgumentParser) -> None:
    """The options of `export`."""
    parser.add_argument(
        "-f",
        "--file",
        dest="cuda_file",
        metavar="FILE",
        help="Write into FILE. In one that is there, comments and order stay.",
    )
    parser.add_argument(
        "--all",
        dest="cuda_all",
        action="store_true",
        help="All toolkits of the environment, not the current one alone.",
    )
    parser.add_argument(
        "--environment",
        dest="cuda_environment",
        action="store_true",
        help="Write an environment.yml: conda's packages, and a section cuda: for the toolkit.",
    )
    parser.add_argument(
        "--from-history",
        dest="cuda_from_history",
        action="store_true",
        help="With --environment: what was asked for, in place of exactly what is there.",
    )
    parser.add_argument(
        "--platform",
        dest="cuda_platforms",
        metavar="PLATFORM",
        action="append",
        help="Describe the same toolkit for this platform too, in the same file: linux-64, "
        "linux-aarch64 or win-64. May be given more than once. Default: the platforms that FILE "
        "has already.",
    )
    add_common_options(parser)
    helpers.add_parser_networking(parser)


def execute(args: Namespace) -> int:
    """Describe, then print or write."""
    environment, platform = target_environment(args), this_platform()
    _check(args)
    form: Form = cuda_file
    if args.cuda_environment:
        form = environment_yml
        content = environment_yml.describe(environment, from_history=args.cuda_from_history)
        not_promised = environment_yml.doubts(environment)
    else:
        content = describe(
            environment, platform, everything=args.cuda_all, others=_others(args, environment)
        )
        not_promised = content.get("not-promised", [])
    path = Path(args.cuda_file).expanduser().absolute() if args.cuda_file else None
    changed = write(path, content, form) if path else None
    for sentence in not_promised:
        warn(f"not promised: {sentence}")
    if context.json:
        print_json(
            {
                "success": True,
                "environment": str(environment.prefix),
                "file": str(path) if path else None,
                "changed": changed,
                "content": {name: value for name, value in content.items() if value is not None},
                "not_promised": not_promised,
            }
        )
    elif path is None:
        print(form.new_text(content), end="")
    else:
        already = "" if changed else " already"
        what = "what is in" if args.cuda_environment else "what CUDA"
        has = "" if args.cuda_environment else " has"
        say(f"{path} says {what} {name_of(environment)}{has}{already}.")
    return 0


def _others(args: Namespace, environment: Environment) -> Others | None:
    """What describes toolkits for other platforms; None where none are wanted."""
    here = this_platform()
    if args.cuda_platforms:
        named = [platform_of(name) for name in dict.fromkeys(args.cuda_platforms)]
    else:
        file = Path(args.cuda_file).expanduser() if args.cuda_file else None
        named = platforms_in(file) if file else []
    wanted = [platform for platform in named if platform != here]
    if not wanted:
        return None
    settled = settled_request(here)
    return lambda toolkits: describe_on(wanted, toolkits, environment, settled)


def _check(args: Namespace) -> None:
    """Refuse options that mean nothing together.

    Raises:
        UsageError: in words.
    """
    if args.cuda_from_history and not args.cuda_environment:
        raise UsageError(
            "--from-history goes with --environment: a cuda.yml has exact packages.",
            hints=["conda cuda export --environment --from-history"],
        )
    if args.cuda_environment and args.cuda_platforms:
        raise UsageError(
            "--platform does not go with --environment: such a file is for all platforms.",
            hints=["conda cuda export --platform PLATFORM writes exact packages for several."],
        )
    if args.cuda_environment and args.cuda_all:
        raise UsageError(
            "--all does not go with --environment: the file asks for one toolkit.",
            hints=["conda cuda export --all writes a cuda.yml with all toolkits."],
        )
