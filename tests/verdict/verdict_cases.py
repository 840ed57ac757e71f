"""driver × GPU × release → verdict, by the published tables.

Sources: NVIDIA's release notes (driver per release, minor-version compatibility), its CUDA
Compatibility guide, its compatibility guides for Turing and Ada, and `ptxas --help` of each
release. `~` before a driver stands for Windows.
"""

from __future__ import annotations

from conda_cuda_plugin.machine.machine import ComputeCapability, DriverVersion, Gpu, Machine

RTX_3090 = "NVIDIA GeForce RTX 3090:8.6"
RTX_4090 = "NVIDIA GeForce RTX 4090:8.9"
RTX_5090 = "NVIDIA GeForce RTX 5090:12.0"
A100 = "NVIDIA A100-SXM4-40GB:8.0"
H100 = "NVIDIA H100 80GB HBM3:9.0"
B200 = "NVIDIA B200:10.0"
T4 = "Tesla T4:7.5"
V100 = "Tesla V100-SXM2-16GB:7.0"
TITAN_V = "NVIDIA TITAN V:7.0"
GTX_1080 = "NVIDIA GeForce GTX 1080:6.1"
K80 = "Tesla K80:3.7"
K40 = "Tesla K40c:3.5"

CASES: list[tuple[str, str, str, str, str]] = [
    # The driver of a release has everything it asks for, and so has every newer one.
    ("525.60.13", "8.0", "12.0.0", "native", ""),
    ("525.85.12", "8.0", "12.0.1", "native", ""),
    ("535.104.05", "8.9", "12.2.2", "native", ""),
    ("550.54.14", RTX_4090, "12.4.0", "native", ""),
    ("550.54.15", RTX_4090, "12.4.1", "native", ""),
    ("550.54.15", "9.0", "11.8", "native", ""),
    ("570.26", RTX_5090, "12.8.0", "native", ""),
    ("575.57.08", "10.3", "12.9.1", "native", ""),
    ("580.65.06", H100, "13.0.0", "native", ""),
    ("580.95.05", "7.5", "13.0.2", "native", ""),
    ("580.95.05", "", "8.0", "native", ""),
    ("590.48.01", B200, "13.1.1", "native", ""),
    ("595.45.04", "12.1", "13.2", "native", ""),
    ("610.20", "8.9", "13.3.1", "native", ""),
    ("615.10", "10.7", "13.4.3", "native", ""),
    ("700.10", "8.9", "13.4.3", "native", ""),
    ("470.42.01", "8.6", "11.4.0", "native", ""),
    ("450.51.06", A100, "11.0.3", "native", ""),
    ("440.33.01", T4, "10.2", "native", ""),
    ("410.48", "7.5", "10.0.130", "native", ""),
    ("384.81", "7.0", "9.0", "native", ""),
    ("375.26", GTX_1080, "8.0.61", "native", ""),
    ("580.95.05", V100, "12.9.1", "native", ""),
    ("580.95.05", GTX_1080, "8.0", "native", ""),
    ("470.256.02", K80, "11.4.4", "native", ""),
    ("470.256.02", "3.0", "10.2", "native", ""),
    ("390.157", "2.1", "8.0", "native", ""),
    # The right branch, and an update of it is missing.
    ("550.54.14", RTX_4090, "12.4.1", "minor", "driver-update"),
    ("535.54.03", "8.6", "12.2.2", "minor", "driver-update"),
    ("580.65.06", "8.6", "13.0.2", "minor", "driver-update"),
    ("396.26", "7.0", "9.2.148", "minor", "driver-update"),
    ("450.36.06", A100, "11.0.3", "minor", "driver-update"),
    ("387.26", GTX_1080, "9.1", "minor", "driver-update"),
    # Minor-version compatibility: runs, and cannot JIT what the release's PTX has.
    ("525.60.13", "8.0", "12.8.1", "minor", "ptx-jit"),
    ("535.129.03", A100, "12.4.1", "minor", "ptx-jit"),
    ("525.147.05", H100, "12.6", "minor", "ptx-jit"),
    ("450.80.02", A100, "11.4", "minor", "ptx-jit"),
    ("470.256.02", K80, "11.8", "minor", "ptx-jit"),
    ("510.47.03", "8.6", "11.8", "minor", "ptx-jit"),
    ("580.65.06", RTX_5090, "13.4.3", "minor", "ptx-jit"),
    ("580.95.05", "8.6", "13.5", "minor", "ptx-jit"),
    # A driver that is too old; cuda-compat helps on data-centre GPUs alone.
    ("470.256.02", RTX_3090, "12.0.0", "cannot", "driver-too-old"),
    ("470.256.02", A100, "12.0.0", "compat", "driver-too-old"),
    ("470.256.02", "8.0", "12.4", "compat", "driver-too-old"),
    ("470.256.02", "", "12.4", "compat", "driver-too-old"),
    ("525.60.12", RTX_3090, "12.0.0", "cannot", "driver-too-old"),
    ("550.54.15", RTX_4090, "13.0", "cannot", "driver-too-old"),
    ("550.54.15", H100, "13.0", "compat", "driver-too-old"),
    ("575.57.08", "NVIDIA RTX A6000:8.6", "13.0", "cannot", "driver-too-old"),
    ("450.51.06", "NVIDIA GeForce RTX 2080 Ti:7.5", "11.4", "cannot", "driver-too-old"),
    ("450.51.06", T4, "11.4", "compat", "driver-too-old"),
    ("418.39", "NVIDIA GeForce GTX 1660:7.5", "10.2", "cannot", "driver-too-old"),
    ("375.26", V100, "9.0", "cannot", "driver-too-old"),
    ("352.99", "NVIDIA Tesla M40:5.2", "8.0", "cannot", "driver-too-old"),
    # A release that has dropped the GPU, whatever the driver.
    ("580.95.05", V100, "13.0", "cannot", "gpu-too-old"),
    ("580.95.05", GTX_1080, "13.0.2", "cannot", "gpu-too-old"),
    ("470.256.02", "7.0", "13.0", "cannot", "gpu-too-old"),
    ("470.256.02", K80, "12.0", "cannot", "gpu-too-old"),
    ("470.256.02", "3.0", "11.0", "cannot", "gpu-too-old"),
    ("390.157", "2.0", "9.0", "cannot", "gpu-too-old"),
    ("580.95.05", "5.0", "13.4", "cannot", "gpu-too-old"),
    # A release from before the GPU: code for a relative runs, else nothing does.
    ("580.95.05", "7.5", "9.0", "minor", "gpu-too-new"),
    ("580.95.05", RTX_3090, "11.0.3", "minor", "gpu-too-new"),
    ("515.65.01", RTX_4090, "11.7.1", "minor", "gpu-too-new"),
    ("580.95.05", "12.1", "12.8", "minor", "gpu-too-new"),
    ("580.95.05", "10.3", "12.8", "minor", "gpu-too-new"),
    ("580.95.05", RTX_3090, "10.2", "cannot", "gpu-too-new"),
    ("580.95.05", H100, "11.7", "cannot", "gpu-too-new"),
    ("580.95.05", RTX_5090, "12.6.3", "cannot", "gpu-too-new"),
    ("580.95.05", B200, "12.6.3", "cannot", "gpu-too-new"),
    ("580.95.05", "11.0", "12.9", "cannot", "gpu-too-new"),
    ("580.95.05", "7.5", "8.0", "cannot", "gpu-too-new"),
    ("580.95.05", "8.7", "11.1", "cannot", "gpu-too-new"),
    ("615.10", "14.0", "13.4.3", "cannot", "gpu-too-new"),
    # A driver that has dropped the GPU.
    ("590.48.01", V100, "12.9", "cannot", "gpu-dropped"),
    ("595.45.04", GTX_1080, "11.8", "cannot", "gpu-dropped"),
    ("495.29.05", K80, "11.4", "cannot", "gpu-dropped"),
    ("418.39", "2.1", "8.0", "cannot", "gpu-dropped"),
    # Several GPUs: the worst decides.
    ("580.95.05", f"{V100};{RTX_4090}", "13.0", "cannot", "gpu-too-old"),
    ("580.95.05", f"{V100};{RTX_4090}", "12.9", "native", ""),
    ("580.95.05", f"{RTX_3090};{RTX_5090}", "12.6", "cannot", "gpu-too-new"),
    ("470.256.02", f"{A100};{RTX_3090}", "12.4", "cannot", "driver-too-old"),
    ("515.65.01", f"{RTX_3090};{RTX_4090}", "11.7.1", "minor", "gpu-too-new"),
    # Windows has drivers of its own, and no cuda-compat.
    ("~551.61", RTX_4090, "12.4.0", "native", ""),
    ("~551.61", RTX_4090, "12.4.1", "minor", "driver-update"),
    ("~527.41", RTX_3090, "12.4", "minor", "ptx-jit"),
    ("~522.06", RTX_4090, "11.8", "native", ""),
    ("~452.39", "7.5", "11.4", "minor", "ptx-jit"),
    ("~475.14", "3.5", "11.4.4", "native", ""),
    ("~475.14", "3.5", "11.8", "minor", "ptx-jit"),
    ("~516.94", A100, "12.0", "cannot", "driver-too-old"),
    ("~581.29", GTX_1080, "12.9", "native", ""),
    ("~591.44", GTX_1080, "12.9", "cannot", "gpu-dropped"),
    # Only a branch, or only what the driver supports, is known.
    ("550", "8.9", "12.4.1", "native", ""),
    ("450", "8.0", "11.4", "minor", "ptx-jit"),
    ("cuda 12.4", "8.9", "12.4.1", "native", ""),
    ("cuda 12.4", "8.9", "12.9", "minor", "ptx-jit"),
    ("cuda 12.4", RTX_4090, "13.0", "cannot", "driver-too-old"),
    ("cuda 12.4", "3.5", "11.8", "cannot", "gpu-dropped"),
    # Jetson drivers have numbers of their own; what libcuda says counts.
    ("540.4.0 cuda 12.6", "NVIDIA Orin:8.7", "12.6", "native", ""),
    ("540.4.0 cuda 12.6", "NVIDIA Orin:8.7", "12.9", "minor", "ptx-jit"),
    # Without a driver nothing is certain, but some cards rule a release out.
    ("", "", "12.4", "unknown", "no-driver"),
    ("", "8.9", "12.4", "unknown", "no-driver"),
    ("", "7.0", "13.0", "cannot", "gpu-too-old"),
    ("", RTX_5090, "12.6", "cannot", "gpu-too-new"),
    # Releases that no table knows.
    ("580.95.05", "8.9", "14.0", "compat", "driver-too-old"),
    ("580.95.05", RTX_4090, "13.9", "minor", "ptx-jit"),
    ("580.95.05", V100, "14.0", "cannot", "gpu-too-old"),
]


def machine(driver: str, gpus: str = "") -> Machine:
    """A machine as the table writes it."""
    release, _, cuda = driver.removeprefix("~").partition("cuda ")
    found = []
    for text in filter(None, gpus.split(";")):
        name, colon, capability = text.rpartition(":")
        found.append(Gpu(name if colon else None, ComputeCapability.parse(capability)))
    from conda_cuda_plugin.versions import CudaVersion

    return Machine(
        windows=driver.startswith("~"),
        driver=DriverVersion.parse(release) if release.strip() else None,
        driver_cuda=CudaVersion.parse(cuda) if cuda else None,
        gpus=tuple(found),
    )
