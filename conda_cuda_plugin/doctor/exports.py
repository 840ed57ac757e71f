"""Rules about variables that something else sets: start-up files, conda, other hooks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ..quoting import typed
from ..reading import open_regular, read_json
from .finding import Finding, Severity
from .patient import Patient

NAMES = ("LD_LIBRARY_PATH", "CUDA_HOME", "CUDA_PATH", "CUDA_ROOT", "CUDAToolkit_ROOT")

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
_ANY = "|".join(NAMES)
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


def start_up_files(patient: Patient) -> Iterator[Finding]:
    """`old-exports`."""
    if patient.current is None:
        return
    found = []
    for pattern in START_UP_FILES:
        for path in sorted(patient.home.glob(pattern)):
            found += [
                f"~/{path.relative_to(patient.home)}:{number}: {line}"
                for number, line in _lines(path)
                if _ASSIGNS.search(line) and _CUDA_FOLDER.search(line)
            ]
    if found:
        yield Finding(
            "old-exports",
            Severity.WARNING,
            "Files that every shell reads set up a CUDA by hand, in every environment.",
            tuple(found),
            "Take these lines out; the environment brings its own CUDA when it is activated.",
        )


def conda_variables(patient: Patient) -> Iterator[Finding]:
    """`conda-variables`."""
    if patient.current is None:
        return
    found = {}
    state = patient.prefix / "conda-meta" / "state"
    for path in (state, *sorted((patient.prefix / "etc" / "conda" / "env_vars.d").glob("*.json"))):
        content = _json(path)
        rows = content.get("env_vars", {}) if path == state else content
        if isinstance(rows, dict):
            found.update({name: (value, path) for name, value in rows.items() if name in NAMES})
    if found:
        in_state = sorted(name for name, (_, path) in found.items() if path == state)
        files = sorted({patient.inside(path) for _, path in found.values() if path != state})
        yield Finding(
            "conda-variables",
            Severity.WARNING,
            "Variables recorded in the environment replace what its hooks set.",
            tuple(
                f"{name}={value} ({patient.inside(path)})" for name, (value, path) in found.items()
            ),
            f"conda env config vars unset {patient.named} {' '.join(map(typed, in_state))}"
            if in_state
            else f"Take them out of {', '.join(files)}.",
        )


def other_hooks(patient: Patient) -> Iterator[Finding]:
    """`other-hooks`."""
    if patient.current is None:
        return
    found = []
    for path in sorted((patient.prefix / "etc" / "conda" / "activate.d").glob("*")):
        if path.name.startswith("~conda-cuda.") or path.suffix not in _HOOKS:
            continue
        found += [
            f"{patient.inside(path)}:{number}: {line}"
            for number, line in _lines(path)
            if _ASSIGNS_OURS.search(line)
        ]
    if found:
        yield Finding(
            "other-hooks",
            Severity.WARNING,
            "Another activation script of this environment sets the same variables.",
            tuple(found),
            "Remove that script; conda cuda does its work and takes it back on deactivation.",
        )


def _lines(path: Path) -> Iterator[tuple[int, str]]:
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
