"""Connections to an index as pip is configured to make them."""

from __future__ import annotations

import configparser
import functools
import ipaddress
import os
import ssl
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from conda.base.context import context
from conda.gateways.connection.adapters.http import HTTPAdapter as CondaAdapter
from conda.gateways.connection.session import CondaSession
from requests.adapters import HTTPAdapter

from ...system.reading import read_text
from .wheel import AskPip

_PORTS = {"http": 80, "https": 443}


class Session:
    """Asks indexes, and the servers of their files; threads may share it.

    Args:
        settings: what pip is configured to.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._session = _session(settings)
        # An index with a password often has its files on the same host, without.
        self._logins = {
            host: login
            for host, login in map(_host_and_login, (*settings.indexes, *settings.find_links))
            if login
        }

    def get(self, url: str, headers: dict[str, str]) -> Any:
        """Ask for an address; the answer, of which only the head has come.

        Raises:
            RequestException: when nothing answers.
            AskPip: when the way there is not one that we go.
        """
        if not is_safe(url, self._settings.trusted_hosts):
            raise AskPip("an index without encryption")
        host, own = _host_and_login(url)
        login = own or self._logins.get(host)
        answer = self._session.get(
            without_login(url),
            headers=headers,
            stream=True,
            auth=login,
            # Told again, as variables of the environment would count more.
            proxies=self._session.proxies,
            verify=self._settings.certificate,
            timeout=self._settings.timeout or _timeouts(),
        )
        way = [*(one.url for one in answer.history), answer.url]
        if any(not is_safe(step, self._settings.trusted_hosts) for step in way[1:]):
            answer.close()
            raise AskPip("an index that sends on to a place without encryption")
        return answer


@functools.cache
def session_of(settings: Settings) -> Session:
    """The one session of a command: it keeps its connections."""
    return Session(settings)


def without_login(url: str) -> str:
    """An address without name and password."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def is_safe(url: str, trusted_hosts: tuple[str, ...] = ()) -> bool:
    """Whether nobody in between can alter what comes from an address, or the user said so."""
    parts = urlsplit(url)
    if parts.scheme == "https" or is_trusted(url, trusted_hosts):
        return True
    host = parts.hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_trusted(url: str, trusted_hosts: tuple[str, ...]) -> bool:
    """Whether the user trusts a host without certificates."""
    parts = urlsplit(url)
    return parts.hostname in trusted_hosts or f"{parts.hostname}:{parts.port}" in trusted_hosts


def _host_and_login(url: str) -> tuple[str, tuple[str, str] | None]:
    parts = urlsplit(url)
    port = parts.port or _PORTS.get(parts.scheme)
    login = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    return f"{parts.scheme}://{parts.hostname}:{port}", login


def _timeouts() -> tuple[float, float]:

    return context.remote_connect_timeout_secs, context.remote_read_timeout_secs


def _session(settings: Settings) -> Any:

    # Called itself, the class would give one that others use too.
    session = type.__call__(CondaSession)
    for other in [scheme for scheme in session.adapters if not scheme.startswith("http")]:
        # No redirect leads to a file of this machine.
        del session.adapters[other]
    conda_own = session.get_adapter("https://")
    # Whatever a server answers is an answer: pip may have another.
    retries = conda_own.max_retries.new(status=0, status_forcelist=())
    session.mount("http://", HTTPAdapter(max_retries=retries))
    if session.verify and "ssl_context" not in conda_own.poolmanager.connection_pool_kw:
        session.mount("https://", _adapter(retries))
    if settings.trusted_hosts:
        careless = _without_certificates(HTTPAdapter)(max_retries=retries)
        for host in settings.trusted_hosts:
            session.mount(f"https://{host}/", careless)
            if ":" not in host:
                session.mount(f"https://{host}:", careless)
    if settings.proxy:
        session.proxies = dict.fromkeys(("http", "https"), settings.proxy)
    if settings.client_certificate:
        session.cert = settings.client_certificate
    return session


def _adapter(retries: Any) -> Any:
    """An adapter that reads the file of trusted certificates once, not for every connection.

    That costs as much as ten answers of an index.
    """

    ssl_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    load = functools.lru_cache(ssl_context.load_verify_locations)
    setattr(ssl_context, "load_verify_locations", load)  # noqa: B010
    return CondaAdapter(max_retries=retries, ssl_context=ssl_context)


def _without_certificates(base: Any) -> Any:
    class Adapter(base):
        """An adapter for a host that is trusted whatever it shows."""

        def send(self, request: Any, **options: Any) -> Any:
            """Send a request, as requests' adapters do."""
            return super().send(request, **{**options, "verify": False})

    return Adapter


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
