"""What conda cuda adds to errors of conda's own that mention `__cuda`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from ..quoting import assignment
from ..verdict.driver_rules import driver_cuda
from .machine import machine_for


def hints() -> Iterator[Any]:
    """What `__cuda` stands for, as conda has found it, and what to do next."""
    # conda has it from 26.7 on.
    from conda.plugins.types import CondaErrorHint

    cuda = driver_cuda(machine_for(None))
    if cuda is None:
        yield CondaErrorHint(
            "__cuda stands for the NVIDIA driver, and none was found here. For another machine, "
            "say what its driver runs, such as 12.4, and ask conda again: "
            + assignment("CONDA_OVERRIDE_CUDA", "12.4", os.environ),
            "cuda_no_driver",
        )
    else:
        yield CondaErrorHint(
            f"__cuda stands for the NVIDIA driver, which runs CUDA up to {cuda.release} here. "
            "`conda cuda match torch` shows the builds of PyTorch that it runs, TensorFlow's and "
            "JAX's likewise.",
            "cuda_driver",
        )
    yield CondaErrorHint("`conda cuda info` shows driver and GPUs.", "cuda_info")
