"""conda's package cache and its transaction: what we use of them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from conda.base.context import context
from conda.core.link import PrefixSetup, UnlinkLinkTransaction
from conda.core.package_cache_data import PackageCacheData, ProgressiveFetchExtract
from conda.core.prefix_data import PrefixData
from conda.exceptions import LockError
from conda.gateways.disk.lock import lock
from conda.models.match_spec import MatchSpec

from ..errors import CudaError
from ..network.connections import check_files, guarded
from ..system.conda_compat import settings, stdout_for_people
from ..system.files import Inside
from ..system.ownership import is_trusted
from ..system.progress import Fetched, Progress
from ..system.progress_text import Part
from ..system.reading import MOST_BYTES
from ..system.shared_caches import first_writable, forget, guard
from .extraction import extracting, folder_of
from .paths import check_extracted, check_linked
from .plain_link import link_plain_packages


def link_packages(
    prefix: Path,
    records: Sequence[Any],
    specs: Sequence[str],
    final: Path,
    unlink: Sequence[Any] = (),
) -> None:
    """Download, extract and link packages into a prefix, as conda's own transaction does.

    Args:
        prefix: where the files go now; it is made when it does not exist.
        records: the packages.
        specs: what was asked for, for the prefix's history.
        final: where the prefix will be moved to; this path is written into the files.
        unlink: packages of the prefix that go.
    """
    check_files(records)
    if unlink:
        check_linked(final, unlink)
    with Inside(prefix.parent).append(prefix / "conda-meta" / "history"):
        pass
    new = not unlink and os.listdir(prefix) == ["conda-meta"]
    new = new and os.listdir(prefix / "conda-meta") == ["history"]

    # A toolkit root is part of an environment and no environment itself: it is not registered.
    with (
        settings(register_envs=False, target_prefix_override=str(final), dry_run=False),
        stdout_for_people(),
    ):
        with extracting(record.fn for record in records), guarded():
            _Fetch(tuple(records)).with_one_bar()
            Fetched.now().tell()
        entries = map(PackageCacheData.get_entry_to_link, records)
        folders = [Path(entry.extracted_package_dir) for entry in entries]
        listings = {str(folder): check_extracted(folder) for folder in folders}
        # Another user could change hard linked files of packages that are his.
        strange = not all(is_trusted(str(folder)) for folder in folders)
        with settings(always_copy=context.always_copy or strange):
            if new:
                records = link_plain_packages(prefix, records, specs, listings)
            # What is left, and the prefix's history of all.
            wanted = tuple(MatchSpec(spec) for spec in specs)
            setup = PrefixSetup(str(prefix), tuple(unlink), tuple(records), (), wanted, ())
            UnlinkLinkTransaction(setup).execute()


class _Fetch(ProgressiveFetchExtract):
    """conda's downloading and extracting, with one bar of ours for all packages."""

    def with_one_bar(self) -> None:
        """Do it."""
        self.prepare()
        self._parts = {
            record: Part(str(record.name), (record.get("size") or 0) if download else 0)
            for record, (download, extract) in self.paired_actions.items()
            if download or extract
        }
        # conda would speak of downloads without any, and of its own bars.
        if self._parts:
            with Progress(list(self._parts.values())), settings(quiet=True):
                self.execute()

    def _progress_bar(self, record: Any, *_: Any, **__: Any) -> _Bar:
        return _Bar(self._parts[record])


class _Bar:
    """What conda tells a bar of its own, for ours."""

    def __init__(self, part: Part) -> None:
        self._part = part

    def update_to(self, fraction: float) -> None:
        """So much of it is done."""
        if self._part.step is None:
            self._part.begin("fetching")
        self._part.update(int(fraction * self._part.size), self._part.size)

    def finish(self) -> None:
        """It is downloaded and extracted."""
        self._part.finish()

    def refresh(self) -> None:
        """Nothing: ours is drawn by itself."""

    def close(self) -> None:
        """Nothing: ours goes when all is done."""


def linked_records(prefix: Path) -> list[Any]:
    """The records of the packages that are linked into a prefix."""
    for path in (prefix / "conda-meta").glob("*.json"):
        # conda would wait for a pipe to say something, and read whatever is there to its end.
        if not path.is_file() or path.stat().st_size > MOST_BYTES:
            raise _no_record(path)
    data = PrefixData(str(prefix))
    # The folder under this name may have been exchanged for another one since it was read.
    try:
        data.reload()
    except (RecursionError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise _no_record(prefix / "conda-meta") from error
    return list(data.iter_records())


def dist_of(record: Any) -> str:
    """`name-version-build`: what makes two records the same package."""
    return f"{record.name}-{record.version}-{record.build}"


def linked_hashes(prefix: Path) -> dict[str, dict[str, str]]:
    """The known hashes of the packages of a prefix: `name-version-build` to `sha256` and `md5`."""
    return {
        dist_of(one): {name: str(one.get(name)) for name in ("sha256", "md5") if one.get(name)}
        for one in linked_records(prefix)
    }


def _no_record(path: Path) -> CudaError:
    return CudaError(
        f"{path} cannot be read as a record of a package.",
        hints=["Remove what is not a record, or install the toolkit again."],
        path=path,
    )


def not_in_cache(records: Sequence[Any]) -> list[Any]:
    """The records whose packages are not extracted in a package cache yet."""
    if not records:
        return []
    guard()
    fetch = ProgressiveFetchExtract(tuple(records))
    fetch.prepare()
    return [record for record, actions in fetch.paired_actions.items() if any(actions)]


def cached_packages(name: str, version: str, build: str) -> list[Any]:
    """The records of a package in the package caches, from every channel, extracted or not."""
    guard()
    return [
        record
        for record in PackageCacheData.query_all(name)
        if (record.name, record.version, record.build) == (name, version, build)
    ]


def fetch_packages(wanted: Sequence[tuple[str, Mapping[str, str]]]) -> list[Any]:
    """Download and extract packages by their addresses; their records in the package cache.

    Args:
        wanted: each address, and what lies there has to hash to: `sha256` or `md5`; conda does not
            look at hashes where the file is on this machine.

    Raises whatever conda raises when that fails; of what failed nothing stays.
    """
    specs = [MatchSpec(url, **checksums) for url, checksums in wanted]
    files = [url.rpartition("/")[2] for url, _ in wanted]
    with (
        settings(dry_run=False),
        stdout_for_people(),
        extracting(files),
        guarded(),
    ):
        cache = first_writable()
        for file in files:
            _empty_partial_download(cache / f"{file}.partial")
        fresh = [file for file in files if not os.path.lexists(cache / file)]
        try:
            _Fetch(specs).with_one_bar()
            return [next(iter(PackageCacheData.query_all(spec))) for spec in specs]
        except Exception:
            # A file that is no package would stand in the way of every conda from now on.
            for file in fresh:
                if not (cache / folder_of(file) / "info" / "index.json").is_file():
                    Inside(cache).remove(cache / folder_of(file))
                    Inside(cache).remove(cache / file)
            forget()
            raise


def _empty_partial_download(path: Path) -> None:
    """Make conda download a file from its beginning.

    An interrupted download stays as it is. Where conda knows no size, as for a bare address, it
    appends the whole file to it and then finds a wrong hash.
    """
    # A conda that downloads it at this moment keeps it.
    with (
        contextlib.suppress(OSError, LockError),
        Inside(path.parent).reopen(path) as file,
        lock(file),
    ):
        file.truncate()


@contextlib.contextmanager
def checking_every_file() -> Iterator[None]:
    """Let conda compare each file that it links with the hash in its package.

    Files of the package cache are hard links: whoever writes into one in an environment changes it
    in the cache, and in every environment.
    """
    with settings(safety_checks="enabled", extra_safety_checks=True):
        yield
