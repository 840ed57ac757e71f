"""A Python package index from a folder, in a process of its own.

usage: python -m benchmarks.index_server FOLDER

It prints its port, and answers until it is killed.
"""

from __future__ import annotations

import contextlib
import http.server
import os
import re
import sys
from pathlib import Path

_KINDS = {"index.json": "application/vnd.pypi.simple.v1+json"}


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    folder = Path()
    # As real servers have it: an answer does not wait for what acknowledges its head.
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        path = self.folder / self.path.strip("/")
        if path.is_dir():
            path /= "index.json"
        if not path.is_file():
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        with path.open("rb") as file:
            size = path.stat().st_size
            wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
            at = int(wanted[1]) if wanted else 0
            end = int(wanted[2]) + 1 if wanted and wanted[2] else size
            self.send_response(206 if wanted else 200)
            if wanted:
                self.send_header("Content-Range", f"bytes {at}-{end - 1}/{size}")
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("Content-Type", _KINDS.get(path.name, "application/octet-stream"))
            self.send_header("Content-Length", str(end - at))
            self.end_headers()
            with contextlib.suppress(ConnectionError):
                while at < end:
                    at += os.sendfile(self.wfile.fileno(), file.fileno(), at, end - at)

    def log_message(self, *args: object) -> None:
        pass


if __name__ == "__main__":
    _Handler.folder = Path(sys.argv[1]).resolve()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()
