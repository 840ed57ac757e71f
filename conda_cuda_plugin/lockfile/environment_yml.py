"""`environment.yml` with a section `cuda:`: one file for an environment and its toolkit.

name: work
channels: [conda-forge]
dependencies:
  - python=3.12
cuda:                         what `use` is asked for
  version: '12.4'
  flavor: devel
  addons: {cudnn: '9.1'}

All but the last section is conda's, and conda reads it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml.comments import CommentedSeq

from ..addons import needed_components
from ..environment import Environment
from ..install import pin
from ..network.addresses import shown_address, without_credentials
from ..quoting import typed
from ..sources.base import ToolkitRequest
from ..system import schema
from ..system.conda_compat import display_name, packages_of
from ..system.schema import items, record
from ..system.yaml_text import YamlError, load
from ..toolkit import Flavor, Origin, Toolkit, with_requirements
from ..versions import VersionRequest
from .check import REQUEST
from .cuda_file import FORMAT_KEY, CudaFileError, text_of
from .export import check_toolkits, request_of
from .yaml_sections import with_sections, without

SECTION = "cuda"
PARTS = ("name", "channels", "dependencies", "variables", SECTION)
"""The sections that are written, in the order of a new file."""
IDENTITIES = {"dependencies": "package", "pip": "package"}
"""The lists whose order says nothing; the packages that their items name tell them apart."""
_NO_DEFAULTS = "nodefaults"
"""Among channels: not those of the settings."""
_REQUEST = record(REQUEST, ("version",), closed=True)
_BEGIN = re.compile(rf"^['\"]?{SECTION}['\"]?\s*:", re.MULTILINE)
_PACKAGES = re.compile(r"^dependencies\s*:", re.MULTILINE)
_EXAMPLE = "Write it so:  cuda: {version: '12.4', flavor: devel}"


@dataclass(frozen=True)
class EnvironmentFile:
    """What such a file says."""

    path: Path
    text: str
    name: str | None
    """The name of the environment; None where the file does not say."""
    channels: tuple[str, ...]
    """Where conda takes packages from, as they may be shown."""
    dependencies: int
    """How many packages conda is asked for."""
    cuda: Mapping[str, Any]
    """The section `cuda:`, checked."""

    @property
    def without_cuda(self) -> str:
        """The text that is conda's."""
        return without(self.text, SECTION)

    @property
    def source(self) -> str | None:
        """The source that is named, if one is."""
        return self.cuda.get("source")

    @property
    def pin(self) -> bool | None:
        """Whether `conda install` is held to the release; None for as it is."""
        return self.cuda.get("pin")

    def request(self, settled: ToolkitRequest) -> ToolkitRequest:
        """The request for the toolkit; `settled` is what the settings say."""
        flavor = self.cuda.get("flavor")
        return ToolkitRequest(
            VersionRequest.parse(self.cuda["version"]),
            settled.platform,
            flavor=Flavor(flavor) if flavor else None,
            components=tuple(self.cuda.get("components", ())),
            addons=dict(self.cuda.get("addons", {})),
            host_compiler=bool(self.cuda.get("host_compiler")),
            default_flavor=settled.default_flavor,
            channels=tuple(self.cuda.get("channels", ())) or settled.channels,
            offline=settled.offline,
            order=settled.order,
        )


def is_environment(text: str) -> bool:
    """Whether a text is a file for a whole environment, and not one of `conda cuda export`."""
    try:
        content = load(text)
    except YamlError:
        # It is refused in any case, as what it was meant to be.
        looks_so = _BEGIN.search(text) or _PACKAGES.search(text)
        return looks_so is not None and FORMAT_KEY not in text
    known = {"dependencies", SECTION}
    return isinstance(content, dict) and FORMAT_KEY not in content and not known.isdisjoint(content)


def has_section(path: Path) -> bool:
    """Whether a file that conda has read has a section `cuda:`."""
    try:
        text = text_of(path)
        # Most have none, and need not be parsed.
        return _BEGIN.search(text) is not None and is_environment(text) and SECTION in load(text)
    except (CudaFileError, YamlError):
        return False


def parse(text: str, path: Path) -> EnvironmentFile:
    """What a file's text says; only the section `cuda:` is checked thoroughly.

    Raises:
        CudaFileError: when it has no such section, or one that cannot be used.
    """
    file = str(path)
    try:
        content = load(text)
        without(text, SECTION)
    except YamlError as error:
        anew = f"conda cuda export --environment -n NAME -f {typed(f'{file}.new')}"
        raise CudaFileError(file, error.reason, [f"Mend it, or write it anew: {anew}"]) from error
    if SECTION not in content:
        raise CudaFileError(
            file,
            "has no section cuda:, so it is conda's alone",
            [f"conda env create -f {typed(file)}", _EXAMPLE],
        )
    found, problems = schema.read(_section, content)
    if problems:
        hint = _EXAMPLE if problems[0].startswith(SECTION) else "For no packages, write []."
        raise CudaFileError(file, f"cannot be used: {problems[0]}", [hint])
    name, packages = content.get("name"), content.get("dependencies")
    channels = content.get("channels")
    if not isinstance(channels, list) or not all(isinstance(one, str) for one in channels):
        channels = []
    return EnvironmentFile(
        path,
        text,
        name if isinstance(name, str) and name else None,
        tuple(shown_address(one) if "://" in one else one for one in channels),
        len(packages or ()),
        found[SECTION],
    )


_section = record(
    # What stands among them is for conda to judge, which would take a word for its letters.
    {SECTION: _REQUEST, "dependencies": items(lambda value, place, problems: value)},
    (SECTION,),
)


def describe(environment: Environment, *, from_history: bool) -> dict[str, Any]:
    """The sections of an environment's file; None for one that the environment has no need of.

    Args:
        environment: which.
        from_history: what was asked for, of conda and of `use`, in place of exactly what is there.

    Raises:
        CudaError: when no toolkit is current in it.
    """
    found = packages_of(environment.prefix, from_history=from_history)
    return sections_of(environment, found, from_history=from_history)


def sections_of(
    environment: Environment, found: Mapping[str, Any], *, from_history: bool
) -> dict[str, Any]:
    """As `describe`, with conda's sections, which the caller has."""
    current = environment.current()
    check_toolkits(environment, (current,) if current else ())
    assert current is not None
    name = display_name(environment.prefix)
    channels = [
        without_credentials(one) if "://" in one else one for one in found.get("channels") or ()
    ]
    content = {
        # A path is no name, and no other machine has it.
        "name": None if os.sep in name else name,
        "channels": CommentedSeq(channels) or None,
        "dependencies": _blocks(found.get("dependencies") or ()),
        "variables": dict(found.get("variables") or {}) or None,
        SECTION: request_of(environment, current) if from_history else exact(environment, current),
    }
    return {key: content[key] for key in PARTS}


def exact(environment: Environment, toolkit: Toolkit) -> dict[str, Any]:
    """The request that gives the very release, add-ons and contents of a toolkit."""
    asked = request_of(environment, toolkit)
    adopted = toolkit.adopted
    # What is there for the add-ons alone comes with them.
    needed = with_requirements(needed_components(toolkit.addons), toolkit.version)
    components = [
        name
        for name in toolkit.more_components
        if name not in needed or name in asked.get("components", ())
    ]
    here = toolkit.origin is Origin.ENVIRONMENT
    found = {
        "version": toolkit.version.release if here else str(toolkit.version),
        "source": toolkit.origin.value if toolkit.origin else None,
        "flavor": asked.get("flavor") if adopted else toolkit.flavor and toolkit.flavor.value,
        "components": asked.get("components") if adopted else components,
        "addons": asked.get("addons") if adopted else toolkit.addons,
        "host_compiler": toolkit.compiler_asked,
        "pin": pin.is_pinned(environment),
        "channels": asked.get("channels"),
    }
    return {key: value for key, value in found.items() if value}


def _blocks(items: Any) -> CommentedSeq:
    """A list, and the lists in it, with an item a line."""
    return CommentedSeq(
        {key: CommentedSeq(value) for key, value in item.items()}
        if isinstance(item, dict)
        else item
        for item in items
    )


def doubts(environment: Environment) -> list[str]:
    """What another machine may not give, a sentence each."""
    current = environment.current()
    if current is None or current.origin is not Origin.SYSTEM:
        return []
    return [
        f"CUDA {current.version} is adopted from {current.location}: another machine has to have "
        "this release itself."
    ]


def new_text(content: Mapping[str, Any]) -> str:
    """A new file with some sections."""
    return with_sections("", content, IDENTITIES)


def updated_text(text: str, content: Mapping[str, Any], file: str) -> str:
    """The text of an existing file with new sections; comments, order and other sections stay.

    Raises:
        CudaFileError: when it is another kind of file, or cannot be changed in place.
    """
    try:
        old = load(text) or {}
        if not isinstance(old, dict) or FORMAT_KEY in old or (old and not {*old} & {*PARTS}):
            raise YamlError("is not the file of a conda environment")
        if content["name"] is None:
            content = {key: value for key, value in content.items() if key != "name"}
        channels = content["channels"] or []
        if _NO_DEFAULTS in (old.get("channels") or ()) and _NO_DEFAULTS not in channels:
            # No environment records it.
            others = [one for one in channels if one != "defaults"]
            content = {**content, "channels": CommentedSeq([*others, _NO_DEFAULTS])}
        return with_sections(text, content, IDENTITIES)
    except YamlError as error:
        raise CudaFileError(file, error.reason, ["Name another file with -f."]) from error
