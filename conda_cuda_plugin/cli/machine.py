"""The machine a command is about: this one, or the one that `--for` describes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import UsageError
from ..machine.detect import detect
from ..machine.machine import Machine
from ..machine.spec import is_machine_text, state_machine
from .common import this_platform

if TYPE_CHECKING:
    from ..machine.machine import Machine


def machine_for(text: str | None) -> Machine:
    """The machine that a text describes, else this one, without what only compiling needs.

    Raises:
        UsageError: when the text makes no sense.
    """

    if text is None:
        return detect(full=False, compiler=False)

    return state_machine(text, Machine(windows=this_platform().windows))


def split_targets(texts: Sequence[str] | None) -> tuple[str | None, str | None]:
    """The values of `--for` as (machine, framework).

    Raises:
        UsageError: when one of them is named twice.
    """

    machines = [text for text in texts or () if is_machine_text(text)]
    frameworks = [text for text in texts or () if not is_machine_text(text)]
    for what, named in (("machine", machines), ("framework", frameworks)):
        if len(named) > 1:
            raise UsageError(
                f"--for names more than one {what}.",
                hints=['Several GPUs of one machine: --for "driver=550,cc=8.9+7.0"']
                if what == "machine"
                else ["Name the framework that matters most; conda cuda match shows the others."],
            )
    return next(iter(machines), None), next(iter(frameworks), None)
