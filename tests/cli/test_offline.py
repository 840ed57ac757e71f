"""What claims to work offline works with the network cut, and `--offline` asks for no network.

The commands run in a network namespace without routes. There the system counts every attempt to
reach an address, so that not one goes unseen; where strace is at hand, it has to agree.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ..conftest import Conda, _conda
from ..sources.redist_server import small_release, write_release
from ..sources.wheelhouse import only_folder
from .cut_off import NOWHERE, PYPI, Cut


@pytest.fixture(scope="module", autouse=True)
def namespaces() -> None:
    """Fail in CI, and skip elsewhere, where no network can be cut."""
    if subprocess.run(["unshare", "--map-root-user", "--net", "true"]).returncode:
        if os.environ.get("CI"):
            pytest.fail("unshare cannot make a network namespace here")
        pytest.skip("unshare cannot make a network namespace here")


@pytest.fixture(scope="module")
def moved(
    conda_exe: Path, cli_cache: Path, wheelhouse: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A mirror with 12.4 (the libraries) and 13.0 (nvcc), at another path than it was made."""
    place = tmp_path_factory.mktemp("the travelling mirror")
    conda = _conda(conda_exe, tmp_path_factory.mktemp("home"), cli_cache)
    conda.variables.update(only_folder(wheelhouse))
    conda("cuda", "mirror", "12.4", "--to", place / "made", *PYPI)
    conda("cuda", "mirror", "13.0", "--components=nvcc", "--to", place / "made", *PYPI)
    return (place / "made").rename(place / "moved")


@pytest.fixture(scope="module")
def far(conda_exe: Path, moved: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Cut, Path]:
    """The other side: nothing but the mirror, and an environment made from it."""
    home = tmp_path_factory.mktemp("far")
    cache = home / "pkgs"
    cache.mkdir()
    conda = _conda(conda_exe, home, cache)
    # As on a machine that was set up for a network.
    conda.variables.update(PIP_CONFIG_FILE="/dev/null", PIP_INDEX_URL=NOWHERE)
    cut = Cut(conda, home)
    prefix = conda.create(conda.envs / "one")
    for release in ("13.0", "12.4"):
        cut.cuda("use", prefix, release, "-c", moved.as_uri(), "--offline", "-y")
    return cut, prefix


@pytest.fixture
def near(conda: Conda, tmp_path: Path) -> Cut:
    """This side, where all wheels were converted before; pip is set up for a network."""
    cache = tmp_path / "pkgs"
    cache.mkdir()
    conda.variables["CONDA_PKGS_DIRS"] = str(cache)
    conda.cuda("use", conda.create(conda.envs / "earlier"), "12.4", *PYPI)
    conda.variables.update(PIP_NO_INDEX="0", PIP_FIND_LINKS="", PIP_INDEX_URL=NOWHERE)
    return Cut(conda, tmp_path)


class TestTheMeasure:
    """Attempts to reach something are seen."""

    def test_of_the_system(self, near: Cut) -> None:
        script = f"import socket; socket.socket().connect_ex(('{NOWHERE.split('/')[2]}', 80))"
        _, attempts = near.run("run", "-n", "base", "python", "-c", script)
        assert attempts > 0

    def test_of_use_without_offline(self, near: Cut) -> None:
        prefix = near.conda.create(near.conda.envs / "one")
        words = ("12.4", "--from=pypi", "-y")
        result, attempts = near.run("cuda", "use", "-p", prefix, *words, PIP_RETRIES="0")
        # The wheels that are in the package cache serve it all the same.
        assert (result.code, attempts > 0) == (0, True), result.err


class TestTheFarSide:
    def test_the_toolkits_are_there(self, far: tuple[Cut, Path]) -> None:
        cut, prefix = far
        document = cut.cuda("list", prefix, "--json").json
        found = {row["version"]: (row["flavor"], row["status"]) for row in document["toolkits"]}
        assert found == {"13.0.2": (None, "ok"), "12.4.1": ("runtime", "ok")}
        assert document["current"] == "cuda-12.4"
        library = prefix / "cuda" / "lib64" / "libcudart.so.12"
        assert library.read_bytes() == b"cudart 12.4"

    def test_activation_leads_the_loader_there(self, far: tuple[Cut, Path]) -> None:
        cut, prefix = far
        script = (
            f'eval "$("{cut.conda.exe}" shell.posix hook)"; conda activate "{prefix}"; '
            'echo "$CUDA_HOME"; echo "$LD_LIBRARY_PATH"; nvcc --version | tail -1'
        )
        cut.cuda("use", prefix, "13.0")
        done = subprocess.run(
            ["unshare", "--map-root-user", "--net", "bash", "--norc", "-c", script],
            env=cut.conda.environ(), capture_output=True, text=True, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        home, path, compiler = done.stdout.splitlines()
        assert home == f"{prefix}/cuda"
        assert path.split(":")[0] == f"{prefix}/cuda/lib64"
        assert compiler.endswith("V13.0.88")

    @pytest.mark.parametrize(
        ("words", "shown"),
        [
            pytest.param(["use", "13.0", "-y"], "CUDA 13.0.2 is current", id="use, to switch"),
            pytest.param(["use", "-y"], "is current in one", id="use"),
            pytest.param(["list"], "cuda-12.4", id="list"),
            pytest.param(["list", "--envs"], "13.0.2", id="list --envs"),
            pytest.param(["info"], "12.4.1", id="info"),
            pytest.param(["env"], "CUDA_HOME", id="env"),
            pytest.param(["export"], "12.4.1", id="export"),
            pytest.param(["run", "12.4", "--", "sh", "-c", "echo $CUDA_HOME"], "12.4", id="run"),
            pytest.param(["off"], "", id="off"),
            pytest.param(["use", "12.4", "-y"], "CUDA 12.4.1 is current", id="use, after off"),
        ],
    )
    def test_verbs_need_no_network(
        self, words: list[str], shown: str, far: tuple[Cut, Path]
    ) -> None:
        cut, prefix = far
        cut.cuda("use", prefix, "12.4")
        assert shown in cut.cuda(words[0], prefix, *words[1:]).out

    @pytest.mark.parametrize(
        ("words", "shown"),
        [
            (["doctor"], "CUDA 12.4.1 is in order"),
            # The stand-in is no library that could be loaded.
            (["which", "libcudart.so.12"], "CUDA 12.0 to 12.9"),
            (["match", "torch==2.5.1"], "pip install torch==2.5.1"),
        ],
        ids=lambda value: value[0] if isinstance(value, list) else "",
    )
    def test_verbs_that_judge_need_no_network(
        self, words: list[str], shown: str, far: tuple[Cut, Path]
    ) -> None:
        cut, prefix = far
        cut.cuda("use", prefix, "12.4")
        where = [] if words[0] == "match" else ["-p", prefix]
        result, attempts = cut.run("cuda", *words, *where)
        assert (result.code in (0, 1, 3), attempts) == (True, 0), result.err
        assert shown in result.out, result.out
        assert "Traceback" not in result.err

    def test_what_the_mirror_has_is_listed(self, far: tuple[Cut, Path], moved: Path) -> None:
        cut, prefix = far
        words = ("--available", "--offline", "-c", moved.as_uri(), "--json")
        rows = {row["release"]: row for row in cut.cuda("list", prefix, *words).json["available"]}
        assert moved.as_uri() in str(rows["12.4"]) or moved.name in str(rows["12.4"])

    def test_export_and_apply(self, far: tuple[Cut, Path], tmp_path: Path) -> None:
        cut, prefix = far
        cut.cuda("use", prefix, "12.4")
        cut.cuda("export", prefix, "-f", tmp_path / "cuda.yaml")
        other = cut.conda.create(tmp_path / "other")
        cut.cuda("apply", other, tmp_path / "cuda.yaml", "--offline", "-y")
        (mine,) = cut.cuda("list", other, "--json").json["toolkits"]
        theirs = cut.cuda("list", prefix, "--json").json["toolkits"]
        assert mine["packages"] in [row["packages"] for row in theirs]

    def test_a_mirror_of_the_mirror(
        self, far: tuple[Cut, Path], moved: Path, tmp_path: Path
    ) -> None:
        cut, _ = far
        words = ("12.4", "-c", moved.as_uri(), "--offline", "-y")
        cut("cuda", "mirror", *words, "--to", tmp_path / "second")
        (name,) = (path.name for path in (tmp_path / "second").glob("*/conda-cuda-toolkit-*"))
        assert name == "conda-cuda-toolkit-12.4.1-runtime_1.conda"

    def test_remove(self, far: tuple[Cut, Path], moved: Path, tmp_path: Path) -> None:
        cut, _ = far
        prefix = cut.conda.create(tmp_path / "gone")
        cut.cuda("use", prefix, "12.4", "-c", moved.as_uri(), "--offline", "-y")
        cut.cuda("remove", prefix, "--all", "-y")
        assert [path.name for path in prefix.glob("cuda*")] == []


class TestFromCaches:
    @pytest.mark.parametrize("source", [["--from=pypi"], []], ids=["of pypi", "of any source"])
    def test_use(self, source: list[str], near: Cut) -> None:
        """Without a source the default channels come first, which are addresses."""
        prefix = near.conda.create(near.conda.envs / "one")
        near.cuda("use", prefix, "12.4", *source, "--offline", "-y")
        assert (prefix / "cuda" / "lib64" / "libcudart.so.12").is_file()

    def test_mirror(self, near: Cut, tmp_path: Path) -> None:
        near("cuda", "mirror", "12.4", "--offline", "-y", "--to", tmp_path / "mirror")
        assert (tmp_path / "mirror" / "linux-64" / "repodata.json").is_file()

    @pytest.mark.parametrize("words", [[], ["--json"]], ids=["text", "json"])
    def test_list_available(self, words: list[str], near: Cut) -> None:
        prefix = near.conda.create(near.conda.envs / "one")
        result, attempts = near.run(
            "cuda", "list", "-p", prefix, "--available", "--offline", *words
        )
        assert (result.code, attempts) == (0, 0), result.err
        assert "12.4" in result.out

    @pytest.mark.parametrize("verb", ["use", "mirror"])
    @pytest.mark.parametrize(
        "variables",
        [
            {"PIP_FIND_LINKS": NOWHERE},
            {"PIP_EXTRA_INDEX_URL": NOWHERE},
            {"CONDA_PLUGINS_CUDA_CHANNELS": "http://10.99.99.99/channel"},
            {"HTTPS_PROXY": "http://10.99.99.99:3128", "HTTP_PROXY": "http://10.99.99.99:3128"},
        ],
        ids=["find-links", "extra index", "channel", "proxy"],
    )
    def test_what_is_not_at_hand_is_refused_and_nobody_is_asked(
        self, verb: str, variables: dict[str, str], near: Cut, tmp_path: Path
    ) -> None:
        """Whatever is configured: pip would follow find-links even without an index."""
        prefix = near.conda.create(near.conda.envs / "one")
        where = ["-p", prefix] if verb == "use" else ["--to", tmp_path / "mirror"]
        result, attempts = near.run(
            "cuda", verb, "12.9", *where, "--offline", "-y", **variables
        )  # fmt: skip
        assert (result.code, attempts) == (1, 0), result.out + result.err
        assert "No source can give CUDA 12.9 now." in result.err
        assert "Traceback" not in result.err
        assert not (tmp_path / "mirror").exists()


class TestFromAFolder:
    """NVIDIA's archives in a folder of this machine."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        path = tmp_path / "redist"
        write_release(path, "12.4.1", small_release())
        return path

    def test_use(self, near: Cut, folder: Path) -> None:
        prefix = near.conda.create(near.conda.envs / "one")
        words: tuple[Any, ...] = ("12.4", "--flavor=base", "--from", folder, "--offline", "-y")
        near.cuda("use", prefix, *words)
        assert [*(prefix / "cuda" / "lib64").glob("libcudart.so*")]

    def test_mirror_and_use(self, near: Cut, far: tuple[Cut, Path], folder: Path) -> None:
        to = folder.with_name("mirror of it")
        words: tuple[Any, ...] = ("12.4", "--flavor=base", "--from", folder, "--offline", "-y")
        near("cuda", "mirror", *words, "--to", to)
        cut, _ = far
        prefix = cut.conda.create(folder.with_name("far environment"))
        cut.cuda("use", prefix, "12.4", "-c", to.as_uri(), "--offline", "-y")
        assert [*(prefix / "cuda" / "lib64").glob("libcudart.so*")]
