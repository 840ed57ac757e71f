"""conda's solver, and what it has found before."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conda.base.context import context
from conda.exceptions import CondaError, CondaHTTPError, ProxyError
from conda.models.channel import Channel
from conda.models.match_spec import MatchSpec
from conda.models.records import PackageRecord

from ..errors import ForeignFileError
from ..network.answers import NoAnswerError, asking, silent
from ..network.connections import AnswerError, check_addresses, check_files
from ..system import schema
from ..system.conda_compat import stdout_for_people, stdout_nowhere, virtual_packages
from ..system.files import Inside
from ..system.ownership import is_open
from ..system.progress import Waiting
from ..system.reading import read_json
from ..system.shared_caches import first_writable
from .channel_records import index_path, index_urls, row_of_file


def solve(
    prefix: Path, channels: Sequence[str], subdir: str, specs: Sequence[str]
) -> tuple[Any, ...]:
    """The package records that conda's solver chooses for a new prefix, or chose before.

    What conda tells of its steps is for who wants it, with -v; others see that it takes long.

    Raises NoAnswerError when a channel's host does not answer, and whatever the solver raises when
    the specs cannot be met or a channel cannot be read.
    """
    told = stdout_for_people() if context.verbosity else stdout_nowhere()
    with told, Waiting("Asking the channels"), _no_driver(), asking():
        question = question_of(channels, subdir, specs)
        found = recall(question)
        if found is None:
            found = _ask(prefix, channels, subdir, specs)
            # Not of an index that has changed meanwhile.
            if question == question_of(channels, subdir, specs):
                keep(question, found)
    check_files(found)
    check_addresses(found)
    return found


def _ask(
    prefix: Path, channels: Sequence[str], subdir: str, specs: Sequence[str]
) -> tuple[Any, ...]:

    backend = context.plugin_manager.get_cached_solver_backend()
    solver = backend(
        str(prefix),
        tuple(Channel(channel) for channel in channels),
        (subdir, "noarch"),
        specs_to_add=tuple(MatchSpec(spec) for spec in specs),
        command="create",
    )
    try:
        _, link = solver.solve_for_diff()
    except (AnswerError, CondaHTTPError, ProxyError) as error:
        # conda names one address of many.
        if gone := silent(channels):
            raise NoAnswerError(gone) from error
        raise
    return tuple(link)


@contextlib.contextmanager
def _no_driver() -> Iterator[None]:
    """Solve as on a machine without a driver.

    Packages ask for a driver of their own major version at least, which some solvers hold to and
    others do not. A toolkit may be wanted all the same: to compile, or for another machine.
    """
    name = "CONDA_OVERRIDE_CUDA"
    before = os.environ.get(name)
    os.environ[name] = ""
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


_FORM = "1"
"""Of the files; with another one they are not used."""
_MOST_BYTES = 4 * 2**20
_SHOWN = ("json", "quiet", "console", "dry_run", "always_yes", "verbosity", "debug", "trace", "dev")
_ASIDE = frozenset((*_SHOWN, "register_envs", "target_prefix_override"))
"""conda's settings that no solver asks about: what is shown, and what is done with its answer."""
_TOLD = ("name", "version", "build", "build_number", "sha256", "md5", "size")
"""What a package and its row in the index must agree on, where the row has it."""
_PLACES = ("package_tarball_full_path", "extracted_package_dir")
"""What conda adds to a package that it has found in a cache."""
_SCHEMA = schema.record(
    {
        "of": schema.text("[0-9a-f]{64}"),
        "packages": schema.items(
            schema.record(
                {"index": schema.number, "file": schema.NAME, "facts": schema.mapping},
                ("index", "file", "facts"),
            ),
            10_000,
        ),
    },
    ("of", "packages"),
)


@dataclass(frozen=True)
class Question:
    """What the solver is asked, with all that it goes by.

    Args:
        place: the file that the answer is kept in.
        of: the hash of all.
        indexes: the addresses of the indexes.
    """

    place: Path
    of: str
    indexes: tuple[str, ...]


def question_of(channels: Sequence[str], subdir: str, specs: Sequence[str]) -> Question | None:
    """The question, or None where its answer depends on what is not known here.

    What conda would ask channels about their indexes is asked.
    """

    try:
        pins = (*specs, *context.pinned_packages)
        if _goes_by_the_clock() or any("::" in text or "channel" in text for text in pins):
            # The index of yet another channel.
            return None
        urls = tuple(url for channel in channels for url in index_urls(channel, subdir))
        asked = [list(channels), subdir, list(specs)]
        around = [_FORM, *map(_state_of, urls), *_surroundings()]
        cache = first_writable()
    except Exception:
        # Whatever it is, the solver comes upon it too and says so.
        return None
    slot = _hash(asked)[:2]
    place = cache / "cache" / "conda-cuda" / f"solved-{slot}.json"
    return Question(place, _hash([asked, around]), urls)


def recall(question: Question | None) -> tuple[Any, ...] | None:
    """The answer that was found before; None where there is none that can be used."""
    if question is None or is_open(question.place):
        return None
    try:
        content = read_json(question.place, _MOST_BYTES, links=False)
    except (OSError, ValueError):
        return None
    found, problems = schema.read(_SCHEMA, content)
    if problems or found["of"] != question.of:
        return None
    return _records(found["packages"], question.indexes)


def keep(question: Question | None, records: Sequence[Any]) -> None:
    """Keep an answer, where the same packages can be told from what is kept."""
    if question is None:
        return
    try:
        rows = [_row(record, question.indexes) for record in records]
        text = json.dumps({"of": question.of, "packages": rows})
        again = _records(json.loads(text)["packages"], question.indexes)
    except (TypeError, ValueError):
        return
    if again is None or [*map(_dump, again)] != [*map(_dump, records)]:
        return
    # Whoever shares the cache may have filled the disk, or barred us from it.
    with contextlib.suppress(OSError, ForeignFileError):
        files = Inside(question.place.parents[2])
        files.remove_leftovers(question.place.parent, question.place.name)
        files.write(question.place, text.encode())


def _goes_by_the_clock() -> bool:
    """Whether packages count only from a certain age on."""
    names = ("exclude_newer", "exclude_newer_package")
    return any(getattr(context, name, None) for name in names)


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
    for settings in (context, context.plugins):
        for name in settings.parameter_names:
            if name.lstrip("_") not in _ASIDE:
                yield name, repr(getattr(settings, name))
    yield sorted(pair for pair in os.environ.items() if "SOLVER" in pair[0])
    if context.offline:
        # Solvers take packages from the caches then, whatever the channels have.
        caches = [os.listdir(path) for path in context.pkgs_dirs if os.path.isdir(path)]
        yield [sorted(name for name in names if name.count("-") > 1) for names in caches]


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()


def _row(record: Any, indexes: Sequence[str]) -> dict[str, Any]:
    """A package as it is kept: without its address, which may hold a password.

    Raises:
        ValueError: when it is of none of the indexes.
    """
    facts, _ = _dump(record)
    return {
        "index": indexes.index(str(record.url).rpartition("/")[0]),
        "file": record.fn,
        "facts": {key: facts[key] for key in facts if key not in ("url", "channel", "fn")},
    }


def _dump(record: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """All that makes a package, wherever it lies at the moment."""
    facts = record.dump()
    return {key: facts[key] for key in facts if key not in _PLACES}, record.channel.dump()


def _records(rows: Sequence[Mapping[str, Any]], indexes: Sequence[str]) -> tuple[Any, ...] | None:
    """The packages that are kept, if their indexes still have them."""

    found = []
    for row in rows:
        try:
            url, file, facts = indexes[row["index"]], row["file"], row["facts"]
            listed = row_of_file(url, file)
            if listed is None or any(
                facts.get(key) != listed[key] for key in _TOLD if key in listed
            ):
                return None
            channel = Channel(url)
            found.append(PackageRecord(**facts, fn=file, url=f"{url}/{file}", channel=channel))
        except (CondaError, TypeError, ValueError, AttributeError, LookupError):
            return None
    return tuple(found)
