"""The wheel brings what it needs: it works in a base that has what conda 26.7 has, and nothing else."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ..cli.mirror.commands import mirror, use
from ..conftest import PROJECT, Conda
from ..sources.redist_server import small_release, write_release

BASE = PROJECT / "build" / "conda-newest"
PYPI = ("--from=pypi", "--flavor=base", "--yes")
LIBRARY = Path("cuda", "lib64", "libcudart.so.12")

HELD = """
import importlib.metadata as metadata, json
print(json.dumps({found.name: found.requires or [] for found in metadata.distributions()}))
"""


@pytest.fixture(autouse=True)
def under_test(conda_exe: Path) -> None:
    """Nothing else is looked at here."""
    if conda_exe != BASE / "bin" / "conda":
        pytest.skip("make test-newest tests with the base that this is about")


@pytest.fixture
def held() -> dict[str, list[str]]:
    """What pip has put into the base, each with its requirements."""
    words = [BASE / "bin" / "python", "-I", "-c", HELD]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    found: dict[str, list[str]] = json.loads(done.stdout)
    return {canonicalize_name(name): requires for name, requires in found.items()}


def needed_by(name: str, held: dict[str, list[str]]) -> set[str]:
    """A distribution and all that it asks for."""
    found, ahead = set(), [name]
    while ahead:
        found.add(name := ahead.pop())
        for requirement in map(Requirement, held.get(name, ())):
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                ahead += {canonicalize_name(requirement.name)} - found
    return found


def test_it_holds_what_conda_has_and_what_the_project_declares(held: dict[str, Any]) -> None:
    text = (PROJECT / "tests" / "base" / "newest-requirements.txt").read_text()
    condas = {canonicalize_name(name) for name in re.findall(r"(?m)^([\w.-]+)==", text)}
    assert set(held) - condas - needed_by("conda-cuda", held) == {"conda"}
    assert held.keys().isdisjoint({"zstandard", "hatchling", "editables"})


def test_it_is_the_wheel_not_the_checkout() -> None:
    code = "import conda_cuda_plugin as plugin; print(plugin.__file__)"
    words = [BASE / "bin" / "python", "-I", "-c", code]
    place = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert Path(place.strip()).is_relative_to(BASE / "lib")


def test_a_toolkit_comes_from_wheels_and_is_applied_elsewhere(
    conda: Conda, environment: Path, tmp_path: Path
) -> None:
    conda.cuda("use", environment, "12.4", *PYPI)
    assert (environment / LIBRARY).read_bytes() == b"cudart 12.4"
    file = tmp_path / "cuda.yml"
    conda.cuda("export", environment, "-f", file)
    other = conda.create(conda.envs / "other")
    conda.cuda("apply", other, file, "--yes")
    assert (other / LIBRARY).read_bytes() == b"cudart 12.4"


def test_a_mirror_serves_a_machine_that_has_nothing_else(
    conda: Conda, far: Conda, tmp_path: Path
) -> None:
    mirror(conda, tmp_path / "mirror", "12.4", *PYPI)
    use(far, tmp_path / "mirror", "12.4")
    assert (far.envs / "one" / LIBRARY).read_bytes() == b"cudart 12.4"


def test_a_toolkit_comes_from_redist_archives(
    conda: Conda, environment: Path, tmp_path: Path
) -> None:
    write_release(tmp_path / "redist", "12.4.1", small_release())
    words = ("12.4", "--flavor=base", "--from", tmp_path / "redist", "--yes")
    conda.cuda("use", environment, *words)
    assert (environment / LIBRARY).is_file()
