"""Rules about CUDA_HOME and its like, and what sets them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from ..hooks import ROOT_VARIABLES
from ..quoting import typed
from ..system.reading import open_regular, read_json
from .patient import Finding, Patient, Severity


def other_environment(patient: Patient) -> Iterator[Finding]:
    """`cuda-home-other-environment`."""
    found = {name: value for name, value in _set(patient).items() if _other(patient, value)}
    if found:
        others = sorted({str(_other(patient, value)) for value in found.values()})
        yield Finding(
            "cuda-home-other-environment",
            Severity.ERROR,
            f"This shell builds with the CUDA of another environment: {', '.join(others)}.",
            tuple(f"{name}={value}" for name, value in found.items()),
            patient.activation,
        )


def disagree(patient: Patient) -> Iterator[Finding]:
    """`cuda-home-path-disagree`."""
    found = _set(patient)
    if any(_other(patient, value) for value in found.values()):
        return
    home, path = found.get("CUDA_HOME"), found.get("CUDA_PATH")
    if home and path and os.path.realpath(home) != os.path.realpath(path):
        yield Finding(
            "cuda-home-path-disagree",
            Severity.WARNING,
            "CUDA_HOME and CUDA_PATH name two toolkits: which one is used depends on the program.",
            (f"CUDA_HOME={home}", f"CUDA_PATH={path}"),
            patient.activation,
        )


def elsewhere(patient: Patient) -> Iterator[Finding]:
    """`cuda-home-elsewhere`: all agree, on a toolkit that is not the environment's."""
    found = _set(patient)
    if any(True for _ in disagree(patient)):
        return
    ours = os.path.realpath(patient.environment.link)
    strange = {
        name: value
        for name, value in found.items()
        if not _other(patient, value) and os.path.realpath(value) != ours
    }
    if strange:
        yield Finding(
            "cuda-home-elsewhere",
            Severity.WARNING,
            f"{' and '.join(strange)} of this shell do not name the environment's toolkit."
            if len(strange) > 1
            else f"{next(iter(strange))} of this shell does not name the environment's toolkit.",
            tuple(f"{name}={value}" for name, value in strange.items()),
            patient.activation,
        )


def _set(patient: Patient) -> dict[str, str]:
    if not patient.active or patient.current is None:
        return {}
    return {name: value for name in ROOT_VARIABLES if (value := patient.variables.get(name))}


def _other(patient: Patient, value: str) -> Path | None:
    """The other environment that a path lies in; None when it lies in none, or in this one."""
    if not os.path.isabs(value):
        return None
    path = Path(os.path.normpath(value))
    ours = os.path.realpath(patient.prefix)
    around = [path, *path.parents]
    if any(os.path.realpath(folder) == ours for folder in around):
        return None
    # A toolkit root is a prefix of its own: the outermost one is the environment.
    found = [folder for folder in around if (folder / "conda-meta").is_dir()]
    return found[-1] if found else None


EXPORTED = ("LD_LIBRARY_PATH", "CUDA_HOME", "CUDA_PATH", "CUDA_ROOT", "CUDAToolkit_ROOT")

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
            found.update({name: (value, path) for name, value in rows.items() if name in EXPORTED})
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
