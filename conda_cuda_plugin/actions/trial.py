"""Whether `conda cuda use` would help: a command is tried as a plan before anybody is told it.

First with what is on this machine and in its caches. Only where that says nothing, and some source
would have to be asked over the network, the command is run once with `--dry-run`, for LIMIT seconds
at most.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..environment import Environment
from ..errors import CudaError
from ..machine.machine import Machine
from ..quoting import typed
from ..sources.base import Offer, Package, ToolkitRequest
from ..sources.channel.refusals import FIRST_LABEL
from ..sources.choice import NoSourceError, choose
from ..sources.contents import Part
from ..sources.redist.manifest import known_releases
from ..sources.runfile.installers import InstallerName, installer_for
from ..sources.table import ORDER
from ..system.conda_compat import settings
from ..toolkit import Flavor, Origin, Toolkit, releases
from ..versions import CudaVersion, VersionRequest
from .auto import AUTO, choose_for
from .use import make_plan

CUDATOOLKIT = ((9, 2), (11, 8))
"""The first and the last release of conda-forge's `cudatoolkit` (its channel, read 2026-11)."""
LIMIT = 8.0
"""Seconds that sources may take to answer over the network, all questions of a command together."""


@dataclass(frozen=True)
class Use:
    """A `conda cuda use` command."""

    version: str
    """A release, a range of releases, or `auto`."""
    flavor: Flavor | None = None
    components: tuple[str, ...] = ()
    addons: tuple[tuple[str, str], ...] = ()
    source: str | None = None
    channels: tuple[str, ...] = ()
    host_compiler: bool = False
    anew: bool = False
    """Whether the release that is installed will have been removed before."""

    @property
    def arguments(self) -> list[str]:
        """The words behind `conda`."""
        options = {
            "flavor": self.flavor and self.flavor.value,
            "components": ",".join(self.components),
            **dict(self.addons),
            "from": self.source,
        }
        found = ["cuda", "use", self.version]
        for name, value in options.items():
            found += [f"--{name}", value] if value else []
        found += ["--host-compiler"] if self.host_compiler else []
        for channel in self.channels:
            found += ["-c", channel]
        return found

    @property
    def words(self) -> str:
        """As it is typed behind `conda`."""
        return " ".join(map(typed, self.arguments))


@dataclass(frozen=True)
class Outcome:
    """What a command would do."""

    helps: bool
    """Whether it can be carried out, changes anything, and brings what is wanted."""
    release: str | None = None
    """`X.Y` of the toolkit that it would give."""
    why: str = ""
    """If it does not help: why, as one clause or several."""
    unreachable: bool = False
    """Whether a source that may have it does not answer."""


@dataclass(frozen=True)
class _Answer:
    """What a plan or a dry run says."""

    toolkit: Toolkit | Offer | None = None
    changes: bool = True
    why: str = ""
    unreachable: bool = False


@dataclass
class Trial:
    """Tries commands on an environment.

    Args:
        environment: the environment.
        settled: what the settings say of a request.
        machine: finds out what the machine is.
    """

    environment: Environment
    settled: Callable[[], ToolkitRequest]
    machine: Callable[[], Machine]
    _left: float = LIMIT
    _known: dict[Use, _Answer] = field(default_factory=dict)

    @property
    def order(self) -> tuple[str, ...]:
        """The sources that are asked, as the settings have them; empty for our order."""
        return self.settled().order

    def of(self, use: Use, part: Part | None = None) -> Outcome:
        """What a command would do.

        Args:
            use: the command.
            part: what it shall bring.
        """
        if use not in self._known:
            self._known[use] = self._answer(use)
        answer = self._known[use]
        if answer.toolkit is None:
            return Outcome(False, why=answer.why, unreachable=answer.unreachable)
        release = answer.toolkit.version.release
        if part is not None and not part.is_in(answer.toolkit, self.settled().platform):
            origin = answer.toolkit.origin
            who = origin.value if origin else "this environment"
            return Outcome(False, release, f"{who} has CUDA {release} without it")
        if not answer.changes:
            return Outcome(False, release, f"CUDA {release} is current already")
        return Outcome(True, release)

    def _answer(self, use: Use) -> _Answer:
        try:
            request = self._request(use)
            with settings(offline=True):
                here = replace(request, offline=True, quick=True)
                if use.anew:
                    return _Answer(choose(here, self.environment, use.source).offer)
                plan = make_plan(self.environment, here, use.source, self.machine())
            return _Answer(plan.offer or plan.installed, not plan.changes_nothing)
        except NoSourceError as error:
            if not error.unreachable:
                return _Answer(why=_reasons(error.refusals))
            if request.offline or use.anew:
                return _Answer(why=_reasons(error.refusals), unreachable=True)
            return self._ask(use)
        except CudaError as error:
            return _Answer(why=_clause(error.message))

    def _request(self, use: Use) -> ToolkitRequest:
        automatic = use.version == AUTO
        request = replace(
            self.settled(),
            version=VersionRequest.parse("latest" if automatic else use.version),
            flavor=use.flavor,
            components=use.components,
            addons=dict(use.addons),
            host_compiler=use.host_compiler,
        )
        if automatic:
            request = choose_for(self.environment, request, self.machine(), None)
        return request

    def _ask(self, use: Use) -> _Answer:
        """What the command itself says that it would do."""
        silent = _Answer(why="the network gave no answer in time", unreachable=True)
        prefix = str(self.environment.prefix)
        if self._left <= 0:
            return silent
        began = time.monotonic()
        try:
            done = subprocess.run(
                [
                    sys.executable,
                    "-m",
                    "conda",
                    *use.arguments,
                    "-p",
                    prefix,
                    "--dry-run",
                    "--json",
                ],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=self._left,
            )
            said = json.loads(done.stdout)
        except (OSError, ValueError, subprocess.TimeoutExpired):
            self._left = 0
            return silent
        finally:
            self._left -= time.monotonic() - began
        if "plan" in said:
            return self._of_plan(said["plan"])
        refusals = said.get("refusals")
        if isinstance(refusals, dict):
            return _Answer(why=_reasons(refusals), unreachable=said.get("unreachable", True))
        return _Answer(why=_clause(str(said.get("message", ""))))

    def _of_plan(self, plan: Mapping[str, Any]) -> _Answer:
        version, install = CudaVersion.parse(plan["version"]), plan["install"]
        if install is None:
            toolkit = self.environment.toolkit(version.release)
            current = self.environment.current_name()
            return _Answer(toolkit, toolkit is not None and toolkit.name != current)
        origin = Origin(plan["origin"])
        offer = Offer(
            origin,
            version,
            Flavor(install["flavor"]) if install["flavor"] else None,
            tuple(install["components"]),
            tuple(Package(one["name"], one["version"], one["size"]) for one in install["packages"]),
            install["from"],
            location=self._location(origin, install["from"]),
        )
        return _Answer(offer)

    def _location(self, origin: Origin, where: str) -> Path | None:
        if origin is Origin.ENVIRONMENT:
            return self.environment.prefix
        return Path(where) if origin is Origin.SYSTEM else None


def _reasons(refusals: Mapping[str, str]) -> str:
    """What the sources say that toolkits are installed from; others have what they have."""
    said = [f"{name} {why}" for name, why in refusals.items() if name not in _LOCAL]
    return "; ".join(said)


_LOCAL = ("environment", "system")


def _clause(message: str) -> str:
    return message.strip().rstrip(".")


@dataclass(frozen=True)
class Advice:
    """What to do about something that a toolkit lacks."""

    text: str
    """A sentence where nothing here helps; else empty."""
    use: Use | None = None
    """The command that helps."""
    elsewhere: Use | None = None
    """The command that asks a source which is not asked here, or does not answer."""


def advise(trial: Trial, ways: Sequence[Use], part: Part | None = None) -> Advice:
    """The first of some commands that helps, else who would have what is wanted."""
    failed: list[Outcome] = []
    for use in ways:
        outcome = trial.of(use, part)
        if outcome.helps:
            # A range has become one release.
            return Advice("", replace(use, version=outcome.release or use.version))
        failed.append(outcome)
    if not failed:
        return Advice("")
    # That no source has the other releases is no news.
    whys = [one.why for one in failed[:1] + [one for one in failed[1:] if one.release]]
    text = f"No source here has it now: {'; '.join(dict.fromkeys(filter(None, whys)))}."
    if not any(whys):
        text = "No source that is asked here has it."
    try:
        who, route = _elsewhere(trial, ways, part, silent=any(one.unreachable for one in failed))
    except CudaError:
        # A setting makes no sense, as the text says.
        return Advice(text)
    return Advice(f"{text} {who}".rstrip(), None, route)


def _elsewhere(
    trial: Trial, ways: Sequence[Use], part: Part | None, *, silent: bool
) -> tuple[str, Use | None]:
    """Which source would have it, by the tables, and the command that asks it."""
    settled = trial.settled()
    named = bool(settled.channels) or "channel" not in (settled.order or ORDER)
    for use in ways:
        request = VersionRequest.parse(use.version)
        if silent or named:
            labelled = part is None or part.in_channels
            whole = use.flavor is not Flavor.DEVEL and (part is None or part.in_cudatoolkit)
            version = request.best(_on_channels(labelled, whole))
            if version is not None:
                plain = replace(use, version=version.release, source="channel")
                if not named:
                    return "conda-forge or nvidia has it, when it answers:", plain
                if use.addons or version < FIRST_LABEL:
                    return "conda-forge has it:", replace(plain, channels=("conda-forge",))
                label = f"nvidia/label/cuda-{version}"
                return "NVIDIA's channel has it:", replace(plain, channels=(label,))
        if use.addons or (part is not None and not (part.component or part.packages)):
            continue
        version = request.best(known_releases())
        if version is not None:
            there = replace(use, version=version.release, source="redist")
            return "NVIDIA's redist archives have it:", there
        installer = installer_for(request, settled.platform.machine)
        said = InstallerName.parse(installer) if installer else None
        if said is not None and not settled.platform.windows:
            everything = Use(said.version.release, Flavor.DEVEL, source="runfile")
            return f"NVIDIA's installer {installer} has it:", everything
    return "", None


def _on_channels(labelled: bool, whole: bool) -> Iterator[CudaVersion]:
    """The releases on conda-forge and nvidia: in parts under a label, and as `cudatoolkit`."""
    for row in releases():
        in_one = whole and CUDATOOLKIT[0] <= row.version.numbers <= CUDATOOLKIT[1]
        if in_one or (labelled and row.label and row.version >= FIRST_LABEL):
            yield row.version
