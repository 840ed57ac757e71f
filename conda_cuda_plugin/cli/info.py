"""`conda cuda info`: the one screen for bug reports."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .common import (
    add_common_options,
    contents,
    print_json,
    say,
    target_environment,
    toolkit_document,
)

if TYPE_CHECKING:
    from ..doctor import Finding, Patient

EPILOG = """\
examples:
  conda cuda info              the active environment, this shell, this machine
  conda cuda info -n old       another environment
"""


def configure_parser(parser: ArgumentParser) -> None:
    """The options of `info`."""
    parser.epilog = EPILOG
    add_common_options(parser)


def execute(args: Namespace) -> int:
    """One screen, or one document."""
    from conda.base.context import context

    from ..doctor import diagnose
    from .doctor import examined
    from .screen import screen

    patient = examined(target_environment(args))
    findings = diagnose(patient)
    facts = document(patient, findings)
    if context.json:
        print_json(facts)
    else:
        say(*screen(patient, findings, facts))
    return 0


def document(patient: Patient, findings: Sequence[Finding]) -> dict[str, Any]:
    """The same for machines."""
    import platform as python_platform

    from conda import __version__ as conda_version

    from .. import __version__, hooks
    from ..compat.words import machine_document, verdict_document
    from ..doctor.places import cudnn_libraries
    from ..install.pin import pins
    from ..system import description
    from .findings import finding_document

    current = patient.environment.current_name()
    toolkits = [
        {**toolkit_document(toolkit, current), "contents": contents(toolkit)}
        for toolkit in patient.toolkits
    ]
    windows = patient.platform.windows
    statuses = sorted({s.value for s in hooks.verify(patient.prefix, windows=windows).values()})
    verdict, machine = patient.verdict, machine_document(patient.machine)
    return {
        "environment": str(patient.prefix),
        "name": patient.name,
        "current": next((toolkit for toolkit in toolkits if toolkit["current"]), None),
        "toolkits": toolkits,
        "pinned": pins(patient.environment),
        "hooks": " and ".join(statuses) if current else "none",
        "shell": _shell(patient),
        "machine": machine,
        "driver_cuda": machine["driver_cuda"],
        "verdict": verdict_document(verdict) if verdict else None,
        "frameworks": [
            {
                "name": framework.name,
                "title": framework.title,
                "version": framework.version,
                "backend": framework.backend.value,
                "cuda": str(framework.cuda) if framework.cuda else None,
                "cudnn": framework.cudnn,
                "installer": framework.installer,
                "brings_cuda": framework.brings_cuda,
                "read_from": framework.evidence,
            }
            for framework in patient.frameworks
        ],
        "cudnn": {str(major): path for major, path in sorted(cudnn_libraries(patient).items())},
        "findings": [finding_document(finding) for finding in findings],
        "platform": patient.platform.subdir,
        "system": description(),
        "conda": conda_version,
        "conda_cuda": __version__,
        "python": python_platform.python_version(),
    }


def _shell(patient: Patient) -> dict[str, Any]:
    """What this shell has of the environment's CUDA."""
    import shutil

    variables = patient.variables
    return {
        "active": patient.active,
        "name": os.path.basename(variables.get("SHELL", "")) or None,
        "CUDA_HOME": variables.get("CUDA_HOME"),
        "CUDA_PATH": variables.get("CUDA_PATH"),
        "CUDA_VISIBLE_DEVICES": variables.get("CUDA_VISIBLE_DEVICES"),
        "LD_LIBRARY_PATH": variables.get("LD_LIBRARY_PATH"),
        "position": None if patient.place is None else patient.place + 1,
        "nvcc": shutil.which("nvcc", path=variables.get("PATH", "")),
    }
