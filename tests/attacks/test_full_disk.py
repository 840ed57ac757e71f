"""The message names the disk that is full, whichever of them it is and whatever fills it."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from ..conftest import Conda
from ..listing import leftovers, listing
from ..mounts import mounted
from ..sources.installer import TARGET, Files, require_tools, sha256
from ..sources.redist_server import small_release, write_release
from ..sources.runfile_machine import Machine, compiler
from ..sources.wheelhouse import only_folder, write_releases

__all__ = ["compiler"]

FILLER = 600_000
FULL = re.compile(
    r"FileSystemError: The disk that holds (\S+) is full, so nothing was changed\.\n  \w"
)


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """12.4.1 as wheels of more than half a megabyte each."""
    return write_releases(tmp_path_factory.mktemp("large"), "12.4.1", filler=FILLER)


@pytest.fixture
def words(
    request: pytest.FixtureRequest, conda: Conda, large: Path, tmp_path: Path
) -> list[str | Path]:
    """`use` from a source, or `apply`, whose packages take about two megabytes."""
    source = request.param
    conda.variables.update(only_folder(large))
    if source == "pypi":
        return ["use", "12.4", "--from=pypi", "--flavor=base"]
    if source == "redist":
        write_release(tmp_path / "redist", "12.4.1", small_release(2 * FILLER))
        return ["use", "12.4", "--from", tmp_path / "redist", "--flavor=base"]
    if source == "runfile":
        require_tools()
        (tmp_path / "installers").mkdir()
        more = Files({f"{TARGET}/include/filler.h": random.Random(1).randbytes(FILLER)})
        run = Machine(conda, request.getfixturevalue("compiler"), tmp_path / "installers").middle(
            more=more
        )
        return ["use", "10.2", "--from", run, "--sha256", sha256(run), "--flavor=base"]
    conda.variables["CONDA_PKGS_DIRS"] = str(tmp_path / "elsewhere")
    if source == "apply":
        made = conda.create(conda.envs / "made")
        conda.cuda("use", made, "12.4", "--from=pypi", "--flavor=base", "-y")
        conda.cuda("export", made, "-f", tmp_path / "cuda.yaml")
        return ["apply", tmp_path / "cuda.yaml"]
    conda(
        "cuda", "mirror", "12.4", "--from=pypi", "--flavor=base", "--to", tmp_path / "channel", "-y"
    )
    return ["use", "12.4", "-c", (tmp_path / "channel").as_uri()]


def command(conda: Conda, prefix: Path, words: list[str | Path]) -> str:
    verb, *rest = words
    quoted = " ".join(f"'{word}'" for word in rest)
    return f"'{conda.exe}' cuda {verb} -p '{prefix}' {quoted} -y"


@pytest.mark.parametrize("size", ["100k", "400k", "900k", "1220k", "1700k"])
@pytest.mark.parametrize("words", ["pypi", "redist", "runfile", "apply", "channel"], indirect=True)
def test_the_package_cache_is_on_it(
    size: str, words: list[str | Path], conda: Conda, environment: Path, tmp_path: Path
) -> None:
    """It is filled by pip, by us, by conda's download, by its extraction, or by an installer."""
    place = tmp_path / "full"
    conda.variables["CONDA_PKGS_DIRS"] = str(place / "pkgs")
    before = listing(environment)
    line = command(conda, environment, words)
    script = f'mkdir "{place}/pkgs" && touch "{place}/pkgs/urls.txt"; {line}'
    done = mounted(conda, place, f"size={size}", script)
    assert "Traceback" not in done.stderr
    if done.returncode == 0 and int(size.rstrip("k")) >= 900:
        # Enough for this source.
        return
    assert done.returncode == 1
    told = FULL.search(done.stderr)
    assert told, done.stderr
    assert told[1] == f"{place}/pkgs"
    assert "conda clean --all" in done.stderr
    assert listing(environment) == before


@pytest.mark.parametrize("size", ["100k", "500k"])
@pytest.mark.parametrize("words", ["pypi", "channel"], indirect=True)
def test_the_environment_is_on_it(
    size: str, words: list[str | Path], conda: Conda, tmp_path: Path
) -> None:
    """From the package cache files are copied then, since nothing can be linked."""
    place = tmp_path / "full"
    conda.variables["CONDA_PKGS_DIRS"] = str(tmp_path / "own")
    prefix = place / "env"
    script = (
        f'mkdir -p "{prefix}/conda-meta" && touch "{prefix}/conda-meta/history"; '
        f'{command(conda, prefix, words)}; code=$?; cp -a "{place}" "{tmp_path}/after"; exit $code'
    )
    done = mounted(conda, place, f"size={size}", script)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stderr
    told = FULL.search(done.stderr)
    assert told, done.stderr
    assert told[1] == str(prefix)
    assert leftovers(tmp_path / "after") == []


def test_the_folder_for_temporary_files_is_not_needed(
    conda: Conda, environment: Path, large: Path, tmp_path: Path
) -> None:
    place = tmp_path / "full"
    conda.variables.update(only_folder(large))
    conda.variables.update(TMPDIR=str(place), CONDA_PKGS_DIRS=str(tmp_path / "own"))
    line = command(conda, environment, ["use", "12.4", "--from=pypi", "--flavor=base"])
    done = mounted(conda, place, "size=100k", line)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr


def test_the_folder_of_a_mirror_is_not_named_for_the_cache(
    conda: Conda, large: Path, tmp_path: Path
) -> None:
    place = tmp_path / "full"
    conda.variables.update(only_folder(large))
    conda.variables["CONDA_PKGS_DIRS"] = str(place / "pkgs")
    line = f"'{conda.exe}' cuda mirror 12.4 --from=pypi --flavor=base --to '{tmp_path}/to' -y"
    done = mounted(conda, place, "size=900k", f'mkdir "{place}/pkgs"; {line}')
    assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stderr
    assert f"The disk that holds {place}/pkgs is full" in done.stderr
