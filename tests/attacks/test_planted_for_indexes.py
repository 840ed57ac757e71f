"""What an index names, and what others put into the cache for the client, leads nowhere else."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from conda_cuda_plugin.platforms import PLATFORMS
from conda_cuda_plugin.sources.pypi.pages import IndexFile, candidates, read_page

from ..conftest import Conda
from ..listing import listing
from ..sources.index.server import Index, serve_index
from ..sources.wheelhouse import only_index, write_releases
from .conftest import in_words

JSON, HTML = "application/vnd.pypi.simple.v1+json", "text/html"
PAGE = "https://index.example/simple/a/"
USE = ("12.4", "--from=pypi", "--flavor=base", "-y")
OPENED = ["<a ", "<a href='", '<a x="', "<!", "<!--", "</", "<![CDATA[", "<script></s", "<a/"]


@pytest.mark.parametrize("opened", OPENED)
@pytest.mark.parametrize("end", ["", ">"])
def test_a_page_of_tags_without_end_is_read_at_once(opened: str, end: str) -> None:
    """Of a page like that, html.parser once took 90 seconds for every 60 kB."""
    row = '<a href="a-1-py3-none-any.whl">a</a>'
    (found,) = read_page(HTML, row + opened * 20_000 + end, PAGE)[:1]
    assert found.filename == "a-1-py3-none-any.whl"


@pytest.mark.parametrize(
    "name", ["..%2F..%2Fa-1-py3-none-any.whl", "%2E%2E", "..", "a%5Cb-1-py3-none-any.whl", "%00"]
)
def test_the_name_of_a_file_leads_nowhere(name: str) -> None:
    good = "a-1-py3-none-any.whl"
    rows = [{"filename": good, "url": f"/files/{one}"} for one in (good, name)]
    page = json.dumps({"meta": {"api-version": "1.0"}, "files": rows})
    assert [one.url.rpartition("/")[2] for one in read_page(JSON, page, PAGE)] == [good]
    links = "".join(f'<a href="{row["url"]}">{good}</a>' for row in rows)
    assert [one.filename for one in read_page(HTML, links, PAGE)] == [good]


def test_a_name_does_not_stand_for_tags_without_end() -> None:
    many = ".".join(["a"] * 500)
    names = [f"a-1-{many}-{many}-{many}.whl", "a-1-py2.py3-none-any.whl"]
    files = [IndexFile(name, f"{PAGE}{name}") for name in names]
    (found,) = candidates("a", files, PLATFORMS["linux-64"])
    assert found.file.filename == names[1]


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    wheels = write_releases(tmp_path / "wheels", "12.4.1", filler=300_000)
    with serve_index(Index(wheels, headers={"Cache-Control": "max-age=600"})) as running:
        yield running


def test_pages_that_others_may_write_are_asked_for_again(
    conda: Conda, own_cache: Path, environment: Path, index: Index
) -> None:
    conda.cuda("use", environment, *USE, **only_index(index.address))
    kept = sorted(own_cache.glob("cache/conda-cuda/*.json"))
    assert kept
    for path in kept:
        page = json.loads(path.read_text())
        page["body"] = re.sub(r"\b[0-9a-f]{64}\b", "0" * 64, page["body"])
        path.write_text(json.dumps(page))
        path.chmod(0o666)
    other = conda.create(conda.envs / "other")
    in_words(conda.cuda("use", other, *USE, **only_index(index.address)))
    assert listing(other / "cuda" / "lib") == listing(environment / "cuda" / "lib")


def test_a_part_that_others_may_write_is_not_gone_on_with(
    conda: Conda, own_cache: Path, environment: Path, index: Index
) -> None:
    index.shares = [0.6] * 50
    words = ("use", environment, *USE)
    variables = {**only_index(index.address), "PIP_RETRIES": "0"}
    in_words(conda.cuda(*words, check=False, **variables))
    (part,) = own_cache.glob("conda-cuda/downloads/*")
    part.chmod(0o666)
    index.shares = []
    index.asked.clear()
    conda.cuda(*words, **variables)
    (asked,) = (row for row in index.asked if "cuda_runtime" in row and "from" in row)
    assert asked.endswith("200 from 0")


@pytest.mark.parametrize("what", ["dangling", "link", "folder", "pipe"])
@pytest.mark.parametrize("own", [True, False], ids=["of-a-wheel", "of-nobody"])
def test_what_lies_in_the_place_of_a_part_stands_in_no_way(
    own: bool, what: str, conda: Conda, own_cache: Path, environment: Path, index: Index
) -> None:
    (wheel,) = index.wheels.glob("nvidia_cuda_runtime*")
    sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
    name = f"{sha256}-nvidia-cuda-runtime-cu12" if own else "x"
    part = own_cache / "conda-cuda" / "downloads" / f"{name}.part"
    part.parent.mkdir(parents=True)
    other = own_cache.parent / "other"
    other.write_bytes(b"mine")
    if what == "folder":
        (part / "inside").mkdir(parents=True)
    elif what == "pipe":
        os.mkfifo(part)
    else:
        part.symlink_to(other if what == "link" else other.with_name("nowhere"))
    with contextlib.suppress(NotImplementedError):
        os.utime(part, (0, 0), follow_symlinks=False)
    in_words(conda.cuda("use", environment, *USE, **only_index(index.address)))
    assert (environment / "cuda/lib/libcudart.so.12").is_file()
    assert other.read_bytes() == b"mine"
    assert not other.with_name("nowhere").exists()
    assert list(part.parent.iterdir()) == []
