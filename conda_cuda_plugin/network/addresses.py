"""Addresses and names of files, as they may be used, shown and kept."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit
from urllib.request import url2pathname

from conda.common.url import split_anaconda_token

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?", re.ASCII)
_LABEL = re.compile(r"[A-Za-z0-9_-]{1,63}", re.ASCII)

DIST = re.compile(r"(?!\.)[A-Za-z0-9_.+!~-]+-[A-Za-z0-9_.+!~]+-[A-Za-z0-9_.+!~]+", re.ASCII)
"""NAME-VERSION-BUILD: what a package's folder is called."""
ENDINGS = (".conda", ".tar.bz2")
"""How the names of packages end."""


def without_credentials(url: str) -> str:
    """An address without user, password and token, and without what servers sign it with."""
    parts = urlsplit(url)
    # conda writes this in a token's place into the records of packages.
    path = parts.path.replace("/t/<TOKEN>", "").replace("/t/%3CTOKEN%3E", "")
    bare = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], path, "", ""))
    return str(split_anaconda_token(bare)[0])


def shown_address(url: str) -> str:
    """An address for people: without credentials, and in characters that cannot be mistaken."""
    return quote(without_credentials(url), safe="!#$%&'()*+,/:;=?@[]~")


def is_local(url: str) -> bool:
    """Whether an address is one of a file on this machine."""
    return urlsplit(url).scheme == "file"


def path_of(url: str) -> Path:
    """The file on this machine that an address names."""
    return Path(url2pathname(urlsplit(url).path))


def is_usable(url: str) -> bool:
    """Whether an address is one that a file can be asked for: on the web, or on this machine."""
    if not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        # Raises where it is no number, or none that a port has.
        port = parts.port
    except ValueError:
        return False
    if parts.scheme == "file":
        return not parts.netloc
    if parts.scheme not in ("http", "https") or port == 0 or parts.netloc.endswith(":"):
        return False
    return _is_host(parts.hostname or "", bracketed="[" in parts.netloc)


def _is_host(name: str, *, bracketed: bool) -> bool:
    if bracketed:
        try:
            ipaddress.IPv6Address(name)
        except ValueError:
            return False
        return True
    return bool(_HOST.fullmatch(name)) and all(map(_LABEL.fullmatch, name.split(".")))


def is_file_of(file: str, name: Any, version: Any, build: Any) -> bool:
    """Whether a file of a channel is called as its package is, and the package plainly.

    conda writes to where the name of the file leads, and to that of the package's record.
    """
    stem = f"{name}-{version}-{build}"
    return bool(DIST.fullmatch(stem)) and file in [stem + ending for ending in ENDINGS]


def is_plain_record(record: Any) -> bool:
    """The same, of a conda record."""
    return is_file_of(record.fn, record.name, record.version, record.build)
