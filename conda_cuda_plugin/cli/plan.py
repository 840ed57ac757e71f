"""The plan of `conda cuda use`, for people and for machines."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from conda.base.context import context

from ..actions.use import Plan
from ..addons import addons, addons_in, addons_of
from ..machine.machine import Machine
from ..sources.base import Offer, Package
from ..verdict.text import machine_document, verdict_document, verdict_line
from ..verdict.verdict import Level
from .common import facts, name_of, parts_of, size
from .layout import LEVELS, fields, heading, table


def plan_lines(plan: Plan, machine: Machine) -> list[str]:
    """The plan of an installation for people: what and from where, whether it runs, what follows.

    What is not as usual has a line of its own; -v shows the packages and why this source was taken.
    """
    offer, replaces, more = plan.offer, plan.replaces, plan.recommendation
    assert offer is not None and plan.verdict is not None
    verb = "adopts" if offer.origin.adopted else "installs"
    rows = [(verb, offer_text(offer, offer.download))]
    rows.append(("verdict", verdict_text(plan, machine)))
    for reason in plan.verdict.reasons:
        if reason.id == "host-compiler":
            rows.append(("compiler", f"{reason.text} {reason.cure}"))
    before = plan.before.name if plan.before else "none"
    rows.append(("current", f"cuda-{offer.version.release} (now: {before})"))
    if plan.request.why:
        rows.append(("chosen", plan.request.why))
    rows += reason_rows(offer, plan.reason)
    kept = len(offer.packages) - len(plan.added)
    if replaces is not None and kept:
        rows.append(("changes", f"{replaces.name}: {kept} of its packages stay as they are"))
        if plan.removed:
            rows.append(("removes", ", ".join(plan.removed)))
    elif replaces is not None:
        rows.append(("replaces", f"CUDA {replaces.version} in {replaces.name}"))
    if more is not None:
        built = f"{addons()[more.addon].title} that {more.framework} was built with"
        rows.append(("offered", f"{more.option} adds the {built}"))
    if plan.pin:
        rows.append(("pins", f"conda install in the environment, to CUDA {offer.version.release}"))
    lines = [*heading(f"CUDA for {name_of(plan.environment)}", plan.environment.prefix), ""]
    shown = () if offer.origin.adopted else plan.added
    colours = {"verdict": LEVELS.get(plan.verdict.level.value)}
    return [*lines, *fields(rows, colours), *package_lines(shown), ""]


def offer_title(offer: Offer) -> str:
    """An offer in a few words: `CUDA 12.4.1 (runtime, cuDNN 9.1.0.70)`."""
    parts = parts_of(offer.flavor, offer.components, _addons_in(offer))
    return f"CUDA {offer.version} ({', '.join(parts)})"


def offer_text(offer: Offer, download: int | None) -> str:
    """An offer with the place it comes from, and what has to be downloaded."""
    text = f"{offer_title(offer)} from {offer.detail}"
    if offer.origin.adopted:
        return text
    if download is None:
        return f"{text}, of unknown size"
    return f"{text}, {f'{size(download)} to download' if download else 'nothing to download'}"


def reason_rows(offer: Offer, reason: str) -> list[tuple[str, str]]:
    """Why an offer was taken, where that is not as usual, and what to know about it."""
    told = context.verbosity or reason not in ("as asked", "first in order", "already there")
    rows = [("because", reason if told else ""), ("note", offer.note or "")]
    return [(name, text) for name, text in rows if text]


def package_lines(packages: Iterable[Package]) -> list[str]:
    """Packages with their sizes for people who want to see them; no lines for others."""
    if not context.verbosity:
        return []
    cells = [(one.name, one.version, size(one.size)) for one in packages]
    return ["", "  packages:", *table(cells, indent="    ")] if cells else []


def plan_document(plan: Plan, machine: Machine) -> dict[str, Any]:
    """The plan for machines."""
    offer, more = plan.offer, plan.recommendation
    assert plan.verdict is not None
    install = None
    if offer is not None:
        install = {
            **facts(offer, "flavor components"),
            "addons": _addons_in(offer),
            **facts(offer, "from=detail note download"),
            "replaces": str(plan.replaces.version) if plan.replaces else None,
            "adds": [f"{package.name}-{package.version}" for package in plan.added],
            "removes": list(plan.removed),
            "packages": [facts(package, "name version file size") for package in offer.packages],
        }
    return {
        "environment": str(plan.environment.prefix),
        **facts(offer or plan.installed, "version origin"),
        "reason": plan.reason,
        "chosen": plan.request.why,
        "current_before": plan.before.name if plan.before else None,
        "pin": plan.pin,
        "verdict": verdict_document(plan.verdict),
        "machine": machine_document(machine),
        "install": install,
        "offered": facts(more, "addon version option framework") if more else None,
    }


def _addons_in(offer: Offer) -> dict[str, str]:
    """cuDNN and NCCL in an offer: name to version."""
    if offer.packages or offer.location is None:
        return addons_of(f"{package.name}-{package.version}-0" for package in offer.packages)
    return addons_in(offer.location)


def verdict_text(plan: Plan, machine: Machine) -> str:
    """The verdict in a line, with what can be done where it is not the best one."""
    assert plan.verdict is not None
    line = verdict_line(plan.verdict, machine)
    cure = plan.verdict.reasons[0].cure if plan.verdict.reasons else None
    return f"{line} {cure}" if cure and plan.verdict.level is not Level.NATIVE else line


def switch_lines(plan: Plan, machine: Machine, *, dry_run: bool) -> list[str]:
    """The plan for people where nothing has to be installed."""
    assert plan.installed is not None
    lines = []
    if plan.request.why:
        # Nobody named a release.
        lines = fields([("chosen", f"CUDA {plan.installed.version.release}: {plan.request.why}")])
    if not dry_run:
        return lines
    name, before = name_of(plan.environment), plan.before.name if plan.before else "none"
    if plan.changes_nothing:
        lines.append(f"CUDA {plan.installed.version} is current in {name} already.")
    else:
        lines.append(f"Would switch {name} from {before} to {plan.installed.name}.")
    verdict = plan.verdict
    colours = {"verdict": LEVELS.get(verdict.level.value) if verdict else None}
    return [*lines, *fields([("verdict", verdict_text(plan, machine))], colours)]
