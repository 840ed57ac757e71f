"""Wheels come several at a time, go on where they broke off, and are what the index promised."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ...conftest import Conda
from ...listing import leftovers, listing
from ..wheelhouse import only_index, write_releases
from .server import HTML, Index, serve_index

BASE = ("12.4", "--from=pypi", "--flavor=base", "--yes")
FILE = "/files/nvidia_cuda_runtime_cu12-12.4.127-py3-none-manylinux2014_x86_64.whl"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    wheels = write_releases(tmp_path / "wheels", "12.4.1", filler=300_000)
    with serve_index(Index(wheels)) as running:
        yield running


@pytest.fixture
def conda(conda: Conda, tmp_path: Path) -> Conda:
    conda.empty_cache(tmp_path / "pkgs")
    return conda


def files(index: Index) -> list[str]:
    """What was asked of the runtime's wheel."""
    return [row.removeprefix(f"{FILE} ") for row in index.asked if row.startswith(f"{FILE} ")]


def parts(conda: Conda) -> list[Path]:
    return sorted(conda.pkgs.glob("conda-cuda/downloads/*"))


def works(conda: Conda, prefix: Path, index: Index, *words: str) -> None:
    conda.cuda("use", prefix, *(words or BASE), **only_index(index.address))
    assert (prefix / "cuda/lib/libcudart.so.12").read_bytes() == b"cudart 12.4"
    assert parts(conda) == leftovers(conda.pkgs) == []


def fails(conda: Conda, prefix: Path, index: Index) -> str:
    """A `use` that fails and changes nothing; what it says."""
    before = listing(prefix)
    result = conda.cuda("use", prefix, *BASE, check=False, **only_index(index.address))
    assert (result.code, "Traceback" in result.err) == (1, False), result.err
    assert listing(prefix) == before
    assert list(conda.pkgs.rglob("*.conda")) == list(conda.pkgs.rglob("*.whl")) == []
    assert leftovers(conda.pkgs) == []
    return " ".join(result.err.split())


@pytest.mark.parametrize("kind", ["json", HTML], ids=["json", "html"])
def test_each_wheel_is_asked_for_once(
    kind: str, conda: Conda, environment: Path, index: Index
) -> None:
    index.kind = index.kind if kind == "json" else kind
    works(conda, environment, index)
    assert [row for row in files(index) if "from" in row] == ["200 from 0"]


def test_several_come_at_once(conda: Conda, environment: Path, index: Index) -> None:
    """No wheel comes before the second one is asked for."""
    both = threading.Barrier(2, timeout=60)

    def together(data: bytes) -> bytes:
        both.wait()
        return data

    index.changed = together
    works(conda, environment, index, "12.4", "--from=pypi", "--components=cudart,cublas", "--yes")
    assert not both.broken


@pytest.mark.parametrize("ranges", [True, False], ids=["ranges", "no-ranges"])
def test_breaking_off_at_every_tenth(
    ranges: bool, conda: Conda, environment: Path, index: Index
) -> None:
    """With ranges it goes on; without, it begins anew as long as more comes than before."""
    index.ranges, index.shares = ranges, [tenth / 10 for tenth in range(1, 10)]
    if ranges:
        works(conda, environment, index)
        starts = [int(row.split()[-1]) for row in files(index)]
        assert starts == sorted(set(starts))
        assert len(starts) == 10
    else:
        index.shares = index.shares[4:5]
        works(conda, environment, index)


def test_the_next_command_goes_on(conda: Conda, environment: Path, index: Index) -> None:
    index.shares = [0.6] * 50
    told = fails(conda, environment, index)
    assert "The connection broke after" in told
    assert "Run the same command again: it goes on where it stopped." in told
    (part,) = parts(conda)
    arrived = part.stat().st_size
    assert arrived > 100_000
    index.shares = []
    index.asked.clear()
    works(conda, environment, index)
    assert files(index) == [f"206 from {arrived}"]


def test_what_lies_there_in_part_is_not_believed(
    conda: Conda, environment: Path, index: Index
) -> None:
    index.shares = [0.6] * 50
    fails(conda, environment, index)
    (part,) = parts(conda)
    part.write_bytes(b"x" * part.stat().st_size)
    index.shares = []
    assert "HashMismatchError: The downloaded file of nvidia-cuda-runtime-cu12" in fails(
        conda, environment, index
    )
    assert parts(conda) == []
    works(conda, environment, index)


LIES: dict[str, Callable[[bytes], bytes]] = {
    "longer": lambda data: data + b"x",
    "shorter": lambda data: data[:-1],
    "another-byte": lambda data: data[:1000] + bytes([data[1000] ^ 1]) + data[1001:],
    "nothing": lambda data: b"",
    "another-file": lambda data: b"<html>login</html>",
}


@pytest.mark.parametrize("lie", LIES)
def test_what_is_not_what_was_promised_is_never_used(
    lie: str, conda: Conda, environment: Path, index: Index
) -> None:
    index.changed = LIES[lie]
    told = fails(conda, environment, index)
    assert "HashMismatchError: The downloaded file of nvidia-cuda-runtime-cu12" in told
    assert parts(conda) == []
    index.changed = bytes
    works(conda, environment, index)


def test_a_length_that_is_a_lie(conda: Conda, environment: Path, index: Index) -> None:
    index.length = 500
    fails(conda, environment, index)
    index.length = 0
    works(conda, environment, index)


def test_a_page_with_the_hash_of_another_file(
    conda: Conda, environment: Path, index: Index
) -> None:
    index.hashes = {FILE.rpartition("/")[2]: "0" * 64}
    assert "HashMismatchError" in fails(conda, environment, index)


def test_a_file_that_the_server_does_not_give(
    conda: Conda, environment: Path, index: Index
) -> None:
    index.file_status = 403
    assert "is not open to you (HTTP 403)" in fails(conda, environment, index)
    assert set(files(index)) == {"403"}


def test_a_file_without_a_hash(conda: Conda, environment: Path, index: Index) -> None:
    """Nobody can say that it is another one, and it comes whole before it is unpacked."""
    index.kind, index.hashes = HTML, {path.name: "none" for path in index.wheels.glob("*")}
    works(conda, environment, index)


def test_the_hash_is_that_of_all_bytes(conda: Conda, environment: Path, index: Index) -> None:
    """Also where the wheel came in pieces: it is the file that was made a package of."""
    index.shares = [0.3, 0.7]
    works(conda, environment, index)
    words = ("list", environment, "--json")
    (toolkit,) = conda.cuda(*words).json["toolkits"]
    made_of = (environment / "cuda" / "made-of.json").read_text()
    (wheel,) = index.wheels.glob("nvidia_cuda_runtime*")
    assert hashlib.sha256(wheel.read_bytes()).hexdigest() in made_of
    assert toolkit["version"] == "12.4.1"
