"""`conda cuda info`."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from typing import Any

from ..environment import Environment
from .common import (
    add_common_options,
    contents,
    fields,
    is_active,
    name_of,
    print_json,
    say,
    target_environment,
    this_platform,
    toolkit_document,
)

EPILOG = """\
examples:
  conda cuda info              the active environment and this shell
  conda cuda info -n old       another environment
"""


def configure_parser(parser: ArgumentParser) -> None:
    """The options of `info`."""
    parser.epilog = EPILOG
    add_common_options(parser)


def execute(args: Namespace) -> int:
    """One screen, or one document."""
    from conda.base.context import context

    document = _document(target_environment(args))
    if context.json:
        print_json(document)
        return 0
    current = document["current"]
    shell = document["shell"]
    rows = [
        ("environment", f"{document['name']} ({document['environment']})"),
        ("current", _current_text(current)),
        ("installed", ", ".join(t["name"] for t in document["toolkits"]) or "none"),
        ("hooks", document["hooks"]),
        ("this shell", _shell_text(shell, document["name"])),
        ("driver", _driver_text(document["driver_cuda"])),
        (
            "conda",
            f"{document['conda']}, conda-cuda {document['conda_cuda']}, {document['platform']}",
        ),
    ]
    say(*fields(rows))
    return 0


def _document(environment: Environment) -> dict[str, Any]:
    from conda import __version__ as conda_version

    from .. import __version__, hooks

    platform = this_platform()
    current_name, toolkits = environment.current_name(), environment.toolkits()
    statuses = {
        status.value
        for status in hooks.verify(environment.prefix, windows=platform.windows).values()
    }
    documents = [toolkit_document(toolkit, current_name) for toolkit in toolkits]
    shown = {toolkit.name: contents(toolkit) for toolkit in toolkits}
    for document in documents:
        document["contents"] = shown[document["name"]]
    return {
        "environment": str(environment.prefix),
        "name": name_of(environment),
        "current": next((d for d in documents if d["current"]), None),
        "toolkits": documents,
        "hooks": statuses.pop() if len(statuses) == 1 else "mixed: " + ", ".join(sorted(statuses)),
        "shell": _shell(environment),
        "driver_cuda": _driver_cuda(),
        "platform": platform.subdir,
        "conda": conda_version,
        "conda_cuda": __version__,
    }


def _shell(environment: Environment) -> dict[str, Any]:
    """What this shell has of the environment's CUDA."""
    ours = str(environment.link / "lib64")
    library_path = os.environ.get("LD_LIBRARY_PATH")
    parts = library_path.split(":") if library_path else []
    return {
        "active": is_active(environment),
        "CUDA_HOME": os.environ.get("CUDA_HOME"),
        "CUDA_PATH": os.environ.get("CUDA_PATH"),
        "LD_LIBRARY_PATH": library_path,
        "position": parts.index(ours) + 1 if ours in parts else None,
    }


def _driver_cuda() -> str | None:
    """The newest CUDA that the driver can run, as conda knows it."""
    from conda.plugins.virtual_packages.cuda import cached_cuda_version

    found = cached_cuda_version()
    return found if isinstance(found, str) and found else None


def _current_text(current: dict[str, Any] | None) -> str:
    if current is None:
        return "none"
    where = f" ({current['location']})" if current["location"] else ""
    return f"CUDA {current['version']}, {current['contents']}, from {current['origin']}{where}"


def _shell_text(shell: dict[str, Any], name: str) -> str:
    if not shell["active"]:
        return f"{name} is not active here"
    if shell["position"] is None:
        return f"does not have it; type: conda activate {name}"
    return f"has it at place {shell['position']} of LD_LIBRARY_PATH"


def _driver_text(version: str | None) -> str:
    return f"runs up to CUDA {version}" if version else "none found"
