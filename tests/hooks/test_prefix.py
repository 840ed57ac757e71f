"""Which environments are refused at install time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conda_cuda_plugin.errors import PrefixCharacterError
from conda_cuda_plugin.hooks import check_prefix

GOOD = ["/opt/conda", "/home/ü n/my env", "/x/-a", "/x/bang!", "/x/a*b?[c]", "/x/a%b^c", "/x/t\tb"]


@pytest.mark.parametrize("prefix", GOOD)
def test_odd_but_possible_prefixes_pass(prefix: str) -> None:
    check_prefix(prefix, windows=False)


@pytest.mark.parametrize("char", ":;$'\"`\n\r")
def test_prefix_that_a_shell_or_the_loader_takes_apart_is_refused(char: str) -> None:
    with pytest.raises(PrefixCharacterError) as caught:
        check_prefix(f"/opt/a{char}b", windows=False)
    assert caught.value.char == char


def test_colon_of_a_drive_is_no_obstacle_on_windows() -> None:
    check_prefix("C:\\Users\\A B (x)\\miniconda3", windows=True)


@pytest.mark.parametrize("char", ";$'\"`%^\n")
def test_prefix_that_cmd_takes_apart_is_refused_on_windows(char: str) -> None:
    with pytest.raises(PrefixCharacterError):
        check_prefix(f"C:\\a{char}b", windows=True)


@given(st.text())
def test_answer_depends_on_single_characters_only(text: str) -> None:
    def refused(part: str) -> bool:
        try:
            check_prefix(part, windows=False)
        except PrefixCharacterError:
            return True
        return False

    assert refused(text) == any(map(refused, text))
