"""What conda cuda adds to errors of conda's own that mention `__cuda`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from typing import Any

from conda.base.context import context

from ..machine.machine import Machine
from ..packages.channel_records import is_at_hand
from ..packages.needs import Unmet, find_unmet, on_system
from ..quoting import assignment
from ..system.conda_compat import settings, virtual_packages
from ..verdict.driver_rules import driver_cuda
from .machine import machine_for

_MOST_WORDS = 100
_NAME = re.compile(r"(?<![\w.-])[a-z][a-z0-9._-]{0,60}(?![\w.-])")


def hints(error: Any) -> Iterator[Any]:
    """Which package wants what of driver and GPU, what there is, and what to do next."""
    # conda has it from 26.7 on.
    from conda.plugins.types import CondaErrorHint

    machine = machine_for(None)
    unmet = _unmet(str(error))
    if unmet is not None:
        yield CondaErrorHint(f"{unmet.text}.", "cuda_wanted")
        for code, text in unmet.hints(machine, os.environ).items():
            yield CondaErrorHint(text, code)
    else:
        yield CondaErrorHint(*_in_general(machine))
    yield CondaErrorHint("`conda cuda info` shows driver and GPUs.", "cuda_info")


def _unmet(message: str) -> Unmet | None:
    """The package that wants another machine; None where the indexes at hand do not tell."""
    try:
        # What a connection would have to bring takes too long for a hint.
        with settings(offline=True):
            here = [one for one in context.channels if is_at_hand(one, context.subdir)]
            system = on_system(virtual_packages())
            return find_unmet(here, context.subdir, _asked(message), system)
    except Exception:
        # conda has said what is wrong; this only adds to it.
        return None


def _asked(message: str) -> Sequence[str]:
    """What was asked for; where the command line does not say, what the message names."""
    words = context._argparse_args.get("packages") or ()
    if words and not context._argparse_args.get("file"):
        return tuple(map(str, words))
    return tuple(dict.fromkeys(_NAME.findall(message)))[:_MOST_WORDS]


def _in_general(machine: Machine) -> tuple[str, str]:
    """What `__cuda` stands for, as conda has found it."""
    cuda = driver_cuda(machine)
    if cuda is None:
        return (
            "__cuda stands for the NVIDIA driver, and none was found here. For another machine, "
            "say what its driver runs, such as 12.4, and ask conda again: "
            + assignment("CONDA_OVERRIDE_CUDA", "12.4", os.environ),
            "cuda_no_driver",
        )
    return (
        f"__cuda stands for the NVIDIA driver, which runs CUDA up to {cuda.release} here. "
        "`conda cuda match torch` shows the builds of PyTorch that it runs, TensorFlow's and "
        "JAX's likewise.",
        "cuda_driver",
    )
