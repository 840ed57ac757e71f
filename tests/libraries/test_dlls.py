"""Where Windows would find a DLL; shown on any system, for the folders are arguments."""

from __future__ import annotations

from pathlib import Path

from conda_cuda_plugin.libraries.loader import State, find_dll


def test_the_order_of_windows(tmp_path: Path) -> None:
    for folder in ("env", "System32", "first", "second"):
        (tmp_path / folder).mkdir()
    for folder in ("first", "second"):
        (tmp_path / folder / "cudart64_12.dll").touch()
    path = f";{tmp_path}/missing;{tmp_path}/first;{tmp_path}/second;{tmp_path}/first"
    search = find_dll("cudart64_12.dll", prefix=tmp_path / "env", path=path)
    assert [(c.because, c.state) for c in search.candidates] == [
        ("PATH, element 3", State.LOADS),
        ("PATH, element 4", State.SHADOWED),
    ]
    (tmp_path / "System32" / "CUDART64_12.DLL").touch()
    system = tmp_path / "System32"
    search = find_dll("cudart64_12.dll", prefix=tmp_path / "env", path=path, system=system)
    assert search.chosen and search.chosen.because == "the system's folder"
    assert find_dll("nvcuda.dll", prefix=tmp_path, path=None).chosen is None
