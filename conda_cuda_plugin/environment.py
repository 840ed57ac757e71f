"""An environment: its toolkits, the current one, and what was asked for."""

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
"""Lies in a toolkit root: a root without it is incomplete."""
FILES = "files.json"
"""Lies in a toolkit root too, and names what the root was built with."""
KERNELS_KEY = "kernels"
"""In the state: what was put into Jupyter's kernels, by their names."""


@dataclass(frozen=True)
class Environment:
    """A conda prefix that a user activates.

    Args:
        prefix: its absolute path.
    """

    prefix: Path
    kept: list[Path] = field(default_factory=list, compare=False, repr=False)
    """What a command has come upon that is the user's, and where it is now; to be told of."""

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
        """Whether anything of conda cuda is there, be it what a killed removal has left."""
        return self.has_cuda or os.path.lexists(self.prefix / STATE)

    def root(self, version: CudaVersion) -> Path:
        """The toolkit root of a release."""
        return self.prefix / f"cuda-{version.release}"

    @cached_property
    def state(self) -> dict[str, Any]:
        """What was asked for and what was written; empty when nothing was."""
        return self.read_state().content

    def read_state(self) -> Found:
        """The same with what is wrong in the file."""
        return read_record(self.prefix / STATE_FILE, STATE_SCHEMA)

    def write_state(self, state: Mapping[str, Any]) -> None:
        """Record what was asked for and what was written."""
        write_record(self.files, self.prefix / STATE_FILE, state)
        self.forget_state()

    def forget_state(self) -> None:
        """Read the record anew next time: another command may have written it."""
        self.__dict__.pop("state", None)

    def remove_state(self) -> None:
        """Take the record away."""
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
        """The name of the root of which a copy stands where the link should be; mostly None.

        `conda create --clone` and `conda rename` follow links at the top of an environment and
        copy what they lead to. The copy works; `install.root.mend_link` makes it a link again.
        """
        with contextlib.suppress(OSError):
            facts = read_bytes(self.link / TOOLKIT_FILE, MOST_BYTES)
            for toolkit in self.toolkits():
                if (
                    toolkit.complete
                    and read_bytes(toolkit.root / TOOLKIT_FILE, MOST_BYTES) == facts
                ):
                    return toolkit.name
        return None

    def toolkits(self) -> tuple[Toolkit, ...]:
        """Every installed toolkit, newest first, incomplete ones too."""
        found = []
        with contextlib.suppress(OSError):
            for entry in os.scandir(self.prefix):
                match = ROOT_NAME.fullmatch(entry.name)
                if match and entry.is_dir(follow_symlinks=False):
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
        CudaError: when there is none.
    """
    path = Path(os.path.abspath(prefix))
    # Path.is_dir would raise for a name that is too long.
    if not os.path.isdir(path / "conda-meta"):
        raise CudaError(
            f"{quoted(str(path), 200)} is not a conda environment."
            if len(str(path)) > 200 or not str(path).isprintable()
            else f"{path} is not a conda environment.",
            hints=["conda env list shows the environments there are."],
            prefix=path,
        )
    return Environment(path)


def is_toolkit_root(root: Path) -> bool:
    """Whether a folder that is called as a root is one, by what we write into each."""
    places = (root / TOOLKIT_FILE, root / FILES)
    return any(os.path.lexists(path) and not path.is_dir() for path in places)


def read_toolkit(root: Path) -> Toolkit:
    """What lies in a toolkit root."""
    match = ROOT_NAME.fullmatch(root.name)
    assert match is not None, root
    release = CudaVersion.parse(match[1])
    found = read_record(root / TOOLKIT_FILE, TOOLKIT)
    facts = found.content
    try:
        version, origin = CudaVersion.parse(facts["version"]), Origin(facts["origin"])
    except (KeyError, ValueError):
        return Toolkit(release, root, None, complete=False)
    if found.problems:
        return Toolkit(release, root, None, complete=False)
    flavor = Flavor(facts["flavor"]) if "flavor" in facts else None
    names, packages = tuple(facts.get("components", ())), tuple(facts.get("packages", ()))
    location = _adopted_from(root) if origin is Origin.SYSTEM else None
    return Toolkit(
        version,
        root,
        origin,
        flavor,
        names,
        packages,
        # A root lives under the name of its release; anything else was put there by hand.
        complete=version.release == release.release
        and (location is None or os.path.isdir(location)),
        location=location,
        compiler_asked=facts.get("host_compiler") is True,
    )


def write_toolkit(toolkit: Toolkit, root: Path) -> None:
    """Record in a root what it holds; this makes it complete.

    Args:
        toolkit: the facts.
        root: where the root lies now, which may differ from where it will be moved to.
    """
    facts: dict[str, Any] = {"version": str(toolkit.version)}
    facts["origin"] = toolkit.origin.value if toolkit.origin else None
    if toolkit.flavor:
        facts["flavor"] = toolkit.flavor.value
    if toolkit.components:
        facts["components"] = list(toolkit.components)
    if toolkit.packages:
        facts["packages"] = list(toolkit.packages)
    if toolkit.compiler_asked:
        facts["host_compiler"] = True
    write_record(Inside(root), root / TOOLKIT_FILE, facts)


def _adopted_from(root: Path) -> str | None:
    """The system toolkit that a root of links stands for.

    It is read from the links, so that no absolute path has to be recorded beside them.
    """
    with contextlib.suppress(OSError):
        return os.path.dirname(os.readlink(root / "bin"))
    return None


_NOTE = "# Written by conda cuda.\n"
_WORD = text(r"[^\x00-\x1f\x7f]{1,200}")
_FLAVOR = choice([flavor.value for flavor in Flavor])

STATE_SCHEMA = record(
    {
        "request": record(
            {
                "version": _WORD,
                "source": _WORD,
                "flavor": _FLAVOR,
                "components": items(_WORD),
                "addons": table(_WORD, _WORD),
                "host_compiler": flag,
                "channels": items(text()),
            }
        ),
        "wrappers": items(NAME),
        "linked": items(NAME),
        "kernels": table(
            NAME,
            record(
                {
                    "env": flag,
                    "joined": flag,
                    "names": table(_WORD, text(r"[0-9a-f]{16}")),
                },
                ("env", "joined", "names"),
            ),
        ),
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
    """What a record says.

    Args:
        content: what can be used of it; empty where there is none.
        problems: what is wrong with it, each as a sentence without its end.
    """

    content: dict[str, Any] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def read_record(path: Path, kind: Schema) -> Found:
    """Read a YAML record; nothing that stands in it is an error here.

    A command asks for the same files several times, and parsing takes most of its own time: a file
    that has not changed since is not parsed again.
    """
    try:
        with open_regular(path, links=False) as file:
            facts = os.fstat(file.fileno())
            version = (facts.st_dev, facts.st_ino, facts.st_mtime_ns, facts.st_size)
            known = _parsed.get(path)
            if known is None or known[0] != version:
                data = file.read(MOST_BYTES + 1)
                _parsed[path] = known = (version, _parse(data, kind))
    except (FileNotFoundError, NotADirectoryError):
        return Found()
    except OSError as error:
        return Found(problems=(f"it cannot be read ({error.strerror or error})",))
    return Found(copy.deepcopy(known[1].content), known[1].problems)


_parsed: dict[Path, tuple[tuple[int, ...], Found]] = {}
"""By file: what it was when it was parsed, and what it held."""


def _parse(data: bytes, kind: Schema) -> Found:
    try:
        content = load(data.decode())
    except UnicodeDecodeError:
        return Found(problems=("it is no text in UTF-8",))
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
        # The new file may look like the old one: as large, and written in the same moment.
        _parsed.pop(path, None)
