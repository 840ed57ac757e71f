"""Rules about wheels: what a toolkit hides of them, and files that two of them own."""

from __future__ import annotations

import contextlib
import csv
import os
import re
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..frameworks.build_markers import normalized, parsed
from ..frameworks.site_packages import Distribution, NvidiaWheel, distributions, read_head
from ..libraries.elf import NotLoadable, read_elf
from ..quoting import in_turn, typed
from ..system.reading import names_in
from ..toolkit import release_of_cudart
from ..versions import CudaVersion
from .context import Context, Finding, Severity, rule
from .named import release_at

# Their own version begins with that of the release; the math libraries count by themselves.
_AS_TOOLKIT = re.compile(r"nvidia-(?:cuda-(?:runtime|nvrtc|cupti)|nvjitlink)(?:-cu\d+)?")
_ADD_ONS = re.compile(r"nvidia-(?:cudnn|nccl|nvshmem|cusparselt)")
# NVIDIA's wheels, and those that come in one variant for each CUDA under the same import name.
_VARIANTS = re.compile(r"nvidia-.+|cupy(?:-.+)?|onnxruntime(?:-.+)?|tensorrt(?:-.+)?")
_BINARY = re.compile(r"\.(?:so(?:\.[\d.]+)?|dll|pyd)$", re.ASCII)
_FOR_GPU = re.compile(r"-cu(?:da)?(\d{1,2})(?:x|\d)?(?:-|$)|-gpu(?:-|$)", re.ASCII)
_RECORD_SIZE = 16 * 2**20


@rule("wheels-shadowed")
def shadowed(context: Context) -> Iterator[Finding]:
    """The toolkit's older libraries hide those of wheels."""
    current, newest = context.current, newest_release(context.wheels)
    if current is None or not context.libraries or newest is None:
        return
    hidden = {
        name: wheel
        for wheel in context.wheels
        if not _ADD_ONS.match(wheel.name)
        and (_release(wheel) or newest).numbers > current.version.numbers
        for name in wheel.libraries
        if name in context.libraries
    }
    if not hidden:
        return
    evidence = [
        f"{name}: cuda/lib64 goes before {wheel.name} {wheel.version}"
        for name, wheel in hidden.items()
    ]
    askers = askers_for(context.wheels, hidden)
    yield Finding(
        f"The current toolkit, CUDA {current.version.release}, hides newer libraries of the "
        f"same names that pip installed for CUDA {newest.release}: this causes `undefined symbol` "
        "errors (__nvJitLink...).",
        (*evidence, *askers),
        context.use(newest.release),
        severity=Severity.ERROR if askers else Severity.WARNING,
    )


@rule("wheels-share-files")
def shared(context: Context) -> Iterator[Finding]:
    """Two wheels own one file."""
    for (one, other), paths in _shared(context.prefix).items():
        goes, stays, asked = _choice(context.prefix, one, other)
        binary = [path for path in paths if _BINARY.search(path.name)]
        cure = in_turn(
            f"python -m pip uninstall --yes {typed(goes.name)}",
            _again(stays),
            windows=context.platform.windows,
        )
        if len(asked) == 2:
            cure = "Both are required: " + " and ".join(
                f"{name} by {' and '.join(sorted(askers))}" for name, askers in asked.items()
            )
            cure += ". Put what requires them into environments of their own."
        yield Finding(
            f"{_title(one)} and {_title(other)} own the same files, and only those of the one that "
            "was installed last are there.",
            context.listed(binary or paths),
            cure,
            severity=Severity.ERROR if binary else Severity.NOTE,
        )


@rule("wheels-lack-files")
def lacking(context: Context) -> Iterator[Finding]:
    """A wheel lacks libraries that it was installed with."""
    for wheel in _variants(context.prefix):
        files = [path for path, _ in _record(wheel) if _BINARY.search(path.name)]
        if lost := [path for path in files if not path.exists()]:
            yield Finding(
                f"{_title(wheel)} lacks libraries that it was installed with; pip takes them away "
                "with another wheel that owned them, too.",
                context.listed(lost),
                _again(wheel),
                severity=Severity.ERROR,
            )


def newest_release(wheels: Iterable[NvidiaWheel]) -> CudaVersion | None:
    """The newest release that wheels say they are of."""
    return max(filter(None, map(_release, wheels)), default=None)


def hidden_by(context: Context, folder: str) -> dict[str, NvidiaWheel]:
    """The libraries of wheels that a folder on LD_LIBRARY_PATH hides: names to wheels.

    A newer release within the same major version has all that the wheels' own has.
    """
    there, found = set(names_in(folder)), {}
    for wheel in context.wheels:
        for path in wheel.paths:
            other = os.path.realpath(os.path.join(folder, path.name))
            if path.name in there and other != os.path.realpath(path):
                found[path.name] = wheel
    newest = newest_release(context.wheels) if found else None
    release = release_at(folder, context.platform, context.prefix) if found else None
    if newest is not None and release is not None and release.major == newest.major:
        return {} if release.numbers[:2] >= newest.numbers[:2] else found
    return found


def askers_for(wheels: Iterable[NvidiaWheel], hidden: Container[str]) -> list[str]:
    """The libraries of the wheels that will get another one in place of a hidden one.

    DT_RPATH, which PyTorch's own libraries have, goes before LD_LIBRARY_PATH; DT_RUNPATH, which
    NVIDIA's have, goes after it (ld.so(8)).
    """
    found = []
    for path in (path for wheel in wheels for path in wheel.paths):
        try:
            elf = read_elf(path)
        except (OSError, NotLoadable):
            continue
        if elf.rpath is None:
            found += [f"{path.name} asks for {name}" for name in elf.needed if name in hidden]
    return found


def _release(wheel: NvidiaWheel) -> CudaVersion | None:
    """The release that a wheel says it is of."""
    if wheel.name.startswith("nvidia-cuda-runtime"):
        return release_of_cudart(wheel.version)
    own = _AS_TOOLKIT.fullmatch(wheel.name)
    return parsed(".".join(wheel.version.split(".")[:2])) if own else None


@dataclass(frozen=True)
class _Row:
    """A line of a RECORD, and whose it is."""

    owner: Distribution
    hash: str


def _shared(prefix: Path) -> dict[tuple[Distribution, Distribution], list[Path]]:
    """The files that two wheels own with different contents, by the two."""
    rows: dict[Path, list[_Row]] = defaultdict(list)
    for wheel in _variants(prefix):
        for path, digest in _record(wheel):
            rows[path].append(_Row(wheel, digest))
    found: dict[tuple[Distribution, Distribution], list[Path]] = defaultdict(list)
    for path, owners in sorted(rows.items()):
        for number, one in enumerate(owners):
            for other in owners[number + 1 :]:
                known = one.hash and other.hash
                if one.hash != other.hash if known else _BINARY.search(path.name):
                    found[one.owner, other.owner].append(path)
    return found


def _variants(prefix: Path) -> list[Distribution]:
    """The wheels that may share files with others."""
    found = sorted(distributions(prefix).items())
    return [wheel for name, wheel in found if _VARIANTS.fullmatch(name) and not wheel.from_conda]


def _record(wheel: Distribution) -> Iterator[tuple[Path, str]]:
    """The files of a wheel with their hashes, from its RECORD."""
    text = read_head(wheel.path / "RECORD", _RECORD_SIZE)
    with contextlib.suppress(csv.Error):
        for row in csv.reader(text.splitlines()):
            if row and ".dist-info/" not in row[0] and "__pycache__" not in row[0]:
                yield wheel.site / row[0], row[1] if len(row) > 1 else ""


def _choice(
    prefix: Path, one: Distribution, other: Distribution
) -> tuple[Distribution, Distribution, dict[str, set[str]]]:
    """Which of two wheels goes, which stays, and which packages require them.

    What has no variant for GPUs goes first, then what nothing requires, then the older CUDA.
    """
    asked: dict[str, set[str]] = {}
    for name, wheel in distributions(prefix).items():
        for text in wheel.requirements:
            wanted = re.match(r"[\w.-]+", text)
            if wanted and "extra" not in text and normalized(wanted[0]) in (one.name, other.name):
                asked.setdefault(normalized(wanted[0]), set()).add(name)

    def rank(wheel: Distribution) -> tuple[bool, bool, int]:
        variant = _FOR_GPU.search(wheel.name)
        major = int(variant[1] or 0) if variant else 0
        return variant is not None, wheel.name in asked, major

    goes, stays = sorted((one, other), key=rank)
    return goes, stays, asked


def _again(wheel: Distribution) -> str:
    """The command that installs a wheel anew."""
    named = typed(f"{wheel.name}=={wheel.version}")
    return f"python -m pip install --force-reinstall --no-deps {named}"


def _title(wheel: Distribution) -> str:
    return f"{wheel.name} {wheel.version}"
