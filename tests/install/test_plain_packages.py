"""Packages linked without conda's transaction lie and are recorded as if by it.

conda itself is asked for the same packages: with `extra_safety_checks` it links every one.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.channel.package import PLACEHOLDER, CondaPackage, write_channel
from tests.conftest import Conda

LINK = """
import json, sys
from pathlib import Path
from conda.base.context import context, reset_context
reset_context()
context._set_argparse_args({"quiet": True})
from conda_cuda_plugin.system.conda_compat import settings
from conda_cuda_plugin.packages.cache import fetch_packages, link_packages
from conda_cuda_plugin.packages.paths import check_extracted
from conda_cuda_plugin.packages.plain_link import link_plain_packages
from conda.core.package_cache_data import PackageCacheData
target, names, *urls = sys.argv[1:]
records = fetch_packages([(url, {}) for url in urls])
for who in ("ours", "conda"):
    with settings(extra_safety_checks=who == "conda"):
        link_packages(Path(target, who), records, names.split(), Path(target, "final"))
alone = Path(target, "alone", "conda-meta")
alone.mkdir(parents=True)
(alone / "history").touch()
folders = [PackageCacheData.get_entry_to_link(one).extracted_package_dir for one in records]
listings = {folder: check_extracted(Path(folder)) for folder in folders}
left = link_plain_packages(alone.parent, records, names.split(), listings)
print(json.dumps(sorted({record.name for record in records} - {record.name for record in left})))
"""


@dataclass(frozen=True)
class OddPackage(CondaPackage):
    """A package with more to it.

    Args:
        rows: what paths.json says besides, by path; None takes a key away.
        info: more files in `info`.
        listed: whether there is a paths.json at all.
    """

    rows: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    info: Mapping[str, bytes] = field(default_factory=dict)
    listed: bool = True

    def _fill(self, tar: tarfile.TarFile, subdir: str) -> None:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as plain:
            super()._fill(plain, subdir)
        buffer.seek(0)
        with tarfile.open(fileobj=buffer) as plain:
            for entry in plain.getmembers():
                content = plain.extractfile(entry) if entry.isfile() else None
                data = content.read() if content else b""
                if entry.name == "info/paths.json":
                    if not self.listed:
                        continue
                    data = self._paths(data)
                _add(tar, entry, data)
        for name, data in self.info.items():
            _add(tar, tarfile.TarInfo(f"info/{name}"), data)

    def _paths(self, data: bytes) -> bytes:
        document = json.loads(data)
        for row in document["paths"]:
            row |= self.rows.get(row["_path"], {})
            for key in [key for key, value in row.items() if value is None]:
                del row[key]
        return json.dumps(document).encode()


def _add(tar: tarfile.TarFile, entry: tarfile.TarInfo, data: bytes) -> None:
    entry.size = len(data)
    tar.addfile(entry, io.BytesIO(data) if entry.isfile() else None)


def package(name: str, **more: Any) -> OddPackage:
    return OddPackage(name, "1.0", files={f"include/{name}.h": name.encode()}, **more)


PLAIN = {
    "plain": replace(
        package("plain"),
        files={
            "bin/tool": b"#!/bin/sh\n",
            "include/plain/deep/er/a b.h": b"x" * 9000,
            "include/empty.h": b"",
            "lib/libü.so.1.2": b"\x7fELF",
        },
        links={
            "lib/libü.so.1": "libü.so.1.2",
            "lib/dangling.so": "nowhere",
            "lib64": "lib",
            "include/up": "../lib/libü.so.1",
        },
    ),
    "list": CondaPackage("list", "1.0", noarch=True),
    "generic": package(
        "generic",
        noarch=True,
        info={"link.json": b'{"noarch": {"type": "generic"}, "package_metadata_version": 1}'},
    ),
    "old": package("old", old=True),
}
ODD = {
    "prefix": replace(package("prefix"), files={"lib/x.pc": f"prefix={PLACEHOLDER}\n".encode()}),
    "copied": package("copied", rows={"include/copied.h": {"no_link": True}}),
    "unhashed": package("unhashed", rows={"include/unhashed.h": {"sha256": None}}),
    "unlisted": package("unlisted", listed=False),
    "scripted": replace(
        package("scripted"),
        files={"bin/.scripted-post-link.sh": b'#!/bin/sh\n: >"$PREFIX/made"\n', "share/s": b"s"},
    ),
}
DOUBTFUL = {
    # conda warns, and links what is there.
    "resized": package("resized", rows={"include/resized.h": {"size_in_bytes": 1}}),
    "absolute": replace(package("absolute"), links={"share/absolute": "/etc/hostname"}),
    "shared": replace(package("shared"), files={"include/plain.h": b"shared"}),
}
ALL = {
    **PLAIN,
    **ODD,
    **DOUBTFUL,
    "other": replace(package("other"), files={"include/Plain.h": b"o", "include/plain.h": b"o"}),
}


@pytest.fixture(scope="module")
def channel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plain") / "channel"
    return write_channel(folder, "linux-64", ALL.values())


def link(conda: Conda, channel: Path, target: Path, names: list[str]) -> set[str]:
    """Link packages into `target/ours` and, by conda alone, into `target/conda`.

    Returns:
        The names of those that go past conda.
    """
    urls = []
    for name in names:
        (path,) = channel.glob(f"*/{name}-1.0-0.*")
        urls.append(path.as_uri())
    done = subprocess.run(
        [conda.exe.parent / "python", "-c", LINK, target, " ".join(names), *urls],
        env=conda.environ(CONDA_SUBDIR="linux-64"), capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return set(json.loads(done.stdout))


def tree(prefix: Path, cache: Path) -> dict[str, Any]:
    """Everything in a prefix, as far as it can be told."""
    cached = {
        (found.st_dev, found.st_ino)
        for path in cache.rglob("*")
        if not path.is_symlink() and path.is_file()
        for found in [path.stat()]
    }
    found: dict[str, Any] = {}
    for path in sorted(prefix.rglob("*")):
        name, facts = str(path.relative_to(prefix)), path.lstat()
        if path.is_symlink():
            found[name] = os.readlink(path)
        elif path.is_dir():
            found[name] = "folder"
        elif name == "conda-meta/history":
            found[name] = path.read_text().splitlines()[1:]
        elif path.parent.name == "conda-meta":
            found[name] = json.loads(path.read_text())
        else:
            linked = (facts.st_dev, facts.st_ino) in cached
            found[name] = (path.read_bytes(), oct(facts.st_mode), linked)
    return found


@given(names=st.lists(st.sampled_from(sorted(ALL)), min_size=1, max_size=5, unique=True))
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_they_lie_and_are_recorded_as_by_conda(
    names: list[str], conda: Conda, channel: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    target = tmp_path_factory.mktemp("linked")
    link(conda, channel, target, names)
    ours, theirs = (tree(target / who, conda.pkgs) for who in ("ours", "conda"))
    assert ours == theirs


@pytest.mark.parametrize(
    ("names", "ours"),
    [
        (list(PLAIN), set(PLAIN)),
        ([*PLAIN, *ODD], set(PLAIN)),
        (["plain", "resized"], set()),
        (["plain", "absolute"], set()),
        (["shared", "other"], set()),
    ],
    ids=["plain", "odd", "size", "absolute", "shared"],
)
def test_only_plain_ones_go_past_conda(
    names: list[str], ours: set[str], conda: Conda, channel: Path, tmp_path: Path
) -> None:
    assert link(conda, channel, tmp_path, names) == ours
    assert tree(tmp_path / "ours", conda.pkgs) == tree(tmp_path / "conda", conda.pkgs)
