"""Read the public facts in conda_cuda_plugin/data anew, and say what is different.

From the Python package index that pip is configured to use: releases.json, sizes.json,
addons.json, the new releases of frameworks.json, and what of it components.json does not know yet.
From pages that a maintainer has saved: redist.json, runfiles.json, the drivers of
compatibility.json, and the variants, cuDNN and GPUs of frameworks.json. The rest is written by
hand; each file says from which sources.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from conda_cuda_plugin.errors import CudaError
from conda_cuda_plugin.system.files import Inside

from . import frameworks, index, pages
from .documents import difference, rewrite, with_date

FRAMEWORKS = "frameworks.json"
DATA = Path(__file__).resolve().parent.parent / "conda_cuda_plugin" / "data"

# file: (how it is read, the source in it that says when it was read)
FROM_INDEX: dict[str, tuple[Callable[[dict[str, Any], index.Index], Any], str]] = {
    "releases.json": (index.releases, "releases"),
    "sizes.json": (index.sizes, "pypi"),
    "addons.json": (index.addons, "pypi"),
    "components.json": (index.unknown_components, "components"),
    FRAMEWORKS: (frameworks.on_index, "torch"),
}
# file: (how it is read, that source, what to save)
FROM_PAGE: dict[str, tuple[Callable[..., dict[str, Any]], str, str]] = {
    "redist.json": (pages.redist, "releases", "the listing of the folder that its `url` names"),
    "runfiles.json": (pages.runfiles, "sha256", "Spack's package.py of cuda"),
    "compatibility.json": (
        pages.drivers,
        "drivers",
        "the page of NVIDIA's toolkit release notes that has the drivers' table",
    ),
    FRAMEWORKS: (
        frameworks.on_page,
        "torch",
        "generate_binary_build_matrix.py or build_cuda.sh of PyTorch, .bazelrc of JAX, or "
        "build_info.py of TensorFlow, with its --release",
    ),
}
BY_HAND = ("gpus.json", "libraries.json", "messages.json", "tools.json")


def refresh(
    folder: Path, names: list[str], saved: dict[str, Path], *, again: list[str], write: bool,
    allow_loss: bool, release: str | None = None,
) -> int:  # fmt: skip
    """Read the files anew; print what is different.

    Args:
        folder: where the data files lie.
        names: those to read; all that can be, if none.
        saved: the page for each file that is read from one.
        again: known releases to look at again.
        write: keep what is new.
        allow_loss: keep it even where entries are lost.
        release: of the framework, for a page that does not name it.

    Returns:
        0; 1 when a file was not written because it would lose entries.
    """
    asked = names or [*FROM_INDEX, *(name for name in saved if name not in FROM_INDEX)]
    indexed = [name for name in asked if name in FROM_INDEX and name not in saved]
    seen = index.Index(again) if indexed else None
    refused = 0
    for name in asked:
        text = (folder / name).read_text(encoding="utf-8")
        before = json.loads(text)
        notes: list[str] = []
        if name in FROM_INDEX and name not in saved:
            assert seen is not None
            reader, source = FROM_INDEX[name]
            after, notes = reader(before, seen)
        else:
            from_page, source, _ = FROM_PAGE[name]
            page = saved[name].read_text(encoding="utf-8", errors="replace")
            after = from_page(before, page, *([release] if name == FRAMEWORKS else []))
        found = difference(before, after)
        print(f"{name}: {_count(found)}")
        for line in [*found.lines(), *(f"  ! {note}" for note in notes)]:
            print(line)
        if not found or not write:
            continue
        if found.lost and not allow_loss:
            print("  not written: it would lose entries; --allow-loss if that is right")
            refused = 1
            continue
        text = rewrite(text, before, with_date(after, source, date.today()))
        Inside(folder).write(Path(name), text.encode())
        print("  written")
    if not names:
        for name, (_, _, what) in FROM_PAGE.items():
            if name not in saved:
                print(f"{name}: not read; save {what}, then --page {name}=PAGE")
        print(f"{', '.join(BY_HAND)}: by hand, from the sources that they name")
    return refused


def _count(found: Any) -> str:
    parts = [("new", found.added), ("changed", found.changed), ("lost", found.lost)]
    return ", ".join(f"{len(lines)} {word}" for word, lines in parts if lines) or "no difference"


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="maintenance.refresh",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="FILE", help="only these data files")
    page, again = (
        "read a data file from a saved page",
        "look at a known release again, or all",
    )
    parser.add_argument("--page", action="append", default=[], metavar="FILE=PAGE", help=page)
    parser.add_argument("--again", action="append", default=[], metavar="VERSION", help=again)
    parser.add_argument("--release", metavar="VERSION", help="the release that a page is of")
    parser.add_argument("--write", action="store_true", help="write what is new")
    parser.add_argument("--allow-loss", action="store_true", help="write even if entries are lost")
    parser.add_argument("--data", type=Path, default=DATA, help="the folder with the data files")
    args = parser.parse_args()
    saved = {name: Path(page) for name, _, page in (text.partition("=") for text in args.page)}
    for name in args.names:
        if name not in FROM_INDEX and name not in saved:
            parser.error(f"{name} is not read from the index: --page {name}=PAGE, if at all")
    for name, path in saved.items():
        if name not in FROM_PAGE or not path.is_file():
            parser.error(f"--page {name}={path}: no such data file or page")
    try:
        return refresh(
            args.data, args.names, saved, again=args.again, write=args.write,
            allow_loss=args.allow_loss, release=args.release,
        )  # fmt: skip
    except (CudaError, pages.PageError, OSError) as error:
        print(f"maintenance.refresh: {getattr(error, 'message', error)}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
