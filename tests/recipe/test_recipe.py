"""The recipe says what the project's own metadata says."""

from __future__ import annotations

import importlib.metadata
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from rattler_build import Stage0Recipe

import conda_cuda_plugin

from ..conftest import PROJECT


@pytest.fixture(scope="module")
def recipe() -> dict[str, Any]:
    """The recipe as rattler-build renders it."""
    (variant,) = Stage0Recipe.from_file(PROJECT / "recipe" / "recipe.yaml").render()
    found: dict[str, Any] = variant.recipe.to_dict()
    return found


@pytest.fixture(scope="module")
def metadata() -> Any:
    """The metadata of the plugin in the conda under test."""
    return importlib.metadata.distribution("conda-cuda")


def test_the_package_is_the_project(recipe: dict[str, Any], metadata: Any) -> None:
    version = conda_cuda_plugin.__version__
    assert recipe["package"] == {"name": "conda-cuda", "version": version}
    assert recipe["build"]["noarch"] == "python"
    assert recipe["about"]["summary"] == metadata.metadata["Summary"]
    assert recipe["about"]["license"] == metadata.metadata["License-Expression"]


def _normal(requirement: str) -> str:
    name, _, version = requirement.partition(" ")
    return f"{canonicalize_name(name)} {version}".strip()


def test_it_needs_what_the_project_needs_and_conda(recipe: dict[str, Any], metadata: Any) -> None:
    ours = [Requirement(text) for text in metadata.requires]
    needed = {_normal(f"{requirement.name} {requirement.specifier}") for requirement in ours}
    python = f"python {metadata.metadata['Requires-Python']}"
    # pip cannot find conda: pyproject.toml says why.
    assert {_normal(text) for text in recipe["requirements"]["run"]} == {
        *needed,
        python,
        "conda >=24.7",
    }
    assert python in recipe["requirements"]["host"]
