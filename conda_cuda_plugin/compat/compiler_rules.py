"""Whether nvcc of a release accepts the host compiler."""

from __future__ import annotations

from ..versions import CudaVersion
from .finding import Reason
from .host_compiler import EVIDENCE
from .machine import Machine
from .tables import toolkit_row


def judge_compiler(
    version: CudaVersion, machine: Machine, install: str | None = None
) -> Reason | None:
    """What is wrong with the host compiler; None when nothing is, or nothing is known.

    Source: crt/host_config.h of each release, as in data/compatibility.json.

    Args:
        version: the release.
        machine: detected or stated, as nvcc of the toolkit sees it.
        install: the command that installs a compiler into the toolkit; empty when that cannot be
            done, None for the usual one.
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
    if install is None:
        install = f"conda cuda use {version.release} --host-compiler"
    return Reason(
        "host-compiler",
        f"nvcc of CUDA {version.release} accepts {compiler.name} up to {newest}; {compiler.path} "
        f"is {text}.",
        _cure(older, dict(machine.evidence).get(EVIDENCE, "PATH"), install),
    )


def _cure(older: str, named_by: str, install: str) -> str:
    """What to do about a compiler that is too new.

    Args:
        older: one that is accepted.
        named_by: the variable that names the compiler, or PATH.
        install: the command that installs one; empty when that cannot be done.
    """
    if named_by.startswith("NVCC_"):
        cure = f"{named_by} names it: name an older one there ({older})"
        return f"{cure}, or none, then: {install}" if install else f"{cure}."
    cure = f"nvcc -ccbin {older} calls an older one of this machine."
    return f"{install} installs one that fits; or: {cure}" if install else cure
