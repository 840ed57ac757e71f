"""The C library, and the compiler that nvcc would call."""

from __future__ import annotations

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
    try:
        # What this process runs with; asking it is free.
        text = os.confstr("CS_GNU_LIBC_VERSION")
    except (AttributeError, ValueError, OSError):
        text = None
    if text:
        return text
    return "musl" if any((root / "lib").glob("ld-musl-*.so.1")) else None


def find_host_compiler(
    variables: Mapping[str, str], *, windows: bool = False, timeout: float = 5
) -> tuple[HostCompiler, str] | None:
    """The compiler that nvcc would call, and what names it.

    nvcc takes -ccbin from NVCC_PREPEND_FLAGS and NVCC_APPEND_FLAGS (conda's cuda-nvcc sets the
    former), then NVCC_CCBIN, then gcc (on Windows cl) on PATH; CC means nothing to it. Source:
    NVIDIA's nvcc manual, "NVCC Environment Variables".

    Args:
        variables: environment variables.
        windows: whether nvcc calls Visual C++.
        timeout: seconds that the compiler may take to say its version.

    Returns:
        None when there is none, or it does not say its version.
    """
    if windows:
        return _visual_cpp(variables)
    named, why = _named(variables)
    path = _program(named, variables)
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
    match = _NUMBERS.match(text.strip())
    if done.returncode or match is None:
        return None
    return HostCompiler(name, tuple(int(number) for number in match[0].split(".")), path), why


def seen_by_toolkit(machine: Machine, version: str | None, path: Path | None) -> Machine:
    """The machine as nvcc of a toolkit sees it that has a C++ compiler of its own.

    Args:
        machine: the machine; what a variable names there goes before the toolkit's own.
        version: the compiler's version; None when the toolkit has none.
        path: where the compiler is, or will be; None when the toolkit has none.
    """
    evidence = dict(machine.evidence)
    numbers = _NUMBERS.match(version or "")
    if path is None or numbers is None or evidence.get(EVIDENCE, "PATH") != "PATH":
        return machine
    own = HostCompiler("gcc", tuple(int(number) for number in numbers[0].split(".")), str(path))
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
        for position, word in enumerate(words):
            option, equals, value = word.partition("=")
            if option in _OPTIONS:
                after = words[position + 1 : position + 2]
                found = value if equals else (after[0] if after else None)
        if found:
            return found, variable
    if variables.get("NVCC_CCBIN"):
        return variables["NVCC_CCBIN"], "NVCC_CCBIN"
    return "gcc", "PATH"


def _program(named: str, variables: Mapping[str, str]) -> str | None:
    if os.path.isdir(named):
        named = os.path.join(named, "gcc")
    return shutil.which(named, path=variables.get("PATH", ""))


def _visual_cpp(variables: Mapping[str, str]) -> tuple[HostCompiler, str] | None:
    """Visual C++ of a developer prompt: tools 14.38 are compiler 19.38 (_MSC_VER 1938)."""
    tools = variables.get("VCTOOLSVERSION") or variables.get("VCToolsVersion") or ""
    match = re.match(r"14\.(\d\d)", tools, re.ASCII)
    path = shutil.which("cl", path=variables.get("PATH", ""))
    if match is None:
        return None
    return HostCompiler("msvc", (19, int(match[1])), path or "cl"), "VCToolsVersion"
