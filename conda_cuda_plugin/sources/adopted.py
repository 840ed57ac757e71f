"""What cannot be done to a toolkit whose files stay where they are."""

from __future__ import annotations

from collections.abc import Mapping

from ..addons import NONE, addons, agrees
from ..versions import CudaVersion
from .base import NotOffered, ToolkitRequest


def check_adopted(
    request: ToolkitRequest,
    present: Mapping[str, str],
    source: str,
    version: CudaVersion,
    what: str,
) -> None:
    """Refuse to change the add-ons of a toolkit that is not ours.

    Args:
        request: what is wanted.
        present: the add-ons that are there, with their versions.
        source: the source that has the toolkit.
        version: the toolkit's.
        what: what it has, as the beginning of the reason.

    Raises:
        NotOffered: unless everything is there as it was asked for.
    """
    for name, wanted in request.addons.items():
        title, have = addons()[name].title, present.get(name)
        if have is None and wanted == NONE:
            continue
        if have is not None and wanted != NONE and agrees(wanted, have):
            continue
        hint = f"conda cuda use {version.release} --from channel   (installs one without it)"
        if wanted != NONE:
            hint = (
                f"conda cuda use {version.release} --{name} {wanted} --from channel   (installs a "
                "toolkit with it, for this environment alone; --from pypi too)"
            )
        if wanted == NONE:
            why = f"with {title} {have}, and conda cuda takes nothing away there"
        elif have is None:
            why = f"without {title}, and conda cuda adds nothing there"
        else:
            why = f"with {title} {have}, and conda cuda replaces nothing there"
        raise NotOffered(source, f"{what} {why}", hints=[hint])
