"""Packages that were unpacked into a cache, as the files in which they travel."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from conda_cuda_plugin.convert.conda_file import pack
from conda_cuda_plugin.convert.unpacked import is_as_unpacked

from ..listing import listing


def packed(unpacked: Path) -> Path:
    """The file of a package, in the place of its folder: what conda unpacks from it is the same."""
    from conda_package_streaming.extract import extract

    assert is_as_unpacked(unpacked)
    with tempfile.TemporaryDirectory() as name:
        file = pack(unpacked, Path(name))
        extract(file, Path(name) / "inside")
        assert listing(Path(name) / "inside") == listing(unpacked)
        shutil.rmtree(unpacked)
        return Path(shutil.move(file, unpacked.parent))
