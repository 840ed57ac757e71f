"""A lock for a team: one file, several platforms, asked for on one machine."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conda_cuda_plugin.lockfile.agree import disagreement
from conda_cuda_plugin.lockfile.check import parse
from conda_cuda_plugin.system.yaml_text import load

from ..channel.package import CondaPackage, write_channel
from ..cli.cuda_files import resealed
from ..conftest import Conda
from ..sources.redist_server import MACHINE, OTHER, small_release, write_release
from ..sources.wheelhouse import COMPONENTS, only_folder, write_releases, write_wheel

TAGS = {
    "linux-aarch64": "py3-none-manylinux2014_aarch64",
    "win-64": "py3-none-win_amd64",
}


@pytest.fixture
def team(conda: Conda, tmp_path: Path) -> Path:
    """Wheels of 12.4.1 for three platforms, which pip finds."""
    folder = write_releases(tmp_path / "team", "12.4.1")
    for platform, tag in TAGS.items():
        for (name, version), files in COMPONENTS.items():
            if name.endswith("-cu12"):
                marked = {path: data + platform.encode() for path, data in files.items()}
                write_wheel(folder, name, version, marked, tag=tag)
    conda.variables.update(only_folder(folder))
    return folder


def exported(conda: Conda, prefix: Path, *words: str) -> Path:
    """The file of an environment."""
    path = prefix.parent / "cuda.yml"
    conda.cuda("export", prefix, "-f", path, *words)
    return path


EVERYWHERE = ("--platform", "linux-64", "--platform", "linux-aarch64", "--platform", "win-64")


def test_wheels_for_all_of_a_team(conda: Conda, team: Path, environment: Path) -> None:
    conda.cuda("use", environment, "12.4", "--from=pypi", "-y")
    path = exported(conda, environment, *EVERYWHERE)
    content = load(path.read_text())
    assert content["platform"] == "linux-64"
    assert [row["platform"] for row in content["others"]] == ["linux-aarch64", "win-64"]
    for row in content["others"]:
        (toolkit,) = row["toolkits"]
        assert toolkit["version"] == "12.4.1" and toolkit["flavor"] == "runtime"
        for package in toolkit["packages"]:
            wheel = Path(package["url"].removeprefix("file://"))
            assert TAGS[row["platform"]] in wheel.name
            assert package["sha256"] == hashlib.sha256(wheel.read_bytes()).hexdigest()
        assert any(text.startswith(row["platform"]) for text in content["not-promised"])
    file = parse(path.read_text(), "cuda.yml")
    for platform in file.platforms:
        assert [disagreement(one) for one in file.on(platform).toolkits] == [None]

    # Each takes its own.
    there = conda.create(conda.envs / "arm")
    conda.cuda("apply", there, path, "-y", CONDA_SUBDIR="linux-aarch64")
    library = there / "cuda" / "lib64" / "libcudart.so.12"
    assert library.read_bytes() == b"cudart 12.4linux-aarch64"
    here = conda.create(conda.envs / "here")
    conda.cuda("apply", here, path, "-y")
    assert (here / "cuda" / "lib64" / "libcudart.so.12").read_bytes() == b"cudart 12.4"
    plan = conda.cuda("apply", here, path, "--dry-run", "--json", CONDA_SUBDIR="win-64")
    packages = plan.json["plan"]["install"][0]["packages"]
    assert all("win_amd64" in package["address"] for package in packages)


def test_the_platforms_of_a_file_stay(conda: Conda, team: Path, environment: Path) -> None:
    conda.cuda("use", environment, "12.4", "--from=pypi", "--flavor=base", "-y")
    path = exported(conda, environment, "--platform", "linux-aarch64")
    text = path.read_text().replace("others:\n", "others:\n# the cluster's\n")
    path.write_text(text)
    assert conda.cuda("export", environment, "-f", path).out.endswith("has already.\n")
    assert path.read_text() == text
    conda.cuda("use", environment, "12.4", "--from=pypi", "--flavor=runtime", "-y")
    exported(conda, environment)
    content = load(path.read_text())
    assert [row["platform"] for row in content["others"]] == ["linux-aarch64"]
    assert content["others"][0]["toolkits"][0]["flavor"] == "runtime"
    assert "# the cluster's" in path.read_text()
    exported(conda, environment, "--platform", "linux-64")
    assert "others" not in load(path.read_text())


def test_what_a_platform_lacks(conda: Conda, environment: Path) -> None:
    conda.cuda("use", environment, "12.4", "--from=pypi", "--flavor=base", "-y")
    path = environment.parent / "cuda.yml"
    words = ("-f", path, "--platform", "linux-aarch64")
    done = conda.cuda("export", environment, *words, check=False)
    assert done.code == 1 and "CUDA 12.4.1 for linux-aarch64 cannot be exported" in done.err
    assert "Traceback" not in done.err and not path.exists()
    for name in ("osx-arm64", "amiga"):
        done = conda.cuda("export", environment, "--platform", name, check=False)
        assert done.code == 1 and "Traceback" not in done.err
    done = conda.cuda("export", environment, "--environment", "--platform", "win-64", check=False)
    assert done.code == 2 and "--platform does not go with --environment" in done.err


def test_a_platform_that_the_file_is_not_for(conda: Conda, team: Path, environment: Path) -> None:
    conda.cuda("use", environment, "12.4", "--from=pypi", "--flavor=base", "-y")
    path = exported(conda, environment, "--platform", "win-64")
    done = conda.cuda("apply", environment, path, check=False, CONDA_SUBDIR="linux-aarch64")
    assert done.code == 1
    assert "was exported for linux-64 and win-64, and this environment is for" in done.err


def _of(subdir: str) -> list[CondaPackage]:
    """The least of a release, for a platform."""
    tie = "cuda-version 12.4.*"
    return [
        CondaPackage("cuda-version", "12.4", noarch=False, build=f"{subdir.replace('-', '')}_3"),
        CondaPackage(
            "cuda-cudart",
            "12.4.127",
            depends=(tie,),
            files={"lib/libcudart.so.12": f"cudart {subdir}".encode()},
        ),
    ]


def test_packages_of_a_channel(conda: Conda, environment: Path, tmp_path: Path) -> None:
    root = tmp_path / "channel"
    for subdir in ("linux-64", "linux-aarch64"):
        write_channel(tmp_path / subdir, subdir, _of(subdir))
        root.mkdir(exist_ok=True)
        os.rename(tmp_path / subdir / subdir, root / subdir)
        if not (root / "noarch").exists():
            os.rename(tmp_path / subdir / "noarch", root / "noarch")
    words = ("12.4", "--from=channel", "-c", root.as_uri(), "--components=cudart", "-y")
    conda.cuda("use", environment, *words)
    path = exported(conda, environment, "--platform", "linux-aarch64")
    (other,) = load(path.read_text())["others"]
    packages = {row["name"]: row for row in other["toolkits"][0]["packages"]}
    file = root / "linux-aarch64" / "cuda-cudart-12.4.127-0.conda"
    assert packages["cuda-cudart"]["url"] == file.as_uri()
    assert packages["cuda-cudart"]["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    there = conda.create(conda.envs / "arm")
    conda.cuda("apply", there, path, "-y", CONDA_SUBDIR="linux-aarch64")
    assert (there / "cuda" / "lib64" / "libcudart.so.12").read_bytes() == b"cudart linux-aarch64"


def test_redist_archives(conda: Conda, environment: Path, tmp_path: Path) -> None:
    parts = [replace(part, platforms=(MACHINE, "linux-sbsa", OTHER)) for part in small_release()]
    folder = tmp_path / "redist"
    write_release(folder, "12.4.1", parts)
    conda.variables["CONDA_PLUGINS_CUDA_REDIST"] = str(folder)
    conda.cuda("use", environment, "12.4", "--flavor=base", "--from=redist", "-y")
    path = exported(conda, environment, *EVERYWHERE)
    for row in load(path.read_text())["others"]:
        (package,) = row["toolkits"][0]["packages"]
        key = {"linux-aarch64": "linux-sbsa", "win-64": OTHER}[row["platform"]]
        assert package["build"] == "cuda12.4.1_0" and f"/{key}/" in package["url"]
        archive = Path(package["url"].removeprefix("file://"))
        assert package["sha256"] == hashlib.sha256(archive.read_bytes()).hexdigest()
    there = conda.create(conda.envs / "arm")
    conda.cuda("apply", there, path, "-y", CONDA_SUBDIR="linux-aarch64")
    assert (there / "cuda" / "lib64" / "libcudart.so.12").read_bytes() == b"cudart 12.4"


def test_a_file_that_was_made_by_hand(conda: Conda, team: Path, environment: Path) -> None:
    conda.cuda("use", environment, "12.4", "--from=pypi", "--flavor=base", "-y")
    path = exported(conda, environment, "--platform", "win-64")

    def twice(content: dict[str, Any]) -> None:
        content["others"].append(content["others"][0])

    def empty(content: dict[str, Any]) -> None:
        content["others"][0]["toolkits"] = []

    def another(content: dict[str, Any]) -> None:
        content["others"][0]["toolkits"][0]["version"] = "11.8.0"

    text = path.read_text()
    for change, said in ((twice, "others"), (empty, "is empty"), (another, "current")):
        path.write_text(text)
        resealed(path, change)
        done = conda.cuda("apply", environment, path, check=False)
        assert done.code == 1 and said in done.err and "Traceback" not in done.err
