"""The published releases of the frameworks: data/frameworks.json, which names its sources."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from ..data import read_data
from ..errors import CudaError, UsageError
from ..quoting import quoted
from ..versions import CudaVersion


def table(name: str) -> dict[str, Any]:
    """One block of data/frameworks.json: `names`, `torch`, `tensorflow` or `jax`."""
    block: dict[str, Any] = read_data("frameworks.json")[name]
    return block


class UnknownReleaseError(CudaError):
    """A framework has no release that we know under this number."""

    def __init__(self, title: str, version: str, near: list[str]) -> None:
        shown = version if version.isprintable() and len(version) <= 20 else quoted(version, 20)
        super().__init__(
            f"No {title} {shown} is known.",
            hints=[f"Nearest known releases: {', '.join(near)}."],
            framework=title,
            version=version,
            nearest=near,
        )


def framework_name(text: str) -> str:
    """The framework that a user means: `PyTorch` and `pytorch` are `torch`, `tf` is `tensorflow`.

    Raises:
        UsageError: when it is none we know.
    """
    wanted = text.strip().lower().replace("_", "-")
    for name, row in table("names").items():
        if wanted in (name, *row["aliases"]):
            return str(name)

    raise UsageError(
        f"{quoted(text)} is no framework that conda cuda knows.",
        hints=[f"Frameworks: {', '.join(table('names'))}; for example torch==2.5.1."],
        known=list(table("names")),
    )


def title_of(name: str) -> str:
    """What people call a framework: `PyTorch`."""
    return str(table("names")[name]["title"])


def known_releases(name: str) -> list[str]:
    """The releases of a framework that the tables know, newest first.

    TensorFlow's table goes by minor release; each stands there under its first number.
    """
    rows = table(name)["releases"]
    if name == "tensorflow":
        return [str(row["newest"]) for row in rows.values()]
    return list(rows)


def find_release(name: str, version: str) -> str:
    """The known release that a user means: itself, or the newest that begins so (`2.5`, `2`).

    Raises:
        UnknownReleaseError: with the nearest known releases.
    """
    known = known_releases(name)
    if version in known:
        return version
    for one in known:
        if one.startswith(f"{version}."):
            return one
    if name == "tensorflow" and _is_numbers(version) and tensorflow_row(version):
        return version
    raise UnknownReleaseError(title_of(name), version, _nearest(version, known))


def tensorflow_row(version: str) -> dict[str, Any] | None:
    """What TensorFlow's table says of a release; updates share a row. None when there is none."""
    numbers = version.partition("+")[0].split(".")
    row: dict[str, Any] | None = table("tensorflow")["releases"].get(".".join(numbers[:2]))
    return row


def torch_default_cuda(version: str) -> CudaVersion | None:
    """The CUDA of the wheel of PyTorch on PyPI for Linux on x86-64; None when not known."""
    row = table("torch")["releases"].get(version.partition("+")[0], {})
    return CudaVersion.parse(row["pypi"]) if "pypi" in row else None


def in_range(version: str, specifier: str) -> bool:
    """Whether a framework's release lies in a range such as `>=2.8,<2.10`."""
    have = _numbers(version)
    for clause in specifier.split(","):
        operator = clause.rstrip("0123456789.")
        wanted = _numbers(clause[len(operator) :])
        holds = {
            "==": have == wanted,
            ">=": have >= wanted,
            "<=": have <= wanted,
            ">": have > wanted,
            "<": have < wanted,
        }[operator]
        if not holds:
            return False
    return True


def rows_for(version: str, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows whose `releases` hold a version."""
    return [row for row in rows if in_range(version, row["releases"])]


def _numbers(version: str) -> tuple[int, ...]:
    numbers = [int(part) for part in version.partition("+")[0].split(".")]
    return tuple(numbers + [0] * (4 - len(numbers)))


def _is_numbers(version: str) -> bool:

    return bool(re.fullmatch(r"\d{1,4}(\.\d{1,4}){0,3}", version, re.ASCII))


def _nearest(version: str, known: list[str], count: int = 4) -> list[str]:
    """The known releases around a version, oldest first; the newest ones when it is no number."""
    if not _is_numbers(version):
        return list(reversed(known[:count]))
    want = _numbers(version)
    older = [one for one in known if _numbers(one) < want]
    newer = [one for one in reversed(known) if _numbers(one) > want]
    half = count // 2
    taken = older[: max(half, count - len(newer))] + newer[: max(half, count - len(older))]
    return sorted(taken, key=_numbers)
