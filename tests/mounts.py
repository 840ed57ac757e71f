"""File systems of a test's own, mounted where no other process sees them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from .conftest import Conda


def mounted(
    conda: Conda, place: Path, options: str, script: str
) -> subprocess.CompletedProcess[str]:
    """Run a script where a file system in memory is mounted.

    Args:
        conda: whose variables the script gets.
        place: where it is mounted.
        options: of the mount: `size=300k`.
        script: for sh.
    """
    place.mkdir(exist_ok=True)
    mount = f'mount -t tmpfs -o {options} none "{place}" && {script}'
    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", mount],
        env=conda.environ(), stdin=subprocess.DEVNULL, capture_output=True, text=True,
    )  # fmt: skip
    if "unshare" in done.stderr or "mount:" in done.stderr:
        if os.environ.get("CI"):
            pytest.fail(f"nothing can be mounted here: {done.stderr}")
        pytest.skip(f"nothing can be mounted here: {done.stderr}")
    return done
