"""A cluster, hosts and a Kubernetes, each of them put up once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

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
