"""`conda cuda mirror`: a toolkit's packages in a folder that is a conda channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from conda.exceptions import CondaSignalInterrupt

from ..actions import extend
from ..addons import addons_of
from ..convert.conda_file import DamagedUnpackedError, pack
from ..environment import Environment
from ..errors import CudaError, UsageError, full_disk
from ..packages import archives, channel_folder
from ..packages.channel_folder import check_directory, exclusive, read_indexes
from ..packages.local_channel import LocalChannel
from ..packages.metapackage import Metapackage
from ..sources.base import Offer, Package, ToolkitRequest
from ..sources.table import ORDER
from ..system.descent import TEMPORARY
from ..system.files import Inside
from ..system.progress import Fetched, Progress
from ..system.progress_text import Part
from ..system.stopping import stoppable
from ..toolkit import Origin


@dataclass(frozen=True)
class Plan:
    """What `mirror` would do."""

    directory: Path
    request: ToolkitRequest
    offer: Offer
    reason: str
    present: frozenset[str]
    """The files that the channel in the folder has already."""

    @property
    def packages(self) -> tuple[Package, ...]:
        """The packages, with what has to be downloaded of each."""
        found = []
        for package in self.offer.packages:
            name = package.file or ""
            if name in self.present:
                package = replace(package, size=0)
            elif package.size == 0 and self.offer.origin is Origin.CHANNEL:
                # Extracted in a package cache, where the file itself may be gone.
                package = replace(package, size=0 if archives.is_cached(name) else None)
            found.append(package)
        return tuple(found)

    @property
    def download(self) -> int | None:
        """Bytes to download; None when a size is unknown."""
        sizes = [package.size for package in self.packages]
        return None if None in sizes else sum(size or 0 for size in sizes)


@dataclass(frozen=True)
class Result:
    """What `mirror` has done."""

    plan: Plan
    metapackage: Metapackage
    packages: tuple[str, ...]
    """The files that make up the toolkit, relative to the folder."""
    added: tuple[str, ...]
    """Those of them that are new there."""
    size: int
    """Bytes of all of them."""


def make_plan(directory: Path, request: ToolkitRequest, source: str | None) -> Plan:
    """Plan what to do: ask sources, change nothing.

    Args:
        directory: the folder that becomes a channel, absolute; it need not exist.
        request: what is asked for.
        source: the source that was named; None when none was.

    Raises:
        CudaError: when it cannot be done.
    """
    check_directory(directory, request.platform.subdir)
    order = tuple(name for name in request.order or ORDER if not _adopts(name))
    if source is not None and _adopts(source):
        raise UsageError(
            f"Toolkits of the source {source} stay where they are, so they cannot be mirrored.",
            hints=["conda cuda mirror VERSION --to DIR takes it from channels or from PyPI."],
            source=source,
        )
    if not order and source is None:
        raise CudaError(
            "The setting plugins.cuda_sources names no source that can be mirrored.",
            hints=["Name one: --from channel or --from pypi."],
        )
    # Sources look at what an environment has; this one has nothing, and need not exist.
    nowhere = Environment(directory / f"environment{TEMPORARY}")
    extend.check_request(nowhere, request, None, source)
    ordered = replace(request, order=order)
    choice = extend.choose_with_compiler(ordered, nowhere, source)
    present = frozenset(
        name for rows in read_indexes(directory, request.platform.subdir).values() for name in rows
    )
    return Plan(directory, request, choice.offer, choice.reason, present)


def carry_out(plan: Plan) -> Result:
    """Fetch the packages, then let the index of the channel name them.

    Raises:
        CudaError: when it cannot be done; the channel is as before then.
    """
    directory = plan.directory
    try:
        with stoppable():
            with Fetched():
                records = plan.offer.fetch()
            with exclusive(directory) as scratch:
                return _put(plan, records, scratch)
    except OSError as error:
        raise _in_words(error, directory) from error
    except (KeyboardInterrupt, CondaSignalInterrupt) as error:
        raise CudaError(
            f"Stopped; the channel in {directory} is as it was before.",
            hints=["The same command goes on with the packages that it has."],
            directory=directory,
        ) from error


def _put(plan: Plan, records: Sequence[Any], scratch: Path) -> Result:
    """Put the packages and then the index into the folder."""
    subdir = plan.request.platform.subdir
    rows = read_indexes(plan.directory, subdir)
    for name in rows:
        if not rows[name] and not (plan.directory / name / channel_folder.INDEX).is_file():
            # From now on the folder is a channel, if an empty one, when this is stopped.
            channel_folder.write_rows(Inside(plan.directory), plan.directory / name, {})
    there = {}
    for record in records:
        folder = plan.directory / _folder_of(record, subdir)
        have = rows[folder.name].get(record.fn)
        if have is not None:
            _check_same(folder / record.fn, have, record)
        # A file that the index does not name yet is what a stopped command has left.
        sums = archives.sums_of(folder / record.fn) if (folder / record.fn).is_file() else None
        if sums is not None and sums.fit(have or record):
            there[record] = sums
    channel = LocalChannel.find(subdir)
    parts = {record: _part(record, channel) for record in records if record not in there}
    files, added, size = [], [], 0
    with Fetched(), Progress(list(parts.values())):
        for record in records:
            folder = plan.directory / _folder_of(record, subdir)
            files.append(f"{folder.name}/{record.fn}")
            row, sums = rows[folder.name].get(record.fn), there.get(record)
            if sums is None:
                part = parts[record]
                sums = _file_of(record, channel, scratch, part, offline=plan.request.offline)
                _move(plan.directory, scratch / record.fn, folder / record.fn)
                part.size, row = part.size or sums.size, None
                part.finish()
                added.append(files[-1])
            rows[folder.name][record.fn] = row or _row(record, sums)
            size += sums.size
    one = Metapackage(
        plan.offer.version,
        subdir,
        plan.offer.flavor,
        plan.offer.components,
        tuple(f"{record.name} {record.version} {record.build}" for record in records),
        addons_of(f"{record.name}-{record.version}-{record.build}" for record in records),
        plan.request.host_compiler,
        plan.offer.origin.value,
    )
    sums = archives.sums_of(one.write(scratch))
    _move(plan.directory, scratch / one.filename, plan.directory / subdir / one.filename)
    rows[subdir][one.filename] = one.row(size=sums.size, md5=sums.md5, sha256=sums.sha256)
    # What the metapackage depends on is named before it is.
    for name in ("noarch", subdir):
        channel_folder.write_rows(Inside(plan.directory), plan.directory / name, rows[name])
    return Result(plan, one, tuple(files), tuple(added), size + sums.size)


def _part(record: Any, channel: LocalChannel) -> Part:
    """The progress of getting the file of a package."""
    if channel.unpacked(record) is not None:
        return Part(record.name, steps={"packing": 1})
    return Part(record.name, record.get("size") or 0, {"fetching": 1})


def _file_of(
    record: Any, channel: LocalChannel, folder: Path, told: Part, *, offline: bool
) -> archives.Sums:
    """Put the file of a package into a folder: fetched, or packed where it was converted here."""
    unpacked = channel.unpacked(record)
    told.begin(next(iter(told.steps)))
    if unpacked is None:
        return archives.fetch(record, folder / record.fn, told, offline=offline)
    if channel.is_sealed(record) is False:
        raise DamagedUnpackedError(unpacked, "its files are not those that were put there")
    return archives.sums_of(pack(unpacked, folder, told.update))


def _row(record: Any, sums: archives.Sums) -> dict[str, Any]:
    """What the index says of a package: what its own channel says, and the sums of its file."""
    facts = record.dump()
    kept = (
        "name", "version", "build", "build_number", "depends", "constrains", "subdir", "noarch",
        "license", "license_family", "timestamp", "track_features", "features", "arch", "platform",
        "python_site_packages_path",
    )  # fmt: skip
    row = {key: facts[key] for key in kept if facts.get(key) not in (None, "", [], ())}
    # Some tools take a row without these two for broken.
    row = {**row, "depends": list(record.depends), "constrains": list(record.constrains)}
    return {**row, "size": sums.size, "md5": sums.md5, "sha256": sums.sha256}


def _check_same(path: Path, have: Mapping[str, Any], record: Any) -> None:
    """Refuse to let one package stand for another one of the same name, version and build.

    Raises:
        CudaError: when the two differ in what they depend on.
    """
    if list(have.get("depends", ())) == list(record.depends):
        return
    raise CudaError(
        f"{path} is another package of the same name, from another channel.",
        hints=["Name a new or an empty folder with --to."],
        file=path,
    )


def _folder_of(record: Any, subdir: str) -> str:
    return "noarch" if record.subdir == "noarch" else subdir


def _move(directory: Path, source: Path, target: Path) -> None:
    files = Inside(directory)
    # Whoever may read the folder may install from it.
    files.set_mode(source, add=0o644, take=0o133)
    files.rename(source, target)


def _adopts(source: str) -> bool:
    """Whether a source's toolkits stay where they are."""
    return any(source == origin.value and origin.adopted for origin in Origin)


def _in_words(error: OSError, directory: Path) -> CudaError:
    full = full_disk(error, directory)
    if full is not None:
        message = f"The disk that holds {full} is full, so the channel is as it was before."
        hint = "The same command goes on when there is room."
    else:
        path = error.filename if isinstance(error.filename, str) else directory
        reason = error.strerror or type(error).__name__
        message = f"The file system refused a change: {reason} ({path})."
        hint = f"The channel in {directory} is as it was before."
    return CudaError(message, hints=[hint], directory=directory)
