"""What is no file, or no manifest, where one of this machine is named: refused in words."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from conda_cuda_plugin.platforms import PLATFORMS
from conda_cuda_plugin.sources.redist.manifest import ManifestError, parse_manifest

from ..channel.package import CondaPackage, write_channel
from ..channel.test_answers import SUBDIR
from ..conftest import Conda
from ..fuzz.texts import nested
from ..sources.redist_server import MACHINE, small_release, write_release
from ..sources.wheelhouse import only_folder, only_index, write_index, write_releases
from .served import conda, refused, served

__all__ = ["conda", "served"]


@pytest.mark.parametrize("kind", ["pipe", "folder", "device"])
@pytest.mark.parametrize(
    "place", ["manifest", "archive", "wheel", "page", "channel", "package", "installer"]
)
def test_what_is_no_file(
    place: str, kind: str, conda: Conda, environment: Path, tmp_path: Path
) -> None:
    """Where a file of this machine is meant, nothing else is read, and nothing waited for."""
    redist, wheels, channel = tmp_path / "redist", tmp_path / "wheels", tmp_path / "channel"
    rows = write_release(redist, "12.4.1", small_release())
    write_releases(wheels)
    write_index(tmp_path / "simple", wheels)
    package = CondaPackage("cudatoolkit", "11.8.0", files={"lib/libcudart.so": b"cudart"})
    write_channel(channel, SUBDIR, [package])
    installer = tmp_path / "cuda_12.4.1_550.54.15_linux.run"
    installer.touch()
    path = {
        "manifest": redist / "redistrib_12.4.1.json",
        "archive": redist / rows["cuda_cudart"][MACHINE]["relative_path"],
        "wheel": next(wheels.glob("nvidia_cuda_runtime_cu12*")),
        "page": tmp_path / "simple" / "cuda-toolkit" / "index.html",
        "channel": channel / SUBDIR / "repodata.json",
        "package": next((channel / SUBDIR).glob("cudatoolkit*")),
        "installer": installer,
    }[place]
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero")
    words = {
        "manifest": ["12.4", "--from", str(redist)],
        "archive": ["12.4", "--flavor=base", "--from", redist.as_uri()],
        "channel": ["11.8", "--from", "channel", "-c", channel.as_uri()],
        "package": ["11.8", "--from", "channel", "-c", channel.as_uri()],
        "installer": ["--from", installer.as_uri(), "--sha256", "0" * 64],
    }.get(place, ["12.4", "--from", "pypi", "--flavor=base"])
    index = only_index((tmp_path / "simple").as_uri())
    refused(conda, environment, *words, **(only_folder(wheels) if place == "wheel" else index))


@settings(max_examples=300)
@example(where=("cuda_cudart", MACHINE, "relative_path"), value="x" * 5000)
@given(
    where=st.sampled_from(
        [(), ("cuda_cudart",), ("cuda_cudart", MACHINE), ("release_label",),
         ("cuda_cudart", "version")]
        + [("cuda_cudart", MACHINE, name) for name in ("relative_path", "sha256", "size", "md5")]
    ),
    value=nested,
)  # fmt: skip
def test_any_value_at_any_place_of_a_manifest(where: tuple[str, ...], value: Any) -> None:
    row = {"relative_path": "cuda_cudart/x.tar.xz", "sha256": "0" * 64, "size": "10"}
    content: Any = {
        "release_label": "12.4.1",
        "cuda_cudart": {"version": "12.4.127", MACHINE: row},
    }
    if where:
        inner = content
        for key in where[:-1]:
            inner = inner[key]
        inner[where[-1]] = value
    else:
        content = value
    platform = PLATFORMS[SUBDIR]
    try:
        manifest = parse_manifest(json.dumps(content, default=str).encode(), "x.json")
        for component in manifest.components(platform):
            manifest.archive(component, platform)
    except ManifestError as error:
        assert len(str(error)) < 300
