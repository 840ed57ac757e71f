"""Odd and full file systems: it works as conda does, or nothing changes and a sentence says why."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from ..cli.conftest import _with_wheels as with_wheels
from ..conftest import Conda, Result
from ..listing import leftovers, listing
from ..mounts import mounted

PYPI = ("--from=pypi", "--yes")
COMMANDS: dict[str, tuple[str, ...]] = {
    "install": ("use", "11.8", "--flavor=base", *PYPI),
    "add": ("use", "12.4", "--components=cublas", *PYPI),
    "switch": ("use", "13.0"),
    "off": ("off",),
    "remove": ("remove", "12.4", "--yes"),
    "remove all": ("remove", "--all", "--yes"),
    "apply": ("apply", "{file}", "--yes"),
}
"""What a user may type in an environment with 13.0 and 12.4, of which 12.4 is current."""


@pytest.fixture(scope="session")
def cuda_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file for `apply` that asks for a release that the environment lacks."""
    return tmp_path_factory.mktemp("file") / "cuda.yaml"


def words_of(command: str, file: Path, *, offline: bool = True) -> list[str]:
    """The words of a command; without asking pip again for what `usual` has fetched."""
    words = [word.format(file=file) for word in COMMANDS[command]]
    return [*words, "--offline"] if offline and "--from=pypi" in words else words


def state_of(prefix: Path) -> dict[str, str]:
    """An environment but for what names the moment of an installation."""
    return {
        path: "" if "conda-meta/" in path else text
        for path, text in listing(prefix).items()
        if not path.endswith("cuda/lock")
    }


def lacking(conda: Conda, odd: Path, calls: str, error: int, below: Path, *words: str) -> Result:
    """Run a command where some calls fail in a folder."""
    return conda(
        "cuda", *words, check=False, LD_PRELOAD=str(odd), ODD_BELOW=f"{below}/", ODD_LACKS=calls,
        ODD_ERRNO=str(error),
    )  # fmt: skip


@pytest.fixture(scope="session")
def usual(
    template: Path, conda_exe: Path, cli_cache: Path, wheelhouse: Path, cuda_file: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str], dict[str, str]]:  # fmt: skip
    """What each command makes of the environment on a usual file system."""
    home = tmp_path_factory.mktemp("usual")
    conda = with_wheels(conda_exe, home, cli_cache, wheelhouse)
    source = conda.create(conda.envs / "source")
    conda.cuda("use", source, *COMMANDS["install"][1:])
    conda.cuda("export", source, "-f", cuda_file)

    @cache
    def done(command: str) -> dict[str, str]:
        prefix = shutil.copytree(template, home / command / "two", symlinks=True)
        verb, *rest = words_of(command, cuda_file, offline=False)
        conda.cuda(verb, prefix, *rest)
        return state_of(prefix)

    return done


@pytest.mark.parametrize(
    ("command", "calls", "error"),
    [
        *((command, "link,flock,exchange", errno.EOPNOTSUPP) for command in COMMANDS),
        ("install", "link", errno.EPERM),
        ("add", "link", errno.EMLINK),
        ("install", "flock", errno.ENOLCK),
        ("add", "flock,exchange", errno.ENOSYS),
    ],
)
def test_without_hard_links_locks_or_exchange_it_works(
    command: str, calls: str, error: int, conda: Conda, two: Path, odd: Path, cuda_file: Path,
    usual: Callable[[str], dict[str, str]],
) -> None:  # fmt: skip
    expected = usual(command)
    verb, *rest = words_of(command, cuda_file)
    done = lacking(conda, odd, calls, error, two, verb, "-p", str(two), *rest)
    assert (done.code, "Traceback" in done.err) == (0, False), done.err
    assert state_of(two) == expected
    assert leftovers(two) == []
    if command in ("install", "add"):
        name = "libcudart.so.11.0" if command == "install" else "libcublas.so.12"
        linked = (two / "cuda" / "lib" / name).stat().st_nlink > 1
        assert linked == ("link" not in calls.split(","))


@pytest.mark.parametrize("command", COMMANDS)
def test_without_symbolic_links_nothing_changes(
    command: str, conda: Conda, two: Path, odd: Path, cuda_file: Path,
    usual: Callable[[str], dict[str, str]],
) -> None:  # fmt: skip
    expected = usual(command)
    verb, *rest = words_of(command, cuda_file)
    before = state_of(two)
    done = lacking(conda, odd, "symlink", errno.EPERM, two, verb, "-p", str(two), *rest)
    assert "Traceback" not in done.err
    if verb in ("off", "remove"):
        # They need none.
        assert done.code == 0, done.err
        assert state_of(two) == expected
    else:
        assert done.code == 1
        assert done.err.endswith(
            f"NoSymbolicLinksError: The file system that holds {two} has no symbolic links, which "
            "a toolkit needs, so nothing was changed.\n"
            "  Create the environment on another one: conda create --prefix PATH\n\n"
        )
        assert state_of(two) == before
    assert leftovers(two) == []


@pytest.mark.parametrize(
    ("command", "free"),
    [
        *(("install", free) for free in (0, 40)),
        *(("add", free) for free in (0, 8, 40)),
        *((command, 0) for command in ("off", "remove", "remove all", "apply")),
    ],
)
def test_on_a_full_disk(
    command: str, free: int, conda: Conda, two: Path, tmp_path: Path, cuda_file: Path,
    usual: Callable[[str], dict[str, str]],
) -> None:  # fmt: skip
    """The old state or the new one; what frees space works without any."""
    expected = usual(command)
    place, after = tmp_path / "full", tmp_path / "after"
    verb, *rest = words_of(command, cuda_file)
    words = " ".join(f"'{word}'" for word in (verb, "-p", f"{place}/two", *rest))
    script = (
        f'cp -a "{two}" "{place}/two"; fill=$(df -k --output=avail "{place}" | tail -1); '
        f'head -c $(( (fill - {free}) * 1024 )) /dev/zero > "{place}/filler"; '
        f'"{conda.exe}" cuda {words}; code=$?; cp -a "{place}/two" "{after}"; exit $code'
    )
    done = mounted(conda, place, "size=3m", script)
    assert "Traceback" not in done.stderr
    if done.returncode == 0:
        assert state_of(after) == expected
    else:
        assert verb not in ("off", "remove"), done.stderr
        assert f"The disk that holds {place}/two is full, so nothing was changed." in done.stderr
        assert state_of(after) == state_of(two)
    assert leftovers(after) == []


@pytest.mark.parametrize("command", ["install", "off", "remove", "apply"])
def test_on_a_read_only_file_system(
    command: str, conda: Conda, two: Path, tmp_path: Path, cuda_file: Path
) -> None:
    place, after = tmp_path / "readonly", tmp_path / "after"
    verb, *rest = words_of(command, cuda_file)
    words = " ".join(f"'{word}'" for word in (verb, "-p", f"{place}/two", *rest))
    script = (
        f'cp -a "{two}" "{place}/two"; mount -o remount,ro "{place}"; '
        f'"{conda.exe}" cuda {words}; code=$?; cp -a "{place}/two" "{after}"; exit $code'
    )
    done = mounted(conda, place, "size=3m", script)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stderr
    message = f"The environment {place}/two cannot be changed: {place}/two is not writable.\n  Make"
    assert message in done.stderr
    assert state_of(after) == state_of(two)


@pytest.mark.parametrize("command", ["install", "add", "apply"])
def test_with_the_cache_on_another_file_system(
    command: str, conda: Conda, two: Path, tmp_path: Path, cuda_file: Path,
    usual: Callable[[str], dict[str, str]],
) -> None:  # fmt: skip
    """Nothing can be linked from there, so it is copied."""
    expected = usual(command)
    place, after = tmp_path / "other", tmp_path / "after"
    verb, *rest = words_of(command, cuda_file)
    words = " ".join(f"'{word}'" for word in (verb, "-p", f"{place}/two", *rest))
    script = (
        f'cp -a "{two}" "{place}/two"; "{conda.exe}" cuda {words}; code=$?; '
        f'cp -a "{place}/two" "{after}"; exit $code'
    )
    done = mounted(conda, place, "size=20m", script)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    assert state_of(after) == expected
    assert leftovers(after) == []
