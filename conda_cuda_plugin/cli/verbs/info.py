"""`conda cuda info`: the one screen for bug reports."""

from __future__ import annotations

import os
import platform as python_platform
import shutil
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from conda import __version__ as conda_version
from conda.base.context import context

from ... import __version__, hooks
from ...cluster.fleet import NobodyAnsweredError
from ...cluster.inventory import save
from ...doctor import Context, Finding, diagnose
from ...doctor.frameworks import cudnn_libraries
from ...errors import UsageError
from ...install.pin import pins
from ...machine.spec import NobodyTakesError, is_elsewhere
from ...quoting import typed
from ...system.operating_system import description
from ...verdict.text import machine_document, verdict_document, verdict_line
from ..common import (
    add_common_options,
    contents,
    facts,
    print_json,
    say,
    target_environment,
    toolkit_document,
)
from ..elsewhere.asking import asked_for
from ..elsewhere.document import machines_document
from ..elsewhere.screen import machines_screen
from ..findings import counts, finding_document
from ..layout import LEVELS, fields
from ..machine import add_machine_option
from .doctor import examined

EPILOG = """\
examples:
  conda cuda info              the active environment, this shell, this machine
  conda cuda info -n old       another environment
  conda cuda info --for h100   another machine
  conda cuda info --for slurm:gpu --save gpu.yaml    the nodes of a partition
"""


def configure_parser(parser: ArgumentParser) -> None:
    """The options of `info`."""
    add_machine_option(parser)
    parser.add_argument(
        "--save",
        dest="cuda_save",
        metavar="FILE.yaml",
        help="Keep what machines that are elsewhere have said, for --for FILE.yaml later.",
    )
    add_common_options(parser)


def execute(args: Namespace) -> int:
    """Print one screen, or one document."""
    if args.cuda_for is not None and is_elsewhere(args.cuda_for):
        return _elsewhere(args)
    if args.cuda_passed:
        raise NobodyTakesError(args.cuda_passed)
    if args.cuda_save is not None:
        raise UsageError(
            "--save keeps what machines that are elsewhere have said, and --for names none.",
            hints=["conda cuda info --for slurm:PARTITION --save FILE.yaml"],
        )
    patient = examined(target_environment(args), args.cuda_for)
    findings = diagnose(patient)
    found = document(patient, findings)
    if context.json:
        print_json(found)
    else:
        say(*screen(patient, findings, found))
    return 0


def _elsewhere(args: Namespace) -> int:
    """The same for machines that are elsewhere: a table of them."""
    named = args.name or args.prefix
    environment = target_environment(args) if named or context.active_prefix else None
    prefix = environment.prefix if environment else None
    asked = asked_for(args.cuda_for, args.cuda_passed, prefix)
    if len(asked.silent) == len(asked.nodes):
        raise NobodyAnsweredError(asked)
    if args.cuda_save is not None:
        save(Path(args.cuda_save).expanduser().absolute(), asked)
    current = environment.current() if environment else None
    current = current if current and current.complete else None
    if context.json:
        print_json(
            {"environment": str(prefix) if prefix else None, **machines_document(asked, current)}
        )
    else:
        say(*machines_screen(asked, current))
        if args.cuda_save is not None:
            file = args.cuda_save
            # A bare word might be a GPU or a framework.
            named = file if is_elsewhere(file) else f"./{file}"
            say("", f"Saved; use it with  --for {typed(named)}")
    return 0


def document(patient: Context, findings: Sequence[Finding]) -> dict[str, Any]:
    """The screen for machines."""
    current = patient.environment.current_name()
    toolkits = [
        {**toolkit_document(toolkit, current), "contents": contents(toolkit)}
        for toolkit in patient.toolkits
    ]
    windows = patient.platform.windows
    statuses = sorted({s.value for s in hooks.verify(patient.prefix, windows=windows).values()})
    verdict, machine = patient.verdict, machine_document(patient.machine)
    names = "name title version backend cuda cudnn installer brings_cuda read_from=evidence"
    return {
        **facts(patient, "environment=prefix name"),
        "current": next((toolkit for toolkit in toolkits if toolkit["current"]), None),
        "toolkits": toolkits,
        "pinned": pins(patient.environment),
        "hooks": " and ".join(statuses) if current else "none",
        "shell": _shell(patient),
        "machine": machine,
        "driver_cuda": machine["driver_cuda"],
        "verdict": verdict_document(verdict) if verdict else None,
        "frameworks": [facts(framework, names) for framework in patient.frameworks],
        "cudnn": {str(major): path for major, path in sorted(cudnn_libraries(patient).items())},
        "findings": [finding_document(finding) for finding in findings],
        "platform": patient.platform.subdir,
        "system": description(),
        "conda": conda_version,
        "conda_cuda": __version__,
        "python": python_platform.python_version(),
    }


def _shell(patient: Context) -> dict[str, Any]:
    """What this shell has of the environment's CUDA."""
    variables = patient.variables
    shown = ("CUDA_HOME", "CUDA_PATH", "CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH")
    return {
        "active": patient.active,
        "name": os.path.basename(variables.get("SHELL", "")) or None,
        **{name: variables.get(name) for name in shown},
        "has_it": patient.has_it,
        "position": None if patient.place is None else patient.place + 1,
        "cuda": [
            facts(named, "variable path exists release")
            for named in patient.paths
            if named.about_cuda or named.release
        ],
        "nvcc": shutil.which("nvcc", path=variables.get("PATH", "")),
    }


def screen(patient: Context, findings: Sequence[Finding], found: Mapping[str, Any]) -> list[str]:
    """What people paste into bug reports: the document `found` for people."""
    machine = patient.machine
    ids = ", ".join(dict.fromkeys(finding.rule_id for finding in findings))
    rows = [
        ("environment", f"{found['name']} ({found['environment']})"),
        ("current", _current_text(found["current"])),
        ("installed", ", ".join(t["name"] for t in found["toolkits"]) or "none"),
        ("hooks", found["hooks"]),
        ("this shell", _shell_text(found["shell"], patient)),
        ("variables", _variables_text(found["shell"]["cuda"])),
        ("driver", _driver_text(found["machine"], machine.stated_by("cuda"))),
        ("GPUs", _gpus_text(found["machine"], machine.stated_by("cuda_arch"))),
    ]
    if found["pinned"]:
        rows.insert(3, ("pinned", ", ".join(found["pinned"])))
    if patient.verdict is not None:
        rows.append(("verdict", verdict_line(patient.verdict, machine)))
    rows += [
        ("frameworks", "; ".join(map(_framework_text, found["frameworks"])) or "none"),
        ("cuDNN", _cudnn_text(found["cudnn"], found["current"])),
        ("host compiler", _compiler_text(found["machine"]["host_compiler"])),
        ("system", ", ".join(filter(None, (found["system"], machine.libc)))),
        (
            "conda",
            f"{found['conda']}, conda-cuda {found['conda_cuda']}, Python {found['python']}, "
            f"{found['platform']}",
        ),
        ("doctor", f"{counts(findings)}{f' ({ids})' if ids else ''}"),
    ]
    rows += [("note", note) for note in found["machine"]["notes"]]
    if "-overridden" in ids:
        rows.append(("note", f"`{patient.command('doctor')}` says what to do about it."))
    verdict = patient.verdict
    return fields(rows, {"verdict": LEVELS.get(verdict.level.value)} if verdict else {})


def _current_text(current: dict[str, Any] | None) -> str:
    if current is None:
        return "none"
    if current["status"] != "ok":
        return f"{current['name']}, incomplete"
    where = f" ({current['location']})" if current["location"] else ""
    return f"CUDA {current['version']}, {current['contents']}, from {current['origin']}{where}"


def _shell_text(shell: dict[str, Any], patient: Context) -> str:
    if not shell["active"]:
        text = f"{patient.name} is not active here"
    elif patient.current is None:
        text = f"{patient.name} is active here"
    elif not shell["has_it"]:
        text = f"does not have it; type: {patient.activation}"
    elif shell["position"] is None:
        text = "has it"
    else:
        text = f"has it at place {shell['position']} of LD_LIBRARY_PATH"
    if shell["nvcc"]:
        text += f"; nvcc is {shell['nvcc']}"
    if shell["CUDA_VISIBLE_DEVICES"] is not None:
        text += f"; CUDA_VISIBLE_DEVICES={shell['CUDA_VISIBLE_DEVICES']}"
    return text


def _variables_text(found: Sequence[dict[str, Any]]) -> str:
    """Where variables that name CUDA lead to."""
    places: dict[str, list[str]] = {}
    for named in found:
        where = f"CUDA {named['release']}" if named["release"] else "no CUDA that says its release"
        names = places.setdefault(where if named["exists"] else "nothing that exists", [])
        if named["variable"] not in names:
            names.append(named["variable"])
    return "; ".join(f"{', '.join(names)}: {where}" for where, names in places.items()) or "none"


def _driver_text(machine: dict[str, Any], stated_by: str) -> str:
    driver, cuda = machine["driver"], machine["driver_cuda"]
    if driver is None and cuda is None:
        return _missing(machine, stated_by)
    text = ", ".join(filter(None, (driver, f"runs up to CUDA {cuda}" if cuda else None)))
    return f"{text}{' (WSL)' if machine['wsl'] else ''}{stated_by}"


def _gpus_text(machine: dict[str, Any], stated_by: str) -> str:
    kinds = Counter((gpu["name"], gpu["compute_capability"]) for gpu in machine["gpus"])
    parts = [
        f"{f'{count} x ' if count > 1 else ''}{name or 'unknown'} "
        f"(compute capability {capability or 'unknown'})"
        for (name, capability), count in kinds.items()
    ]
    return f"{', '.join(parts)}{stated_by}" if parts else _missing(machine, stated_by)


def _missing(machine: dict[str, Any], stated_by: str) -> str:
    if stated_by:
        return f"none{stated_by}"
    return "none stated" if machine["stated"] else "none found"


def _framework_text(framework: dict[str, Any]) -> str:
    builds = {"cpu": "without CUDA", "other": "for other GPUs", "unknown": "of an unknown build"}
    built = builds.get(framework["backend"], f"for CUDA {framework['cuda'] or 'unknown'}")
    cudnn = f", cuDNN {framework['cudnn']}" if framework["cudnn"] else ""
    own = ", brings its own" if framework["brings_cuda"] else ""
    return f"{framework['title']} {built}{cudnn} ({framework['installer']}{own})"


def _cudnn_text(found: dict[str, str], current: dict[str, Any] | None) -> str:
    whole, root = (current["addons"].get("cudnn"), current["root"]) if current else (None, "")
    parts = [
        # The whole version is known only for the current toolkit's.
        f"{whole if whole and path.startswith(f'{root}/') else major} ({path})"
        for major, path in found.items()
    ]
    return ", ".join(parts) or "none found"


def _compiler_text(compiler: dict[str, Any] | None) -> str:
    if compiler is None:
        return "none found"
    return f"{compiler['name']} {compiler['version']} ({compiler['path']})"
