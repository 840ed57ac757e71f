"""Hosts that answer late, badly or never, and count who asks them."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

REFUSING = "http://127.0.0.1:9"
"""Nothing listens there."""
UNKNOWN = "http://nobody.invalid"
"""No such name."""


class Host:
    """A host of this machine.

    Args:
        port: where it listens.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.connections = 0
        self.paths: list[str] = []
        """What was asked for, each time."""

    @property
    def address(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"


@contextlib.contextmanager
def silent() -> Iterator[Host]:
    """Takes connections, and never says a word."""
    with _talking(b"", forever=b"") as host:
        yield host


@contextlib.contextmanager
def trickling() -> Iterator[Host]:
    """Begins an answer, and never comes to its end."""
    with _talking(b"HTTP/1.1 200 OK\r\nX-Slow: ", forever=b"x") as host:
        yield host


@contextlib.contextmanager
def unencrypted() -> Iterator[Host]:
    """Knows nothing of encryption."""
    with _talking(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", forever=None) as host:
        yield host


@contextlib.contextmanager
def closing() -> Iterator[Host]:
    """Takes connections, and hangs up."""
    with _talking(b"", forever=None) as host:
        yield host


@contextlib.contextmanager
def dropping() -> Iterator[Host]:
    """Lets no connection come about: its queue is full."""
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.socket())
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                waiting.connect(listening.getsockname())
        yield Host(listening.getsockname()[1])


@contextlib.contextmanager
def serving(
    folder: Path,
    *,
    delay: float = 0,
    status: int | None = None,
    port: int = 0,
    tagged: bool = False,
) -> Iterator[Host]:
    """Serves a folder.

    Args:
        folder: the folder.
        delay: seconds before each answer.
        status: what it says to every request in place of the file.
        port: where it listens; anywhere by default.
        tagged: whether it says what is as it was before.
    """

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *words: Any) -> None:
            super().__init__(*words, directory=str(folder))

        def do_GET(self) -> None:
            host.paths.append(self.path)
            time.sleep(delay)
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                if status is None:
                    tag = self.tag()
                    if tag and self.headers.get("If-None-Match") == tag:
                        self.send_response(304)
                        self.end_headers()
                        return
                    super().do_GET()
                else:
                    self.send_error(status)

        def tag(self) -> str:
            path = Path(self.translate_path(self.path))
            return f'"{path.stat().st_mtime_ns}"' if tagged and path.exists() else ""

        def end_headers(self) -> None:
            self.send_header("Cache-Control", "max-age=3600")
            if tag := self.tag():
                self.send_header("ETag", tag)
            super().end_headers()

        def log_message(self, *words: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        host = Host(server.server_port)
        with _running(server):
            yield host


@contextlib.contextmanager
def _talking(greeting: bytes, *, forever: bytes | None) -> Iterator[Host]:
    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            host.connections += 1
            with contextlib.suppress(OSError):
                self.request.sendall(greeting)
                while forever is not None:
                    time.sleep(0.1)
                    self.request.sendall(forever)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads, block_on_close = True, False

    with Server(("127.0.0.1", 0), Handler) as server:
        host = Host(server.server_address[1])
        with _running(server):
            yield host


@contextlib.contextmanager
def _running(server: socketserver.BaseServer) -> Iterator[None]:
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
    try:
        yield
    finally:
        server.shutdown()
