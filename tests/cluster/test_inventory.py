"""Inventories: what is saved reads back the same, and anything else is refused in a sentence."""

from __future__ import annotations

import dataclasses
import shlex
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from conda_cuda_plugin.cluster.inventory import load_inventory, save
from conda_cuda_plugin.cluster.node import LEADS, Asked, Loaded, Node
from conda_cuda_plugin.errors import CudaError
from conda_cuda_plugin.machine.machine import ComputeCapability, DriverVersion, Gpu, Machine
from conda_cuda_plugin.versions import CudaVersion

from ..conftest import Conda

WORDS = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=40)
GPUS = st.builds(
    Gpu,
    st.none() | WORDS,
    st.none() | st.builds(ComputeCapability, st.integers(1, 99), st.integers(0, 9)),
)
MACHINES = st.builds(
    Machine,
    driver=st.none() | st.builds(lambda *n: DriverVersion(n), st.integers(100, 999), st.integers(0, 99)),
    driver_cuda=st.none() | st.builds(CudaVersion, st.integers(9, 14), st.integers(0, 9)),
    gpus=st.lists(GPUS, max_size=3).map(lambda gpus: tuple(sorted(gpus, key=str))),
    libc=st.none() | WORDS,
    notes=st.lists(WORDS, max_size=2).map(tuple),
)  # fmt: skip
COMMON = {
    "architecture": st.none() | WORDS,
    "kind": st.just("") | WORDS,
    "alike": st.lists(WORDS, max_size=3).map(tuple),
}
NODES = st.builds(Node, name=WORDS, problem=WORDS, **COMMON) | st.builds(
    Node,
    name=WORDS,
    machine=MACHINES,
    loads=st.lists(st.builds(Loaded, WORDS, WORDS, st.sampled_from(LEADS)), max_size=2).map(tuple),
    system_cuda=st.none() | st.tuples(WORDS, st.none() | WORDS),
    visible=st.none() | WORDS,
    mig=st.lists(WORDS, max_size=2).map(tuple),
    **COMMON,
)
WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


def named(node: Node) -> Node:
    """The node whose machine has its name."""
    machine = node.machine and dataclasses.replace(node.machine, name=node.name)
    return dataclasses.replace(node, machine=machine)


@given(st.lists(NODES.map(named), min_size=1, max_size=4))
@example([Node("a", None, "b", alike=("?0",)), Node("c", None, "d", alike=(": 0",))])
def test_what_is_saved_reads_back(
    tmp_path_factory: pytest.TempPathFactory, nodes: list[Node]
) -> None:
    file = tmp_path_factory.mktemp("inventory") / "gpu.yaml"
    save(file, Asked("slurm:gpu", tuple(nodes), WHEN))
    found = load_inventory(file)
    assert (found.target, found.when, found.saved) == ("slurm:gpu", WHEN, str(file))
    assert sorted(map(repr, found.nodes)) == sorted(map(repr, nodes))


def test_nodes_that_are_the_same_are_written_once(tmp_path: Path) -> None:
    nodes = [
        named(Node(f"gpu{number:05}", Machine(driver=DriverVersion((550, 54)))))
        for number in range(5000)
    ]
    save(tmp_path / "gpu.yaml", Asked("slurm:gpu", tuple(nodes), WHEN))
    assert (tmp_path / "gpu.yaml").stat().st_size < 200_000
    assert load_inventory(tmp_path / "gpu.yaml").nodes == tuple(nodes)


@pytest.mark.parametrize(
    "text",
    ["", "a: b\n", "machines: x\nasked: yesterday\nnodes: []\n", "[" * 10_000, "nodes: &a [*a]\n", "\xff"],
    ids=["empty", "other", "wrong", "deep", "alias", "binary"],
)  # fmt: skip
def test_another_file_is_refused_and_kept(tmp_path: Path, text: str) -> None:
    file = tmp_path / "gpu.yaml"
    file.write_text(text, encoding="latin-1")
    with pytest.raises(CudaError, match="is no inventory of machines"):
        load_inventory(file)
    with pytest.raises(CudaError, match="is no inventory of machines"):
        save(file, Asked("slurm:gpu", (Node("a", Machine()),), WHEN))
    assert file.read_text(encoding="latin-1") == text


def test_its_age_is_shown(tmp_path: Path, conda: Conda) -> None:
    driver = DriverVersion((550, 54, 15))
    nodes = (
        named(Node("gpu01", Machine(driver=driver, driver_cuda=CudaVersion(12, 4)))),
        Node("gpu02", None, "did not answer"),
    )
    file = tmp_path / "gpu.yaml"
    save(file, Asked("slurm:gpu", nodes, datetime.now(timezone.utc) - timedelta(days=3, hours=1)))
    text = conda("cuda", "info", "--for", file).out
    assert text.startswith(f"Machines of slurm:gpu (in {file}, asked 3 days ago)\n")
    result = conda("cuda", "match", "torch==2.5.1", "--for", file)
    assert f"The machines of slurm:gpu as {file} has them, asked 3 days ago." in result.err
    assert "warning: gpu02 did not answer; the verdict is without it." in result.err
    assert "CUDA 12.4" in result.out
    document = conda("cuda", "info", "--for", file, "--json").json
    assert document["file"] == str(file)
    assert [node["answered"] for node in document["nodes"]] == [True, False]
    text = file.read_text().partition("nodes:")[2]
    head = "machines: slurm:gpu\nasked: '2999-01-01T00:00:00Z'\nnodes:"
    file.write_text(f"{head}{text}")
    said = conda("cuda", "info", "--for", file).out
    assert said.startswith(f"Machines of slurm:gpu (in {file}, asked on 2999-01-01, which is yet")


@pytest.mark.parametrize("name", ["gpu.yaml", "with blank.yml", "nodes", "h100", "a/b"])
def test_what_is_told_of_a_saved_file_works(tmp_path: Path, conda: Conda, name: str) -> None:
    (tmp_path / "a").mkdir()
    file = tmp_path / "first.yaml"
    save(file, Asked("slurm:gpu", (Node("gpu01", Machine(libc="glibc 2.36")),), WHEN))
    done = conda("cuda", "info", "--for", file, "--save", name, cwd=tmp_path)
    words = shlex.split(done.out.partition("use it with  ")[2])
    again = conda("cuda", "info", *words, cwd=tmp_path).out
    assert again.startswith("Machines of slurm:gpu (in ")


def test_a_file_that_is_not_there(tmp_path: Path, conda: Conda) -> None:
    result = conda("cuda", "info", "--for", tmp_path / "gpu.yaml", check=False)
    assert result.code == 1
    assert f"CudaError: There is no file {tmp_path}/gpu.yaml." in result.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--for", "slurm:"], "'slurm:' names no machines."),
        (["--for", "slurm:-w"], "'slurm:-w' names no machines."),
        (["--for", "slurm:gpu/some"], "'slurm:gpu/some' names no machines."),
        (["--for", "ssh:-oProxyCommand=x"], "'ssh:-oProxyCommand=x' names no machines."),
        (["--for", "ssh:a,"], "'ssh:a,' names no machines."),
        (["--for", "kubernetes:"], "'kubernetes:' names no machines."),
        (["--for", "gpu.yaml", "--", "-A", "x"], "Nobody takes '-A x'"),
        (["--for", "h100", "--", "-A", "x"], "Nobody takes '-A x'"),
        (["--", "-A", "x"], "Nobody takes '-A x'"),
        (["--save", "gpu.yaml"], "--save keeps what machines that are elsewhere have said"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_words_that_make_no_sense(conda: Conda, words: list[str], said: str) -> None:
    prefix = conda.create(conda.envs / "one")
    result = conda("cuda", "info", "-p", prefix, *words, check=False)
    assert result.code == 2
    assert said in result.err
