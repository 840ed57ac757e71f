"""From NVIDIA's installer to conda packages in the package cache, and back to what is there."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...convert.package import Member, refusing
from ...convert.unpacked import record_of, unpack_package
from ...network.connections import AnswerError
from ...network.stream import download
from ...packages.local_channel import PARTS, LocalChannel
from ...platforms import Platform
from ...system.files import Inside
from ...system.progress import Progress
from ...system.progress_text import Part
from ...system.reading import hash_of
from ...versions import CudaVersion
from .installers import Installer, RunfileError
from .parts import RELEASE, members_by_part
from .unpack import Workplace, unpack

PREFIX = "cuda-runfile-"
"""How the names of the packages begin; the part follows."""
_TXT = re.compile(rb"CUDA Version (\d+)\.(\d+)(?:\.(\d+))?")
_HEADER = re.compile(rb"#define\s+CUDART_VERSION\s+(\d+)")
_JSON = re.compile(r"(\d+)\.(\d+)(?:\.(\d{1,3})(?!\d))?")
_TIED = CudaVersion(11, 0)
"""From here on version.txt tells the runtime's build (11.0.228) and not the release (11.0.3)."""


@dataclass(frozen=True)
class Converted:
    """The packages that were made of one installer."""

    version: CudaVersion
    file: str
    sha256: str
    records: Mapping[str, Any]
    """By part, those that `conda clean` has left."""

    @property
    def whole(self) -> bool:
        """Whether all of the installer's packages are there."""
        return parts_in(self.records[RELEASE]) <= set(self.records)


def converted(channel: LocalChannel) -> list[Converted]:
    """Every installer whose packages are in the package cache, the newest last."""
    found = []
    for filename, row in channel.rows().items():
        made_of = channel.made_of(filename)
        sha256 = made_of.get("sha256")
        if row.get("name") != f"{PREFIX}{RELEASE}" or sha256 is None:
            continue
        release = channel.record_of(sha256, row["name"])
        if release is None:
            continue
        parts = {part: channel.record_of(sha256, f"{PREFIX}{part}") for part in parts_in(release)}
        records = {part: record for part, record in parts.items() if record is not None}
        with contextlib.suppress(ValueError):
            version = CudaVersion.parse(row["version"])
            found.append(Converted(version, made_of.get("file", ""), sha256, records))
    return sorted(found, key=lambda one: (one.version, one.sha256))


def parts_in(release: Any) -> set[str]:
    """Every part that an installer was made into, by the record of its part `release`."""
    return {spec.split()[0].removeprefix(PREFIX) for spec in release.constrains}


def build_of(sha256: str) -> str:
    """The build of the packages that are made of an installer."""
    return f"run_{sha256[:8]}"


def convert(installer: Installer, platform: Platform) -> Mapping[str, Any]:
    """Unpack an installer and put its packages into the package cache.

    Returns:
        The conda records, by part.

    Raises:
        RunfileError: when the file is another one or cannot be used; nothing is left then.
    """
    channel, name = LocalChannel.find(platform.subdir), installer.name
    version, sha256, url = installer.version, installer.sha256, installer.url
    steps = {"fetching" if url else "checking": 1, "unpacking": 1}
    told = Part(name, steps=steps)
    with channel.staging() as folder, Progress([told]):
        # Another command may have done it while this one waited.
        for one in converted(channel):
            if one.sha256 == sha256 and one.whole:
                return one.records
        told.begin(next(iter(steps)))
        file = installer.path
        if url is not None:
            file = _download(url, channel, folder, name, sha256, told)
        elif (found := hash_of(file, progress=told.update)) != sha256:
            raise _another(name, f"its SHA-256 is {found} and not {sha256}")
        told.begin("unpacking")
        Inside(folder).make_folder(Path("work"))
        tree = unpack(Workplace(folder / "work", file, name), version)
        with refusing(name, RunfileError):
            by_part = members_by_part(tree, platform.target, version)
        _check_release(by_part, name, version)
        # It says which others there are, even where it holds nothing itself.
        by_part.setdefault(RELEASE, [])
        # All are written before the first one is shown: a failure leaves nothing.
        packages = []
        done, total = 0, sum(one.size for members in by_part.values() for one in members)
        for part, members in by_part.items():
            record = _record(part, version, sha256, platform)
            if part == RELEASE:
                record["constrains"] = [
                    f"{PREFIX}{name} {version} {record['build']}" for name in by_part
                ]
            about = f"{part} of {name}, under NVIDIA's CUDA EULA, converted by conda cuda"

            def tell(bytes_done: int, _: int, before: int = done) -> None:
                told.update(before + bytes_done, total)

            packages.append((part, unpack_package(folder, record, members, about, tell), record))
            done += sum(one.size for one in members)
        made_of = {"file": name, "sha256": sha256, **({"url": url} if url else {})}
        # The one that names the others comes last: without it they do not count.
        packages.sort(key=lambda row: row[0] == RELEASE)
        records = {}
        for part, package, record in packages:
            # What an environment uses `conda clean` has left: it stays the one file that it is.
            there = channel.record_of(sha256, record["name"])
            records[part] = channel.add(package, record, made_of) if there is None else there
        told.finish()
        return records


def _record(part: str, version: CudaVersion, sha256: str, platform: Platform) -> dict[str, Any]:
    name, license = f"{PREFIX}{part}", "LicenseRef-NVIDIA-CUDA-EULA"
    return record_of(name, str(version), build_of(sha256), platform.subdir, license)


def _download(
    url: str, channel: LocalChannel, folder: Path, name: str, sha256: str, told: Part
) -> Path:
    """Download an installer, or what is missing of it.

    Raises:
        RunfileError: when it is another file.
        AnswerError: when it cannot be had; what has come stays for the next command.
    """
    part, file = channel.path / PARTS / f"{sha256}.part", folder / "downloaded.run"
    try:
        download(url, part, size=None, sha256=sha256, progress=told.update)
    except AnswerError as error:
        if error.wrong:
            raise _another(name, f"it does not have the SHA-256 {sha256}") from error
        raise
    channel.files.rename(part, file)
    return file


def _another(name: str, reason: str) -> RunfileError:
    hint = "Nothing of it was run. Download it again."
    return RunfileError(name, f"{reason}: it is damaged, or another file", hints=(hint,))


def _check_release(
    by_part: Mapping[str, Sequence[Member]], name: str, version: CudaVersion
) -> None:
    """Refuse an installer that holds another release than its name says, or no toolkit.

    Raises:
        RunfileError: with both.
    """
    if "cudart" not in by_part:
        raise RunfileError(name, "it holds no CUDA runtime (libcudart)")
    inside = _release_inside(by_part)
    if inside is None:
        raise RunfileError(name, "nothing in it says which release it is")
    same = (inside.major, inside.minor) == (version.major, version.minor)
    if not same or (inside.patch >= 0 and inside.patch != version.patch):
        raise RunfileError(
            name,
            f"it holds CUDA {inside} and not {version}, as its name says",
            hints=("Give the file the name that NVIDIA gave it.",),
        )


def _release_inside(by_part: Mapping[str, Sequence[Member]]) -> CudaVersion | None:
    """The release that the files tell; its third number only where it can be relied on."""
    names = ("version.json", "version.txt", "cuda_runtime_api.h")
    texts = dict.fromkeys(names, b"")
    for member in (one for members in by_part.values() for one in members if one.open):
        name = member.target.rsplit("/", 1)[-1]
        if member.target in names[:2] or member.target.endswith(f"/include/{names[2]}"):
            assert member.open is not None
            with member.open() as file:
                texts[name] = file.read(2**20)
    with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError):
        if found := _JSON.match(str(json.loads(texts["version.json"])["cuda"]["version"])):
            return _version(*found.groups())
    if told := _TXT.search(texts["version.txt"]):
        version = _version(*told.groups())
        return CudaVersion(version.major, version.minor) if version >= _TIED else version
    number = _HEADER.search(texts["cuda_runtime_api.h"])
    return CudaVersion(int(number[1]) // 1000, int(number[1]) % 1000 // 10) if number else None


def _version(major: str | bytes, minor: str | bytes, patch: str | bytes | None) -> CudaVersion:
    return CudaVersion(int(major), int(minor), -1 if patch is None else int(patch))
