"""Machines that are elsewhere as `--json` shows them."""

from __future__ import annotations

from typing import Any

from ...cluster.fleet import fitting
from ...cluster.node import Asked, Node
from ...toolkit import Toolkit
from ...verdict.held_back import held_back_release, newest_release
from ...verdict.judge import judge
from ...verdict.text import machine_document, verdict_document
from ...versions import CudaVersion
from ..common import facts, this_platform
from .asking import whole


def machines_document(asked: Asked, current: Toolkit | None) -> dict[str, Any]:
    """Machines that are elsewhere, each with its verdict, as `--json` shows them.

    `current` is the toolkit to be judged, if there is one.
    """
    version = current.version if current else None
    machine = whole(asked)
    held = held_back_release(machine) if machine else None
    newest = newest_release(machine) if machine else None
    return {
        "target": asked.target,
        "asked": asked.when.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "file": asked.saved,
        "nodes": [_node_document(node, version, asked) for node in asked.nodes],
        "version": str(version) if version else None,
        "verdict": verdict_document(judge(version, machine)) if version and machine else None,
        "newest": newest.release if newest else None,
        "held_back": {
            "by": [one.name for one in held.machines],
            "newest": held.gain.release,
        }
        if held
        else None,
    }


def _node_document(node: Node, version: CudaVersion | None, asked: Asked) -> dict[str, Any]:
    machine = node.machine
    newest = newest_release(machine) if machine and node.has_gpu else None
    return {
        **facts(node, "name kind alike answered problem architecture environment visible mig"),
        "counts": node in fitting(asked, this_platform()),
        "loads": [facts(one, "name path by") for one in node.loads],
        "system_cuda": {"path": node.system_cuda[0], "version": node.system_cuda[1]}
        if node.system_cuda
        else None,
        "machine": machine_document(machine) if machine else None,
        "verdict": verdict_document(judge(version, machine)) if version and machine else None,
        "newest": newest.release if newest else None,
    }
