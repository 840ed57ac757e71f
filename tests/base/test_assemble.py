"""The throwaway base is a normal conda that keeps to its own folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..conftest import PROJECT

BASE = PROJECT / "build" / "conda"


@pytest.fixture
def home(tmp_path: Path, conda_exe: Path) -> Path:
    """A home folder full of somebody else's conda."""
    if conda_exe != BASE / "bin" / "conda":
        pytest.skip("another conda is under test, so the throwaway base is not")
    stray = tmp_path / "stray"
    (stray / "conda-meta").mkdir(parents=True)
    (stray / "conda-meta" / "history").touch()
    home = tmp_path / "home"
    (home / ".conda" / "envs").mkdir(parents=True)
    (home / ".conda" / "environments.txt").write_text(f"{stray}\n")
    (home / ".condarc").write_text("envs_dirs: [/nonexistent/envs]\nchannels: [nonsense]\n")
    return home


@pytest.fixture
def name() -> Iterator[str]:
    """An environment name that nobody uses, free again afterwards."""
    name = f"assemble-test-{os.getpid()}"
    yield name
    shutil.rmtree(BASE / "envs" / name, ignore_errors=True)


def run(home: Path, *command: str | Path, shell: str | None = None) -> str:
    words = ["bash", "-c", shell, "bash", *map(str, command)] if shell else list(map(str, command))
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("CONDA", "XDG"))}
    done = subprocess.run(
        words, env={**kept, "HOME": str(home)}, capture_output=True, text=True, cwd=home
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def listing(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b""
        for path in sorted(folder.rglob("*"))
    }


def test_it_neither_reads_nor_writes_a_home_folder(home: Path, name: str) -> None:
    before = listing(home)
    conda = BASE / "bin" / "conda"
    run(home, conda, "create", "--yes", "--quiet", "--name", name)
    assert (BASE / "envs" / name / "conda-meta" / "history").is_file()
    shown = run(home, conda, "env", "list")
    assert name in shown
    assert "stray" not in shown
    run(home, conda, "list", "--name", name)
    run(home, conda, "doctor", "--name", name)
    assert "nonsense" not in run(home, conda, "config", "--show", "channels")
    assert run(home, conda, "run", "--name", name, "printenv", "CONDA_DEFAULT_ENV").strip() == name
    run(home, conda, "env", "remove", "--yes", "--quiet", "--name", name)
    assert name not in run(home, conda, "env", "list")
    assert listing(home) == before


def test_it_activates_in_a_shell(home: Path, name: str) -> None:
    conda = BASE / "bin" / "conda"
    run(home, conda, "create", "--yes", "--quiet", "--name", name)
    script = (
        'eval "$("$1" shell.posix hook)" && conda activate "$2" && echo "$CONDA_PREFIX" && '
        'conda deactivate && conda deactivate && echo "[${CONDA_PREFIX-}] $CONDA_SHLVL"'
    )
    assert run(home, conda, name, shell=script) == f"{BASE / 'envs' / name}\n[] 0\n"


def test_a_base_that_is_up_to_date_is_left_alone(home: Path) -> None:
    stamp = BASE / ".assembled"
    before = stamp.stat().st_mtime_ns
    output = run(home, sys.executable, PROJECT / "tests" / "base" / "assemble.py", BASE)
    assert output == ""
    assert stamp.stat().st_mtime_ns == before
