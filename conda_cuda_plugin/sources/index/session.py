"""Connections to indexes: conda's own, with what pip is configured to have otherwise."""

from __future__ import annotations

import functools
import ipaddress
from typing import Any
from urllib.parse import unquote, urlsplit

from .settings import Settings
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
    from conda.base.context import context

    return context.remote_connect_timeout_secs, context.remote_read_timeout_secs


def _session(settings: Settings) -> Any:
    from conda.gateways.connection.session import CondaSession
    from requests.adapters import HTTPAdapter

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
    import ssl

    from conda.gateways.connection.adapters.http import HTTPAdapter

    ssl_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    load = functools.lru_cache(ssl_context.load_verify_locations)
    setattr(ssl_context, "load_verify_locations", load)  # noqa: B010
    return HTTPAdapter(max_retries=retries, ssl_context=ssl_context)


def _without_certificates(base: Any) -> Any:
    class Adapter(base):
        """An adapter for a host that is trusted whatever it shows."""

        def send(self, request: Any, **options: Any) -> Any:
            """Send a request, as requests' adapters do."""
            return super().send(request, **{**options, "verify": False})

    return Adapter
