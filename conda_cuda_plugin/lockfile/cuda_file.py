"""The file of `conda cuda export` and `apply`: what was asked for, and the exact packages.

conda-cuda: 1                 the format's number
platform: linux-64
current: '12.4'               the release that is current; left out when none is
request:                      what `use` was asked for the last time
  version: '12.4'
  flavor: base
toolkits:
- version: 12.4.1
  origin: pypi
  flavor: base
  components: [cudart]
  packages:
  - name: nvidia-cuda-runtime-cu12
    version: 12.4.127
    build: wheel_0
    url: https://.../nvidia_cuda_runtime_cu12-12.4.127-py3-none-manylinux2014_x86_64.whl
    sha256: ...               of the file at that address
others:                       the same for other platforms, if any
- platform: linux-aarch64
  toolkits: [...]
not-promised: [...]           what of this another machine may not give
digest: ...                   of all values above
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from ..errors import CudaError
from ..network.addresses import shown_address
from ..quoting import typed
from ..system.reading import read_bytes
from ..system.yaml_text import MOST_BYTES, YamlError, canonical, dump, load
from ..toolkit import Flavor, Origin
from ..versions import CudaVersion
from .yaml_edit import updated

FORMAT = 1
FORMAT_KEY = "conda-cuda"
IDENTITIES = {"toolkits": "version", "packages": "name", "others": "platform"}
"""The lists whose order says nothing, and what tells their items apart."""
_HEAD = (
    "# The CUDA of a conda environment, as conda cuda export found it: conda cuda apply FILE\n"
    "# gives another environment exactly this. Comments may be added; values may not be changed.\n"
)


class CudaFileError(CudaError):
    """A file that `conda cuda export` has not written, or that cannot be used.

    Args:
        file: its name.
        reason: what is wrong, as the end of a sentence that begins with the name.
        hints: what to do; by default, to export anew.
    """

    def __init__(self, file: str, reason: str, hints: Sequence[str] = ()) -> None:
        again = f"conda cuda export -f {typed(f'{file}.new')} writes such a file anew."
        super().__init__(f"{file} {reason}.", hints=hints or [again], file=file)


@dataclass(frozen=True)
class ExactPackage:
    """One package of a toolkit, and the file that it comes from."""

    name: str
    version: str
    build: str
    url: str | None = None
    file: str | None = None
    """The name of the file, where it has no address."""
    sha256: str | None = None
    """The hash of that file; None where no promise can be made."""
    md5: str | None = None

    @property
    def dist(self) -> str:
        """`name-version-build`."""
        return f"{self.name}-{self.version}-{self.build}"

    @property
    def hashes(self) -> dict[str, str]:
        """The hashes of its file, the strongest first; without any, nothing protects it."""
        found = {"sha256": self.sha256, "md5": self.md5}
        return {name: value for name, value in found.items() if value}

    @property
    def address(self) -> str | None:
        """Its address, as it may be shown."""
        return shown_address(self.url) if self.url else None

    @property
    def filename(self) -> str:
        """The name of the file that it comes from."""
        return self.file or unquote(urlsplit(self.url or "").path.rsplit("/", 1)[-1])

    @property
    def is_conda(self) -> bool:
        """Whether that file is a conda package, and not one that is converted into one."""
        return self.filename.endswith((".conda", ".tar.bz2"))

    @property
    def is_wheel(self) -> bool:
        """Whether that file is a Python wheel."""
        return self.filename.endswith(".whl")

    @property
    def is_foreign(self) -> bool:
        """Whether that file is an archive or installer of NVIDIA's."""
        return not self.is_conda and not self.is_wheel


@dataclass(frozen=True)
class ExactToolkit:
    """One toolkit of a file."""

    version: CudaVersion
    origin: Origin
    flavor: Flavor | None = None
    components: tuple[str, ...] = ()
    specs: tuple[str, ...] = ()
    packages: tuple[ExactPackage, ...] = ()
    location: str | None = None
    """Where the files of a toolkit of the machine lay."""

    @property
    def is_exact(self) -> bool:
        """Whether SHA-256 says of every file which one it is."""
        return bool(self.packages) and all(package.sha256 for package in self.packages)

    @property
    def unprotected(self) -> tuple[ExactPackage, ...]:
        """The packages in whose place any file would pass."""
        if self.origin.adopted:
            return ()
        return tuple(package for package in self.packages if not package.hashes)


@dataclass(frozen=True)
class CudaFile:
    """What a file says."""

    platform: str
    current: str | None
    request: Mapping[str, Any]
    toolkits: tuple[ExactToolkit, ...]
    not_promised: tuple[str, ...] = ()
    others: Mapping[str, tuple[ExactToolkit, ...]] = field(default_factory=dict)
    """By platform, its toolkits for others."""

    @property
    def platforms(self) -> tuple[str, ...]:
        """All platforms that it is for."""
        return (self.platform, *self.others)

    def on(self, platform: str) -> CudaFile:
        """What it says for one of its platforms."""
        if platform == self.platform:
            return self
        return replace(self, platform=platform, toolkits=self.others[platform])

    @property
    def compiles(self) -> bool:
        """Whether nvcc is part of it."""
        return any(
            toolkit.flavor is Flavor.DEVEL or "nvcc" in toolkit.components
            for toolkit in self.toolkits
        )

    @property
    def pinned(self) -> bool:
        """Whether `conda install` is held to the current release."""
        return self.request.get("pin") is True

    @property
    def recorded(self) -> dict[str, Any]:
        """The request as an environment records it."""
        return {key: value for key, value in self.request.items() if key != "pin"}


def digest_of(content: Mapping[str, Any]) -> str:
    """The hash of all values but the digest itself; the order of keys and quotes do not count."""
    values = {key: value for key, value in content.items() if key != "digest"}
    text = json.dumps(canonical(values, IDENTITIES), sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def new_text(content: Mapping[str, Any]) -> str:
    """A new file with some content and its digest."""
    return _HEAD + dump({**content, "digest": digest_of(content)})


def updated_text(text: str, content: Mapping[str, Any], file: str) -> str:
    """The text of an existing file with new content; comments and order stay.

    Raises:
        CudaFileError: when it is not such a file, or cannot be changed in place.
    """
    new = {**content, "digest": digest_of(content)}
    if canonical(read_content(text, file), IDENTITIES) == canonical(new, IDENTITIES):
        return text
    try:
        result = updated(text, new, IDENTITIES)
    except YamlError as error:
        raise CudaFileError(file, error.reason, ["Move it away, then export again."]) from error
    return result.replace("\n", "\r\n") if "\r\n" in text else result


def text_of(path: Path) -> str:
    """The text of a file.

    Raises:
        CudaFileError: when it cannot be read.
    """
    try:
        return read_bytes(path, MOST_BYTES).decode("utf-8-sig")
    except FileNotFoundError as error:
        hint = "conda cuda export -f FILE writes such a file."
        raise CudaFileError(str(path), "does not exist", [hint]) from error
    except OSError as error:
        hint = "Name a file that conda cuda export has written."
        raise CudaFileError(str(path), f"cannot be read: {error.strerror}", [hint]) from error
    except UnicodeDecodeError as error:
        raise CudaFileError(str(path), "is not text in UTF-8") from error


def read_content(text: str, file: str) -> dict[str, Any]:
    """The values of a file's text; only its format is checked.

    Raises:
        CudaFileError: when it is not such a file.
    """
    try:
        content = load(text)
    except YamlError as error:
        raise CudaFileError(file, error.reason) from error
    if not isinstance(content, dict) or FORMAT_KEY not in content:
        whole = isinstance(content, dict) and "dependencies" in content
        hints = [f"conda cuda export --environment -f {typed(file)} is for a whole environment."]
        reason = f"is not a file of conda cuda export: it has no {FORMAT_KEY!r}"
        raise CudaFileError(file, reason, hints if whole else ())
    if content[FORMAT_KEY] != str(FORMAT):
        raise CudaFileError(
            file,
            f"has the format {content[FORMAT_KEY]!r}, and this conda cuda knows {FORMAT} only",
            ["Update conda cuda, or export anew with the one that is here."],
        )
    return content
