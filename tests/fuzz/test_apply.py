"""Any change to a real exported file: a sentence, or what every hash says, and nothing else."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume
from hypothesis import strategies as st

from conda_cuda_plugin.lockfile.agree import disagreement
from conda_cuda_plugin.lockfile.check import parse
from conda_cuda_plugin.lockfile.cuda_file import CudaFileError, new_text
from conda_cuda_plugin.system.yaml_text import load

from ..attacks.exact_files import Ask, asking
from ..attacks.test_apply_refused import HOSTILE_ADDRESSES
from ..cli.conftest import cli_cache, conda, template, two, wheelhouse
from ..conftest import Conda, Result
from ..sources.wheelhouse import COMPONENTS, write_wheel
from .test_parsers import fuzz
from .texts import nested, texts

__all__ = ["cli_cache", "conda", "template", "two", "wheelhouse"]

NAME = "nvidia_cuda_runtime_cu12-12.4.127-py3-none-manylinux2014_x86_64.whl"
KEYS = (
    "version", "origin", "flavor", "components", "specs", "location", "packages", "name", "build",
    "url", "file", "sha256", "md5", "request", "channels", "addons", "pin", "current", "platform",
    "not-promised",
)  # fmt: skip
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "version": st.sampled_from(["12.4.1", "12.4", "11.8.0", "13.0.2", "12.4.127", "999.9", "12"]),
    "origin": st.sampled_from(["channel", "pypi", "redist", "runfile", "system", "environment"]),
    "flavor": st.sampled_from(["base", "runtime", "devel", "none"]),
    "components": st.lists(st.sampled_from(["cudart", "nvcc", "cublas", "x"]), max_size=2),
    "build": st.sampled_from(["wheel_0", "cuda12.4.1_0", "cudaX_0", "0", "run_00000000"]),
    "url": st.sampled_from(HOSTILE_ADDRESSES).map(lambda text: text.format(name=NAME, long="a" * 64)),
    "sha256": st.sampled_from(["0" * 64, "x"]),
    "md5": st.just("0" * 32),
    "file": st.sampled_from([NAME, "x.conda", "cuda_12.4.1_550.54.15_linux.run", "x.tar.xz"]),
    "location": st.sampled_from(["/tmp", "/", ".", "/usr/local/cuda\u202e"]),
}  # fmt: skip


def places(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where in a document something stands."""
    if isinstance(value, dict):
        inside = list(value.items())
    else:
        inside = list(enumerate(value)) if isinstance(value, list) else []
    for key, item in inside:
        yield (*before, key)
        yield from places(item, (*before, key))


@st.composite
def changed(
    draw: Any, content: Mapping[str, Any], urls: Sequence[str] = (), sums: Mapping[str, str] = {}
) -> dict[str, Any]:
    """A document in which up to three things are others, dropped or new.

    Args:
        draw: hypothesis's.
        content: the document.
        urls: addresses that its packages may get.
        sums: true hashes that they may get.
    """
    found: dict[str, Any] = copy.deepcopy(dict(content))
    for _ in range(draw(st.integers(1, 3))):
        there = sorted(places(found), key=str)
        packages = [place for place in there if "packages" in place] or there
        *above, key = draw(st.sampled_from(packages if draw(st.booleans()) else there))
        holder: Any = found
        for one in above:
            holder = holder[one]
        kind = draw(st.sampled_from(["drop", "junk", "value", "value", "new", "urls"]))
        if kind == "new" and isinstance(holder, dict):
            key = draw(st.sampled_from(KEYS))
        elif kind == "urls" and isinstance(holder, dict) and "url" in holder:
            key = "url"
        if kind == "drop":
            del holder[key]
        elif kind == "urls" and key == "url" and urls:
            holder[key] = draw(st.sampled_from(urls))
        elif key in sums and draw(st.booleans()):
            holder[key] = sums[key]
        elif kind == "junk" or key not in VALUES:
            holder[key] = draw(texts | nested)
        else:
            holder[key] = draw(VALUES[key])
    return found


@pytest.fixture
def exported(conda: Conda, two: Path) -> dict[str, Any]:
    """What is in an environment with wheels of two releases."""
    content = load(conda.cuda("export", two, "--all").out)
    assert isinstance(content, dict) and content.pop("digest")
    return content


def written(path: Path, content: Mapping[str, Any]) -> str:
    text = new_text(content)
    try:
        path.write_bytes(text.encode())
    except UnicodeEncodeError:
        assume(False)
    return text


def test_any_content_is_read_or_refused(exported: dict[str, Any], tmp_path: Path) -> None:
    def check(content: dict[str, Any]) -> None:
        text = written(tmp_path / "cuda.yaml", content)
        try:
            file = parse(text, "cuda.yaml")
        except CudaFileError as error:
            assert error.message.strip() and str(error).replace("\n", "").isprintable()
            return
        for toolkit in file.toolkits:
            assert disagreement(toolkit) is None or toolkit.packages or toolkit.components
            for package in toolkit.packages:
                assert package.address is None or package.address.isascii()

    fuzz(changed(exported), 250, check)


def test_any_content_installs_what_hashes_say(
    exported: dict[str, Any], conda: Conda, wheelhouse: Path, environment: Path, tmp_path: Path
) -> None:
    del exported["toolkits"][0]
    (tmp_path / "other").mkdir()
    files = COMPONENTS["nvidia-cuda-runtime-cu12", "12.4.127"] | {"nvidia/cuda_runtime/lib/x": b""}
    other = write_wheel(tmp_path / "other", "nvidia-cuda-runtime-cu12", "12.4.127", files)
    (wheel,) = wheelhouse.glob("nvidia_cuda_runtime_cu12-*")
    assert wheel.name == NAME
    sums = {kind: hashlib.new(kind, wheel.read_bytes()).hexdigest() for kind in ("sha256", "md5")}
    urls = [
        wheel.as_uri(),
        other.as_uri(),
        (tmp_path / NAME).as_uri(),
        "http://127.0.0.1:9/" + NAME,
    ]
    file = tmp_path / "cuda.yaml"

    def holds(row: Any) -> bool:
        """Whether the hashes of a package say what the index has; independent of the code."""
        given = {kind: row[kind] for kind in sums if kind in row}
        return bool(given) and all(sums[kind] == value for kind, value in given.items())

    def calm(done: Result) -> None:
        assert done.code in (0, 1, 2, 3) and "Traceback" not in done.out + done.err, done.err
        assert "unexpected error" not in done.err, done.err
        assert all(line.isprintable() for line in (done.out + done.err).split("\n")), done
        assert done.code == 0 or (done.out + done.err).strip()

    def check(ask: Ask, content: dict[str, Any], words: list[str]) -> None:
        written(file, content)
        calm(ask("apply", file, "-p", environment, "--dry-run"))
        assert not list(environment.glob("cuda*"))
        done = ask("apply", file, "-p", environment, *words)
        calm(done)
        installed = list(environment.glob("cuda-*"))
        rows = (
            [row for toolkit in content["toolkits"] for row in toolkit.get("packages", [])]
            if (installed)
            else []
        )
        if installed:
            assert done.code == 0
            adopted = content["toolkits"][0]["origin"] in ("system", "environment")
            assert "--force" in words or adopted or all(map(holds, rows)), (content, done)
            ask("remove", "-p", environment, "--all", "-y")
        if "exactly what" in done.out:
            assert rows and all(holds(row) and "sha256" in row for row in rows), content

    conda.empty_cache(tmp_path / "pkgs")
    ask = asking(conda, CONDA_OVERRIDE_CUDA="13.0", CONDA_REMOTE_MAX_RETRIES="0")
    cases = st.tuples(
        changed(exported, urls, sums),
        st.sampled_from([["-y"], ["-y"], ["-y", "--force"], ["--json"]]),
    )
    fuzz(cases, 40, lambda case: check(ask, *case), most=2000)
