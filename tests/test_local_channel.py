"""The local channel: what a command that ends halfway leaves in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from conda_cuda_plugin.errors import ForeignFileError
from conda_cuda_plugin.local_channel import LocalChannel


def test_a_package_has_its_row_only_when_nothing_is_left_to_write(tmp_path: Path) -> None:
    """With its row it is not made again, so nobody would come by to put the rest right."""
    channel = LocalChannel(tmp_path / "conda-cuda", "linux-64")
    channel.folder.mkdir(parents=True)
    facts = {"name": "one", "version": "1.0", "build": "0", "build_number": 0}
    made_of = {"file": "one.whl", "sha256": "0" * 64}
    blocked = channel.path / "noarch"
    blocked.write_text("a file where a folder has to be")
    for blocks in (True, False):
        package = tmp_path / "one-1.0-0.conda"
        package.write_bytes(b"content")
        if blocks:
            with pytest.raises((OSError, ForeignFileError), match="noarch"):
                channel.add(package, facts, made_of, to_cache=False)
            blocked.unlink()
        else:
            channel.add(package, facts, made_of, to_cache=False)
        assert (channel.record_named("one", "1.0") is None) is blocks
