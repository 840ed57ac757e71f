"""The machines of these tests are what the tests take them for."""

from __future__ import annotations

import json
import os
import subprocess

from .fleet import HOSTS, NODES
from .kubernetes import NODES as LABELLED
from .kubernetes import Kubernetes
from .programs import wait_for
from .slurm import Slurm
from .sshd import Hosts


class TestSlurm:
    def test_every_node_takes_a_task_and_knows_its_name(self, slurm: Slurm) -> None:
        names = [spec.name for spec in NODES if spec.name != "silent1"]
        said = slurm.ask(
            "srun", "--partition=everything", f"--nodelist={','.join(names)}",
            f"--nodes={len(names)}", "sh", "-c", "echo $SLURMD_NODENAME $(hostname)",
        )  # fmt: skip
        assert sorted(said.splitlines()) == sorted(f"{name} {name}" for name in names)

    def test_a_job_sees_the_gpus_that_it_was_given(self, slurm: Slurm) -> None:
        words = ("srun", "--partition=same", "--nodes=1", "--gres=gpu:1")
        assert slurm.ask(*words, "printenv", "CUDA_VISIBLE_DEVICES").strip() in ("0", "1")

    def test_each_node_has_a_loader_of_its_own(self, slurm: Slurm) -> None:
        words = ("srun", "--partition=shadows", "--nodes=3", "sh", "-c")
        looked = "/sbin/ldconfig -p | grep -q '=> /usr/local/cuda/' && echo $SLURMD_NODENAME; :"
        assert slurm.ask(*words, looked) == "shadow1\n"

    def test_nothing_is_left_running(self, slurm: Slurm) -> None:
        wait_for(lambda: not slurm.going_on(), "the end of all jobs")
        wait_for(lambda: not any(map(slurm.processes, slurm.pids)), "the end of all processes")


class TestHosts:
    def test_each_is_reached_under_its_name(self, ssh_hosts: Hosts) -> None:
        for spec in HOSTS:
            words = ["ssh", *ssh_hosts.options, "-oBatchMode=yes", spec.name, "hostname"]
            done = subprocess.run(words, capture_output=True, text=True, timeout=60)
            assert (done.returncode, done.stdout) == (0, f"{spec.name}\n"), done.stderr


class TestKubernetes:
    def test_kubectl_lists_the_nodes_with_their_labels(self, k8s: Kubernetes) -> None:
        words = ["kubectl", "get", "nodes", "-l", "nvidia.com/gpu.family=ampere", "-o", "json"]
        environ = {**os.environ, **k8s.variables}
        done = subprocess.run(words, env=environ, capture_output=True, text=True, check=True)
        found = {item["metadata"]["name"]: item["metadata"]["labels"]
                 for item in json.loads(done.stdout)["items"]}  # fmt: skip
        assert found == {name: LABELLED[name] for name in ("gpu-b", "gpu-m", "gpu-x")}
