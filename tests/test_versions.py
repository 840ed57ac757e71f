"""CUDA versions and what may be asked for in place of one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from conda_cuda_plugin.errors import UsageError
from conda_cuda_plugin.versions import CudaVersion, VersionRequest

VERSIONS = st.builds(CudaVersion, st.integers(7, 13), st.integers(0, 9), st.integers(-1, 3))


@pytest.mark.parametrize(
    ("text", "version", "shown"),
    [
        ("12.4", CudaVersion(12, 4), "12.4"),
        ("12.4.1", CudaVersion(12, 4, 1), "12.4.1"),
        ("10.2.89", CudaVersion(10, 2, 89), "10.2.89"),
        ("12.8.2.0", CudaVersion(12, 8, 2), "12.8.2"),
    ],
)
def test_a_version_is_read_and_shown(text: str, version: CudaVersion, shown: str) -> None:
    assert CudaVersion.parse(text) == version
    assert str(version) == shown


@pytest.mark.parametrize(
    "text", ["12", "", "12.", "a.b", "12.4.1.2", "-1.2", "12.4 ; ls", "１２.４"]
)
def test_other_text_is_no_version(text: str) -> None:
    with pytest.raises(ValueError, match="not a CUDA version"):
        CudaVersion.parse(text)


@pytest.mark.parametrize(
    ("request_text", "newest"),
    [
        ("12.4", "12.4.1"),
        ("12.4.0", "12.4.0"),
        ("12", "12.9.1"),
        ("latest", "13.0.2"),
        (">=11.8,<12", "11.8.0"),
        (">12", "13.0.2"),
        ("<=12.4", "12.4.1"),
        ("!=13.0, >12.4", "12.9.1"),
        ("==11.8.0", "11.8.0"),
        ("12.7", None),
    ],
)
def test_a_request_takes_the_newest_that_fits(request_text: str, newest: str | None) -> None:
    known = [CudaVersion.parse(t) for t in ("11.8.0", "12.4.0", "12.4.1", "12.9.1", "13.0.2")]
    best = VersionRequest.parse(request_text).best(known)
    assert (str(best) if best else None) == newest


@pytest.mark.parametrize(
    "text", ["", "abc", "12.x", "12.4;rm", "../..", "--", "12.4,", "~=12", "1" * 500, ">=", "12 4"]
)
def test_a_malformed_request_is_refused_with_a_next_step(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        VersionRequest.parse(text)
    assert caught.value.return_code == 2
    assert "12.4" in caught.value.hints[-1]


@pytest.mark.parametrize("text", ["cuda-12.4", "cuda12.4", "CUDA 12.4", "v12.4", "cuda==12.4"])
def test_a_name_of_a_release_is_that_release(text: str) -> None:
    assert VersionRequest.parse(text) == VersionRequest.parse("12.4")


@pytest.mark.parametrize(
    ("text", "meant"),
    [("12,4", "12.4"), ("124", "12.4"), ("cu118", "11.8"), ("12_4", "12.4"), ("cuda-102", "10.2"),
     ("12.x", "12"), ("12-4", "12.4"), ("127", None), ("abc", None)],
)  # fmt: skip
def test_what_is_nearly_a_release_is_answered_with_it(text: str, meant: str | None) -> None:
    with pytest.raises(UsageError) as caught:
        VersionRequest.parse(text)
    said = [hint for hint in caught.value.hints if hint.startswith("Did you mean")]
    assert said == ([f"Did you mean {meant}?"] if meant else [])


@pytest.mark.parametrize(
    ("text", "specifier"),
    [
        ("12.4", "==12.4.*"),
        ("12.4.1", "==12.4.1.*"),
        ("latest", ""),
        (">=11.8,<12", ">=11.8,<12"),
        (">=12.0,<=12.4", ">=12.0,<12.5"),
        (">11.8,!=12.0", ">=11.9,!=12.0.*"),
        ("<=12.4.1", "<=12.4.1"),
    ],
)
def test_a_request_in_the_syntax_of_pip(text: str, specifier: str) -> None:
    assert VersionRequest.parse(text).specifier() == specifier


_CLAUSES = st.lists(
    st.tuples(
        st.sampled_from([">=", "<=", "==", "!=", ">", "<"]),
        st.lists(st.integers(0, 4), min_size=1, max_size=3),
    ),
    min_size=1,
    max_size=3,
)


@given(_CLAUSES, st.tuples(*[st.integers(0, 4)] * 3))
def test_pip_takes_what_meets_a_request(
    clauses: list[tuple[str, list[int]]], version: tuple[int, int, int]
) -> None:
    words = [f"{operator}{'.'.join(map(str, numbers))}" for operator, numbers in clauses]
    request = VersionRequest.parse(",".join(words))
    pips = SpecifierSet(request.specifier())
    assert pips.contains(".".join(map(str, version))) == request.matches(CudaVersion(*version))


@given(VERSIONS)
def test_every_version_is_met_by_its_own_request(version: CudaVersion) -> None:
    assert VersionRequest.parse(str(version)).matches(version)
    assert VersionRequest.parse(version.release).matches(version)
    assert VersionRequest.parse("latest").matches(version)


@given(VERSIONS, VERSIONS)
def test_ranges_agree_with_the_order_of_releases(one: CudaVersion, other: CudaVersion) -> None:
    at_least = VersionRequest.parse(f">={other.release}").matches(one)
    below = VersionRequest.parse(f"<{other.release}").matches(one)
    assert at_least is ((one.major, one.minor) >= (other.major, other.minor))
    assert below is not at_least


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        request = VersionRequest.parse(text)
    except UsageError:
        return
    assert request.text == text.strip()
