"""Every parser with any input: an answer or an error in words, at once, and nothing else happens.

Some hundred inputs for each here, and the corpus; `make fuzz` tries a hundred thousand and more.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from conda_cuda_plugin import addons, environment, versions
from conda_cuda_plugin.environment import Environment
from conda_cuda_plugin.errors import CudaError
from conda_cuda_plugin.frameworks import build_markers, match, releases, table
from conda_cuda_plugin.libraries import elf, host, messages, names, places, search_path
from conda_cuda_plugin.machine import spec
from conda_cuda_plugin.machine.machine import Machine
from conda_cuda_plugin.platforms import PLATFORMS
from conda_cuda_plugin.sources import installed, system
from conda_cuda_plugin.sources.pypi import pages, wheel

from .conftest import examples
from .texts import CORPUS, nested, texts
from .watching import watched

LINUX = PLATFORMS["linux-64"]
HOST = host.host_of(LINUX)
# Asked of the system once, when a token first needs it.
host.expand("$LIB/$PLATFORM", "/x", HOST)
PAGE = "https://index.example/simple/a/"
Parser = Callable[[str], Any]

WORDS: dict[str, tuple[Parser, tuple[type[Exception], ...]]] = {
    "CudaVersion": (versions.CudaVersion.parse, (ValueError,)),
    "VersionRequest": (versions.VersionRequest.parse, (CudaError,)),
    "VersionRequest specifier": (
        lambda text: versions.VersionRequest.parse(text).specifier(), (CudaError,)),
    "page of an index": (
        lambda text: pages.read_page("application/vnd.pypi.simple.v1+json", text, PAGE),
        (wheel.IndexFailure,)),
    "page of links": (lambda text: pages.read_page("text/html", text, PAGE), (wheel.IndexFailure,)),
    "file on a page": (
        lambda text: pages.read_page(
            "text/html", f'<a href="{text}" data-core-metadata="{text}">a.whl</a>', PAGE),
        (wheel.IndexFailure,)),
    "wheel's name": (
        lambda text: pages.candidates("a", [pages.IndexFile(f"{text}.whl", PAGE)], LINUX), ()),
    "addon version": (lambda text: addons.check_addons({"cudnn": text}), (CudaError,)),
    "addons of packages": (lambda text: addons.addons_of([text, f"{text}-1-0"]), ()),
    "library name": (names.releases_of, (CudaError,)),
    "message": (messages.read_message, ()),
    "message for Windows": (lambda text: messages.read_message(text, windows=True), ()),
    "symbol": (messages.library_of_symbol, ()),
    "framework": (match.parse_framework, (CudaError,)),
    "match": (lambda text: match.match(text, Machine(), LINUX), (CudaError,)),
    "framework release": (lambda text: releases.find_release("torch", text), (CudaError,)),
    "machine": (
        lambda text: spec.is_machine_text(text) and spec.state_machine(text, Machine()),
        (CudaError,),
    ),
    "CONDA_OVERRIDE_CUDA": (
        lambda text: spec.stated_cuda({"CONDA_OVERRIDE_CUDA": text}, {}), ()),
    "CONDA_OVERRIDE_CUDA_ARCH": (
        lambda text: spec.stated_arch({"CONDA_OVERRIDE_CUDA_ARCH": text}, {}), ()),
    "conda build string": (build_markers.cuda_of_build, ()),
    "requirements": (lambda text: build_markers.pins([text, f"nvidia-cudnn-cu12=={text}"]), ()),
    "LD_LIBRARY_PATH": (lambda text: list(search_path.search_folders((), text, HOST)), ()),
    "dynamic string token": (lambda text: host.expand(text, "/x", HOST), ()),
}  # fmt: skip


def _try(parse: Callable[[Any], Any], given_: Any, allowed: tuple[type[Exception], ...]) -> None:
    try:
        parse(given_)
    except allowed as error:
        if isinstance(error, CudaError):
            assert error.message.strip()
            # What is shown of the input is shortened, so that the sentence stays one.
            assert len(str(error)) < 1500


def fuzz(
    strategy: st.SearchStrategy[Any],
    ordinary: int,
    check: Callable[[Any], None],
    most: int | None = None,
) -> None:
    """Try a property on many inputs; the same ones in every ordinary run."""
    many = min(examples(ordinary), most or 10**9)
    settings(
        max_examples=many,
        derandomize=many == ordinary,
        database=None,
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )(given(strategy)(check))()


@pytest.mark.parametrize("name", WORDS)
def test_words(name: str) -> None:
    parse, allowed = WORDS[name]

    def check(text: str) -> None:
        with watched():
            _try(parse, text, allowed)

    for text in CORPUS:
        check(text)
    fuzz(texts, 300, check)


def _yaml(tmp: Path) -> Iterable[tuple[Path, Callable[[], Any]]]:
    root = tmp / "cuda-12.4"
    yield root / "toolkit.yaml", lambda: environment.read_toolkit(root)
    yield tmp / "etc/conda/cuda/state.yaml", lambda: Environment(tmp).state


def _texts(tmp: Path) -> Iterable[tuple[Path, Callable[[], Any]]]:
    for name in ("version.json", "version.txt", "include/cuda_runtime_api.h"):
        folder = tmp / name.replace("/", "-")
        (folder / "lib64").mkdir(parents=True)
        for platform in (LINUX,):
            yield folder / name, lambda f=folder, p=platform: system.read_system_toolkit(f, p)
    meta = "conda-meta/cuda-cudart-12.4.127-0.json"
    yield tmp / meta, lambda: installed.version_of(installed.cuda_packages(tmp))
    site = tmp / "lib/python3.11/site-packages"
    for name in ("torch", "tensorflow", "jaxlib", "cupy_cuda12x"):
        yield site / f"{name}-2.5.1.dist-info/METADATA", lambda: table.find_frameworks(tmp)
    yield site / "torch/version.py", lambda: table.find_frameworks(tmp)


def _bytes(tmp: Path) -> Iterable[tuple[Path, Callable[[], Any]]]:
    yield tmp / "library.so", lambda: elf.read_elf(tmp / "library.so")
    yield tmp / "header.so", lambda: elf.read_header(tmp / "header.so")
    yield tmp / "symbols.so", lambda: elf.holds_symbol(tmp / "symbols.so", "cudaMalloc")
    yield tmp / "ld.so.cache", lambda: host.read_cache(tmp / "ld.so.cache")


def _elf_bytes() -> st.SearchStrategy[bytes]:
    """Broken libraries: a real one with some of its bytes changed or its end cut off."""
    real = Path(os.path.realpath("/proc/self/exe")).read_bytes()[:4096]

    def damage(changes: list[tuple[int, int]], end: int) -> bytes:
        data = bytearray(real[: end or None])
        for place, value in changes:
            if data:
                data[place % len(data)] = value
        return bytes(data)

    places_ = st.one_of(st.integers(0, 128), st.integers(0, 4095))
    changes = st.lists(st.tuples(places_, st.integers(0, 255)), max_size=12)
    return st.one_of(st.binary(max_size=300), st.builds(damage, changes, st.integers(0, 4096)))


_FILES = {
    "yaml": (_yaml, st.one_of(nested.map(lambda value: json.dumps(value)), texts), (CudaError,)),
    "text": (_texts, st.one_of(nested.map(lambda value: json.dumps(value)), texts), (CudaError,)),
    "bytes": (_bytes, _elf_bytes(), (CudaError, elf.NotLoadable)),
}


@pytest.mark.parametrize("kind", _FILES)
def test_files(kind: str, tmp_path: Path) -> None:
    make, strategy, allowed = _FILES[kind]
    readers = list(make(tmp_path))
    for path, _ in readers:
        path.parent.mkdir(parents=True, exist_ok=True)

    def check(content: str | bytes) -> None:
        data = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
        for path, _ in readers:
            path.write_bytes(data)
        for _, read in readers:
            with watched():
                _try(lambda _, read=read: read(), None, allowed)

    for text in CORPUS:
        check(text.encode("utf-8", "surrogatepass"))
    fuzz(strategy, 150, check)


def test_places_of_any_name(tmp_path: Path) -> None:
    """Folders and link targets are only looked at, whatever they are called."""

    def check(text: str) -> None:
        with watched():
            places.system_folders([text.replace("\0", "") or "x"], LINUX, str(tmp_path))

    fuzz(texts, 100, check)
