from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ..machine.drivers import StandIns, compile_standins
from .channel import write_machine_channel


@pytest.fixture(scope="session")
def channel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of channels with one, conda-forge, that has packages for kinds of GPUs."""
    root = tmp_path_factory.mktemp("machines")
    write_machine_channel(root / "conda-forge")
    return root


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> StandIns:
    """What stands in for the libraries of a driver."""
    return compile_standins(tmp_path_factory.mktemp("driver"))


@pytest.fixture
def conda(conda: Any, channel: Path) -> Any:
    """A conda for which conda-forge is that channel."""
    conda.variables["CONDA_CHANNEL_ALIAS"] = channel.as_uri()
    return conda


@pytest.fixture
def holds_to_constraints(conda: Any) -> bool:
    """Whether conda's solver holds to what packages constrain of a machine (conda/conda#10803)."""
    shown: str = conda("config", "--show", "solver", "--json").json["solver"]
    return shown != "classic"


_NODES = """\
machines: slurm:gpu
asked: "2026-11-01T10:00:00Z"
nodes:
  - {name: new, driver: 580.95.05, driver_cuda: "13.0", gpus: [{capability: "7.5", count: 2}]}
  - {name: old, driver: 550.54.15, driver_cuda: "12.4", gpus: [{capability: "9.0", count: 4}]}
"""


@pytest.fixture
def nodes(tmp_path: Path) -> Path:
    """An inventory of two nodes: one has the older driver, the other the older GPUs."""
    path = tmp_path / "nodes.yaml"
    path.write_text(_NODES)
    return path
