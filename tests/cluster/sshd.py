"""Real ssh servers on this machine, each in a node of its own."""

from __future__ import annotations

import contextlib
import shlex
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .nodes import NodeSpec, put_up
from .programs import daemon, free_ports, need, need_mounts, wait_for

_SERVER = """\
ListenAddress 127.0.0.1:{port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/me.pub
PidFile none
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
MaxStartups 100
"""
_CLIENT = """\
Host *
  IdentityFile {folder}/me
  IdentitiesOnly yes
  UserKnownHostsFile {folder}/known
  StrictHostKeyChecking yes
"""


@dataclass(frozen=True)
class Hosts:
    """Hosts that run.

    Args:
        folder: their keys and files.
        shared: the folder that they share with this machine.
        pids: the process that keeps each host.
    """

    folder: Path
    shared: Path
    pids: Mapping[str, int]

    @property
    def options(self) -> list[str]:
        """What ssh needs to find them."""
        return ["-F", str(self.folder / "config")]

    def homes(self, host: str) -> Path:
        """What a host has in place of the shared folder."""
        return self.folder / host / "home"


@contextlib.contextmanager
def hosts(specs: Sequence[NodeSpec]) -> Iterator[Hosts]:
    """Hosts that ssh reaches under their names with `-F config`, until the end of the block.

    Besides those named, there is `nobody` where no server listens, and `mute`, which takes
    connections and says nothing.
    """
    (sshd,) = need("sshd")
    need("ssh", "ssh-keygen", "gcc", "setpriv")
    need_mounts()
    folder = Path(tempfile.mkdtemp(prefix="sshd", dir="/tmp"))
    folder.chmod(0o755)
    try:
        with contextlib.ExitStack() as stack:
            for key in ("host", "me"):
                words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / key]
                subprocess.run(words, check=True)
            shared = folder / "shared"
            shared.mkdir()
            *ports, closed = free_ports(len(specs) + 1)
            client = [_CLIENT.format(folder=folder)]
            known, pids = [], {}
            public = (folder / "host.pub").read_text()
            for spec, port in zip(specs, ports, strict=True):
                inside = put_up(spec, folder / spec.name, shared)
                config = folder / spec.name / "sshd_config"
                config.write_text(_SERVER.format(port=port, folder=folder))
                # OpenSSH wants this folder, and it has to be root's.
                mount = "mount -t tmpfs -o mode=755 none /run && mkdir -m 755 /run/sshd"
                start = f"{mount} && exec {shlex.quote(sshd)} -D -e -f {shlex.quote(str(config))}"
                log = folder / spec.name / "log"
                process = stack.enter_context(daemon(*inside, "sh", "-c", start, log=log))
                pids[spec.name] = process.pid
                client.append(f"Host {spec.name}\n  HostName 127.0.0.1\n  Port {port}\n")
                known.append(f"[127.0.0.1]:{port} {public}")
                wait_for(lambda port=port: _listens(port), f"sshd of {spec.name}", log)
            mute = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            for name, port in (("nobody", closed), ("mute", mute.getsockname()[1])):
                client.append(f"Host {name}\n  HostName 127.0.0.1\n  Port {port}\n")
            (folder / "config").write_text("".join(client[1:] + client[:1]))
            (folder / "known").write_text("".join(known))
            yield Hosts(folder, shared, pids)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0
