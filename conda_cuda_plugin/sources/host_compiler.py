"""conda's C++ compiler for nvcc: the newest one that nvcc of a release accepts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from conda.exceptions import PackagesNotFoundError, ResolvePackageNotFound, UnsatisfiableError

from ..environment import Environment
from ..errors import CudaError
from ..machine.tables import newest_gcc
from ..packages.channel_records import rows_named
from ..packages.cuda_packages import is_cuda_package, is_nvcc
from ..packages.solver import solve
from ..platforms import Platform
from ..system.conda_compat import first_line
from ..toolkit import Flavor, Toolkit
from ..versions import CudaVersion
from .base import Offer, Package, ToolkitRequest
from .keep_installed import with_needs
from .parts import parts_of

CHANNELS = ("conda-forge",)
"""Where compilers are taken from when no channel is named."""
# Packages that belong to one version of the compiler, whose names on conda-forge are (2026-11)
# gcc_linux-64, gxx_impl_linux-64, libstdcxx-devel_linux-64, binutils_impl_linux-64, ...
_PARTS = re.compile(
    r"(?:gcc|gxx|binutils|ld|libgcc-devel|libstdcxx-devel|sysroot|kernel-headers)_.+|libsanitizer"
)


def check_request(request: ToolkitRequest, toolkit: Toolkit | None, *, compiles: bool) -> None:
    """Refuse a host compiler, before any source is asked, where there cannot be one.

    Args:
        request: what is asked for.
        toolkit: the installed toolkit of that release, if there is one.
        compiles: whether nvcc is asked for, or there already.

    Raises:
        CudaError: with what to do instead.
    """
    if request.platform.windows:
        raise CudaError(
            "On Windows nvcc calls Visual C++, which conda's channels do not have.",
            hints=["Open the prompt of a Visual Studio that this release accepts."],
        )
    if toolkit is not None and toolkit.adopted:
        raise _not_ours(toolkit.name, toolkit.location, toolkit.version)
    if not compiles:
        raise _no_nvcc(str(request.version))


def with_compiler(offer: Offer, request: ToolkitRequest, environment: Environment) -> Offer:
    """An offer with the compiler besides; runs conda's solver unless it has one already.

    Raises:
        CudaError: when there is no compiler that fits, or the toolkit is not ours to add to.
    """
    if offer.origin.adopted:
        location = str(offer.location) if offer.location else None
        raise _not_ours(f"cuda-{offer.version.release}", location, offer.version)
    if not _has_nvcc(offer):
        raise _no_nvcc(str(offer.version))
    newest = newest_gcc(offer.version)
    if newest is None:
        raise CudaError(
            f"It is not known which g++ nvcc of CUDA {offer.version.release} accepts.",
            hints=["Let nvcc call one of this machine: nvcc -ccbin g++-N"],
        )
    present = version_in(offer.packages)
    offer = replace(offer, compiler_asked=True)
    if present is not None and _major(present) <= newest:
        return offer
    kept = with_needs(request.keep, ("gxx_impl_", "gxx_linux-"))
    if kept:
        return _combined(offer, kept, kept)
    records = _solve(offer, request, environment, newest)
    compiler = next(record for record in records if record.name.startswith("gxx_impl_"))
    note = f"nvcc calls g++ {compiler.version} of {compiler.channel.canonical_name}"
    combined = _combined(offer, records)
    return replace(combined, note=f"{offer.note}; {note}" if offer.note else note)


def version_in(packages: Iterable[Package]) -> str | None:
    """The version of conda's C++ compiler among some packages; None without."""
    names = (package for package in packages if package.name.startswith("gxx_impl_"))
    return next((package.version for package in names), None)


def compiler_specs(platform: Platform, newest: int) -> tuple[str, ...]:
    """What to ask for; the solver takes the newest version below the bound."""
    return (f"gxx_{platform.subdir} <{newest + 1}",)


def _has_nvcc(offer: Offer) -> bool:
    if offer.flavor is Flavor.DEVEL or "nvcc" in offer.components:
        return True
    return any(is_nvcc(package.name) for package in offer.packages)


def _solve(
    offer: Offer, request: ToolkitRequest, environment: Environment, newest: int
) -> tuple[Any, ...]:
    """The packages of the compiler; what the toolkit brings too stays as the toolkit has it."""
    channels, subdir = request.channels or CHANNELS, request.platform.subdir
    specs = compiler_specs(request.platform, newest)
    held = _held(offer.packages)
    for more in [held, ()] if held else [()]:
        try:
            records = solve(environment.prefix, channels, subdir, (*specs, *more))
        except (Exception, SystemExit) as error:
            failure: BaseException = error
        else:
            return tuple(record for record in records if not is_cuda_package(record.name))
    raise _refusal(failure, channels, request, offer.version, newest) from failure


def _held(packages: Iterable[Package]) -> tuple[str, ...]:
    """Exact specs of what a toolkit from channels shares with a compiler: libgcc and its like."""
    found = []
    for package in packages:
        stem = re.sub(r"\.(conda|tar\.bz2)$", "", package.file or "")
        if stem == package.file or is_cuda_package(package.name):
            continue
        if not _PARTS.fullmatch(package.name):
            found.append(f"{package.name}={package.version}={stem.rpartition('-')[2]}")
    return tuple(found)


def _combined(offer: Offer, records: Sequence[Any], keep: Sequence[Any] = ()) -> Offer:
    """The offer with some packages more; what both have is taken from these."""
    parts, names = parts_of(records, keep), {record.name for record in records}
    return replace(
        offer,
        packages=(*(one for one in offer.packages if one.name not in names), *parts.packages),
        specs=(
            *offer.specs,
            *(f"{one.name}={one.version}" for one in records if one.name.startswith("gxx_impl_")),
        ),
        fetch=lambda: [
            *(record for record in offer.fetch() if record.name not in names),
            *parts.fetch(),
        ],
    )


def _no_nvcc(version: str) -> CudaError:
    return CudaError(
        f"CUDA {version} would be here without nvcc, so nothing would call a host compiler.",
        hints=[
            "--flavor devel --host-compiler   (nvcc, headers and tools too)",
            "--components nvcc --host-compiler   (nvcc and what it needs)",
        ],
    )


def _not_ours(name: str, location: str | None, version: CudaVersion) -> CudaError:
    newest, release = newest_gcc(version), version.release
    where = f"is {location}" if location else "is made of the environment's own packages"
    return CudaError(
        f"{name} {where}, into which conda cuda installs nothing, a host compiler neither.",
        hints=[
            f"Let nvcc call one of this machine: nvcc -ccbin g++-{newest or 'N'}",
            f"conda cuda use {release} --from channel --flavor devel --host-compiler"
            "   (a toolkit of conda's in its place)",
        ],
        toolkit=name,
    )


def _refusal(
    error: BaseException,
    channels: Sequence[str],
    request: ToolkitRequest,
    version: CudaVersion,
    newest: int,
) -> CudaError:
    """What a failure of the solver means for the user."""
    if isinstance(error, (KeyboardInterrupt, MemoryError)):
        raise error
    where, name = ", ".join(channels), f"gxx_{request.platform.subdir}"
    cure = f"Let nvcc call one of this machine: nvcc -ccbin g++-{newest}"
    if not isinstance(error, (UnsatisfiableError, PackagesNotFoundError, ResolvePackageNotFound)):
        return CudaError(
            f"No host compiler can be had from {where}: {first_line(error)}",
            hints=["-c names another channel.", cure],
        )
    found = [
        row.version
        for channel in channels
        for row in rows_named(channel, request.platform.subdir, name)
    ]
    oldest = min(found, key=_major, default=None)
    have = f"the oldest there is {oldest}" if oldest else f"there is no {name} at all"
    return CudaError(
        f"nvcc of CUDA {version.release} accepts g++ up to {newest}, and {where} has none that "
        f"old: {have}."
        if oldest is None or _major(oldest) > newest
        else f"No g++ up to {newest} on {where} goes together with CUDA {version}.",
        hints=[cure, "-c names another channel."],
        newest=newest,
    )


def _major(version: str) -> int:
    match = re.match(r"\d+", version)
    return int(match[0]) if match else 0
