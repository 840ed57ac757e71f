"""`conda cuda use` with add-ons from channels, and what it has made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

NOBODY = "http://127.0.0.1:9/channel"
"""An address at which nothing answers."""
CUDNN = {"cudnn", "libcudnn", "libcudnn-dev"}


def use(conda: Any, prefix: Path, *words: str, **extra: str) -> Any:
    """`conda cuda use`; its document."""
    return conda.cuda("use", prefix, *words, "-y", "--json", **extra).json


def listed(conda: Any, prefix: Path) -> Any:
    """The one toolkit that `list` shows."""
    (toolkit,) = conda.cuda("list", prefix, "--json").json["toolkits"]
    return toolkit


def package_names(toolkit: Any) -> dict[str, str]:
    """Package to version, of a toolkit as `--json` shows it."""
    return dict(package.rsplit("-", 2)[:2] for package in toolkit["packages"])


def inodes(root: Path) -> dict[str, int]:
    """The files of a root that packages own, by path: their inodes."""
    owned = {
        path: record.name.rsplit("-", 2)[0]
        for record in (root / "conda-meta").glob("*.json")
        for path in json.loads(record.read_text())["files"]
    }
    return {
        path: (root / path).lstat().st_ino
        for path, package in owned.items()
        if package not in CUDNN | {"nccl"} and not (root / path).is_symlink()
    }
