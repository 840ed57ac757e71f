"""Print the picture of the house: rooms, floors, files, lines, and imports inside functions.

With a commit, the same of that commit beside it: `make house REF=main~5`.
"""

from __future__ import annotations

import argparse
import ast
import io
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path, PurePosixPath

PROJECT = Path(__file__).resolve().parent.parent
PACKAGE = "conda_cuda_plugin"
LAYERS = "tests/house/test_layers.py"


@dataclass(frozen=True)
class File:
    """A Python file of the package.

    Args:
        room: its folder, from the package's; empty at the top.
        lines: how many it has.
        inner: how many of its import statements stand inside functions.
    """

    room: str
    lines: int
    inner: int


@dataclass(frozen=True)
class House:
    """The files of the package, and the number of rows in the table of layers."""

    files: tuple[File, ...]
    floors: int

    def rooms(self) -> dict[str, list[File]]:
        """The files of each folder."""
        ordered = sorted(self.files, key=lambda file: file.room)
        return {room: list(files) for room, files in groupby(ordered, lambda file: file.room)}

    def figures(self) -> dict[str, int]:
        """What the tests of the house limit, and the sums."""
        rooms = self.rooms()
        return {
            "rooms": len({room.partition("/")[0] for room in rooms if room}),
            "folders": len(rooms),
            "floors": self.floors,
            "files": len(self.files),
            "lines": sum(file.lines for file in self.files),
            "mean file": sum(file.lines for file in self.files) // len(self.files),
            "longest file": max(file.lines for file in self.files),
            "most files in a folder": max(map(len, rooms.values())),
            "files at the top": len(rooms.get("", ())),
            "imports inside functions": sum(file.inner for file in self.files),
        }


def inner_imports(tree: ast.Module) -> Iterator[ast.Import | ast.ImportFrom]:
    """The import statements inside functions, each once."""
    seen: set[ast.AST] = set()
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Import | ast.ImportFrom) and node not in seen:
                    seen.add(node)
                    yield node


def read(ref: str | None) -> House:
    """The house of a commit, or of the working tree."""
    texts = _of_commit(ref) if ref else _of_tree()
    files = []
    for name, text in sorted(texts.items()):
        path = PurePosixPath(name)
        if path.parts[0] == PACKAGE and path.suffix == ".py":
            room = "/".join(path.parts[1:-1])
            inner = len(list(inner_imports(ast.parse(text))))
            files.append(File(room, len(text.splitlines()), inner))
    return House(tuple(files), len(_layers(texts.get(LAYERS, ""))))


def _of_tree() -> dict[str, str]:
    paths = [PROJECT / LAYERS, *(PROJECT / PACKAGE).rglob("*.py")]
    return {
        path.relative_to(PROJECT).as_posix(): path.read_text(encoding="utf-8") for path in paths
    }


def _of_commit(ref: str) -> dict[str, str]:
    words = ["git", "archive", "--end-of-options", ref, PACKAGE, LAYERS]
    done = subprocess.run(words, cwd=PROJECT, stdout=subprocess.PIPE)
    if done.returncode:
        sys.exit(done.returncode)
    texts = {}
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        for member in archive:
            file = archive.extractfile(member) if member.name.endswith(".py") else None
            if file is not None:
                texts[member.name] = file.read().decode()
    return texts


def _layers(text: str) -> tuple[set[str], ...]:
    """The table of layers, the highest first, which is an assignment to `LAYERS`."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "LAYERS":
            found: tuple[set[str], ...] = ast.literal_eval(node.value)
            return found
    return ()


@cache
def floor(file: str) -> int:
    """The floor of a file, which is named from the package's folder; the lowest is 0."""
    rows = list(reversed(_layers((PROJECT / LAYERS).read_text(encoding="utf-8"))))
    if file == "plugin.py":
        return len(rows)
    return next((number for number, row in enumerate(rows) if file.partition("/")[0] in row), 0)


def totals(houses: Mapping[str, House]) -> str:
    """A column for each house."""
    columns = {name: house.figures() for name, house in houses.items()}
    lines = [f"{'':26}" + "".join(f"{name:>16}" for name in columns)]
    for what in next(iter(columns.values())):
        lines.append(f"{what:26}" + "".join(f"{column[what]:16,}" for column in columns.values()))
    return "\n".join(lines)


def by_room(house: House) -> str:
    """A row for each folder."""
    lines = [f"{'room':26}{'files':>8}{'lines':>8}{'mean':>8}{'longest':>9}{'inner':>8}"]
    for room, files in house.rooms().items():
        count = sum(file.lines for file in files)
        longest = max(file.lines for file in files)
        inner = sum(file.inner for file in files)
        lines.append(
            f"{room or 'at the top':26}{len(files):8}{count:8,}{count // len(files):8}"
            f"{longest:9}{inner:8}"
        )
    return "\n".join(lines)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ref", nargs="?", help="a commit to compare with")
    ref = parser.parse_args().ref
    houses = {ref[:15]: read(ref)} if ref else {}
    houses["working tree"] = read(None)
    parts = [totals(houses)]
    parts += [f"{name}\n{by_room(house)}" for name, house in houses.items()]
    print("\n\n".join(parts))


if __name__ == "__main__":
    main()
