"""Rules about LD_LIBRARY_PATH in the shell that has the environment active."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ..quoting import assignment
from ..system.reading import names_in
from .context import Context, Finding, Severity, rule
from .start_up import setters
from .wheels import askers_for, hidden_by


@rule("shell-unaware")
def unaware(context: Context) -> Iterator[Finding]:
    """The shell does not have the CUDA of the environment."""
    if _applies(context) and context.current is not None and context.place is None:
        yield Finding(
            "This shell has the environment active, but not its CUDA.",
            (_value(context), *_setters(context)),
            context.activation,
        )


@rule("ld-empty-element")
def empty_element(context: Context) -> Iterator[Finding]:
    """LD_LIBRARY_PATH has an empty element."""
    if _applies(context) and "" in context.library_path:
        yield Finding(
            "LD_LIBRARY_PATH has an empty element: every program looks for its libraries in the "
            "folder it is started in.",
            (_value(context), *_setters(context)),
            _tidy(context),
        )


@rule("ld-stubs")
def stubs(context: Context) -> Iterator[Finding]:
    """LD_LIBRARY_PATH leads to stubs."""
    if found := tuple(filter(is_stubs, _elements(context))):
        yield Finding(
            "LD_LIBRARY_PATH leads to stubs: they are for linking, and a program that loads them "
            "finds no GPU.",
            (*found, *_setters(context)),
            _tidy(context),
            severity=Severity.ERROR,
        )


@rule("ld-other-cuda-first")
def other_cuda_first(context: Context) -> Iterator[Finding]:
    """LD_LIBRARY_PATH has another CUDA first."""
    if found := _others(context):
        hidden = {name for element in found for name in hidden_by(context, element)}
        askers = askers_for(context.wheels, hidden)
        yield Finding(
            "LD_LIBRARY_PATH has another CUDA in front of this environment's.",
            (
                *(f"{element}: {_few(names)}" for element, names in found.items()),
                *askers,
                *_setters(context),
            ),
            _tidy(context),
            severity=Severity.ERROR if askers else Severity.WARNING,
        )


@rule("ld-whole-lib")
def whole_lib(context: Context) -> Iterator[Finding]:
    """LD_LIBRARY_PATH has the whole lib of an environment."""
    if found := tuple(filter(_is_whole_lib, _elements(context))):
        yield Finding(
            "LD_LIBRARY_PATH has the whole `lib` of an environment: the system's own programs "
            "(bash, git, ssh) may load their libraries from there and fail.",
            (*found, *_setters(context)),
            _tidy(context),
        )


def _others(context: Context) -> dict[str, list[str]]:
    """The folders that hide the toolkit's libraries, or those of wheels, and what they hide."""
    found, place = {}, context.place
    for number, element in enumerate(context.library_path if _applies(context) else ()):
        # An environment's `lib` and stubs have rules of their own.
        if element and number != place and not _is_whole_lib(element) and not is_stubs(element):
            if place is not None and number < place:
                found[element] = _overlap(context, element)
            elif hidden := hidden_by(context, element):
                # What the toolkit has is found there already.
                found[element] = [name for name in hidden if name not in context.libraries]
    return {element: names for element, names in found.items() if names}


def _applies(context: Context) -> bool:
    return context.active and not context.broken and not context.platform.windows


def _elements(context: Context) -> list[str]:
    return [element for element in context.library_path if element] if _applies(context) else []


def _setters(context: Context) -> Iterator[str]:
    return setters(context, "LD_LIBRARY_PATH")


def _value(context: Context) -> str:
    value = context.variables.get("LD_LIBRARY_PATH")
    return "LD_LIBRARY_PATH is not set" if value is None else f"LD_LIBRARY_PATH={value}"


def is_stubs(element: str) -> bool:
    """Whether a folder holds stubs, by its name."""
    return Path(element).name == "stubs"


def _is_whole_lib(element: str) -> bool:
    """Whether a folder is the `lib` of a conda environment, and not of a toolkit's root."""
    path = Path(os.path.abspath(element))
    return (
        path.name == "lib"
        and (path.parent / "conda-meta").is_dir()
        and not (path.parent / "toolkit.yaml").is_file()
    )


def _overlap(context: Context, element: str) -> list[str]:
    """The libraries that a folder and the current toolkit both have, as different files.

    Without any, the folder's CUDA runtime of another release.
    """
    ours, there = context.environment.link / "lib64", names_in(element)
    found = [
        name
        for name in there
        if name in context.libraries
        and os.path.realpath(os.path.join(element, name)) != os.path.realpath(ours / name)
    ]
    return found or [
        name for name in there if name.startswith("libcudart.so.") and name not in context.libraries
    ]


def _few(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _tidy(context: Context) -> str:
    """The command that removes from LD_LIBRARY_PATH of this shell all that rules find there."""
    others = _others(context)
    kept = [
        element
        for element in context.library_path
        if element
        and element not in others
        and not is_stubs(element)
        and not _is_whole_lib(element)
    ]
    return assignment("LD_LIBRARY_PATH", ":".join(kept) or None, context.variables)
