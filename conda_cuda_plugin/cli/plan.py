"""The plan of `conda cuda use`, for people and for machines."""

from __future__ import annotations

from typing import Any

from ..actions.extend import recommended
from ..addons import addons, addons_in, addons_of
from ..verdict.text import machine_document, verdict_document, verdict_line
from .common import addon_words, contents_of, name_of, size
from .layout import fields, heading, table


def plan_lines(plan: Any, machine: Any) -> list[str]:
    """The plan for people."""

    offer = plan.offer
    what = ", ".join(
        (*contents_of(offer.flavor, offer.components), *addon_words(_addons_in(offer)))
    )
    rows = [
        ("toolkit", f"CUDA {offer.version} ({what})"),
        *origin_rows(offer, ("because", plan.reason)),
    ]
    if plan.request.why:
        rows.insert(1, ("chosen", plan.request.why))
    rows.append(("verdict", verdict_text(plan, machine)))
    for reason in plan.verdict.reasons:
        if reason.id == "host-compiler":
            rows.append(("compiler", f"{reason.text} {reason.cure}"))
    if plan.replaces is not None:
        kept = len(offer.packages) - len(plan.added)
        if kept:
            rows.append(
                ("changes", f"{plan.replaces.name}: {kept} of its packages stay as they are")
            )
        else:
            rows.append(("replaces", f"CUDA {plan.replaces.version} in {plan.replaces.name}"))
        if kept and plan.taken_away:
            rows.append(("removes", ", ".join(plan.taken_away)))
    more = recommended(plan)
    if more is not None:
        built = f"{addons()[more.addon].title} that {more.framework} was built with"
        rows.append(("offered", f"{more.option} adds the {built}"))
    if not offer.origin.adopted:
        rows.append(("download", "nothing" if offer.download == 0 else size(offer.download)))
    before = plan.before.name if plan.before else "none"
    rows.append(("current", f"cuda-{offer.version.release} (now: {before})"))
    if plan.pin:
        rows.append(("pins", f"conda install in the environment, to CUDA {offer.version.release}"))
    lines = [*heading(f"CUDA for {name_of(plan.environment)}", plan.environment.prefix), ""]
    lines += fields(rows)
    shown = [] if offer.origin.adopted else list(plan.added)
    if shown:
        cells = [(package.name, package.version, size(package.size)) for package in shown]
        lines += ["", "  packages:", *table(cells, indent="    ")]
    return [*lines, ""]


def origin_rows(offer: Any, *more: tuple[str, str]) -> list[tuple[str, str]]:
    """From where an offer comes, and what there is to know of that place.

    Args:
        offer: the offer.
        more: rows that go between.
    """
    return [("from", offer.detail), *more, *([("note", offer.note)] if offer.note else [])]


def plan_document(plan: Any, machine: Any) -> dict[str, Any]:
    """The plan for machines."""

    offer, installed = plan.offer, plan.installed
    document: dict[str, Any] = {
        "environment": str(plan.environment.prefix),
        "version": str(offer.version if offer else installed.version),
        "origin": (offer or installed).origin.value,
        "reason": plan.reason,
        "chosen": plan.request.why,
        "current_before": plan.before.name if plan.before else None,
        "pin": plan.pin,
        "verdict": verdict_document(plan.verdict),
        "machine": machine_document(machine),
        "install": None,
        "offered": None,
    }
    more = recommended(plan)
    if more is not None:
        document["offered"] = {
            "addon": more.addon,
            "version": more.version,
            "option": more.option,
            "framework": more.framework,
        }
    if offer:
        document["install"] = {
            "flavor": offer.flavor.value if offer.flavor else None,
            "components": list(offer.components),
            "addons": _addons_in(offer),
            "from": offer.detail,
            "note": offer.note,
            "download": offer.download,
            "replaces": str(plan.replaces.version) if plan.replaces else None,
            "adds": [f"{package.name}-{package.version}" for package in plan.added],
            "removes": list(plan.taken_away),
            "packages": [
                {
                    "name": package.name,
                    "version": package.version,
                    "file": package.file,
                    "size": package.size,
                }
                for package in offer.packages
            ],
        }
    return document


def _addons_in(offer: Any) -> dict[str, str]:
    """cuDNN and NCCL in an offer: name to version."""
    if offer.packages or offer.location is None:
        return addons_of(f"{package.name}-{package.version}-0" for package in offer.packages)

    return addons_in(offer.location)


def verdict_text(plan: Any, machine: Any) -> str:
    """The verdict in a line, with what can be done where it is not the best one."""

    line = verdict_line(plan.verdict, machine)
    cure = plan.verdict.reasons[0].cure if plan.verdict.reasons else None
    return f"{line} {cure}" if cure and plan.verdict.level.value != "native" else line


def chosen(plan: Any) -> list[str]:
    """Why this release, when nobody named one and nothing has to be installed."""
    if not plan.request.why:
        return []
    return fields([("chosen", f"CUDA {plan.installed.version.release}: {plan.request.why}")])


def switch_line(plan: Any) -> str:
    """The plan of a mere switch, in a line."""
    if plan.changes_nothing:
        return f"CUDA {plan.installed.version} is current in {name_of(plan.environment)} already."
    before = plan.before.name if plan.before else "none"
    return f"Would switch {name_of(plan.environment)} from {before} to {plan.installed.name}."
