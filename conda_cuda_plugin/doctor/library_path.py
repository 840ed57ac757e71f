"""Rules about LD_LIBRARY_PATH in the shell that has the environment active."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..quoting import assignment
from .patient import Finding, Patient, Severity


def unaware(patient: Patient) -> Iterator[Finding]:
    """`shell-unaware`."""
    if _applies(patient) and patient.place is None:
        yield Finding(
            "shell-unaware",
            Severity.WARNING,
            "This shell has the environment active, but not its CUDA.",
            (_value(patient),),
            patient.activation,
        )


def empty_element(patient: Patient) -> Iterator[Finding]:
    """`ld-empty-element`."""
    if _applies(patient) and "" in patient.library_path:
        yield Finding(
            "ld-empty-element",
            Severity.WARNING,
            "LD_LIBRARY_PATH has an empty element: every program looks for its libraries in the "
            "folder it is started in.",
            (_value(patient),),
            _tidy(patient),
        )


def stubs(patient: Patient) -> Iterator[Finding]:
    """`ld-stubs`."""
    found = [element for element in _elements(patient) if _is_stubs(element)]
    if found:
        yield Finding(
            "ld-stubs",
            Severity.ERROR,
            "LD_LIBRARY_PATH leads to stubs: they are for linking, and a program that loads them "
            "finds no GPU.",
            tuple(found),
            _tidy(patient),
        )


def other_cuda_first(patient: Patient) -> Iterator[Finding]:
    """`ld-other-cuda-first`."""
    found = _in_front(patient)
    if found:
        yield Finding(
            "ld-other-cuda-first",
            Severity.WARNING,
            "LD_LIBRARY_PATH has another CUDA in front of this environment's.",
            tuple(f"{element}: {_few(names)}" for element, names in found.items()),
            _tidy(patient),
        )


def whole_lib(patient: Patient) -> Iterator[Finding]:
    """`ld-whole-lib`."""
    found = [element for element in _elements(patient) if _is_whole_lib(element)]
    if found:
        yield Finding(
            "ld-whole-lib",
            Severity.WARNING,
            "LD_LIBRARY_PATH has the whole `lib` of an environment: the system's own programs "
            "(bash, git, ssh) may load their libraries from there and fail.",
            tuple(found),
            _tidy(patient),
        )


def _in_front(patient: Patient) -> dict[str, list[str]]:
    """The folders before ours that have another CUDA, and its libraries."""
    found: dict[str, list[str]] = {}
    if not _applies(patient) or patient.place is None:
        return found
    for element in patient.library_path[: patient.place]:
        # An environment's `lib` and stubs have rules of their own.
        if element and not _is_whole_lib(element) and not _is_stubs(element):
            names = _overlap(patient, element)
            if names:
                found[element] = names
    return found


def _applies(patient: Patient) -> bool:
    return patient.active and patient.current is not None and not patient.platform.windows


def _elements(patient: Patient) -> Sequence[str]:
    return [element for element in patient.library_path if element] if _applies(patient) else ()


def _value(patient: Patient) -> str:
    value = patient.variables.get("LD_LIBRARY_PATH")
    return "LD_LIBRARY_PATH is not set" if value is None else f"LD_LIBRARY_PATH={value}"


def _is_stubs(element: str) -> bool:
    return Path(element).name == "stubs"


def _is_whole_lib(element: str) -> bool:
    """Whether a folder is the `lib` of a conda environment, and not of a toolkit's root."""
    path = Path(os.path.abspath(element))
    return (
        path.name == "lib"
        and (path.parent / "conda-meta").is_dir()
        and not (path.parent / "toolkit.yaml").is_file()
    )


def _overlap(patient: Patient, element: str) -> list[str]:
    """The libraries that a folder and the current toolkit both have, as different files.

    Without any, the folder's CUDA runtime of another release.
    """
    ours = patient.environment.link / "lib64"
    try:
        there = sorted(os.listdir(element))
    except OSError:
        return []
    found = [
        name
        for name in there
        if name in patient.libraries
        and os.path.realpath(os.path.join(element, name)) != os.path.realpath(ours / name)
    ]
    return found or [
        name for name in there if name.startswith("libcudart.so.") and name not in patient.libraries
    ]


def _few(names: list[str], count: int = 3) -> str:
    more = f" and {len(names) - count} more" if len(names) > count else ""
    return ", ".join(names[:count]) + more


def _tidy(patient: Patient) -> str:
    """The command that takes all out of LD_LIBRARY_PATH of this shell that rules speak of."""
    others = _in_front(patient)
    kept = ":".join(
        element
        for element in patient.library_path
        if element
        and element not in others
        and not _is_stubs(element)
        and not _is_whole_lib(element)
    )
    return assignment("LD_LIBRARY_PATH", kept or None, patient.variables)
