"""The cuDNN that the environment's framework was built with: offered, never forced."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..addons import addons_of, check_major
from ..errors import CudaError

if TYPE_CHECKING:
    from ..compat.framework import Framework
    from .use_plan import Plan


@dataclass(frozen=True)
class Recommendation:
    """An add-on that the plan does not have and a framework wants."""

    addon: str
    version: str
    """As much of it as matters: `9.1`."""
    framework: str
    """The framework with its version: `torch 2.5.1`."""

    @property
    def option(self) -> str:
        """What to add to the command."""
        return f"--{self.addon} {self.version}"


def recommended(plan: Plan) -> Recommendation | None:
    """The cuDNN to offer with a plan; None when nobody needs it or it is there.

    A framework counts that was built for CUDA and a cuDNN and does not bring its own. Only plans
    that install something are looked at: a switch must stay cheap.
    """
    offer = plan.offer
    if offer is None or offer.origin.adopted or "cudnn" in plan.request.addons:
        return None
    if "cudnn" in addons_of(f"{package.name}-{package.version}-0" for package in offer.packages):
        return None
    from ..compat.framework import Backend
    from ..compat.frameworks import find_frameworks

    for framework in find_frameworks(plan.environment.prefix):
        if framework.backend is not Backend.CUDA or framework.brings_cuda:
            continue
        version = wanted_version(framework)
        if version is None:
            continue
        try:
            check_major({"cudnn": version}, offer.version.major)
        except CudaError:
            # Built for another CUDA; the doctor says so.
            continue
        return Recommendation("cudnn", version, f"{framework.name} {framework.version}")
    return None


def wanted_version(framework: Framework) -> str | None:
    """The cuDNN a framework wants, as `--cudnn` takes it: `9.1` for `9.1.0.70`.

    Of a range its beginning is taken (`>=9.8,<10`): what was tested at least.
    """
    match = re.match(r"(?:>=|==|~=)?\s*(\d+(?:\.\d+)?)", framework.cudnn or "", re.ASCII)
    return match[1] if match else None
