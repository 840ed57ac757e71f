"""PyTorch: the CUDA it was built for, and its builds."""

from __future__ import annotations

import re
from typing import Any

from ..machine.machine import ComputeCapability
from ..platforms import Platform
from ..system.reading import names_in
from ..toolkit import in_words
from . import build_markers
from .framework import (
    NOTHING,
    Backend,
    Build,
    Builds,
    Clue,
    Contents,
    Framework,
    Note,
    clue_of_record,
    cudnn_of_record,
    exactly,
    first_clue,
)
from .releases import in_range, release_row, rows_for, table
from .site_packages import CondaRecord, Distribution, read_head, site_folders

_ASSIGNED = r"(?m)^{name}[ \t]*(?::[^=\n]*)?=[ \t]*(?:['\"]([^'\"\n]*)['\"]|(None))"
_CUDA = re.compile(_ASSIGNED.format(name="cuda"))
_HIP = re.compile(_ASSIGNED.format(name="hip"))
_XPU = re.compile(_ASSIGNED.format(name="xpu"))
_BUNDLED_CUDNN = re.compile(r"(?:libcudnn\S*\.so\.(\d+)|cudnn\w*64_(\d+)\.dll)")


def read_torch(contents: Contents) -> Framework | None:
    """PyTorch in an environment, or None."""
    distribution, record = contents.find(("torch",), ("pytorch",))
    package = distribution or record
    if package is None:
        return None
    cuda, backend, evidence = first_clue(
        lambda: _from_version_file(contents),
        lambda: _from_metadata(distribution, contents) if distribution else NOTHING,
        lambda: _from_record(record, contents) if record else NOTHING,
    )
    cudnn = cudnn_of_record(record) if record else None
    if distribution:
        pinned = build_markers.pins(distribution.requirements)
        cudnn = build_markers.cudnn_of_pins(pinned) or _bundled_cudnn(distribution)
    return Framework(
        "torch",
        package.version.partition("+")[0],
        backend,
        cuda,
        exactly(cuda),
        cudnn if cuda else None,
        package.installer,
        # Every build of PyTorch does: wheels in torch/lib or as packages they require.
        brings_cuda=cuda is not None,
        evidence=evidence,
    )


def _from_version_file(contents: Contents) -> Clue:
    for folder in site_folders(contents.prefix):
        path = folder / "torch" / "version.py"
        text = read_head(path, 64 * 1024)
        match, where = _CUDA.search(text), contents.relative(path)
        if match is None:
            continue
        if cuda := build_markers.parsed(match[1]):
            return cuda, Backend.CUDA, where
        if any(found and found[1] for found in (_HIP.search(text), _XPU.search(text))):
            return None, Backend.OTHER, where
        if match[2]:
            return None, Backend.CPU, where
    return NOTHING


def _from_metadata(distribution: Distribution, contents: Contents) -> Clue:
    local = build_markers.local_part(distribution.version)
    where = contents.relative(distribution.path)
    if cuda := build_markers.cuda_of_local(distribution.version):
        return cuda, Backend.CUDA, where
    if local.startswith("cpu"):
        return None, Backend.CPU, where
    if local.startswith(("rocm", "xpu")):
        return None, Backend.OTHER, where
    if cuda := build_markers.cuda_of_pins(build_markers.pins(distribution.requirements)):
        return cuda, Backend.CUDA, f"{where}/METADATA"
    row = release_row("torch", distribution.version) or {}
    cuda = build_markers.parsed(row.get("pypi"))
    return (cuda, Backend.CUDA, "the table of releases") if cuda else NOTHING


def _from_record(record: CondaRecord, contents: Contents) -> Clue:
    mutex = contents.records.get("pytorch-mutex")
    cpu = mutex is not None and mutex.build == "cpu"
    found = clue_of_record(contents, record, None if cpu else "pytorch-cuda")
    return (None, Backend.CPU, contents.relative(record.path)) if cpu and not found[2] else found


def _bundled_cudnn(distribution: Distribution) -> str | None:
    """The major version of the cuDNN inside an old wheel, which brings everything itself."""
    names = map(_BUNDLED_CUDNN.match, names_in(distribution.site / "torch" / "lib"))
    return next((match[1] or match[2] for match in names if match), None)


def torch_builds(version: str, platform: Platform) -> Builds:
    """Every known build of a release of PyTorch, newest CUDA first within a source."""
    row = table("torch")["releases"][version]
    builds = (
        *_pip(version, row, platform),
        *_conda_forge(version, platform),
        *_channel(version, row, platform),
        *_cpu(version, platform),
    )
    notes = tuple(_notes(version, row, platform, builds))
    known = {build.cudnn for build in builds if build.source == "pip" and build.cuda}
    cudnn = known.pop() if len(known) == 1 else None
    return Builds("torch", version, row.get("date"), cudnn, builds, notes)


def _pip(version: str, row: dict[str, Any], platform: Platform) -> list[Build]:
    default = _pypi_cuda(version, row, platform)
    cudnn = row.get("wheels", {})
    arm = platform.machine == "aarch64"
    column = "aarch64" if arm else "windows" if platform.windows else "x86_64"
    others = [text for text in cudnn if _is_built(version, text, platform)]
    texts = sorted({*others, *([default] if default else ())}, key=_key, reverse=True)
    codes = {text: _codes(version, text, column) for text in texts}
    found = []
    for text in texts:
        plain = text == default
        found.append(
            Build.of_release(
                "pip",
                text,
                f"pip install torch=={version}" if plain else _variant(version, text),
                cudnn=cudnn.get(text) or (row.get("cudnn") if plain else None),
                **codes[text],
                unlisted=not codes[text] and any(codes.values()),
                default=plain,
            )
        )
    return sorted(found, key=lambda build: not build.default)


def _is_built(version: str, text: str, platform: Platform) -> bool:
    """Whether PyTorch's own index has the wheel of a variant for a platform."""
    if platform.windows:
        without = rows_for(version, table("torch")["without_windows"])
        return not any(text in row["cuda"] for row in without)
    if platform.machine == "aarch64":
        return any(text in row["cuda"] for row in rows_for(version, table("torch")["aarch64"]))
    return True


def _codes(version: str, text: str, column: str) -> dict[str, Any]:
    """The machine code and the PTX in the build of a variant; empty where they are not known."""
    rows = rows_for(version, table("torch")["architectures"])
    own = next((row for row in rows if text in row["cuda"]), {})
    listed = own.get(column)
    if listed is None and column == "windows":
        # The wheels for Windows hold no PTX.
        listed = own.get("x86_64", "").replace("+PTX", "")
    if not listed:
        return {}
    codes = [one.partition("+") for one in listed.split()]
    ptx = [ComputeCapability.parse(one) for one, _, plus in codes if plus]
    return {
        "capabilities": tuple(ComputeCapability.parse(one) for one, *_ in codes),
        "ptx": ptx[0] if ptx else None,
    }


def _conda_forge(version: str, platform: Platform) -> list[Build]:
    column = "windows" if platform.windows else "linux"
    return [
        Build.of_release(
            "conda-forge",
            text,
            f'conda install -c conda-forge "pytorch={version}=cuda{text.replace(".", "")}*"',
            verified=row["verified"],
        )
        for row in rows_for(version, table("torch")["conda_forge"])
        for text in reversed(row[column])
    ]


def _channel(version: str, row: dict[str, Any], platform: Platform) -> list[Build]:
    found = []
    for text in reversed(row.get("channel", [])) if platform.machine != "aarch64" else ():
        if in_range(version, ">=1.13"):
            words = f"pytorch-cuda={text} -c pytorch -c nvidia"
        elif in_range(version, ">=1.0.1"):
            # cudatoolkit 11.1 and later was never in the channels that are on by default.
            more = " -c conda-forge" if _key(text) >= (11, 1) else ""
            words = f"cudatoolkit={text} -c pytorch{more}"
        else:
            words = f"cuda{text.replace('.', '')} -c pytorch"
        command = f"conda install pytorch=={version} {words}"
        codes = _codes(version, text, "conda")
        found.append(Build.of_release("pytorch channel", text, command, **codes))
    return found


def _cpu(version: str, platform: Platform) -> list[Build]:
    plain = platform.machine == "aarch64" or (platform.windows and in_range(version, ">=2"))
    words = f"pip install torch=={version}" if plain else _variant(version, "cpu")
    found = [Build("pip", (words,))]
    if rows_for(version, table("torch")["conda_forge"]):
        words = f'conda install -c conda-forge "pytorch={version}=cpu*"'
        found.append(Build("conda-forge", (words,)))
    return found


def _variant(version: str, text: str) -> str:
    """The command for a wheel from PyTorch's own index."""
    address = table("torch")["wheel_index"]
    folder = text if text == "cpu" else f"cu{text.replace('.', '')}"
    exact = f"pip install torch=={version}"
    options = {
        "index": f" --index-url {address}{folder}",
        "extra-index": f"+{folder} --extra-index-url {address}{folder}",
        "own-page": f"+{folder} -f {address}{folder}/torch_stable.html",
        "page": f"+{folder} -f {address}torch_stable.html",
        "own-page-plain": f" -f {address}{folder}/torch_stable.html",
    }
    return exact + options[rows_for(version, table("torch")["pip_styles"])[0]["style"]]


def _pypi_cuda(version: str, row: dict[str, Any], platform: Platform) -> str | None:
    """The CUDA of the wheel on PyPI; elsewhere than on Linux the wheels there are CPU only."""
    arm = platform.machine != "x86_64"
    if platform.windows or (arm and not in_range(version, table("torch")["arm_pypi_has_cuda"])):
        return None
    found: str | None = row.get("pypi")
    return found


def _notes(
    version: str, row: dict[str, Any], platform: Platform, builds: tuple[Build, ...]
) -> list[Note]:
    notes = [Note(row["note"])] if "note" in row else []
    if "wheels" not in row:
        text = "Which other variants PyTorch's own index has is not known for this release."
        notes.append(Note(text))
    wheels = [build for build in builds if build.source == "pip" and build.cuda]
    without = {
        "cuDNN": [build.label for build in wheels if build.cudnn is None],
        "oldest GPU": [build.label for build in wheels if build.oldest is None],
    }
    unknown = [f"the {what} of CUDA {in_words(few)}" for what, few in without.items() if few]
    if unknown:
        notes.append(Note(f"Not known of pip's builds: {in_words(unknown)}."))
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


def _key(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))
