"""CUDA versions, and requests for one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from .data import read_data
from .errors import UsageError

_VERSION = re.compile(r"(\d{1,3})(?:\.(\d{1,4}))?(?:\.(\d{1,5}))?(?:\.0)*", re.ASCII)
# As folders, tags and people write it: cuda-12.4, v12.4, CUDA 12.4.
_PREFIX = re.compile(r"(?:cuda[-_ =]*|v)(?=\d)", re.IGNORECASE)
# What else people write for a release: 12,4, 12.x, 12_4, cu124.
_NEARLY = re.compile(r"(?:cuda|cu|v)?[0-9 ,;:_.x*-]{2,10}", re.ASCII | re.IGNORECASE)
_PIPS = {"=": "=={0}.*", "==": "=={0}.*", "!=": "!={0}.*", "<=": "<{1}", ">": ">={1}"}
"""How pip writes what is meant by a number, with all that begins with it; {1} is the next one."""
_CLAUSE = re.compile(r"(>=|<=|==|!=|>|<)\s*(\d{1,3}(?:\.\d{1,5}){0,2})", re.ASCII)


@dataclass(frozen=True, order=True)
class CudaVersion:
    """A CUDA release: `12.4`, or `12.4.1` with its update.

    The third number of releases up to 10.2 is a build number (10.2.89).
    """

    major: int
    minor: int
    patch: int = -1
    """The update; -1 when unknown."""

    @classmethod
    def parse(cls, text: str) -> CudaVersion:
        """Read `12.4`, `12.4.1` or `12.8.2.0`.

        Raises:
            ValueError: the text is not a version with two numbers or more.
        """
        match = _VERSION.fullmatch(text.strip())
        if match is None or match[2] is None:
            raise ValueError(f"not a CUDA version: {text!r}")
        return cls(int(match[1]), int(match[2]), int(match[3]) if match[3] else -1)

    @property
    def release(self) -> str:
        """`X.Y`, the part that names a toolkit root."""
        return f"{self.major}.{self.minor}"

    @property
    def numbers(self) -> tuple[int, int]:
        """`X.Y` as numbers: releases compare by them, whatever their updates."""
        return self.major, self.minor

    def __str__(self) -> str:
        return self.release if self.patch < 0 else f"{self.release}.{self.patch}"


@dataclass(frozen=True)
class VersionRequest:
    """What a user asked for: `12.4`, `12.4.1`, `12`, `latest` or `>=11.8,<12`."""

    text: str
    clauses: tuple[tuple[str, tuple[int, ...]], ...] = field(default=())
    """Operators and numbers; `=` means "begins with"."""

    @classmethod
    def parse(cls, text: str) -> VersionRequest:
        """Read a request; `cuda-12.4` and `v12.4` are 12.4.

        Raises:
            UsageError: it has none of these forms.
        """
        whole = text.strip()
        text = whole[found.end() :] if (found := _PREFIX.match(whole)) else whole
        if text == "latest":
            return cls(text)
        match = _VERSION.fullmatch(text)
        # A release without its full stop, 124, is none.
        if match and len(match[1]) < 3:
            return cls(text, (("=", tuple(int(n) for n in match.groups() if n is not None)),))
        clauses = []
        for part in text.split(","):
            clause = _CLAUSE.fullmatch(part.strip())
            if clause is None:
                shown = whole if len(whole) <= 40 else f"{whole[:40]}..."
                forms = 'Write 12.4, 12.4.1, 12, latest, ">=11.8,<12" or the path of a toolkit.'
                meant = _meant(whole)
                raise UsageError(
                    f"{shown!r} is not a CUDA version.",
                    hints=[*([f"Did you mean {meant}?"] if meant else []), forms],
                    version=shown,
                    meant=meant,
                )
            clauses.append((clause[1], tuple(int(n) for n in clause[2].split("."))))
        return cls(text, tuple(clauses))

    @property
    def release(self) -> str | None:
        """`X.Y` when the request names one release, else None."""
        if len(self.clauses) == 1 and self.clauses[0][0] in ("=", "=="):
            numbers = self.clauses[0][1]
            if len(numbers) >= 2:
                return f"{numbers[0]}.{numbers[1]}"
        return None

    @property
    def exact(self) -> CudaVersion | None:
        """The version when the request names an update, too, else None."""
        if self.release and len(self.clauses[0][1]) == 3:
            return CudaVersion(*self.clauses[0][1])
        return None

    def matches(self, version: CudaVersion) -> bool:
        """Whether a version meets the request.

        Only numbers that both have are compared: `12.4` meets the request `12.4.1`.
        """
        numbers = (version.major, version.minor, version.patch)
        return all(_holds(operator, numbers, wanted) for operator, wanted in self.clauses)

    def best(self, versions: Iterable[CudaVersion]) -> CudaVersion | None:
        """The newest version that matches, or None."""
        return max((version for version in versions if self.matches(version)), default=None)

    def specifier(self) -> str:
        """The request as pip writes it, for packages with three numbers in a version."""
        parts = []
        for operator, wanted in self.clauses:
            whole, after = len(wanted) == 3, (*wanted[:-1], wanted[-1] + 1)
            dotted, beyond = (".".join(map(str, numbers)) for numbers in (wanted, after))
            # To pip 12.4.1 is beyond `<=12.4` and is not 12.4.
            form = _PIPS.get(operator) if not whole or operator == "=" else None
            parts.append(form.format(dotted, beyond) if form else f"{operator}{dotted}")
        return ",".join(parts)

    def __str__(self) -> str:
        return self.text


def _holds(operator: str, numbers: tuple[int, int, int], wanted: tuple[int, ...]) -> bool:
    length = 2 if numbers[2] < 0 else 3
    have = numbers[: min(length, len(wanted))]
    want = wanted[: len(have)]
    if operator in ("=", "=="):
        return have == want
    if operator == "!=":
        return have != want
    if operator == ">=":
        return have >= want
    if operator == "<=":
        return have <= want
    # `>12` excludes 12.4 as `>12.4` excludes 12.4.1.
    return have > want if operator == ">" else have < want


def _meant(text: str) -> str | None:
    """The release whose digits stand in a text that is no version: 12,4, 12.x, cu124."""
    if not _NEARLY.fullmatch(text):
        return None
    digits = "".join(filter(str.isdigit, text))
    known = [name.rpartition(".")[0] for name in read_data("releases.json")["releases"]]
    known += [release.partition(".")[0] for release in known]
    return next((name for name in known if name.replace(".", "") == digits), None)


def begins_with(version: str, beginning: str) -> bool:
    """Whether a version begins with the numbers of another: 12.4.127 with 12.4, not with 12.40."""
    return not beginning or f"{version}.".startswith(f"{beginning}.")
