"""conda's solver, and the answers that it gave before.

An answer is kept as the files of the packages, in the package cache, under a hash of all that the
solver goes by. The packages themselves are read from the index again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conda.base.context import context
from conda.exceptions import CondaHTTPError, ProxyError
from conda.models.channel import Channel
from conda.models.match_spec import MatchSpec

from ..errors import ForeignFileError
from ..machine.spec import NO_DRIVER
from ..network.answers import NoAnswerError, asking, silent
from ..network.connections import AnswerError, check_addresses, check_files
from ..system import schema
from ..system.conda_compat import settings, stdout_for_people, stdout_nowhere, virtual_packages
from ..system.files import Inside
from ..system.ownership import is_open
from ..system.progress import Waiting
from ..system.reading import read_json
from ..system.shared_caches import first_writable
from .channel_records import index_path, index_urls, row_of_file

_FORM = "2"
"""Of the files; with another one they are not used."""
_MOST_BYTES = 2**20
_SHOWN = ("json", "quiet", "console", "dry_run", "always_yes", "verbosity", "debug", "trace", "dev")
_ASIDE = frozenset((*_SHOWN, "register_envs", "target_prefix_override"))
"""conda's settings that no solver asks about: what is shown, and what is done with its answer."""
_PACKAGE = schema.record({"index": schema.number, "file": schema.NAME}, ("index", "file"))
_SCHEMA = schema.record(
    {"of": schema.text("[0-9a-f]{64}"), "packages": schema.items(_PACKAGE, 10_000)},
    ("of", "packages"),
)


def ask_solver(
    prefix: Path, channels: Sequence[str], subdir: str, specs: Sequence[str]
) -> tuple[Any, ...]:
    """What conda's solver chooses now; see `solve`, which asks it in the right surroundings."""
    backend = context.plugin_manager.get_cached_solver_backend()
    solver = backend(
        # It does not exist: a toolkit is solved for from nothing.
        str(prefix / ".conda-cuda-solve"),
        tuple(Channel(channel) for channel in channels),
        (subdir, "noarch"),
        specs_to_add=tuple(MatchSpec(spec) for spec in specs),
        command="create",
    )
    try:
        # Where there is no way, the classic solver shows bars that nothing else keeps away.
        with settings(json=context.json or not context.verbosity):
            _, link = solver.solve_for_diff()
    except (AnswerError, CondaHTTPError, ProxyError) as error:
        # conda names one address of many.
        if gone := silent(channels):
            raise NoAnswerError(gone) from error
        raise
    return tuple(link)


def solve(
    prefix: Path,
    channels: Sequence[str],
    subdir: str,
    specs: Sequence[str],
    machine: Mapping[str, str] = NO_DRIVER,
    ask: Callable[[Path, Sequence[str], str, Sequence[str]], tuple[Any, ...]] = ask_solver,
) -> tuple[Any, ...]:
    """The package records that conda's solver chooses for a new toolkit, or chose before.

    The packages of the environment `prefix` do not count. With -v conda shows its steps; without,
    a line says that it takes long.

    Args:
        prefix: the environment.
        channels: the channels, best first.
        subdir: the platform.
        specs: what is wanted.
        machine: the variables that show conda's solver a machine, as `overrides` makes them. By
            default one without a driver: packages ask for a driver of their own major version at
            least, and may be wanted all the same, to compile, or for another machine.
        ask: what asks the solver, where no answer is kept.

    Raises NoAnswerError when a channel's host does not answer, and whatever the solver raises when
    the specs cannot be met or a channel cannot be read.
    """
    told = stdout_for_people() if context.verbosity else stdout_nowhere()
    with told, Waiting("Asking the channels"), _variables(machine), asking():
        question = _question(channels, subdir, specs)
        found = _recall(question) if question is not None else None
        if found is None:
            found = ask(prefix, channels, subdir, specs)
            # The index may have changed since.
            if question is not None and question == _question(channels, subdir, specs):
                found = _keep(question, found)
    check_files(found)
    check_addresses(found)
    return found


@contextlib.contextmanager
def _variables(values: Mapping[str, str]) -> Iterator[None]:
    """Set some variables for a while."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@dataclass(frozen=True)
class _Question:
    """What the solver is asked, with all that it goes by."""

    place: Path
    """The file that the answer is kept in."""
    of: str
    """The hash of all."""
    indexes: tuple[str, ...]
    """The addresses of the indexes."""


def _question(channels: Sequence[str], subdir: str, specs: Sequence[str]) -> _Question | None:
    """The question, or None where its answer depends on what is not known here."""
    try:
        pins = (*specs, *context.pinned_packages)
        by_age = ("exclude_newer", "exclude_newer_package")
        if any(getattr(context, name, None) for name in by_age):
            return None
        if any("::" in text or "channel" in text for text in pins):
            # The index of yet another channel.
            return None
        urls = tuple(url for channel in channels for url in index_urls(channel, subdir))
        asked = [list(channels), subdir, list(specs)]
        around = [_FORM, *map(_state_of, urls), *_surroundings()]
        place = first_writable() / "cache" / "conda-cuda" / f"solved-{_hash(asked)[:2]}.json"
    except Exception:
        # Whatever it is, the solver meets it too and says so.
        return None
    return _Question(place, _hash([asked, around]), urls)


def _state_of(url: str) -> list[Any]:
    """What shows whether an index is still the same."""
    path = index_path(url)
    # conda prefers the compressed one in a folder on this machine.
    places = [path, path.with_name(f"{path.name}.zst")] if url.startswith("file:") else [path]
    return [str(path), *map(_facts_of, places)]


def _facts_of(path: Path) -> list[int] | None:
    try:
        facts = os.stat(path)
    except FileNotFoundError:
        return None
    return [facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns]


def _surroundings() -> Iterator[Any]:
    """What a solver goes by besides what it is asked and the indexes."""
    yield context.solver_user_agent()
    yield virtual_packages()
    for source in (context, context.plugins):
        for name in source.parameter_names:
            if name.lstrip("_") not in _ASIDE:
                yield name, repr(getattr(source, name))
    yield sorted(pair for pair in os.environ.items() if "SOLVER" in pair[0])
    if context.offline:
        # Solvers take packages from the caches then, whatever the channels have.
        caches = [os.listdir(path) for path in context.pkgs_dirs if os.path.isdir(path)]
        yield [sorted(name for name in names if name.count("-") > 1) for names in caches]


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()


def _recall(question: _Question) -> tuple[Any, ...] | None:
    """The answer that was given before; None where there is none that can be used."""
    if is_open(question.place):
        return None
    try:
        content = read_json(question.place, _MOST_BYTES, links=False)
    except (OSError, ValueError):
        return None
    found, problems = schema.read(_SCHEMA, content)
    if problems or found["of"] != question.of:
        return None
    return _records([(row["index"], row["file"]) for row in found["packages"]], question)


def _keep(question: _Question, solved: tuple[Any, ...]) -> tuple[Any, ...]:
    """Keep an answer; its records as they will be read again, where that can be.

    No address is kept, which may hold a password.
    """
    try:
        places = [
            (question.indexes.index(str(record.url).rpartition("/")[0]), record.fn)
            for record in solved
        ]
    except ValueError:
        return solved
    again = _records(places, question)
    if again is None or again != solved:
        return solved
    rows = [{"index": index, "file": file} for index, file in places]
    # Whoever shares the cache may have filled the disk, or barred us from it.
    with contextlib.suppress(OSError, ForeignFileError):
        files = Inside(question.place.parents[2])
        files.remove_leftovers(question.place.parent, question.place.name)
        files.write(question.place, json.dumps({"of": question.of, "packages": rows}).encode())
    return again


def _records(places: Sequence[tuple[int, str]], question: _Question) -> tuple[Any, ...] | None:
    """The packages with some files, if the indexes have them all."""
    found = []
    for index, file in places:
        try:
            row = row_of_file(question.indexes[index], file)
        except (IndexError, ValueError):
            return None
        if row is None or row.record is None:
            return None
        found.append(row.record)
    return tuple(found)
