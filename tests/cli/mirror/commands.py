"""`conda cuda mirror`, and `use` of what it has made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ...conftest import Conda, Result
from ...listing import listing

PYPI = ("--from", "pypi", "--yes")
METAPACKAGE = "conda-cuda-toolkit"


def mirror(conda: Conda, to: Path, *words: str, **more: Any) -> Result:
    return conda("cuda", "mirror", *words, "--to", to, **more)


def use(conda: Conda, channel: Path | str, *words: str, name: str = "one", **more: Any) -> Result:
    prefix = conda.envs / name
    if not prefix.exists():
        conda.create(prefix)
    address = channel.as_uri() if isinstance(channel, Path) else channel
    return conda.cuda("use", prefix, *words, "-c", address, "--offline", "-y", **more)


def rows(folder: Path, subdir: str = "linux-64") -> dict[str, dict[str, Any]]:
    content = json.loads((folder / subdir / "repodata.json").read_text())
    return {**content["packages"], **content["packages.conda"]}


def toolkit(conda: Conda, prefix: Path) -> dict[str, Any]:
    (found,) = conda.cuda("list", prefix, "--json").json["toolkits"]
    return {key: value for key, value in found.items() if key not in ("origin", "root")}


def files_of(folder: Path) -> dict[str, str]:
    """What a mirror holds; a folder's mode says nothing."""
    return {name: kind for name, kind in listing(folder).items() if kind.startswith("file")}


def assert_refused(result: Result, message: str, code: int = 1) -> None:
    assert (result.code, "Traceback" in result.err) == (code, False), result.err
    assert message in " ".join(result.err.split()), result.err
