"""`conda cuda apply`: give an environment exactly what a file says."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from conda.exceptions import SafetyError

from ..actions.change import in_environment
from ..actions.request import recorded_request
from ..actions.use import check_environment, weigh
from ..environment import Environment, is_toolkit_root
from ..errors import CudaError, innermost
from ..install import pin, switch
from ..install import root as roots
from ..machine.machine import Machine
from ..packages.cache import checking_every_file, linked_hashes
from ..platforms import Platform
from ..sources.base import Offer
from ..system.progress import Fetched
from ..system.shared_caches import others_may_change
from ..toolkit import Origin, Toolkit
from ..verdict.verdict import Verdict
from ..versions import CudaVersion
from .agree import disagreement
from .cuda_file import CudaFile, CudaFileError, ExactPackage, ExactToolkit
from .exact import offer_of
from .export import describe_toolkit


@dataclass(frozen=True)
class Step:
    """A toolkit of the file that is not installed yet."""

    wanted: ExactToolkit
    offer: Offer
    replaces: Toolkit | None
    """The installed toolkit of the same release that is replaced."""


@dataclass(frozen=True)
class Plan:
    """What `apply` would do."""

    environment: Environment
    platform: Platform
    file: CudaFile
    steps: tuple[Step, ...]
    stays: tuple[Toolkit, ...]
    """The toolkits of the file that are installed exactly so."""
    before: Toolkit | None
    """The current toolkit now."""
    switches: bool
    """Whether the current toolkit or what is recorded changes."""
    verdict: Verdict | None
    force: bool = False
    """Whether to install what no hash protects."""

    @property
    def changes_nothing(self) -> bool:
        """Whether the environment is as the file says already."""
        return not self.steps and not self.switches

    @property
    def unprotected(self) -> tuple[ExactPackage, ...]:
        """The packages to be installed that no hash protects."""
        return tuple(package for step in self.steps for package in step.wanted.unprotected)


def make_plan(
    environment: Environment,
    file: CudaFile,
    path: Path,
    platform: Platform,
    machine: Machine,
    *,
    offline: bool,
    force: bool,
) -> Plan:
    """Plan what to do, without a network and without a change.

    Args:
        environment: where.
        file: what it has to get.
        path: where the file lies.
        platform: the environment's platform.
        machine: what it has to run on.
        offline: whether files may come from this machine only.
        force: whether to go on with a toolkit that cannot run there, or that no hash protects.

    Raises:
        CudaError: when it cannot be done.
    """
    if platform.subdir not in file.platforms:
        raise CudaFileError(
            str(path),
            f"was exported for {' and '.join(file.platforms)}, and this environment is for "
            f"{platform.subdir}",
            [
                f"conda cuda use {file.request['version']} finds the packages for this platform.",
                f"conda cuda export --platform {platform.subdir} puts them into such a file.",
            ],
        )
    file = file.on(platform.subdir)
    for toolkit in file.toolkits:
        if reason := disagreement(toolkit):
            raise CudaFileError(str(path), reason)
    check_environment(environment, platform)
    steps, stays = [], []
    for wanted in file.toolkits:
        installed = environment.toolkit(wanted.version.release)
        if installed is not None and is_there(installed, wanted, environment):
            stays.append(installed)
            continue
        roots.check_root(environment.root(wanted.version))
        offer = offer_of(wanted, environment, platform, path.parent, offline=offline)
        if file.current in (None, wanted.version.release):
            offer = replace(offer, compiler_asked=file.request.get("host_compiler") is True)
        steps.append(Step(wanted, offer, installed))
    before = environment.current()
    if file.current is not None and file.pinned:
        pin.check_pin(environment, CudaVersion.parse(file.current))
    switches = file.current is not None and (
        before is None
        or before.version.release != file.current
        or dict(recorded_request(environment)) != file.recorded
        or pin.is_pinned(environment) != file.pinned
    )
    verdict = None
    for wanted in file.toolkits:
        if file.current in (None, wanted.version.release):
            verdict = weigh(wanted.version, machine, force=force or not (steps or switches))
    return Plan(
        environment, platform, file, tuple(steps), tuple(stays), before, switches, verdict, force
    )


def is_exact(plan: Plan) -> bool:
    """Whether the environment has every file that the plan's file says, by SHA-256."""
    for wanted in plan.file.toolkits:
        toolkit = plan.environment.toolkit(wanted.version.release)
        if not wanted.is_exact or toolkit is None:
            return False
        if not is_there(toolkit, wanted, plan.environment):
            return False
    return not depends_on_others(plan)


def depends_on_others(plan: Plan) -> bool:
    """Whether packages of the file lie unpacked where another user may change them."""
    toolkits = plan.file.toolkits
    return others_may_change([package.dist for one in toolkits for package in one.packages])


def check_protected(plan: Plan) -> None:
    """Refuse to install what no hash protects.

    Raises:
        CudaError: unless `--force` was given.
    """
    if not plan.unprotected or plan.force:
        return
    names = [package.name for package in plan.unprotected]
    more = f" and {len(names) - 3} others" if len(names) > 3 else ""
    raise CudaError(
        f"The file has no hash of {', '.join(names[:3])}{more}, so whatever lies at the address "
        "would be installed, with scripts that conda runs; nothing was changed.",
        hints=[
            "Look at the addresses in the plan; --force installs what lies there.",
            "Better: conda cuda export, where that toolkit is, writes hashes.",
        ],
        packages=[{"name": one.name, "address": one.address} for one in plan.unprotected],
    )


def carry_out(plan: Plan) -> None:
    """Do what a plan says.

    Raises:
        CudaError: when it cannot be done; the environment is as before then.
    """
    check_protected(plan)
    environment, file = plan.environment, plan.file
    with in_environment(environment):
        # All files first: what cannot be had stops everything before anything has changed.
        with Fetched():
            fetched = [(step, step.offer.fetch()) for step in plan.steps]
        fresh: list[Path] = []
        try:
            for step, records in fetched:
                if step.replaces is None:
                    fresh.append(environment.root(step.offer.version))
                _install(replace(step.offer, fetch=partial(tuple, records)), plan)
            if file.current is not None:
                toolkit = environment.toolkit(file.current)
                if toolkit is None:
                    raise CudaError(
                        f"CUDA {file.current} was removed by another process.",
                        hints=["Run the command again."],
                    )
                switch.make_current(
                    environment, toolkit, plan.platform, file.recorded, pinned=file.pinned
                )
        except BaseException:
            for root in fresh:
                if environment.current_name() != root.name and is_toolkit_root(root):
                    roots.remove_root(environment, root)
            raise


def _install(offer: Offer, plan: Plan) -> None:
    """Install a toolkit; refuse packages that were changed in the package cache."""
    try:
        with checking_every_file():
            roots.install(offer, plan.environment, plan.platform)
    except Exception as error:
        inner = innermost(error)
        if not isinstance(inner, SafetyError):
            raise
        found = re.search(r"located at (.+?)\s+appears.*?path '(.+?)'", str(inner), re.DOTALL)
        folder, name = found.groups() if found else ("a package", "A file")
        raise CudaError(
            f"{name} of {folder} was changed in the package cache, so it was not used and nothing "
            "was changed.",
            hints=[
                "Whoever writes into a file of an environment changes it there too: the files are "
                "one.",
                f"Remove the folder {folder}, then run the command again.",
            ],
            folder=folder,
            file=name,
        ) from None


def is_there(toolkit: Toolkit, wanted: ExactToolkit, environment: Environment) -> bool:
    """Whether an installed toolkit is what a file says, package by package and hash by hash.

    Where the file has no hash of a package, its name, version and build are all that there is.
    """
    if not toolkit.complete or (toolkit.version, toolkit.origin) != (wanted.version, wanted.origin):
        return False
    if wanted.origin is Origin.SYSTEM:
        return True
    if (toolkit.flavor, set(toolkit.components)) != (wanted.flavor, set(wanted.components)):
        return False
    row, _ = describe_toolkit(toolkit, environment)
    have = {f"{one['name']}-{one['version']}-{one['build']}": one for one in row["packages"]}
    if set(have) != {package.dist for package in wanted.packages}:
        return False
    if any(package.md5 and not package.sha256 for package in wanted.packages):
        root = environment.prefix if wanted.origin.adopted else toolkit.root
        for dist, hashes in linked_hashes(root).items():
            have[dist] = {**hashes, **have.get(dist, {})}
    return all(
        have[package.dist].get(name) == value
        for package in wanted.packages
        for name, value in list(package.hashes.items())[:1]
    )
