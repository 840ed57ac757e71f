"""The configuration of pip, as far as it says where wheels come from and how to get there."""

from __future__ import annotations

import configparser
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ...system.reading import read_text
from .wheel import IndexFailure

_SECTIONS = ("global", "install", ":env:")
"""What counts for `pip install`; later ones count more."""
_SAME = {"default-timeout": "timeout"}
_NOT_SUPPORTED = {"uploaded-prior-to"}
"""What pip would choose other wheels by; without it they must not be chosen."""
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
    keyring: str | None = None
    """How to ask a keyring for passwords: `import` or `subprocess`."""


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """What the files and variables of pip say.

    Raises:
        IndexFailure: when they cannot be followed.
    """
    values = _values(environ)
    if found := _NOT_SUPPORTED & values.keys():
        raise IndexFailure(f"conda cuda does not support pip's option {', '.join(found)}")
    no_index = values.get("no-index", "0").lower()
    if no_index not in (*_YES, *_NO):
        raise IndexFailure("pip's option no-index is neither yes nor no")
    try:
        timeout = float(values["timeout"]) if "timeout" in values else None
    except ValueError as error:
        raise IndexFailure("pip's option timeout is not a number") from error
    indexes: tuple[str, ...] = ()
    if no_index in _NO:
        first = values.get("index-url") or _default_index()
        indexes = (first, *values.get("extra-index-url", "").split())
    keyring = values.get("keyring-provider")
    return Settings(
        indexes,
        tuple(values.get("find-links", "").split()),
        tuple(host.lower() for host in values.get("trusted-host", "").split()),
        _file(values.get("cert")),
        _file(values.get("client-cert")),
        values.get("proxy"),
        timeout,
        keyring if keyring in ("import", "subprocess") else None,
    )


def _file(path: str | None) -> str | None:
    return os.path.expanduser(path) if path else None


def _default_index() -> str:
    try:
        from pip._internal.models.index import PyPI

        return str(PyPI.simple_url)
    except (ImportError, AttributeError) as error:
        raise IndexFailure(
            "no index is configured, and the base environment has no pip that names one",
            ["conda install --name base pip"],
        ) from error


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
    except OSError:
        return {}
    except (ValueError, configparser.Error) as error:
        raise IndexFailure(f"{path} cannot be read: {' '.join(str(error).split())}") from error
    return {
        section: {_normal(name): value for name, value in parser.items(section) if value}
        for section in parser.sections()
    }


def _files(environ: Mapping[str, str]) -> Iterator[Path]:
    """The configuration files of pip; later ones count more."""
    named = environ.get("PIP_CONFIG_FILE")
    if named == os.devnull:
        return
    home, name = Path(os.path.expanduser("~")), "pip.conf"
    config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    if os.name == "nt":
        name, everyone = "pip.ini", [Path(environ.get("ProgramData", r"C:\ProgramData"), "pip")]
        own = [home / "pip", Path(environ.get("APPDATA", home / "AppData/Roaming"), "pip")]
    elif sys.platform == "darwin":
        library = "Library/Application Support/pip"
        everyone = [Path("/", library)]
        own = [home / ".pip", home / library if (home / library).is_dir() else config / "pip"]
    else:
        shared = (environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep)
        everyone = [*(Path(folder, "pip") for folder in shared if folder), Path("/etc")]
        own = [home / ".pip", config / "pip"]
    yield from (folder / name for folder in everyone)
    if not (named and os.path.exists(named)):
        yield from (folder / name for folder in own)
    yield Path(sys.prefix, name)
    if named is not None:
        yield Path(named)
