"""Rules about the files that set variables: start-up files, activation scripts, conda's records."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from conda.base.constants import CONDA_ENV_VARS_UNSET_VAR

from ..hooks import ROOT_VARIABLES
from ..quoting import typed
from ..system.reading import open_regular, read_json
from .context import Context, Finding, rule
from .named import BUILDS

START_UP_FILES = (
    ".bashrc",
    ".bash_profile",
    ".bash_login",
    ".bash_aliases",
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
    ".config/environment.d/*.conf",
    ".pam_environment",
    ".config/powershell/profile.ps1",
    ".config/powershell/Microsoft.PowerShell_profile.ps1",
    "Documents/*PowerShell/*profile.ps1",
)
"""The user's, from the home folder."""
_SYSTEM_FILES = (
    "environment",
    "environment.d/*.conf",
    "profile",
    "profile.d/*",
    "bash.bashrc",
    "bashrc",
    "zshenv",
    "zprofile",
    "zshrc",
    "zsh/*",
    "csh.cshrc",
    "csh.login",
    "fish/config.fish",
    "fish/conf.d/*.fish",
)
"""The administrator's, from `/etc`."""
_SCRIPTS = (".sh", ".fish", ".csh", ".xsh", ".ps1", ".bat")
# Of cmd, and of all others.
_COMMENT = re.compile(r"\s*(?:#|::|@?rem\b)", re.IGNORECASE)
_LARGEST = 2**20


def _assigns(names: Iterable[str]) -> re.Pattern[str]:
    """What an assignment to one of the variables looks like.

    In sh and its like, in csh, fish and cmd, in xonsh and PowerShell.
    """
    any_of = "|".join(map(re.escape, names))
    return re.compile(
        rf"(?:^|[\s;&])(?:{any_of})="
        rf"|\bset(?:env)?\s+(?:-\S+\s+)*(?:{any_of})\b"
        rf"|\$(?:{any_of})\s*[.=]"
        rf"|(?i:\bset\s+\"?(?:{any_of})=|\$env:(?:{any_of})\s*\+?=)",
        re.ASCII,
    )


_HOOKED = ("LD_LIBRARY_PATH", *ROOT_VARIABLES, "CUDA_ROOT")
_ASSIGNS_HOOKED = _assigns(_HOOKED)
_ASSIGNS_LOADED = _assigns(["LD_LIBRARY_PATH"])
_ASSIGNS_ANY = re.compile(
    _assigns([*BUILDS, "LD_LIBRARY_PATH", "PATH"]).pattern + r"|\bset\s+path\b|\bfish_add_path\b",
    re.ASCII,
)
_CUDA_FOLDER = re.compile(
    r"[/\\]cuda(?:toolkit)?[-.\d]*(?:$|[/\\\s\"':;)])|\$\{?(?:env:)?CUDA_(?:HOME|PATH|ROOT)\b",
    re.ASCII | re.IGNORECASE,
)


@rule("old-exports")
def start_up_files(context: Context) -> Iterator[Finding]:
    """A start-up file of the shell sets up a CUDA."""
    if context.current is None and not context.wheels:
        return
    # Wheels are hidden by what the loader finds first; to build, they need another CUDA.
    pattern = _ASSIGNS_LOADED if context.current is None else _ASSIGNS_ANY
    found = tuple(
        f"{place}: {line}"
        for place, line in _lines_of_user(context)
        if pattern.search(line) and _CUDA_FOLDER.search(line)
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
    found = {name: row for name, row in _recorded(context).items() if name in _HOOKED}
    if found:
        in_state = sorted(name for name, (_, path) in found.items() if path.name == "state")
        files = sorted({context.inside(path) for _, path in found.values() if path.name != "state"})
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
        f"{place}: {line}"
        for place, line in _lines_of_hooks(context)
        if _ASSIGNS_HOOKED.search(line)
    )
    if found:
        yield Finding(
            "Another activation script of this environment sets the same variables.",
            found,
            "Remove that script; conda cuda does its work, and undoes it on deactivation.",
        )


def setters(context: Context, name: str) -> Iterator[str]:
    """The places where a variable is set, as far as files that shells read say it."""
    pattern = _assigns([name])
    system = _lines_in(context.etc, f"{context.etc}/", _SYSTEM_FILES)
    for lines in (_lines_of_user(context), _lines_of_hooks(context), system):
        yield from (f"set in {place}" for place, line in lines if pattern.search(line))
    if name in (recorded := _recorded(context)):
        yield f"set in {context.inside(recorded[name][1])}"


def _lines_of_user(context: Context) -> Iterator[tuple[str, str]]:
    """The lines of the user's start-up files, each with its place (`~/.bashrc:3`)."""
    yield from _lines_in(context.home, "~/", START_UP_FILES)


def _lines_of_hooks(context: Context) -> Iterator[tuple[str, str]]:
    """The same of the environment's activation scripts that are not ours."""
    folder = context.prefix / "etc" / "conda" / "activate.d"
    for path in sorted(folder.glob("*")):
        if path.suffix in _SCRIPTS and not path.name.startswith("~conda-cuda."):
            yield from _lines(path, context.inside(path))


def _lines_in(folder: Path, shown: str, patterns: Iterable[str]) -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        for path in sorted(folder.glob(pattern)):
            yield from _lines(path, f"{shown}{path.relative_to(folder)}")


def _lines(path: Path, shown: str) -> Iterator[tuple[str, str]]:
    """The lines of a script without its comments."""
    try:
        with open_regular(path) as file:
            text = file.read(_LARGEST).decode("utf-8", "replace")
    except OSError:
        return
    for number, line in enumerate(text.splitlines(), 1):
        if not _COMMENT.match(line):
            yield f"{shown}:{number}", line.strip()


def _recorded(context: Context) -> dict[str, tuple[object, Path]]:
    """The variables that conda sets at activation: their values, and where they are recorded."""
    state, found = context.prefix / "conda-meta" / "state", {}
    for path in (state, *sorted((context.prefix / "etc" / "conda" / "env_vars.d").glob("*.json"))):
        content = _json(path)
        rows = content.get("env_vars", {}) if path == state else content
        if isinstance(rows, dict):
            found.update({name: (value, path) for name, value in rows.items()})
    return {name: row for name, row in found.items() if row[0] != CONDA_ENV_VARS_UNSET_VAR}


def _json(path: Path) -> dict[str, object]:
    try:
        content = read_json(path)
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
