"""Which machines a text means, and asking them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from enum import Enum
from pathlib import Path

from ..errors import UsageError
from ..machine.spec import NobodyTakesError
from ..quoting import quoted
from . import inventory, kubernetes, slurm, ssh
from .node import Asked
from .sinfo import NAME


class Way(str, Enum):
    """Who is asked."""

    SLURM = "slurm"
    SSH = "ssh"
    KUBERNETES = "kubernetes"
    FILE = "file"


@dataclass(frozen=True)
class Target:
    """Machines that are elsewhere, as a text names them."""

    text: str
    way: Way
    names: tuple[str, ...]
    """The partition, the hosts, the selector or the file."""
    everyone: bool = False
    """Of a partition: each node, and not one of each kind."""


def parse_target(text: str) -> Target:
    """The machines that a text names, for which `is_elsewhere` holds.

    Raises:
        UsageError: when what stands behind the colon is no name there.
    """
    way, _, rest = text.partition(":")
    if way == Way.SLURM:
        partition, slash, which = rest.partition("/")
        if not NAME.fullmatch(partition) or (slash and which != "all"):
            raise _refused(text, "slurm:PARTITION, or slurm:PARTITION/all for each of its nodes")
        return Target(text, Way.SLURM, (partition,), bool(slash))
    if way == Way.SSH:
        hosts = tuple(dict.fromkeys(rest.split(",")))
        if not all(map(ssh.HOST.fullmatch, hosts)) or len(hosts) > ssh.MOST_HOSTS:
            raise _refused(
                text, f"ssh:HOST, or ssh:HOST,HOST for up to {ssh.MOST_HOSTS} hosts at once"
            )
        return Target(text, Way.SSH, hosts)
    if way == Way.KUBERNETES:
        if not rest.strip() or not rest.isprintable() or len(rest) > 2000:
            raise _refused(text, "kubernetes:SELECTOR, such as nvidia.com/gpu.present=true")
        return Target(text, Way.KUBERNETES, (rest,))
    return Target(text, Way.FILE, (os.path.abspath(os.path.expanduser(text)),))


def _refused(text: str, form: str) -> UsageError:
    return UsageError(f"{quoted(text)} names no machines.", hints=[f"Write {form}."], machine=text)


def ask(
    target: Target,
    passed: Sequence[str] = (),
    prefix: Path | None = None,
    variables: Mapping[str, str] = os.environ,
) -> Asked:
    """Ask machines that are elsewhere what they have. Takes half a minute at most.

    Args:
        target: which.
        passed: more options for the program that asks: srun, ssh or kubectl.
        prefix: the environment that they should see.
        variables: environment variables for that program.

    Raises:
        UsageError: when options are passed and nobody takes them.
        CudaError: when they cannot be asked, or nobody has answered.
    """
    if passed and target.way is Way.FILE:
        raise NobodyTakesError(passed)
    when = datetime.now(timezone.utc)
    if target.way is Way.FILE:
        return inventory.load_inventory(Path(target.names[0]))
    if target.way is Way.SLURM:
        nodes = slurm.ask(
            target.names[0],
            everyone=target.everyone,
            passed=passed,
            prefix=prefix,
            variables=variables,
        )
    elif target.way is Way.SSH:
        nodes = ssh.ask(target.names, passed, prefix, variables)
    else:
        nodes = kubernetes.ask(target.names[0], passed, variables)
    return Asked(target.text, tuple(nodes), when)
