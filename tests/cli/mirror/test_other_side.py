"""A mirror on a machine that has nothing else."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ...conftest import Conda
from ...listing import listing
from .commands import PYPI, assert_refused, mirror, toolkit, use


class TestTheOtherSide:
    def test_it_has_the_same_toolkit(self, conda: Conda, far: Conda, folder: Path) -> None:
        near = conda.create(conda.envs / "one")
        conda.cuda("use", near, "12.4", *PYPI)
        mirror(conda, folder, "12.4", *PYPI)
        use(far, folder, "12.4")
        assert toolkit(far, far.envs / "one") == toolkit(conda, near)
        library = far.envs / "one" / "cuda" / "lib64" / "libcublas.so.12"
        assert library.read_bytes() == b"cublas 12.4"

    def test_the_command_it_is_told_to_type_works(
        self, conda: Conda, far: Conda, folder: Path
    ) -> None:
        printed = mirror(conda, folder, "12.4", "--flavor=base", *PYPI).out
        (line,) = [line.strip() for line in printed.splitlines() if " use " in line]
        assert line == (f"conda cuda use 12.4.1 --flavor base -c {folder.as_uri()} --offline")
        prefix = far.create(far.envs / "one")
        far(*shlex.split(line)[1:], "-y", "-p", prefix)
        assert (prefix / "cuda" / "lib64" / "libcudart.so.12").is_file()

    @pytest.mark.parametrize(
        "words",
        [["12.4"], ["12.4.1"], ["12"], ["latest"], [">=12,<13"], ["12.4", "--flavor=base"]],
        ids=" ".join,
    )
    def test_without_a_flavor_it_takes_what_there_is(
        self, words: list[str], conda: Conda, far: Conda, folder: Path
    ) -> None:
        mirror(conda, folder, "12.4", "--flavor=base", *PYPI)
        document = use(far, folder, *words, "--json").json
        found = document["toolkit"]
        assert (found["version"], found["flavor"]) == ("12.4.1", "base")
        assert found["packages"] == ["nvidia-cuda-runtime-cu12-12.4.127-wheel_0"]

    def test_a_flavor_that_was_not_mirrored_is_refused_with_what_there_is(
        self, conda: Conda, far: Conda, folder: Path
    ) -> None:
        mirror(conda, folder, "12.4", "--flavor=base", *PYPI)
        prefix = far.create(far.envs / "one")
        before = listing(prefix)
        words = ("12.4", "--flavor=runtime", "--from=channel")
        assert_refused(
            use(far, folder, *words, check=False),
            "The source channel has no flavor runtime of CUDA 12.4 in the mirror "
            f"{folder.as_uri()}, which has CUDA 12.4.1 as base.",
        )
        assert_refused(
            use(far, folder, "12.4", "--flavor=devel", check=False),
            f"no flavor devel of CUDA 12.4 in the mirror {folder.as_uri()}, which has CUDA 12.4.1 "
            "as base",
        )
        assert listing(prefix) == before

    def test_less_than_was_mirrored_gives_all_of_it_and_says_so(
        self, conda: Conda, far: Conda, folder: Path
    ) -> None:
        mirror(conda, folder, "12.4", *PYPI)
        plan = use(far, folder, "12.4", "--flavor=base", "--json", "--dry-run").json["plan"]
        assert plan["install"]["flavor"] == "runtime"
        assert plan["install"]["note"] == (
            "the mirror has runtime of this release, which holds what was asked for"
        )

    def test_of_several_flavors_each_can_be_had(
        self, conda: Conda, far: Conda, folder: Path
    ) -> None:
        for flavor in ("runtime", "base"):
            mirror(conda, folder, "12.4", f"--flavor={flavor}", *PYPI)
        for words, expected in (
            (["12.4"], "runtime"),
            (["12.4", "--flavor=base"], "base"),
            (["12.4", "--flavor=runtime"], "runtime"),
        ):
            name = f"of {' '.join(words)}"
            document = use(far, folder, *words, "--json", name=name).json
            assert document["toolkit"]["flavor"] == expected

    def test_single_components(self, conda: Conda, far: Conda, folder: Path) -> None:
        mirror(conda, folder, "13.0", "--components=nvcc", *PYPI)
        near = conda.create(conda.envs / "one")
        conda.cuda("use", near, "13.0", "--components=nvcc", *PYPI)
        use(far, folder, "13.0", "--components=nvcc")
        assert toolkit(far, far.envs / "one") == toolkit(conda, near)
        nvcc = subprocess.run([far.envs / "one" / "bin" / "nvcc"], capture_output=True, text=True)
        assert nvcc.stdout.endswith("V13.0.88\n")

    def test_what_there_is_is_listed(self, conda: Conda, far: Conda, folder: Path) -> None:
        mirror(conda, folder, "12.4", *PYPI)
        far.create(far.envs / "one")
        shown = far.cuda(
            "list", far.envs / "one", "--available", "--offline", "-c", folder.as_uri()
        ).out
        assert "12.4" in shown and "runtime" in shown

    def test_a_release_that_is_not_there(self, conda: Conda, far: Conda, folder: Path) -> None:
        mirror(conda, folder, "12.4", *PYPI)
        assert_refused(
            use(far, folder, "11.8", "--from=channel", check=False),
            f"The source channel has no CUDA 11.8 on {folder.as_uri()}.",
        )

    @pytest.mark.parametrize("how", ["altered", "cut short", "taken away"])
    def test_a_damaged_package_is_refused_and_nothing_is_installed(
        self, how: str, conda: Conda, far: Conda, folder: Path
    ) -> None:
        mirror(conda, folder, "12.4", *PYPI)
        path = folder / "linux-64" / "nvidia-cuda-runtime-cu12-12.4.127-wheel_0.conda"
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        if how == "taken away":
            path.unlink()
        else:
            path.write_bytes(bytes(data) if how == "altered" else bytes(data[:-9]))
        prefix = far.create(far.envs / "one")
        before = listing(prefix)
        message = (
            f"The index of a channel names {path}, which is not there, so nothing was changed."
            if how == "taken away"
            else f"{path} is not the file that the index of its channel describes, so nothing was "
            "changed."
        )
        assert_refused(use(far, folder, "12.4", check=False), message)
        assert (far.envs / "one" / "cuda").exists() is False
        assert listing(prefix) == before
        assert list(far.pkgs.glob("nvidia-*")) == []
        mirror(conda, folder, "12.4", *PYPI)
        use(far, folder, "12.4")
        assert (prefix / "cuda" / "lib64" / "libcudart.so.12").is_file()

    def test_over_http_too(
        self, conda: Conda, far: Conda, folder: Path, serve: Callable[[Path], str]
    ) -> None:
        mirror(conda, folder, "12.4", "--flavor=base", *PYPI)
        address = serve(folder)
        prefix = far.create(far.envs / "one")
        words = ("12.4", "--flavor=base", "-c", address, "-y", "--json")
        found = far.cuda("use", prefix, *words, NO_PROXY="127.0.0.1").json["toolkit"]
        assert (found["version"], found["flavor"]) == ("12.4.1", "base")
        assert found["components"] == ["cudart"]
        more = far.cuda(
            "use", prefix, "12.4", "--flavor=devel", "--from=channel", *words[2:], check=False
        ).json
        assert "which has CUDA 12.4.1 as base" in more["message"]
