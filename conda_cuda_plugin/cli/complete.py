"""What can stand where the cursor is: the program that every shell's completion calls.

    _CONDA_CUDA_TABLE=... python -I -S complete.py WORD ... UNFINISHED

The words are those behind `conda cuda`. It starts no conda and imports nothing of the plugin: what
never changes comes in the table that `conda cuda completion` wrote into the shell's script, the
rest is read from folder names. The rows of the table, with tabs between their cells:

    option  VERB  FLAG  KIND  HELP    KIND of its value: empty for none, KIND? where it is optional
    word    VERB  KIND                KIND of a word; KIND* of all that follow
    value   KIND  TEXT  HELP          a value that never changes
    place   NAME  PATH                where environments and packages lie

It prints `TEXT<tab>HELP` lines, and directives for the shell: `:files`, `:folders`, `:nospace`, and
`:command N` where the N-th word begins a command of its own.
"""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator

Rows = dict[tuple[str, str], list[list[str]]]
"""The further cells of the rows, by the first two."""


def read_table(text: str) -> Rows:
    """The rows of the table."""
    rows: Rows = defaultdict(list)
    for line in text.splitlines():
        kind, name, *cells = line.split("\t")
        rows[kind, name].append(cells)
    return rows


def complete(rows: Rows, words: list[str]) -> Iterator[str]:
    """The lines to print for the words behind `conda cuda`; the last one is unfinished."""
    *done, unfinished = words
    verb = next((word for word in done if not word.startswith("-")), "")
    options = {flag: (kind, about) for flag, kind, about in rows["option", verb]}
    kinds = [kind for (kind,) in rows["word", verb]]
    # How many words there are, the kind of the value that an option still needs, and whether `--`
    # has ended the options.
    count, pending, dashes = 0, "", False
    for word in done[done.index(verb) + 1 :] if verb else []:
        if dashes:
            count += 1
        elif word == "--":
            dashes, pending = True, ""
        elif pending and not (pending.endswith("?") and word.startswith("-")):
            pending = ""
        elif word.startswith("-") and len(word) > 1:
            pending = options.get(word, ("", ""))[0]
        else:
            count, pending = count + 1, ""
    flag, equals, begun = unfinished.partition("=")
    dashed = unfinished.startswith("-") and not dashes
    if "command*" in kinds and dashes:
        yield f":command {done.index('--') + 1}"
    elif pending and not (pending.endswith("?") and dashed):
        yield from _values(rows, pending, unfinished, done)
    elif dashed and equals:
        for line in _values(rows, options.get(flag, ("", ""))[0], begun, done):
            yield line if line.startswith(":") else f"{flag}={line}"
    elif dashed:
        yield from _fitting(([flag, about] for flag, (_, about) in options.items()), unfinished)
    else:
        if "command*" in kinds and not unfinished:
            yield "--\tthe command follows"
        if kinds and (count < len(kinds) or kinds[-1].endswith("*")):
            yield from _values(rows, kinds[min(count, len(kinds) - 1)], unfinished, done)


def _values(rows: Rows, kind: str, begun: str, done: list[str]) -> Iterator[str]:
    """Everything of a kind that begins as the word does."""
    kind = kind.rstrip("?*")
    found = list(rows["value", kind])
    if kind == "components":
        # A list: the last one is being typed.
        before, comma, begun = begun.rpartition(",")
        fitting = _fitting((row for row in found if row[0] not in before.split(",")), begun)
        yield from (f"{before}{comma}{line}" for line in fitting)
        yield ":nospace"
        return
    if kind in ("environment", "prefix"):
        for prefix, name in _environments(rows).items():
            text = prefix if kind == "prefix" else name
            found += [[text, ", ".join(_releases_in(prefix))]] if text else []
    elif kind in ("installed", "release"):
        found = _installed(rows, done) + found
    if kind == "release":
        found += _cached(rows)
    lines = list(_fitting(found, begun))
    yield from lines
    if lines and all(line.partition("\t")[0].endswith("=") for line in lines):
        yield ":nospace"
    if kind in ("file", "source"):
        yield ":files"
    # An installed toolkit is named by its folder.
    elif kind in ("folder", "prefix", "channel") or (
        kind == "release" and begun.startswith(("/", ".", "~"))
    ):
        yield ":folders"


def _fitting(rows: Iterable[list[str]], begun: str) -> Iterator[str]:
    seen = set()
    for text, about in rows:
        if text.startswith(begun) and text not in seen:
            seen.add(text)
            yield f"{text}\t{about}" if about else text


def _places(rows: Rows, name: str) -> list[str]:
    return [path for (path,) in rows["place", name]]


def _environments(rows: Rows) -> dict[str, str]:
    """The environments that conda has written down, and those in its folders, with their names."""
    named = os.environ.get("CONDA_ENVS_DIRS") or os.environ.get("CONDA_ENVS_PATH") or ""
    folders = [*filter(None, named.split(os.pathsep)), *_places(rows, "envs")]
    found = dict.fromkeys(_places(rows, "root"), "base")
    for folder in folders:
        found |= {os.path.join(folder, name): name for name in _names(folder)}
    for file in _places(rows, "environments"):
        try:
            with open(file, encoding="utf-8", errors="replace") as lines:
                for line in lines:
                    found.setdefault(line.strip(), "")
        except OSError:
            continue
    return {p: name for p, name in found.items() if os.path.isdir(os.path.join(p, "conda-meta"))}


def _installed(rows: Rows, done: list[str]) -> list[list[str]]:
    """The toolkits of the environment that the command is about."""
    prefix = os.environ.get("CONDA_PREFIX", "")
    for word, following in zip(done, [*done[1:], ""], strict=True):
        flag, equals, value = word.partition("=")
        value = value if equals else following
        if flag in ("-p", "--prefix"):
            prefix = os.path.expanduser(value)
        elif flag in ("-n", "--name"):
            prefix = next((p for p, name in _environments(rows).items() if name == value), "")
    try:
        current = os.path.basename(os.readlink(os.path.join(prefix, "cuda")))
    except OSError:
        current = ""
    return [
        [release, "installed, current" if current == f"cuda-{release}" else "installed"]
        for release in _releases_in(prefix)
    ]


def _releases_in(prefix: str) -> list[str]:
    """The toolkits of an environment, newest first."""
    found = [name[5:] for name in _names(prefix) if name.startswith("cuda-")]
    numbers = [text for text in found if text.replace(".", "", 1).isdigit()]
    return sorted(numbers, key=lambda text: [int(part) for part in text.split(".")], reverse=True)


def _cached(rows: Rows) -> list[list[str]]:
    """The releases in the package caches, which the table may not know."""
    found = []
    for cache in _places(rows, "pkgs"):
        try:
            with open(os.path.join(cache, "conda-cuda", "releases.json"), encoding="utf-8") as file:
                # Not at the top: only few key presses need it.
                import json

                found += [[str(release), "in the package cache"] for release in json.load(file)]
        except (OSError, ValueError):
            continue
    return found


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder or os.devnull))
    except OSError:
        return []


def main() -> None:
    """Print what fits."""
    rows = read_table(os.environ.get("_CONDA_CUDA_TABLE", ""))
    found = complete(rows, sys.argv[1:] or [""])
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    # A name that no terminal can show, or that steers it, cannot be typed either.
    sys.stdout.writelines(f"{one}\n" for one in found if one.replace("\t", "").isprintable())


if __name__ == "__main__":
    main()
