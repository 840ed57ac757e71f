"""What `conda cuda mirror` puts into its folder."""

from __future__ import annotations

import bz2
import hashlib
import json
import os
from pathlib import Path

import pytest

from ...conftest import Conda
from ...listing import leftovers
from ...sources.wheelhouse import write_releases, write_wheel
from .commands import METAPACKAGE, PYPI, files_of, mirror, rows, use


class TestTheFolder:
    def test_it_is_an_ordinary_channel(self, conda: Conda, folder: Path) -> None:
        result = mirror(conda, folder, "12.4", *PYPI)
        assert sorted(path.name for path in folder.iterdir()) == ["linux-64", "noarch"]
        assert rows(folder, "noarch") == {}
        found = rows(folder)
        assert sorted(found) == [
            "conda-cuda-toolkit-12.4.1-runtime_1.conda",
            "nvidia-cublas-cu12-12.4.5.8-wheel_0.conda",
            "nvidia-cuda-runtime-cu12-12.4.127-wheel_0.conda",
        ]
        for name, row in found.items():
            data = (folder / "linux-64" / name).read_bytes()
            assert row["size"] == len(data)
            assert row["sha256"] == hashlib.sha256(data).hexdigest()
            assert row["md5"] == hashlib.md5(data).hexdigest()
            assert f"{row['name']}-{row['version']}-{row['build']}.conda" == name
        assert f"CUDA 12.4.1 is in the channel {folder}: 2 packages, 2 new, " in result.out
        assert leftovers(folder) == []

    def test_what_a_killed_command_has_left_goes(
        self, conda: Conda, folder: Path, tmp_path: Path
    ) -> None:
        """In the folder's own folders, and not in those that a link leads to."""
        mirror(conda, folder, "12.4", *PYPI)
        before, elsewhere = files_of(folder), tmp_path / "elsewhere"
        elsewhere.mkdir()
        (folder / "link").symlink_to(elsewhere)
        names = [
            f"{place}/.repodata.json.0123abcd.conda-cuda-tmp" for place in ("linux-64", "noarch")
        ]
        for path in (*(folder / name for name in names), elsewhere / ".0123abcd.conda-cuda-tmp"):
            path.write_text("half")
        mirror(conda, folder, "12.4", *PYPI)
        assert files_of(folder) == before
        assert os.listdir(elsewhere) == [".0123abcd.conda-cuda-tmp"]

    def test_the_metapackage_names_exactly_what_was_mirrored(
        self, conda: Conda, folder: Path
    ) -> None:
        mirror(conda, folder, "12.4", *PYPI)
        row = rows(folder)["conda-cuda-toolkit-12.4.1-runtime_1.conda"]
        assert row["depends"] == [
            "nvidia-cuda-runtime-cu12 12.4.127 wheel_0",
            "nvidia-cublas-cu12 12.4.5.8 wheel_0",
        ]
        assert (row["build_number"], row["subdir"], "noarch" in row) == (1, "linux-64", False)

    def test_any_conda_installs_it_without_the_plugin(
        self, conda: Conda, far: Conda, folder: Path
    ) -> None:
        mirror(conda, folder, "12.4", *PYPI)
        prefix = far.envs / "plain"
        channel = ("-c", folder.as_uri(), "--override-channels", "--offline", "-y")
        plain = {"CONDA_NO_PLUGINS": "true", "CONDA_SOLVER": "classic"}
        far("create", "-p", prefix, *channel, f"{METAPACKAGE}=12.4", **plain)
        assert (prefix / "lib" / "libcudart.so.12").read_bytes() == b"cudart 12.4"
        assert (prefix / "lib" / "libcublas.so.12").read_bytes() == b"cublas 12.4"

    def test_the_same_again_changes_no_byte(self, conda: Conda, folder: Path) -> None:
        mirror(conda, folder, "12.4", *PYPI)
        before = files_of(folder)
        document = mirror(conda, folder, "12.4", *PYPI, "--json").json
        assert document["mirror"]["added"] == []
        assert files_of(folder) == before

    def test_two_folders_of_the_same_are_the_same(
        self, conda: Conda, folder: Path, tmp_path: Path
    ) -> None:
        mirror(conda, folder, "12.4", *PYPI)
        mirror(conda, tmp_path / "second", "12.4", *PYPI)
        assert files_of(folder) == files_of(tmp_path / "second")

    def test_another_release_joins_the_first(self, conda: Conda, far: Conda, folder: Path) -> None:
        mirror(conda, folder, "12.4", *PYPI)
        first = rows(folder)
        mirror(conda, folder, "11.8", *PYPI)
        both = rows(folder)
        assert {name: both[name] for name in first} == first
        assert f"{METAPACKAGE}-11.8.0-runtime_1.conda" in both
        for release, name in (("12.4", "libcudart.so.12"), ("11.8", "libcudart.so.11.0")):
            use(far, folder, release)
            assert (far.envs / "one" / f"cuda-{release}" / "lib64" / name).is_file()
        assert os.readlink(far.envs / "one" / "cuda") == "cuda-11.8"

    def test_what_takes_no_part_in_it_is_kept(self, conda: Conda, folder: Path) -> None:
        """A channel by other hands, with an index of its own, is added to."""
        mirror(conda, folder, "12.4", *PYPI)
        path = folder / "linux-64" / "repodata.json"
        content = json.loads(path.read_text())
        row = {"name": "other", "version": "1", "build": "0", "build_number": 0, "depends": []}
        content["packages"]["other-1-0.tar.bz2"] = row
        path.write_text(json.dumps(content))
        (folder / "linux-64" / "other-1-0.tar.bz2").write_bytes(bz2.compress(b""))
        mirror(conda, folder, "11.8", *PYPI)
        assert rows(folder)["other-1-0.tar.bz2"] == row
        assert (folder / "linux-64" / "other-1-0.tar.bz2").is_file()


@pytest.mark.parametrize(
    ("subdir", "tag"), [("win-64", "win_amd64"), ("linux-aarch64", "manylinux2014_aarch64")]
)
def test_for_a_machine_of_another_kind(
    subdir: str, tag: str, conda: Conda, far: Conda, folder: Path, tmp_path: Path
) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    requires = ["nvidia-cuda-runtime-cu12==12.4.127.*; extra == 'cudart'"]
    write_wheel(wheels, "cuda-toolkit", "12.4.1", requires=requires, tag="py3-none-any")
    library = {
        "win-64": "nvidia/cuda_runtime/bin/cudart64_12.dll",
        "linux-aarch64": "nvidia/cuda_runtime/lib/libcudart.so.12",
    }[subdir]
    write_wheel(
        wheels, "nvidia-cuda-runtime-cu12", "12.4.127", {library: b"theirs"}, tag=f"py3-none-{tag}"
    )
    conda.variables["PIP_FIND_LINKS"] = wheels.as_uri()
    mirror(conda, folder, "12.4", f"--platform={subdir}", *PYPI)
    assert sorted(path.name for path in folder.iterdir()) == sorted([subdir, "noarch"])
    found = rows(folder, subdir)
    assert {row["subdir"] for row in found.values()} == {subdir}
    # This machine can install what is for another one; it cannot run it.
    use(far, folder, "12.4", CONDA_SUBDIR=subdir)
    assert (far.envs / "one" / "cuda-12.4" / library.split("/", 2)[2]).read_bytes() == b"theirs"
    # Another platform goes beside the first.
    conda.variables["PIP_FIND_LINKS"] = write_releases(tmp_path / "linux", "12.4.1").as_uri()
    before = files_of(folder / subdir)
    mirror(conda, folder, "12.4", *PYPI)
    assert files_of(folder / subdir) == before
    assert f"{METAPACKAGE}-12.4.1-runtime_1.conda" in rows(folder)
