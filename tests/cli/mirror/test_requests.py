"""Which folders a mirror may be in, and what can be asked for."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from ...conftest import Conda
from ...listing import listing
from .commands import METAPACKAGE, PYPI, assert_refused, mirror, rows, use


class TestPaths:
    @pytest.mark.parametrize(
        "name",
        [
            "with blanks  in it",
            "ünïcödé 電腦",
            "100%",
            "it's",
            "(x) [y] {z}",
            "-dash",
            "a+b@c~d",
        ],
    )
    def test_any_name_will_do(self, name: str, conda: Conda, far: Conda, tmp_path: Path) -> None:
        folder = tmp_path / name
        printed = mirror(conda, folder, "12.4", "--flavor=base", *PYPI).out
        line = printed.splitlines()[-1].strip()
        prefix = far.create(far.envs / "one")
        done = subprocess.run(
            ["bash", "-c", f'{line.replace("conda ", chr(34) + "$CONDA" + chr(34) + " ", 1)} -y -p "$PREFIX"'],
            env=far.environ(CONDA=str(far.exe), PREFIX=str(prefix)),
            capture_output=True, text=True, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert (prefix / "cuda" / "lib64" / "libcudart.so.12").is_file()

    @pytest.mark.parametrize("name", ["a%20b", "a#b", "a?b", "linux-64"])
    def test_a_name_that_some_conda_cannot_read_works_or_is_refused(
        self, name: str, conda: Conda, far: Conda, tmp_path: Path
    ) -> None:
        folder = tmp_path / name / "mirror"
        result = mirror(conda, folder, "12.4", "--flavor=base", *PYPI, check=False)
        if result.code:
            assert_refused(result, f"conda would not find a channel at {folder}")
            assert not folder.parent.exists()
        else:
            use(far, folder, "12.4")
            assert (far.envs / "one" / "cuda" / "lib64" / "libcudart.so.12").is_file()

    def test_a_relative_path(self, conda: Conda, tmp_path: Path) -> None:
        here = tmp_path / "here"
        here.mkdir()
        mirror(conda, Path("below/it"), "12.4", "--flavor=base", *PYPI, cwd=here)
        assert f"{METAPACKAGE}-12.4.1-base_0.conda" in rows(here / "below" / "it")

    def test_a_link_to_a_folder(self, conda: Conda, tmp_path: Path) -> None:
        (tmp_path / "real").mkdir()
        (tmp_path / "link").symlink_to("real")
        document = mirror(conda, tmp_path / "link", "12.4", *PYPI, "--json").json
        assert document["mirror"]["directory"] == str(tmp_path / "real")

    def test_other_things_are_not_mixed_into(self, conda: Conda, folder: Path) -> None:
        folder.mkdir()
        (folder / "thesis.tex").write_text("years of work")
        before = listing(folder)
        assert_refused(
            mirror(conda, folder, "12.4", *PYPI, check=False),
            f"{folder} holds other things and is not a conda channel, so nothing is mixed into them. "
            "Name a new or an empty folder with --to.",
        )
        assert listing(folder) == before

    def test_a_channel_with_another_index_is_not_touched(self, conda: Conda, folder: Path) -> None:
        (folder / "noarch").mkdir(parents=True)
        (folder / "noarch" / "repodata.json").write_text('{"packages": {}}')
        (folder / "noarch" / "repodata.json.zst").write_bytes(b"...")
        before = listing(folder)
        assert_refused(
            mirror(conda, folder, "12.4", *PYPI, check=False),
            f"The channel in {folder} is indexed by another program, which wrote "
            "noarch/repodata.json.zst.",
        )
        assert listing(folder) == before

    @pytest.mark.parametrize("text", ["", "{", "[]", '{"packages": 3}', "\x00\xff"], ids=repr)
    def test_an_index_that_is_none_is_left_as_it_is(
        self, text: str, conda: Conda, folder: Path
    ) -> None:
        mirror(conda, folder, "12.4", "--flavor=base", *PYPI)
        (folder / "linux-64" / "repodata.json").write_bytes(text.encode("latin-1"))
        before = listing(folder)
        assert_refused(
            mirror(conda, folder, "12.4", *PYPI, check=False),
            f"{folder}/linux-64/repodata.json cannot be read as the index of a channel",
        )
        assert listing(folder) == before

    def test_a_file_in_the_way(self, conda: Conda, folder: Path) -> None:
        folder.write_text("mine")
        for place in (folder, folder / "below"):
            assert_refused(
                mirror(conda, place, "12.4", *PYPI, check=False),
                f"{folder} is not a folder, so nothing can be mirrored to {place}.",
            )
        assert folder.read_text() == "mine"

    def test_the_top_of_the_file_system(self, conda: Conda) -> None:
        done = mirror(conda, Path("/"), "12.4", *PYPI, check=False)
        assert_refused(done, "/ itself cannot be a channel.", 2)


class TestTheRequest:
    @pytest.mark.parametrize(
        ("words", "message", "code"),
        [
            ([], "mirror needs to know which release", 2),
            (["auto"], "mirror needs to know which release", 2),
            (["12.x"], "'12.x' is not a CUDA version.", 2),
            (["/usr/local/cuda-12.4"], "Toolkits of the source system stay where they are", 2),
            (["12.4", "--from=environment"], "Toolkits of the source environment stay where", 2),
            (["12.4", "--from=moon"], "'moon' is not a source of toolkits.", 2),
            (["12.4", "--platform=osx-64"], "CUDA ended on macOS with release 10.2", 1),
            (["12.7", "--from=pypi"], "There is no CUDA 12.7.", 1),
            (["12.4.9", "--from=pypi"], "There is no CUDA 12.4.9.", 1),
        ],
        ids=lambda value: " ".join(value) if isinstance(value, list) else "",
    )
    def test_what_cannot_be_is_refused_in_words(
        self, words: list[str], message: str, code: int, conda: Conda, folder: Path
    ) -> None:
        assert_refused(mirror(conda, folder, *words, "--yes", check=False), message, code)
        assert not folder.exists()
        document = mirror(conda, folder, *words, "--yes", "--json", check=False).json
        assert message in document["message"]
        if "12.4.9" in words:
            assert document["nearest"] == ["12.4.0", "12.4.1"]

    def test_it_asks_before_it_downloads(self, conda: Conda, folder: Path) -> None:
        result = mirror(conda, folder, "12.4", "--from=pypi", "-v", check=False)
        assert_refused(result, "Cannot ask for confirmation")
        assert "  mirrors   CUDA 12.4.1 (runtime) from PyPI, " in result.out
        assert "nvidia-cublas-cu12" in result.out
        assert not folder.exists()

    def test_a_dry_run_changes_nothing(self, conda: Conda, folder: Path) -> None:
        mirror(conda, folder, "12.4", "--from=pypi", "--dry-run")
        plan = mirror(conda, folder, "12.4", "--from=pypi", "--dry-run", "--json").json["plan"]
        assert (plan["version"], plan["flavor"], plan["origin"]) == ("12.4.1", "runtime", "pypi")
        assert not folder.exists()

    def test_it_needs_no_environment(self, conda: Conda, folder: Path) -> None:
        shutil.rmtree(conda.envs)
        mirror(conda, folder, "12.4", *PYPI)
        assert not conda.envs.exists()

    @pytest.mark.parametrize("setting", ["pypi", "system"])
    def test_the_order_of_sources_is_the_users(
        self, setting: str, conda: Conda, folder: Path
    ) -> None:
        words = ("12.4", "--yes")
        variables = {"CONDA_PLUGINS_CUDA_SOURCES": setting}
        result = mirror(conda, folder, *words, "--json", check=False, **variables)
        if setting == "system":
            assert "names no source that can be mirrored" in result.json["message"]
        else:
            plan = result.json["plan"]
            assert (plan["origin"], plan["reason"]) == ("pypi", "first in order")
