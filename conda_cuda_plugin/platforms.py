"""What depends on the platform of an environment."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import CudaError


@dataclass(frozen=True)
class Platform:
    """CUDA on one conda subdir."""

    subdir: str
    machine: str
    """As in the tags of wheels and in `platform_machine` of markers."""
    target: str
    """NVIDIA's name of the platform below `targets/`."""
    windows: bool = False

    @property
    def sys_platform(self) -> str:
        """As in the markers of Python packages."""
        return "win32" if self.windows else "linux"

    @property
    def library_directories(self) -> tuple[str, ...]:
        """Where packages put shared libraries, best first, relative to their prefix."""
        if self.windows:
            return ("bin", "bin/x64", "Library/bin", "Library/bin/x64", "DLLs")
        return (f"targets/{self.target}/lib", "lib64", "lib")

    @property
    def include_directories(self) -> tuple[str, ...]:
        """Where packages put headers, best first, relative to their prefix."""
        if self.windows:
            return ("Library/include", "include")
        return (f"targets/{self.target}/include", "include")

    @property
    def tool_directories(self) -> tuple[str, ...]:
        """Where packages put programs, relative to their prefix."""
        return ("bin", "Library/bin") if self.windows else ("bin",)

    @property
    def wheel_tags(self) -> tuple[str, ...]:
        """The platform tags of its wheels, best first (PEP 425, 513, 571, 599, 600)."""
        if self.windows:
            return (f"win_{self.machine}",)
        tags = [f"manylinux_2_{minor}_{self.machine}" for minor in range(39, 4, -1)]
        tags.append(f"manylinux2014_{self.machine}")
        if self.machine == "x86_64":
            tags += ["manylinux2010_x86_64", "manylinux1_x86_64"]
        return tuple(tags)


PLATFORMS = {
    platform.subdir: platform
    for platform in (
        Platform("linux-64", "x86_64", "x86_64-linux"),
        Platform("linux-aarch64", "aarch64", "sbsa-linux"),
        Platform("win-64", "amd64", "x64", windows=True),
    )
}


def platform_of(subdir: str) -> Platform:
    """The platform of a conda subdir.

    Raises:
        CudaError: CUDA does not exist there.
    """
    if subdir in PLATFORMS:
        return PLATFORMS[subdir]
    if subdir.startswith("osx-"):
        raise CudaError(
            "CUDA ended on macOS with release 10.2, so there is nothing to install here.",
            hints=["Use an environment of a Linux machine, or the framework's Metal backend."],
            subdir=subdir,
        )
    raise CudaError(
        f"conda cuda has no CUDA for the platform {subdir}.",
        hints=[f"Known platforms: {', '.join(PLATFORMS)}."],
        subdir=subdir,
    )
