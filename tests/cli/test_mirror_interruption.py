"""A mirror that is stopped, or has no room, leaves the channel as it was; the next one goes on."""

from __future__ import annotations

import functools
import hashlib
import http.server
import json
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..channel.package import CondaPackage, write_channel
from ..conftest import Conda
from ..listing import leftovers, listing
from ..sources.wheelhouse import write_releases
from .test_interruption import start, wait_for

PYPI = ("--from", "pypi", "--yes")


class _Slow(http.server.SimpleHTTPRequestHandler):
    """A channel that hands out half of the runtime library's package and then waits."""

    stalls = threading.Event()
    stalled = threading.Event()

    def copyfile(self, source: Any, outputfile: Any) -> None:
        data = source.read()
        if "/cuda-cudart-" in self.path and self.stalls.is_set():
            outputfile.write(data[: len(data) // 2])
            outputfile.flush()
            self.stalled.set()
            time.sleep(60)
        else:
            outputfile.write(data)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def slow_channel(tmp_path: Path) -> Iterator[str]:
    """The address of a channel with CUDA 12.4; it stalls while `_Slow.stalls` is set."""
    filler = random.Random(0).randbytes(300_000)
    tie = CondaPackage("cuda-version", "12.4", noarch=True)
    runtime = CondaPackage(
        "cuda-cudart", "12.4.127", ("cuda-version >=12.4,<12.5.0a0",),
        files={"lib/libcudart.so.12": filler},
    )  # fmt: skip
    folder = write_channel(tmp_path / "channel", "linux-64", [tie, runtime])
    _Slow.stalls.set()
    _Slow.stalled.clear()
    handler = functools.partial(_Slow, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    _Slow.stalls.clear()
    server.shutdown()


def index_of(folder: Path) -> dict[str, str]:
    return {name: kind for name, kind in listing(folder).items() if name.endswith("repodata.json")}


def assert_whole(folder: Path) -> set[str]:
    """Every package that an index names is there as it says; their names."""
    names = set()
    for path in folder.glob("*/repodata.json"):
        content = json.loads(path.read_text())
        for name, row in {**content["packages"], **content["packages.conda"]}.items():
            data = (path.parent / name).read_bytes()
            assert hashlib.sha256(data).hexdigest() == row["sha256"], name
            names.add(name)
    return names


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGKILL"])
@pytest.mark.parametrize("first", [False, True], ids=["into a channel", "into nothing"])
def test_in_the_middle_of_a_download(
    name: str, first: bool, conda: Conda, own_cache: Path, slow_channel: str, tmp_path: Path
) -> None:
    folder = tmp_path / "mirror"
    if not first:
        conda("cuda", "mirror", "11.8", "--to", folder, *PYPI)
    before = index_of(folder)
    words = ("mirror", "12.4", "--flavor=base", "-c", slow_channel, "--from=channel", "-y")
    process = start(conda, *words, "--to", folder, NO_PROXY="127.0.0.1")
    wait_for(_Slow.stalled.is_set)
    process.send_signal(getattr(signal, name))
    _, errors = process.communicate(timeout=60)
    if name != "SIGKILL":
        assert process.returncode == 1, errors
        assert f"Stopped; the channel in {folder} is as it was before." in errors
        assert "Traceback" not in errors
        assert leftovers(folder) == []
    now = index_of(folder)
    if first:
        # An empty channel, at most.
        assert assert_whole(folder) == set()
    else:
        assert now == before
        assert assert_whole(folder)
    _Slow.stalls.clear()
    conda("cuda", *words, "--to", folder, NO_PROXY="127.0.0.1")
    assert {"cuda-cudart-12.4.127-0.conda", "cuda-version-12.4-0.conda"} <= assert_whole(folder)
    assert leftovers(folder) == []


def test_packages_that_were_there_already_are_not_fetched_again(
    conda: Conda, own_cache: Path, slow_channel: str, tmp_path: Path
) -> None:
    folder = tmp_path / "mirror"
    words = ("mirror", "12.4", "--flavor=base", "-c", slow_channel, "--from=channel", "-y")
    process = start(conda, *words, "--to", folder, NO_PROXY="127.0.0.1")
    wait_for(_Slow.stalled.is_set)
    process.kill()
    process.communicate()
    tie = folder / "noarch" / "cuda-version-12.4-0.conda"
    written = tie.stat().st_mtime_ns
    _Slow.stalls.clear()
    document = conda("cuda", *words, "--to", folder, "--json", NO_PROXY="127.0.0.1").json
    assert document["mirror"]["added"] == ["linux-64/cuda-cudart-12.4.127-0.conda"]
    assert tie.stat().st_mtime_ns == written


def test_two_at_once_into_one_folder(conda: Conda, tmp_path: Path) -> None:
    folder = tmp_path / "mirror"
    runs = [start(conda, "mirror", r, "--to", folder, *PYPI) for r in ("12.4", "11.8", "13.0")]
    for process in runs:
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
    whole = assert_whole(folder)
    for version in ("12.4.1", "11.8.0", "13.0.2"):
        assert f"conda-cuda-toolkit-{version}-runtime_1.conda" in whole
    assert leftovers(folder) == []


class TestFullDisk:
    """A file system of a few megabytes, mounted where nobody else sees it."""

    def run(
        self, conda: Conda, size: str, place: Path, script: str, **more: str
    ) -> subprocess.CompletedProcess[str]:
        place.mkdir(exist_ok=True)
        mount = f'mount -t tmpfs -o size={size} none "{place}" && {script}'
        done = subprocess.run(
            ["unshare", "--map-root-user", "--mount", "sh", "-c", mount],
            env=conda.environ(**more), stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )  # fmt: skip
        if "unshare" in done.stderr or "mount:" in done.stderr:
            if os.environ.get("CI"):
                pytest.fail(f"no file system can be mounted here: {done.stderr}")
            pytest.skip("no file system can be mounted here")
        return done

    @pytest.mark.parametrize("free", [0, 4, 100, 1500, 2500])
    def test_the_channel_stays_as_it_was_and_the_next_one_goes_on(
        self, free: int, conda: Conda, own_cache: Path, tmp_path: Path
    ) -> None:
        place, kept = tmp_path / "full", tmp_path / "kept"
        kept.mkdir()
        large = write_releases(tmp_path / "large", "12.4.1", filler=2_000_000)
        mirror = f'"{conda.exe}" cuda mirror -y --from pypi --to "{place}/mirror"'
        fill = (
            f'fill=$(df -k --output=avail "{place}" | tail -1); '
            f'head -c $(( (fill - {free}) * 1024 )) /dev/zero > "{place}/filler"'
        )
        script = (
            f'{mirror} 11.8 > /dev/null && cp -a "{place}/mirror" "{kept}/before" && {fill}; '
            f"PIP_FIND_LINKS={large.as_uri()} {mirror} 12.4; code=$?; "
            f'cp -a "{place}/mirror" "{kept}/after"; rm "{place}/filler"; '
            f"PIP_FIND_LINKS={large.as_uri()} {mirror} 12.4 > /dev/null 2>&1 || exit 7; "
            f'cp -a "{place}/mirror" "{kept}/done"; exit $code'
        )
        done = self.run(conda, "12m", place, script)
        assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stderr
        message = f"The disk that holds {place}/mirror is full, so the channel is as it was before."
        assert message in done.stderr
        assert index_of(kept / "after") == index_of(kept / "before")
        assert assert_whole(kept / "after") == assert_whole(kept / "before")
        assert "conda-cuda-toolkit-12.4.1-runtime_1.conda" in assert_whole(kept / "done")
        # The lock stays where there is no room for the number of the process that holds it.
        assert leftovers(kept / "after") in ([], [".conda-cuda-lock"])
        assert leftovers(kept / "done") == []


def test_a_folder_of_somebody_else(conda: Conda, tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    folder.chmod(0o555)
    # root may write anywhere until it gives that up.
    powerless = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    tried = subprocess.run(
        [*powerless, conda.exe, "cuda", "mirror", "12.4", *PYPI, "--to", folder / "new"],
        env=conda.environ(), capture_output=True, text=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert tried.returncode == 1, tried.stderr
    assert f"{folder} is not writable, so nothing can be mirrored" in tried.stderr
    assert "Traceback" not in tried.stderr
    assert [*folder.iterdir()] == []
