"""Many commands at the same time: one winner, nothing broken, nobody waits for ever."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from conda_cuda_plugin.environment import Environment
from conda_cuda_plugin.system.files import Inside

from ..conftest import Conda
from ..listing import leftovers, listing
from ..sources.wheelhouse import only_folder, write_wheel
from .test_interruption import start, wait_for

RUNTIMES = {
    "12.0.1": "12.0.146", "12.1.1": "12.1.105", "12.2.2": "12.2.140", "12.3.2": "12.3.101",
    "12.4.1": "12.4.127", "12.5.1": "12.5.82", "12.6.3": "12.6.77", "12.8.1": "12.8.90",
    "12.9.1": "12.9.79", "12.9.2": "12.9.80",
}  # fmt: skip
"""Releases and the runtime library in each: ten, of nine minor versions."""
LOCK = "etc/conda/cuda/lock"
BASE = ("--from=pypi", "--flavor=base", "--yes")


@pytest.fixture
def ten_releases(conda: Conda, tmp_path: Path) -> list[str]:
    """Ten releases as small wheels, which pip finds."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    for release, version in RUNTIMES.items():
        line = f"nvidia-cuda-runtime-cu12=={version}.*; extra == 'cudart'"
        write_wheel(folder, "cuda-toolkit", release, requires=(line,), tag="py3-none-any")
        files = {"nvidia/cuda_runtime/lib/libcudart.so.12": f"cudart {version}".encode()}
        write_wheel(folder, "nvidia-cuda-runtime-cu12", version, files)
    conda.variables.update(only_folder(folder))
    return list(RUNTIMES)


def all_at_once(conda: Conda, commands: Sequence[Sequence[str | Path]]) -> list[tuple[int, str]]:
    """Exit code and errors of each command; they run at the same time."""
    running = [start(conda, *words) for words in commands]
    found = []
    for process in running:
        _, errors = process.communicate(timeout=300)
        assert "Traceback" not in errors, errors
        found.append((process.returncode, errors))
    return found


def assert_healthy(conda: Conda, prefix: Path) -> None:
    """Every toolkit is whole, the current one is all there, nothing lies about."""
    environment = Environment(prefix)
    assert [toolkit.name for toolkit in environment.toolkits() if not toolkit.complete] == []
    assert leftovers(prefix) == []
    shown = conda.cuda("doctor", prefix, "--json", check=False).json
    machine = ("driver-", "gpu-", "host-")
    rules = [finding["rule"] for finding in shown["findings"]]
    assert [rule for rule in rules if not rule.startswith(machine)] == []


def test_ten_toolkits_in_one_environment(
    conda: Conda, environment: Path, own_cache: Path, ten_releases: list[str]
) -> None:
    commands = [("use", "-p", environment, release, *BASE) for release in ten_releases]
    assert [code for code, _ in all_at_once(conda, commands)] == [0] * 10
    found = Environment(environment)
    assert len(found.toolkits()) == 9
    for toolkit in found.toolkits():
        library = toolkit.root / "lib64" / "libcudart.so.12"
        assert library.read_text() == f"cudart {RUNTIMES[str(toolkit.version)]}"
    current = found.current()
    assert current is not None
    # One winner: link, record and library are of the same release.
    assert str(current.version).startswith(str(found.state["request"]["version"]))
    assert_healthy(conda, environment)
    assert leftovers(own_cache) == []


@pytest.mark.parametrize("cache", ["empty", "half-filled"])
def test_one_toolkit_in_ten_environments_with_one_cache(
    cache: str, conda: Conda, own_cache: Path
) -> None:
    release = ("12.4", "--from=pypi", "--components=cudart,cublas", "--yes")
    if cache == "half-filled":
        fill(conda, own_cache)
        release += ("--offline",)
    prefixes = [conda.create(conda.envs / f"env{number}") for number in range(10)]
    commands = [("use", "-p", prefix, *release) for prefix in prefixes]
    assert [code for code, _ in all_at_once(conda, commands)] == [0] * 10
    trees = [listing(prefix / "cuda-12.4" / "lib") for prefix in prefixes]
    assert trees == trees[:1] * 10
    assert (prefixes[0] / "cuda/lib64/libcublas.so.12").read_bytes() == b"cublas 12.4"
    for name in ("libcudart.so.12", "libcublas.so.12"):
        # Hard links to one file: the package was extracted once, and never anew under a link.
        files = {(prefix / "cuda-12.4" / "lib" / name).stat().st_ino for prefix in prefixes}
        assert len(files) == 1, name
    assert leftovers(own_cache) == []
    assert_healthy(conda, prefixes[-1])


def fill(conda: Conda, cache: Path) -> None:
    """A cache with one package whole, and one that a kill has cut in half."""
    first = conda.create(conda.envs / "first")
    conda.cuda("use", first, "12.4", "--from=pypi", "--components=cudart,cublas", "--yes")
    shutil.rmtree(first)
    (cublas,) = cache.glob("nvidia-cublas-cu12-*-wheel_0")
    (cublas / "info" / "repodata_record.json").unlink()
    (cublas / "lib" / "libcublas.so.12").write_bytes(b"half")
    (cache / "conda-cuda" / "extracting.json").write_text(f'["{cublas.name}"]')


def test_everything_mixed_in_one_environment(conda: Conda, two: Path) -> None:
    commands: list[tuple[str | Path, ...]] = [
        ("use", "-p", two, "12.4", *BASE),
        ("off", "-p", two),
        ("use", "-p", two, "13.0", "--from=pypi", "--components=nvcc", "--yes"),
        ("remove", "-p", two, "13.0", "--yes"),
        ("use", "-p", two, "11.8", *BASE),
        ("off", "-p", two),
        ("remove", "-p", two, "--all", "--yes"),
        ("use", "-p", two, "12.4", *BASE),
        ("run", "-p", two, "12.4", "--", "true"),
        ("list", "-p", two),
    ]
    for code, errors in all_at_once(conda, commands):
        # What another one has removed is said in a sentence.
        said = ("is not installed", "was removed by another process", "is incomplete")
        assert code == 0 or any(words in errors for words in said), errors
    found = Environment(two)
    name = found.current_name()
    assert name is None or name in [toolkit.name for toolkit in found.toolkits()]
    assert [toolkit.name for toolkit in found.toolkits() if not toolkit.complete] == []
    assert leftovers(two) == []
    assert sorted(os.listdir(two / "bin") if (two / "bin").is_dir() else []) == (
        ["nvcc", "ptxas"] if name == "cuda-13.0" else []
    )
    conda.cuda("use", two, "12.4", *BASE)
    assert_healthy(conda, two)
    conda.cuda("remove", two, "--all", "--yes")
    assert not (two / "etc/conda/cuda").exists()


@pytest.mark.parametrize("meanwhile", [("use", "13.0"), ("remove", "13.0", "--yes")])
def test_what_has_changed_while_a_removal_waited(
    meanwhile: tuple[str, ...], conda: Conda, two: Path
) -> None:
    """It was to be removed while another one was current; then it became current, or went."""
    after = shutil.copytree(two, conda.envs / "after", symlinks=True)
    verb, *rest = meanwhile
    conda.cuda(verb, after, *rest)
    lock, path = two / LOCK, after / LOCK
    process = hold(lock)
    waiting = start(conda, "remove", "-p", two, "13.0", "--yes")
    wait_for(lambda: any(is_lock(entry) for entry in open_files(waiting)))
    path.unlink()
    os.link(lock, path)
    Inside(after.parent).exchange(after, two)
    process.kill()
    process.wait()
    _, errors = waiting.communicate(timeout=60)
    assert waiting.returncode == 0, errors
    found = Environment(two)
    assert [toolkit.name for toolkit in found.toolkits()] == ["cuda-12.4"]
    assert found.current_name() == (None if verb == "use" else "cuda-12.4")
    assert_healthy(conda, two)


@pytest.mark.parametrize("holder", ["dead", "killed", "another process by now"])
def test_a_stale_lock_is_no_obstacle(holder: str, conda: Conda, two: Path) -> None:
    lock = two / LOCK
    if holder == "killed":
        process = hold(lock)
        process.send_signal(signal.SIGKILL)
        process.wait()
    else:
        lock.write_text("999999999\n" if holder == "dead" else f"{os.getpid()}\n")
    conda.cuda("use", two, "13.0", timeout=60)
    assert os.readlink(two / "cuda") == "cuda-13.0"


def test_a_command_waits_for_the_one_that_holds_the_lock(conda: Conda, two: Path) -> None:
    before = listing(two)
    process = hold(two / LOCK)
    waiting = start(conda, "use", "-p", two, "13.0")
    # It has opened the lock's file, and so it is past its plan.
    wait_for(lambda: any(is_lock(entry) for entry in open_files(waiting)))
    assert waiting.poll() is None
    assert {k: v for k, v in listing(two).items() if "lock" not in k} == {
        k: v for k, v in before.items() if "lock" not in k
    }
    process.kill()
    process.wait()
    _, errors = waiting.communicate(timeout=60)
    assert waiting.returncode == 0, errors
    assert os.readlink(two / "cuda") == "cuda-13.0"


def is_lock(path: str) -> bool:
    return path.endswith(LOCK)


def open_files(process: subprocess.Popen[str]) -> list[str]:
    """The files that a process has open."""
    found = []
    for entry in Path(f"/proc/{process.pid}/fd").iterdir():
        try:
            found.append(os.readlink(entry))
        except OSError:
            continue
    return found


def hold(lock: Path) -> subprocess.Popen[str]:
    """A process that holds a lock until it is killed."""
    script = 'exec 9>>"$1"; flock 9; echo $$ >&9; echo held; exec sleep 600 2>&-'
    process = subprocess.Popen(
        ["bash", "-c", script, "bash", lock], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process
