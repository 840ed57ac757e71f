"""What the fuzzer of planted things has found, one test for each kind."""

from __future__ import annotations

import os
import shutil
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from conda_cuda_plugin.actions.off import plan_removal, remove, turn_off
from conda_cuda_plugin.environment import Environment
from conda_cuda_plugin.errors import LeftoverError
from conda_cuda_plugin.hooks.shells import STEM
from conda_cuda_plugin.install.root import recorded

from ..conftest import Conda
from .conftest import in_words

HOOK = f"etc/conda/activate.d/{STEM}.sh"


@pytest.fixture
def nvcc(conda: Conda, two: Path) -> Path:
    """The environment with a toolkit that has nvcc, which is current."""
    conda.cuda("use", two, "13.0")
    return two


def test_a_pipe_for_a_wrapper_is_not_waited_for(conda: Conda, nvcc: Path) -> None:
    pipe = nvcc / "bin" / "nvcc"
    pipe.unlink()
    os.mkfifo(pipe)
    for verb, *words in (("info",), ("which", "nvcc"), ("use", "13.0"), ("doctor", "--fix", "-y")):
        done = in_words(conda.cuda(verb, nvcc, *words, check=False, timeout=60))
        if verb == "use":
            assert f"{pipe} is in the way" in done.err
        if verb == "doctor":
            assert "wrapper-shadowed" in done.out
    for verb, *words in (("off",), ("remove", "--all", "-y")):
        conda.cuda(verb, nvcc, *words, timeout=60)
    assert pipe.is_fifo()


def test_a_hook_that_cannot_be_read_is_named(conda: Conda, two: Path) -> None:
    os.truncate(two / HOOK, 3 * 2**30)
    for verb, *words in (("use", "13.0", "--dry-run"), ("info",), ("use", "13.0")):
        done = in_words(conda.cuda(verb, two, *words, check=False, timeout=60))
        if verb == "use":
            assert f"{two / HOOK} is in the way" in done.err
    found = conda.cuda("doctor", two, "--json", check=False).json["findings"]
    assert [one["evidence"] for one in found if one["rule"] == "hooks-foreign"] == [[HOOK]]
    conda.cuda("off", two)
    assert (two / HOOK).stat().st_size == 3 * 2**30


@pytest.mark.parametrize("content", [b"[" * 100_000, b"5", b'{"name": []}', b"\xff"])
def test_no_record_of_a_package_makes_export_fail_without_a_word(
    content: bytes, conda: Conda, two: Path
) -> None:
    record = next((two / "cuda-12.4" / "conda-meta").glob("nvidia-*.json"))
    record.write_bytes(content)
    done = in_words(conda.cuda("export", two, check=False))
    assert done.code == 1
    assert str(record.parent) in done.err


def test_files_in_place_of_folders(conda: Conda, nvcc: Path) -> None:
    shutil.rmtree(nvcc / "bin")
    (nvcc / "bin").write_text("mine")
    conda.cuda("off", nvcc)
    assert (nvcc / "bin").read_text() == "mine"
    shutil.rmtree(nvcc / "etc" / "conda")
    (nvcc / "etc" / "conda").write_text("mine")
    done = in_words(conda.cuda("use", nvcc, "12.4", check=False))
    assert f"{nvcc / 'etc' / 'conda'} is in the way (a folder has to be there)" in done.err
    assert (nvcc / "etc" / "conda").read_text() == "mine"


@pytest.mark.parametrize("place", ["lib", "include", "elsewhere"])
def test_packages_are_not_added_through_a_link(
    place: str, conda: Conda, two: Path, outside: Path
) -> None:
    """The fixture `outside` looks at what lies there."""
    root = two / "cuda-12.4"
    if place != "elsewhere":
        shutil.rmtree(root / place)
    (root / place).symlink_to(outside)
    conda.cuda("use", two, "12.4", "--components=cublas", "--from=pypi", "-y")
    assert (root / "lib" / "libcublas.so.12").read_bytes() == b"cublas 12.4"
    assert not (root / "lib").is_symlink()
    kept = root / (place if place == "elsewhere" else f"{place}.kept")
    assert kept.readlink() == outside


@pytest.fixture
def reachable(template: Path) -> Iterator[Path]:
    """A copy of the environment where other users have access to it."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield Path(shutil.copytree(template, folder / "two", symlinks=True))
    for path, _, _ in os.walk(folder):
        os.chmod(path, 0o700)
    shutil.rmtree(folder)


def test_what_cannot_be_removed_does_not_stand_in_the_way(reachable: Path) -> None:
    aside = reachable / ".conda-cuda-cuda-13.0"
    # Whatever that imports, another user may not be able to read.
    turn_off(Environment(reachable))
    (reachable / "cuda-13.0" / "include").chmod(0)
    child = 0
    if os.getuid() == 0:
        # Modes mean nothing to root.
        for path in (reachable, *reachable.rglob("*")):
            os.chown(path, 54321, 54321, follow_symlinks=False)
        child = os.fork()
        if child == 0:
            os.setuid(54321)
    if child == 0:
        failed = True
        try:
            environment = Environment(reachable)
            with pytest.raises(LeftoverError, match=f"{aside} is left over"):
                remove(environment, plan_removal(environment, "13.0"))
            assert [toolkit.name for toolkit in environment.toolkits()] == ["cuda-12.4"]
            turn_off(environment)
            assert aside in recorded(environment)
            failed = False
        except BaseException:
            traceback.print_exc()
            raise
        finally:
            if os.getuid() == 54321:
                os._exit(failed)
    else:
        assert os.waitpid(child, 0)[1] == 0
    (aside / "include").chmod(0o755)
    turn_off(Environment(reachable))
    assert not aside.exists()
    assert recorded(Environment(reachable)) == []
