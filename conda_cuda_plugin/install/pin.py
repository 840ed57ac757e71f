"""The pin that keeps `conda install` in an environment on its current toolkit's release.

conda holds its solvers to the lines of `conda-meta/pinned` and skips those that begin with `#`
(conda's `core/solve.py` up to 24.x, `core/prefix_data.py` later). Ours stand in a block between
two such lines; the user's lines stay byte for byte. Where two lines pin one package, the last one
counts, so ours come last.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from conda.base.context import context
from conda.exceptions import CondaError
from conda.models.match_spec import MatchSpec

from ..environment import Environment
from ..errors import CudaError, ForeignFileError
from ..system.reading import read_bytes
from ..toolkit import releases
from ..versions import CudaVersion

PINNED = Path("conda-meta", "pinned")

_BEGIN = b"# >>> conda cuda use --pin >>>"
_END, _END_OF_FILE, _END_AFTER_OPEN_LINE = (
    b"# <<< conda cuda off removes %b <<<" % what
    for what in (b"this block", b"this file", b"this block and the end of the line before it")
)
"""The last line of the block also says what the file was: absent, or without an end."""
_ENDS = (_END, _END_OF_FILE, _END_AFTER_OPEN_LINE, b"# <<< conda cuda off takes it away <<<")
"""The last one is that of conda cuda 0.1.0."""
_OURS = re.compile(rb"(cuda-version \d+\.\d+\.\*|cudatoolkit \d+\.\d+\|\d+\.\d+\.\*)\s*")
_LAST_CUDATOOLKIT = CudaVersion(11, 8)


@dataclass(frozen=True)
class _Pinned:
    """What `conda-meta/pinned` holds."""

    own: bytes | None
    """The file as the user has it, without our block; None where there would be no file."""
    ours: list[str] = field(default_factory=list)
    """The specs of our block."""
    has_block: bool = False


def _parse(data: bytes | None) -> _Pinned:
    """The parts of the file.

    A line within the block that is not ours is the user's; without an end line the block ends with
    our lines.
    """
    own: list[bytes] = []
    ours: list[str] = []
    inside = found = False
    end = after = b""
    for line in (data or b"").splitlines(keepends=True):
        bare = line.strip()
        if bare == _BEGIN:
            inside = found = True
        elif inside and bare in _ENDS:
            inside, end, after = False, bare, b""
        elif inside and _OURS.fullmatch(line):
            ours.append(bare.decode())
        else:
            own.append(line)
            after = line
    text = b"".join(own)
    if data is None or (end == _END_OF_FILE and not text):
        return _Pinned(None, ours, found)
    if end == _END_AFTER_OPEN_LINE and not after:
        text = text.removesuffix(b"\n").removesuffix(b"\r")
    return _Pinned(text, ours, found)


def pins(environment: Environment) -> list[str]:
    """The specs that are pinned by us; empty when none is."""
    return _parse(read(environment)).ours


def is_pinned(environment: Environment) -> bool:
    """Whether our block is there."""
    path = environment.prefix / PINNED
    return not path.is_symlink() and _parse(read(environment)).has_block


def specs_for(version: CudaVersion, own: Iterable[str] = ()) -> list[str]:
    """The lines that hold an environment on a release.

    `cudatoolkit` is pinned up to 11.8, the last release it exists for: some solvers would ask for
    a package that meets the pin as soon as one that might need it is installed.

    Args:
        version: a version of the release.
        own: what the user has pinned; a narrower pin of `cudatoolkit` is not weakened.
    """
    release = version.release
    specs = [f"cuda-version {release}.*"]
    if (version.major, version.minor) <= (_LAST_CUDATOOLKIT.major, _LAST_CUDATOOLKIT.minor):
        others = [row.version for row in releases() if row.version.release != release]
        narrow = any(
            name == "cudatoolkit" and not any(_allows(spec, "cudatoolkit", row) for row in others)
            for name, spec in _named(own)
        )
        if not narrow:
            specs.append(f"cudatoolkit {release}|{release}.*")
    return specs


def check_pin(environment: Environment, version: CudaVersion) -> None:
    """Refuse a pin that the user's own pins leave no package for.

    Raises:
        CudaError: when one does, or when the file is not a plain one.
    """
    path = environment.prefix / PINNED
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise ForeignFileError(path, reason="the pin has to go there, into a plain file")
    places = [
        (path, _lines(_parse(read(environment)).own or b"")),
        ("condarc", context.pinned_packages),
    ]
    for place, lines in places:
        for name, spec in _named(lines):
            if name in ("cuda-version", "cudatoolkit") and not _allows(spec, name, version):
                raise CudaError(
                    f"You have pinned {spec!r} in {place}, so CUDA {version.release} cannot be "
                    "pinned.",
                    hints=["Remove that line, or use the toolkit with --no-pin."],
                    spec=spec,
                )


def put(environment: Environment, version: CudaVersion) -> None:
    """Pin a release, in place of another one."""
    data = read(environment)
    own = _parse(data).own
    text = own or b""
    end = b"\r\n" if b"\r\n" in text else b"\n"
    last = _END_OF_FILE if own is None else _END
    if text and not text.endswith(b"\n"):
        text, last = text + end, _END_AFTER_OPEN_LINE
    specs = specs_for(version, _lines(text))
    block = end.join([_BEGIN, *(spec.encode() for spec in specs), last, b""])
    if text + block != data:
        write(environment, text + block)


def remove(environment: Environment) -> bool:
    """Remove the pin, and the file too when it was made for the pin.

    Returns:
        Whether there was one.
    """
    if not is_pinned(environment):
        return False
    write(environment, _parse(read(environment)).own)
    return True


def _lines(data: bytes) -> list[str]:
    lines = data.decode(errors="replace").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]


def _named(specs: Iterable[str]) -> list[tuple[str, str]]:
    """Package name and text of specs; those that conda cannot read are left to conda."""
    found = []
    for spec in specs:
        try:
            found.append((str(MatchSpec(spec).get_exact_value("name")), str(spec)))
        except (CondaError, ValueError, TypeError):
            continue
    return found


def _allows(spec: str, name: str, version: CudaVersion) -> bool:
    """Whether a spec allows the package of a release, under one of the versions it is known by."""
    rule = MatchSpec(spec).get_raw_value("version")
    if rule is None:
        return True
    release = version.release
    versions = [release]
    if name == "cudatoolkit":
        # Up to 10.2 the third number is that of a build.
        numbers = 10 if version.major > 10 else 400
        versions += [f"{release}.{number}" for number in range(numbers)]
    return any(MatchSpec(spec).version.match(text) for text in versions)


def read(environment: Environment) -> bytes | None:
    """The content of the file; None where there is none that holds pins."""
    try:
        return read_bytes(environment.prefix / PINNED, 2**20)
    except (FileNotFoundError, IsADirectoryError):
        return None
    except OSError as error:
        # A pipe, or what is not a list of pins: nothing of ours is in there.
        if error.errno in (errno.EINVAL, errno.EFBIG):
            return None
        raise


def write(environment: Environment, data: bytes | None) -> None:
    """Replace the file; None removes it."""
    path = environment.prefix / PINNED
    environment.files.remove_leftovers(path.parent)
    if data is None:
        environment.files.remove(path)
        return
    mode = path.stat().st_mode & 0o777 if path.is_file() else 0o644
    environment.files.write(path, data, mode)
