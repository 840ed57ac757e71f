"""What an index gives, and what it means when it gives nothing."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit


class AskPip(Exception):
    """Something that only pip understands; pip is asked in our place."""


@dataclass(frozen=True)
class Wheel:
    """A file that an index offers."""

    name: str
    version: str
    url: str
    sha256: str | None
    requires: tuple[str, ...] = ()
    size: int | None = None
    """Bytes; None where the index does not say."""

    @property
    def filename(self) -> str:
        """The last part of its address."""

        return unquote(urlsplit(self.url).path.rsplit("/", 1)[-1])
