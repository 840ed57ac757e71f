"""Stopped at any moment: the old state or the new, and the next command puts all right."""

from __future__ import annotations

import http.server
import os
import signal
import socketserver
import subprocess
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ..conftest import Conda
from ..listing import leftovers, listing
from ..sources.wheelhouse import only_index, write_releases

USE = ("12.4", "--from=pypi", "--flavor=base", "--yes")


class _Slow(http.server.SimpleHTTPRequestHandler):
    """An index that hands a wheel out byte by byte once the rest is there."""

    started: threading.Event
    folder: Path

    def do_GET(self) -> None:
        name = self.path.strip("/").split("/")[-1]
        wheel = self.folder / name
        if name.endswith(".whl.metadata"):
            # PEP 658: pip reads this instead of the whole file while it plans.
            with zipfile.ZipFile(self.folder / name.removesuffix(".metadata")) as archive:
                (member,) = [n for n in archive.namelist() if n.endswith("/METADATA")]
                self._answer(archive.read(member), None)
        elif wheel.suffix == ".whl":
            data = wheel.read_bytes()
            slow = name.startswith("nvidia")
            self._answer(data[: len(data) // 2] if slow else data, len(data))
            if slow:
                type(self).started.set()
                time.sleep(60)
        else:
            files = sorted(path.name for path in self.folder.glob(f"{name.replace('-', '_')}-*"))
            links = "".join(
                f'<a href="/files/{file}" data-core-metadata="true">{file}</a>' for file in files
            )
            self._answer(links.encode(), None, "text/html")

    def _answer(self, data: bytes, length: int | None, kind: str = "application/zip") -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length or len(data)))
        self.end_headers()
        self.wfile.write(data)
        self.wfile.flush()

    def do_HEAD(self) -> None:
        self._answer(b"", 1)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def slow_index(tmp_path: Path) -> Iterator[tuple[dict[str, str], threading.Event]]:
    """The variables for an index on this machine that never finishes a component's wheel."""
    started = threading.Event()
    folder = write_releases(tmp_path / "slow", "12.4.1", filler=300_000)
    handler = type("Slow", (_Slow,), {"started": started, "folder": folder})
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield only_index(f"http://127.0.0.1:{server.server_address[1]}/simple"), started
    server.shutdown()


def start(conda: Conda, *words: str | Path, **variables: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [conda.exe, "cuda", *map(str, words)],
        env=conda.environ(**variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for(what: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.005)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_in_the_middle_of_a_download(
    name: str,
    conda: Conda,
    two: Path,
    own_cache: Path,
    slow_index: tuple[dict[str, str], threading.Event],
) -> None:
    conda.cuda("remove", two, "12.4", "--yes")
    before = listing(two)
    variables, started = slow_index
    process = start(conda, "use", "-p", two, *USE, **variables)
    assert started.wait(60)
    # A terminal sends Ctrl-C to the whole group, and so does a batch system that kills a job.
    if name == "SIGTERM":
        process.terminate()
    else:
        os.killpg(process.pid, getattr(signal, name))
    _, err = process.communicate(timeout=60)
    if name == "SIGKILL":
        assert process.returncode == -signal.SIGKILL
    else:
        assert (process.returncode, "Traceback" in err) == (1, False), err
        assert err.strip().endswith(
            "Interrupted: Stopped; no toolkit is current in the environment.\n"
            "  Nothing is half done: the same command starts anew."
        )
        assert leftovers(own_cache) == []
        assert listing(two) == before
    conda.cuda("use", two, *USE)
    assert (two / "cuda/lib64/libcudart.so.12").read_bytes() == b"cudart 12.4"
    assert leftovers(two) == leftovers(own_cache) == []


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGKILL"])
@pytest.mark.parametrize("moment", ["linking-begins", "root-is-there", "wrappers-are-there"])
def test_in_the_middle_of_linking_and_switching(
    name: str, moment: str, conda: Conda, template: Path, environment: Path
) -> None:
    prefix = environment
    signs = {
        "linking-begins": prefix / ".conda-cuda-cuda-13.0",
        "root-is-there": prefix / "cuda-13.0",
        "wrappers-are-there": prefix / "bin",
    }
    words = ["13.0", "--from=pypi", "--components=nvcc", "--yes"]
    process = start(conda, "use", "-p", prefix, *words)
    wait_for(lambda: signs[moment].exists() or process.poll() is not None)
    process.send_signal(getattr(signal, name))
    _, err = process.communicate(timeout=60)
    assert "Traceback" not in err
    link = prefix / "cuda"
    if link.is_symlink():
        assert (os.readlink(link), (prefix / "cuda/bin/nvcc").exists()) == ("cuda-13.0", True)
    elif name != "SIGKILL":
        assert sorted(listing(prefix)) == ["conda-meta", "conda-meta/history"]
    # Whatever it was, the next command works and leaves nothing lying about.
    conda.cuda("use", prefix, *words)
    assert leftovers(prefix) == []
    wanted = listing(template / "cuda-13.0" / "bin")
    assert listing(prefix / "cuda" / "bin") == wanted
    assert sorted(os.listdir(prefix / "bin")) == ["nvcc", "ptxas"]


def test_killed_again_and_again_at_any_moment(conda: Conda, two: Path) -> None:
    """Switching back and forth: always one of the two, complete, with the wrappers to match."""
    states = {"cuda-13.0": ["nvcc", "ptxas"], "cuda-12.4": []}
    for number in range(8):
        process = start(conda, "use", "-p", two, ("13.0", "12.4")[number % 2])
        time.sleep(0.25 + 0.03 * number)
        process.kill()
        process.communicate()
        name = os.readlink(two / "cuda")
        assert name in states
        assert (two / "cuda/lib64").is_dir()
    for release in ("12.4", "13.0", "12.4"):
        conda.cuda("use", two, release)
        found = sorted(os.listdir(two / "bin")) if (two / "bin").is_dir() else []
        assert found == states[f"cuda-{release}"]
    assert leftovers(two) == []


def test_two_at_the_same_time_in_one_environment(
    conda: Conda, environment: Path, own_cache: Path
) -> None:
    words = [["12.4", "--flavor=base"], ["13.0", "--components=nvcc"], ["12.4", "--flavor=base"]]
    running = [
        start(conda, "use", "-p", environment, *some, "--from=pypi", "--yes") for some in words
    ]
    for process in running:
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    document = conda.cuda("list", environment, "--json").json
    assert [(t["version"], t["status"]) for t in document["toolkits"]] == [
        ("13.0.2", "ok"), ("12.4.1", "ok"),
    ]  # fmt: skip
    wrappers = sorted(os.listdir(environment / "bin")) if (environment / "bin").is_dir() else []
    assert wrappers == (["nvcc", "ptxas"] if document["current"] == "cuda-13.0" else [])
    assert leftovers(environment) == leftovers(own_cache) == []
    conda.cuda("remove", environment, "--all", "--yes")
    assert not (environment / "bin").exists()


def test_two_at_the_same_time_with_one_cache(conda: Conda, own_cache: Path) -> None:
    prefixes = [conda.create(conda.envs / name) for name in ("a", "b", "c")]
    running = [start(conda, "use", "-p", prefix, *USE) for prefix in prefixes]
    for process in running:
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    inodes = {(prefix / "cuda/lib/libcudart.so.12").stat().st_ino for prefix in prefixes}
    assert len(inodes) == 1
    assert leftovers(own_cache) == []
