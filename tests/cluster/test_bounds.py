"""Whatever nodes do: bounded in time and in memory, and nothing goes on afterwards."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from conda_cuda_plugin.cluster.srun import given_nodes

from ..conftest import Conda
from .nodes import NodeSpec
from .programs import wait_for
from .slurm import Slurm, cluster
from .strange import PATH, STRANGE, stranger

SLEEPS = "exec sleep 1000\n"
NODES = (
    *(stranger(name, script) for name, script in STRANGE.items()),
    NodeSpec("mute1", prolog=SLEEPS),
    NodeSpec("mute2", files={"bin/python3": "#!/bin/sh\nsleep 1000 &\nexec sleep 1000\n"}),
    NodeSpec("slow", "Weight=9", files={"bin/python3": "#!/bin/sh\n[ $1 = -c ] || sleep 3\nexec /usr/bin/python3 $@\n"}),
    NodeSpec("frozen"),
)  # fmt: skip
PARTITIONS = {
    "strange": ",".join(STRANGE),
    "mute": "mute[1-2]",
    "some": "honest,mute[1-2]",
    "slow": "honest,slow",
    "frozen": "honest,frozen",
    "one": "honest",
}


@pytest.fixture(scope="module")
def odd() -> Iterator[Slurm]:
    """A cluster of such nodes."""
    with cluster(NODES, PARTITIONS) as found:
        yield found


@pytest.fixture
def user(conda: Conda, odd: Slurm) -> Conda:
    """Somebody on the login node."""
    conda.variables.update(odd.variables, PATH=PATH)
    return conda


@contextlib.contextmanager
def nothing_is_left(slurm: Slurm) -> Iterator[None]:
    """Afterwards no job goes on, and no process on any node."""
    yield
    wait_for(lambda: not slurm.going_on(), "the end of all jobs")
    wait_for(lambda: not any(map(slurm.processes, slurm.pids)), "the end of all processes")


def asking(slurm: Slurm) -> list[str]:
    """The programs on this machine that ask this Slurm."""
    found, conf = [], f"SLURM_CONF={slurm.folder}/".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (folder / "cmdline").read_bytes()
            if words.startswith(b"srun\0") and conf in (folder / "environ").read_bytes():
                found.append(words.decode())
    return found


def test_strange_answers_are_data(user: Conda, odd: Slurm) -> None:
    words = ["cuda", "info", "--for", "slurm:strange/all", "--json"]
    with nothing_is_left(odd):
        done = subprocess.run(
            # Bytes of memory: what these nodes send is more.
            ["prlimit", "--as=1200000000", user.exe, *words],
            env=user.environ(), cwd=user.home, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    nodes = {one["name"]: one for one in json.loads(done.stdout)["nodes"]}
    assert set(nodes) == set(STRANGE)
    h100 = [{"name": "NVIDIA H100", "compute_capability": "9.0"}]
    for name in ("honest", "twice", "backwards"):
        assert nodes[name]["machine"]["gpus"] == h100, name
    for name in ("flood", "lines", "noise", "endless", "zeros", "bomb", "dies", "refuses", "huge"):
        assert nodes[name]["problem"], name
    for name in ("types", "texts", "wide"):
        machine = nodes[name]["machine"]
        assert machine is None or (machine["driver"], machine["gpus"]) == (None, []), name
    # Nobody speaks for another node.
    assert not nodes["liar"]["answered"] or nodes["liar"]["machine"]["gpus"] == []
    assert not nodes["option"]["answered"]


def test_strange_answers_do_not_steer_the_terminal(user: Conda, odd: Slurm) -> None:
    for verb in ("info", "match"):
        words = [verb, *(["torch"] if verb == "match" else []), "--for", "slurm:strange/all"]
        done = user("cuda", *words, check=False)
        assert (done.out + done.err).replace("\n", "").isprintable()


def test_mute_nodes_are_named_and_not_waited_for(user: Conda, odd: Slurm) -> None:
    with nothing_is_left(odd):
        nodes = user("cuda", "info", "--for", "slurm:some/all", "--json").json["nodes"]
    answered = {one["name"]: one["answered"] for one in nodes}
    assert answered == {"honest": True, "mute1": False, "mute2": False}
    assert all("did not answer" in one["problem"] for one in nodes if not one["answered"])


def test_a_slow_node_that_has_begun_is_waited_for(user: Conda, odd: Slurm) -> None:
    nodes = user("cuda", "info", "--for", "slurm:slow/all", "--json").json["nodes"]
    assert {one["name"]: one["problem"] for one in nodes if not one["answered"]}.keys() <= {"slow"}


def test_a_node_that_stands_still_is_named(user: Conda, odd: Slurm) -> None:
    """srun reads nothing before it has reached every node, so the others are asked anew."""
    words = ("cuda", "info", "--for", "slurm:frozen/all", "--json")
    with odd.frozen("frozen"):
        nodes = {one["name"]: one for one in user(*words).json["nodes"]}
        assert nodes["frozen"]["problem"].startswith("did not take the job within")
        assert nodes["honest"]["answered"]
        wait_for(lambda: not odd.processes("honest"), "the end of all processes")
    wait_for(lambda: not odd.going_on(), "the end of all jobs")
    nodes = user(*words).json["nodes"]
    assert [one["name"] for one in nodes if one["answered"]] == ["frozen", "honest"]


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda one: one.name
)
def test_whoever_stops_it_leaves_nothing_behind(
    user: Conda, odd: Slurm, number: signal.Signals
) -> None:
    words = [user.exe, "cuda", "info", "--for", "slurm:mute/all"]
    with nothing_is_left(odd):
        child = subprocess.Popen(
            words, env=user.environ(), cwd=user.home, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        wait_for(lambda: any("RUNNING" in one for one in odd.going_on()), "the job")
        assert asking(odd)
        # A terminal sends it to all.
        os.killpg(child.pid, number)
        out, err = child.communicate(timeout=60)
    assert child.returncode not in (0, None)
    assert out == ""
    assert "Traceback" not in err
    wait_for(lambda: not asking(odd), "the end of srun")


def test_it_works_from_within_a_job(user: Conda, odd: Slurm) -> None:
    inside = {
        "SLURM_JOB_ID": "4711",
        "SLURM_NTASKS": "7",
        "SLURM_NNODES": "3",
        "SLURM_MEM_PER_NODE": "9",
    }
    [node] = user("cuda", "info", "--for", "slurm:one", "--json", **inside).json["nodes"]
    assert node["answered"]


def test_a_partition_without_a_free_node_is_told(user: Conda, odd: Slurm) -> None:
    words = ["srun", "--partition=one", "--exclusive", "sleep", "1000"]
    holder = subprocess.Popen(words, env=user.environ(), stdin=subprocess.DEVNULL)
    try:
        wait_for(lambda: any("RUNNING" in one for one in odd.going_on()), "the job")
        done = user("cuda", "info", "--for", "slurm:one", check=False)
    finally:
        holder.terminate()
        holder.wait()
    assert done.code == 1
    assert "busy" in done.err
    wait_for(lambda: not odd.going_on(), "the end of all jobs")


def test_of_a_job_that_completes_nobody_takes_some_nodes_for_all(odd: Slurm) -> None:
    """Else nodes would be taken for others, or one could speak for another."""
    variables = {**os.environ, **odd.variables}
    words = ["srun", "--job-name=conda-cuda-x", "--nodes=2", "--partition=frozen", "sleep", "60"]
    job = subprocess.Popen(
        words, env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_for(lambda: any("RUNNING" in one for one in odd.going_on()), "the job")
        assert sorted(given_nodes("x", variables)) == ["frozen", "honest"]
        with odd.frozen("frozen"):
            odd.ask("scancel", "--name=conda-cuda-x")
            listed = ["squeue", "--noheader", "--name=conda-cuda-x", "--states=all", "--format=%N"]
            wait_for(lambda: odd.ask(*listed).strip() == "frozen", "the job's end on one node")
            assert given_nodes("x", variables) == []
        assert sorted(given_nodes("x", variables)) == ["frozen", "honest"]
    finally:
        job.kill()
        job.wait()
    wait_for(lambda: not odd.going_on(), "the end of all jobs")
