"""Commands that ask a Kubernetes through the real kubectl."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ..conftest import Conda, Result
from .conftest import make_environment
from .kubernetes import NODES, Kubernetes, kubernetes

GPUS = "nvidia.com/gpu.present=true"


@pytest.fixture
def ask(user: Conda, k8s: Kubernetes) -> Any:
    """Run a command for the nodes that a selector matches."""

    def run(verb: str, selector: str, *words: str | Path, **extra: Any) -> Result:
        target = ("--for", f"kubernetes:{selector}")
        return user("cuda", verb, *words, *target, **k8s.variables, **extra)

    return run


def test_the_labels_are_what_a_node_has(ask: Any) -> None:
    nodes = {one["name"]: one for one in ask("info", GPUS, "--json").json["nodes"]}
    machines = {name: one["machine"] for name, one in nodes.items()}
    assert sorted(nodes) == sorted(name for name in NODES if name != "plain")
    assert {name: one["driver"] for name, one in machines.items()} == {
        "gpu-a": "580.95.05",
        "gpu-b": "535.129.03",
        "gpu-c": "470.82",
        "gpu-m": "550.54.15",
        "gpu-x": "550.54.15",
        "gpu-s": "535.104.05",
        "grace": "570.86.15",
    }
    assert {name: one["driver_cuda"] for name, one in machines.items()}["gpu-c"] == "11.4"
    assert machines["gpu-a"]["gpus"] == 8 * [
        {"name": "NVIDIA H100 80GB HBM3", "compute_capability": "9.0"}
    ]
    assert machines["gpu-s"]["gpus"][0]["name"] == "Tesla T4"
    assert nodes["gpu-m"]["mig"] == ["NVIDIA-A100-SXM4-40GB MIG 1g.5gb"]
    assert nodes["gpu-x"]["mig"] == ["mig-3g.20gb"]
    assert nodes["grace"]["architecture"] == "aarch64"
    assert all(one["environment"] == "unknown" for one in nodes.values())


def test_the_selector_is_kubectls(ask: Any, k8s: Kubernetes) -> None:
    k8s.asked.clear()
    found = ask("info", "nvidia.com/gpu.family=ampere,kubernetes.io/arch=amd64", "--json")
    assert [one["name"] for one in found.json["nodes"]] == ["gpu-b", "gpu-m", "gpu-x"]
    assert k8s.asked == ["nvidia.com/gpu.family=ampere,kubernetes.io/arch=amd64"]


def test_auto_takes_what_runs_on_all(ask: Any, user: Conda) -> None:
    prefix = user.create(user.envs / "auto")
    plan = ask("use", "nvidia.com/gpu.family=ampere", "auto", "-p", prefix, "--dry-run", "--json",
               check=False)  # fmt: skip
    text = plan.json.get("message", "") + str(plan.json.get("plan", ""))
    assert "12.2" in text


def test_the_weakest_is_named(ask: Any) -> None:
    said = " ".join(ask("info", "kubernetes.io/arch=amd64,nvidia.com/gpu.present").out.split())
    assert "gpu-c (driver 470.82, GPU 7.5)" in said
    assert "the others back" in said


def test_a_node_of_another_architecture_is_refused(ask: Any, user: Conda) -> None:
    prefix = user.create(user.envs / "grace")
    done = ask(
        "use", "nvidia.com/gpu.family=hopper", "12.4", "-p", prefix, "--dry-run", check=False
    )
    assert done.code == 1
    assert "grace has the architecture aarch64" in done.err


def test_the_doctor_judges_the_nodes(ask: Any, user: Conda) -> None:
    prefix = make_environment(user, user.envs / "train")
    done = ask("doctor", GPUS, "-p", prefix, "--json", check=False)
    found = {one["rule"]: one["evidence"] for one in done.json["findings"]}
    assert done.code == 3
    assert set(found) == {"node-other-architecture", "driver-too-old", "driver-limits"}
    assert found["node-other-architecture"] == ["grace: aarch64"]
    assert found["driver-too-old"][1] == "gpu-c: driver 470.82, Tesla T4 (7.5)"


def test_a_selector_that_matches_nothing_is_an_error(ask: Any) -> None:
    done = ask("info", "nvidia.com/gpu.family=none", check=False)
    assert done.code == 1
    assert "No node of the cluster matches" in done.err


def test_what_kubectl_says_against_a_selector_is_shown(ask: Any) -> None:
    done = ask("info", "a b c", check=False)
    assert done.code == 1
    assert "kubectl has failed" in done.err


@pytest.mark.parametrize("words", ["--kubeconfig=/x", "=", ",,", "--help"])
def test_a_selector_is_no_option(ask: Any, words: str) -> None:
    assert ask("info", words, check=False).code in (1, 2)


def test_a_cluster_that_is_down_is_told(user: Conda, tmp_path: Path) -> None:
    with kubernetes(tmp_path) as gone:
        pass
    done = user("cuda", "info", "--for", f"kubernetes:{GPUS}", check=False, **gone.variables)
    assert done.code == 1
    assert "kubectl has failed" in done.err


def test_labels_that_make_no_sense_are_left_out(user: Conda, tmp_path: Path) -> None:
    # An API server lets no such labels in; what stands before it may.
    labels = {
        "nvidia.com/cuda.driver-version.full": "580; rm -rf /",
        "nvidia.com/gpu.product": "\x1b[31mH100",
        "nvidia.com/gpu.count": "99999999999",
        "nvidia.com/gpu.compute.major": {"a": [1]},
        "nvidia.com/gpu.compute.minor": "-1",
        "kubernetes.io/arch": 5,
        "x": "y",
    }
    nodes = {"bad": labels, "good": {**NODES["gpu-a"], "x": "y"}, "-bad\n": {"x": "y"}}
    with kubernetes(tmp_path, nodes) as odd:
        done = user("cuda", "info", "--for", "kubernetes:x=y", "--json", **odd.variables)
    found = {one["name"]: one["machine"] for one in done.json["nodes"]}
    assert set(found) == {"bad", "good"}
    assert (found["bad"]["driver"], found["bad"]["gpus"]) == (None, [])
    assert found["good"]["driver"] == "580.95.05"
