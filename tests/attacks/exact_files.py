"""Files of `conda cuda export` as an attacker writes them, and a conda that reads them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from conda_cuda_plugin.lockfile.cuda_file import new_text

from ..channel.package import CondaPackage
from ..conftest import Conda, Result

Ask = Callable[..., Result]
PLATFORM = "linux-64"


def asking(conda: Conda, **variables: str) -> Ask:
    """`conda cuda WORDS`, whatever comes of it."""

    def ask(*words: str | Path) -> Result:
        return conda("cuda", *words, check=False, **variables)

    return ask


@pytest.fixture
def ask(conda: Conda, own_cache: Path) -> Ask:
    return asking(conda, CONDA_OVERRIDE_CUDA="13.0")


@pytest.fixture
def wheel(wheelhouse: Path) -> Path:
    """The one that the index has."""
    (found,) = wheelhouse.glob("nvidia_cuda_runtime_cu12-*")
    return found


def row(package: str, path: Path, *hashes: str, **more: str) -> dict[str, str]:
    """A package of a file: `name-version-build`, where its file lies, and the hashes it gives."""
    name, version, build = package.rsplit("-", 2)
    data = path.read_bytes()
    known = {kind: hashlib.new(kind, data).hexdigest() for kind in hashes}
    found = {"name": name, "version": version, "build": build, "url": path.as_uri()}
    return {**found, **known, **more}


def write_file(
    path: Path, *rows: Mapping[str, str], request: Mapping[str, Any] = {}, **toolkit: Any
) -> Path:
    """A file with one toolkit, whose digest is right whatever it says."""
    toolkit = {"version": "12.4.1", "origin": "pypi", "flavor": "base", **toolkit}
    release = ".".join(str(toolkit["version"]).split(".")[:2])
    content = {
        "conda-cuda": 1,
        "platform": PLATFORM,
        "current": release,
        "request": {"version": release, **request},
        "toolkits": [{**toolkit, **({"packages": list(rows)} if rows else {})}],
    }
    path.write_text(new_text(content))
    return path


def conda_package(folder: Path, content: bytes = b"cudart", script: str = "") -> Path:
    """A conda package of the runtime; with a script that conda runs when it is linked."""
    files = {"lib/libcudart.so.12": content}
    if script:
        files["bin/.cuda-cudart-post-link.sh"] = f"#!/bin/sh\n{script}\n".encode()
    package = CondaPackage("cuda-cudart", "12.4.127", files=files)
    folder.mkdir(parents=True, exist_ok=True)
    name, _ = package.write(folder, PLATFORM)
    return folder / name
