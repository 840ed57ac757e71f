"""What cannot be done: a sentence, a next step, exit code 1, and everything as it was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from .builder import Channels
from .package import CondaPackage, write_channel
from .tree import tree

pytestmark = pytest.mark.network

NOBODY = "http://127.0.0.1:9/channel"


@dataclass(frozen=True)
class Case:
    """A command that fails, and what it says."""

    name: str
    words: tuple[str, ...]
    message: str
    hints: tuple[str, ...]


CASES = (
    Case(
        "no such release",
        ("12.7",),
        "There is no CUDA 12.7.",
        ("Nearest releases: 12.5, 12.6, 12.8, 12.9.",),
    ),
    Case(
        "not on these channels",
        ("12.5", "--from", "channel"),
        "The source channel has no CUDA 12.5 on conda-forge, nvidia.",
        ("conda cuda list --available -c conda-forge -c nvidia shows what there is.",),
    ),
    Case(
        "no compiler that old",
        ("10.2", "--flavor", "devel", "--from", "channel"),
        "The source channel has CUDA 10.2 as one runtime package, without the flavor devel.",
        (
            "conda cuda use 10.2 --from channel   (the libraries)",
            "conda cuda use 10.2 --flavor devel --from runfile   (NVIDIA's installer)",
        ),
    ),
    Case(
        "no parts of the one package",
        ("8.0", "--components", "cublas", "--from", "channel"),
        "The source channel has CUDA 8.0 as one runtime package, without single components.",
        (
            "conda cuda use 8.0 --from channel   (the libraries)",
            "conda cuda use 8.0 --components cublas --from runfile   (NVIDIA's installer)",
        ),
    ),
    Case(
        "nobody answers",
        ("12.4", "--from", "channel", "-c", NOBODY),
        f"The source channel cannot be reached: no answer from {NOBODY}.",
        ("Check the network, or name another channel with -c.",),
    ),
    Case(
        "nothing in the environment",
        ("12.4", "--from", "environment"),
        "The source environment has no CUDA runtime among its packages.",
        (),
    ),
)


def _state(prefix: Path) -> dict[str, tuple[str, int, bytes]]:
    """All that lies in an environment; the lock holds the number of its last holder."""
    found = tree(prefix)
    found.pop("etc/conda/cuda/lock", None)
    return found


@pytest.fixture
def web(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder and the address under which it is served: conda verifies what it downloads."""
    folder = tmp_path / "web"
    folder.mkdir()
    handler = partial(QuietHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files and says nothing about it."""

    def log_message(self, format: str, *args: object) -> None:
        pass


def _subdir(channels: Channels) -> str:
    """conda's name of this machine's platform."""
    (found,) = (p.name for p in (channels.root / "numba").iterdir() if p.name != "noarch")
    return found


@pytest.fixture(scope="module")
def used(module_conda: Any, channels: Channels) -> Path:
    """An environment that uses CUDA 10.2 with all that belongs to it."""
    prefix: Path = module_conda.create(module_conda.envs / "used")
    module_conda.cuda("use", prefix, "10.2", "-c", channels.forge, "-y")
    return prefix


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_failure_is_told_in_words_and_changes_nothing(
    case: Case, used: Path, module_conda: Any
) -> None:
    before = _state(used)
    done = module_conda.cuda("use", used, *case.words, "-y", check=False)
    assert done.code == 1
    assert case.message in done.err
    for hint in case.hints:
        assert f"\n  {hint}" in done.err
    assert "Traceback" not in done.err
    assert done.out == ""

    done = module_conda.cuda("use", used, *case.words, "--json", check=False)
    assert (done.code, done.err) == (1, "")
    assert done.json["message"].splitlines()[0] == case.message
    assert set(case.hints) <= set(done.json["hints"])
    assert _state(used) == before


def test_every_source_says_why_it_cannot(conda: Any, environment: Path) -> None:
    before = _state(environment)
    done = conda.cuda("use", environment, "9.1", "-c", "numba", "--json", check=False)
    assert done.code == 1
    assert done.json["message"].splitlines()[0] == "No source can give CUDA 9.1 now."
    assert done.json["refusals"] == {
        "environment": "has no CUDA runtime among its packages",
        "channel": "has no CUDA 9.1 on numba",
        "pypi": "has no CUDA 9.1",
        "system": done.json["refusals"]["system"],
    }
    assert done.json["refusals"]["system"].startswith("has no CUDA 9.1 on this machine")
    assert _state(environment) == before


def test_a_channel_that_does_not_exist(conda: Any, environment: Path, channels: Channels) -> None:
    before = _state(environment)
    words = ("12.4", "--from", "channel", "-c", "no-such-channel")
    done = conda.cuda("use", environment, *words, "--json", check=False)
    assert done.code == 1
    assert done.json["message"].splitlines()[0] == (
        "The source channel cannot be read: there is no channel at "
        f"file://{channels.root}/no-such-channel."
    )
    assert _state(environment) == before


@pytest.mark.parametrize("has_one", [False, True], ids=["first toolkit", "second toolkit"])
def test_a_damaged_package_is_refused(
    has_one: bool,
    conda: Any,
    environment: Path,
    channels: Channels,
    web: tuple[Path, str],
) -> None:
    if has_one:
        conda.cuda("use", environment, "10.2", "-c", channels.forge, "-y")
    folder, address = web
    files = {"lib/libcudart.so.9.2": b"a library"}
    broken = CondaPackage("cudatoolkit", "9.2.148", files=files, build="13")
    channel = write_channel(folder / "broken", _subdir(channels), [broken])
    (package,) = channel.glob("*/*.conda")
    data = package.read_bytes()
    package.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))

    before = _state(environment)
    done = conda.cuda("use", environment, "9.2", "-c", f"{address}/broken", "-y", check=False)
    assert done.code == 1
    assert "ChecksumMismatchError" in done.err or "checksum" in done.err.lower()
    assert "Traceback" not in done.err
    assert _state(environment) == before
    done = conda.cuda("use", environment, "9.2", "-c", f"{address}/broken", "--json", check=False)
    assert (done.code, done.err) == (1, "")
    assert "hecksum" in str(done.json)
    assert _state(environment) == before


def test_a_package_that_fails_to_install_leaves_everything_as_it_was(
    conda: Any, environment: Path, channels: Channels, tmp_path: Path
) -> None:
    conda.cuda("use", environment, "10.2", "-c", channels.forge, "-y")
    files = {
        "lib/libcudart.so.9.2": b"a library",
        "bin/.cudatoolkit-post-link.sh": b"#!/bin/sh\nexit 1\n",
    }
    package = CondaPackage("cudatoolkit", "9.2.148", files=files, build="14")
    channel = write_channel(tmp_path / "failing", _subdir(channels), [package])
    before = _state(environment)
    done = conda.cuda("use", environment, "9.2", "-c", channel.as_uri(), "-y", check=False)
    assert done.code == 1
    assert "post-link script failed" in done.err
    assert "Traceback" not in done.err
    assert _state(environment) == before
