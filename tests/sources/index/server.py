"""A Python package index on this machine, as real ones are, or as one goes wrong."""

from __future__ import annotations

import contextlib
import hashlib
import html
import http.server
import json
import re
import ssl
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

_BLOCK = 2**18
JSON, HTML = "application/vnd.pypi.simple.v1+json", "text/html"


@dataclass
class Index:
    """What the index does; tests change it while it runs.

    Args:
        wheels: the folder of files.
    """

    wheels: Path
    kind: str = JSON
    metadata: bool = True
    """Whether metadata files lie beside the wheels."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """What every page is sent with."""
    etag: bool = False
    login: str | None = None
    """The Authorization that is asked for."""
    status: int = 200
    """Of every page."""
    redirect: str | None = None
    """Where every page is found instead."""
    yanked: frozenset[str] = frozenset()
    hashes: Mapping[str, str] = field(default_factory=dict)
    """By file name, where the index lies."""
    junk: bool = False
    """Whether there are rows and links that are none, which pip does not survive."""
    body: bytes | None = None
    """Every page, in place of a right one."""
    ranges: bool = True
    """Whether a part of a file can be had."""
    shares: list[float] = field(default_factory=list)
    """How much of a file comes of each answer to come, before it breaks off."""
    changed: Callable[[bytes], bytes] = bytes
    """What becomes of the content of files on the way."""
    length: int = 0
    """How much longer files are said to be than they are."""
    rate: float = 0
    """Bytes per second of each answer; as fast as it goes by default."""
    wait: Callable[[int], None] = lambda sent: None
    """Is called before each block of a file, with the bytes of it that were sent."""
    piece_status: int = 206
    """Of what is asked for with an end."""
    piece: Callable[[bytes], bytes] = bytes
    """What becomes of such a piece."""
    piece_range: Callable[[str], str] = str
    """What becomes of the place that it is said to have."""
    file_status: int = 200
    asked: list[str] = field(default_factory=list)
    """The paths that were asked for, with the status of the answer."""
    address: str = ""

    def pages(self, name: str) -> list[Path]:
        """The files of a package."""
        stem = name.replace("-", "_")
        return [p for p in sorted(self.wheels.glob("*.whl")) if p.name.split("-")[0] == stem]

    def page(self, name: str) -> bytes | None:
        """What the index shows of a package; None when it has none."""
        if self.body is not None:
            return self.body
        files = self.pages(name)
        if not files:
            return None
        return self._json(files) if self.kind == JSON else self._html(files)

    def _sha256(self, path: Path) -> str:
        return self.hashes.get(path.name) or hashlib.sha256(path.read_bytes()).hexdigest()

    def _json(self, files: list[Path]) -> bytes:
        rows: list[Any] = []
        if self.junk:
            rows = [None, 5, {"filename": 3}, {"filename": "a.whl", "url": []}, {"url": "a"}]
            rows += [{"filename": "a.whl", "url": "http://[", "hashes": 5, "size": "x"}]
        for path in files:
            row = {
                "filename": path.name,
                "url": f"../../files/{path.name}",
                "hashes": {"sha256": self._sha256(path)},
                "size": path.stat().st_size,
                "yanked": "taken back" if path.name in self.yanked else False,
            }
            if self.metadata:
                digest = hashlib.sha256(metadata_of(path)).hexdigest()
                row["core-metadata"] = {"sha256": self.hashes.get("METADATA") or digest}
            rows.append(row)
        return json.dumps({"meta": {"api-version": "1.3"}, "name": "x", "files": rows}).encode()

    def _html(self, files: list[Path]) -> bytes:
        lines = ["<!DOCTYPE html><html><body><a>no link</a>"]
        lines += ["<a href='http://['>broken</a>" if self.junk else ""]
        for path in files:
            more = ' data-yanked="taken back"' if path.name in self.yanked else ""
            if self.metadata:
                more += (
                    f' data-core-metadata="sha256={hashlib.sha256(metadata_of(path)).hexdigest()}"'
                )
            link = html.escape(f"../../files/{path.name}#sha256={self._sha256(path)}")
            lines.append(f'<a href="{link}"{more}>{path.name}</a><br/>')
        return "\n".join(lines).encode()


def metadata_of(wheel: Path) -> bytes:
    """The metadata inside a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [n for n in archive.namelist() if n.endswith(".dist-info/METADATA")]
        return archive.read(name)


class _Handler(http.server.BaseHTTPRequestHandler):
    index: Index
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.index.login and self.headers.get("Authorization") != self.index.login:
            return self.answer(401, b"", {"WWW-Authenticate": 'Basic realm="here"'})
        kind, _, name = unquote(self.path).strip("/").rpartition("/")
        if kind.endswith("simple"):
            return self.page(name)
        path = self.index.wheels / name.removesuffix(".metadata")
        if not path.is_file():
            return self.answer(404, b"")
        if name.endswith(".metadata"):
            return self.tagged(metadata_of(path), self.index.headers)
        return self.file(self.index.changed(path.read_bytes()))

    def file(self, data: bytes) -> None:
        index = self.index
        if index.file_status != 200:
            return self.answer(index.file_status, b"")
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if wanted and wanted[2] and index.ranges:
            return self.piece(data, int(wanted[1]), int(wanted[2]) + 1)
        start = int(wanted[1]) if wanted and index.ranges else 0
        share = index.shares.pop(0) if index.shares else 1
        end = len(data) if share == 1 else max(start, int(len(data) * share))
        index.asked.append(f"{self.path} {206 if start else 200} from {start}")
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        elif index.ranges:
            self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(len(data) - start + index.length))
        self.send_header("Connection", "close")
        self.end_headers()
        self.send(data[start:end])
        return None

    def piece(self, data: bytes, start: int, end: int) -> None:
        index = self.index
        index.asked.append(f"{self.path} {index.piece_status} from {start} to {end}")
        whole = index.piece_status == 200
        self.send_response(index.piece_status)
        if index.piece_status == 206:
            place = index.piece_range(f"bytes {start}-{end - 1}/{len(data)}")
            self.send_header("Content-Range", place)
        body = data if whole else index.piece(data[start:end])
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.send(body)

    def send(self, data: bytes) -> None:
        """Send a body, as fast as the index is."""
        step = int(self.index.rate) // 20 or _BLOCK
        for at in range(0, len(data), step):
            self.index.wait(at)
            self.wfile.write(data[at : at + step])
            time.sleep(0.05 if self.index.rate else 0)

    def page(self, name: str) -> None:
        if self.index.redirect:
            return self.answer(302, b"", {"Location": f"{self.index.redirect}{name}/"})
        if self.index.status != 200:
            return self.answer(self.index.status, b"")
        body = self.index.page(name)
        if body is None:
            return self.answer(404, b"nothing")
        return self.tagged(body, {"Content-Type": self.index.kind, **self.index.headers})

    def tagged(self, body: bytes, headers: Mapping[str, str]) -> None:
        """Answer, or say that nothing has changed."""
        if self.index.etag:
            headers = {**headers, "ETag": f'"{hashlib.md5(body).hexdigest()}"'}
            if self.headers.get("If-None-Match") == headers["ETag"]:
                return self.answer(304, b"", headers)
        return self.answer(200, body, headers)

    def answer(self, status: int, body: bytes, headers: Mapping[str, str] = {}) -> None:
        self.index.asked.append(f"{self.path} {status}")
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@contextlib.contextmanager
def serve_index(index: Index, certificate: Path | None = None) -> Iterator[Index]:
    """Let an index answer; its address is that of its pages.

    Args:
        index: what it does.
        certificate: a file with certificate and key, to answer by https.
    """
    handler = type("Handler", (_Handler,), {"index": index})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
            scheme = "https"
        index.address = f"{scheme}://127.0.0.1:{server.server_address[1]}/simple"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield index
        server.shutdown()
