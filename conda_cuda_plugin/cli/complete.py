"""What can stand where the cursor is: the program that the completion of every shell calls.

    _CONDA_CUDA_TABLE=... python -I -S complete.py WORD ... UNFINISHED

The words are those behind `conda cuda`. It starts no conda and imports nothing of the plugin: what
never changes comes in the table that `conda cuda completion` wrote into the shell's script, the
rest is read from folder names. Rows of the table, their fields separated by tabs:

    verb    NAME  HELP
    option  VERB  FLAG  KIND  HELP       KIND of its value: empty for none, KIND? where it may lack
    word    VERB  KIND                   KIND of a word of it; KIND* of all that follow
    value   KIND  TEXT  HELP             a value that never changes
    place   NAME  PATH                   where environments and packages lie

It prints `TEXT<tab>HELP` lines, and directives for the shell: `:files`, `:folders`, `:nospace`, and
`:command N` where the N-th word begins a command of its own.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

Rows = dict[str, list[list[str]]]


def read_table(text: str) -> Rows:
    """The rows by their first field."""
    rows: Rows = {}
    for line in text.splitlines():
        name, *cells = line.split("\t")
        rows.setdefault(name, []).append([*cells, "", "", "", ""])
    return rows


def complete(rows: Rows, words: list[str]) -> Iterator[str]:
    """The lines to print.

    Args:
        rows: the table.
        words: what follows `conda cuda`, the unfinished word last; it may be empty.
    """
    *done, unfinished = words
    verb = next((word for word in done if not word.startswith("-")), None)
    if verb is None:
        values = rows.get("verb", []) if not unfinished.startswith("-") else []
        yield from _fitting(values, unfinished)
        yield from _options(rows, "", unfinished)
        return
    options = {row[1]: row[2] for row in rows.get("option", []) if row[0] == verb}
    kinds = [row[1] for row in rows.get("word", []) if row[0] == verb]
    count, pending, dashes = _read(options, done[done.index(verb) + 1 :])
    if "command*" in kinds and dashes:
        yield f":command {done.index('--') + 1}"
        return
    flag, equals, begun = unfinished.partition("=")
    if pending and not (pending.endswith("?") and unfinished.startswith("-")):
        yield from _values(rows, pending.rstrip("?"), unfinished, done)
        return
    if unfinished.startswith("-") and not dashes:
        if equals and options.get(flag):
            for line in _values(rows, options[flag].rstrip("?"), begun, done):
                yield line if line.startswith(":") else f"{flag}={line}"
        else:
            yield from _options(rows, verb, unfinished)
        return
    if "command*" in kinds and not unfinished:
        yield "--\tthe command follows"
    if kinds and (count < len(kinds) or kinds[-1].endswith("*")):
        kind = kinds[min(count, len(kinds) - 1)].rstrip("*")
        yield from _values(rows, kind, unfinished, done)


def _read(options: dict[str, str], words: list[str]) -> tuple[int, str, bool]:
    """What has been typed behind the verb.

    Returns:
        The number of words, the kind of the value that an option still needs, and whether `--`
        has ended the options.
    """
    count, pending = 0, ""
    for number, word in enumerate(words):
        if word == "--":
            return count + len(words) - number - 1, "", True
        if pending and not (pending.endswith("?") and word.startswith("-")):
            pending = ""
        elif word.startswith("-") and len(word) > 1:
            pending = options.get(word, "")
        else:
            count, pending = count + 1, ""
    return count, pending, False


def _options(rows: Rows, verb: str, unfinished: str) -> Iterator[str]:
    if unfinished.startswith("-"):
        found = [[row[1], row[3]] for row in rows.get("option", []) if row[0] == verb]
        yield from _fitting(found, unfinished)


def _values(rows: Rows, kind: str, unfinished: str, done: list[str]) -> Iterator[str]:
    """Everything of a kind that begins as the word does."""
    if kind == "components":
        # A list: the last one is being typed.
        before, comma, unfinished = unfinished.rpartition(",")
        taken = before.split(",")
        known = [row for row in _fixed(rows, kind) if row[0] not in taken]
        for line in _fitting(known, unfinished):
            yield f"{before}{comma}{line}"
        yield ":nospace"
        return
    found = _fixed(rows, kind)
    if kind in ("environment", "prefix"):
        found += _environments(rows, paths=kind == "prefix")
    elif kind in ("installed", "release"):
        found = _installed(rows, done) + found
    if kind == "release":
        found += _converted(rows)
        if unfinished[:1] in ("/", ".", "~"):
            # An installed toolkit is named by its folder.
            yield ":folders"
    lines = list(_fitting(found, unfinished))
    yield from lines
    if lines and all(line.partition("\t")[0].endswith("=") for line in lines):
        yield ":nospace"
    if kind in ("file", "source"):
        yield ":files"
    elif kind in ("folder", "prefix", "channel"):
        yield ":folders"


def _fixed(rows: Rows, kind: str) -> list[list[str]]:
    return [row[1:3] for row in rows.get("value", []) if row[0] == kind]


def _fitting(rows: list[list[str]], unfinished: str) -> Iterator[str]:
    seen = set()
    for text, about, *_ in rows:
        if text.startswith(unfinished) and text not in seen:
            seen.add(text)
            yield f"{text}\t{about}" if about else text


def _places(rows: Rows, name: str) -> list[str]:
    return [row[1] for row in rows.get("place", []) if row[0] == name]


def _environments(rows: Rows, *, paths: bool) -> list[list[str]]:
    """The environments that conda has written down, and those in its folders."""
    named = os.environ.get("CONDA_ENVS_DIRS") or os.environ.get("CONDA_ENVS_PATH") or ""
    folders = [*filter(None, named.split(os.pathsep)), *_places(rows, "envs")]
    prefixes = list(_places(rows, "root"))
    for folder in folders:
        prefixes += [os.path.join(folder, name) for name in _names(folder)]
    for file in _places(rows, "environments"):
        try:
            with open(file, encoding="utf-8", errors="replace") as lines:
                prefixes += [line.strip() for line in lines]
        except OSError:
            continue
    found: list[list[str]] = []
    for prefix in dict.fromkeys(prefixes):
        if not os.path.isdir(os.path.join(prefix, "conda-meta")):
            continue
        about = ", ".join(_releases_in(prefix))
        if paths:
            found.append([prefix, about])
        elif prefix in _places(rows, "root"):
            found.append(["base", about])
        elif os.path.dirname(prefix) in folders:
            found.append([os.path.basename(prefix), about])
    return found


def _installed(rows: Rows, done: list[str]) -> list[list[str]]:
    """The toolkits of the environment that the command is about."""
    prefix = os.environ.get("CONDA_PREFIX", "")
    for number, word in enumerate(done):
        flag, equals, value = word.partition("=")
        if not equals:
            value = done[number + 1] if number + 1 < len(done) else ""
        if flag in ("-p", "--prefix"):
            prefix = os.path.expanduser(value)
        elif flag in ("-n", "--name"):
            found = _environments(rows, paths=True)
            named = [path for path, _ in found if os.path.basename(path) == value]
            prefix = next(iter(_places(rows, "root") if value == "base" else named), "")
    current = os.path.join(prefix, "cuda")
    link = os.path.basename(os.readlink(current)) if os.path.islink(current) else ""
    return [
        [release, "installed, current" if link == f"cuda-{release}" else "installed"]
        for release in _releases_in(prefix)
    ]


def _releases_in(prefix: str) -> list[str]:
    """The toolkits of an environment, newest first."""
    found = [
        name[5:]
        for name in _names(prefix)
        if name.startswith("cuda-") and name[5:].replace(".", "", 1).isdigit()
    ]
    return sorted(found, key=lambda text: [int(part) for part in text.split(".")], reverse=True)


def _converted(rows: Rows) -> list[list[str]]:
    """The releases that the package caches know of, whether the table does or not."""
    found = []
    for cache in _places(rows, "pkgs"):
        try:
            with open(os.path.join(cache, "conda-cuda", "releases.json"), encoding="utf-8") as file:
                text = file.read()
        except OSError:
            continue
        import json

        try:
            found += [[str(release), "in the package cache"] for release in json.loads(text)]
        except ValueError:
            continue
    return found


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder or os.devnull))
    except OSError:
        return []


def main() -> None:
    """Print what fits."""
    table = os.environ.get("_CONDA_CUDA_TABLE", "")
    words = sys.argv[1:] or [""]
    # A name that no terminal can show, or that steers it, is none that can be typed.
    found = [line for line in complete(read_table(table), words) if _is_plain(line)]
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    sys.stdout.write("".join(f"{line}\n" for line in found))


def _is_plain(line: str) -> bool:
    return line.replace("\t", "").isprintable()


if __name__ == "__main__":
    main()
