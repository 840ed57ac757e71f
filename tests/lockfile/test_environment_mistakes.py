"""The file of an environment and people's mistakes: what is said helps them on."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..conftest import Conda
from ..mounts import mounted
from .test_environment_edges import CUDA, leftovers, write

HEAD = "name: work\ndependencies: []\n"
MISTAKES = {
    "a tab": (f"{HEAD}cuda:\n\tversion: 12.4\n", "has a tab where YAML has blanks (line 4)"),
    "a merge": (f"{HEAD}x: &x {{version: 12.4}}\ncuda:\n  <<: *x\n", "holds anchors or aliases"),
    "twice": (f"{HEAD}{CUDA}{CUDA}", "has 'cuda' twice (line 7)"),
    "no end": (f"{HEAD}cuda: {{version: 12.4\n", "is not proper YAML"),
}


@pytest.mark.parametrize(("text", "said"), MISTAKES.values(), ids=MISTAKES)
def test_what_is_no_yaml_for_us(conda: Conda, project: Path, text: str, said: str) -> None:
    path = project / "environment.yml"
    path.write_text(text)
    done = conda("cuda", "apply", path, "-y", check=False)
    assert done.code == 1
    assert f"{path} {said}" in done.err
    assert f"conda cuda export --environment -n NAME -f {path}.new" in done.err


def test_conda_reads_more_than_we_do(conda: Conda, project: Path) -> None:
    path = project / "environment.yml"
    path.write_text(MISTAKES["a merge"][0])
    done = conda("env", "create", "-f", path)
    assert "asks for CUDA" not in done.err
    assert (conda.envs / "work" / "conda-meta").is_dir()


@pytest.mark.parametrize("packages", ["", " greeting", " {greeting: 1}"])
def test_packages_that_are_no_list(conda: Conda, project: Path, packages: str) -> None:
    """conda looks for the packages g, r, e and so on, or says that a copy of the file is none."""
    path = project / "environment.yml"
    path.write_text(f"name: work\ndependencies:{packages}\n{CUDA}")
    done = conda("cuda", "apply", path, "-y", check=False)
    assert done.code == 1
    assert f"{path} cannot be used: dependencies is not a list." in done.err
    assert not (conda.envs / "work").exists()


def test_the_same_environment_is_meant_after_a_failure(
    conda: Conda, project: Path, channel: str
) -> None:
    path = write(project, channel, "no-such-package")
    for words in (("-n", "other"), ("-p", str(project / "with blank"))):
        done = conda("cuda", "apply", path, *words, "-y", check=False)
        again = f"conda cuda apply {path} {words[0]} {words[1]}"
        assert f"{again} goes on from there." in done.err.replace("'", "")


def test_what_pip_is_told_lies_beside_a_link(conda: Conda, project: Path, channel: str) -> None:
    path = write(project, channel, "python", "pip", "pip:\n    - -r requirements.txt")
    mine = project / "mine"
    mine.mkdir()
    (mine / "environment.yml").symlink_to(path)
    (mine / "requirements.txt").write_text("small==1.0\n")
    conda("cuda", "apply", mine / "environment.yml", "-y")
    assert list((conda.envs / "work").glob("lib/python*/site-packages/small.py"))
    assert leftovers(mine) == leftovers(project) == []


def test_an_export_into_the_other_kind_of_file(conda: Conda, project: Path) -> None:
    path = project / "environment.yml"
    conda("cuda", "apply", path, "-y")
    done = conda("cuda", "export", "-n", "work", "-f", path, check=False)
    assert f"conda cuda export --environment -f {path}" in done.err


def test_an_export_where_nothing_can_be_written(conda: Conda, project: Path) -> None:
    conda("cuda", "apply", project / "environment.yml", "-y")
    place = project.parent / "read-only"
    words = f"'{conda.exe}' cuda export --environment -n work -f '{place}/environment.yml'"
    done = mounted(conda, place, "size=300k", f"mount -o remount,ro '{place}' && {words}")
    assert done.returncode == 1
    assert "cannot be written, so nothing was changed.\n  Name a file in another" in done.stderr
