"""conda's own commands with the format `cuda-environment`, where conda has such formats."""

from __future__ import annotations

import os
from pathlib import Path

import conda.plugins.types as types
import pytest

from conda_cuda_plugin.system.yaml_text import load

from ..conftest import Conda
from .test_environment_file import hashes

HAS_FORMATS = hasattr(getattr(types, "CondaEnvironmentExporter", None), "multiplatform_export")
_SPECIFIER = getattr(types, "CondaEnvironmentSpecifier", None)
FINDS_BY_NAME = "default_filenames" in getattr(_SPECIFIER, "__dataclass_fields__", {})

needs_formats = pytest.mark.skipif(
    not HAS_FORMATS, reason="conda has formats of plugins from 25.9 on; the package index has none"
)
needs_names = pytest.mark.skipif(
    not FINDS_BY_NAME, reason="conda tells a format by the name of a file from 26.3 on"
)
OPTION = "--environment-specifier"
"""`--format` since 26.5, which takes the old name until 27.3."""


@needs_formats
def test_conda_makes_exports_and_makes_again(conda: Conda, project: Path) -> None:
    path = project / "environment.yml"
    done = conda("env", "create", "-f", path, OPTION, "cuda-environment")
    prefix = conda.envs / "work"
    assert os.readlink(prefix / "cuda") == "cuda-12.4"
    assert (prefix / "share" / "greeting").read_text() == "hello 1.0\n"
    assert "CUDA 12.4.1 is current in work." in done.out
    assert "EnvironmentSectionNotValid" not in done.out + done.err

    done = conda("export", "-n", "work", "--format", "cuda-environment")
    # No hint: its CUDA is in it.
    assert done.err == ""
    (project / "again.yml").write_text(done.out)
    ours = load(conda("cuda", "export", "--environment", "-n", "work").out)
    assert load(done.out)["cuda"] == ours["cuda"] and load(done.out)["name"] == "work"
    assert "prefix" not in load(done.out)
    words = (
        "env",
        "create",
        "-f",
        project / "again.yml",
        "-n",
        "again",
        OPTION,
        "cuda-environment",
    )
    conda(*words)
    assert hashes(conda, conda.envs / "again") == hashes(conda, prefix)
    # The same file by the verb that every conda has.
    conda("cuda", "apply", project / "again.yml", "-n", "verb", "-y")
    assert hashes(conda, conda.envs / "verb") == hashes(conda, prefix)


@needs_formats
def test_conda_exports_what_was_asked(conda: Conda, project: Path) -> None:
    conda("cuda", "apply", project / "environment.yml", "-y")
    words = ("export", "-n", "work", "--format", "cuda-environment", "--from-history")
    found = load(conda(*words).out)
    assert found["cuda"]["version"] == "12.4" and found["cuda"]["addons"] == {"cudnn": "9.1"}
    assert sorted(found["dependencies"]) == ["greeting=1.0", "reader"]


@needs_formats
def test_an_environment_without_a_toolkit(conda: Conda, environment: Path) -> None:
    words = ("export", "-p", environment, "--format", "cuda-environment")
    done = conda(*words, check=False)
    assert done.code == 1 and "No toolkit is installed in this environment" in done.err
    assert "Traceback" not in done.err


@needs_formats
def test_other_formats_are_as_ever(conda: Conda, project: Path) -> None:
    path = project / "environment.yml"
    conda("env", "create", "-f", path)
    assert not (conda.envs / "work" / "cuda").exists()
    (project / "packages.txt").write_text("greeting=1.0\n")
    path.rename(project / "other.yml")
    done = conda("env", "create", "-f", project / "other.yml", "-n", "other")
    assert "asks for CUDA, which conda passes over" in done.err
    assert "- greeting=1.0" in conda("export", "-n", "other").out


@needs_formats
@needs_names
def test_files_by_their_name(conda: Conda, project: Path) -> None:
    path = project / "cuda-environment.yml"
    (project / "environment.yml").rename(path)
    conda("env", "create", "-f", path)
    assert os.readlink(conda.envs / "work" / "cuda") == "cuda-12.4"
    conda("export", "-n", "work", "-f", path)
    assert load(path.read_text())["cuda"]["version"] == "12.4.1"
    assert "cuda-environment" in conda("export", "--help").out


@needs_formats
def test_a_section_that_cannot_be_used(conda: Conda, project: Path) -> None:
    path = project / "environment.yml"
    path.write_text(path.read_text().replace("version: 12.4", "version: [x]"))
    words = ("env", "create", "-n", "work", "-f", path, OPTION, "cuda-environment")
    done = conda(*words, check=False)
    assert done.code == 1 and "cuda.version" in done.err and "Traceback" not in done.err
    assert not (conda.envs / "work").exists()
