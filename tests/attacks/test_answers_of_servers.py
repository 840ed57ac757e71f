"""What servers answer in place of what was asked for: a sentence and a next step, and an end."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from conda_cuda_plugin.network.connections import AnswerError, meaning
from conda_cuda_plugin.network.download import read_url
from conda_cuda_plugin.network.stream import download

from ..channel.test_answers import SUBDIR
from ..conftest import Conda, Result
from ..sources.wheelhouse import only_folder, only_index
from .conftest import in_words
from .served import conda, served
from .site import (
    Answer,
    Site,
    cut,
    pours,
    says,
    says_nothing,
    sends_on,
    steadily,
    trickles,
    trickles_its_head,
)

__all__ = ["conda", "served"]

PATIENCE = {"CONDA_REMOTE_READ_TIMEOUT_SECS": "1"}
"""Seconds; without it 30."""
STATUSES = [401, 403, 407, 429, 500, 502, 503]
LOGIN_PAGE = b'<html><form action="/login"><a href="/help">Help</a></form></html>'
PAGE = b'<a href="/files/cuda_toolkit-12.4.1-py3-none-any.whl">x</a>' * 50
JSON = "application/vnd.pypi.simple.v1+json"


def ask(conda: Conda, prefix: Path, served: Site, source: str, **variables: str) -> Result:
    """`use` from a server; it must fail in words, and soon."""
    where = {
        "pypi": ["--from", "pypi"],
        "redist": ["--from", f"{served.address}/redist/"],
        "manifest": ["--from", f"{served.address}/redist/redistrib_12.4.1.json"],
        "channel": ["--from", "channel", "-c", f"{served.address}/channel"],
        "runfile": [
            "--from", f"{served.address}/cuda_12.4.1_550.54.15_linux.run", "--sha256", "0" * 64,
            "--yes",
        ],
    }[source]  # fmt: skip
    words = ["use", *([] if source == "runfile" else ["12.4", "--dry-run"]), *where]
    began = time.monotonic()
    done = conda.cuda(
        words[0], prefix, *words[1:], check=False, timeout=60,
        **only_index(f"{served.address}/simple"), **variables,
    )  # fmt: skip
    assert time.monotonic() - began < 45
    assert in_words(done).code == 1, done.out
    assert "Exception" not in done.err
    return done


SOURCES = ["pypi", "manifest", "channel", "runfile"]


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("status", STATUSES)
def test_a_status(status: int, source: str, conda: Conda, environment: Path, served: Site) -> None:
    served.answers["/"] = says(status, b"<h1>No</h1>", Retry_After="100000")
    told = " ".join(ask(conda, environment, served, source).err.split())
    assert meaning(status) in told
    step = {401: "name and password", 403: "name and password", 407: "proxy"}
    assert step.get(status, "ry again later") in told.partition(f"(HTTP {status})")[2]


@pytest.mark.parametrize("source", SOURCES)
def test_nothing_there(source: str, conda: Conda, environment: Path, served: Site) -> None:
    told = ask(conda, environment, served, source).err
    known = {"pypi": "has no cuda-toolkit on the index", "channel": "there is no channel at"}
    assert known.get(source, "does not exist (HTTP 404)") in told


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    "kind",
    ["silent", "trickling", "trickling-head"],
)
def test_no_end(kind: str, source: str, conda: Conda, environment: Path, served: Site) -> None:
    served.answers["/"] = {
        "silent": says_nothing,
        "trickling": trickles(b"{" + b" " * 500 + b"}", JSON),
        "trickling-head": trickles_its_head,
    }[kind]
    told = " ".join(ask(conda, environment, served, source, **PATIENCE).err.split())
    assert "not waited for any longer" in told or "no answer from" in told
    if source != "channel":
        what = "nothing has come" if kind == "silent" else "fewer than 1024 bytes a second came"
        assert f"not waited for any longer: {what} for 1 seconds" in told


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("login", "is not an index: the page there names no file"),
        ("json", "is not an index: its JSON is not that of one"),
        ("list", "is not an index: its JSON is not that of one"),
        ("wrong-types", "is not an index: its JSON is not that of one"),
        ("text", "is not an index: it answers with text/plain"),
        ("cut", "/simple/cuda-toolkit broke off"),
        ("circle", "sends on without end"),
        ("long", "/simple/cuda-toolkit is larger than any such file"),
        ("long-json", "/simple/cuda-toolkit is larger than any such file"),
    ],
)
def test_no_index(kind: str, expected: str, conda: Conda, environment: Path, served: Site) -> None:
    answers: dict[str, Answer] = {
        "login": says(200, LOGIN_PAGE),
        "json": says(200, b"{", JSON),
        "list": says(200, b"[1]", JSON),
        "wrong-types": says(200, b'{"files": [{"filename": 5, "url": 7, "hashes": []}]}', JSON),
        "text": says(200, b"hello", "text/plain"),
        "cut": cut(PAGE),
        "circle": sends_on("/simple/cuda-toolkit/"),
        "long": pours(),
        "long-json": pours(JSON),
    }
    served.answers["/"] = answers[kind]
    told = " ".join(ask(conda, environment, served, "pypi").err.split())
    assert expected in told
    assert ("A page in between, such as that of a login" in told) == ("is not an index" in told)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("login", "is not a JSON document"),
        ("cut", "broke off"),
        ("circle", "sends on without end"),
        ("long", "larger than any such file"),
        ("sizes", "gives no size for cuda_cudart"),
    ],
)
def test_no_manifest(
    kind: str, expected: str, conda: Conda, environment: Path, served: Site
) -> None:
    answers: dict[str, Answer] = {
        "login": says(200, LOGIN_PAGE),
        "cut": cut(b'{"release_label": "12.4.1"' + b" " * 900 + b"}"),
        "circle": sends_on("/redist/redistrib_12.4.1.json"),
        "long": pours(JSON),
        "sizes": says(
            200,
            b'{"release_label": "12.4.1", "cuda_cudart": {"version": "12.4.127", "linux-x86_64":'
            b' {"relative_path": "a.tar.xz", "size": "many", "sha256": "%s"}}}' % (b"0" * 64),
        ),
    }
    served.answers["/"] = answers[kind]
    done = conda.cuda(
        "use", environment, "12.4", "--flavor=base", "--dry-run", "--from",
        f"{served.address}/redist/redistrib_12.4.1.json", check=False,
    )  # fmt: skip
    assert expected in in_words(done).err
    assert "redistrib_12.4.1.json" in done.err


@pytest.mark.parametrize("kind", ["login", "cut", "circle", "list", "wrong-types"])
def test_no_channel(kind: str, conda: Conda, environment: Path, served: Site) -> None:
    answers: dict[str, Answer] = {
        "login": says(200, LOGIN_PAGE),
        "cut": cut(b'{"packages": {' + b" " * 900 + b"}}", "application/json"),
        "circle": sends_on(f"/channel/{SUBDIR}/repodata.json"),
        "list": says(200, b"[1, 2]", "application/json"),
        "wrong-types": says(200, b'{"packages": [1], "info": 7}', "application/json"),
    }
    served.answers["/"] = answers[kind]
    told = " ".join(ask(conda, environment, served, "channel").err.split())
    # The newest conda tells a cut answer from none.
    known = {"cut": ("no answer from", "broke off"), "circle": ("sends on without end",)}
    assert any(
        words in told for words in known.get(kind, ("as its index is not an index, or is damaged",))
    )


@pytest.mark.parametrize(
    ("columns", "usual"),
    [("0", None), ("-5", None), ("abc", None), ("9" * 5000, None), ("1", "40"), ("999999", "1000")],
    ids=lambda value: str(value)[:8],
)
def test_a_screen_that_is_none(
    columns: str, usual: str | None, conda: Conda, environment: Path, wheelhouse: Path
) -> None:
    """It counts as a pipe, which has no width, or as the narrowest screen that there is."""
    words = ["12.4", "--from", "pypi", "--flavor=base", "--dry-run"]
    variables = only_folder(wheelhouse)
    odd = conda.cuda("use", environment, *words, COLUMNS=columns, LINES=columns, **variables)
    assert odd.out == conda.cuda("use", environment, *words, COLUMNS=usual, **variables).out


class TestDownloads:
    """In one process, with conda's session."""

    @pytest.fixture(autouse=True)
    def patience(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        from conda.base.context import context, reset_context

        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.setenv(name, "127.0.0.1")
        monkeypatch.setenv("CONDA_REMOTE_READ_TIMEOUT_SECS", "1")
        reset_context()
        assert context.remote_read_timeout_secs == 1
        yield
        monkeypatch.undo()
        reset_context()

    def test_what_is_slow_and_steady_arrives(self, served: Site, tmp_path: Path) -> None:
        data = b"slow but steady " * 500
        served.answers["/file"] = steadily(data, rate=4000)
        part = tmp_path / "downloads" / "file.part"
        sha256 = hashlib.sha256(data).hexdigest()
        took = time.monotonic()
        download(
            f"{served.address}/file", part, size=len(data), sha256=sha256,
            progress=lambda done, size: None,
        )  # fmt: skip
        assert time.monotonic() - took > 1.5
        assert part.read_bytes() == data

    def test_what_has_come_stays_when_nothing_more_does(self, served: Site, tmp_path: Path) -> None:
        data = b"x" * 100_000

        def stops(handler: object) -> None:
            if served.asked[1:]:
                return says_nothing(handler)  # type: ignore[arg-type]
            cut(data, keep=50_000)(handler)  # type: ignore[arg-type]
            return says_nothing(handler)  # type: ignore[arg-type]

        served.answers["/file"] = stops
        part = tmp_path / "downloads" / "file.part"
        with pytest.raises(AnswerError, match=r"Nothing more came after \d+ of 100000 bytes"):
            download(
                f"{served.address}/file", part, size=len(data), sha256="0" * 64,
                progress=lambda done, size: None,
            )  # fmt: skip
        assert 0 < part.stat().st_size <= 50_000

    def test_a_server_that_waits_before_it_answers_is_no_trickle(self, served: Site) -> None:
        def late(handler: object) -> None:
            time.sleep(0.6)
            says(200, b"short")(handler)  # type: ignore[arg-type]

        served.answers["/"] = late
        for _ in range(4):
            assert read_url(f"{served.address}/x", 1000) == b"short"
