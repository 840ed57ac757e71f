"""Downloads over a connection that breaks anywhere end in the file itself or in a sentence."""

from __future__ import annotations

import hashlib
import os
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conda_cuda_plugin.network.connections import AnswerError
from conda_cuda_plugin.network.download import read_url
from conda_cuda_plugin.network.stream import download

from ..sources.redist_server import RedistServer, serve


@pytest.fixture(scope="module", autouse=True)
def no_proxy() -> Iterator[None]:
    """127.0.0.1 is not asked for through a proxy."""
    before = {name: os.environ.get(name) for name in ("NO_PROXY", "no_proxy")}
    os.environ.update(dict.fromkeys(before, "127.0.0.1"))
    yield
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedistServer]:
    yield from serve(tmp_path_factory.mktemp("served"))


@settings(max_examples=40, deadline=None)
@given(
    size=st.integers(1, 2_000_000),
    promised=st.sampled_from([0, 0, 0, -1, 1, 1000]),
    step=st.integers(50_000, 1_000_000),
    breaks=st.integers(0, 50),
    ranges=st.booleans(),
    lengths=st.booleans(),
    append=st.sampled_from([0, 0, 0, 1, 300_000]),
    start=st.sampled_from(["nothing", "good", "bad", "too much"]),
    seed=st.integers(0, 2**32),
)
def test_the_file_itself_or_a_refusal(
    server: RedistServer,
    size: int,
    promised: int,
    step: int,
    breaks: int,
    ranges: bool,
    lengths: bool,
    append: int,
    start: str,
    seed: int,
) -> None:
    """And what is wrong never stays for the next time."""
    data = random.Random(seed).randbytes(size)
    (server.folder / "file.xz").write_bytes(data)
    server.break_after, server.breaks = step, breaks
    server.ranges, server.lengths, server.append = ranges, lengths, b"x" * append
    sha256 = hashlib.sha256(data).hexdigest()
    told: list[tuple[int, int]] = []
    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder) / "downloads" / "file.part"
        part.parent.mkdir()
        if start != "nothing":
            begin = {"good": data[: size // 2], "bad": b"?" * (size // 2 + 1), "too much": data * 3}
            part.write_bytes(begin[start])
        try:
            download(
                f"{server.address}file.xz",
                part,
                size=max(size + promised, 1),
                sha256=sha256,
                progress=lambda done, total: told.append((done, total)),
            )
        except AnswerError as error:
            assert "\n" not in error.message
            if part.exists():
                assert error.unreachable
                assert 0 < part.stat().st_size < size + promised
        else:
            assert part.read_bytes() == data
            assert told[-1] == (size, size)
            assert promised == 0 or size + promised < 1
        if promised == 0 and append == 0 and ranges and start in ("nothing", "good", "too much"):
            assert part.read_bytes() == data, "a connection that goes on breaking is no obstacle"


def test_no_more_is_read_than_is_wanted(server: RedistServer) -> None:
    (server.folder / "large.json").write_bytes(b"x" * 10_000_000)
    with pytest.raises(AnswerError, match="is larger than any such file"):
        read_url(f"{server.address}large.json", 1000)


@pytest.mark.parametrize("url", ["http://", "nothing://x/y", "http://a b/c"])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(AnswerError):
        read_url(url, 1000)
