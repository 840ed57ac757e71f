"""Is a toolkit what a file says, and does a hash say which files are to come?"""

from __future__ import annotations

from collections.abc import Sequence

from ..cuda_file import ExactPackage, ExactToolkit
from ..environment import Environment
from ..errors import CudaError
from ..toolkit import Origin, Toolkit
from .export import describe_toolkit


class UnprotectedError(CudaError):
    """No hash says which file a package is, so whatever lies at its address would be installed."""

    def __init__(self, packages: Sequence[ExactPackage]) -> None:
        names = [package.name for package in packages]
        more = f" and {len(names) - 3} others" if len(names) > 3 else ""
        super().__init__(
            f"The file has no hash of {', '.join(names[:3])}{more}, so whatever lies at the "
            "address would be installed, with scripts that conda runs; nothing was changed.",
            hints=[
                "Look at the addresses in the plan; --force installs what lies there.",
                "Better: conda cuda export, where that toolkit is, writes hashes.",
            ],
            packages=[{"name": one.name, "address": one.address} for one in packages],
        )


def is_there(toolkit: Toolkit, wanted: ExactToolkit, environment: Environment) -> bool:
    """Whether an installed toolkit is what a file says, package by package and hash by hash.

    Where the file has no hash of a package, its name, version and build are all that there is.
    """
    if not toolkit.complete or (toolkit.version, toolkit.origin) != (wanted.version, wanted.origin):
        return False
    if wanted.origin is Origin.SYSTEM:
        return True
    if (toolkit.flavor, set(toolkit.components)) != (wanted.flavor, set(wanted.components)):
        return False
    row, _ = describe_toolkit(toolkit, environment)
    have = {f"{one['name']}-{one['version']}-{one['build']}": one for one in row["packages"]}
    if set(have) != {package.dist for package in wanted.packages}:
        return False
    if any(package.md5 and not package.sha256 for package in wanted.packages):
        from ..conda_packages import linked_hashes

        root = environment.prefix if wanted.origin.adopted else toolkit.root
        for dist, hashes in linked_hashes(root).items():
            have[dist] = {**hashes, **have.get(dist, {})}
    return all(
        have[package.dist].get(name) == value
        for package in wanted.packages
        for name, value in list(package.hashes.items())[:1]
    )
