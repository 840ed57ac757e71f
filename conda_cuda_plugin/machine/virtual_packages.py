"""`__cuda_arch` among conda's virtual packages.

Sources: CEP 46, and `CondaVirtualPackage` of conda.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from conda.auxlib import NULL
from conda.plugins.types import CondaVirtualPackage

_CALLS = hasattr(CondaVirtualPackage, "override_entity")
"""Whether conda takes a function for a version, and NULL for none (25.11 and later)."""


def with_cuda_arch(
    found: Iterable[Iterable[Any]], capability: Callable[[], str | None]
) -> Iterator[Any]:
    """What all plugins have for conda, and `__cuda_arch` if none of them has it.

    Args:
        found: the answers of the plugins' hooks.
        capability: the version of `__cuda_arch`, None for none; asked where there is a `__cuda`.
    """
    named: dict[str, Any] = {}
    for answer in found:
        for package in answer:
            named[str(getattr(package, "name", "")).strip().lower()] = package
            yield package
    if "cuda_arch" in named:
        return

    def version() -> Any:
        return (_is_there(named.get("cuda")) and capability()) or NULL

    if _CALLS:
        yield CondaVirtualPackage(name="cuda_arch", version=version, build="0")
    elif text := version():
        yield CondaVirtualPackage(name="cuda_arch", version=text, build="0")


def _is_there(package: Any) -> bool:
    """Whether conda will have a package that a plugin has given it."""
    if package is None or not _CALLS:
        return package is not None
    record = package.to_virtual_package()
    # 25.11.0 has version 0 where there is no driver.
    return record is not NULL and record.version != "0"
