"""conda cuda's settings in condarc and in the environment, checked."""

from __future__ import annotations

from ..errors import UsageError
from ..toolkit import Flavor


def default_flavor() -> Flavor:
    """`plugins.cuda_flavor`: how much of a toolkit to install when nobody says.

    Raises:
        UsageError: when it is no flavor.
    """
    from conda.base.context import context

    text = str(context.plugins.cuda_flavor or Flavor.RUNTIME.value)
    try:
        return Flavor(text)
    except ValueError as error:
        raise UsageError(
            f"The setting plugins.cuda_flavor is {text!r}, which is no flavor.",
            hints=[f"Flavors: {', '.join(flavor.value for flavor in Flavor)}."],
            setting="cuda_flavor",
        ) from error


def always_pin() -> bool:
    """`plugins.cuda_pin`: whether `use` pins without being told."""
    from conda.base.context import context

    return bool(context.plugins.cuda_pin)


def source_order() -> tuple[str, ...]:
    """`plugins.cuda_sources`: the sources to ask without `--from`, best first; empty for our order.

    Raises:
        UsageError: when one is no source.
    """
    from conda.base.context import context

    from ..sources.table import NAMES

    order = tuple(map(str, context.plugins.cuda_sources))
    for name in order:
        if name not in NAMES:
            raise UsageError(
                f"The setting plugins.cuda_sources names {name!r}, which is no source.",
                hints=[f"Sources: {', '.join(NAMES)}."],
                setting="cuda_sources",
            )
    return order
