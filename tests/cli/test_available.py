"""`conda cuda list --available`: the table, one release in detail, and what is read for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conda_cuda_plugin.data import read_data
from conda_cuda_plugin.platforms import PLATFORMS
from conda_cuda_plugin.toolkit import Flavor, components, in_flavor, releases

from ..conftest import Conda
from ..sources.wheelhouse import only_folder, write_wheel

TABLE = read_data("sizes.json")


@pytest.fixture
def nowhere(conda: Conda) -> str:
    """The address of a channel with nothing in it."""
    for subdir in (*PLATFORMS, "noarch"):
        (conda.home / "channel" / subdir).mkdir(parents=True)
        (conda.home / "channel" / subdir / "repodata.json").write_text('{"packages": {}}')
    return (conda.home / "channel").as_uri()


@pytest.fixture
def own_cache(own_cache: Path, conda: Conda, tmp_path: Path) -> Path:
    """A package cache that nothing was put into, and a place without archives."""
    (tmp_path / "redist").mkdir()
    conda.variables["CONDA_PLUGINS_CUDA_REDIST"] = str(tmp_path / "redist")
    return own_cache


@pytest.fixture
def all_releases(conda: Conda, tmp_path: Path) -> None:
    """An index with the metapackage of every release there is, and of one that came later."""
    folder = tmp_path / "metapackages"
    folder.mkdir()
    for version in (*TABLE["pypi"], "99.1.0", "13.9.0rc1"):
        write_wheel(folder, "cuda-toolkit", version, tag="py3-none-any")
    conda.variables.update(only_folder(folder))


def listed(conda: Conda, *words: str, **variables: str) -> dict[str, list[dict[str, Any]]]:
    """The offers of each release."""
    document = conda("cuda", "list", "--available", *words, "--json", **variables).json
    return {row["release"]: row["offers"] for row in document["available"]}


def flavors(offers: list[dict[str, Any]], source: str) -> list[str]:
    return [offer["flavor"] for offer in offers if offer["source"] == source]


class TestTable:
    """data/sizes.json."""

    def test_it_speaks_of_the_releases_platforms_and_components_there_are(self) -> None:
        assert TABLE["platforms"] == list(PLATFORMS)
        assert list(TABLE["pypi"]) == [str(row.version) for row in releases() if row.pypi]
        for row in TABLE["pypi"].values():
            assert set(row) <= set(components())
            assert "cudart" in row
            for sizes in row.values():
                assert len(sizes) == len(PLATFORMS)
                assert all(size is None or 0 <= size < 2000 for size in sizes)


@pytest.mark.usefixtures("all_releases", "own_cache")
class TestWheels:
    """What PyPI offers is known by rule; no wheel is asked for."""

    @pytest.mark.parametrize("subdir", list(PLATFORMS))
    def test_flavors_and_sizes_of_every_release(
        self, subdir: str, conda: Conda, nowhere: str
    ) -> None:
        column = TABLE["platforms"].index(subdir)
        shown = listed(conda, "-c", nowhere, CONDA_SUBDIR=subdir)
        expected: dict[tuple[str, str], int] = {}
        for version, row in TABLE["pypi"].items():
            if row["cudart"][column] is None:
                continue
            for flavor in Flavor:
                if flavor is Flavor.DEVEL and int(version.split(".")[0]) < 13:
                    continue
                parts = [row.get(name, [0, 0, 0])[column] or 0 for name in in_flavor(flavor)]
                expected[version, flavor.value] = round(sum(parts) * 1e6)
        found = {
            (offer["version"], offer["flavor"]): offer["size"]
            for offers in shown.values()
            for offer in offers
            if offer["source"] == "pypi" and offer["version"] != "99.1.0"
        }
        assert found == expected
        assert (("12.0.0", "base") in found) == (subdir != "linux-aarch64")

    def test_a_release_that_came_later_has_flavors_and_no_sizes(
        self, conda: Conda, nowhere: str
    ) -> None:
        shown = listed(conda, "-c", nowhere)
        assert [(offer["flavor"], offer["size"], offer["nvcc"]) for offer in shown["99.1"]] == [
            ("base", None, False),
            ("runtime", None, False),
            ("devel", None, True),
        ]
        lines = conda("cuda", "list", "--available", "-c", nowhere).out.splitlines()
        assert lines[1].split() == ["99.1", *["pypi", "?"] * 3]
        # A pre-release is none.
        assert "13.9" not in shown

    @pytest.mark.parametrize("words", [(), ("13.0",), ("12.4.1",), ("--flavor", "devel")], ids=str)
    @pytest.mark.parametrize("subdir", list(PLATFORMS))
    def test_it_fits_a_terminal(
        self, words: tuple[str, ...], subdir: str, conda: Conda, nowhere: str
    ) -> None:
        result = conda("cuda", "list", "--available", *words, "-c", nowhere, CONDA_SUBDIR=subdir)
        lines = result.out.splitlines()
        assert len(lines) >= 4
        assert [line for line in lines if len(line) > 80 or line != line.rstrip()] == []


@pytest.mark.usefixtures("own_cache")
class TestPlaces:
    """Every place that has a release."""

    @pytest.fixture
    def on_machine(self, conda: Conda, tmp_path: Path) -> Path:
        """A toolkit of this machine with nvcc."""
        toolkit = tmp_path / "cuda-12.4"
        (toolkit / "bin").mkdir(parents=True)
        (toolkit / "bin" / "nvcc").touch()
        (toolkit / "version.json").write_text(json.dumps({"cuda": {"version": "12.4.1"}}))
        conda.variables["CUDA_PATH"] = str(toolkit)
        return toolkit

    def test_the_table_names_the_source_that_use_asks_first(
        self, conda: Conda, nowhere: str, on_machine: Path
    ) -> None:
        lines = conda("cuda", "list", "--available", "-c", nowhere).out.splitlines()
        rows = [line.split() for line in lines]
        assert rows[0] == ["release", "base", "runtime", "devel", "also"]
        assert ["12.4", "pypi", "879", "KB", "pypi", "1.11", "GB", "system"] in rows
        assert ["11.8", "pypi", "879", "KB", "pypi", "1.10", "GB", "-"] in rows
        only = conda("cuda", "list", "--available", "--flavor=base", "-c", nowhere).out
        assert only.splitlines()[0].split() == ["release", "base", "also"]
        assert ["12.4", "pypi", "879", "KB", "system"] in [
            line.split() for line in only.splitlines()
        ]

    def test_one_release_in_detail(self, conda: Conda, nowhere: str, on_machine: Path) -> None:
        lines = conda("cuda", "list", "--available", "12.4", "-c", nowhere).out.splitlines()
        here = [line for line in lines if " system " not in line or str(on_machine) in line]
        assert here[0].startswith("# CUDA 12.4 for linux-")
        assert [line.split() for line in here[1:]] == [
            ["flavor", "version", "source", "download", "nvcc", "where"],
            ["base", "12.4.1", "pypi", "879", "KB", "no", "PyPI"],
            ["base", "12.4.1", "system", "-", "yes", str(on_machine)],
            ["runtime", "12.4.1", "pypi", "1.11", "GB", "no", "PyPI"],
            ["runtime", "12.4.1", "system", "-", "yes", str(on_machine)],
            ["devel", "12.4.1", "system", "-", "yes", str(on_machine)],
        ]

    def test_json_says_all_of_it(self, conda: Conda, nowhere: str, on_machine: Path) -> None:
        words = ("12.4", "-c", nowhere, "--flavor", "base")
        (row,) = conda("cuda", "list", "--available", *words, "--json").json["available"]
        assert row["release"] == "12.4"
        assert row["pypi"] == ["12.4.1"]
        assert str(on_machine) in row["system"]
        assert row["offers"][0] == {
            "source": "pypi",
            "where": "PyPI",
            "version": "12.4.1",
            "flavor": "base",
            "size": 900000,
            "nvcc": False,
        }

    def test_a_range_narrows_the_table(self, conda: Conda, nowhere: str) -> None:
        assert "12.4" not in listed(conda, ">=13", "-c", nowhere)
        assert set(listed(conda, "12", "-c", nowhere)) == {"12.4"}

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (("12.7",), "No source has CUDA 12.7.\n  Nearest releases: "),
            (
                ("12.4.9",),
                "No source has CUDA 12.4.9.\n  Of CUDA 12.4 there are 12.4.0 and 12.4.1.\n",
            ),
            (
                ("12.4.0", "--flavor", "base"),
                "No source has CUDA 12.4.0 of flavor base.\n  pypi has 12.4.1 of CUDA 12.4.\n",
            ),
            (
                ("11.8", "--flavor", "devel"),
                "No source has CUDA 11.8 of flavor devel.\n  Nearest releases: 1",
            ),
        ],
        ids=str,
    )
    def test_what_nobody_has(
        self, words: tuple[str, ...], message: str, conda: Conda, nowhere: str
    ) -> None:
        result = conda("cuda", "list", "--available", *words, "-c", nowhere, check=False)
        assert (result.code, result.out) == (1, "")
        assert message in result.err
        assert "Traceback" not in result.err

    def test_archives_are_listed_without_a_connection_and_come_last(
        self, conda: Conda, nowhere: str, on_machine: Path
    ) -> None:
        """`use` takes them only when they are named, so a toolkit that is here goes first."""
        conda.variables["CONDA_PLUGINS_CUDA_REDIST"] = ""
        cut = {"HTTPS_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
        document = conda("cuda", "list", "--available", "-c", nowhere, "--json", **cut).json
        assert document["problems"] == {}
        offers = {row["release"]: row["offers"] for row in document["available"]}
        assert flavors(offers["12.6"], "redist") == ["base", "runtime", "devel"] * 4
        assert {offer["size"] for offer in offers["12.6"] if offer["source"] == "redist"} == {None}
        order = list(dict.fromkeys(offer["source"] for offer in offers["12.4"]))
        assert order == ["pypi", "system", "redist"]
        lines = conda("cuda", "list", "--available", "-c", nowhere, **cut).out.splitlines()
        assert ["12.6", *["redist", "?"] * 3] in [line.split() for line in lines]
        assert [line for line in lines if len(line) > 80] == []

    def test_the_order_of_the_setting_counts(
        self, conda: Conda, nowhere: str, on_machine: Path
    ) -> None:
        order = {"CONDA_PLUGINS_CUDA_SOURCES": "system,pypi"}
        lines = conda("cuda", "list", "--available", "-c", nowhere, **order).out.splitlines()
        assert ["12.4", *["system"] * 3, "pypi"] in [line.split() for line in lines]

    def test_what_is_no_version(self, conda: Conda, nowhere: str) -> None:
        result = conda("cuda", "list", "--available", "newest", "-c", nowhere, check=False)
        assert (result.code, result.out) == (2, "")
        assert "'newest' is not a CUDA version.\n  Write 12.4, " in result.err

    def test_no_index_of_wheels_is_a_remark_and_the_rest_is_shown(
        self, conda: Conda, nowhere: str, on_machine: Path
    ) -> None:
        conda.variables.update(
            PIP_NO_INDEX="0", PIP_INDEX_URL="http://127.0.0.1:9/", PIP_RETRIES="1"
        )
        conda.variables.update(PIP_FIND_LINKS="")
        result = conda("cuda", "list", "--available", "-c", nowhere)
        assert [line for line in result.err.splitlines() if line.startswith("# pypi cannot")]
        assert ["12.4", *["system"] * 3] in [line.split() for line in result.out.splitlines()]

    def test_what_the_package_cache_has_needs_no_download_and_no_connection(
        self, conda: Conda, nowhere: str, environment: Path
    ) -> None:
        conda.cuda("use", environment, "12.4", "--from=pypi", "--flavor=base", "-y")
        shown = listed(conda, "-c", nowhere)["12.4"]
        sizes = {offer["flavor"]: offer["size"] for offer in shown if offer["source"] == "pypi"}
        assert sizes == {"base": 0, "runtime": 1_194_600_000}
        nothing = {"PIP_CONFIG_FILE": "/dev/null", "PIP_FIND_LINKS": ""}
        found = {
            release: flavors(offers, "pypi")
            for release, offers in listed(conda, "-c", nowhere, "--offline", **nothing).items()
        }
        assert {release: names for release, names in found.items() if names} == {"12.4": ["base"]}
        result = conda("cuda", "list", "--available", "-c", nowhere, "--offline", **nothing)
        assert result.err == (
            "# pypi is not asked under --offline, but for what is in the package cache.\n"
        )
