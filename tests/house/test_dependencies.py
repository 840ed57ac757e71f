"""What is imported is Python's, conda's, or asked for: no luck with what some conda happens to have."""

from __future__ import annotations

import sys
from functools import cache
from importlib.metadata import distribution, packages_distributions

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .imports import Import, from_elsewhere

PYTHONS = sys.stdlib_module_names - {"annotationlib", "compression", "tomllib"}
"""Python's own, without what came after 3.10."""
HOST = "conda"
"""It loads the plugin; its recipe asks for it, and pyproject.toml says why that does not."""

ONE_OF_THEM = {
    ("conda_cuda_plugin.convert.conda_file", "compression"): "Python has it from 3.14 on",
    (
        "conda_cuda_plugin.convert.conda_file",
        "backports",
    ): "backports.zstd is a requirement of conda 26.7 for Python before 3.14",
    (
        "conda_cuda_plugin.convert.conda_file",
        "zstandard",
    ): "it is a requirement of conda from 24.7 to 26.5",
    ("conda_cuda_plugin.network.download", "urllib3"): "requests stands on it, and lets it through",
    (
        "conda_cuda_plugin.convert.zip_stream",
        "isal",
    ): "where it is missing Python's own zlib is taken",
}
"""(importer, imported), and who has it. Of those for zstd every conda has one, as it unpacks with it; the
requirements are those in recipe/meta.yaml of conda's releases."""


def declared() -> set[str]:
    """What the project's metadata asks for."""
    texts = distribution("conda-cuda").requires or ()
    return {canonicalize_name(Requirement(text).name) for text in texts}


all_distributions = cache(packages_distributions)


def distributions_of(imported: str) -> set[str]:
    """What has the module, in the conda under test and here."""
    return {canonicalize_name(name) for name in all_distributions().get(imported, ())}


def is_allowed(found: Import) -> bool:
    """Whether every supported conda and Python has it, or our requirements bring it."""
    return (
        found.imported in PYTHONS
        or found.imported == HOST
        or (found.importer, found.imported) in ONE_OF_THEM
        or bool(distributions_of(found.imported) & declared())
    )


def test_everything_imported_is_there() -> None:
    assert [str(found) for found in from_elsewhere() if not is_allowed(found)] == []


def test_everything_asked_for_is_used() -> None:
    used = {name for found in from_elsewhere() for name in distributions_of(found.imported)}
    assert declared() - used == set()


def test_every_exception_is_needed() -> None:
    made = {(found.importer, found.imported) for found in from_elsewhere()}
    assert set(ONE_OF_THEM) - made == set()


def test_what_only_some_have_is_found() -> None:
    for name in ("zstandard", "boltons", "tomllib", "nonsense"):
        assert not is_allowed(Import("conda_cuda_plugin.convert.package", name, 1)), name
