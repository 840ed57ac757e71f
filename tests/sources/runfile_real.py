"""NVIDIA's own compiler as it lies in an installer; the files come from its wheels."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

from .installer import TARGET, Files

COMPILER = {
    "nvidia-cuda-nvcc": "13.0.88",
    "nvidia-nvvm": "13.0.88",
    "nvidia-cuda-crt": "13.0.88",
    "nvidia-cuda-runtime": "13.0.96",
}


def real_components(folder: Path) -> dict[str, Files]:
    """NVIDIA's own compiler and runtime of 13.0, as components of an installer."""
    pins = [f"{name}=={version}" for name, version in COMPILER.items()]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder]
    subprocess.run([*command, "--only-binary=:all:", *pins], check=True)
    found = {}
    for number, wheel in enumerate(sorted(folder.glob("*.whl"))):
        place = folder / f"part{number}"
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(place)
        files: dict[str, bytes | Path] = {}
        for path in sorted(place.glob("nvidia/cu13/**/*")):
            parts = path.relative_to(place / "nvidia" / "cu13").parts
            if not path.is_file() or path.suffix == ".py":
                continue
            if parts[0] in ("lib", "include"):
                parts = ("targets", TARGET, *parts)
            files["/".join(parts)] = path
        # Wheels lack the names that linkers ask for; installers have them.
        links = {
            path.partition(".so.")[0] + ".so": path.rpartition("/")[2]
            for path in files
            if ".so." in path
        }
        found[wheel.name.split("-")[0].removeprefix("nvidia_")] = Files(files, links)
    return found
