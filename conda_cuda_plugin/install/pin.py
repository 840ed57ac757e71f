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
from dataclasses import dataclass
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
STATE_KEY = "pin"
"""What the file was before: `absent`, or `unended` where its last line had no end."""

_BEGIN = b"# >>> conda cuda use --pin >>>"
_END = b"# <<< conda cuda off takes it away <<<"
_OURS = re.compile(rb"(cuda-version \d+\.\d+\.\*|cudatoolkit \d+\.\d+\|\d+\.\d+\.\*)\s*")
_LAST_CUDATOOLKIT = CudaVersion(11, 8)


@dataclass(frozen=True)
class Before:
    """`conda-meta/pinned` as it was, to be put back."""

    data: bytes | None

    def restore(self, environment: Environment) -> None:
        """Put the file back."""
        if _read(environment) != self.data:
            _write(environment, self.data)


def before(environment: Environment) -> Before:
    """The file as it is."""
    return Before(_read(environment))


def pins(environment: Environment) -> list[str]:
    """The specs that are pinned by us; empty when none is."""
    return [line.decode().strip() for line in _split(_read(environment) or b"")[1]]


def is_pinned(environment: Environment) -> bool:
    """Whether our block is there."""
    path = environment.prefix / PINNED
    return not path.is_symlink() and _split(_read(environment) or b"")[2]


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

    Args:
        environment: the environment.
        version: the toolkit's version.

    Raises:
        CudaError: when one does, or when the file is not a plain one.
    """

    path = environment.prefix / PINNED
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise ForeignFileError(path, reason="the pin has to go there, into a plain file")
    places = [(path, _own_lines(environment)), ("condarc", context.pinned_packages)]
    for place, lines in places:
        for name, spec in _named(lines):
            if name in ("cuda-version", "cudatoolkit") and not _allows(spec, name, version):
                raise CudaError(
                    f"You have pinned {spec!r} in {place}, so CUDA {version.release} cannot be "
                    "pinned.",
                    hints=["Take that line away, or use the toolkit with --no-pin."],
                    spec=spec,
                )


def put(environment: Environment, version: CudaVersion) -> None:
    """Pin a release; another one's pin gives way. What the file was is recorded in the state."""
    data = _read(environment)
    own = _without(environment, data)
    record = "absent" if own is None else "unended" if own and not own.endswith(b"\n") else None
    end = b"\r\n" if own and b"\r\n" in own else b"\n"
    specs = specs_for(version, _lines(own or b""))
    block = end.join([_BEGIN, *(spec.encode() for spec in specs), _END, b""])
    text = (own or b"") + (end if record == "unended" else b"") + block
    if environment.state.get(STATE_KEY) != record:
        state = {key: value for key, value in environment.state.items() if key != STATE_KEY}
        environment.write_state({**state, STATE_KEY: record} if record else state)
    if text != data:
        _write(environment, text)


def take_away(environment: Environment) -> bool:
    """Take the pin away, and the file too when it was made for the pin.

    Returns:
        Whether there was one.
    """
    if not is_pinned(environment):
        return False
    _write(environment, _without(environment, _read(environment)))
    return True


def _without(environment: Environment, data: bytes | None) -> bytes | None:
    """The file without our block: as the user had it, with what he has changed since."""
    if data is None:
        return None
    own, _, found, last = _split(data)
    if not found:
        return data
    record = environment.state.get(STATE_KEY)
    if not own and record == "absent":
        return None
    if last and record == "unended":
        return own.removesuffix(b"\n").removesuffix(b"\r")
    return own


def _split(data: bytes) -> tuple[bytes, list[bytes], bool, bool]:
    """The user's part, our lines, whether our block is there, and whether it ends the file.

    A line within the block that is none of ours is the user's; without an end line the block ends
    with our lines.
    """
    own: list[bytes] = []
    ours: list[bytes] = []
    inside = found = last = False
    for line in data.splitlines(keepends=True):
        bare = line.strip()
        if bare == _BEGIN:
            inside = found = last = True
        elif inside and bare == _END:
            inside = False
        elif inside and _OURS.fullmatch(line):
            ours.append(line)
        else:
            own.append(line)
            last = False
    return b"".join(own), ours, found, last


def _own_lines(environment: Environment) -> list[str]:
    return _lines(_split(_read(environment) or b"")[0])


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


def _read(environment: Environment) -> bytes | None:
    try:
        return read_bytes(environment.prefix / PINNED, 2**20)
    except (FileNotFoundError, IsADirectoryError):
        return None
    except OSError as error:
        # A pipe, or what is no list of pins: nothing of ours is in there.
        if error.errno in (errno.EINVAL, errno.EFBIG):
            return None
        raise


def _write(environment: Environment, data: bytes | None) -> None:
    path = environment.prefix / PINNED
    environment.files.remove_leftovers(path.parent)
    if data is None:
        environment.files.remove(path)
        return
    mode = path.stat().st_mode & 0o777 if path.is_file() else 0o644
    environment.files.write(path, data, mode)
