"""Whether nvcc of a release accepts the host compiler."""

from __future__ import annotations

from ..versions import CudaVersion
from .finding import Reason
from .machine import Machine
from .tables import toolkit_row


def judge_compiler(version: CudaVersion, machine: Machine) -> Reason | None:
    """What is wrong with the host compiler; None when nothing is, or nothing is known.

    Source: crt/host_config.h of each release, as in data/compatibility.json.
    """
    compiler, row = machine.host_compiler, toolkit_row(version.release)
    if compiler is None or row is None or not compiler.version:
        return None
    text = ".".join(map(str, compiler.version))
    if compiler.name == "msvc":
        if row.msvc is None or len(compiler.version) < 2:
            return None
        # Compiler version 19.38 has _MSC_VER 1938.
        number = compiler.version[0] * 100 + compiler.version[1]
        if row.msvc[0] <= number < row.msvc[1]:
            return None
        return Reason(
            "host-compiler",
            f"nvcc of CUDA {version.release} accepts _MSC_VER {row.msvc[0]} to {row.msvc[1] - 1}; "
            f"{compiler.path} has {number}.",
            "Open the prompt of another Visual Studio toolset.",
        )
    newest = {"gcc": row.gcc, "clang": row.clang}.get(compiler.name)
    if newest is None or compiler.version[0] <= newest:
        return None
    older = f"g++-{newest}" if compiler.name == "gcc" else f"clang++-{newest}"
    return Reason(
        "host-compiler",
        f"nvcc of CUDA {version.release} accepts {compiler.name} up to {newest}; {compiler.path} "
        f"is {text}.",
        f"Let nvcc call an older one: nvcc -ccbin {older}",
    )
