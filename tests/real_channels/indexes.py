"""The indexes of real channels, as folders that conda reads; and what their metapackages say."""

from __future__ import annotations

import json
import lzma
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

Row = dict[str, Any]
LISTS = ("cuda-libraries", "cuda-libraries-dev", "cuda-toolkit", "cuda-compiler", "cuda-tools")
LISTS += ("cuda-command-line-tools", "cuda-visual-tools", "cuda-runtime", "cuda")
LISTS += ("cuda-nsight-compute",)
SUBDIRS = ("linux-64", "linux-aarch64", "win-64")
CHANNELS = ("conda-forge", "nvidia", "nvidia/label/cuda-11.8.0")


@cache
def indexes() -> dict[str, dict[str, dict[str, Row]]]:
    """Channel, platform and file name to what the index says of the package."""
    packed = Path(__file__).with_name("indexes.json.xz").read_bytes()
    found: dict[str, dict[str, dict[str, Row]]] = json.loads(lzma.decompress(packed))
    return found


def write_channels(root: Path) -> None:
    """Make folders that conda takes for the channels."""
    for channel, platforms in indexes().items():
        for subdir, packages in platforms.items():
            folder = root / channel / subdir
            folder.mkdir(parents=True)
            content: dict[str, Any] = {"info": {"subdir": subdir}, "packages": {}}
            content["packages.conda"] = {}
            for name, row in packages.items():
                section = "packages.conda" if name.endswith(".conda") else "packages"
                sums = {"md5": "0" * 32, "sha256": "0" * 64, "subdir": subdir}
                content[section][name] = {**sums, **row}
            (folder / "repodata.json").write_text(json.dumps(content))


def rows(channel: str, subdir: str) -> Iterator[Row]:
    """The packages of a channel that a platform can have."""
    elsewhere = {"linux": "__win", "win": "__linux"}[subdir.partition("-")[0]]
    for folder in (subdir, "noarch"):
        for row in indexes()[channel].get(folder, {}).values():
            if elsewhere not in row["depends"]:
                yield row


@cache
def pins(channel: str, subdir: str) -> dict[str, dict[str, dict[str, str]]]:
    """Release, metapackage and package to the version that the metapackage asks for.

    `libcublas 12.9.1.4.*` as conda-forge writes it, `libcublas >=12.4.2.65` as NVIDIA does.
    """
    found: dict[str, dict[str, dict[str, str]]] = {}
    for row in rows(channel, subdir):
        if row["name"] in LISTS:
            wanted = found.setdefault(row["version"], {}).setdefault(row["name"], {})
            for text in row["depends"]:
                match = re.fullmatch(r"(\S+) (?:>=)?(\d+\.\d+\.[\d.]*\d)(?:\.\*)?", text)
                if match:
                    wanted[match[1]] = match[2]
    return found


def told(channel: str, subdir: str, release: str) -> dict[str, str]:
    """What all metapackages of a release on a channel say together."""
    return {
        name: version
        for wanted in pins(channel, subdir).get(release, {}).values()
        for name, version in wanted.items()
    }


def is_whole(channel: str, subdir: str, release: str, metapackage: str) -> bool:
    """Whether a metapackage and all that it lists are on the channel, and go together."""
    wanted = told(channel, subdir, release)
    there = {
        (row["name"], row["version"])
        for row in rows(channel, subdir)
        if all(_is_met(text, wanted) for text in row["depends"])
    }
    lists = pins(channel, subdir).get(release, {})
    if metapackage not in lists:
        return False
    return all(
        is_whole(channel, subdir, release, name) if name in LISTS else (name, version) in there
        for name, version in lists[metapackage].items()
    )


def _is_met(dependency: str, wanted: dict[str, str]) -> bool:
    """Whether a range lets the version in that belongs to the release."""
    match = re.fullmatch(r"(\S+) >=([\d.]+),<([\d.]+)a0", dependency)
    if match is None or match[1] not in wanted:
        return True
    first, have, last = (numbers(text) for text in (match[2], wanted[match[1]], match[3]))
    return first <= have < last


def numbers(version: str) -> tuple[int, ...]:
    """A version as numbers."""
    return tuple(map(int, version.split(".")))
