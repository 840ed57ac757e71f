"""Rules about what CUDA_HOME, CPATH, NVCC and their like name in the shell."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
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
        evidence = _shown(found)
        yield Finding(summary, evidence, context.activation, severity=Severity.ERROR)
        return
    for name in found:
        cure = assignment(name, None, context.variables, windows=context.platform.windows)
        yield Finding(summary, _shown({name: found[name]}), cure)


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
        _shown({"CUDA_HOME": home, "CUDA_PATH": path}),
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
            _shown(strange),
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
    wanted, fits = _wanted(context, [first[name] for name in BUILDS if name in first])
    for name, named in first.items():
        match, release = OF_A_RELEASE.fullmatch(name), named.release
        assert release is not None
        if match:
            named_wrongly = release.release != f"{match[1]}.{match[2]}"
            evidence = f"{name}: by its name CUDA {match[1]}.{match[2]}"
        elif name in BUILDS and not _has_a_rule(context, named):
            named_wrongly, evidence = not fits(release), wanted
        else:
            continue
        if named_wrongly:
            yield _finding(
                context,
                f"{name} of this shell names CUDA {release.release}: what is built here mixes it "
                "with another one.",
                name,
                {
                    other.path
                    for other in context.paths
                    if other.variable == name and other.release == release
                },
                f"{named.path}: CUDA {release}",
                evidence,
            )


@rule("variable-gone")
def gone(context: Context) -> Iterator[Finding]:
    """A variable leads to a folder of CUDA that does not exist."""
    if not context.active:
        return
    link, linked = f"{context.environment.link}", context.environment.current_name() is not None
    lost: dict[str, set[str]] = {}
    left: dict[str, set[str]] = {}
    undone = any(name.startswith(_STATE_OF_HOOKS) for name in context.variables)
    for named in context.paths:
        ours = named.path == link or named.path.startswith(link + os.sep)
        if named.exists or not named.about_cuda or is_stubs(named.path):
            continue
        # What is wrong with the link, or with variables that hooks set, has rules of its own.
        if not (linked and (ours or named.variable in ROOT_VARIABLES)):
            found = left if ours and undone else lost
            found.setdefault(named.variable, set()).add(named.path)
    if left:
        yield Finding(
            "This shell still leads to the toolkit that was current here, and none is any more.",
            _shown({name: context.variables[name] for name in left}),
            context.activation,
        )
    for name, paths in lost.items():
        what = ", ".join(sorted(paths))
        summary = f"{name} of this shell leads to what does not exist: {what}."
        yield _finding(context, summary, name, paths)


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
        return f"current toolkit: CUDA {version}", lambda one: one.release == version.release
    built = [one for one in context.frameworks if one.backend is Backend.CUDA]
    built = [one for one in built if one.cuda or one.accepts]
    if built:
        parts = (
            f"{one.title}: CUDA {one.cuda.release if one.cuda else one.accepts}" for one in built
        )
        return "; ".join(parts), lambda release: any(_builds(one, release) for one in built)
    if not named:
        return "", lambda one: True
    release = named[0].release
    assert release is not None
    text = f"{named[0].variable}={named[0].path}: CUDA {release}"
    return text, lambda one: one.release == release.release


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


def _shown(variables: dict[str, str]) -> tuple[str, ...]:
    return tuple(
        f"{name}={value}{'' if os.path.exists(value) else ', which does not exist'}"
        if name in ROOT_VARIABLES
        else f"{name}={value}"
        for name, value in variables.items()
    )


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
    found = [folder for folder in around if (folder / "conda-meta").is_dir()]
    return found[-1] if found else None
