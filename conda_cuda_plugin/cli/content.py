"""The options that say what of a toolkit is wanted and from where, and their settings."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import replace

from conda.base.context import context
from conda.cli import helpers

from ..addons import addons
from ..errors import UsageError
from ..platforms import Platform
from ..sources.base import ToolkitRequest
from ..sources.table import NAMES
from ..toolkit import Flavor
from ..versions import VersionRequest


def add_content_options(parser: ArgumentParser) -> None:
    """`--from`, `--flavor`, `--components`, the add-ons and the compiler."""
    parser.add_argument(
        "--from",
        dest="cuda_source",
        metavar="SOURCE|FILE|URL",
        help=f"One of {', '.join(NAMES)}; NVIDIA's installer (a .run file); or the folder or "
        "address of NVIDIA's redistrib_X.Y.Z.json.",
    )
    parser.add_argument(
        "--sha256",
        dest="cuda_sha256",
        metavar="HASH",
        help="The SHA-256 of the named installer, for one that conda cuda does not know.",
    )
    parser.add_argument(
        "--flavor",
        dest="cuda_flavor",
        choices=[flavor.value for flavor in Flavor],
        help="base: the CUDA runtime. runtime: the math libraries too. devel: nvcc, headers and "
        "tools too. Default: the setting plugins.cuda_flavor, else runtime.",
    )
    parser.add_argument(
        "--components",
        dest="cuda_components",
        metavar="NAME,NAME",
        help="Single components, in place of a flavor or in addition to one: cudart, cublas, "
        "nvcc, ... What they need is included.",
    )
    for name, addon in addons().items():
        parser.add_argument(
            f"--{name}",
            dest=f"cuda_{name}",
            metavar="VERSION",
            help=f"Add {addon.title} of this version; none leaves it out.",
        )
    parser.add_argument(
        "--host-compiler",
        dest="cuda_host_compiler",
        action="store_true",
        help="Install the newest C++ compiler that nvcc of this release accepts into the toolkit, "
        "and let nvcc call it.",
    )


def add_channel_options(parser: ArgumentParser) -> None:
    """`-c` and conda's options about the network."""
    channels = parser.add_argument_group("Channels")
    channels.add_argument(
        "-c",
        "--channel",
        dest="cuda_channels",
        metavar="CHANNEL",
        action="append",
        help="Take the toolkit from this channel; may be given more than once. Default: the "
        "setting plugins.cuda_channels, else conda-forge and nvidia.",
    )
    helpers.add_parser_networking(parser)


def content_request(args: Namespace, platform: Platform) -> ToolkitRequest:
    """The request for the newest toolkit with what the options say, else the settings.

    Raises:
        UsageError: when a setting makes no sense.
    """
    named = {name: getattr(args, f"cuda_{name}") for name in addons()}
    components = (name.strip() for name in (args.cuda_components or "").split(","))
    settled = settled_request(platform)
    return replace(
        settled,
        flavor=Flavor(args.cuda_flavor) if args.cuda_flavor else None,
        components=tuple(filter(None, components)),
        addons={name: version for name, version in named.items() if version is not None},
        host_compiler=args.cuda_host_compiler,
        channels=tuple(args.cuda_channels or settled.channels),
        sha256=args.cuda_sha256,
    )


def settled_request(platform: Platform) -> ToolkitRequest:
    """The request for the newest toolkit with what the settings say.

    Raises:
        UsageError: when a setting makes no sense.
    """
    return ToolkitRequest(
        VersionRequest.parse("latest"),
        platform,
        default_flavor=default_flavor(),
        channels=tuple(context.plugins.cuda_channels),
        offline=bool(context.offline),
        order=source_order(),
    )


def names_place(args: Namespace) -> bool:
    """Whether `--from` names a file, folder or address, which says itself which release it is."""
    return args.cuda_source is not None and args.cuda_source not in NAMES


def default_flavor() -> Flavor:
    """`plugins.cuda_flavor`: how much of a toolkit to install when nobody says.

    Raises:
        UsageError: when it is not a flavor.
    """
    text = str(context.plugins.cuda_flavor or Flavor.RUNTIME.value)
    try:
        return Flavor(text)
    except ValueError as error:
        raise UsageError(
            f"The setting plugins.cuda_flavor is {text!r}, which is not a flavor.",
            hints=[f"Flavors: {', '.join(flavor.value for flavor in Flavor)}."],
            setting="cuda_flavor",
        ) from error


def source_order() -> tuple[str, ...]:
    """`plugins.cuda_sources`: the sources to ask without `--from`, best first; empty for our order.

    Raises:
        UsageError: when one is not a source.
    """
    order = tuple(map(str, context.plugins.cuda_sources))
    for name in order:
        if name not in NAMES:
            raise UsageError(
                f"The setting plugins.cuda_sources names {name!r}, which is not a source.",
                hints=[f"Sources: {', '.join(NAMES)}."],
                setting="cuda_sources",
            )
    return order
