"""What is said about loading is what the real loader does."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conda_cuda_plugin.libraries.host import Host, host_of, read_cache
from conda_cuda_plugin.libraries.loader import State, find_library
from conda_cuda_plugin.libraries.search_path import Rule, read_asker
from conda_cuda_plugin.platforms import platform_of

from .arrangement import WANTED, Arrangement, Workshop
from .arrangements import ARRANGEMENTS, A, B, C

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="this is about the loader of Linux"
)


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("workshop"))


@pytest.fixture(scope="module")
def host() -> Host:
    return host_of(platform_of(f"linux-{'aarch64' if os.uname().machine == 'aarch64' else '64'}"))


def _agree(arrangement: Arrangement, place: Path, workshop: Workshop, host: Host) -> None:
    paths = workshop.build(arrangement, place)
    chain = [asker for asker in map(read_asker, paths) if asker is not None]
    assert len(chain) == len(paths)
    library_path = arrangement.library_path
    ours = find_library(
        arrangement.name,
        chain=chain,
        library_path=library_path.replace("@", str(place)) if library_path else library_path,
        host=host,
        cwd=place / "cwd",
    )
    loaded, error, tried = workshop.run(arrangement, paths, place)

    assert (ours.chosen.path if ours.chosen else None) == loaded
    if ours.stopper:
        path, _, reason = error.removeprefix("error ").partition(": ")
        assert os.path.join(place / "cwd", path) == ours.stopper.path
        assert reason == ours.stopper.reason
    elif not loaded:
        assert "cannot open shared object file: No such file" in error or "ELFCLASS" in error
    if "/" not in arrangement.name:
        # What lies on the way up to there is named too, in the loader's order.
        end = loaded or (ours.stopper.path if ours.stopper else None)
        met = [candidate.path for candidate in ours.candidates]
        assert met[: met.index(end) + 1 if end else None] == tried


@pytest.mark.parametrize("name", ARRANGEMENTS)
def test_as_the_real_loader(name: str, tmp_path: Path, workshop: Workshop, host: Host) -> None:
    _agree(ARRANGEMENTS[name], tmp_path, workshop, host)


_FOLDERS = st.sampled_from(
    ["@/a", "@/b", "@/c", "@/a/", "", "$ORIGIN/../b", "${ORIGIN}/../c", "rel", "@/a$LIB", "@/none"]
)

_TEXT = st.lists(_FOLDERS, min_size=1, max_size=3)

_TAG = st.one_of(
    st.just(""),
    st.tuples(st.sampled_from(["rpath", "runpath"]), st.lists(_FOLDERS, min_size=1, max_size=2))
    .filter(lambda tag: any(tag[1]))
    .map(lambda tag: f"{tag[0]}:{':'.join(tag[1])}"),
)

_PLACES = ["a", "b", "c", "cwd", "cwd/rel", "b/glibc-hwcaps/x86-64-v2", "c/tls", "a/x86_64"]
_KINDS = st.sampled_from(["good", "good", "good", "aarch64", "32-bit", "dangling", "text"])


@st.composite
def arrangements(draw: st.DrawFn) -> Arrangement:
    """Any arrangement of a few folders."""
    places = draw(st.lists(st.sampled_from(_PLACES), unique=True, max_size=4))
    separator = st.sampled_from([":", ":", ";"])
    library_path = draw(st.none() | _TEXT.map(lambda parts: draw(separator).join(parts)))
    return Arrangement(
        {f"{place}/{WANTED}": draw(_KINDS) for place in places},
        library_path,
        draw(_TAG),
        draw(st.none() | _TAG),
    )


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(arrangement=arrangements())
def test_as_the_real_loader_whatever_lies_where(
    arrangement: Arrangement, workshop: Workshop, host: Host
) -> None:
    with tempfile.TemporaryDirectory() as place:
        _agree(arrangement, Path(place).resolve(), workshop, host)


def test_every_other_file_is_named_with_its_fate(
    tmp_path: Path, workshop: Workshop, host: Host
) -> None:
    files = {A: "aarch64", B: "good", C: "good", f"d/{WANTED}": "text", f"e/{WANTED}": "dangling"}
    (program,) = workshop.build(Arrangement(files), tmp_path)
    asker = read_asker(program)
    assert asker
    path = ":".join(str(tmp_path / name) for name in "abcde")
    search = find_library(WANTED, chain=[asker], library_path=path, host=host, cwd=tmp_path)
    assert [(Path(c.path).parent.name, c.state, c.reason) for c in search.candidates] == [
        ("a", State.SKIPPED, "made for aarch64"),
        ("b", State.LOADS, None),
        ("c", State.SHADOWED, None),
        ("d", State.SKIPPED, "invalid ELF header"),
        ("e", State.SKIPPED, "dangling link"),
    ]
    assert search.chosen and search.chosen.because == "LD_LIBRARY_PATH, element 2"


def test_the_cache_is_read_as_ldconfig_reads_it(host: Host) -> None:
    printed = _ldconfig("-p")
    ours = {(entry.name, entry.path) for entry in read_cache()}
    theirs = set(re.findall(r"^\t(\S+) \(.*\) => (.*)$", printed, re.MULTILINE))
    assert theirs and ours == theirs


def test_a_cache_with_hwcaps(tmp_path: Path, workshop: Workshop, host: Host) -> None:
    for folder in ("a", "a/glibc-hwcaps/x86-64-v2", "a/glibc-hwcaps/x86-64-v3"):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        shutil.copy(workshop.wanted, tmp_path / folder / WANTED)
    (tmp_path / "conf").write_text(f"{tmp_path}/a\n")
    cache = tmp_path / "cache"
    _ldconfig("-X", "-C", str(cache), "-f", str(tmp_path / "conf"))
    printed = _ldconfig("-p", "-C", str(cache))
    if "x86-64-v2" not in printed:
        pytest.skip("this ldconfig knows no glibc-hwcaps")
    entries = [entry for entry in read_cache(cache) if entry.name == WANTED]
    assert {entry.subdirectory for entry in entries} == {None, "x86-64-v2", "x86-64-v3"}
    other = Host(host.machine, host.loader, cache)
    search = find_library(WANTED, chain=[], library_path=None, host=other, cwd=tmp_path)
    best = next(name for name in host.named_subdirectories if name in ("x86-64-v3", "x86-64-v2"))
    assert search.chosen and search.chosen.rule is Rule.CACHE
    assert search.chosen.path == f"{tmp_path}/a/glibc-hwcaps/{best}/{WANTED}"


@pytest.mark.parametrize("content", [b"", b"glibc-ld.so.cache1.1", b"\0" * 4096, b"x" * 99])
def test_a_broken_cache_holds_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "cache").write_bytes(content)
    assert read_cache(tmp_path / "cache") == ()
    assert read_cache(tmp_path / "missing") == ()


def test_libraries_of_the_cache_and_the_system(
    tmp_path: Path, workshop: Workshop, host: Host
) -> None:
    """Whatever the machine has: the first libraries of its cache, loaded for real."""
    (program,) = workshop.build(Arrangement(), tmp_path)
    asker = read_asker(program)
    assert asker
    names = [
        entry.name
        for entry in host.entries
        if re.match(r"lib(z|lzma|bz2|expat|m|rt|cudart|nvtx3interop|stdc\+\+)\.so\.", entry.name)
    ]
    assert names
    for name in dict.fromkeys(names):
        search = find_library(name, chain=[asker], library_path=None, host=host, cwd=tmp_path)
        done = subprocess.run(
            [program, name, name], env={}, capture_output=True, text=True, check=True
        )
        assert search.chosen and search.chosen.path == done.stdout.strip()


@pytest.fixture
def elves(workshop: Workshop, tmp_path: Path) -> Iterator[list[Path]]:
    """Programs and libraries of every kind."""
    workshop.build(Arrangement(program="rpath:$ORIGIN/x:/y", middle="runpath:/z"), tmp_path)
    found = [tmp_path / "bin" / "program", tmp_path / "mid" / "libmiddle.so", workshop.wanted]
    yield [*found, Path(sys.executable).resolve(), Path(shutil.which("ls") or "/bin/ls")]


def test_files_are_read_as_pyelftools_reads_them(elves: list[Path]) -> None:
    elffile = pytest.importorskip("elftools.elf.elffile")
    for path in elves:
        asker = read_asker(path)
        assert asker
        with open(path, "rb") as file:
            elf = elffile.ELFFile(file)
            tags = list(elf.get_section_by_name(".dynamic").iter_tags())
            values: dict[str, list[str]] = {}
            for tag in tags:
                for kind in ("needed", "soname", "rpath", "runpath"):
                    if hasattr(tag, kind):
                        values.setdefault(kind, []).append(getattr(tag, kind))
        assert asker.elf.needed == tuple(values.get("needed", ()))
        for kind in ("soname", "rpath", "runpath"):
            assert [getattr(asker.elf, kind)] == values.get(kind, [None]), (path, kind)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 400))
def test_no_file_is_too_broken(noise: bytes, at: int) -> None:
    """A program with garbage in it is read or refused, and never crashes the reader."""
    content = bytearray(Path(sys.executable).resolve().read_bytes()[: 2**16])
    content[at : at + len(noise)] = noise
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        read_asker(Path(file.name))


def _ldconfig(*words: str) -> str:
    program = shutil.which("ldconfig", path=f"{os.environ.get('PATH', '')}:/sbin:/usr/sbin")
    if program is None:
        pytest.skip("no ldconfig here")
    return subprocess.run([program, *words], capture_output=True, text=True, check=True).stdout
