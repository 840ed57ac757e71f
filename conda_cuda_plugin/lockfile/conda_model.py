"""conda's own model of an environment, from a file with a section `cuda:` and into one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conda.base.context import context
from conda.env import env as condas

from ..environment import Environment
from ..system.yaml_text import load
from .cuda_file import text_of
from .environment_yml import new_text, parse, sections_of


def text_of_model(model: Any) -> str:
    """The file of an environment that `conda export` describes; its toolkit is looked up.

    Raises:
        CudaError: when the environment has no current toolkit.
    """
    plain = context.plugin_manager.get_environment_exporter_by_format("environment-yaml")
    found: Mapping[str, Any] = load(plain.export(model))
    from_history = bool(context._argparse_args.get("from_history"))
    environment = Environment(Path(context.target_prefix))
    return new_text(sections_of(environment, found, from_history=from_history))


def model_of(path: Path) -> Any:
    """What a file says to conda.

    Raises:
        CudaError: when it cannot be used.
    """
    file = parse(text_of(path), path.absolute())
    return condas.from_yaml(file.without_cuda, filename=str(path)).to_environment_model()
