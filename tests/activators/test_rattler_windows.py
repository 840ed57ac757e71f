"""rattler's scripts for cmd and PowerShell: cmd's run in wine, PowerShell's are parsed only."""

from __future__ import annotations

from pathlib import Path

import pytest

from conda_cuda_plugin import hooks

from ..windows.conftest import wine  # noqa: F401
from ..windows.wine import Wine, windows_path
from .engine import need_rattler, script

HERE = "C:\\windows\\system32"


@pytest.fixture
def environments(tmp_path: Path) -> list[Path]:
    """Two environments for Windows with a toolkit and hooks, and one without."""
    need_rattler()
    made = [tmp_path / name for name in ("env a (x86)", "b & co", "plain")]
    for prefix in made:
        (prefix / "conda-meta").mkdir(parents=True)
    for prefix, release in zip(made[:2], ("12.4", "11.8"), strict=True):
        (prefix / "cuda").mkdir()
        (prefix / "cuda" / "release.txt").write_text(f"{release}\r\n")
        hooks.write(prefix, windows=True)
    return made


def for_windows(name: str, prefix: Path, current: Path | None = None) -> str:
    """A script as rattler writes it on Windows, where the folder is on drive Z."""
    text = script(name, prefix, current, platform="win-64", path=[HERE])
    return text.replace(f"{prefix.parent}/", f"{windows_path(prefix.parent)}\\").replace(
        "/etc/conda/", "\\etc\\conda\\"
    )


def test_from_one_to_another_and_out_in_cmd(
    environments: list[Path],
    wine: Wine,  # noqa: F811
    tmp_path: Path,
) -> None:
    first, second, plain = environments
    lines = ['SET "CUDA_PATH=C:\\mine"', f'SET >"{windows_path(tmp_path / "dump0")}"']
    way = [(first, None), (second, first), (plain, second)]
    for number, (prefix, current) in enumerate(way, 1):
        lines += for_windows("cmd_exe", prefix, current).replace("\r\n", "\n").split("\n")
        lines.append(f'SET >"{windows_path(tmp_path / f"dump{number}")}"')
    assert wine.batch(lines, tmp_path) == b""
    before, in_first, in_second, after = (_cuda(tmp_path / f"dump{n}") for n in range(4))
    for found, prefix, name in (
        (in_first, first, "CUDA_PATH_V12_4"),
        (in_second, second, "CUDA_PATH_V11_8"),
    ):
        root = windows_path(prefix / "cuda")
        names = {"CUDA_HOME", "CUDA_PATH", "CUDAToolkit_ROOT", name}
        assert {k: v for k, v in found.items() if k.startswith("CUDA")} == dict.fromkeys(
            names, root
        )
    assert after == before == {"CUDA_PATH": "C:\\mine"}


@pytest.mark.parametrize("platform", ["win-64", "linux-64"])
def test_powershell_calls_each_hook_once_and_at_the_right_moment(
    environments: list[Path], platform: str
) -> None:
    first, second, _ = environments
    for prefix in (first, second):
        hooks.write(prefix, windows=platform == "win-64")
    text = script("powershell", second, first, platform=platform)
    lines = text.splitlines()
    [out] = [n for n, line in enumerate(lines) if "deactivate.d" in line]
    [into] = [n for n, line in enumerate(lines) if "/activate.d" in line]
    [prefix_at] = [n for n, line in enumerate(lines) if "${Env:CONDA_PREFIX}" in line]
    [level_at] = [n for n, line in enumerate(lines) if "${Env:CONDA_SHLVL}" in line]
    assert f"{first}/etc/conda/deactivate.d/~conda-cuda.ps1" in lines[out]
    assert f"{second}/etc/conda/activate.d/~conda-cuda.ps1" in lines[into]
    # The hooks read both variables.
    assert out < min(prefix_at, level_at) <= max(prefix_at, level_at) < into


def _cuda(dump: Path) -> dict[str, str]:
    pairs = (line.partition("=")[::2] for line in dump.read_text("utf-8", "replace").splitlines())
    return {
        name: value for name, value in pairs if name.startswith(("CUDA", "__CONDA_CUDA", "__cc"))
    }
