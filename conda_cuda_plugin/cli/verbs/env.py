"""`conda cuda env`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable

from conda.base.context import context

from ...actions.kernelspec import edit_kernels
from ...actions.variables import (
    Variables,
    as_cmd,
    as_dockerfile,
    as_dotenv,
    as_powershell,
    as_sh,
    chosen_toolkit,
    variables_of,
)
from ..common import (
    add_common_options,
    facts,
    name_of,
    print_json,
    relative_to_home,
    say,
    target_environment,
    this_platform,
    warn_of_others,
)

FORMATS = ("sh", "powershell", "cmd", "json", "dotenv", "kernelspec", "dockerfile")

EPILOG = """\
sh, powershell and cmd are for scripts, dotenv for systemd's EnvironmentFile
and editors, dockerfile prints ENV lines. kernelspec edits the environment's
own Jupyter kernels, which then follow every switch; off and remove undo that.

examples:
  eval "$(conda cuda env)"                       in a script of sh
  conda cuda env --format powershell | Out-String | Invoke-Expression
  conda cuda env --format cmd >cuda.bat          then, in cmd: call cuda.bat
  conda cuda env 11.8 --format json              of another installed toolkit
  conda cuda env -n train --format dotenv >.env  for an editor or a service
  conda cuda env -n train --format kernelspec    for notebooks
"""


def configure_parser(parser: ArgumentParser) -> None:
    """The options of `env`."""
    parser.add_argument(
        "cuda_version",
        metavar="VERSION",
        nargs="?",
        help="An installed toolkit. Default: the current one, through the link that a switch "
        "turns.",
    )
    parser.add_argument(
        "--format",
        dest="cuda_format",
        choices=FORMATS,
        metavar="FORMAT",
        help=f"What will read it: {', '.join(FORMATS[:-1])} or {FORMATS[-1]}. Default: sh, and "
        "json under --json.",
    )
    add_common_options(parser)


def execute(args: Namespace) -> int:
    """Print the variables, or put them into the kernels."""
    form = args.cuda_format or ("json" if context.json else "sh")
    if form == "kernelspec":
        return _kernelspec(args)
    environment, platform = target_environment(args), this_platform()
    toolkit = chosen_toolkit(environment, args.cuda_version)
    variables = variables_of(environment, toolkit, platform, through_link=True)
    warn_of_others(environment, toolkit)
    document = {
        "success": True,
        "environment": str(environment.prefix),
        **facts(toolkit, "toolkit=name version"),
        "variables": variables.alone,
        # How they go together with what is set already.
        "prepended": ["LD_LIBRARY_PATH"] if variables.library is not None else [],
        "where_unset": ["XLA_FLAGS"] if variables.xla is not None else [],
    }
    if form == "json":
        print_json(document)
        return 0
    writers: dict[str, Callable[[Variables], str]] = {
        "sh": as_sh,
        "powershell": as_powershell,
        "cmd": as_cmd,
        "dotenv": lambda found: as_dotenv(found.alone),
        "dockerfile": as_dockerfile,
    }
    text = writers[form](variables)
    if context.json:
        print_json({**document, "format": form, "text": text})
    else:
        print(text, end="")
    return 0


def _kernelspec(args: Namespace) -> int:
    environment = target_environment(args)
    edited = edit_kernels(environment, args.cuda_version, this_platform())
    warn_of_others(environment, chosen_toolkit(environment, args.cuda_version))
    if context.json:
        rows = [facts(kernel, "path changed added kept") for kernel in edited]
        print_json({"success": True, "environment": str(environment.prefix), "kernels": rows})
        return 0
    for kernel in edited:
        what = "has CUDA's variables now" if kernel.changed else "has CUDA's variables already"
        say(f"{relative_to_home(kernel.path)} {what}.")
        if kernel.kept:
            say(f"  set there by you, and left as they are: {', '.join(kernel.kept)}")
    if any(kernel.changed for kernel in edited):
        say(f"conda cuda off removes them again; restart the kernels of {name_of(environment)}.")
    return 0
