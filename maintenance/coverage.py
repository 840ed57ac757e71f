"""Run tests, and report which lines and branches of the package ran, in conda's processes too.

A file in `site-packages` makes the Python of the tests and that of the throwaway conda measure
every process; it is removed at the end. pyproject.toml has the floor.

usage: coverage.py BASE [ARGUMENTS OF PYTEST]
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from .house import PROJECT

FOLDER = PROJECT / "build" / "coverage"
LEFT_OUT = ("tests/counts", "tests/gpu", "tests/fuzz", "tests/kill")
"""They count what a process does, need a GPU, or run for long and find no further lines."""


def modules() -> Path:
    """A folder with what a measured process imports, and nothing else."""
    folder = FOLDER / "modules"
    folder.mkdir()
    spec = find_spec("coverage")
    assert spec is not None
    assert spec.origin is not None
    (folder / "coverage").symlink_to(Path(spec.origin).parent)
    (folder / "conda_cuda_coverage.py").symlink_to(Path(__file__).with_name("coverage_start.py"))
    return folder


def main() -> int:
    """Measure; the exit code is that of the tests, else that of the report."""
    base, *words = sys.argv[1:]
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    # Some tests run commands as another user.
    FOLDER.chmod(0o1777)
    line = f"import sys; sys.path.append({str(modules())!r}); import conda_cuda_coverage\n"
    [theirs] = Path(base).glob("lib/python3.*/site-packages")
    [ours] = Path(sys.prefix).glob("lib/python3.*/site-packages")
    starters = [folder / "zz-conda-cuda-coverage.pth" for folder in (theirs, ours)]
    pytest = ["-m", "pytest", "-q", "-n", "auto", "--dist", "loadfile"]
    try:
        for path in starters:
            path.write_text(line)
        words = words or [f"--ignore={name}" for name in LEFT_OUT]
        tested = subprocess.run([sys.executable, *pytest, *words], cwd=PROJECT).returncode
    finally:
        for path in starters:
            path.unlink(missing_ok=True)
    coverage = [sys.executable, "-m", "coverage"]
    subprocess.run([*coverage, "combine", "--quiet"], cwd=PROJECT, check=True)
    subprocess.run([*coverage, "html", "--quiet", "--fail-under=0"], cwd=PROJECT, check=True)
    return tested or subprocess.run([*coverage, "report"], cwd=PROJECT).returncode


if __name__ == "__main__":
    sys.exit(main())
