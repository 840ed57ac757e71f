"""The rules about machines that are elsewhere speak of each on its own, whatever it has."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conda_cuda_plugin.cli.findings import document, exit_code, report
from conda_cuda_plugin.cluster.node import LEADS, Loaded, Node, There
from conda_cuda_plugin.doctor import machine
from conda_cuda_plugin.doctor.context import Rule
from conda_cuda_plugin.machine.machine import ComputeCapability, DriverVersion, Gpu, Machine

from .patients import Sick

TEXT = st.text(min_size=1, max_size=30)
CAPABILITIES = ((3, 5), (5, 0), (7, 0), (7, 5), (8, 9), (9, 0), (12, 0), (99, 9))
GPUS = st.builds(
    Gpu, st.none() | TEXT, st.none() | st.builds(lambda pair: ComputeCapability(*pair), st.sampled_from(CAPABILITIES))
)  # fmt: skip
DRIVERS = ("390.157", "470.82", "535.129.03", "550.54.15", "580.95.05", "999.99")
MACHINES = st.builds(
    Machine,
    driver=st.sampled_from(DRIVERS).map(DriverVersion.parse),
    gpus=st.lists(GPUS, max_size=3).map(tuple),
    libc=st.sampled_from(["glibc 2.17", "glibc 2.36", "musl", None]) | TEXT,
    notes=st.lists(TEXT, max_size=2).map(tuple),
)
LOADED = st.builds(
    Loaded, st.sampled_from(["libcudart.so.13", "libcudart.so.11.0"]) | TEXT,
    TEXT.map(lambda text: f"/{text}"), st.sampled_from(LEADS),
)  # fmt: skip
ANSWERED = st.builds(
    Node,
    name=st.just(""),
    machine=MACHINES,
    architecture=st.sampled_from(["x86_64", "aarch64", None]) | TEXT,
    environment=st.sampled_from(There),
    loads=st.lists(LOADED, max_size=3).map(tuple),
    system_cuda=st.none() | st.tuples(TEXT, st.none() | TEXT),
    kind=TEXT,
    alike=st.lists(TEXT, max_size=2).map(tuple),
)
SILENT = st.builds(Node, name=st.just(""), machine=st.none(), problem=TEXT)
EXAMPLES = settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])


def named(nodes: list[Node]) -> list[Node]:
    """The nodes with names that tell them apart."""
    return [
        replace(node, name=f"n{number}", machine=node.machine and replace(node.machine, name=f"n{number}"))
        for number, node in enumerate(nodes)
    ]  # fmt: skip


def rules(sick: Sick, nodes: list[Node]) -> set[str]:
    """Of the rules about machines those that speak."""
    sick.ask(*nodes)
    patient = sick.patient()
    asked = [rule for rule in vars(machine).values() if isinstance(rule, Rule)]
    return {finding.rule_id for rule in asked for finding in rule.findings(patient)}


@EXAMPLES
@given(nodes=st.lists(ANSWERED, min_size=1, max_size=4))
def test_all_together_have_what_each_has_alone(sick: Sick, nodes: list[Node]) -> None:
    several = named(nodes)
    alone = set().union(*(rules(sick, [node]) for node in several))
    assert rules(sick, several) == alone
    assert rules(sick, several[::-1]) == alone


@EXAMPLES
@given(nodes=st.lists(ANSWERED | SILENT, min_size=1, max_size=8))
def test_whatever_they_are_there_is_a_report(sick: Sick, nodes: list[Node]) -> None:
    several = named(nodes)
    sick.ask(*several)
    findings, patient = sick.findings(), sick.patient()
    lines = report(patient, findings)
    assert lines
    assert len(lines) < 200
    assert document(patient, findings)["counts"]["error"] == sum(
        finding.severity.value == "error" for finding in findings
    )
    assert all(finding.summary and finding.cure and finding.evidence for finding in findings)
    silent = [node for node in several if not node.answered]
    told = [finding for finding in findings if finding.rule_id == "node-silent"]
    assert bool(told) == bool(silent)
    if silent:
        assert all(node.name in " ".join(told[0].evidence) for node in silent[:5])
        assert exit_code(told, strict=False) == (3 if len(silent) == len(several) else 0)
