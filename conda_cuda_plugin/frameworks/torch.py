"""PyTorch: the CUDA it was built for, and its builds."""

from __future__ import annotations

import re
from typing import Any

from ..machine.machine import ComputeCapability
from ..platforms import Platform
from ..versions import CudaVersion, VersionRequest
from . import build_markers
from .framework import NOTHING, Backend, Build, Builds, Clue, Contents, Framework, Note, exactly
from .releases import in_range, rows_for, table, torch_default_cuda
from .site_packages import CondaRecord, Distribution, file_names, read_head, site_folders

_ASSIGNED = r"(?m)^{name}[ \t]*(?::[^=\n]*)?=[ \t]*(?:['\"]([^'\"\n]*)['\"]|(None))"
_CUDA = re.compile(_ASSIGNED.format(name="cuda"))
_HIP = re.compile(_ASSIGNED.format(name="hip"))
_XPU = re.compile(_ASSIGNED.format(name="xpu"))
_BUNDLED_CUDNN = re.compile(r"(?:libcudnn\S*\.so\.(\d+)|cudnn\w*64_(\d+)\.dll)")


def read_torch(contents: Contents) -> Framework | None:
    """PyTorch in an environment, or None."""
    distribution = contents.distributions.get("torch")
    record = contents.records.get("pytorch")
    if distribution is None and record is None:
        return None
    by_pip = distribution is not None and not (record and distribution.from_conda)
    written = distribution.version if by_pip and distribution else record.version if record else ""
    cuda, backend, evidence = _from_version_file(contents)
    if backend is Backend.UNKNOWN and by_pip and distribution:
        cuda, backend, evidence = _from_metadata(distribution, contents)
    if backend is Backend.UNKNOWN and record and not by_pip:
        cuda, backend, evidence = _from_record(record, contents)
    return Framework(
        "torch",
        written.partition("+")[0],
        backend,
        cuda,
        exactly(cuda),
        _cudnn(contents, distribution if by_pip else None, record) if cuda else None,
        "pip" if by_pip else "conda",
        # Every build of PyTorch does: wheels in torch/lib or as packages they require.
        brings_cuda=cuda is not None,
        evidence=evidence,
    )


def _from_version_file(contents: Contents) -> Clue:
    for folder in site_folders(contents.prefix):
        path = folder / "torch" / "version.py"
        text = read_head(path, 64 * 1024)
        match = _CUDA.search(text)
        if match is None:
            continue
        where = contents.relative(path)
        cuda = build_markers.parsed(match[1])
        if cuda:
            return cuda, Backend.CUDA, where
        others = [found for found in (_HIP.search(text), _XPU.search(text)) if found and found[1]]
        if others:
            return None, Backend.OTHER, where
        if match[2]:
            return None, Backend.CPU, where
    return NOTHING


def _from_metadata(distribution: Distribution, contents: Contents) -> Clue:

    local = build_markers.local_part(distribution.version)
    where = contents.relative(distribution.path / "METADATA")
    cuda = build_markers.cuda_of_local(distribution.version)
    if cuda:
        return cuda, Backend.CUDA, contents.relative(distribution.path)
    if local.startswith("cpu"):
        return None, Backend.CPU, contents.relative(distribution.path)
    if local.startswith(("rocm", "xpu")):
        return None, Backend.OTHER, contents.relative(distribution.path)
    cuda = build_markers.cuda_of_pins(build_markers.pins(distribution.requirements))
    if cuda:
        return cuda, Backend.CUDA, where
    cuda = torch_default_cuda(distribution.version)
    if cuda:
        return cuda, Backend.CUDA, "the table of releases"
    return NOTHING


def _from_record(record: CondaRecord, contents: Contents) -> Clue:
    where = contents.relative(record.path)
    cuda = build_markers.cuda_of_build(record.build)
    if cuda:
        return cuda, Backend.CUDA, where
    mutex = contents.records.get("pytorch-mutex")
    if build_markers.is_cpu_build(record.build) or (mutex and mutex.build == "cpu"):
        return None, Backend.CPU, where
    pinned = contents.records.get("pytorch-cuda")
    cuda = build_markers.parsed(pinned.version) if pinned else None
    if cuda:
        return cuda, Backend.CUDA, contents.relative(pinned.path) if pinned else where
    return NOTHING


def _cudnn(
    contents: Contents, distribution: Distribution | None, record: CondaRecord | None
) -> str | None:
    if distribution is not None:
        found = build_markers.cudnn_of_pins(build_markers.pins(distribution.requirements))
        return found or _bundled_cudnn(distribution)
    if record is None:
        return None
    return build_markers.cudnn_of_build(record.build) or build_markers.conda_pin(
        record.depends, "cudnn", "libcudnn"
    )


def _bundled_cudnn(distribution: Distribution) -> str | None:
    """The major version of the cuDNN inside an old wheel, which brings everything itself."""
    for name in file_names(distribution.site / "torch" / "lib"):
        match = _BUNDLED_CUDNN.match(name)
        if match:
            return match[1] or match[2]
    return None


def torch_builds(version: str, platform: Platform) -> Builds:
    """Every known build of a release of PyTorch, newest CUDA first within a source."""
    row = table("torch")["releases"][version]
    builds = [*_pip(version, row, platform), *_conda_forge(version, platform)]
    builds += _channel(version, row, platform)
    builds += _cpu(version, row, platform)
    return Builds(
        "torch",
        version,
        row.get("date"),
        row.get("cudnn"),
        tuple(builds),
        tuple(_notes(version, row, platform, builds)),
    )


def _pip(version: str, row: dict[str, Any], platform: Platform) -> list[Build]:
    default = _pypi_cuda(version, row, platform)
    texts = sorted({*row.get("wheels", ()), *([default] if default else ())}, key=_key)
    listed = rows_for(version, table("torch")["architectures"])
    found = []
    for text in reversed(texts):
        rows = [one for one in listed if text in one["cuda"]]
        codes = rows[0].get(_arch_column(platform), []) if rows else []
        least = rows[0].get("min_cc") if rows else None
        if platform.machine == "aarch64" and text != default and not codes:
            # Only where the architecture list names it is a wheel for this machine known.
            continue
        plain = text == default
        words = f"pip install torch=={version}" if plain else _variant(version, text, platform)
        found.append(
            _build(
                "pip",
                words,
                text,
                cudnn=row.get("cudnn"),
                capabilities=tuple(map(ComputeCapability.parse, codes)),
                ptx=_ptx(rows, platform),
                minimum=ComputeCapability.parse(least) if least else None,
                unlisted=not rows and any(one.get("verified", True) for one in listed),
                default=plain,
                verified=not rows or rows[0].get("verified", True),
            )
        )
    return sorted(found, key=lambda build: not build.default)


def _conda_forge(version: str, platform: Platform) -> list[Build]:
    column = "windows" if platform.windows else "linux"
    found = []
    for row in rows_for(version, table("torch")["conda_forge"]):
        for text in reversed(row[column]):
            digits = text.replace(".", "")
            words = f'conda install -c conda-forge "pytorch={version}=cuda{digits}*"'
            found.append(_build("conda-forge", words, text, verified=row["verified"]))
    return found


def _channel(version: str, row: dict[str, Any], platform: Platform) -> list[Build]:
    if platform.machine == "aarch64":
        return []
    found = []
    for text in reversed(row.get("channel", [])):
        if in_range(version, ">=1.13"):
            words = f"pytorch-cuda={text} -c pytorch -c nvidia"
        elif in_range(version, ">=1.0.1"):
            # cudatoolkit 11.1 and later was never in the channels that are on by default.
            words = f"cudatoolkit={text} -c pytorch" + (
                " -c conda-forge" if _key(text) >= (11, 1) else ""
            )
        else:
            words = f"cuda{text.replace('.', '')} -c pytorch"
        found.append(_build("pytorch channel", f"conda install pytorch=={version} {words}", text))
    return found


def _cpu(version: str, row: dict[str, Any], platform: Platform) -> list[Build]:
    if platform.machine == "aarch64" or (platform.windows and in_range(version, ">=2")):
        words = f"pip install torch=={version}"
    else:
        words = _variant(version, "cpu", platform)
    found = [Build("pip", (words,))]
    if rows_for(version, table("torch")["conda_forge"]):
        found.append(
            Build("conda-forge", (f'conda install -c conda-forge "pytorch={version}=cpu*"',))
        )
    return found


def _variant(version: str, text: str, platform: Platform) -> str:
    """The command for a wheel from PyTorch's own index."""
    address = table("torch")["wheel_index"]
    folder = text if text == "cpu" else f"cu{text.replace('.', '')}"
    style = rows_for(version, table("torch")["pip_styles"])[0]["style"]
    exact = f"pip install torch=={version}"
    if style == "index":
        return f"{exact} --index-url {address}{folder}"
    if style == "extra-index":
        return f"{exact}+{folder} --extra-index-url {address}{folder}"
    if style == "own-page":
        return f"{exact}+{folder} -f {address}{folder}/torch_stable.html"
    if style == "page":
        return f"{exact}+{folder} -f {address}torch_stable.html"
    return f"{exact} -f {address}{folder}/torch_stable.html"


def _build(source: str, words: str, text: str, **more: Any) -> Build:
    version = CudaVersion.parse(text)
    return Build(source, (words,), version, VersionRequest.parse(text), **more)


def _pypi_cuda(version: str, row: dict[str, Any], platform: Platform) -> str | None:
    """The CUDA of the wheel on PyPI; elsewhere than on Linux the wheels there are CPU only."""
    if platform.windows:
        return None
    if platform.machine != "x86_64" and not in_range(version, table("torch")["arm_pypi_has_cuda"]):
        return None
    found: str | None = row.get("pypi")
    return found


def _notes(
    version: str, row: dict[str, Any], platform: Platform, builds: list[Build]
) -> list[Note]:
    notes = [Note(row["note"])] if "note" in row else []
    if "wheels" not in row:
        text = "Which other variants PyTorch's own index has is not known for this release."
        notes.append(Note(text))
    if not rows_for(version, table("torch")["conda_forge"]):
        notes.append(
            Note(
                "conda-forge's builds are not known for this release; to see them:",
                f'conda search -c conda-forge "pytorch={version}"',
            )
        )
    elif any(b.source == "conda-forge" and b.cuda and not b.verified for b in builds):
        notes.append(Note("conda-forge may lack some of its variants for this very release."))
    if any(build.source == "pytorch channel" for build in builds):
        notes.append(Note("The pytorch channel ended with 2.5.1; what it has stays."))
    if platform.machine == "aarch64" and not any(b.source == "pip" and b.cuda for b in builds):
        notes.append(Note("No CUDA wheel for this kind of machine is known for this release."))
    return notes


def _ptx(rows: list[dict[str, Any]], platform: Platform) -> ComputeCapability | None:
    # The wheels for Windows hold none.
    if not rows or platform.windows or "ptx" not in rows[0]:
        return None
    return ComputeCapability.parse(rows[0]["ptx"])


def _arch_column(platform: Platform) -> str:
    return "aarch64" if platform.machine == "aarch64" else "x86_64"


def _key(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))
