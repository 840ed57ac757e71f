"""What the driver says of a release: runs in full, runs with limits, or does not run.

Source: NVIDIA's release notes and CUDA Compatibility guide, as in data/compatibility.json.
"""

from __future__ import annotations

from ..machine.gpu_names import is_data_centre
from ..machine.machine import DriverVersion, Machine
from ..machine.tables import architectures, cuda_of_driver, driver_for, minimum_driver
from ..versions import CudaVersion
from .verdict import Level, Numbers, Reason

_FIRST_COMPAT = (CudaVersion(10, 0), 384)
"""cuda-compat exists since CUDA 10.0, for drivers from R384 on (CUDA Compatibility guide)."""


def numbers(version: CudaVersion, machine: Machine) -> Numbers:
    """What a release asks of the driver of such a machine."""
    windows = numbered_as_windows(machine)
    return Numbers(driver_for(version, windows=windows), minimum_driver(version, windows=windows))


def driver_cuda(machine: Machine) -> CudaVersion | None:
    """The newest CUDA the driver supports, as it says itself or by its branch."""
    if machine.driver_cuda is not None:
        return machine.driver_cuda
    return cuda_of_driver(machine.driver) if machine.driver else None


def numbered_as_windows(machine: Machine) -> bool:
    """Whether the driver is a Windows driver; WSL shows the one of its host."""
    return machine.windows or machine.wsl


def judge_driver(version: CudaVersion, machine: Machine) -> tuple[Level, Reason | None]:
    """The driver's side of a verdict."""
    driver, cuda, needed = machine.driver, driver_cuda(machine), numbers(version, machine)
    full, least = needed.driver, needed.minimum_driver
    if driver is None and cuda is None:
        return Level.UNKNOWN, _no_driver(version, least, machine)
    if driver and full and reaches(driver, full):
        return Level.NATIVE, None
    if cuda is not None and cuda.numbers >= version.numbers:
        # The driver knows this CUDA: what lacks can only be an update of it. Drivers with
        # numbers of their own (Jetson, cuda-compat on the loader's path) end here too.
        if not (driver and full and cuda_of_driver(driver) == cuda_of_driver(full)):
            return Level.NATIVE, None
        # The driver of the first update of a release; those of 11.0 are older than 11's minimum.
        first = driver_for(CudaVersion(*version.numbers), windows=numbered_as_windows(machine))
        if version.major < 11 or reaches(driver, min(first or full, least or full)):
            return Level.MINOR, _update(version, driver, full, machine)
    if version.major >= 11 and (
        reaches(driver, least)
        if driver is not None and least is not None
        else cuda is not None and cuda.major >= version.major
    ):
        return Level.MINOR, _ptx(version, full, machine)
    if _may_have_compat(version, machine):
        return Level.COMPAT, _too_old(version, least, machine, compat=True)
    return Level.CANNOT, _too_old(version, least, machine, compat=False)


def reaches(driver: DriverVersion, needed: DriverVersion) -> bool:
    """Whether a driver is at least another.

    Numbers that the driver leaves open do not count against it: a stated `550` stands for the
    newest driver of that branch.
    """
    return driver.numbers >= needed.numbers[: len(driver.numbers)]


def last_branch(machine: Machine) -> tuple[int, str] | None:
    """The newest driver branch that serves all GPUs, and the architecture that sets it.

    Returns:
        None when no GPU sets a bound.
    """
    known = [architectures().get(gpu.capability) for gpu in machine.gpus if gpu.capability]
    bounds = [(one.last_branch, one.name) for one in known if one and one.last_branch is not None]
    return min(bounds, default=None)


def shown(driver: DriverVersion) -> str:
    """A driver as people write it: `550.54.15`, or `R550` when only the branch is known."""
    return str(driver) if len(driver.numbers) > 1 else f"R{driver.branch}"


def has_compat(machine: Machine) -> bool:
    """Whether every GPU is known to be one for data centres, which alone cuda-compat serves."""
    return bool(machine.gpus) and all(is_data_centre(gpu) for gpu in machine.gpus)


def _may_have_compat(version: CudaVersion, machine: Machine) -> bool:
    release, branch = _FIRST_COMPAT
    if numbered_as_windows(machine) or version < release:
        return False
    if machine.driver is not None and machine.driver.branch < branch:
        return False
    return all(is_data_centre(gpu) is not False for gpu in machine.gpus)


def _found(machine: Machine) -> str:
    cuda = driver_cuda(machine)
    if machine.driver is None:
        return f"a driver for CUDA {cuda.release}{machine.stated_by('cuda')}" if cuda else "unknown"
    return f"{shown(machine.driver)} (CUDA {cuda.release})" if cuda else shown(machine.driver)


def _no_driver(version: CudaVersion, least: DriverVersion | None, machine: Machine) -> Reason:
    known = [architectures().get(gpu.capability) for gpu in machine.gpus if gpu.capability]
    firsts = (driver_for(one.first, windows=machine.windows) for one in known if one)
    # A GPU needs the driver of the first release that knows it, too.
    wanted = max(filter(None, (least, *firsts)), default=None) if least else None
    needs = f"CUDA {version} needs {shown(wanted)} or newer" if wanted else None
    if machine.stated:
        text = "No driver is stated" + (f"; {needs} there" if needs else "")
        return Reason("no-driver", f"{text}.", "State it, too, such as driver=550.")
    return Reason(
        "no-driver",
        f"No driver is known here{f', and {needs}' if needs else ''}.",
        'State the machine it will run on: --for "h100,driver=550".',
    )


def _update(
    version: CudaVersion, driver: DriverVersion, full: DriverVersion, machine: Machine
) -> Reason:
    return Reason(
        "driver-update",
        f"Driver {shown(driver)} runs CUDA {version.release}; NVIDIA names {shown(full)} or newer "
        f"for all that {version} has.",
        _newer(full, machine),
    )


def _where(machine: Machine) -> str:
    return "here" if machine.name is None else "there"


def _ptx(version: CudaVersion, full: DriverVersion | None, machine: Machine) -> Reason:
    wanted = f"; that takes {shown(full)}" if full else ""
    cure = "Build for the GPU itself (nvcc -arch=native)"
    bound = last_branch(machine)
    if full is not None and not (bound and _beyond(full, bound[0])):
        cure += f", or u{_newer(full, machine)[1:-1]}"
    return Reason(
        "ptx-jit",
        f"The driver {_where(machine)}, {_found(machine)}, runs CUDA {version} but cannot "
        f"JIT-compile its PTX{wanted}.",
        f"{cure}.",
    )


def _too_old(
    version: CudaVersion, least: DriverVersion | None, machine: Machine, *, compat: bool
) -> Reason:
    needs = f"driver {shown(least)}" if least else f"a driver for CUDA {version.major}.0"
    text = (
        f"CUDA {version} needs {needs} or newer; the driver {_where(machine)} is {_found(machine)}."
    )
    cure = _newer(least, machine) if least else "Update the driver."
    if compat:
        where = "The" if has_compat(machine) else "On a GPU for data centres, and no other, the"
        cure += (
            f" {where} package cuda-compat, put first on LD_LIBRARY_PATH, can stand in for a newer "
            "driver."
        )
    return Reason("driver-too-old", text, cure)


def _newer(wanted: DriverVersion, machine: Machine) -> str:
    """What to do about the driver; never advice that costs the user a card."""
    bound = last_branch(machine)
    if bound is None:
        return f"Update the driver to {shown(wanted)} or newer."
    branch, name = bound
    if _beyond(wanted, branch):
        return f"R{branch} is the last driver branch for {name}, so no newer driver helps."
    if cuda_of_driver(wanted) == cuda_of_driver(DriverVersion((branch,))):
        return f"Update the driver to {shown(wanted)}; R{branch} is the last branch for {name}."
    return (
        f"Update the driver to {shown(wanted)} or newer, up to R{branch}, the last branch for "
        f"{name}."
    )


def _beyond(wanted: DriverVersion, branch: int) -> bool:
    """Whether a driver is of a later branch than another; Windows numbers lie in between."""
    here, last = cuda_of_driver(wanted), cuda_of_driver(DriverVersion((branch,)))
    return here is not None and last is not None and here > last
