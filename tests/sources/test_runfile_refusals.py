"""An installer that is damaged, hostile or another one is refused in words, and leaves nothing."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from conda_cuda_plugin.sources.runfile.installers import RunfileError
from conda_cuda_plugin.sources.runfile.unpack import Workplace, unpack
from conda_cuda_plugin.versions import CudaVersion

from . import installer
from .installer import NEW, SUFFIX, TARGET, Files
from .runfile_machine import Machine, compiler, machine

__all__ = ["compiler", "machine"]

NAME = f"cuda_10.2.89_440.33.09_linux{SUFFIX}.run"
MARK = "left-by-an-installer"
LIB = f"targets/{TARGET}/lib"


@dataclass(frozen=True)
class Case:
    """An installer and why it is refused.

    Args:
        make: makes it.
        reason: a pattern of the message.
        words: besides `use 10.2 --from FILE --flavor devel`.
        known: whether its hash is given.
    """

    make: Callable[[Machine], Path | str]
    reason: str
    words: tuple[str, ...] = ()
    known: bool = True


def _more(**what: object) -> Callable[[Machine], Path]:
    return lambda machine: machine.middle(more=Files(**what))  # type: ignore[arg-type]


def _script(text: str, name: str = NAME) -> Callable[[Machine], Path]:
    return lambda machine: installer.script(machine.folder, name, text)


def _truncated(machine: Machine) -> Path:
    run = machine.middle()
    os.truncate(run, run.stat().st_size * 2 // 3)
    return run


def _flipped(machine: Machine) -> Path:
    run = machine.middle()
    with open(run, "r+b") as file:
        file.seek(-100, os.SEEK_END)
        file.write(b"another bytes")
    return run


def _elf(machine: Machine) -> Path:
    path = machine.folder / NAME
    path.write_bytes(Path("/bin/true").read_bytes())
    return path


def _text(machine: Machine) -> Path:
    path = machine.folder / NAME
    path.write_text("404 Not Found\n")
    return path


def _pipe(machine: Machine) -> Path:
    path = machine.folder / NAME
    os.mkfifo(path)
    return path


def _renamed(machine: Machine) -> Path:
    return machine.middle().rename(machine.folder / "installer.run")


def _mislabelled(machine: Machine) -> Path:
    return machine.middle("cuda_10.1.243_440.33.09_linux{}.run")


def _no_runtime(machine: Machine) -> Path:
    tree = Files({"bin/nvcc": b"#!/bin/sh\n", "version.txt": b"CUDA Version 10.2.89\n"})
    return installer.middle_installer(machine.folder, NAME, tree)


def _closed(machine: Machine, program: str) -> Path:
    return installer.closed_installer(machine.folder, NAME, machine.tree(), program)


CASES = {
    "truncated": Case(_truncated, r"could not be unpacked \(exit code \d+\)"),
    "altered": Case(_flipped, r"could not be unpacked \(exit code \d+\)"),
    "wrong-hash": Case(
        lambda machine: machine.middle(),
        r"its SHA-256 is [0-9a-f]{64} and not 0{64}: it is damaged, or another file",
        ("--sha256", "0" * 64),
        known=False,
    ),
    "unknown-hash": Case(
        lambda machine: machine.middle(),
        r"its SHA-256, [0-9a-f]{64}, is none of those that conda cuda knows",
        known=False,
    ),
    "no-hash-at-all": Case(
        lambda machine: machine.middle(), "is not a SHA-256", ("--sha256", "abc"), known=False
    ),
    "a-program": Case(_elf, "is not an installer of NVIDIA's"),
    "a-text": Case(_text, "is not an installer of NVIDIA's"),
    "a-pipe": Case(_pipe, "is not an installer of NVIDIA's", ("--sha256", "0" * 64), known=False),
    "nothing-there": Case(lambda machine: f"{machine.folder}/x.run", "there is no file"),
    "no-release-in-its-name": Case(_renamed, "its name does not say which release it is"),
    "other-release-asked": Case(
        _script("exit 0", "cuda_9.2.88_396.99_linux.run"), r"has CUDA 9.2.88 in cuda_9.2.88"
    ),
    "other-release-inside": Case(
        _mislabelled, "it holds CUDA 10.2.89 and not 10.1.243", ("VERSION", "10.1")
    ),
    "other-machine": Case(
        _script("exit 0", "cuda_10.2.89_440.33.09_linux_ppc64le.run"), "it is for ppc64le"
    ),
    "no-runtime": Case(_no_runtime, "holds no CUDA runtime"),
    "a-pipe-in-it": Case(_more(pipes=(f"{LIB}/libpipe.so",)), "libpipe.so' is not a regular file"),
    "absolute-link": Case(_more(links={f"{LIB}/libx.so": "/etc/passwd"}), "leads out of the"),
    "leaving-link": Case(
        _more(links={"bin/x": "../../../../../../../../etc/passwd"}), "leads out of the package"
    ),
    "case-clash": Case(
        _more(files={f"{LIB}/libCUBLAS.so.10": b""}), "'.*' and '.*' are the same file"
    ),
    "no-name-on-every-system": Case(_more(files={f"{LIB}/libx:y.a": b""}), "has no proper name"),
    "fails": Case(_script("echo no space; exit 7"), r"could not be unpacked \(exit code 7\)"),
    "does-nothing": Case(_script("exit 0"), "it is not an installer of a CUDA toolkit"),
    "asks": Case(
        _script("read -r answer < /dev/tty || exit 8"), r"could not be unpacked \(exit code 8\)"
    ),
    "waits-for-an-answer": Case(
        _script("read -r answer || exit 9"), r"could not be unpacked \(exit code 9\)"
    ),
    "writes-everywhere": Case(
        _script(
            'for folder in /var/tmp "$HOME" /usr/local /opt /root /etc . "${0%/*}" /dev/shm; do\n'
            f'echo x > "$folder/{MARK}"; done; echo x > /tmp/cuda-installer.log; exit 0'
        ),
        "it is not an installer of a CUDA toolkit",
    ),
    "fetches-folders-from-elsewhere": Case(
        _script('ln -s /etc "$TMPDIR/unpacked"; exit 0'), "it is not an installer of a CUDA toolkit"
    ),
    "program-fails": Case(
        lambda machine: _closed(machine, "#!/bin/sh\necho 'no room' >&2\nexit 5\n"),
        r"could not be unpacked \(exit code 5\)",
    ),
    "program-of-other-options": Case(
        lambda machine: _closed(machine, NEW.replace("--no-man-page", "--no-map-page")),
        r"could not be unpacked \(exit code 3\)",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_each_is_refused_in_a_sentence_and_leaves_nothing(case: Case, machine: Machine) -> None:
    run = case.make(machine)
    prefix, before, cache = machine.environment(), machine.outside(), machine.cache()
    tree = sorted(path for path in prefix.rglob("*"))
    words = list(case.words)
    version = words[1] if words[:1] == ["VERSION"] else "10.2"
    words = words[2:] if words[:1] == ["VERSION"] else words
    if case.known and isinstance(run, Path):
        words += ["--sha256", installer.sha256(run)]
    options = ("--from", run, "--flavor", "devel", *words, "--yes")
    result = machine.conda.cuda("use", prefix, version, *options, check=False)
    assert result.code in (1, 2), result.out
    assert re.search(case.reason, result.err), result.err
    assert "Traceback" not in result.err
    assert machine.outside() == before
    assert machine.cache() == cache
    for folder in ("/tmp", "/var/tmp", "/usr/local", "/opt", "/root", "/etc", "/dev/shm"):
        assert not os.path.exists(f"{folder}/{MARK}"), folder
    assert sorted(path for path in prefix.rglob("*") if "etc" not in path.parts) == tree


def test_the_unknown_hash_is_shown_with_what_to_do(machine: Machine) -> None:
    run, prefix = machine.middle(), machine.environment()
    result = machine.conda.cuda("use", prefix, "10.2", "--from", run, "--yes", check=False)
    assert f"run the command again with --sha256 {installer.sha256(run)}" in result.err
    assert "md5sum.txt" in result.err
    machine.use(prefix, "10.2", run, "--flavor", "base")
    # Once it was let in, it is known.
    machine.conda.cuda("use", machine.environment("two"), "10.2", "--from", run, "--yes")


def test_a_file_that_is_not_the_published_one_is_told_apart(machine: Machine) -> None:
    run = machine.middle("cuda_10.2.89_440.33.01_linux.run")
    prefix = machine.environment()
    if SUFFIX:
        pytest.skip("the published file is for x86_64")
    result = machine.conda.cuda("use", prefix, "10.2", "--from", run, "--yes", check=False)
    assert "and not 560d07fdcf4a46717f2242948cd4f92c5f9b6fc7eae10dd996614da913d5ca11" in result.err
    result = machine.use(prefix, "10.2", run, "--flavor", "base")
    assert "not the one that NVIDIA publishes under this name" in " ".join(result.out.split())


def test_its_last_words_are_shown(machine: Machine) -> None:
    text = "echo 'first'; printf '\\033[31mdisk full\\033[0m\\007\\n'; exit 7"
    run, prefix = installer.script(machine.folder, NAME, text), machine.environment()
    result = machine.use(prefix, "10.2", run, check=False)
    assert "  first\n  disk full\n" in result.err
    run = _closed(machine, "#!/bin/sh\necho '[ERROR]: no driver' > /tmp/cuda-installer.log\nexit 5")
    result = machine.use(prefix, "10.2", run, check=False)
    assert "[ERROR]: no driver" in result.err


def test_one_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    installer.require_tools()
    mark = f"{time.time_ns() % 10**9 + 10**6}"
    text = f"setsid sleep {mark} & echo started; sleep {mark}"
    run = installer.script(tmp_path, NAME, text)
    (tmp_path / "work").mkdir()
    work = Workplace(tmp_path / "work", run, NAME, limit=2)
    begin = time.monotonic()
    with pytest.raises(RunfileError, match="was not unpacked after 2 seconds and was stopped"):
        unpack(work, CudaVersion(10, 2, 89))
    assert time.monotonic() - begin < 20
    assert work.confined
    time.sleep(0.2)
    assert not [
        path
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if mark.encode() in _content(path).split(b"\0")
    ]


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


WITHOUT = ("unshare", "-Ur", "sh", "-c")
FORBID = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'


@pytest.mark.parametrize("kind", ["open", "closed"])
def test_without_namespaces_nothing_runs_that_could_write_outside(
    machine: Machine, kind: str
) -> None:
    run = machine.middle() if kind == "open" else _closed(machine, NEW)
    prefix, before = machine.environment(), machine.outside()
    words = ["cuda", "use", "-p", prefix, "10.2", "--from", run, "--flavor", "base", "--yes"]
    words += ["--sha256", installer.sha256(run)]
    command = [*WITHOUT, FORBID, "sh", machine.conda.exe, *words]
    environ = machine.conda.environ()
    done = subprocess.run(command, env=environ, capture_output=True, text=True, cwd=machine.folder)
    assert machine.outside() == before
    if kind == "open":
        assert done.returncode == 0, done.stderr
        assert (prefix / "cuda" / "lib64" / "libcudart.so.10.2").exists()
    else:
        assert done.returncode == 1
        assert "this machine has no user namespaces" in done.stderr
        assert machine.cache() == set()
