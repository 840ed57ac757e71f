"""Draw which release runs on which driver and on which GPU, from the tables of the package.

usage: verdicts.py PICTURE.svg

The same tables give the same picture, byte for byte.
"""

from __future__ import annotations

import sys
from pathlib import Path

from conda_cuda_plugin.machine.machine import ComputeCapability, DriverVersion, Gpu, Machine
from conda_cuda_plugin.machine.tables import architectures
from conda_cuda_plugin.verdict.judge import judge
from conda_cuda_plugin.verdict.verdict import Level
from conda_cuda_plugin.versions import CudaVersion

RELEASES = ("10.2", "11.2", "11.8", "12.1", "12.4", "12.9", "13.0", "13.2")
DRIVERS = ("470.256.02", "525.60.13", "535.54.03", "550.54.15", "570.86.10", "580.65.06")
"""A release of each branch that many machines have, oldest first."""
GPUS = {
    "Kepler: K80": "3.7",
    "Maxwell: GTX 980": "5.2",
    "Pascal: P100": "6.0",
    "Volta: V100": "7.0",
    "Turing: T4": "7.5",
    "Ampere: A100": "8.0",
    "Ada: RTX 4090": "8.9",
    "Hopper: H100": "9.0",
    "Blackwell: B200": "10.0",
}
LOOKS = {
    Level.NATIVE: ("#2e7d32", "native"),
    Level.MINOR: ("#b26a00", "minor"),
    Level.COMPAT: ("#5e35b1", "compat"),
    Level.CANNOT: ("#b3261e", "cannot"),
}
LEFT, CELL, ROW, TOP = 144, 52, 30, 62


def grid(title: str, rows: dict[str, Machine], top: int) -> list[str]:
    """The lines of SVG of one table, `top` pixels from above."""
    out = [f'<text x="16" y="{top}" font-weight="600">{title}</text>']
    for column, release in enumerate(RELEASES):
        x = LEFT + CELL * column + CELL // 2
        out.append(f'<text x="{x}" y="{top + 24}" text-anchor="middle">{release}</text>')
    for number, (name, machine) in enumerate(rows.items()):
        y = top + 34 + ROW * number
        out.append(f'<text x="16" y="{y + 19}">{name}</text>')
        for column, release in enumerate(RELEASES):
            colour, word = LOOKS[judge(CudaVersion.parse(release), machine).level]
            x = LEFT + CELL * column
            out.append(
                f'<rect x="{x + 2}" y="{y + 2}" width="{CELL - 4}" height="{ROW - 4}" rx="4" '
                f'fill="{colour}"/><text x="{x + CELL // 2}" y="{y + 19}" text-anchor="middle" '
                f'fill="#fff" font-size="12">{word}</text>'
            )
    return out


def picture() -> str:
    """The SVG."""
    of_drivers = {
        f"driver R{text.split('.')[0]}": Machine(driver=DriverVersion.parse(text))
        for text in DRIVERS
    }
    of_gpus = {}
    for name, text in GPUS.items():
        capability = ComputeCapability.parse(text)
        branch = architectures()[capability].last_branch or 999
        # The last release of a branch is newer than all that the tables ask for.
        driver = DriverVersion((branch, 999))
        of_gpus[name] = Machine(driver=driver, gpus=(Gpu(capability=capability),))
    second = TOP + 34 + ROW * len(of_drivers) + 44
    width, height = LEFT + CELL * len(RELEASES) + 16, second + 34 + ROW * len(of_gpus) + 16
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" aria-label="Verdicts">',
        f'<rect width="{width}" height="{height}" rx="12" fill="#fbfcfd" stroke="#d5dde2"/>',
        '<g font-family="system-ui, Segoe UI, Helvetica, Arial, DejaVu Sans, sans-serif" '
        'font-size="14" fill="#263238">',
        '<text x="16" y="30" font-size="16" font-weight="600">Which CUDA release runs where</text>',
        *grid("A driver, with a GPU that the release knows", of_drivers, TOP),
        *grid("A GPU, with the newest driver for it", of_gpus, second),
        "</g></svg>",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    Path(sys.argv[1]).write_text(picture(), "utf-8")
