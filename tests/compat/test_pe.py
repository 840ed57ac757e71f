"""What a DLL needs, read from made ones; whatever stands in a file, it is an answer or a refusal."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conda_cuda_plugin.libraries.elf import NotLoadable
from conda_cuda_plugin.libraries.pe import read_imports

from ..cli.which_bench import made_dll
from ..fuzz.watching import watched

NEEDS = ("KERNEL32.dll", "cublas64_12.dll", "cudnn64_9.dll")
DLL = made_dll(*NEEDS)


@pytest.mark.parametrize("needs", [(), NEEDS[:1], NEEDS, tuple(f"a{n}.dll" for n in range(500))])
def test_the_names(needs: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "a.dll").write_bytes(made_dll(*needs))
    assert read_imports(tmp_path / "a.dll") == needs


@settings(suppress_health_check=list(HealthCheck), deadline=None)
@given(
    content=st.one_of(
        st.binary(max_size=200),
        st.builds(
            lambda at, new: DLL[:at] + new + DLL[at + len(new) :],
            st.integers(0, len(DLL)),
            st.binary(min_size=1, max_size=8),
        ),
        st.integers(0, len(DLL)).map(lambda end: DLL[:end]),
    )
)
def test_any_file(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "any.dll").write_bytes(content)
    with watched():
        try:
            assert all(name for name in read_imports(tmp_path / "any.dll"))
        except NotLoadable as error:
            assert str(error)
