"""Rules about what CUDA_HOME, CPATH, NVCC and their like name in the shell."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from ..frameworks.framework import Backend, Framework
from ..hooks import ROOT_VARIABLES
from ..quoting import assignment
from ..versions import CudaVersion
from .context import Context, Finding, Severity, rule
from .library_path import is_stubs
from .named import BUILDS, OF_A_RELEASE, Named, without
from .start_up import setters

_STATE_OF_HOOKS = "__CONDA_CUDA_"


@rule("cuda-home-other-environment")
def other_environment(context: Context) -> Iterator[Finding]:
    """CUDA_HOME is another environment's."""
    found = {name: value for name, value in _set(context).items() if _other(context, value)}
    if not found:
        return
    others = sorted({str(_other(context, value)) for value in found.values()})
    summary = f"This shell builds with the CUDA of another environment: {', '.join(others)}."
    if context.current is not None:
        evidence = _shown(context, found)
        yield Finding(summary, evidence, context.activation, severity=Severity.ERROR)
        return
    for name in found:
        cure = assignment(name, None, context.variables, windows=context.platform.windows)
        yield Finding(summary, _shown(context, {name: found[name]}), cure)


@rule("cuda-home-path-disagree")
def disagree(context: Context) -> Iterator[Finding]:
    """CUDA_HOME and CUDA_PATH disagree."""
    found = _set(context)
    home, path = found.get("CUDA_HOME"), found.get("CUDA_PATH")
    if any(_other(context, value) for value in found.values()):
        return
    if not home or not path or os.path.realpath(home) == os.path.realpath(path):
        return
    cure = context.activation
    if context.current is None:
        releases = [named.release for named in context.paths if named.path in (home, path)]
        if None in releases or len({str(release) for release in releases}) < 2:
            return
        cure = assignment("CUDA_PATH", home, context.variables, windows=context.platform.windows)
    yield Finding(
        "CUDA_HOME and CUDA_PATH name two toolkits: which one is used depends on the program.",
        _shown(context, {"CUDA_HOME": home, "CUDA_PATH": path}),
        cure,
    )


@rule("cuda-home-elsewhere")
def elsewhere(context: Context) -> Iterator[Finding]:
    """All agree, on a toolkit that is not the environment's."""
    ours = os.path.realpath(context.environment.link)
    strange = {
        name: value
        for name, value in _set(context).items()
        if not _other(context, value) and os.path.realpath(value) != ours
    }
    if context.current is not None and strange and not disagree.findings(context):
        verb = "do" if len(strange) > 1 else "does"
        yield Finding(
            f"{' and '.join(strange)} of this shell {verb} not name the environment's toolkit.",
            _shown(context, strange),
            context.activation,
        )


@rule("variable-other-cuda")
def other_cuda(context: Context) -> Iterator[Finding]:
    """A variable that compilers or build tools read names another CUDA."""
    if not context.active or context.broken:
        return
    first: dict[str, Named] = {}
    for named in context.paths:
        # Of several folders the first one is used.
        if named.release is not None:
            first.setdefault(named.variable, named)
    judged = {name: named for name, named in first.items() if not _has_a_rule(context, named)}
    wanted, fits = _wanted(context, [judged[name] for name in BUILDS if name in judged])
    for name, named in judged.items():
        evidence, right = wanted, fits
        if match := OF_A_RELEASE.fullmatch(name):
            release = f"{match[1]}.{match[2]}"
            evidence, right = f"{name}: by its name CUDA {release}", partial(_is, release)
        elif name not in BUILDS:
            continue
        others = {
            other.path: other.release
            for other in context.paths
            if other.variable == name and other.release and not right(other.release)
        }
        if found := others.get(named.path):
            yield _finding(
                context,
                f"{name} of this shell names CUDA {found.release}: what is built here mixes it "
                "with another one.",
                name,
                set(others),
                f"{named.path}: CUDA {found}",
                evidence,
            )


@rule("variable-gone")
def gone(context: Context) -> Iterator[Finding]:
    """A variable leads to a folder of CUDA that does not exist."""
    if not context.active:
        return
    left = left_behind(context)
    if left:
        yield Finding(
            "This shell still leads to the toolkit that was current here, and none is any more.",
            _shown(context, left),
            context.activation,
        )
    lost: dict[str, set[str]] = {}
    for named in context.paths:
        has_a_rule = named.variable in left or is_stubs(named.path) or _of_the_link(context, named)
        if named.about_cuda and not named.exists and not has_a_rule:
            lost.setdefault(named.variable, set()).add(named.path)
    for name, paths in lost.items():
        what = ", ".join(sorted(paths))
        summary = f"{name} of this shell leads to what does not exist: {what}."
        yield _finding(context, summary, name, paths)


def left_behind(context: Context) -> dict[str, str]:
    """The variables of the shell that hooks have set for a toolkit that is current no more.

    conda undoes them when the environment is deactivated or activated again: the deactivate hooks
    are still there.
    """
    undone = any(name.startswith(_STATE_OF_HOOKS) for name in context.variables)
    if not context.active or not undone or context.environment.current_name() is not None:
        return {}
    link = str(context.environment.link)
    return {
        named.variable: context.variables[named.variable]
        for named in context.paths
        if not named.exists and f"{named.path}{os.sep}".startswith(link + os.sep)
    }


def _of_the_link(context: Context, named: Named) -> bool:
    """Whether another rule speaks of it: about the link, or about variables that hooks set."""
    if context.environment.current_name() is None:
        return False
    link = str(context.environment.link)
    ours = f"{named.path}{os.sep}".startswith(link + os.sep)
    return ours or named.variable in ROOT_VARIABLES


def _finding(context: Context, summary: str, name: str, paths: set[str], *evidence: str) -> Finding:
    """What is wrong with a variable: its value, what sets it, and how to set it rightly."""
    value, windows = context.variables[name], context.platform.windows
    rest = without(name, value, paths, context.platform)
    return Finding(
        summary,
        (f"{name}={value}", *evidence, *setters(context, name)),
        assignment(name, rest, context.variables, windows=windows),
    )


def _wanted(context: Context, named: list[Named]) -> tuple[str, Callable[[CudaVersion], bool]]:
    """The release that builds shall use, as evidence, and whether another one does as well.

    Without a current toolkit it is that of the frameworks, whose extensions are built with any
    release of the same major version; without frameworks the variables have to agree.
    """
    if context.current is not None:
        version = context.current.version
        return f"current toolkit: CUDA {version}", partial(_is, version.release)
    built = [one for one in context.frameworks if one.backend is Backend.CUDA]
    built = [one for one in built if one.cuda or one.accepts]
    if built:
        parts = (
            f"{one.title}: CUDA {one.cuda.release if one.cuda else one.accepts}" for one in built
        )
        return "; ".join(parts), lambda release: any(_builds(one, release) for one in built)
    # Without a toolkit all is well until two of them are named.
    release = named[0].release if named else None
    if release is None:
        return "", lambda one: True
    text = f"{named[0].variable}={named[0].path}: CUDA {release}"
    return text, partial(_is, release.release)


def _is(release: str, version: CudaVersion) -> bool:
    return version.release == release


def _builds(framework: Framework, release: CudaVersion) -> bool:
    """Whether extensions of a framework can be built with a release."""
    if framework.cuda is not None and framework.cuda.major == release.major:
        return True
    return framework.accepts is not None and framework.accepts.matches(release)


def _has_a_rule(context: Context, named: Named) -> bool:
    """Whether another rule says what is wrong with a variable that the hooks set."""
    if named.variable not in ROOT_VARIABLES:
        return False
    return (
        context.current is not None
        or _other(context, named.path) is not None
        or (named.variable == "CUDA_PATH" and bool(disagree.findings(context)))
    )


def _set(context: Context) -> dict[str, str]:
    """The variables that the hooks set, as far as the shell has them."""
    if not context.active or context.broken:
        return {}
    return {name: value for name in ROOT_VARIABLES if (value := context.variables.get(name))}


def _shown(context: Context, variables: dict[str, str]) -> tuple[str, ...]:
    """Variables as evidence, and what sets them."""
    found = []
    for name, value in variables.items():
        gone = name in ROOT_VARIABLES and not os.path.exists(value)
        found += [f"{name}={value}{', which does not exist' if gone else ''}"]
    return (*found, *(place for name in variables for place in setters(context, name)))


def _other(context: Context, value: str) -> Path | None:
    """The other environment that a path lies in; None when it lies in none, or in this one.

    Without a toolkit of its own an environment takes that of one that it is stacked on.
    """
    if not os.path.isabs(value):
        return None
    path = Path(os.path.normpath(value))
    own = {os.path.realpath(context.prefix)}
    if context.current is None:
        own |= {os.path.realpath(folder) for folder in context.stacked_on}
    around = [path, *path.parents]
    if any(os.path.realpath(folder) in own for folder in around):
        return None
    # A toolkit root is a prefix of its own: the outermost one is the environment.
    found = [folder for folder in around if os.path.isdir(folder / "conda-meta")]
    return found[-1] if found else None
