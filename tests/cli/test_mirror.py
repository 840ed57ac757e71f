"""A mirror of small wheels: what lies in the folder, and what another machine makes of it."""

from __future__ import annotations

import bz2
import functools
import hashlib
import http.server
import json
import os
import shlex
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ..conftest import Conda, Result, _conda
from ..listing import leftovers, listing
from ..sources.wheelhouse import write_releases, write_wheel

PYPI = ("--from", "pypi", "--yes")
METAPACKAGE = "conda-cuda-toolkit"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the mirror goes."""
    return tmp_path / "mirror"


@pytest.fixture
def far(conda_exe: Path, tmp_path: Path) -> Conda:
    """A conda on another machine: home and package cache are empty, and pip finds nothing."""
    home, cache = tmp_path / "far", tmp_path / "far" / "pkgs"
    cache.mkdir(parents=True)
    conda = _conda(conda_exe, home, cache)
    conda.variables.update(PIP_CONFIG_FILE="/dev/null", PIP_NO_INDEX="1", PIP_FIND_LINKS="")
    return conda


@pytest.fixture
def serve() -> Iterator[Callable[[Path], str]]:
    """Serves folders over HTTP on this machine; a folder's address."""
    servers = []

    def start(place: Path) -> str:
        handler = functools.partial(_Silent, directory=str(place))
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


class _Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


def mirror(conda: Conda, to: Path, *words: str, **more: Any) -> Result:
    return conda("cuda", "mirror", *words, "--to", to, **more)


def use(conda: Conda, channel: Path | str, *words: str, name: str = "one", **more: Any) -> Result:
    prefix = conda.envs / name
    if not prefix.exists():
        conda.create(prefix)
    address = channel.as_uri() if isinstance(channel, Path) else channel
    return conda.cuda("use", prefix, *words, "-c", address, "--offline", "-y", **more)


def rows(folder: Path, subdir: str = "linux-64") -> dict[str, dict[str, Any]]:
    content = json.loads((folder / subdir / "repodata.json").read_text())
    return {**content["packages"], **content["packages.conda"]}


def toolkit(conda: Conda, prefix: Path) -> dict[str, Any]:
    (found,) = conda.cuda("list", prefix, "--json").json["toolkits"]
    return {key: value for key, value in found.items() if key not in ("origin", "root")}


def files_of(folder: Path) -> dict[str, str]:
    """What a mirror holds; a folder's mode says nothing."""
    return {name: kind for name, kind in listing(folder).items() if kind.startswith("file")}


def assert_refused(result: Result, message: str, code: int = 1) -> None:
    assert (result.code, "Traceback" in result.err) == (code, False), result.err
    assert message in " ".join(result.err.split()), result.err


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
            f"{folder} holds other things and is no conda channel, so nothing is mixed into them. "
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
                f"{folder} is no folder, so nothing can be mirrored to {place}.",
            )
        assert folder.read_text() == "mine"


class TestTheRequest:
    @pytest.mark.parametrize(
        ("words", "message", "code"),
        [
            ([], "mirror needs to know which release", 2),
            (["auto"], "mirror needs to know which release", 2),
            (["12.x"], "'12.x' is no CUDA version.", 2),
            (["/usr/local/cuda-12.4"], "What the source system has stays where it is", 2),
            (["12.4", "--from=environment"], "What the source environment has stays where", 2),
            (["12.4", "--from=moon"], "'moon' is no source of toolkits.", 2),
            (["12.4", "--platform=osx-64"], "CUDA ended on macOS with release 10.2", 1),
            (["12.7", "--from=pypi"], "There is no CUDA 12.7.", 1),
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

    def test_it_asks_before_it_downloads(self, conda: Conda, folder: Path) -> None:
        result = mirror(conda, folder, "12.4", "--from=pypi", check=False)
        assert_refused(result, "Nobody is there to answer the question")
        assert "  toolkit   CUDA 12.4.1 (runtime)\n" in result.out
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
