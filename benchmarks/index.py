"""A Python package index as a folder of pages, with wheels of NVIDIA's sizes."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping
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
        page = folder / "simple" / wheel.name.split("-")[0].replace("_", "-") / "index.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        sums = [hashlib.sha256(part).hexdigest() for part in (wheel.read_bytes(), data)]
        link = f'href="../../files/{wheel.name}#sha256={sums[0]}"'
        beside = f'data-core-metadata="sha256={sums[1]}"'
        page.write_text(f"<!DOCTYPE html><html><body><a {link} {beside}>x</a></body></html>")
    return folder, list(pins.values())


def _library(name: str, megabytes: float) -> bytes:
    """Blocks that cannot be compressed, and between them what can: NVIDIA's shrink to 0.7."""
    chance = random.Random(name)
    rest = b"\x90" * round(_MEGABYTE * 0.44)
    block = chance.randbytes(_MEGABYTE)
    count = max(1, round(megabytes))
    # The block is longer than what deflate looks back.
    return b"".join(block[shift:] + block[:shift] + rest for shift in range(1, count + 1))
