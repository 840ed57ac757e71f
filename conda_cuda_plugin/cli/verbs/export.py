"""`conda cuda export`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from conda.base.context import context

from ...lockfile.cuda_file import new_text
from ...lockfile.export import describe, write
from ..common import (
    add_common_options,
    name_of,
    print_json,
    say,
    target_environment,
    this_platform,
    warn,
)

EPILOG = """\
conda cuda apply FILE gives another environment exactly the same.

examples:
  conda cuda export                 show what the environment's CUDA is made of
  conda cuda export -f cuda.yaml    write it into a file, or update the file
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
    add_common_options(parser)


def execute(args: Namespace) -> int:
    """Describe, then print or write."""
    environment = target_environment(args)
    content = describe(environment, this_platform(), everything=args.cuda_all)
    path = Path(args.cuda_file).expanduser().absolute() if args.cuda_file else None
    changed = write(path, content) if path else None
    not_promised = content.get("not-promised", [])
    for sentence in not_promised:
        warn(f"not promised: {sentence}")
    if context.json:
        print_json(
            {
                "success": True,
                "environment": str(environment.prefix),
                "file": str(path) if path else None,
                "changed": changed,
                "content": content,
                "not_promised": not_promised,
            }
        )
    elif path is None:
        print(new_text(content), end="")
    else:
        already = "" if changed else " already"
        say(f"{path} says what CUDA {name_of(environment)} has{already}.")
    return 0
