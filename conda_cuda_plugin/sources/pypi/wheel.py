"""A wheel that an index offers, and the errors of an index and its files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import unquote, urlsplit

from ...errors import CudaError

WHICH = "pip config list shows which index that is."


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

    @cached_property
    def filename(self) -> str:
        """The last part of its address."""
        return unquote(urlsplit(self.url).path.rpartition("/")[2])


class IndexFailure(CudaError):
    """An index lacks what was asked for, or cannot be used.

    Args:
        reason: what is wrong, without a full stop.
        unreachable: whether another try may help.
        requirement: what the index has no file for, where that is what is wrong.
        versions: those it has instead.
    """

    def __init__(
        self,
        reason: str,
        hints: Sequence[str] = (WHICH,),
        *,
        unreachable: bool = False,
        requirement: str | None = None,
        versions: Sequence[str] = (),
    ) -> None:
        super().__init__(f"The wheels cannot be fetched: {reason}.", hints=hints)
        self.reason, self.unreachable = reason, unreachable
        self.requirement, self.versions = requirement, list(versions)


class HashMismatchError(CudaError):
    """A download is not the file that the index promised."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The downloaded file of {name} does not have the hash that the index gives for it, "
            "so it was thrown away and nothing was changed.",
            hints=[
                "Run the command again. If it happens again, the mirror or proxy in between "
                "alters or truncates files.",
            ],
            package=name,
        )
