"""The conda under test, with a pip that finds small wheels in a folder."""

from __future__ import annotations

from ..cli.conftest import cli_cache, conda, wheelhouse

__all__ = ["cli_cache", "conda", "wheelhouse"]
