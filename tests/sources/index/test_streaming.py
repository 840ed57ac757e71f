"""Wheels that are unpacked while they come: nothing is taken that is not what was promised, and what
breaks off goes on."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ...conftest import Conda
from ...listing import leftovers, listing
from ..wheelhouse import only_index, write_wheel
from .server import Index, serve_index
from .test_fetch import BASE, conda, files, parts

__all__ = ["conda"]

LIBRARY = "nvidia/cuda_runtime/lib/libcudart.so.12"
SMALL, LARGE = 3_000_000, 48_000_000
"""Bytes that are worth streaming, and bytes that are worth pieces."""


def serving(folder: Path, size: int) -> Index:
    """An index with a runtime that has a large file before its library."""
    folder.mkdir()
    requires = ["nvidia-cuda-runtime-cu12==12.4.127.*; extra == 'cudart'"]
    write_wheel(folder, "cuda-toolkit", "12.4.1", requires=requires, tag="py3-none-any")
    filler = random.Random(1).randbytes(size)
    files = {"nvidia/cuda_runtime/lib/libfiller.so.1": filler, LIBRARY: b"cudart 12.4"}
    write_wheel(folder, "nvidia-cuda-runtime-cu12", "12.4.127", files)
    return Index(folder)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with serve_index(serving(tmp_path / "wheels", SMALL)) as running:
        yield running


@pytest.fixture
def large(tmp_path: Path) -> Iterator[Index]:
    """An index with a large wheel, which comes slowly."""
    with serve_index(serving(tmp_path / "large wheels", LARGE)) as running:
        running.rate = 10e6
        yield running


def whole(index: Index) -> list[str]:
    """The same, without pieces."""
    return [row for row in files(index) if " to " not in row]


def works(conda: Conda, prefix: Path, index: Index) -> None:
    conda.cuda("use", prefix, *BASE, **only_index(index.address))
    assert (prefix / "cuda/lib/libcudart.so.12").read_bytes() == b"cudart 12.4"
    assert (prefix / "cuda/lib/libfiller.so.1").stat().st_size in (SMALL, LARGE)
    assert parts(conda) == leftovers(conda.pkgs) == []


def fails(conda: Conda, prefix: Path, index: Index) -> str:
    """A `use` that fails and changes nothing; what it says."""
    before = listing(prefix)
    result = conda.cuda("use", prefix, *BASE, check=False, **only_index(index.address))
    assert (result.code, "Traceback" in result.err) == (1, False), result.err
    assert listing(prefix) == before
    assert list(conda.pkgs.glob("nvidia*")) == leftovers(conda.pkgs) == []
    return " ".join(result.err.split())


def test_it_is_unpacked_while_it_comes(conda: Conda, environment: Path, index: Index) -> None:
    """The rest is held back until what has come lies unpacked."""
    unpacked = threading.Event()

    def wait(sent: int) -> None:
        if sent < SMALL // 2:
            return
        for _ in range(600):
            found = list(conda.pkgs.rglob("libfiller.so.1"))
            if found and found[0].stat().st_size > SMALL // 4:
                unpacked.set()
                return
            threading.Event().wait(0.1)

    index.wait = wait
    works(conda, environment, index)
    assert unpacked.is_set()
    assert whole(index) == ["200 from 0"]
    assert len(files(index)) == 2


@pytest.mark.parametrize("ranges", [True, False], ids=["ranges", "no-ranges"])
def test_breaking_off_at_every_tenth(
    ranges: bool, conda: Conda, environment: Path, index: Index
) -> None:
    index.ranges, index.shares = ranges, [tenth / 10 for tenth in range(1, 10)]
    works(conda, environment, index)
    starts = [int(row.split()[-1]) for row in whole(index)]
    assert len(starts) == 10
    assert starts == (sorted(set(starts)) if ranges else [0] * 10)


def test_the_next_command_goes_on(conda: Conda, environment: Path, index: Index) -> None:
    index.shares = [0.6] * 50
    told = fails(conda, environment, index)
    assert "Run the same command again: it goes on where it stopped." in told
    (part,) = parts(conda)
    arrived = part.stat().st_size
    assert arrived > SMALL // 2
    index.shares = []
    index.asked.clear()
    works(conda, environment, index)
    assert whole(index) == [f"206 from {arrived}"]


def test_what_lies_there_in_part_is_not_believed(
    conda: Conda, environment: Path, index: Index
) -> None:
    index.shares = [0.6] * 50
    fails(conda, environment, index)
    (part,) = parts(conda)
    part.write_bytes(b"x" * part.stat().st_size)
    index.shares = []
    assert "HashMismatchError: The downloaded file of" in fails(conda, environment, index)
    assert parts(conda) == []
    works(conda, environment, index)


LIES: dict[str, Callable[[bytes], bytes]] = {
    "longer": lambda data: data + b"x",
    "shorter": lambda data: data[:-1],
    "another-byte-of-a-file": lambda data: data[:9000] + bytes([data[9000] ^ 1]) + data[9001:],
    "another-byte-of-the-list": lambda data: data[:-60] + bytes([data[-60] ^ 1]) + data[-59:],
    "another-last-byte": lambda data: data[:-1] + b"x",
    "nothing": lambda data: b"",
    "another-file": lambda data: b"<html>login</html>" * (len(data) // 18 + 1),
    "another-file-of-the-same-size": lambda data: b"x" * len(data),
    "the-end-first": lambda data: data[::-1],
}


@pytest.mark.parametrize("lie", LIES)
def test_what_is_not_what_was_promised_is_never_used(
    lie: str, conda: Conda, environment: Path, index: Index
) -> None:
    index.changed = LIES[lie]
    assert "HashMismatchError: The downloaded file of" in fails(conda, environment, index)
    assert parts(conda) == []
    index.changed = bytes
    works(conda, environment, index)


ENDS: dict[str, tuple[int, Callable[[bytes], bytes], Callable[[str], str]]] = {
    "longer": (206, lambda data: data + b"x", str),
    "shorter": (206, lambda data: data[:-1], str),
    "nothing": (206, lambda data: b"", str),
    "another-place": (206, bytes, lambda place: place.replace(" ", " 1", 1)),
    "another-size": (206, bytes, lambda place: f"{place}1"),
    "no-size": (206, bytes, lambda place: place.rpartition("/")[0] + "/*"),
    "no-place": (206, bytes, lambda place: ""),
    "the-whole-file": (200, bytes, str),
    "no-such-piece": (416, bytes, str),
    "not-allowed": (403, bytes, str),
    "too-many": (429, bytes, str),
    "broken": (500, bytes, str),
}


@pytest.mark.parametrize("kind", ENDS)
def test_a_server_that_does_not_give_the_end(
    kind: str, conda: Conda, environment: Path, index: Index
) -> None:
    """The wheel is unpacked when all of it has come."""
    index.piece_status, index.piece, index.piece_range = ENDS[kind]
    works(conda, environment, index)
    assert whole(index) == ["200 from 0"]


FALSE_ENDS: dict[str, Callable[[bytes], bytes]] = {
    "no-list": lambda data: b"x" * len(data),
    "another-byte": lambda data: data[:-60] + bytes([data[-60] ^ 1]) + data[-59:],
    "another-name": lambda data: data.replace(b"libcudart.so.12", b"libcudart.so.13"),
    "a-hostile-name": lambda data: data.replace(LIBRARY.encode(), b"nvidia/x/../../../../../../etc/passwd!!"),
}  # fmt: skip


@pytest.mark.parametrize("lie", FALSE_ENDS)
def test_an_end_that_is_that_of_another_file(
    lie: str, conda: Conda, environment: Path, index: Index
) -> None:
    """The file has the right hash, and still nothing is made of it."""
    index.piece = FALSE_ENDS[lie]
    told = fails(conda, environment, index)
    assert "HashMismatchError: The downloaded file of" in told
    index.piece = bytes
    works(conda, environment, index)


def test_nobody_waits_for_the_others_when_one_is_not_right(
    conda: Conda, environment: Path, index: Index
) -> None:
    """The large one is held back for as long as the small one has not been refused."""
    write_wheel(
        index.wheels, "nvidia-cublas-cu12", "12.4.5.8", {"nvidia/cublas/lib/libcublas.so.12": b"x"}
    )
    requires = ["nvidia-cuda-runtime-cu12==12.4.127.*; extra == 'cudart'"]
    requires += ["nvidia-cublas-cu12==12.4.5.8.*; extra == 'cublas'"]
    write_wheel(index.wheels, "cuda-toolkit", "12.4.1", requires=requires, tag="py3-none-any")
    (name,) = [path.name for path in index.wheels.glob("nvidia_cublas*")]
    index.hashes = {name: "0" * 64}
    over = threading.Event()
    index.wait = lambda sent: over.wait(60 if sent > SMALL // 2 else 0) and None
    words = ("12.4", "--from=pypi", "--components=cudart,cublas", "--yes")
    variables = only_index(index.address)
    result = conda.cuda("use", environment, *words, check=False, timeout=40, **variables)
    over.set()
    assert "The downloaded file of nvidia-cublas-cu12" in result.err
    assert leftovers(conda.pkgs) == []


class TestPieces:
    """What comes slowly comes over several connections."""

    def test_several_at_a_time_and_all_of_it(
        self, conda: Conda, environment: Path, large: Index
    ) -> None:
        works(conda, environment, large)
        pieces = [tuple(map(int, row.split()[2::2])) for row in files(large) if " to " in row][1:]
        assert len(pieces) > 5
        # The first answer stops where the pieces begin.
        assert min(pieces)[0] > 2**22
        for (_, end), (start, _) in zip(sorted(pieces), sorted(pieces)[1:], strict=False):
            assert end == start

    @pytest.mark.parametrize(
        "kind", ["longer", "shorter", "another-place", "the-whole-file", "too-many"]
    )
    def test_a_server_that_lies_about_them(
        self, kind: str, conda: Conda, environment: Path, large: Index
    ) -> None:
        status, change, place = ENDS[kind]
        first = threading.Lock()

        def after_the_end(data: bytes) -> bytes:
            # The end of the file comes as it is.
            if first.acquire(blocking=False):
                return data
            large.piece_status, large.piece_range = status, place
            return change(data)

        large.piece = after_the_end
        works(conda, environment, large)

    def test_another_byte_in_one_of_them(
        self, conda: Conda, environment: Path, large: Index
    ) -> None:
        large.piece = lambda data: b"x" + data[1:] if len(data) == 2**22 else data
        assert "HashMismatchError" in fails(conda, environment, large)
        large.piece = bytes
        works(conda, environment, large)


def test_what_is_promised_to_go_on_goes_on(conda: Conda, environment: Path, tmp_path: Path) -> None:
    """What comes fast is not kept, and then nothing is promised."""
    with serve_index(serving(tmp_path / "wheels", LARGE)) as index:
        index.shares = [0.9] * 50
        told = fails(conda, environment, index)
        kept = [path.stat().st_size for path in parts(conda)]
        assert ("it goes on where it stopped" in told) == bool(kept), told
        index.shares = []
        index.asked.clear()
        works(conda, environment, index)
        first = f"206 from {kept[0]}" if kept else "200 from 0"
        assert whole(index)[0] == first


def test_a_server_that_refuses_the_rest(conda: Conda, environment: Path, index: Index) -> None:
    """The answer breaks off, and then the server wants a password; the next command goes on."""

    class Asked(list[str]):
        def append(self, row: str) -> None:
            super().append(row)
            index.file_status = 403 if len(files(index)) == 2 else 200

    index.asked, index.shares = Asked(), [0.6]
    assert "is not open to you (HTTP 403)" in fails(conda, environment, index)
    assert parts(conda)
    works(conda, environment, index)
