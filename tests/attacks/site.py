"""A place on the web that answers as a test wants: late, bit by bit, cut short, or with anything."""

from __future__ import annotations

import contextlib
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Site:
    """What it answers, by path; the longest beginning of a path that fits counts.

    Args:
        address: where it is, without a slash at its end.
    """

    address: str = ""
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        self.asked.append(handler.path)
        fitting = [path for path in self.answers if handler.path.startswith(path)]
        with contextlib.suppress(OSError):
            self.answers.get(max(fitting, key=len, default=""), says(404))(handler)


def says(status: int, body: bytes = b"", kind: str = "text/html", **headers: str) -> Answer:
    """A plain answer."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        head(handler, status, len(body), kind, **headers)
        handler.wfile.write(body)

    return answer


def sends_on(target: str, status: int = 302) -> Answer:
    """A redirect."""
    return says(status, Location=target)


def trickles(body: bytes, kind: str = "text/html", pause: float = 0.2) -> Answer:
    """A byte now and then."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        head(handler, 200, len(body), kind)
        for byte in body:
            handler.wfile.write(bytes([byte]))
            time.sleep(pause)

    return answer


def trickles_its_head(handler: BaseHTTPRequestHandler) -> None:
    """The head itself has no end."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    for _ in range(300):
        handler.wfile.write(b"x")
        time.sleep(0.2)


def says_nothing(handler: BaseHTTPRequestHandler) -> None:
    """Silence."""
    time.sleep(60)


def cut(body: bytes, kind: str = "text/html", keep: int = 40) -> Answer:
    """It promises more than it gives."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        head(handler, 200, len(body), kind)
        handler.wfile.write(body[:keep])

    return answer


def pours(kind: str = "text/html") -> Answer:
    """As much as is taken, up to two gigabytes."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        head(handler, 200, 2 << 30, kind)
        for _ in range(2 << 10):
            handler.wfile.write(b"<a>" * 349525 + b" ")

    return answer


def steadily(body: bytes, rate: int, kind: str = "application/octet-stream") -> Answer:
    """So many bytes a second."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        head(handler, 200, len(body), kind)
        for start in range(0, len(body), rate // 5):
            handler.wfile.write(body[start : start + rate // 5])
            handler.wfile.flush()
            time.sleep(0.2)

    return answer


def head(
    handler: BaseHTTPRequestHandler, status: int, length: int, kind: str, **headers: str
) -> None:
    """What comes before a body."""
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(length))
    handler.end_headers()


@contextlib.contextmanager
def site(certificate: Path | None = None) -> Iterator[Site]:
    """One on 127.0.0.1; of https if there is a certificate, with its key."""
    known = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known(self)

        do_HEAD = do_GET

        def log_message(self, *words: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads, block_on_close = True, False

    with Server(("127.0.0.1", 0), Handler) as server:
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        host = "http://127.0.0.1" if certificate is None else "https://localhost"
        known.address = f"{host}:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
        try:
            yield known
        finally:
            server.shutdown()
