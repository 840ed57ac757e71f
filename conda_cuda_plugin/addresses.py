"""Addresses of files, as they may be shown and kept."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit


def without_credentials(url: str) -> str:
    """An address without user, password and token, and without what servers sign it with."""
    from conda.common.url import split_anaconda_token

    parts = urlsplit(url)
    # conda writes this in a token's place into the records of packages.
    path = parts.path.replace("/t/<TOKEN>", "").replace("/t/%3CTOKEN%3E", "")
    bare = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], path, "", ""))
    return str(split_anaconda_token(bare)[0])


def is_local(url: str) -> bool:
    """Whether an address is one of a file on this machine."""
    return urlsplit(url).scheme == "file"
