"""Indexes in which anything may stand: a row that is none is passed over, and nothing else is lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from .asking import Asking
from .indexes import rows

RELEASE = "12.4.1"
FIELDS = ("name", "version", "build", "build_number", "depends", "constrains", "size", "timestamp")
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)
junk |= st.sampled_from(["", " ", "1..2", "12.4.*", ">=", ["cuda-cudart >="], ["[", "]"], [""], -1])


def write(folder: Path, found: dict[str, Any], *, more: int = 0) -> str:
    """A channel with some rows, and so many that do not matter; its address."""
    other = {
        f"zz{number}-1-0.conda": {"name": f"zz{number}", "version": "1", "depends": ["x" * 400]}
        for number in range(more)
    }
    text = json.dumps({"packages": {}, "packages.conda": {**found, **other}}, sort_keys=True)
    for subdir in ("linux-64", "noarch"):
        (folder / subdir).mkdir(parents=True)
        content = text if subdir == "linux-64" else "{}"
        (folder / subdir / "repodata.json").write_text(content)
    return folder.as_uri()


def real_rows() -> dict[str, Any]:
    """The runtime of a release as conda-forge has it."""
    names = ("cuda-version", "cuda-libraries", "cuda-cudart", "libcublas", "cuda-nvrtc")
    return {
        f"{row['name']}-{row['version']}-{row['build']}.conda": row
        for row in rows("conda-forge", "linux-64")
        if row["name"] in names
    }


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(changes=st.lists(st.tuples(st.integers(0), st.sampled_from(FIELDS), junk), max_size=8))
@example(changes=[(number, "depends", ["[", "x >="]) for number in range(40)])
@example(changes=[(number, "version", "1..2") for number in range(40)])
@pytest.mark.parametrize("more", [0, 3_000], ids=["small", "large"])
def test_whatever_stands_in_a_row(
    changes: list[tuple[int, str, Any]],
    more: int,
    linux: Asking,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """For all rows: the list and a plan are answers, and never anything else."""
    found = real_rows()
    for number, field, value in changes:
        name = sorted(found)[number % len(found)]
        found[name] = {**found[name], field: value}
    folder = tmp_path_factory.mktemp("hostile")
    channel = write(folder / "channel", found, more=more)
    listed = linux(list=True, channels=[channel])
    assert isinstance(listed, list)
    plan = linux.plan(RELEASE, [channel], flavor="base")
    assert "packages" in plan or plan["refusal"]


@pytest.mark.parametrize("more", [0, 3_000], ids=["small", "large"])
@pytest.mark.parametrize("depth", [5_000, 200_000])
def test_a_row_nested_deeply(depth: int, more: int, linux: Asking, tmp_path: Path) -> None:
    channel = write(tmp_path / "channel", real_rows(), more=more)
    path = tmp_path / "channel" / "linux-64" / "repodata.json"
    text = path.read_text().replace('"origin":', f'"x": {"[" * depth}{"]" * depth}, "origin":', 1)
    path.write_text(text)
    plan = linux.plan(RELEASE, [channel], flavor="base")
    assert "packages" in plan or plan["refusal"]


@pytest.mark.parametrize("cut", [0.2, 0.5, 0.999])
def test_an_index_that_ends_early(cut: float, linux: Asking, tmp_path: Path) -> None:
    channel = write(tmp_path / "channel", real_rows())
    path = tmp_path / "channel" / "linux-64" / "repodata.json"
    text = path.read_text()
    # Beyond a megabyte rows are looked up and the whole is not parsed.
    for number, size in enumerate((len(text), 1_500_000)):
        filled = text[: int(len(text) * cut)].ljust(size)
        path.write_text(filled)
        folder = (tmp_path / f"cut{number}").absolute()
        (tmp_path / "channel").rename(folder)
        plan = linux.plan(RELEASE, [folder.as_uri()], flavor="base")
        assert "packages" in plan or plan["refusal"], plan
        folder.rename(tmp_path / "channel")
    assert channel


@pytest.mark.parametrize("more", [0, 3_000], ids=["small", "large"])
@pytest.mark.parametrize("name", ["../{}", "..\\{}", "/tmp/{}", "x/../../{}", "{}\n", "other-{}"])
def test_a_file_that_is_not_called_as_its_package(
    name: str, more: int, linux: Asking, tmp_path: Path
) -> None:
    """A name leads to where the file is written."""
    found = {
        (name.format(file.removesuffix(".conda")) + ".conda" if "cudart" in file else file): row
        for file, row in real_rows().items()
    }
    channel = write(tmp_path / "channel", found, more=more)
    assert linux.plan(RELEASE, [channel], flavor="base")["refusal"]


def test_a_package_with_a_build_that_is_a_way(linux: Asking, tmp_path: Path) -> None:
    """It is part of the name of the package's record in the toolkit."""
    found = {}
    for row in real_rows().values():
        odd = row | ({"build": f"../{row['build']}"} if row["name"] == "cuda-cudart" else {})
        found[f"{odd['name']}-{odd['version']}-{odd['build']}.conda"] = odd
    channel = write(tmp_path / "channel", found)
    assert linux.plan(RELEASE, [channel], flavor="base")["refusal"]
