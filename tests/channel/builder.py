"""The channels that the tests take toolkits from, with the packages of both of CUDA's eras.

channels/conda-forge                  cudatoolkit 10.2, 11.8; split packages 12.4 to 13.0; add-ons
                                      and C++ compilers 11 to 15
channels/numba                        cudatoolkit 8.0
channels/nvidia                       a newer compiler, which must not get into 11.8
channels/nvidia/label/cuda-11.8.0     the split packages of 11.8, with nvcc
"""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path

from . import addons, compilers, cudatoolkit, foreign, label, split, split_release
from .libraries import Compiler, Runtime, nvidia_runtimes, stand_in_runtime
from .package import write_channel

_MACHINES = {"x86_64": ("linux-64", "x86_64-linux"), "aarch64": ("linux-aarch64", "sbsa-linux")}


@dataclass(frozen=True)
class Channels:
    """Where the channels lie.

    Args:
        root: the folder that holds them under their names.
        probe: the program that loads libraries by plain name.
        target: NVIDIA's name of this machine's platform.
    """

    root: Path
    probe: Path
    target: str

    @property
    def alias(self) -> str:
        """What `channel_alias` has to be for the plain names to lead here."""
        return self.root.as_uri()

    @property
    def forge(self) -> str:
        """The address of the one channel that has nearly everything."""
        return (self.root / "conda-forge").as_uri()

    @property
    def numba(self) -> str:
        """The address of the channel with CUDA 8.0."""
        return (self.root / "numba").as_uri()


def build_channels(folder: Path) -> Channels:
    """Build every channel below a folder."""
    subdir, target = _MACHINES[platform.machine()]
    work, root = folder / "work", folder / "channels"
    for path in (work, work / "wheels", root):
        path.mkdir(parents=True)
    compiler, real = Compiler(work), nvidia_runtimes(work / "wheels")
    monoliths: dict[str, Runtime] = {
        "8.0": stand_in_runtime(compiler, "libcudart.so.8.0", 8000),
        "10.2.89": stand_in_runtime(compiler, "libcudart.so.10.2", 10020),
        "11.8.0": real["11.8.89"],
    }
    old = {p.version: p for p in cudatoolkit.cudatoolkits(compiler, monoliths)}
    around = list(foreign.foreign_packages(compiler))
    forge = [*around, *compilers.compiler_packages(subdir)]
    forge += [old["10.2.89"], old["11.8.0"], *split.cuda_versions()]
    for release in split_release.RELEASES:
        number = int(release.major) * 1000 + int(release.short.partition(".")[2]) * 10
        runtime = real.get(release.cudart) or stand_in_runtime(
            compiler, f"libcudart.so.{release.major}", number
        )
        forge += split.split_packages(release, runtime, compiler, subdir, target)
    forge += addons.addon_packages(compiler, target)
    write_channel(root / "conda-forge", subdir, forge)
    write_channel(root / "numba", subdir, [*around, old["8.0"]])
    write_channel(root / "nvidia", subdir, label.nvcc_packages("12.4", "12.4.131"))
    labelled = label.label_packages(compiler, real["11.8.89"])
    write_channel(root / "nvidia" / "label" / "cuda-11.8.0", subdir, labelled)
    return Channels(root, compiler.probe(), target)
