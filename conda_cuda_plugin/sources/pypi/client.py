"""Connections to indexes and to the servers of their files, as pip is configured to make them."""

from __future__ import annotations

import contextlib
import functools
import importlib
import ipaddress
import ssl
import subprocess
import threading
from typing import Any
from urllib.parse import unquote, urlsplit

from conda.base.context import context
from conda.gateways.connection.adapters.http import HTTPAdapter as CondaAdapter
from conda.gateways.connection.session import CondaSession
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectionError, ProxyError, SSLError, Timeout

from ...network.addresses import shown_address
from ...network.connections import LATER, PROXY, AnswerError, meaning, printable
from ...network.download import body_of, in_words
from .kept import Kept, Page, page_of
from .settings import Settings
from .wheel import WHICH, IndexFailure

PAGES = (
    "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, "
    "text/html;q=0.1"
)
"""The forms of a page, best first (PEP 691)."""
NO_ANSWER = "no answer from the index that pip is configured to use"
_PORTS = {"http": 80, "https": 443}
_MOST_BYTES = 32 * 2**20
"""The largest page of an index that is known has 20 MB: a list of all its packages."""
_LOGIN = (
    "The name and password come from the address of the index (pip config list), from ~/.netrc, "
    "or from a keyring if pip's option keyring-provider names one."
)
_PROXY = "pip config list and the variable HTTPS_PROXY name the proxy; its address holds the login."
_HINTS = {401: _LOGIN, 403: _LOGIN, 407: _PROXY}


class Client:
    """Asks for pages and files; threads may share it."""

    def __init__(self, settings: Settings, kept: Kept) -> None:
        self._settings, self._kept = settings, kept
        self._session = _session(settings)
        # An index with a password often has its files on the same host, without.
        self._logins = {
            host: login
            for host, login in map(_host_and_login, (*settings.indexes, *settings.find_links))
            if login
        }
        self._silent: dict[str, IndexFailure] = {}
        self._lock = threading.Lock()

    def page(self, url: str, accept: str = PAGES) -> Page | None:
        """The page or text at an address; None when there is none.

        Raises:
            IndexFailure: when it cannot be had.
        """
        before = self._kept.find(url)
        if before is not None and before.is_fresh:
            return before
        headers = {"Accept": accept, **(before.validators if before else {})}
        with self._ask(url, headers) as answer:
            if answer.status_code == 304 and before is not None:
                page = before.renewed(answer.headers)
            elif answer.status_code in (404, 410):
                return None
            else:
                try:
                    body = _body(answer).decode()
                except UnicodeDecodeError as error:
                    raise IndexFailure(f"{_shown(url)} is not a page of text") from error
                page = page_of(answer.url, answer.headers, body)
            asked = (*answer.history, answer)
            if not any("Authorization" in one.request.headers for one in asked):
                self._kept.keep(url, page, answer.headers)
        return page

    def file(self, url: str) -> bytes | None:
        """The content of a small file; None when there is none.

        Raises:
            IndexFailure: when it cannot be had.
        """
        with self._ask(url, {"Accept-Encoding": "identity"}) as answer:
            return None if answer.status_code in (404, 410) else _body(answer)

    def _ask(self, url: str, headers: dict[str, str]) -> Any:
        host = urlsplit(url).netloc
        if host in self._silent:
            raise self._silent[host]
        try:
            with in_words(url):
                answer = self.get(url, headers)
        except AnswerError as error:
            failure = _failure(error)
            if failure.unreachable:
                with self._lock:
                    self._silent[host] = failure
            raise failure from error
        if answer.status_code not in (200, 304, 404, 410):
            answer.close()
            raise IndexFailure(
                f"{_shown(url)} {meaning(answer.status_code)}", (LATER, WHICH), unreachable=True
            )
        return answer

    def get(self, url: str, headers: dict[str, str], *, hashed: bool = False) -> Any:
        """Ask for an address; the answer, of which only the head has come.

        Args:
            hashed: whether it is known what the answer hashes to, so that nobody can alter it.

        Raises:
            RequestException: when nothing answers.
            IndexFailure: when the way there is not safe, or a password is missing.
        """
        if not hashed and not self._is_safe(url):
            hint = "pip config set global.trusted-host HOST says that it can be trusted."
            raise IndexFailure(f"{_shown(url)} is not encrypted, and is not trusted", (hint, WHICH))
        host, own = _host_and_login(url)
        answer = self._send(url, headers, own or self._logins.get(host))
        if answer.status_code == 401 and (login := self._from_keyring(url)):
            answer.close()
            self._logins[host] = login
            answer = self._send(url, headers, login)
        way = [*(one.url for one in answer.history), answer.url][1:]
        if not hashed and not all(map(self._is_safe, way)):
            answer.close()
            raise IndexFailure(f"{_shown(url)} sends on to a place without encryption")
        if hint := _HINTS.get(answer.status_code, ""):
            answer.close()
            reason = f"{_shown(url)} {meaning(answer.status_code)}"
            raise IndexFailure(reason, (hint,), unreachable=True)
        return answer

    def _send(self, url: str, headers: dict[str, str], login: tuple[str, str] | None) -> Any:
        parts = urlsplit(url)
        ask = functools.partial(
            self._session.get,
            parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl(),
            headers=headers,
            stream=True,
            auth=login,
            # Said again, as variables of the environment would count more.
            proxies=self._session.proxies,
            verify=self._settings.certificate,
            timeout=self._settings.timeout
            or (context.remote_connect_timeout_secs, context.remote_read_timeout_secs),
        )
        try:
            return ask()
        except SSLError:
            # As pip does, trust what the system trusts. It is read only where it is needed.
            own = self._session.get_adapter("https://").poolmanager.connection_pool_kw
            if "ssl_context" not in own:
                raise
            own["ssl_context"].load_default_certs()
            return ask()

    def _is_safe(self, url: str) -> bool:
        """Whether nobody in between can alter what comes from an address, or the user said so."""
        parts, trusted = urlsplit(url), self._settings.trusted_hosts
        host = parts.hostname or ""
        if parts.scheme == "https" or host in trusted or f"{host}:{parts.port}" in trusted:
            return True
        try:
            return host == "localhost" or ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False

    def _from_keyring(self, url: str) -> tuple[str, str] | None:
        """The name and password that the user's keyring has for an index or its host.

        What a page links to does not choose which ones, nor what a program is asked.
        """
        if not self._is_safe(url):
            return None
        origin = _host_and_login(url)[0]
        indexes = self._settings.indexes
        index = next((one for one in indexes if _host_and_login(one)[0] == origin), None)
        user = urlsplit(index).username if index else None
        host = urlsplit(url).netloc.rpartition("@")[2]
        for place in filter(None, (index, host)):
            if self._settings.keyring == "import":
                with contextlib.suppress(ImportError):
                    found = importlib.import_module("keyring").get_credential(place, user)
                    if found:
                        return found.username, found.password
            elif self._settings.keyring == "subprocess" and user:
                with contextlib.suppress(OSError):
                    done = subprocess.run(
                        ["keyring", "get", place, user],
                        stdin=subprocess.DEVNULL,
                        capture_output=True,
                        text=True,
                    )
                    if not done.returncode:
                        return user, done.stdout.rstrip("\n")
        return None


def _host_and_login(url: str) -> tuple[str, tuple[str, str] | None]:
    parts = urlsplit(url)
    port = parts.port or _PORTS.get(parts.scheme)
    login = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    return f"{parts.scheme}://{parts.hostname}:{port}", login


def _shown(url: str) -> str:
    return printable(shown_address(url))


def _failure(error: AnswerError) -> IndexFailure:
    cause = error.__cause__
    hints: tuple[str, ...] = (LATER, WHICH) if error.unreachable else (WHICH,)
    if isinstance(cause, SSLError):
        hints = ("pip config set global.cert FILE names the certificate to trust.",)
    elif isinstance(cause, ProxyError) or PROXY in error.hints:
        hints = (_PROXY,)
    elif not error.silent and isinstance(cause, (ConnectionError, Timeout)):
        hint = "pip config list shows the index; conda cuda use ... -c CHANNEL needs none."
        return IndexFailure(NO_ANSWER, (hint,), unreachable=True)
    return IndexFailure(error.message.rstrip("."), hints, unreachable=error.unreachable)


def _body(answer: Any) -> bytes:
    try:
        with in_words(answer.url):
            return body_of(answer, answer.url, _MOST_BYTES)
    except AnswerError as error:
        raise _failure(error) from error


def _session(settings: Settings) -> Any:
    # A call of the class itself would give the session that others use.
    session = type.__call__(CondaSession)
    for other in [scheme for scheme in session.adapters if not scheme.startswith("http")]:
        # No redirect leads to a file of this machine.
        del session.adapters[other]
    conda_own = session.get_adapter("https://")
    # Whatever a server answers is an answer.
    retries = conda_own.max_retries.new(status=0, status_forcelist=())
    session.mount("http://", HTTPAdapter(max_retries=retries))
    if session.verify and "ssl_context" not in conda_own.poolmanager.connection_pool_kw:
        session.mount("https://", _adapter(retries))
    for host in settings.trusted_hosts:
        session.mount(f"https://{host}/", _Careless(max_retries=retries))
        if ":" not in host:
            session.mount(f"https://{host}:", _Careless(max_retries=retries))
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


class _Careless(HTTPAdapter):
    """An adapter for a host that is trusted whatever it shows."""

    def send(self, request: Any, **options: Any) -> Any:
        """Send a request, as requests' adapters do."""
        return super().send(request, **{**options, "verify": False})
