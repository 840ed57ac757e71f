"""A cluster, hosts and a Kubernetes, each of them put up once for a file of tests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..conftest import Conda
from ..sources.wheelhouse import only_folder, write_releases
from .fleet import HOSTS, NODES, PARTITIONS
from .kubernetes import Kubernetes, kubernetes
from .programs import need
from .slurm import Slurm, cluster
from .sshd import Hosts, hosts


@pytest.fixture(scope="module")
def slurm() -> Iterator[Slurm]:
    """The cluster of fleet.py."""
    with cluster(NODES, PARTITIONS) as found:
        yield found


@pytest.fixture(scope="module")
def ssh_hosts() -> Iterator[Hosts]:
    """The hosts of fleet.py."""
    with hosts(HOSTS) as found:
        yield found


@pytest.fixture(scope="module")
def k8s(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubernetes]:
    """A Kubernetes with the nodes of kubernetes.py."""
    need("kubectl")
    folder: Path = tmp_path_factory.mktemp("kubernetes")
    with kubernetes(folder) as found:
        yield found


@pytest.fixture(scope="module")
def user(module_conda: Conda, tmp_path_factory: pytest.TempPathFactory) -> Conda:
    """Somebody on the login node, who takes toolkits from a folder of small wheels."""
    wheels = write_releases(tmp_path_factory.mktemp("wheels"))
    module_conda.variables.update(only_folder(wheels), CONDA_OVERRIDE_CUDA="")
    return module_conda


def make_environment(user: Conda, prefix: Path) -> Path:
    """An environment with CUDA 12.4 current and 13.0 beside it."""
    user("create", "-y", "-q", "-p", prefix, "--offline")
    for release in ("13.0", "12.4"):
        words = ("--from", "pypi", "--components", "cudart", "-y", "-q")
        user.cuda("use", prefix, release, *words)
    return prefix


@pytest.fixture(scope="module")
def prefix(user: Conda, slurm: Slurm) -> Path:
    """An environment that all nodes see, but for far1; copy1 has a copy."""
    user.variables.update(slurm.variables)
    made = make_environment(user, slurm.shared / "train")
    shutil.copytree(made, slurm.home("copy1") / "train", symlinks=True)
    return made
