"""The block in `conda-meta/pinned`, for all files that a user may have there."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conda_cuda_plugin.environment import Environment
from conda_cuda_plugin.errors import CudaError
from conda_cuda_plugin.install import pin
from conda_cuda_plugin.versions import CudaVersion

LINES: Any = st.sampled_from(
    [b"numpy 1.26.*", b"# mine", b"", b"   ", b"python >=3.10,<3.12", b"# \xfc latin", b"cudnn 9.*"]
)
FILES: Any = st.none() | st.builds(
    lambda lines, end, last: end.join(lines) + (end if last else b""),
    st.lists(LINES, max_size=4),
    st.sampled_from([b"\n", b"\r\n"]),
    st.booleans(),
)
RELEASES: Any = st.sampled_from(["10.2.89", "11.8.0", "12.4.1", "13.0"]).map(CudaVersion.parse)


@contextmanager
def environment(data: bytes | None) -> Iterator[Environment]:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "conda-meta").mkdir()
        if data is not None:
            (Path(folder) / pin.PINNED).write_bytes(data)
        yield Environment(Path(folder))


def content(environment: Environment) -> bytes | None:
    path = environment.prefix / pin.PINNED
    return path.read_bytes() if path.exists() else None


@given(FILES, st.lists(RELEASES, min_size=1, max_size=3))
def test_the_users_lines_survive_byte_for_byte(
    data: bytes | None, versions: list[CudaVersion]
) -> None:
    with environment(data) as env:
        for version in versions:
            pin.put(env, version)
            assert (content(env) or b"").startswith(data or b"")
            assert pin.pins(env)[0] == f"cuda-version {version.release}.*"
            assert (content(env) or b"").count(b"cuda-version") == 1
        assert pin.remove(env)
        assert content(env) == data
        assert not pin.remove(env)
        assert not pin.is_pinned(env)


@given(FILES, RELEASES, LINES, LINES)
def test_what_the_user_writes_later_stays(
    data: bytes | None, version: CudaVersion, before: bytes, behind: bytes
) -> None:
    with environment(data) as env:
        pin.put(env, version)
        path = env.prefix / pin.PINNED
        path.write_bytes(before + b"\n" + path.read_bytes() + behind + b"\n")
        pin.remove(env)
        left = content(env) or b""
        assert left.startswith(before + b"\n" + (data or b""))
        assert left.endswith(behind + b"\n")
        assert b"cuda" not in left.replace(b"cudnn", b"")


@given(FILES, RELEASES)
def test_it_is_what_conda_reads(data: bytes | None, version: CudaVersion) -> None:
    from conda.core.solve import get_pinned_specs

    text = (data or b"").decode("latin-1").encode("ascii", "replace")
    # conda up to 26.7 takes a line of blanks for a spec.
    text = text.replace(b"   ", b"")
    with environment(text) as env:
        before = [spec.name for spec in get_pinned_specs(str(env.prefix))]
        pin.put(env, version)
        specs = get_pinned_specs(str(env.prefix))
        ours = pin.pins(env)
        assert [spec.name for spec in specs] == before + [spec.split()[0] for spec in ours]
        assert specs[-len(ours)].version.match(version.release)
        assert not specs[-len(ours)].version.match("12.5")


def test_a_line_that_the_user_puts_into_the_block_is_his(tmp_path: Path) -> None:
    with environment(None) as env:
        pin.put(env, CudaVersion.parse("12.4"))
        path = env.prefix / pin.PINNED
        lines = path.read_text().splitlines()
        path.write_text("\n".join([*lines[:2], "numpy 1.26.*", *lines[2:]]) + "\n")
        pin.remove(env)
        assert path.read_text() == "numpy 1.26.*\n"


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("12.4.1", ["cuda-version 12.4.*"]),
        ("11.8.0", ["cuda-version 11.8.*", "cudatoolkit 11.8|11.8.*"]),
        ("10.2.89", ["cuda-version 10.2.*", "cudatoolkit 10.2|10.2.*"]),
    ],
)
def test_cudatoolkit_is_pinned_as_long_as_it_exists(version: str, expected: list[str]) -> None:
    assert pin.specs_for(CudaVersion.parse(version)) == expected


@pytest.mark.parametrize(
    ("own", "kept"),
    [
        ("cudatoolkit 11.8.0 h4ba93d1_12", True),
        ("cudatoolkit 11.8.*", True),
        ("cudatoolkit 11.*", False),
        ("cudatoolkit", False),
        ("numpy 1.26", False),
    ],
)
def test_a_narrower_pin_of_the_users_is_not_weakened(own: str, kept: bool) -> None:
    specs = pin.specs_for(CudaVersion.parse("11.8"), [own])
    assert ("cudatoolkit 11.8|11.8.*" not in specs) is kept


@pytest.mark.parametrize(
    ("line", "version", "fits"),
    [
        ("cuda-version 12.4", "12.4.1", True),
        ("cuda-version 12.*", "12.4.1", True),
        ("conda-forge::cuda-version>=12,<13", "12.4.1", True),
        ("cuda-version", "12.4.1", True),
        ("cudatoolkit 10.2.89", "10.2.89", True),
        ("cudatoolkit 11.8.0 h4ba93d1_12", "11.8.0", True),
        ("cudatoolkit 11.8.0", "12.4.1", False),
        ("cuda-version 11.8", "12.4.1", False),
        ("cuda-version=12", "13.0.2", False),
        ("numpy 1.26", "13.0.2", True),
        ("what >= is < this", "13.0.2", True),
    ],
)
def test_a_pin_that_leaves_no_package_is_refused(line: str, version: str, fits: bool) -> None:
    with environment(f"{line}\n".encode()) as env:
        if fits:
            pin.check_pin(env, CudaVersion.parse(version))
            return
        with pytest.raises(CudaError) as caught:
            pin.check_pin(env, CudaVersion.parse(version))
        assert caught.value.message.startswith(f"You have pinned '{line}' in ")
