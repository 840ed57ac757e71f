"""What is named in place of a version that does not exist."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conda_cuda_plugin.platforms import PLATFORMS
from conda_cuda_plugin.sources.base import NotOffered, ToolkitRequest
from conda_cuda_plugin.sources.choice import NoSourceError
from conda_cuda_plugin.toolkit import has_instead, nearest, published
from conda_cuda_plugin.versions import CudaVersion, VersionRequest

KNOWN = published()
UPDATES: dict[str, list[str]] = {}
for _version in KNOWN:
    UPDATES.setdefault(_version.release, []).append(str(_version))

missing = st.tuples(st.sampled_from(sorted(UPDATES)), st.integers(0, 99_999)).filter(
    lambda pair: f"{pair[0]}.{pair[1]}" not in UPDATES[pair[0]]
)
"""A release, and the third number of an update that it does not have."""


def asked(text: str) -> ToolkitRequest:
    return ToolkitRequest(VersionRequest.parse(text), PLATFORMS["linux-64"])


@pytest.mark.parametrize(
    ("text", "names", "hint"),
    [
        ("12.4.9", ["12.4.0", "12.4.1"], "Of CUDA 12.4 there are 12.4.0 and 12.4.1."),
        ("==12.4.9", ["12.4.0", "12.4.1"], "Of CUDA 12.4 there are 12.4.0 and 12.4.1."),
        (
            "13.0.7",
            ["13.0.0", "13.0.1", "13.0.2", "13.0.3"],
            "Of CUDA 13.0 there are 13.0.0, 13.0.1, 13.0.2 and 13.0.3.",
        ),
        ("10.2.1", ["10.2.89"], "Of CUDA 10.2 there is 10.2.89."),
        ("9.2.99", ["9.2.88", "9.2.148"], "Of CUDA 9.2 there are 9.2.88 and 9.2.148."),
        (">=12.4.7,<12.5", ["12.4.0", "12.4.1"], "Of CUDA 12.4 there are 12.4.0 and 12.4.1."),
        (
            ">12.4.1,<12.5.0",
            ["12.4.0", "12.4.1", "12.5.0", "12.5.1"],
            "Of CUDA 12.4 and 12.5 there are 12.4.0, 12.4.1, 12.5.0 and 12.5.1.",
        ),
        (
            "12.7.3",
            ["12.5", "12.6", "12.8", "12.9"],
            "Nearest releases: 12.5, 12.6, 12.8, 12.9.",
        ),
        ("12.7", ["12.5", "12.6", "12.8", "12.9"], "Nearest releases: 12.5, 12.6, 12.8, 12.9."),
        ("1", ["7.5", "8.0", "9.0", "9.1"], "Nearest releases: 7.5, 8.0, 9.0, 9.1."),
    ],
)
def test_what_there_is_instead(text: str, names: list[str], hint: str) -> None:
    found = nearest(VersionRequest.parse(text), KNOWN)
    assert found is not None
    assert (found.names, found.hint) == (names, hint)


def test_nothing_is_named_where_nothing_is_known_or_asked_for() -> None:
    assert nearest(VersionRequest.parse("latest"), KNOWN) is None
    assert nearest(VersionRequest.parse("12.4.9"), ()) is None


@given(missing, st.sampled_from(["", "=="]))
def test_an_update_that_does_not_exist_names_all_of_its_release(
    pair: tuple[str, int], operator: str
) -> None:
    release, patch = pair
    request = asked(f"{operator}{release}.{patch}")
    error = NoSourceError(request, [NotOffered("pypi", f"has no CUDA {request.version}")])
    assert error.nearest == UPDATES[release]  # type: ignore[attr-defined]
    assert error.message == f"There is no CUDA {release}.{patch}."
    assert all(name in error.hints[0] for name in UPDATES[release])
    assert error.hints[0].startswith(f"Of CUDA {release} there ")


@given(missing, st.integers(0, 99_999))
def test_what_only_a_source_knows_of_is_named_too(pair: tuple[str, int], there: int) -> None:
    release, patch = pair
    extra = CudaVersion.parse(f"{release}.{there}")
    refusal = NotOffered("pypi", "has it not", known=[extra, CudaVersion(99, 0, 1)])
    error = NoSourceError(asked(f"{release}.{patch}"), [refusal])
    names = {*UPDATES[release], str(extra)}
    if there == patch:
        assert error.message == "The source pypi has it not."
    else:
        assert set(error.nearest) == names  # type: ignore[attr-defined]


def test_each_source_says_what_it_has_of_an_update_that_exists() -> None:
    refusals = [
        NotOffered("channel", "has no CUDA 12.6.0 on here"),
        NotOffered("pypi", "has no CUDA 12.6.0", known=[*KNOWN[-3:], CudaVersion(12, 6, 3)]),
        NotOffered("redist", "has no CUDA 12.6.0", known=[CudaVersion(12, 6, 2), CudaVersion(13, 0)]),
        NotOffered("system", "has no CUDA 12.6.0, only 12.6.1", known=[CudaVersion(12, 6, 1)]),
    ]  # fmt: skip
    error = NoSourceError(asked("12.6.0"), refusals)
    assert error.message == "No source can give CUDA 12.6.0 now."
    assert error.hints == [
        "channel: has no CUDA 12.6.0 on here",
        "pypi: has no CUDA 12.6.0",
        "redist: has no CUDA 12.6.0",
        "system: has no CUDA 12.6.0, only 12.6.1",
        "pypi has 12.6.3 of CUDA 12.6.",
        "redist has 12.6.2 of CUDA 12.6.",
        "conda cuda use 12.6.0 --from runfile   (NVIDIA's installer "
        "cuda_12.6.0_560.28.03_linux.run, whose SHA-256 is known)",
    ]


def test_a_source_with_nothing_of_the_release_says_nothing() -> None:
    for text in ("12.4", "latest", ">=12.4.0", "12.6.0"):
        assert has_instead("pypi", VersionRequest.parse(text), [CudaVersion(12, 4, 1)]) is None
