"""A cuda.yml file without the files that it names, and what is refused."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ..conftest import Conda
from ..listing import leftovers, listing
from ..sources.wheelhouse import only_folder, write_releases
from .cuda_files import RUNTIME, export, resealed, with_empty_cache


class TestWithoutTheFile:
    """Other ways to the very file, and none."""

    def test_without_a_network_from_the_caches(
        self, conda: Conda, two: Path, environment: Path
    ) -> None:
        path = export(conda, two, "--all")
        conda.variables.update(only_folder(two / "nowhere"))
        no_network = ["unshare", "--user", "--net", "--map-root-user"]
        words = ["cuda", "apply", path, "-p", environment, "--offline", "-y"]
        if subprocess.run([*no_network, "true"], capture_output=True).returncode:
            no_network = []
        subprocess.run([*no_network, conda.exe, *map(str, words)], env=conda.environ(), check=True)
        assert os.readlink(environment / "cuda") == "cuda-12.4"

    def test_the_index_has_the_file_at_another_address(
        self, conda: Conda, two: Path, wheelhouse: Path, tmp_path: Path
    ) -> None:
        path = export(conda, two)
        resealed(path, self.to_nowhere)
        moved = shutil.copytree(wheelhouse, tmp_path / "mirror")
        conda.variables.update(only_folder(moved))
        with_empty_cache(conda, tmp_path)
        other = conda.create(conda.envs / "other")
        conda.cuda("apply", other, path, "-y")
        assert (other / "cuda" / "lib64" / "libcudart.so.12").is_file()

    def test_nobody_has_it(
        self, conda: Conda, two: Path, environment: Path, tmp_path: Path
    ) -> None:
        path = export(conda, two)
        resealed(path, self.to_nowhere)
        conda.variables.update(only_folder(tmp_path / "nothing"))
        with_empty_cache(conda, tmp_path)
        before = listing(environment)
        result = conda.cuda("apply", environment, path, "-y", check=False)
        assert result.code == 1 and "Traceback" not in result.err
        assert "of nvidia-cuda-runtime-cu12 12.4.127 cannot be had: no file from" in result.err
        offline = conda.cuda("apply", environment, path, "-y", "--offline", check=False)
        assert "--offline forbids to ask for it" in offline.err
        assert listing(environment) == before

    @staticmethod
    def to_nowhere(content: dict[str, Any]) -> None:
        """No file lies at the address any more."""
        package = content["toolkits"][0]["packages"][0]
        package["url"] = package["url"].replace("file:///", "http://127.0.0.1:9/")

    def test_another_file_of_the_same_name_is_refused(
        self, conda: Conda, tmp_path: Path, environment: Path
    ) -> None:
        wheels = write_releases(tmp_path / "wheels", "12.4.1")
        conda.variables.update(only_folder(wheels))
        with_empty_cache(conda, tmp_path)
        conda.cuda("use", environment, "12.4", "--from=pypi", "--flavor=base", "-y")
        path = export(conda, environment)
        write_releases(wheels, "12.4.1", filler=1000)
        shutil.rmtree(conda.pkgs)
        conda.pkgs.mkdir()
        (conda.pkgs / "urls.txt").touch()
        other = conda.create(conda.envs / "other")
        before = listing(other)
        result = conda.cuda("apply", other, path, "-y", check=False)
        assert result.code == 1
        assert "is not the file that was exported: its hash is another one" in result.err
        assert listing(other) == before
        assert not list(conda.pkgs.rglob("*nvidia*")) and not leftovers(conda.pkgs)

    def test_a_package_that_was_altered_in_the_cache_is_made_anew(
        self, conda: Conda, two: Path, environment: Path, tmp_path: Path
    ) -> None:
        path = export(conda, two)
        with_empty_cache(conda, tmp_path)
        other = conda.create(conda.envs / "other")
        conda.cuda("apply", other, path, "-y")
        # Files are hard links: this changes the package cache too.
        with open(other / "cuda" / "lib" / "libcudart.so.12", "r+b") as file:
            file.write(b"X")
        conda.cuda("apply", environment, path, "-y")
        assert (environment / "cuda" / "lib" / "libcudart.so.12").read_bytes() == b"cudart 12.4"


class TestRefusals:
    """What is refused, with everything as it was."""

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (("12.4.127", "12.4.128"), "was changed after it was exported"),
            (("flavor: base", "flavor: devel"), "was changed after it was exported"),
            (("digest: ", "digest: 0"), "was changed after it was exported"),
            (("linux-64", "win-64"), "was changed after it was exported"),
            (("conda-cuda: 1", "conda-cuda: 9"), "has the format '9'"),
            (("toolkits:", "toolkits: ["), "is not proper YAML"),
            (("sha256: ", "sha256: x"), "toolkits[0].packages[0].sha256 has no usable value"),
        ],
    )
    def test_a_changed_file(
        self, change: tuple[str, str], message: str, conda: Conda, two: Path
    ) -> None:
        path, before = export(conda, two), listing(two)
        path.write_text(path.read_text().replace(*change))
        result = conda.cuda("apply", two, path, "-y", check=False)
        assert result.code == 1 and "Traceback" not in result.err
        assert message in result.err
        assert listing(two) == before

    def test_another_platform(self, conda: Conda, two: Path) -> None:
        path = export(conda, two)
        resealed(path, lambda content: content.update(platform="win-64"))
        result = conda.cuda("apply", two, path, check=False)
        assert "was exported for win-64, and this environment is for linux-64" in result.err
        assert "conda cuda use 12.4" in result.err

    @pytest.mark.parametrize("name", ["nothing.yaml", "."])
    def test_no_file(self, name: str, conda: Conda, two: Path) -> None:
        result = conda.cuda("apply", two, two / name, check=False)
        assert result.code == 1 and "Traceback" not in result.err
        assert "does not exist" in result.err or "cannot be read" in result.err

    def test_a_package_that_is_another_one(
        self, conda: Conda, two: Path, environment: Path, tmp_path: Path
    ) -> None:
        path = export(conda, two)

        def lie(content: dict[str, Any]) -> None:
            content["toolkits"][0]["packages"][0]["name"] = "nvidia-cuda-runtime"

        resealed(path, lie)
        with_empty_cache(conda, tmp_path)
        result = conda.cuda("apply", environment, path, "-y", check=False)
        assert result.code == 1
        assert f"holds {RUNTIME}, not nvidia-cuda-runtime-12.4.127-wheel_0" in result.err
        assert not (environment / "cuda").exists()
