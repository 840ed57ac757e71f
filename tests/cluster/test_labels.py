"""What `kubectl get nodes -o json` prints becomes nodes, whatever it is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conda_cuda_plugin.cluster.kubernetes import nodes_in
from conda_cuda_plugin.errors import CudaError

# The example of docs/gpu-feature-discovery/README.md of NVIDIA/k8s-device-plugin.
DOCUMENTED = {
    "nvidia.com/cuda.driver.major": "455",
    "nvidia.com/cuda.driver.minor": "06",
    "nvidia.com/cuda.driver.rev": "",
    "nvidia.com/cuda.runtime.major": "11",
    "nvidia.com/cuda.runtime.minor": "1",
    "nvidia.com/gpu.compute.major": "8",
    "nvidia.com/gpu.compute.minor": "0",
    "nvidia.com/gfd.timestamp": "1594644571",
    "nvidia.com/gpu.count": "1",
    "nvidia.com/gpu.family": "ampere",
    "nvidia.com/gpu.machine": "NVIDIA DGX-2H",
    "nvidia.com/gpu.memory": "39538",
    "nvidia.com/gpu.product": "A100-SXM4-40GB",
}


def nodes(*items: Any) -> Any:
    return nodes_in(json.dumps({"kind": "List", "items": items}).encode())


def item(labels: Any, name: Any = "gpu01", **more: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": labels}, **more}


def test_the_example_of_the_documentation() -> None:
    [node] = nodes(item({**DOCUMENTED, "kubernetes.io/arch": "arm64"}))
    machine = node.machine
    assert (str(machine.driver), str(machine.driver_cuda)) == ("455.06", "11.1")
    assert [(gpu.name, str(gpu.capability)) for gpu in machine.gpus] == [("A100 SXM4 40GB", "8.0")]
    assert (node.architecture, node.mig) == ("aarch64", ())


def test_parts_of_gpus() -> None:
    single = {"nvidia.com/gpu.product": "A100-SXM4-40GB-MIG-1g.5gb", "nvidia.com/gpu.count": "56"}
    [node] = nodes(item({**DOCUMENTED, **single}))
    assert (len(node.machine.gpus), node.mig) == (56, ("A100-SXM4-40GB MIG 1g.5gb",))
    [node] = nodes(item({**DOCUMENTED, "nvidia.com/mig-3g.20gb.count": "2"}))
    assert node.mig == ("mig-3g.20gb",)


@pytest.mark.parametrize(
    ("status", "answers"), [("True", True), ("False", False), ("Unknown", False)]
)
def test_a_node_that_is_gone_keeps_its_labels(status: str, answers: bool) -> None:
    conditions = [
        {"type": "MemoryPressure", "status": "False"},
        {"type": "Ready", "status": status},
    ]
    [node] = nodes(item(DOCUMENTED, status={"conditions": conditions}))
    assert node.answered is answers


VALUES = st.recursive(
    st.none() | st.integers() | st.text(max_size=80),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
LABELS = st.dictionaries(
    st.sampled_from([*DOCUMENTED, "kubernetes.io/arch", "nvidia.com/mig-1g.5gb.count"]) | st.text(),
    VALUES,
)


@given(st.lists(st.builds(item, LABELS | VALUES, st.just("gpu01") | VALUES) | VALUES, max_size=4))
def test_any_list_of_nodes_is_read(items: list[Any]) -> None:
    for node in nodes(*items):
        assert node.answered
        assert len(node.machine.gpus) <= 256
        texts = [node.name, node.kind, node.architecture or "", *node.mig]
        assert all(text.isprintable() for text in texts)


@given(st.binary() | VALUES.map(lambda value: json.dumps(value).encode()))
def test_anything_else_is_refused(printed: bytes) -> None:
    with pytest.raises(CudaError, match="no list of nodes"):
        nodes_in(printed)
