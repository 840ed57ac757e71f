"""Hosts, asked by `ssh`: as many at once as were named."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import CudaError
from .answer import node_from
from .children import listen
from .hearing import Hearing
from .node import Node
from .script import command, identity_of, program

HOST = re.compile(r"(?!-)[A-Za-z0-9_.:%@\[\]-]{1,255}", re.ASCII)
"""A host as ssh takes it: `gpu01`, `me@gpu01.example.org`, `::1`."""
MOST_HOSTS = 256


def ask(
    hosts: Sequence[str],
    passed: Sequence[str] = (),
    prefix: Path | None = None,
    variables: Mapping[str, str] = os.environ,
) -> list[Node]:
    """Ask hosts.

    Args:
        hosts: their names, as ssh takes them.
        passed: more options for ssh.
        prefix: the environment that they should see.
        variables: environment variables for ssh.

    Raises:
        CudaError: when ssh cannot be run.
    """
    nonce = os.urandom(8).hex()
    words = ["ssh", "-T", "-oBatchMode=yes", "-oConnectTimeout=10", *passed]
    calls = [[*words, host, f"exec sh -c '{command(nonce)}'"] for host in hosts]
    hearing = Hearing(nonce, len(hosts))
    feed = program(nonce, prefix)
    try:
        ends = listen(calls, feed, hearing.mark, hearing.take, hearing.until, variables)
    except OSError as error:
        raise CudaError(f"ssh cannot be run: {error.strerror}.") from error
    here, nodes = identity_of(prefix), []
    for number, (host, (code, complaint)) in enumerate(zip(hosts, ends, strict=True)):
        speaker = hearing.speakers.get((number, 0))
        document = speaker.document if speaker else None
        if document is None and code is None:
            document = f"did not answer within {hearing.seconds:.0f} s"
        elif document is None:
            document = f"did not answer ({complaint or f'ssh ended with {code}'})"
        nodes.append(node_from(host, document, here))
    return nodes
