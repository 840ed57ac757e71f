"""The packages that were made here: what a command that ends halfway leaves of them, and what
another package of the same name does to them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conda_cuda_plugin.errors import ForeignFileError
from conda_cuda_plugin.packages.local_channel import LocalChannel

FACTS = {"name": "one", "version": "1.0", "build": "0", "build_number": 0}


def add(channel: LocalChannel, sha256: str) -> Path:
    """Add a package that was made of a file with this hash."""
    package = channel.path / "scratch" / "one-1.0-0"
    (package / "info").mkdir(parents=True)
    (package / "content").write_text(sha256)
    record = channel.add(package, FACTS, {"file": "one.whl", "sha256": sha256})
    found = channel.unpacked(record)
    assert found is not None
    return found


@pytest.fixture
def channel(tmp_path: Path) -> LocalChannel:
    return LocalChannel(tmp_path / "conda-cuda", "linux-64")


def test_a_package_is_known_only_when_all_of_it_is_there(channel: LocalChannel) -> None:
    blocked = channel.folder / "repodata.json"
    blocked.mkdir(parents=True)
    with pytest.raises((OSError, ForeignFileError), match="repodata"):
        add(channel, "0" * 64)
    assert channel.record_named("one", "1.0") is channel.record_of("0" * 64) is None
    blocked.rmdir()
    (channel.path / "scratch" / "one-1.0-0").rename(channel.path.parent / "one-1.0-0")
    assert channel.record_named("one", "1.0") is channel.record_of("0" * 64) is None


def test_another_file_of_the_same_name_takes_the_place(channel: LocalChannel) -> None:
    for number in "01":
        folder = add(channel, number * 64)
        assert (folder / "content").read_text() == number * 64
    assert channel.record_of("0" * 64) is None
    assert channel.record_of("1" * 64) is not None


@pytest.mark.parametrize("what", ["taken away", "from a channel", "damaged"])
def test_what_is_there_no_longer_is_not_used(what: str, channel: LocalChannel) -> None:
    info = add(channel, "0" * 64) / "info" / "repodata_record.json"
    if what == "taken away":
        info.unlink()
    elif what == "from a channel":
        url = "https://conda.example/linux-64/one-1.0-0.conda"
        info.write_text(json.dumps({**json.loads(info.read_text()), "url": url}))
    else:
        info.write_text("[")
    assert channel.record_named("one", "1.0") is channel.record_of("0" * 64) is None
    # What it was made of is still known, so that toolkits that have it can be exported.
    assert channel.made_of("one-1.0-0.conda")["file"] == "one.whl"
