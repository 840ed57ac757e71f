"""A Kubernetes as far as `kubectl get nodes` asks: the real kubectl, and a server with nodes.

The labels are those of NVIDIA's GPU feature discovery: docs/gpu-feature-discovery/README.md and
internal/lm/nvml.go of github.com/NVIDIA/k8s-device-plugin.
"""

from __future__ import annotations

import contextlib
import http.server
import json
import re
import threading
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Labels = dict[str, str]
_TERM = re.compile(r"[\w./-]*\w(==?[\w.-]*)?", re.ASCII)


def node(
    name: str,
    product: str,
    count: int,
    driver: str,
    cuda: str,
    capability: str,
    *,
    family: str = "",
    arch: str = "amd64",
    deprecated_alone: bool = False,
    **more: str,
) -> tuple[str, Labels]:
    """A node with the labels of GPU feature discovery; `more` are others below nvidia.com."""
    parts, release = (*driver.split("."), "")[:3], cuda.split(".")
    compute = capability.split(".")
    labels = {
        "nvidia.com/cuda.driver.major": parts[0],
        "nvidia.com/cuda.driver.minor": parts[1],
        "nvidia.com/cuda.driver.rev": parts[2],
        "nvidia.com/cuda.runtime.major": release[0],
        "nvidia.com/cuda.runtime.minor": release[1],
        "nvidia.com/gfd.timestamp": "1764484500",
        "nvidia.com/gpu.compute.major": compute[0],
        "nvidia.com/gpu.compute.minor": compute[1],
        "nvidia.com/gpu.count": str(count),
        "nvidia.com/gpu.family": family,
        "nvidia.com/gpu.machine": "PowerEdge-XE9680",
        "nvidia.com/gpu.memory": "81559",
        "nvidia.com/gpu.present": "true",
        "nvidia.com/gpu.product": product,
        "nvidia.com/gpu.replicas": "1",
        "nvidia.com/gpu.sharing-strategy": "none",
        "nvidia.com/mig.capable": "true",
        "nvidia.com/mig.strategy": "none",
    }
    if not deprecated_alone:
        labels |= {
            "nvidia.com/cuda.driver-version.full": driver,
            "nvidia.com/cuda.driver-version.major": parts[0],
            "nvidia.com/cuda.driver-version.minor": parts[1],
            "nvidia.com/cuda.driver-version.revision": parts[2],
            "nvidia.com/cuda.runtime-version.full": cuda,
            "nvidia.com/cuda.runtime-version.major": release[0],
            "nvidia.com/cuda.runtime-version.minor": release[1],
        }
    return name, {**_plain(name, arch), **labels, **{f"nvidia.com/{k}": v for k, v in more.items()}}


def _plain(name: str, arch: str = "amd64") -> Labels:
    return {
        "kubernetes.io/arch": arch,
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
    }


NODES = dict(
    (
        node("gpu-a", "NVIDIA-H100-80GB-HBM3", 8, "580.95.05", "13.0", "9.0", family="hopper"),
        node("gpu-b", "NVIDIA-A100-SXM4-40GB", 4, "535.129.03", "12.2", "8.0", family="ampere"),
        node("gpu-c", "Tesla-T4", 1, "470.82", "11.4", "7.5", family="turing", deprecated_alone=True),
        node("gpu-m", "NVIDIA-A100-SXM4-40GB-MIG-1g.5gb", 56, "550.54.15", "12.4", "8.0",
             family="ampere", **{"mig.strategy": "single"}),
        node("gpu-x", "NVIDIA-A100-SXM4-40GB", 8, "550.54.15", "12.4", "8.0", family="ampere",
             **{"mig.strategy": "mixed", "mig-3g.20gb.count": "2", "mig-3g.20gb.memory": "20096"}),
        node("grace", "NVIDIA-GH200-480GB", 1, "570.86.15", "12.8", "9.0", family="hopper",
             arch="arm64"),
        node("gpu-s", "Tesla-T4-SHARED", 1, "535.104.05", "12.2", "7.5", family="turing",
             **{"gpu.replicas": "4", "gpu.sharing-strategy": "time-slicing"}),
        ("plain", _plain("plain")),
    )
)  # fmt: skip


def document(name: str, labels: Mapping[str, Any]) -> dict[str, Any]:
    """A node as the server has it."""
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "uid": "0d6c4b1e-0000-4000-8000-000000000000",
            "resourceVersion": "1",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": dict(labels),
        },
        "spec": {},
        "status": {"nodeInfo": {"operatingSystem": "linux", "kubeletVersion": "v1.33.1"}},
    }


@dataclass(frozen=True)
class Kubernetes:
    """A server that runs.

    Args:
        config: the file for kubectl.
        asked: the selectors that it was asked for.
    """

    config: Path
    asked: list[str]

    @property
    def variables(self) -> dict[str, str]:
        """What kubectl needs to find it."""
        return {"KUBECONFIG": str(self.config)}


class _Handler(http.server.BaseHTTPRequestHandler):
    nodes: Mapping[str, Mapping[str, Any]]
    asked: list[str]

    def do_GET(self) -> None:
        address = urllib.parse.urlsplit(self.path)
        query = urllib.parse.parse_qs(address.query)
        if address.path == "/api":
            self._answer({"kind": "APIVersions", "versions": ["v1"]})
        elif address.path == "/apis":
            self._answer({"kind": "APIGroupList", "apiVersion": "v1", "groups": []})
        elif address.path == "/api/v1":
            row = {"name": "nodes", "singularName": "node", "namespaced": False, "kind": "Node",
                   "verbs": ["get", "list"], "shortNames": ["no"]}  # fmt: skip
            self._answer({"kind": "APIResourceList", "groupVersion": "v1", "resources": [row]})
        elif address.path == "/api/v1/nodes":
            (selector,) = query.get("labelSelector", [""])
            self.asked.append(selector)
            wrong = next((one for one in selector.split(",") if not _TERM.fullmatch(one)), "")
            if selector and (wrong or ",," in selector):
                self._answer({"kind": "Status", "apiVersion": "v1", "status": "Failure",
                              "message": f"unable to parse requirement: found '{wrong}'",
                              "reason": "BadRequest", "code": 400}, 400)  # fmt: skip
                return
            found = [document(*row) for row in self.nodes.items() if _matches(row[1], selector)]
            head = {"kind": "NodeList", "apiVersion": "v1", "metadata": {"resourceVersion": "7"}}
            self._answer({**head, "items": found})
        else:
            self.send_error(404)

    def _answer(self, content: object, code: int = 200) -> None:
        text = json.dumps(content).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *args: object) -> None:
        pass


def _matches(labels: Mapping[str, Any], selector: str) -> bool:
    """Equality and existence."""
    for term in filter(None, selector.split(",")):
        key, equal, value = term.partition("=")
        if labels.get(key) != value if equal else key not in labels:
            return False
    return True


@contextlib.contextmanager
def kubernetes(
    folder: Path, nodes: Mapping[str, Mapping[str, Any]] = NODES
) -> Iterator[Kubernetes]:
    """A server with some nodes, until the end of the block.

    Args:
        folder: an existing one, for kubectl's files.
        nodes: their labels, by name.
    """
    asked: list[str] = []
    kind = type("Handler", (_Handler,), {"nodes": nodes, "asked": asked})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        config = folder / "kubeconfig"
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "here", "cluster": {"server": address}}],
            "users": [{"name": "me", "user": {}}],
            "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me"}}],
            "current-context": "here",
        }
        # YAML takes JSON.
        config.write_text(json.dumps(content))
        yield Kubernetes(config, asked)
        server.shutdown()
