"""The C library, and the compiler that nvcc would call."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from .machine import HostCompiler, Machine

_NUMBERS = re.compile(r"\d{1,4}(?:\.\d{1,6}){0,3}", re.ASCII)
EVIDENCE = "host_compiler"
"""Under which name a machine says what names the compiler: a variable, PATH, or the toolkit."""
_OPTIONS = ("-ccbin", "--compiler-bindir")


def find_libc(root: Path = Path("/")) -> str | None:
    """The C library, such as `glibc 2.36` or `musl`; None where it does not matter or say."""
    # What this process runs with; asking it is free.
    with contextlib.suppress(AttributeError, ValueError, OSError):
        if text := os.confstr("CS_GNU_LIBC_VERSION"):
            return text
    return "musl" if any((root / "lib").glob("ld-musl-*.so.1")) else None


def find_host_compiler(
    variables: Mapping[str, str], *, windows: bool = False, timeout: float = 5
) -> tuple[HostCompiler, str] | None:
    """The compiler that nvcc would call, and what names it.

    nvcc takes -ccbin from NVCC_PREPEND_FLAGS and NVCC_APPEND_FLAGS (conda's cuda-nvcc sets the
    former), then NVCC_CCBIN, then gcc (on Windows cl) on PATH; CC means nothing to it. Source:
    NVIDIA's nvcc manual, "NVCC Environment Variables".

    Returns:
        None when there is none, or it does not report its version in time.
    """
    if windows:
        return _visual_cpp(variables)
    named, why = _named(variables)
    if os.path.isdir(named):
        named = os.path.join(named, "gcc")
    path = shutil.which(named, path=variables.get("PATH", ""))
    if path is None:
        return None
    name = "clang" if "clang" in os.path.basename(path) else "gcc"
    words = ["--version"] if name == "clang" else ["-dumpfullversion", "-dumpversion"]
    try:
        done = subprocess.run(
            [path, *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            env={**variables, "LC_ALL": "C"},
        )
    except (OSError, subprocess.TimeoutExpired, ValueError):
        return None
    text = done.stdout.decode("utf-8", "replace")
    if name == "clang":
        text = text.partition("version ")[2]
    version = _version(text.strip())
    return None if done.returncode or not version else (HostCompiler(name, version, path), why)


def seen_by_toolkit(machine: Machine, version: str | None, path: Path | None) -> Machine:
    """The machine as nvcc of a toolkit sees it that may have a C++ compiler of its own.

    What a variable of the machine names goes before the toolkit's own.
    """
    evidence = dict(machine.evidence)
    numbers = _version(version or "")
    if path is None or not numbers or evidence.get(EVIDENCE, "PATH") != "PATH":
        return machine
    own = HostCompiler("gcc", numbers, str(path))
    evidence[EVIDENCE] = "the toolkit"
    return replace(machine, host_compiler=own, evidence=tuple(evidence.items()))


def _named(variables: Mapping[str, str]) -> tuple[str, str]:
    """The compiler that is asked for, and the variable that does."""
    # Appended options come last on nvcc's command line, and the last one counts.
    for variable in ("NVCC_APPEND_FLAGS", "NVCC_PREPEND_FLAGS"):
        try:
            words = shlex.split(variables.get(variable, ""))
        except ValueError:
            continue
        found = None
        for word, after in itertools.pairwise([*words, ""]):
            option, equals, value = word.partition("=")
            if option in _OPTIONS:
                found = value if equals else after
        if found:
            return found, variable
    if variables.get("NVCC_CCBIN"):
        return variables["NVCC_CCBIN"], "NVCC_CCBIN"
    return "gcc", "PATH"


def _version(text: str) -> tuple[int, ...]:
    """The numbers that a text begins with; empty when it does not."""
    match = _NUMBERS.match(text)
    return tuple(map(int, match[0].split("."))) if match else ()


def _visual_cpp(variables: Mapping[str, str]) -> tuple[HostCompiler, str] | None:
    """Visual C++ of a developer prompt: tools 14.38 are compiler 19.38 (_MSC_VER 1938)."""
    tools = variables.get("VCTOOLSVERSION") or variables.get("VCToolsVersion") or ""
    match = re.match(r"14\.(\d\d)", tools, re.ASCII)
    path = shutil.which("cl", path=variables.get("PATH", ""))
    if match is None:
        return None
    return HostCompiler("msvc", (19, int(match[1])), path or "cl"), "VCToolsVersion"
