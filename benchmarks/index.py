"""A Python package index as a folder of pages, with wheels of NVIDIA's sizes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import random
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from conda_cuda_plugin.toolkit import components
from conda_cuda_plugin.versions import CudaVersion
from tests.sources.index.server import metadata_of
from tests.sources.wheelhouse import write_wheel

_MEGABYTE = 10**6


def write_site(
    folder: Path, release: CudaVersion, sizes: Mapping[str, float]
) -> tuple[Path, list[str]]:
    """Write an index that has one release.

    Args:
        folder: where to; what is there already is taken as it is.
        release: the release.
        sizes: components, with the megabytes of their wheels.

    Returns:
        The folder, and the requirements of all components.
    """
    suffix = "" if release.major >= 13 else f"-cu{release.major}"
    packages = {name: f"{components()[name].pypi}{suffix}" for name in sizes}
    pins = {name: f"{package}=={release}.*" for name, package in packages.items()}
    files = folder / "files"
    files.mkdir(parents=True, exist_ok=True)
    requires = [f"{pin}; extra == '{name}'" for name, pin in pins.items()]
    write_wheel(files, "cuda-toolkit", str(release), requires=requires, tag="py3-none-any")
    for name, package in packages.items():
        content = {f"nvidia/{name}/lib/lib{name}.so.{release.major}": _library(name, sizes[name])}
        write_wheel(files, package, f"{release}.1", content)
    for wheel in sorted(files.glob("*.whl")):
        data = metadata_of(wheel)
        wheel.with_name(f"{wheel.name}.metadata").write_bytes(data)
        row = {
            "filename": wheel.name,
            "url": f"../../files/{wheel.name}",
            "hashes": {"sha256": _sha256(wheel)},
            "size": wheel.stat().st_size,
            "core-metadata": {"sha256": hashlib.sha256(data).hexdigest()},
        }
        page = folder / "simple" / wheel.name.split("-")[0].replace("_", "-") / "index.json"
        page.parent.mkdir(parents=True, exist_ok=True)
        found = {"meta": {"api-version": "1.1"}, "name": page.parent.name, "files": [row]}
        page.write_text(json.dumps(found))
    return folder, list(pins.values())


@contextlib.contextmanager
def serve_site(folder: Path) -> Iterator[str]:
    """Let an index answer, in a process of its own; its address."""
    words = [sys.executable, "-m", "benchmarks.index_server", str(folder)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            yield f"http://127.0.0.1:{int(server.stdout.readline())}/simple"
        finally:
            server.kill()


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_MEGABYTE):
            digest.update(block)
    return digest.hexdigest()


def _library(name: str, megabytes: float) -> bytes:
    """Blocks that cannot be compressed, and between them what can: NVIDIA's shrink to 0.7."""
    chance = random.Random(name)
    rest = b"\x90" * round(_MEGABYTE * 0.44)
    block = chance.randbytes(_MEGABYTE)
    count = max(1, round(megabytes))
    # The block is longer than what deflate looks back.
    return b"".join(block[shift:] + block[:shift] + rest for shift in range(1, count + 1))
