"""`apply` of what is no address, no such file, or no such toolkit: refused, and nothing changes."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from ..listing import listing
from .conftest import in_words
from .exact_files import Ask, ask, row, wheel, write_file

__all__ = ["ask", "wheel"]

RUNTIME = "nvidia-cuda-runtime-cu12-12.4.127-wheel_0"
CUDART = "cuda-cudart-12.4.127-0"

HOSTILE_ADDRESSES = (
    "http://h:99999/{name}", "http://h:/{name}", "http://h:x/{name}", "http://h:-1/{name}",
    "http://h:0/{name}", "http://[::1/{name}", "http://[zz]/{name}", "http://[]/{name}",
    "http:///{name}", "http://../{name}", "http://a..b/{name}", "http://.a/{name}",
    "http://%41/{name}", "http://h h/{name}", "http://h\u202e/{name}", "http://{long}/{name}",
    "http://u:p@h/{name}", "http://h/{name}?x", "http://h/../{name}", "http://h/%2e%2e/{name}",
    "ftp://h/{name}", "javascript:{name}", "data:,{name}", "{name}", "//h/{name}", "/{name}",
    "file://h/{name}", "file:{name}\\", "http://h\\@x/{name}", "ssh://h/{name}", "pip::{name}",
    "http://h/\u200b/{name}", "http://h/ /{name}", "HTTP ://h/{name}", "http://h/{name}/", "",
)  # fmt: skip


@pytest.mark.parametrize("kind", ["wheel", "conda", "archive"])
def test_an_address_that_is_none(
    kind: str, ask: Ask, environment: Path, wheel: Path, tmp_path: Path
) -> None:
    names = {"wheel": wheel.name, "conda": f"{CUDART}.conda", "archive": "cuda_cudart.tar.xz"}
    package = {
        "wheel": RUNTIME,
        "conda": CUDART,
        "archive": "cuda-redist-cudart-12.4.127-cuda12.4.1_0",
    }
    origin = {"wheel": "pypi", "conda": "channel", "archive": "redist"}[kind]
    before = listing(environment)
    for address in HOSTILE_ADDRESSES:
        url = address.format(name=names[kind], long="a" * 64)
        said = row(package[kind], wheel, "sha256") | {"url": url}
        file = write_file(tmp_path / "cuda.yaml", said, origin=origin)
        done = in_words(ask("apply", "-p", environment, file, "-y", "--force"))
        assert done.code == 1 and "toolkits[0].packages[0].url has no usable value" in done.err, url
    for channel in ("http://h:99999/c", "http://[::1/c", "x://", "http://h\u202e/c"):
        file = write_file(
            tmp_path / "cuda.yaml", row(RUNTIME, wheel, "sha256"), request={"channels": [channel]}
        )
        done = in_words(ask("apply", "-p", environment, file, "-y"))
        assert "request.channels[0] has no usable value" in done.err, channel
    assert listing(environment) == before


@pytest.mark.parametrize(
    ("place", "request_"),
    [
        ("a name in request.addons", {"addons": {"\u202e": "9"}}),
        ("request.addons.cudnn", {"addons": {"cudnn": "$(x)"}}),
        ("request.flavor", {"flavor": "x"}),
        ("request.source", {"source": "/etc/passwd"}),
    ],
)
def test_a_request_that_use_could_not_have_been_asked(
    place: str,
    request_: dict[str, Any],
    ask: Ask,
    environment: Path,
    wheel: Path,
    tmp_path: Path,
) -> None:
    before = listing(environment)
    file = write_file(tmp_path / "cuda.yaml", row(RUNTIME, wheel, "sha256"), request=request_)
    done = in_words(ask("apply", "-p", environment, file, "-y"))
    assert f"cannot be used: {place} " in done.err
    assert listing(environment) == before


REDIST = "cuda-redist-cudart-12.4.127-cuda12.4.1_0"
RUNFILE = "cuda-runfile-cudart-12.4.1-run_00000000"
FILES = (
    (RUNTIME, "nvidia_cuda_runtime_cu12-12.4.127-py3-none-any.whl", "pypi"),
    (RUNTIME, "x.whl", "pypi"),
    (RUNTIME, "x.txt", "pypi"),
    (CUDART, f"{CUDART}.conda", "channel"),
    (CUDART, f"{CUDART}.tar.bz2", "channel"),
    (CUDART, "x.tar.gz", "channel"),
    (REDIST, "cuda_cudart-12.4.127-archive.tar.xz", "redist"),
    (REDIST, "cuda_cudart-12.4.127-archive.zip", "redist"),
    (REDIST, "cuda_cudart.exe", "redist"),
    (REDIST.replace("12.4.1_", "X_"), "cuda_cudart-12.4.127-archive.zip", "redist"),
    (REDIST.replace("12.4.1_", "_"), "cuda_cudart-12.4.127-archive.zip", "redist"),
    (REDIST.replace("cuda12.4.1_", "wheel_"), "cuda_cudart.whl", "redist"),
    (REDIST, "cuda_12.4.1_550.54.15_linux.run", "redist"),
    (RUNFILE, "cuda_12.4.1_550.54.15_linux.run", "runfile"),
    (RUNFILE, "x.run", "runfile"),
    (RUNFILE, "x.txt", "runfile"),
)
JUNK = (b"", b"no such file", b"PK\x05\x06" + b"\0" * 18, b"BZh9junk")


@pytest.mark.parametrize("content", JUNK, ids=["empty", "text", "zip", "bz2"])
def test_a_file_that_is_none_of_its_kind(
    content: bytes, ask: Ask, own_cache: Path, environment: Path, tmp_path: Path
) -> None:
    (tmp_path / "files").mkdir()
    before = listing(environment)
    for package, name, origin in FILES:
        path = tmp_path / "files" / name
        path.write_bytes(content)
        for hashes in (("sha256",), ("md5",), ()):
            file = write_file(tmp_path / "cuda.yaml", row(package, path, *hashes), origin=origin)
            done = in_words(ask("apply", "-p", environment, file, "-y", "--force"))
            assert done.code == 1 and len(done.err.strip().splitlines()) < 6, done.err
            assert listing(environment) == before
            # What is no package would stand in the way of every later conda.
            assert not list(own_cache.glob(f"{CUDART}*")), (name, hashes)


@pytest.mark.parametrize(
    "toolkit",
    [
        {"version": "11.8.0"}, {"version": "12.3.2"}, {"version": "12.4.0"}, {"version": "12.9"},
        {"version": "13.0.2"}, {"flavor": "devel"}, {"flavor": "runtime"}, {"components": ["nvcc"]},
        {"components": ["\u202ecvvn"]}, {"origin": "channel", "version": "12.5.1"},
        {"origin": "system"}, {"origin": "environment", "version": "11.8.0"},
    ],
    ids=str,
)  # fmt: skip
def test_a_toolkit_that_its_packages_are_not(
    toolkit: dict[str, Any], ask: Ask, environment: Path, wheel: Path, tmp_path: Path
) -> None:
    file = write_file(tmp_path / "cuda.yaml", row(RUNTIME, wheel, "sha256"), **toolkit)
    for words in (("--dry-run",), ("-y", "--force"), ("--json", "-y")):
        done = in_words(ask("apply", "-p", environment, file, *words))
        assert done.code == 1 and not (environment / "cuda").exists()
        if "--json" in words:
            assert json.loads(done.out)["error"]
        else:
            assert f"{file} " in done.err, done.err
    assert not os.path.lexists(environment / "cuda")
