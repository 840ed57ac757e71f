"""Where pip is configured to look, read as pip reads it: files first, then PIP_* variables."""

from __future__ import annotations

import configparser
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ...reading import read_text
from .wheel import AskPip

_SECTIONS = ("global", "install", ":env:")
"""What counts for `pip install`, the last one most."""
_SAME = {"default-timeout": "timeout"}
_UNDERSTOOD = {
    *("index-url", "extra-index-url", "no-index", "find-links", "trusted-host"),
    *("cert", "client-cert", "proxy", "timeout"),
}
_NO_MATTER = {
    # How pip shows, keeps, builds or installs.
    *("break-system-packages", "build-constraint", "cache-dir", "check-build-dependencies"),
    *("compile", "config-file", "config-settings", "debug", "disable-pip-version-check"),
    *("dry-run", "exists-action", "force-reinstall", "format", "global-option"),
    *("ignore-installed", "ignore-requires-python", "log", "log-file", "no-binary"),
    *("no-build-isolation", "no-cache-dir", "no-clean", "no-color", "no-compile"),
    *("no-dependencies", "no-deps", "no-input", "no-python-version-warning", "no-user"),
    *("no-warn-conflicts", "no-warn-script-location", "only-binary", "pre", "prefer-binary"),
    *("prefix", "progress-bar", "python", "quiet", "report", "require-hashes", "require-venv"),
    *("require-virtualenv", "resume-retries", "retries", "root", "root-user-action", "src"),
    *("target", "upgrade", "upgrade-strategy", "use-pep517", "user", "verbose"),
    # About the Python packages of an environment; a toolkit is none.
    "constraint",
    # Where a password is asked for, pip is asked anyway.
    "keyring-provider",
}
_YES, _NO = ("y", "yes", "t", "true", "on", "1"), ("n", "no", "f", "false", "off", "0")


@dataclass(frozen=True)
class Settings:
    """Where wheels come from, and how to get there."""

    indexes: tuple[str, ...]
    """Addresses, which may hold names and passwords."""
    find_links: tuple[str, ...] = ()
    """Folders, files and addresses of pages."""
    trusted_hosts: tuple[str, ...] = ()
    certificate: str | None = None
    """Whose certificates are trusted."""
    client_certificate: str | None = None
    proxy: str | None = None
    timeout: float | None = None
    """Seconds."""


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """What pip's files and variables say.

    Raises:
        AskPip: when they say something that has another meaning for pip than these fields tell.
    """
    values = _values(environ)
    others = values.keys() - _UNDERSTOOD - _NO_MATTER
    if others:
        raise AskPip(f"pip is configured with {', '.join(sorted(others))}")
    no_index = values.get("no-index", "0").lower()
    if no_index not in (*_YES, *_NO):
        raise AskPip("no-index is neither yes nor no")
    timeout = values.get("timeout")
    try:
        seconds = float(timeout) if timeout else None
    except ValueError as error:
        raise AskPip("timeout is no number") from error
    indexes: tuple[str, ...] = ()
    if no_index in _NO:
        first = values.get("index-url") or _default_index()
        indexes = (first, *values.get("extra-index-url", "").split())
    return Settings(
        indexes,
        tuple(values.get("find-links", "").split()),
        tuple(host.lower() for host in values.get("trusted-host", "").split()),
        _file(values.get("cert")),
        _file(values.get("client-cert")),
        values.get("proxy"),
        seconds,
    )


def _file(path: str | None) -> str | None:
    return os.path.expanduser(path) if path else None


def _default_index() -> str:
    """The index that pip asks when it is not told of another."""
    try:
        from pip._internal.models.index import PyPI

        return str(PyPI.simple_url)
    except (ImportError, AttributeError) as error:
        raise AskPip("this pip does not tell its index") from error


def _values(environ: Mapping[str, str]) -> dict[str, str]:
    """Every option that has a value, by the name that pip gives it."""
    sections: dict[str, dict[str, str]] = {name: {} for name in _SECTIONS}
    for path in _files(environ):
        for section, values in _read(path).items():
            sections.get(section, {}).update(values)
    variables = {
        _normal(name[4:]): value for name, value in environ.items() if name.startswith("PIP_")
    }
    sections[":env:"] = {key: value for key, value in variables.items() if value}
    return {key: value for values in sections.values() for key, value in values.items()}


def _normal(name: str) -> str:
    name = name.lower().replace("_", "-").removeprefix("--")
    return _SAME.get(name, name)


def _read(path: Path) -> dict[str, dict[str, str]]:
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(read_text(path))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError, configparser.Error) as error:
        raise AskPip(f"{path} cannot be read: {error}") from error
    return {
        section: {_normal(name): value for name, value in parser.items(section) if value}
        for section in parser.sections()
    }


def _files(environ: Mapping[str, str]) -> Iterator[Path]:
    """pip's configuration files; later ones count more."""
    named = environ.get("PIP_CONFIG_FILE")
    if named == os.devnull:
        return
    if sys.platform == "darwin":
        raise AskPip("pip has other places on macOS")
    home = Path(os.path.expanduser("~"))
    if os.name == "nt":
        name, everyone = "pip.ini", [Path(environ.get("ProgramData", r"C:\ProgramData"), "pip")]
        own = [home / "pip", Path(environ.get("APPDATA", home / "AppData/Roaming"), "pip")]
    else:
        name = "pip.conf"
        shared = (environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep)
        everyone = [*(Path(folder, "pip") for folder in shared if folder), Path("/etc")]
        own = [home / ".pip", Path(environ.get("XDG_CONFIG_HOME") or home / ".config", "pip")]
    yield from (folder / name for folder in everyone)
    if not (named and os.path.exists(named)):
        yield from (folder / name for folder in own)
    yield Path(sys.prefix, name)
    if named is not None:
        yield Path(named)
