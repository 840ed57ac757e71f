"""The nodes of the cluster on which most tests run."""

from __future__ import annotations

from .nodes import NodeSpec

H100 = "NVIDIA H100 80GB HBM3:9:0"
A100 = "NVIDIA A100-SXM4-40GB:8:0"
L4 = "NVIDIA L4:8:9"
_HOPPER = {
    "options": "Feature=hopper",
    "driver": "580.95.05",
    "cuda": 13000,
    "gpus": f"{H100};{H100}",
    "device": "h100",
}

NODES = (
    NodeSpec("hopper1", **_HOPPER),
    NodeSpec("hopper2", **_HOPPER),
    NodeSpec(
        "old1", "Feature=ampere", driver="535.129.03", cuda=12020, gpus=A100, device="a100"
    ),
    NodeSpec("middle1", driver="550.54.15", cuda=12040, gpus=A100, device="a100"),
    NodeSpec(
        "shadow1", "Feature=ada", driver="580.95.05", cuda=13000, gpus=L4, device="l4",
        shadow="12.1",
    ),
    NodeSpec(
        "module1", "Feature=ada", driver="580.95.05", cuda=13000, gpus=L4, device="l4",
        files={"apps/cuda-11.8/lib64/libcudart.so.11.0": "not read by anybody"},
        prolog="echo export LD_LIBRARY_PATH=/usr/local/apps/cuda-11.8/lib64\n",
    ),
    NodeSpec("cpu1"),
    NodeSpec("silent1", **_HOPPER, prolog="exec sleep 1000\n"),
    NodeSpec("far1", **_HOPPER, home="missing"),
    NodeSpec("copy1", **_HOPPER, home="other"),
    NodeSpec("other1", **_HOPPER, personality="i686"),
)  # fmt: skip

PARTITIONS = {
    "gpu": "hopper[1-2],old1",
    "two": "hopper1,middle1",
    "same": "hopper[1-2]",
    "shadows": "hopper1,shadow1,module1",
    "mixed": "hopper1,cpu1",
    "cpu": "cpu1",
    "quiet": "hopper1,silent1",
    "apart": "hopper1,far1,copy1",
    "foreign": "hopper1,other1",
    "everything": "ALL",
}

HOSTS = (
    NodeSpec("login", **{**_HOPPER, "options": ""}),
    NodeSpec("old", driver="535.129.03", cuda=12020, gpus=A100),
    NodeSpec("plain", home="missing"),
)
