"""The nodes of a Kubernetes cluster, by the labels of NVIDIA's GPU feature discovery.

Source of the labels: docs/gpu-feature-discovery/README.md of NVIDIA/k8s-device-plugin, and
`cuda.driver-version.*`, which its releases since 0.15 write besides. Nothing runs on a node.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..errors import CudaError
from ..machine.machine import ComputeCapability, DriverVersion, Gpu, Machine
from ..machine.tables import cuda_of_driver
from ..quoting import escaped, quoted
from ..system.reading import parse_json
from ..versions import CudaVersion
from .children import output_of
from .node import Node

_LIMIT = 25.0
_MOST = 64 * 2**20
"""Bytes; a node takes 20 kB, most of them the names of images."""
_ARCHITECTURES = {"amd64": "x86_64", "arm64": "aarch64"}
_MOST_GPUS = 256


def ask(
    selector: str, passed: Sequence[str] = (), variables: Mapping[str, str] = os.environ
) -> list[Node]:
    """Ask a cluster for the nodes that a selector of labels matches.

    Args:
        selector: such as `nvidia.com/gpu.family=hopper`.
        passed: more options for kubectl.
        variables: environment variables for kubectl.

    Raises:
        CudaError: when kubectl cannot be run, fails, or knows no such node.
    """
    words = ["kubectl", "get", "nodes", f"--selector={selector}", "--output=json"]
    words += ["--request-timeout=20s", *passed]
    try:
        code, printed, complaint = output_of(words, variables, _LIMIT, _MOST)
    except OSError as error:
        raise CudaError(f"kubectl cannot be run: {error.strerror}.") from error
    if code != 0:
        reason = complaint or f"no answer within {_LIMIT:.0f} s"
        raise CudaError(
            f"kubectl has failed: {quoted(reason, 400)}.",
            hints=["Options for kubectl stand behind --: -- --context=NAME"],
        )
    nodes = nodes_in(printed)
    if not nodes:
        raise CudaError(
            f"No node of the cluster matches {quoted(selector, 80)}.",
            hints=["Nodes with GPUs: --for kubernetes:nvidia.com/gpu.present=true"],
            selector=selector,
        )
    return nodes


def nodes_in(printed: bytes) -> list[Node]:
    """The nodes in what `kubectl get nodes -o json` prints.

    Raises:
        CudaError: when it is something else.
    """
    try:
        found = parse_json(printed)
    except ValueError:
        found = None
    items = found.get("items") if isinstance(found, dict) else None
    if not isinstance(items, list):
        raise CudaError("kubectl has printed something that is no list of nodes.")
    nodes = dict[str, Node]()
    for item in items[:100_000]:
        metadata = item.get("metadata") if isinstance(item, dict) else None
        name = metadata.get("name") if isinstance(metadata, dict) else None
        labels = metadata.get("labels") if isinstance(metadata, dict) else None
        # RFC 1123, as Kubernetes has it.
        if isinstance(name, str) and re.fullmatch(r"[a-z0-9][a-z0-9.-]{0,252}", name, re.ASCII):
            node = _node(name, labels if isinstance(labels, dict) else {})
            if not _is_ready(item):
                node = replace(node, machine=None, problem="is not ready (says Kubernetes)")
            nodes.setdefault(name, node)
    return list(nodes.values())


def _is_ready(item: Mapping[str, Any]) -> bool:
    """Whether nothing says that a node is down: its labels stay when it is gone."""
    status = item.get("status")
    conditions = status.get("conditions") if isinstance(status, dict) else None
    for one in conditions if isinstance(conditions, list) else ():
        if isinstance(one, dict) and one.get("type") == "Ready":
            return bool(one.get("status") == "True")
    return True


def _node(name: str, labels: Mapping[str, Any]) -> Node:
    driver = _driver(labels)
    capability = _numbers(labels, "gpu.compute.major", "gpu.compute.minor")
    product = _label(labels, "gpu.product")
    count = int(_label(labels, "gpu.count") or "1") if product or capability else 0
    # Of a GPU that is shared in time.
    title, _, part = product.removesuffix("-SHARED").partition("-MIG-")
    cuda = _numbers(labels, "cuda.runtime-version.major", "cuda.runtime-version.minor")
    cuda = cuda or _numbers(labels, "cuda.runtime.major", "cuda.runtime.minor")
    gpu = Gpu(
        title.replace("-", " ") or None, ComputeCapability(*capability) if capability else None
    )
    kinds = [key.removeprefix(_PREFIX).removesuffix(".count") for key in labels if _is_part(key)]
    evidence = [("driver", f"{_PREFIX}cuda.driver")] if driver else []
    machine = Machine(
        driver=driver,
        driver_cuda=CudaVersion(*cuda) if cuda else cuda_of_driver(driver) if driver else None,
        gpus=(gpu,) * min(count, _MOST_GPUS),
        name=name,
        evidence=(*evidence, *((("gpus", f"{_PREFIX}gpu.product"),) if product else ())),
    )
    architecture = labels.get("kubernetes.io/arch")
    known = architecture if isinstance(architecture, str) else ""
    return Node(
        name,
        machine,
        architecture=_ARCHITECTURES.get(known, escaped(known[:20]) or None),
        mig=(f"{title} MIG {part}",) if part else tuple(sorted(kinds)[:16]),
        kind=f"{product} x {count}" if product else "",
    )


_PREFIX = "nvidia.com/"


def _is_part(key: str) -> bool:
    """Whether a label counts the parts of one kind (strategy `mixed`)."""
    return re.fullmatch(r"nvidia\.com/mig-[0-9a-z.+-]{1,40}\.count", key) is not None


def _label(labels: Mapping[str, Any], name: str) -> str:
    """The value of a label of NVIDIA's, empty when it makes no sense."""
    value = labels.get(f"{_PREFIX}{name}")
    if not isinstance(value, str):
        return ""
    # A value of a label has at most 63 of these characters.
    form = r"[0-9]{1,5}" if name.endswith(("count", "major", "minor")) else r"[\w. -]{1,63}"
    return value if re.fullmatch(form, value, re.ASCII) else ""


def _numbers(labels: Mapping[str, Any], *names: str) -> tuple[int, ...] | None:
    texts = [_label(labels, name) for name in names]
    found = tuple(int(one) for one in texts if one)
    return found if len(found) == len(names) and max(found) < 1000 else None


def _driver(labels: Mapping[str, Any]) -> DriverVersion | None:
    whole = _label(labels, "cuda.driver-version.full")
    parts = [_label(labels, f"cuda.driver.{name}") for name in ("major", "minor", "rev")]
    for text in (whole, ".".join(part for part in parts if part)):
        try:
            return DriverVersion.parse(text)
        except ValueError:
            continue
    return None
