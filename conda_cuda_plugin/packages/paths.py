"""The paths that packages name, checked before conda follows them.

conda joins what stands in `files` and in `info/paths.json` to a folder and unlinks or links it
there, wherever it leads.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from conda.common.path import parse_entry_point_def
from conda.gateways.disk.read import read_package_metadata

from ..errors import CudaError
from ..system.operating_system import WINDOWS, is_link
from ..system.reading import read_json, read_text


def stays_below(path: object) -> bool:
    """Whether a path of a package, joined to a folder, is an entry below it by its letters."""
    if not isinstance(path, str) or "\0" in path or (WINDOWS and ("\\" in path or ":" in path)):
        return False
    # A toolkit has thousands of them, and few have a part that begins with a dot.
    parts = f"/{path}/"
    return "//" not in parts and not ("/." in parts and ("/./" in parts or "/../" in parts))


def check_linked(prefix: Path, records: Iterable[Any]) -> None:
    """Refuse to unlink packages whose records name what is not in their prefix.

    Args:
        prefix: where the user knows the packages to be linked.
        records: theirs, as conda reads them from `conda-meta`.

    Raises:
        CudaError: when one does.
    """
    for record in records:
        rows = getattr(record.get("paths_data"), "paths", None) or ()
        paths = sorted({*(record.files or ()), *(row.path for row in rows)}, key=str)
        wrong = [path for path in paths if not stays_below(path)]
        if "/" in record.fn or not stays_below(record.fn):
            wrong.append(record.fn)
        if wrong:
            where = prefix / "conda-meta"
            raise CudaError(
                f"The record of {record.name} {record.version} in {where} names '{wrong[0]}', "
                "which is not a path below the toolkit, so nothing was changed.",
                hints=[
                    "If you have not asked for that package, move its record away, then run the "
                    "command again.",
                    "Otherwise install the toolkit again: conda cuda remove, then conda cuda use.",
                ],
                path=str(where),
            )


def check_extracted(folder: Path) -> Any:
    """Refuse to link an extracted package that names what is not in its folder.

    Returns:
        What its `paths.json` says; None where it has none.

    Raises:
        CudaError: when it does, or does not say what it holds.
    """
    # conda looks at the older list only where the newer one is no file.
    listing = folder / "info" / "paths.json"
    listing = listing if listing.is_file() else folder / "info" / "files"
    content: Any = None
    try:
        if listing.name == "files":
            rows = [{"_path": line} for line in read_text(listing).splitlines() if line.strip()]
        else:
            content = read_json(listing)
            rows = content["paths"]
        paths = [(row["_path"], row.get("path_type") == "softlink") for row in rows]
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise _refused(folder, f"{listing} cannot be read") from error
    for path in [*(path for path, _ in paths), *_entry_points(folder)]:
        if not stays_below(path):
            raise _refused(folder, f"it names '{path}', which is not a path below a folder")
    links = set(_links(folder))
    if not links:
        return content
    for inside in links.intersection(_folders(path for path, _ in paths)):
        raise _refused(folder, f"'{inside}' is a link there, and a folder has to be")
    real = os.path.realpath(folder)
    for path, softlink in paths:
        if softlink or listing.name == "files" or path not in links:
            continue
        if os.path.commonpath([real, os.path.realpath(f"{folder}/{path}")]) != real:
            raise _refused(folder, f"'{path}' is a link there, out of the package")
    return content


def _links(folder: Path) -> Iterator[str]:
    """The links in a folder, as paths below it; no file is asked for alone."""
    pending = [""]
    while pending:
        inside = pending.pop()
        with os.scandir(folder / inside) as entries:
            for entry in entries:
                path = f"{inside}/{entry.name}" if inside else entry.name
                if is_link(Path(entry.path)) if WINDOWS else entry.is_symlink():
                    yield path
                elif entry.is_dir(follow_symlinks=False):
                    pending.append(path)


def _folders(paths: Iterable[str]) -> set[str]:
    """Every folder that some paths lie in."""
    found: set[str] = set()
    for path in paths:
        while (path := path.rpartition("/")[0]) and path not in found:
            found.add(path)
    return found


def _entry_points(folder: Path) -> list[str]:
    """The programs that conda makes for a package of Python's."""
    noarch = getattr(read_package_metadata(str(folder)), "noarch", None)
    return [parse_entry_point_def(one)[0] for one in getattr(noarch, "entry_points", None) or ()]


def _refused(folder: Path, why: str) -> CudaError:
    return CudaError(
        f"The package in {folder} is not linked: {why}.",
        hints=[f"Remove {folder} and run the command again, which extracts it again."],
        path=str(folder),
    )
