"""An environment: its toolkits, the current one, and what was asked for.

Two kinds of YAML records hold that: the state of an environment, and what a toolkit root holds.
"""

from __future__ import annotations

import contextlib
import copy
import io
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from .errors import CudaError
from .quoting import quoted
from .system import schema
from .system.files import Inside
from .system.reading import open_regular, read_bytes
from .system.schema import NAME, Schema, choice, flag, items, record, table, text
from .system.yaml_text import MOST_BYTES, YamlError, load
from .toolkit import Flavor, Origin, Toolkit
from .versions import CudaVersion

ROOT_NAME = re.compile(r"cuda-(\d{1,3}\.\d{1,4})", re.ASCII)
LINK = "cuda"
STATE = Path("etc", "conda", "cuda")
STATE_FILE = STATE / "state.yaml"
TOOLKIT_FILE = "toolkit.yaml"
"""In a toolkit root; a root without it is incomplete."""
FILES = "files.json"
"""In a toolkit root, too: what the root was built with."""
KERNELS_KEY = "kernels"
"""In the state: what was put into Jupyter's kernels, by their names."""

_NOTE = "# Written by conda cuda.\n"
_WORD = text(r"[^\x00-\x1f\x7f]{1,200}")
_FLAVOR = choice([flavor.value for flavor in Flavor])
_KERNEL = {
    "env": flag,
    "joined": flag,
    "names": table(_WORD, text(r"[0-9a-f]{16}")),
}
_REQUEST = {
    "version": _WORD,
    "source": _WORD,
    "flavor": _FLAVOR,
    "components": items(_WORD),
    "addons": table(_WORD, _WORD),
    "host_compiler": flag,
    "channels": items(text()),
}
STATE_SCHEMA = record(
    {
        "request": record(_REQUEST),
        "wrappers": items(NAME),
        "linked": items(NAME),
        KERNELS_KEY: table(NAME, record(_KERNEL, tuple(_KERNEL))),
    }
)
"""What was asked for, and what was written."""
TOOLKIT = record(
    {
        "version": text(r"\d{1,3}\.\d{1,4}(\.\d{1,4})?"),
        "origin": choice([origin.value for origin in Origin]),
        "flavor": _FLAVOR,
        "components": items(_WORD),
        "packages": items(_WORD),
        "host_compiler": flag,
    },
    ("version", "origin"),
)
"""What a toolkit root holds."""


@dataclass(frozen=True)
class Found:
    """The content of a record that can be used, and its problems, each a sentence without end."""

    content: dict[str, Any] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


_parsed: dict[Path, tuple[tuple[int, ...], Found]] = {}
"""By file: its identity when it was parsed, and what it held."""


def read_record(path: Path, kind: Schema) -> Found:
    """Read a YAML record; nothing in it is an error here.

    A command reads the same files several times, and parsing takes most of its own time, so a file
    that has not changed is not parsed again.
    """
    try:
        with open_regular(path, links=False) as file:
            facts = os.fstat(file.fileno())
            identity = (facts.st_dev, facts.st_ino, facts.st_mtime_ns, facts.st_size)
            known = _parsed.get(path)
            if known is None or known[0] != identity:
                _parsed[path] = known = identity, _parse(file.read(MOST_BYTES + 1), kind)
    except (FileNotFoundError, NotADirectoryError):
        return Found()
    except OSError as error:
        return Found(problems=(f"it cannot be read ({error.strerror or error})",))
    return Found(copy.deepcopy(known[1].content), known[1].problems)


def _parse(data: bytes, kind: Schema) -> Found:
    try:
        content = load(data.decode())
    except UnicodeDecodeError:
        return Found(problems=("it is not UTF-8",))
    except YamlError as error:
        return Found(problems=(f"it {error.reason}",))
    found, problems = schema.read(kind, {} if content is None else content)
    return Found(found or {}, problems)


def write_record(files: Inside, path: Path, content: Mapping[str, Any]) -> None:
    """Write a YAML record."""
    yaml = YAML()
    yaml.default_flow_style = None
    yaml.width = 100
    stream = io.StringIO()
    yaml.dump(dict(content), stream)
    if files.write(path, (_NOTE + stream.getvalue()).encode()):
        # The new file may have the identity of the old one.
        _parsed.pop(path, None)


@dataclass(frozen=True)
class Environment:
    """A conda prefix that a user activates."""

    prefix: Path
    """Its absolute path."""
    kept: list[Path] = field(default_factory=list, compare=False, repr=False)
    """The new paths of the user's files that a command has renamed; to be reported."""

    @property
    def files(self) -> Inside:
        """The way to change anything in it."""
        return Inside(self.prefix)

    @property
    def link(self) -> Path:
        """The link that names the current toolkit."""
        return self.prefix / LINK

    @property
    def bin(self) -> Path:
        """Where the wrappers go."""
        return self.prefix / "bin"

    @property
    def has_cuda(self) -> bool:
        """Whether conda cuda has given the environment anything."""
        return bool((self.prefix / STATE_FILE).is_file() or self.current_name() or self.toolkits())

    @property
    def has_traces(self) -> bool:
        """Whether anything of conda cuda is there, if only the rest of a killed removal."""
        return self.has_cuda or os.path.lexists(self.prefix / STATE)

    def root(self, version: CudaVersion) -> Path:
        """The toolkit root of a release."""
        return self.prefix / f"cuda-{version.release}"

    @cached_property
    def state(self) -> dict[str, Any]:
        """What was asked for and what was written; empty when nothing was."""
        return self.read_state().content

    def read_state(self) -> Found:
        """The state, with the problems of its file."""
        return read_record(self.prefix / STATE_FILE, STATE_SCHEMA)

    def write_state(self, state: Mapping[str, Any]) -> None:
        """Record what was asked for and what was written."""
        write_record(self.files, self.prefix / STATE_FILE, state)
        self.forget_state()

    def forget_state(self) -> None:
        """Read the state again next time: another command may have written it."""
        self.__dict__.pop("state", None)

    def remove_state(self) -> None:
        """Remove the record of the state."""
        if not (self.prefix / STATE_FILE).is_dir():
            self.files.remove(STATE_FILE)
        self.forget_state()

    def current_name(self) -> str | None:
        """The name of the current toolkit's root; None when there is no current one."""
        try:
            name = os.path.basename(os.readlink(self.link).rstrip("/\\"))
        except OSError:
            return self.copied_name()
        return name if ROOT_NAME.fullmatch(name) else None

    def copied_name(self) -> str | None:
        """The name of the root of which a copy is in the place of the link; mostly None.

        `conda create --clone` and `conda rename` follow links at the top of an environment and
        copy their targets. The copy works; `install.root.mend_link` makes it a link again.
        """
        with contextlib.suppress(OSError):
            facts = read_bytes(self.link / TOOLKIT_FILE, MOST_BYTES)
            for toolkit in self.toolkits():
                own = toolkit.root / TOOLKIT_FILE
                if toolkit.complete and read_bytes(own, MOST_BYTES) == facts:
                    return toolkit.name
        return None

    def toolkits(self) -> tuple[Toolkit, ...]:
        """Every installed toolkit, newest first, incomplete ones too."""
        found = []
        with contextlib.suppress(OSError):
            for entry in os.scandir(self.prefix):
                if ROOT_NAME.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
                    toolkit = read_toolkit(Path(entry.path))
                    if toolkit.complete or is_toolkit_root(toolkit.root):
                        found.append(toolkit)
        return tuple(sorted(found, key=lambda toolkit: toolkit.version, reverse=True))

    def current(self) -> Toolkit | None:
        """The toolkit that the environment uses now."""
        name = self.current_name()
        if name is None or not (self.prefix / name).is_dir():
            return None
        return read_toolkit(self.prefix / name)

    def toolkit(self, release: str) -> Toolkit | None:
        """The installed toolkit `X.Y`, complete or not."""
        root = self.prefix / f"cuda-{release}"
        is_folder = root.is_dir() and not root.is_symlink()
        return read_toolkit(root) if is_folder and is_toolkit_root(root) else None


def open_environment(prefix: str | os.PathLike[str]) -> Environment:
    """The environment at a prefix.

    Raises:
        CudaError: there is none.
    """
    path = Path(os.path.abspath(prefix))
    # Path.is_dir would raise for a name that is too long.
    if not os.path.isdir(path / "conda-meta"):
        plain = len(str(path)) <= 200 and str(path).isprintable()
        raise CudaError(
            f"{path if plain else quoted(str(path), 200)} is not a conda environment.",
            hints=["conda env list shows the environments there are."],
            prefix=path,
        )
    return Environment(path)


def is_toolkit_root(root: Path) -> bool:
    """Whether a folder with the name of a root is one: it holds a file that we write."""
    places = (root / TOOLKIT_FILE, root / FILES)
    return any(os.path.lexists(path) and not path.is_dir() for path in places)


def read_toolkit(root: Path) -> Toolkit:
    """The toolkit in a root."""
    match = ROOT_NAME.fullmatch(root.name)
    assert match is not None, root
    release = CudaVersion.parse(match[1])
    found = read_record(root / TOOLKIT_FILE, TOOLKIT)
    facts = found.content
    if not facts or found.problems:
        return Toolkit(release, root, None, complete=False)
    version, origin = CudaVersion.parse(facts["version"]), Origin(facts["origin"])
    # The links say where an adopted toolkit lies, so that no record holds an absolute path.
    location = None
    if origin is Origin.SYSTEM:
        with contextlib.suppress(OSError):
            location = os.path.dirname(os.readlink(root / "bin"))
    return Toolkit(
        version,
        root,
        origin,
        Flavor(facts["flavor"]) if "flavor" in facts else None,
        tuple(facts.get("components", ())),
        tuple(facts.get("packages", ())),
        # A root has the name of its release; any other was put there by hand.
        complete=version.release == release.release
        and (location is None or os.path.isdir(location)),
        location=location,
        compiler_asked=facts.get("host_compiler") is True,
    )


def write_toolkit(toolkit: Toolkit, root: Path) -> None:
    """Record in a root, which may be moved later, what it holds; this makes it complete."""
    facts = {
        "version": str(toolkit.version),
        "origin": toolkit.origin.value if toolkit.origin else None,
        "flavor": toolkit.flavor.value if toolkit.flavor else None,
        "components": list(toolkit.components),
        "packages": list(toolkit.packages),
        "host_compiler": toolkit.compiler_asked,
    }
    known = {name: value for name, value in facts.items() if value or name == "origin"}
    write_record(Inside(root), root / TOOLKIT_FILE, known)
