"""A real Slurm on one machine: one slurmctld, and a slurmd for each node.

Debian's slurm-wlm is built with several slurmd a machine in mind (`MULTIPLE_SLURMD = Yes` of
`scontrol show config`). Everything lies in one folder, with a munge of its own.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .nodes import NodeSpec, put_up
from .programs import SYSTEM_PATH, daemon, free_ports, need, need_mounts, wait_for

_CONF = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/nodes/%n/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/nodes/%n/pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/nodes/%n/log
TaskProlog={folder}/prolog
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SwitchType=switch/none
MpiDefault=none
KillWait=2
ReturnToService=2
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
MailProg=/bin/true
GresTypes=gpu
SlurmdParameters=config_overrides
"""


@dataclass(frozen=True)
class Slurm:
    """A cluster that runs.

    Args:
        folder: what it consists of.
        shared: the folder that its nodes share with this machine.
        pids: the process that keeps each node.
    """

    folder: Path
    shared: Path
    pids: Mapping[str, int]

    @property
    def variables(self) -> dict[str, str]:
        """What Slurm's programs need to find it."""
        return {"SLURM_CONF": str(self.folder / "slurm.conf")}

    def ask(self, *words: str) -> str:
        """What one of Slurm's programs prints."""
        return subprocess.run(
            words, env={**os.environ, **self.variables}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=True, timeout=120,
        ).stdout  # fmt: skip

    def jobs(self) -> list[str]:
        """The jobs that wait, run or end."""
        return self.ask("squeue", "--noheader", "--states=all", "--format=%T %j").splitlines()

    def going_on(self) -> list[str]:
        """The jobs that have not ended."""
        words = ("squeue", "--noheader", "--format=%i %T %j")
        return self.ask(*words).splitlines()

    def processes(self, node: str) -> list[str]:
        """What runs on a node besides Slurm's daemon."""
        found = []
        for pid in self._inside(node):
            with contextlib.suppress(OSError):
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                line = b" ".join(words).decode(errors="replace").strip()
                if line and not line.startswith(("sh -c set -e", "slurmd", "/usr/sbin/slurmd")):
                    found.append(line)
        return found

    def local(self, node: str) -> Path:
        """The node's /usr/local, to be changed while it runs."""
        return self.folder / "nodes" / node / "local"

    def home(self, node: str) -> Path:
        """What the node has in place of the shared folder."""
        return self.folder / "nodes" / node / "home"

    @contextlib.contextmanager
    def frozen(self, node: str) -> Iterator[None]:
        """Let a node's daemon stand still: its connections are taken, and nobody answers."""
        self._signal(node, signal.SIGSTOP)
        try:
            yield
        finally:
            self._signal(node, signal.SIGCONT)

    def _signal(self, node: str, number: signal.Signals) -> None:
        for pid in self._inside(node):
            # Some come and go.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def _inside(self, node: str) -> list[int]:
        """The processes of a node, by the numbers that they have here."""
        space = os.readlink(f"/proc/{self.pids[node]}/ns/pid_for_children")
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    if os.readlink(entry / "ns" / "pid") == space:
                        found.append(int(entry.name))
        return found


@contextlib.contextmanager
def cluster(nodes: Sequence[NodeSpec], partitions: Mapping[str, str]) -> Iterator[Slurm]:
    """A cluster, until the end of the block.

    Args:
        nodes: its nodes.
        partitions: their names, and their nodes as Slurm writes them.
    """
    munged, controller, slurmd = need("munged", "slurmctld", "slurmd")
    need("srun", "sinfo", "gcc", "setarch", "setpriv")
    need_mounts()
    # Slurm's and munge's sockets want short paths, and everyone must be able to come by.
    folder = Path(tempfile.mkdtemp(prefix="slurm", dir="/tmp"))
    folder.chmod(0o755)
    try:
        with contextlib.ExitStack() as stack:
            _munge(munged, folder / "munge", stack)
            _configure(folder, nodes, partitions)
            shared = folder / "shared"
            shared.mkdir()
            conf = folder / "slurm.conf"
            stack.enter_context(
                daemon(controller, "-D", "-c", "-f", conf, log=folder / "slurmctld.out")
            )
            pids = {}
            for spec in nodes:
                inside = put_up(spec, folder / "nodes" / spec.name, shared)
                words = [*inside, slurmd, "-D", "-N", spec.name, "-f", conf]
                log = folder / "nodes" / spec.name / "out"
                pids[spec.name] = stack.enter_context(daemon(*words, log=log)).pid
            slurm = Slurm(folder, shared, pids)
            wait_for(lambda: _all_idle(slurm, len(nodes)), "idle nodes", folder / "slurmctld.log")
            yield slurm
            with contextlib.suppress(subprocess.SubprocessError):
                slurm.ask("scancel", f"--user={os.getuid()}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _munge(munged: str, folder: Path, stack: contextlib.ExitStack) -> None:
    folder.mkdir(mode=0o755)
    key = folder / "key"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o600)
    stack.enter_context(
        daemon(
            munged, "--foreground", f"--socket={folder}/socket", f"--key-file={key}",
            f"--pid-file={folder}/pid", f"--log-file={folder}/log", f"--seed-file={folder}/seed",
            log=folder / "out",
        )
    )  # fmt: skip
    wait_for((folder / "socket").exists, "munge", folder / "out")


def _configure(folder: Path, nodes: Sequence[NodeSpec], partitions: Mapping[str, str]) -> None:
    """Write slurm.conf and what it names."""
    (folder / "state").mkdir()
    host = socket.gethostname()
    port, *ports = free_ports(len(nodes) + 1)
    lines = [_CONF.format(host=host, port=port, folder=folder)]
    resources = []
    for spec, number in zip(nodes, ports, strict=True):
        (folder / "nodes" / spec.name / "spool").mkdir(parents=True)
        where = f"NodeHostname={host} NodeAddr=127.0.0.1 Port={number} CPUs=4 RealMemory=4000"
        given = f" Gres=gpu:{spec.device}:2" if spec.device else ""
        lines.append(f"NodeName={spec.name} {where}{given} {spec.options}\n")
        if spec.device:
            files = f"{folder}/devices/nvidia[0-1]"
            resources.append(f"NodeName={spec.name} Name=gpu Type={spec.device} File={files}\n")
    lines += [
        f"PartitionName={name} Nodes={which} State=UP\n" for name, which in partitions.items()
    ]
    (folder / "devices").mkdir()
    for number in range(2):
        # NVIDIA's character devices: Slurm reads off them which GPU is which.
        device = folder / "devices" / f"nvidia{number}"
        os.mknod(device, 0o666 | stat.S_IFCHR, os.makedev(195, number))
    (folder / "slurm.conf").write_text("".join(lines))
    (folder / "gres.conf").write_text("".join(resources))
    prolog = folder / "prolog"
    prolog.write_text(f'#!/bin/sh\n. "{folder}/nodes/$SLURMD_NODENAME/prolog"\n')
    prolog.chmod(0o755)


def _all_idle(slurm: Slurm, count: int) -> bool:
    words = ["sinfo", "--noheader", "--Node", "--format=%N %t"]
    done = subprocess.run(
        words, env={**os.environ, **slurm.variables, "PATH": SYSTEM_PATH}, capture_output=True,
        text=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    rows = {tuple(line.split()) for line in done.stdout.splitlines()}
    return len({name for name, _ in rows}) == count and all(state == "idle" for _, state in rows)
