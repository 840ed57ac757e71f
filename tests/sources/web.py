"""A folder on the web of this machine, behind a password if need be."""

from __future__ import annotations

import base64
import contextlib
import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path


class _Handler(http.server.SimpleHTTPRequestHandler):
    expected: str | None = None

    def do_GET(self) -> None:
        if self._known():
            super().do_GET()

    def do_HEAD(self) -> None:
        if self._known():
            super().do_HEAD()

    def _known(self) -> bool:
        if self.expected in (None, self.headers.get("Authorization")):
            return True
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="here"')
        self.send_header("Content-Length", "0")
        self.end_headers()
        return False

    def log_message(self, *args: object) -> None:
        pass


@contextlib.contextmanager
def serve(folder: Path, user: str = "", password: str = "") -> Iterator[str]:
    """Serve a folder; its address."""
    login = base64.b64encode(f"{user}:{password}".encode()).decode()
    kind = type("Handler", (_Handler,), {"expected": f"Basic {login}" if user else None})
    handler = functools.partial(kind, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
