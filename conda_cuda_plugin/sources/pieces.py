"""Pieces of a file, which a server gives that knows of ranges."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from ..addresses import shown_address as shown
from ..connections import LATER
from ..threads import in_order
from .download import DownloadError, asking, blocks_of, check_status

Get = Callable[[str, dict[str, str]], Any]
"""Asks for an address with some headers."""
IDENTITY = {"Accept-Encoding": "identity"}
"""Compressed on the way, neither sizes nor ranges would mean the file's."""
RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)", re.ASCII)
_PIECE, _AT_ONCE, _BLOCK = 2**22, 4, 2**18


def in_pieces(url: str, start: int, size: int, ask: Get) -> Iterator[bytes]:
    """The rest of a file, several pieces of it at a time, in their order.

    Args:
        url: the address.
        start: the first byte that is wanted.
        size: the bytes of the whole file.
        ask: asks for an address with some headers.

    Raises:
        DownloadError: when one does not come as it was asked for.
    """
    ends = [(at, min(at + _PIECE, size)) for at in range(start, size, _PIECE)]
    return in_order(lambda ends: piece(url, *ends, size, ask), ends, _AT_ONCE)


def piece(url: str, first: int, end: int, size: int, ask: Get) -> bytes:
    """A piece of a file.

    Args:
        url: the address.
        first: its first byte.
        end: the byte behind its last one.
        size: the bytes of the whole file.
        ask: asks for an address with some headers.

    Raises:
        DownloadError: when it does not come as it was asked for. Unreachable: when another try
            may help.
    """
    blocks, left = [], end - first
    headers = {**IDENTITY, "Range": f"bytes={first}-{end - 1}"}
    with asking(url), ask(url, headers) as answer:
        check_status(answer, url)
        found = RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        wanted = (str(first), str(end - 1))
        if answer.status_code != 206 or not found or found.groups()[:2] != wanted:
            raise _no_piece(url)
        if found[3] not in ("*", str(size)):
            raise _no_piece(url)
        for block in blocks_of(answer, _BLOCK):
            blocks.append(block)
            left -= len(block)
            if left < 0:
                raise _no_piece(url)
    if left:
        raise DownloadError(f"{shown(url)} broke off.", hints=(LATER,), unreachable=True)
    return b"".join(blocks)


def _no_piece(url: str) -> DownloadError:
    return DownloadError(f"{shown(url)} came in wrong pieces.", hints=(LATER,), unreachable=True)
