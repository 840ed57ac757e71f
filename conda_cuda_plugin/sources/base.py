"""What all sources share: a request comes in, an offer goes out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from ..addons import NONE, fits, needed_components
from ..environment import Environment
from ..errors import CudaError
from ..machine.machine import Machine
from ..platforms import Platform
from ..toolkit import Flavor, Origin, in_flavor, with_requirements
from ..versions import CudaVersion, VersionRequest

DEFAULT_CHANNELS = ("conda-forge", "nvidia")
"""Where toolkits and add-ons are looked for when neither user nor settings name a channel."""


@dataclass(frozen=True)
class ToolkitRequest:
    """What the user wants, and the bounds within which a source may look for it."""

    version: VersionRequest
    platform: Platform
    flavor: Flavor | None = None
    """None together with no components: the default flavor."""
    components: tuple[str, ...] = ()
    """Component names as typed, wanted besides the flavor, or in place of one."""
    addons: Mapping[str, str] = field(default_factory=dict)
    """Name to version or the beginning of one (`8.9`); `none` removes one."""
    host_compiler: bool = False
    """Whether conda's C++ compiler is wanted in the toolkit root."""
    default_flavor: Flavor = Flavor.RUNTIME
    channels: tuple[str, ...] = ()
    offline: bool = False
    path: Path | None = None
    """A toolkit on this machine that the user named by its path."""
    location: str | None = None
    """The file, folder or address that the user named to take the toolkit from."""
    sha256: str | None = None
    """What the named file has to hash to."""
    keep: tuple[Any, ...] = ()
    """Package records of the installed toolkit that is added to: what need not change stays."""
    order: tuple[str, ...] = ()
    """The sources to ask, best first; empty for the default."""
    quick: bool = False
    """Whether to find out only what there is: no solver is asked, and no size."""
    why: str | None = None
    """Why this version, when the user left the choice to us."""
    machine: Machine | None = None
    """What it shall run on, where packages are chosen for that; None where they are not."""

    @cached_property
    def wanted_components(self) -> tuple[str, ...]:
        """The typed components with what they need; empty when a flavor is meant.

        Raises:
            UsageError: when a name is unknown.
        """
        return with_requirements(self.components)

    @cached_property
    def wanted_flavor(self) -> Flavor | None:
        """The flavor to install; None when only single components were asked for."""
        return self.flavor or (None if self.components else self.default_flavor)

    @cached_property
    def wanted_addons(self) -> dict[str, str]:
        """The add-ons to install."""
        return {name: version for name, version in self.addons.items() if version != NONE}

    def components_of(self, version: CudaVersion) -> set[str]:
        """All components of a release that are asked for: typed, in the flavor, for add-ons."""
        flavor = self.wanted_flavor
        return {
            *with_requirements(self.components, version),
            *(in_flavor(flavor) if flavor else ()),
            *with_requirements(needed_components(self.wanted_addons), version),
        }

    def is_met_by(
        self,
        flavor: Flavor | None,
        components: Iterable[str],
        addons: Mapping[str, str],
        host_compiler: bool,
        agrees: Callable[[str, str], bool] = fits,
        *,
        listed: bool = False,
    ) -> bool:
        """Whether a toolkit with these contents has all that is wanted, and nothing that shall go.

        `agrees` compares the wanted version of an add-on with the one that is there; `listed` says
        that the components are all that is there, those of the flavor too.
        """
        have = {*components, *(in_flavor(flavor) if flavor and not listed else ())}
        if not set(self.wanted_components) <= have:
            return False
        if self.flavor is not None and (flavor is None or flavor.rank < self.flavor.rank):
            return False
        for name, version in self.addons.items():
            there = addons.get(name)
            if (there is None) != (version == NONE) or (there and not agrees(version, there)):
                return False
        return host_compiler or not self.host_compiler

    @cached_property
    def compiles(self) -> bool:
        """Whether nvcc is asked for."""
        return self.wanted_flavor is Flavor.DEVEL or "nvcc" in self.components


def options_of(request: ToolkitRequest) -> str:
    """The options of a command line that ask for the contents of a request."""
    words = [f"--flavor {request.flavor.value}"] if request.flavor else []
    words += [f"--components {','.join(request.components)}"] if request.components else []
    words += [f"--{name} {version}" for name, version in request.wanted_addons.items()]
    words += ["--host-compiler"] if request.host_compiler else []
    return " ".join(words)


@dataclass(frozen=True)
class Package:
    """One package of an offer, as far as the plan shows it."""

    name: str
    version: str
    size: int | None
    """Bytes to download; None when unknown, 0 when nothing has to be downloaded."""
    file: str | None = None
    """The name of the file it comes in."""
    address: str | None = None
    """Where that file is taken from if it is in no cache, where the plan shows it."""
    protection: str | None = None
    """The kind of hash that tells the file, where that is known: `sha256` or `md5`."""
    exact: Callable[[], Mapping[str, str]] | None = field(default=None, compare=False, repr=False)
    """Gives what a file of `export` says of it; None where its file need not be known."""


@dataclass(frozen=True)
class Offer:
    """A toolkit that a source can give; nothing has been changed yet."""

    origin: Origin
    version: CudaVersion
    flavor: Flavor | None
    components: tuple[str, ...]
    packages: tuple[Package, ...]
    detail: str
    """From where exactly: a channel, a path."""
    specs: tuple[str, ...] = ()
    fetch: Callable[[], Sequence[Any]] = field(default=tuple, compare=False)
    """Downloads what is missing and returns the package records to link; empty for an adopted
    toolkit."""
    location: Path | None = None
    """Where the files of an adopted toolkit lie."""
    note: str | None = None
    """Something the user should know about this choice."""
    compiler_asked: bool = False
    """Whether conda's C++ compiler was asked for, and is among the packages."""

    @property
    def download(self) -> int | None:
        """Bytes to download; None when a size is unknown."""
        sizes = [package.size for package in self.packages]
        return None if None in sizes else sum(size or 0 for size in sizes)


@dataclass(frozen=True)
class Search:
    """What `list --available` asks the sources for."""

    platform: Platform
    environment: Environment | None = None
    channels: tuple[str, ...] = ()
    offline: bool = False


@dataclass(frozen=True)
class AvailableFlavor:
    """A flavor of a release that a source has, as `list --available` shows it."""

    version: CudaVersion
    flavor: Flavor
    where: str
    """A channel, an index, a path."""
    size: int | None
    """Bytes to download, about: CUDA's own packages; None when unknown, 0 when it is here."""
    nvcc: bool
    """Whether it has the compiler."""


def flavors_here(version: CudaVersion, where: str, nvcc: bool) -> list[AvailableFlavor]:
    """The flavors of a toolkit that is on this machine."""
    flavors = (flavor for flavor in Flavor if nvcc or flavor is not Flavor.DEVEL)
    return [AvailableFlavor(version, flavor, where, 0, nvcc) for flavor in flavors]


class NotOffered(CudaError):
    """A source cannot give what was asked for.

    Args:
        source: the source's name.
        reason: why not, as the end of a sentence that begins with the source.
        known: the versions it has instead, where it can tell.
        lacks: the add-ons that are missing (`cuDNN 99`), where it has the toolkit.
    """

    def __init__(
        self,
        source: str,
        reason: str,
        *,
        hints: Sequence[str] = (),
        known: Sequence[CudaVersion] = (),
        unreachable: bool = False,
        lacks: str = "",
    ) -> None:
        super().__init__(
            f"{source} {reason}.",
            hints=hints,
            source=source,
            reason=reason,
            unreachable=unreachable,
        )
        self.known = [str(version) for version in known]
        self.source = source
        self.reason = reason
        self.unreachable = unreachable
        self.lacks = lacks


class Source(Protocol):
    """One place toolkits come from."""

    name: str

    def offer(self, request: ToolkitRequest, environment: Environment) -> Offer:
        """The best toolkit this source has for a request.

        Raises:
            NotOffered: with the reason when it has none.
        """

    def available(self, search: Search) -> Iterable[AvailableFlavor]:
        """Every release this source has, by flavor; downloads no toolkit.

        Raises:
            NotOffered: when the source, or a part of it, cannot be asked; at the end, after all
                that it could be asked for.
        """
