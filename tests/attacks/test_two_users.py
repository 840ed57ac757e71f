"""Two users and one package cache: whoever comes second gets a toolkit too, as with conda."""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from ..channel.libraries import Compiler, stand_in_runtime
from ..conftest import Conda, Result, _conda
from ..sources.wheelhouse import only_folder, write_releases, write_wheel
from ..users import as_user
from .conftest import needs_root

pytestmark = needs_root

USER = 64321
"""A uid and gid that no account of a usual machine has: nothing else is needed to be a user."""


@dataclass
class Person:
    """A user with a home, whose next package cache is his own."""

    conda: Conda
    uid: int
    beginning: list[str]
    """Of a command line that runs as this user."""

    def cuda(self, verb: str, prefix: Path, *words: str, check: bool = True) -> Result:
        """`conda cuda VERB`, as this user."""
        done = subprocess.run(
            [*self.beginning, self.conda.exe, "cuda", verb, "-p", prefix, *words],
            env=self.conda.environ(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd=self.conda.home,
        )
        assert "Traceback" not in done.stderr, done.stderr
        if check:
            assert done.returncode == 0, done.stderr
        return Result(done.returncode, done.stdout, done.stderr)

    def make(self, name: str = "one") -> Path:
        """An environment of this user's."""
        prefix = self.conda.create(self.conda.envs / name)
        for path in (self.conda.envs, prefix, prefix / "conda-meta", prefix / "conda-meta/history"):
            os.chown(path, self.uid, self.uid)
        return prefix

    @property
    def own_cache(self) -> Path:
        """The next one of `pkgs_dirs`."""
        return self.conda.home / ".conda" / "pkgs"


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """11.8 and 12.4, whose runtimes load."""
    folder = write_releases(tmp_path_factory.mktemp("wheels"), "11.8.0", "12.4.1")
    compiler = Compiler(tmp_path_factory.mktemp("compiled"))
    for name, version, soname, number in (
        ("nvidia-cuda-runtime-cu11", "11.8.89", "libcudart.so.11.0", 11080),
        ("nvidia-cuda-runtime-cu12", "12.4.127", "libcudart.so.12", 12040),
    ):
        data = stand_in_runtime(compiler, soname, number).library
        write_wheel(folder, name, version, {f"nvidia/cuda_runtime/lib/{soname}": data})
    return folder


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    return tmp_path / "shared"


@pytest.fixture
def person(
    conda_exe: Path, wheels: Path, shared: Path, tmp_path: Path
) -> Callable[[int, int], Person]:
    """Makes users of one machine: by uid and umask."""
    for folder in (tmp_path, wheels):
        folder.chmod(0o755)

    def made(uid: int, umask: int) -> Person:
        home = tmp_path / f"home {uid}"
        home.mkdir(mode=0o755)
        conda = _conda(conda_exe, home, shared)
        del conda.variables["CONDA_PKGS_DIRS"]
        text = f"pkgs_dirs:\n- {shared}\n- {home}/.conda/pkgs\n"
        with open(home / "condarc.yml", "a") as file:
            file.write(text)
        conda.variables.update(only_folder(wheels))
        os.chown(home, uid, uid)
        scratch = tmp_path / f"scratch {uid}"
        scratch.mkdir()
        return Person(conda, uid, as_user(uid, umask, scratch, tmp_path, wheels))

    return made


def make_cache(shared: Path, kind: str) -> None:
    """A package cache that a machine's users share: of one kind conda's `urls.txt` is all's."""
    shared.mkdir()
    shared.chmod({"sticky": 0o1777, "listed": 0o777}[kind])
    if kind == "listed":
        (shared / "urls.txt").touch()
        (shared / "urls.txt").chmod(0o666)


def use(user: Person, release: str, name: str = "one") -> Path:
    """Give an environment a toolkit; it has to load, and to be the user's alone."""
    prefix = user.make(name)
    done = user.cuda("use", prefix, release, "--from=pypi", "--flavor=base", "-y")
    assert "warning" not in done.err, done.err
    library = {"11.8": "libcudart.so.11.0", "12.4": "libcudart.so.12"}[release]
    path = prefix / "cuda" / "lib64" / library
    assert os.stat(path).st_uid in (0, user.uid)
    number = ctypes.c_int()
    assert ctypes.CDLL(str(path)).cudaRuntimeGetVersion(ctypes.byref(number)) == 0
    assert str(number.value) == {"11.8": "11080", "12.4": "12040"}[release]
    return prefix


def holdings(cache: Path) -> dict[str, int]:
    """What lies in a cache, and whose it is."""
    return {str(path): path.lstat().st_uid for path in sorted(cache.rglob("*"))}


@pytest.mark.parametrize("kind", ["sticky", "listed"])
@pytest.mark.parametrize("umask", [0o022, 0o077])
@pytest.mark.parametrize("uids", [(0, USER), (USER, 0), (USER, USER + 1)])
def test_both_get_a_toolkit_that_loads(
    uids: tuple[int, int], umask: int, kind: str, shared: Path,
    person: Callable[[int, int], Person],
) -> None:  # fmt: skip
    make_cache(shared, kind)
    first, second = (person(uid, umask) for uid in uids)
    use(first, "12.4")
    assert (shared / "conda-cuda" / "linux-64").is_dir()
    before = holdings(shared)
    use(second, "12.4")
    use(second, "11.8", "two")
    # Nothing of the first one's is lost. Root may write the indexes anew, and all can read them.
    after = holdings(shared)
    assert before.keys() <= after.keys()
    for path in (path for path in before if before[path] != after[path]):
        assert uids[1] == 0
        assert path.endswith(".json")
        assert Path(path).stat().st_mode & 0o777 == 0o644
    use(first, "11.8", "two")


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_a_cache_that_the_first_one_has_made(
    umask: int, shared: Path, tmp_path: Path, person: Callable[[int, int], Person]
) -> None:
    first, second = person(0, umask), person(USER, 0o022)
    use(first, "12.4")
    before = holdings(shared)
    use(second, "12.4")
    assert holdings(shared) == before
    # What can be read is taken from there, and nothing is downloaded or converted.
    assert bool(list(second.own_cache.glob("*-wheel_0"))) == (umask == 0o077)
    wheels = second.conda.variables["PIP_FIND_LINKS"]
    second.conda.variables["PIP_FIND_LINKS"] = ""
    prefix = second.make("offline")
    second.cuda("use", prefix, "12.4", "--from=pypi", "--flavor=base", "--offline", "-y")
    second.conda.variables["PIP_FIND_LINKS"] = wheels


def test_a_cache_that_can_only_be_read_serves_what_it_holds(
    shared: Path, person: Callable[[int, int], Person]
) -> None:
    """Also where no other one can be written; the message names all of them then."""
    first, second = person(0, 0o022), person(USER, 0o022)
    use(first, "12.4")
    second.own_cache.mkdir(parents=True)
    before = holdings(second.conda.home)
    for name, more in (("one", ["--offline"]), ("three", [])):
        prefix = second.make(name)
        second.cuda("use", prefix, "12.4", "--from=pypi", "--flavor=base", *more, "-y")
        assert (prefix / "cuda" / "lib64" / "libcudart.so.12").exists()
    other = second.make("two")
    done = second.cuda("use", other, "11.8", "--from=pypi", "--flavor=base", "-y", check=False)
    assert done.code == 1
    assert (
        f"NoWritableCacheError: No package cache can be written, so nothing was changed: {shared}, "
        f"{second.own_cache}"
    ) in done.err
    assert "\n  Name one of your own: conda config --prepend pkgs_dirs FOLDER\n" in done.err
    assert not (other / "cuda").exists()
    assert before.keys() <= holdings(second.conda.home).keys()


@pytest.mark.parametrize("verb", ["list", "doctor", "info"])
def test_looking_needs_no_cache_that_can_be_read(
    verb: str, shared: Path, person: Callable[[int, int], Person]
) -> None:
    first, second = person(0, 0o077), person(USER, 0o022)
    use(first, "12.4")
    prefix = use(second, "12.4")
    second.cuda(verb, prefix)
    second.cuda("list", prefix, "--available", "--offline")
    second.cuda("export", prefix, "-f", str(second.conda.home / "cuda.yaml"))
    third = second.make("three")
    second.cuda("apply", third, str(second.conda.home / "cuda.yaml"), "-y")
