"""Redist archives made at test time, in NVIDIA's layout, and a server that hands them out."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import tarfile
import threading
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

MACHINE = f"linux-{'x86_64' if os.uname().machine == 'x86_64' else 'sbsa'}"
"""NVIDIA's name of this machine's platform."""
OTHER = "windows-x86_64"

Row = dict[str, Any]

NVCC = b"""#!/bin/sh
echo "nvcc: NVIDIA (R) Cuda compiler driver"
echo "Cuda compilation tools, release 12.4, V12.4.131"
"""


@dataclass(frozen=True)
class Part:
    """A component of a release before it is written.

    Args:
        files: contents by path below the archive's top folder; what lies in `bin` is executable.
        links: symbolic links by path.
    """

    component: str
    version: str
    files: Mapping[str, bytes | Path] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    platforms: tuple[str, ...] = (MACHINE,)


def small_release(filler: int = 0) -> list[Part]:
    """The parts of 12.4.1 with next to nothing in them.

    Args:
        filler: bytes in cudart that cannot be compressed.
    """
    more: dict[str, bytes | Path] = {"lib/filler.bin": os.urandom(filler)} if filler else {}
    runtime: dict[str, bytes | Path] = {
        "LICENSE": b"the license of cudart",
        "include/cuda_runtime_api.h": b"#define CUDART_VERSION 12040\n",
        "lib/libcudart.so.12.4.127": b"cudart 12.4",
        "lib/stubs/libcuda.so": b"stub",
        "pkg-config/cudart-12.4.pc": b"Name: cudart\n",
        **more,
    }
    links = {"lib/libcudart.so": "libcudart.so.12", "lib/libcudart.so.12": "libcudart.so.12.4.127"}
    return [
        Part("cuda_cudart", "12.4.127", runtime, links),
        Part("libcublas", "12.4.5.8", {"lib/libcublas.so.12": b"cublas 12.4"}),
        Part(
            "cuda_nvcc",
            "12.4.131",
            {"bin/nvcc": NVCC, "bin/nvcc.profile": b"TOP = $(_HERE_)/..\n", "nvvm/bin/cicc": b"#!"},
        ),
        Part("cuda_cccl", "12.4.127", {"include/cub/cub.cuh": b"#pragma once\n"}),
        Part("cuda_gdb", "12.4.127", {"bin/cuda-gdb": b"#!/bin/sh\n"}),
        Part("nsight_compute", "2024.1.1.4", {"nsight-compute/ncu": b"ncu"}),
        Part("nvidia_driver", "550.54.15", {"lib/libcuda.so.1": b"driver"}),
        Part("cuda_compat", "12.4.1", {"compat/libcuda.so.1": b"driver"}),
    ]


def tar_xz(
    top: str,
    files: Mapping[str, bytes | Path],
    links: Mapping[str, str] = {},
    preset: int = 0,
) -> bytes:
    """A `.tar.xz` as NVIDIA makes them."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:xz", preset=preset) as tar:
        for path, content in files.items():
            data = content.read_bytes() if isinstance(content, Path) else content
            info = tarfile.TarInfo(f"{top}/{path}")
            info.size, info.mtime = len(data), 1_700_000_000
            info.mode = 0o755 if "bin/" in path and not path.endswith(".profile") else 0o644
            tar.addfile(info, io.BytesIO(data))
        for path, target in links.items():
            info = tarfile.TarInfo(f"{top}/{path}")
            info.type, info.linkname = tarfile.SYMTYPE, target
            tar.addfile(info)
    return buffer.getvalue()


def zip_file(top: str, files: Mapping[str, bytes | Path]) -> bytes:
    """A `.zip` as NVIDIA makes them for Windows."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            data = content.read_bytes() if isinstance(content, Path) else content
            archive.writestr(f"{top}/{path}", data)
    return buffer.getvalue()


def write_release(folder: Path, release: str, parts: Iterable[Part]) -> dict[str, Row]:
    """Write archives and the manifest of a release below a folder.

    Returns:
        The manifest's content, so that it can be changed and written again.
    """
    manifest: dict[str, Any] = {
        "release_date": "2024-03-28",
        "release_label": release,
        "release_product": "cuda",
    }
    for part in parts:
        row: Row = {
            "name": part.component,
            "license": "CUDA Toolkit",
            "license_path": f"{part.component}/LICENSE.txt",
            "version": part.version,
        }
        for platform in part.platforms:
            top = f"{part.component}-{platform}-{part.version}-archive"
            windows = platform.startswith("windows")
            data = zip_file(top, part.files) if windows else tar_xz(top, part.files, part.links)
            ending = ".zip" if windows else ".tar.xz"
            row[platform] = write_archive(folder, part.component, platform, f"{top}{ending}", data)
        manifest[part.component] = row
    write_manifest(folder, release, manifest)
    return manifest


def write_archive(folder: Path, component: str, platform: str, name: str, data: bytes) -> Row:
    """Write one archive; what the manifest says of it."""
    path = folder / component / platform / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return {
        "relative_path": str(path.relative_to(folder)),
        "sha256": hashlib.sha256(data).hexdigest(),
        "md5": hashlib.md5(data, usedforsecurity=False).hexdigest(),
        "size": str(len(data)),
    }


def write_manifest(folder: Path, release: str, manifest: Mapping[str, Any]) -> Path:
    """Write a manifest; its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"redistrib_{release}.json"
    path.write_text(json.dumps(manifest, indent=4))
    return path


@dataclass
class RedistServer:
    """Hands out a folder on 127.0.0.1 as NVIDIA's server does, or worse.

    Args:
        folder: what it hands out.
    """

    folder: Path
    address: str = ""
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    """Path and range of each request."""
    lists: bool = True
    """Whether folders are listed."""
    ranges: bool = True
    """Whether it knows of ranges."""
    break_after: int | None = None
    """Bytes of an archive after which the connection breaks, every time."""
    breaks: int = 1_000_000
    """How often it breaks."""
    append: bytes = b""
    """What it sends behind each archive."""
    lengths: bool = True
    """Whether it says how much will come."""

    @property
    def archives(self) -> list[tuple[str, str | None]]:
        """The requests for archives."""
        return [(path, part) for path, part in self.requests if path.endswith((".xz", ".zip"))]

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        asked = handler.headers.get("Range")
        self.requests.append((handler.path, asked))
        path = self.folder / unquote(handler.path).lstrip("/")
        if path.is_dir():
            if not self.lists:
                return self._send(handler, 403, b"no")
            names = sorted(entry.name for entry in path.iterdir())
            page = "".join(f'<a href="{name}">{name}</a><br>\n' for name in names)
            return self._send(handler, 200, page.encode())
        if not path.is_file():
            return self._send(handler, 404, b"not found")
        data = path.read_bytes()
        if path.suffix == ".json":
            return self._send(handler, 200, data)
        data += self.append
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.ranges else 0
        if start and start >= len(data):
            return self._send(handler, 416, b"", {"Content-Range": f"bytes */{len(data)}"})
        more = {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"} if start else {}
        return self._send(handler, 206 if start else 200, data[start:], more, breaking=True)

    def _send(
        self,
        handler: BaseHTTPRequestHandler,
        code: int,
        data: bytes,
        headers: Mapping[str, str] = {},
        *,
        breaking: bool = False,
    ) -> None:
        handler.send_response(code)
        if self.lengths or not breaking:
            handler.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        cut = self.break_after if breaking and self.breaks > 0 else None
        if cut is not None and cut < len(data):
            self.breaks -= 1
            handler.wfile.write(data[:cut])
            handler.wfile.flush()
            handler.connection.close()
            handler.close_connection = True
        else:
            # Who has had enough hangs up.
            with contextlib.suppress(ConnectionError):
                handler.wfile.write(data)


def serve(folder: Path) -> Iterator[RedistServer]:
    """A server for as long as the generator lives."""
    known = RedistServer(folder)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known.answer(self)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    known.address = f"http://127.0.0.1:{server.server_address[1]}/"
    try:
        yield known
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
