"""Rules about CUDA_HOME and its like, and what sets them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from ..hooks import ROOT_VARIABLES
from ..quoting import typed
from ..system.reading import open_regular, read_json
from .context import Context, Finding, Severity, rule

EXPORTED = ("LD_LIBRARY_PATH", *ROOT_VARIABLES, "CUDA_ROOT")
START_UP_FILES = (
    ".bashrc",
    ".bash_profile",
    ".bash_login",
    ".profile",
    ".zshenv",
    ".zprofile",
    ".zshrc",
    ".zlogin",
    ".cshrc",
    ".tcshrc",
    ".login",
    ".config/fish/config.fish",
    ".config/fish/conf.d/*.fish",
    ".xonshrc",
    ".config/xonsh/rc.xsh",
    ".config/powershell/profile.ps1",
    ".config/powershell/Microsoft.PowerShell_profile.ps1",
    "Documents/*PowerShell/*profile.ps1",
)
_ANY = "|".join(EXPORTED)
# Assignments in sh and its like, in csh, fish and cmd, in xonsh and PowerShell.
_ASSIGNS = re.compile(
    rf"(?:^|[\s;&])(?:{_ANY}|PATH)="
    rf"|\bset(?:env)?\s+(?:-\S+\s+)*(?:{_ANY}|PATH|path)\b"
    r"|\bfish_add_path\b"
    rf"|\$(?:{_ANY}|PATH)\s*[.=]|(?i:\$env:(?:{_ANY}|PATH)\s*\+?=)",
    re.ASCII,
)
_ASSIGNS_OURS = re.compile(
    rf"(?:^|[\s;&])(?:{_ANY})=|\bset(?:env)?\s+(?:-\S+\s+)*(?:{_ANY})\b"
    rf"|(?i:\bset\s+\"?(?:{_ANY})=|\$env:(?:{_ANY})\s*=)",
    re.ASCII,
)
_CUDA_FOLDER = re.compile(
    r"[/\\]cuda(?:toolkit)?[-.\d]*(?:$|[/\\\s\"':;)])|\$\{?(?:env:)?CUDA_(?:HOME|PATH|ROOT)\b",
    re.ASCII | re.IGNORECASE,
)
_HOOKS = (".sh", ".fish", ".csh", ".xsh", ".ps1", ".bat")
# Of cmd, and of all others.
_COMMENT = re.compile(r"\s*(?:#|::|@?rem\b)", re.IGNORECASE)
_LARGEST = 2**20


@rule("cuda-home-other-environment")
def other_environment(context: Context) -> Iterator[Finding]:
    """CUDA_HOME is another environment's."""
    found = {name: value for name, value in _set(context).items() if _other(context, value)}
    if found:
        others = sorted({str(_other(context, value)) for value in found.values()})
        yield Finding(
            f"This shell builds with the CUDA of another environment: {', '.join(others)}.",
            tuple(f"{name}={value}" for name, value in found.items()),
            context.activation,
            severity=Severity.ERROR,
        )


@rule("cuda-home-path-disagree")
def disagree(context: Context) -> Iterator[Finding]:
    """CUDA_HOME and CUDA_PATH disagree."""
    found = _set(context)
    home, path = found.get("CUDA_HOME"), found.get("CUDA_PATH")
    if any(_other(context, value) for value in found.values()):
        return
    if home and path and os.path.realpath(home) != os.path.realpath(path):
        yield Finding(
            "CUDA_HOME and CUDA_PATH name two toolkits: which one is used depends on the program.",
            (f"CUDA_HOME={home}", f"CUDA_PATH={path}"),
            context.activation,
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
    if strange and not disagree.findings(context):
        verb = "do" if len(strange) > 1 else "does"
        yield Finding(
            f"{' and '.join(strange)} of this shell {verb} not name the environment's toolkit.",
            tuple(f"{name}={value}" for name, value in strange.items()),
            context.activation,
        )


@rule("old-exports")
def start_up_files(context: Context) -> Iterator[Finding]:
    """A start-up file of the shell sets up a CUDA."""
    if context.current is None:
        return
    found = tuple(
        f"~/{path.relative_to(context.home)}:{number}: {line}"
        for pattern in START_UP_FILES
        for path in sorted(context.home.glob(pattern))
        for number, line in _lines(path)
        if _ASSIGNS.search(line) and _CUDA_FOLDER.search(line)
    )
    if found:
        yield Finding(
            "Files that every shell reads set up a CUDA by hand, in every environment.",
            found,
            "Remove these lines; the environment brings its own CUDA when it is activated.",
        )


@rule("conda-variables")
def conda_variables(context: Context) -> Iterator[Finding]:
    """The environment's variables replace the hooks'."""
    if context.current is None:
        return
    found = {}
    state = context.prefix / "conda-meta" / "state"
    for path in (state, *sorted((context.prefix / "etc" / "conda" / "env_vars.d").glob("*.json"))):
        content = _json(path)
        rows = content.get("env_vars", {}) if path == state else content
        if isinstance(rows, dict):
            found.update({name: (value, path) for name, value in rows.items() if name in EXPORTED})
    if found:
        in_state = sorted(name for name, (_, path) in found.items() if path == state)
        files = sorted({context.inside(path) for _, path in found.values() if path != state})
        yield Finding(
            "Variables recorded in the environment replace what its hooks set.",
            tuple(
                f"{name}={value} ({context.inside(path)})" for name, (value, path) in found.items()
            ),
            f"conda env config vars unset {context.named} {' '.join(map(typed, in_state))}"
            if in_state
            else f"Remove them from {', '.join(files)}.",
        )


@rule("other-hooks")
def other_hooks(context: Context) -> Iterator[Finding]:
    """Another activation script sets the same variables."""
    if context.current is None:
        return
    found = tuple(
        f"{context.inside(path)}:{number}: {line}"
        for path in sorted((context.prefix / "etc" / "conda" / "activate.d").glob("*"))
        if path.suffix in _HOOKS and not path.name.startswith("~conda-cuda.")
        for number, line in _lines(path)
        if _ASSIGNS_OURS.search(line)
    )
    if found:
        yield Finding(
            "Another activation script of this environment sets the same variables.",
            found,
            "Remove that script; conda cuda does its work, and undoes it on deactivation.",
        )


def _set(context: Context) -> dict[str, str]:
    if not context.active or context.current is None:
        return {}
    return {name: value for name in ROOT_VARIABLES if (value := context.variables.get(name))}


def _other(context: Context, value: str) -> Path | None:
    """The other environment that a path lies in; None when it lies in none, or in this one."""
    if not os.path.isabs(value):
        return None
    path = Path(os.path.normpath(value))
    ours = os.path.realpath(context.prefix)
    around = [path, *path.parents]
    if any(os.path.realpath(folder) == ours for folder in around):
        return None
    # A toolkit root is a prefix of its own: the outermost one is the environment.
    found = [folder for folder in around if (folder / "conda-meta").is_dir()]
    return found[-1] if found else None


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a script without its comments, with their numbers."""
    try:
        with open_regular(path) as file:
            text = file.read(_LARGEST).decode("utf-8", "replace")
    except OSError:
        return
    for number, line in enumerate(text.splitlines(), 1):
        if not _COMMENT.match(line):
            yield number, line.strip()


def _json(path: Path) -> dict[str, object]:
    try:
        content = read_json(path)
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
