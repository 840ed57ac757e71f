"""`conda cuda list --available`: what channels have, held against what the solver would take."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conda_cuda_plugin.packages.cuda_packages import is_cuda_package
from conda_cuda_plugin.platforms import PLATFORMS

from .builder import Channels
from .package import CondaPackage, write_channel

SUBDIR = "linux-64"


@pytest.fixture(autouse=True)
def channels_only(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """The index of wheels is left alone, and there are no archives."""
    if "conda" in request.fixturenames:
        (tmp_path / "redist").mkdir()
        variables = {"PIP_NO_INDEX": "1", "CONDA_PLUGINS_CUDA_REDIST": str(tmp_path / "redist")}
        request.getfixturevalue("conda").variables.update(variables)


def offers(conda: Any, *words: str | Path, **variables: str) -> list[dict[str, Any]]:
    """What the source `channel` has."""
    document = conda("cuda", "list", "--available", *words, "--json", **variables).json
    found = [offer for row in document["available"] for offer in row["offers"]]
    return [offer for offer in found if offer["source"] == "channel"]


def write_index(folder: Path, rows: list[dict[str, Any]]) -> str:
    """A channel that is nothing but an index; its address."""
    packages = {
        f"{row['name']}-{row['version']}-{row['build']}.conda": {
            "build_number": 0,
            "md5": "0" * 32,
            "sha256": "0" * 64,
            "subdir": SUBDIR,
            **row,
        }
        for row in rows
    }
    for subdir in (*PLATFORMS, "noarch"):
        (folder / subdir).mkdir(parents=True)
        content = packages if subdir == SUBDIR else {}
        text = json.dumps({"info": {"subdir": subdir}, "packages.conda": content})
        (folder / subdir / "repodata.json").write_text(text)
    return folder.as_uri()


def row(name: str, version: str, *depends: str, size: int | None = 1) -> dict[str, Any]:
    known = {} if size is None else {"size": size}
    return {"name": name, "version": version, "build": "0", "depends": list(depends), **known}


@pytest.mark.network
class TestBuiltChannels:
    """The channels of the other tests."""

    @pytest.fixture
    def fresh(self, conda: Any, tmp_path: Path) -> Any:
        """A conda with nothing in its package cache: all has to be downloaded."""
        conda.empty_cache(tmp_path / "pkgs")
        return conda

    def test_every_version_and_size_is_what_the_solver_ends_at(
        self, fresh: Any, environment: Path, channels: Channels
    ) -> None:
        shown = offers(fresh, "-c", channels.forge)
        assert [(offer["version"], offer["flavor"]) for offer in shown] == [
            *(
                (version, flavor)
                for version in ("13.0.2", "12.9.1", "12.4.1", "12.4.0")
                for flavor in ("base", "runtime", "devel")
            ),
            *(
                (version, flavor)
                for version in ("11.8.0", "10.2.89")
                for flavor in ("base", "runtime")
            ),
        ]
        for offer in shown:
            words = (
                offer["version"],
                "--flavor",
                offer["flavor"],
                "-c",
                channels.forge,
                "--dry-run",
            )
            plan = fresh.cuda("use", environment, *words, "--json").json["plan"]
            packages = plan["install"]["packages"]
            download = sum(part["size"] for part in packages if is_cuda_package(part["name"]))
            assert (plan["version"], download) == (offer["version"], offer["size"]), offer
            nvcc = any(part["name"].startswith("cuda-nvcc") for part in packages)
            assert nvcc == offer["nvcc"], offer

    def test_each_channel_is_told_apart(self, conda: Any) -> None:
        found = offers(conda, "-c", "numba", "-c", "conda-forge")
        places = {
            (offer["version"], offer["where"]) for offer in found if offer["flavor"] == "base"
        }
        assert places >= {("8.0", "numba"), ("10.2.89", "conda-forge"), ("13.0.2", "conda-forge")}

    def test_labels_add_the_compilers_that_the_channels_lack_and_are_not_asked(
        self, conda: Any, environment: Path, channels: Channels
    ) -> None:
        # Of all labels only that of 11.8.0 exists here.
        document = conda("cuda", "list", "--available", "--json").json
        assert "channel" not in document["problems"]
        found = {
            release["release"]: [
                (offer["where"], offer["size"])
                for offer in release["offers"]
                if offer["source"] == "channel" and offer["flavor"] == "devel"
            ]
            for release in document["available"]
        }
        assert found["11.8"] == [("nvidia/label/cuda-11.8.0", None)]
        assert found["11.3"] == [
            ("nvidia/label/cuda-11.3.1", None),
            ("nvidia/label/cuda-11.3.0", None),
        ]
        assert {where for where, _ in found["12.4"]} == {"conda-forge"}
        assert "11.2" not in found
        words = ("11.8", "--flavor", "devel", "--dry-run", "--json")
        plan = conda.cuda("use", environment, *words).json["plan"]
        assert plan["install"]["from"] == found["11.8"][0][0]
        # A channel that was named is all that is looked at.
        named = offers(conda, "-c", "conda-forge")
        assert {offer["where"] for offer in named} == {"conda-forge"}

    def test_a_channel_that_does_not_answer_is_named_and_the_others_are_shown(
        self, conda: Any
    ) -> None:
        nobody = "http://127.0.0.1:9/nobody"
        result = conda("cuda", "list", "--available", "-c", "conda-forge", "-c", nobody)
        assert any(line.startswith("12.4     channel ") for line in result.out.splitlines())
        assert f"# channel cannot be reached: no answer from {nobody}.\n" in result.err

    def test_offline_reads_the_channels_of_this_machine_only(self, conda: Any) -> None:
        nobody = "http://127.0.0.1:9/nobody"
        words = ("-c", "conda-forge", "-c", nobody, "--offline")
        result = conda("cuda", "list", "--available", *words)
        assert any(line.startswith("12.4     channel ") for line in result.out.splitlines())
        assert f"# channel is not asked under --offline: {nobody}.\n" in result.err

    def test_packages_of_the_environment_are_there_already(
        self, conda: Any, channels: Channels
    ) -> None:
        prefix = conda.envs / "adopted"
        conda("create", "-p", prefix, "-c", channels.forge, "cudatoolkit=11.8", "-y", "--offline")
        document = conda.cuda("list", prefix, "--available", "11.8", "--json").json
        (release,) = document["available"]
        here = [offer for offer in release["offers"] if offer["source"] == "environment"]
        assert [(offer["flavor"], offer["size"], offer["nvcc"]) for offer in here] == [
            ("base", 0, False),
            ("runtime", 0, False),
        ]
        assert release["offers"][0] == here[0]


class TestIndexes:
    """Channels that are not as they should be."""

    def shown(self, conda: Any, tmp_path: Path, *rows: dict[str, Any]) -> list[tuple[Any, ...]]:
        channel = write_index(tmp_path / "channel", list(rows))
        found = offers(conda, "-c", channel, CONDA_SUBDIR=SUBDIR)
        return [(offer["version"], offer["flavor"], offer["size"]) for offer in found]

    PIN = "cuda-version >=12.4,<12.5.0a0"

    def test_parts_of_several_releases_are_told_apart(self, conda: Any, tmp_path: Path) -> None:
        """Nothing ties them together but the metapackage, which says `>=`."""
        found = self.shown(
            conda,
            tmp_path,
            row("cuda-version", "12.2"),
            row("cuda-libraries", "12.2.0", "cuda-cudart >=12.2.53"),
            row("cuda-cudart", "12.2.53"),
            row("cuda-cudart", "12.4.127"),
        )
        runtime = ("12.2.0", "runtime", 2)
        assert found == [("12.4.1", "base", 1), ("12.2.0", "base", 1), runtime]

    def test_without_all_sizes_there_is_no_sum(self, conda: Any, tmp_path: Path) -> None:
        found = self.shown(
            conda,
            tmp_path,
            row("cuda-version", "12.4"),
            row("cuda-libraries", "12.4.1", "cuda-cudart 12.4.127.*", "libcublas", self.PIN),
            row("cuda-cudart", "12.4.127", self.PIN, size=5),
            row("libcublas", "12.4.5.8", self.PIN, size=None),
        )
        assert found == [("12.4.1", "base", 5), ("12.4.1", "runtime", None)]

    def test_a_release_of_which_a_part_is_missing_is_not_listed(
        self, conda: Any, tmp_path: Path
    ) -> None:
        found = self.shown(
            conda,
            tmp_path,
            row("cuda-version", "12.4"),
            row("cuda-libraries", "12.4.1", "cuda-cudart 12.4.127.*", "libcublas", self.PIN),
            row("cuda-cudart", "12.4.127", self.PIN, size=5),
        )
        assert found == [("12.4.1", "base", 5)]

    def test_a_later_dependency_that_asks_for_an_older_part_is_heard(
        self, conda: Any, tmp_path: Path
    ) -> None:
        found = self.shown(
            conda,
            tmp_path,
            row("cuda-version", "12.4"),
            row("cuda-libraries", "12.4.1", "libcublas", "libcusolver", "cuda-cudart", self.PIN),
            row("cuda-cudart", "12.4.127", self.PIN, size=1),
            row("libcusolver", "11.6.1.9", "libcublas <12.4.5", self.PIN, size=10),
            row("libcublas", "12.4.5.8", self.PIN, size=100),
            row("libcublas", "12.4.2.65", self.PIN, size=1000),
        )
        assert found == [("12.4.1", "base", 1), ("12.4.1", "runtime", 1012)]

    def test_a_channel_without_cuda(self, conda: Any, tmp_path: Path) -> None:
        assert self.shown(conda, tmp_path, row("numpy", "2.3.0")) == []

    def test_an_index_that_is_damaged_is_a_remark(self, conda: Any, tmp_path: Path) -> None:
        channel = write_index(tmp_path / "channel", [])
        (tmp_path / "channel" / SUBDIR / "repodata.json").write_text("{ not json")
        result = conda("cuda", "list", "--available", "-c", channel, CONDA_SUBDIR=SUBDIR)
        assert "Traceback" not in result.err
        assert any(line.startswith("# channel ") for line in result.err.splitlines())


def test_a_real_package_lists_what_it_says(conda: Any, tmp_path: Path) -> None:
    """The sizes are those of the files."""
    parts = [
        CondaPackage("cuda-version", "12.4", noarch=True),
        CondaPackage("cuda-cudart", "12.4.127", depends=("cuda-version 12.4.*",)),
    ]
    folder = write_channel(tmp_path / "channel", SUBDIR, parts)
    (offer,) = offers(conda, "-c", folder.as_uri(), CONDA_SUBDIR=SUBDIR)
    (file,) = folder.glob(f"{SUBDIR}/cuda-cudart-*")
    assert (offer["version"], offer["size"]) == ("12.4.1", file.stat().st_size)
