"""Each rule speaks of its own fault, and of no other."""

from __future__ import annotations

import re

import pytest

from conda_cuda_plugin.doctor import RULES, treat

from ..conftest import PROJECT
from ..listing import listing
from .faults import FAULTS, Fault
from .patients import Sick


def case(fault: Fault) -> str:
    return f"{fault.rule}-{fault.name}" if fault.name else fault.rule


def ids(sick: Sick) -> set[str]:
    return {finding.rule_id for finding in sick.findings()}


def test_a_healthy_environment_has_no_findings(sick: Sick) -> None:
    assert sick.findings() == []


def test_a_healthy_environment_in_its_shell_has_no_findings(active: Sick) -> None:
    assert active.findings() == []


@pytest.mark.parametrize("fault", FAULTS, ids=case)
def test_each_fault_is_found_by_its_rule_alone(sick: Sick, fault: Fault) -> None:
    if fault.active:
        sick.activate()
    fault.break_(sick)
    findings = sick.findings()
    assert {(f.rule_id, f.severity.value) for f in findings} == {(fault.rule, fault.severity)}
    assert any(fault.evidence in line for f in findings for line in f.evidence), findings
    assert all((f.fix is not None) == fault.fixable for f in findings)
    assert all(f.summary and f.cure for f in findings)


@pytest.mark.parametrize("fault", [f for f in FAULTS if f.fixable], ids=case)
def test_what_can_be_cured_is_cured_once_and_for_all(sick: Sick, fault: Fault) -> None:
    fault.break_(sick)
    treatment = treat(sick.patient, sick.findings())
    assert [finding.rule_id for finding in treatment.cured] == [fault.rule]
    assert (treatment.failed, treatment.left) == ((), ())
    before = listing(sick.prefix)
    again = treat(sick.patient, sick.findings())
    assert (again.cured, again.failed, again.left) == ((), (), ())
    assert listing(sick.prefix) == before


@pytest.mark.parametrize("fault", [f for f in FAULTS if not f.fixable], ids=case)
def test_what_cannot_be_cured_stays_as_it_is(sick: Sick, fault: Fault) -> None:
    if fault.active:
        sick.activate()
    fault.break_(sick)
    before = listing(sick.prefix)
    treatment = treat(sick.patient, sick.findings())
    assert treatment.cured == ()
    assert listing(sick.prefix) == before


def test_every_rule_has_a_fault_and_a_name_of_its_own() -> None:
    names = [rule.id for rule in RULES]
    assert len(set(names)) == len(names)
    assert {fault.rule for fault in FAULTS} == set(names)


def test_the_manual_has_every_rule_once() -> None:
    text = (PROJECT / "docs" / "doctor.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^\| `([a-z][a-z-]+)` \|", text, re.M)) == sorted(r.id for r in RULES)


def test_one_command_cures_all_of_the_library_path(active: Sick) -> None:
    ours = active.variables["LD_LIBRARY_PATH"]
    active.variables["LD_LIBRARY_PATH"] = f"/x/stubs::{active.prefix}/lib:{ours}:/opt/mine"
    findings = active.findings()
    assert {finding.rule_id for finding in findings} == {
        "ld-stubs",
        "ld-empty-element",
        "ld-whole-lib",
    }
    assert {f.cure for f in findings} == {f"export LD_LIBRARY_PATH={ours}:/opt/mine"}


def test_the_command_is_in_the_language_of_the_shell(active: Sick) -> None:
    active.variables["LD_LIBRARY_PATH"] += ":"
    ours = f"{active.prefix}/cuda/lib64"
    for shell, cure in {
        "/bin/zsh": f"export LD_LIBRARY_PATH={ours}",
        "/usr/bin/fish": f"set -x LD_LIBRARY_PATH {ours}",
        "/bin/tcsh": f"setenv LD_LIBRARY_PATH {ours}",
    }.items():
        active.variables["SHELL"] = shell
        assert [finding.cure for finding in active.findings()] == [cure]
        active.variables["PSModulePath"] = "/modules"
        [finding] = active.findings()
        both = f"$Env:LD_LIBRARY_PATH = '{ours}' in PowerShell, {cure} elsewhere"
        assert finding.cure == both
        del active.variables["PSModulePath"]
