"""The builds of TensorFlow."""

from __future__ import annotations

from ..platforms import Platform
from ..versions import CudaVersion, VersionRequest
from .build import Build, Builds, Note
from .framework_tables import in_range, table, tensorflow_row


def tensorflow_builds(version: str, platform: Platform) -> Builds:
    """The builds of a release of TensorFlow: one CUDA release each, by its table."""
    row = tensorflow_row(version)
    assert row is not None, version
    builds = []
    on_windows_no_more = platform.windows and not in_range(
        version, f"<{_next_minor(table('tensorflow')['windows_last'])}"
    )
    cuda = CudaVersion.parse(row["cuda"])
    extra = row.get("and_cuda")
    if not on_windows_no_more and platform.machine != "aarch64":
        if extra:
            words: tuple[str, ...] = (f'pip install "tensorflow[and-cuda]=={version}"',)
        else:
            # These bring no CUDA: the libraries come from the environment's toolkit.
            package = "tensorflow" if in_range(version, ">=2.1") else "tensorflow-gpu"
            words = (f"pip install {package}=={version}", f"conda cuda use {cuda.release}")
        builds.append(
            Build(
                "pip",
                words,
                cuda,
                VersionRequest.parse(cuda.release),
                cudnn=extra["cudnn"] if extra else row["cudnn"],
                default=True,
            )
        )
    package = "tensorflow-cpu" if in_range(version, ">=2.1") else "tensorflow"
    if platform.machine == "aarch64":
        package = "tensorflow"
    builds.append(Build("pip", (f"pip install {package}=={version}",)))
    notes = [
        Note(
            "conda-forge's CUDA builds are not in our tables; to see them:",
            f'conda search -c conda-forge "tensorflow={version}=*cuda*"',
        )
    ]
    if on_windows_no_more:
        notes.append(Note("On Windows itself TensorFlow uses GPUs up to 2.10; later ones in WSL."))
    if platform.machine == "aarch64":
        notes.append(Note("No wheel with CUDA for this kind of machine is known."))
    notes.append(Note(f"It is made for Python {row['python']}."))
    cudnn = extra["cudnn"] if extra else row["cudnn"]
    return Builds("tensorflow", version, None, cudnn, tuple(builds), tuple(notes))


def _next_minor(release: str) -> str:
    major, minor = release.split(".")
    return f"{major}.{int(minor) + 1}"
