"""`conda cuda apply environment.yml` and `export --environment`: one file for all of it."""

from __future__ import annotations

import json
import os
from pathlib import Path

from conda_cuda_plugin.system.descent import is_temporary
from conda_cuda_plugin.system.yaml_text import load

from ..conftest import Conda
from ..listing import listing


def hashes(conda: Conda, prefix: Path) -> dict[str, str]:
    """The packages of an environment and of its toolkit with the hashes of their files."""
    found = {}
    for path in sorted((prefix / "conda-meta").glob("*.json")):
        found[path.stem] = json.loads(path.read_text())["sha256"]
    for package in load(conda.cuda("export", prefix).out)["toolkits"][0]["packages"]:
        found[package["name"]] = package["sha256"]
    return found


def leftovers(folder: Path) -> list[str]:
    """What a command has left behind in a folder."""
    return [name for name in os.listdir(folder) if is_temporary(name) or "condaenv" in name]


def test_it_makes_an_environment_with_its_toolkit(conda: Conda, project: Path) -> None:
    before = listing(project)
    done = conda("cuda", "apply", "environment.yml", "-y", cwd=project)
    prefix = conda.envs / "work"
    assert (prefix / "share" / "greeting").read_text() == "hello 1.0\n"
    assert (prefix / "cuda" / "lib64" / "libcudart.so.12").read_bytes() == b"cudart 12.4"
    assert (prefix / "cuda" / "lib64" / "libcudnn.so.9").read_bytes() == b"cudnn 9.1.0"
    assert "makes it new: 2 dependencies" in done.out
    assert done.out.endswith("CUDA 12.4.1 is current in work.\n")
    # conda would call the section invalid.
    assert "EnvironmentSectionNotValid" not in done.out + done.err
    assert listing(project) == before


def test_make_export_and_make_again_give_the_same_files(conda: Conda, project: Path) -> None:
    first = conda.envs / "first"
    conda("cuda", "apply", project / "environment.yml", "-n", "first", "-y")
    again = project / "again.yml"
    conda("cuda", "export", "--environment", "-n", "first", "-f", again)
    second = conda.envs / "second"
    conda("cuda", "apply", again, "-n", "second", "-y")
    there = hashes(conda, first)
    assert {"greeting-1.0-0", "nvidia-cuda-runtime-cu12", "nvidia-cudnn-cu12"} <= {*there}
    assert hashes(conda, second) == there
    written = again.read_text()
    conda("cuda", "export", "--environment", "-n", "second", "-f", again)
    assert again.read_text() == written.replace("name: first", "name: second")


def test_an_export_says_exactly_or_as_it_was_asked(conda: Conda, project: Path) -> None:
    conda("cuda", "apply", project / "environment.yml", "-y")
    words = ("cuda", "export", "--environment", "-n", "work")
    exact, asked = load(conda(*words).out), load(conda(*words, "--from-history").out)
    assert exact["dependencies"] == ["greeting=1.0=0", "reader=0.1=0"]
    assert exact["cuda"] == {
        "version": "12.4.1",
        "source": "pypi",
        "flavor": "base",
        "addons": {"cudnn": "9.1.0.70"},
    }
    assert sorted(asked["dependencies"]) == ["greeting=1.0", "reader"]
    assert asked["cuda"] == {
        "version": "12.4",
        "source": "pypi",
        "flavor": "base",
        "addons": {"cudnn": "9.1"},
    }
    assert "prefix" not in exact


def test_the_file_that_is_there_keeps_what_a_person_wrote(conda: Conda, project: Path) -> None:
    path = project / "environment.yml"
    conda("cuda", "apply", path, "-y")
    text = path.read_text().replace("  - reader\n", "  # last\n  - reader\n")
    text += "\n# another tool's\ntasks:   {build: [make, 1.10]}\n"
    path.write_text(text)
    path.chmod(0o600)
    conda("cuda", "export", "--environment", "-n", "work", "-f", path)
    expected = {
        "greeting=1.0   #": "greeting=1.0=0  #",
        "- reader\n": "- reader=0.1=0\n",
        "version: 12.4   #": "version: 12.4.1  #",
        "cudnn: 9.1\n": "cudnn: 9.1.0.70\n",
    }
    for old, new in expected.items():
        text = text.replace(old, new)
    # conda 25.3 to 25.7 names the channels of the settings, too.
    assert path.read_text().replace("  - defaults\n", "") == text
    assert path.stat().st_mode & 0o777 == 0o600
    done = conda("cuda", "export", "--environment", "-n", "work", "-f", path)
    assert done.out.endswith("says what is in work already.\n")
