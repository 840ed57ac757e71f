"""What every verb prints fits 80 columns, with the longest names; nothing is lost in --json."""

from __future__ import annotations

import shutil
import unicodedata
from pathlib import Path

import pytest
import wcwidth
from hypothesis import example, given
from hypothesis import strategies as st

from conda_cuda_plugin.cli import VERBS
from conda_cuda_plugin.cli.layout import columns, paragraph, shortened, table, wrapped

from ..conftest import Conda

LONG = "an-environment-with-a-name-that-nobody-can-remember-and-that-fills-a-whole-line-by-itself"
PYPI = ("--from=pypi", "--flavor=base")


@pytest.fixture
def long(conda: Conda, two: Path) -> Path:
    """An environment whose name is longer than the screen, beside one with a short name."""
    prefix = conda.envs / LONG
    shutil.copytree(two, prefix, symlinks=True)
    return prefix


def too_long(text: str) -> list[str]:
    """The lines that do not fit, but for those that hold a path or a command to be copied."""
    return [
        line
        for line in text.splitlines()
        if len(line) > 80 and not any("/" in word or LONG in word for word in line.split())
    ]


WORDS = {
    "list": ["list"],
    "list-envs": ["list", "--envs"],
    "list-system": ["list", "--system"],
    "list-available": ["list", "--available", "--offline"],
    "list-available-12.4": ["list", "--available", "12.4", "--offline"],
    "info": ["info"],
    "doctor": ["doctor"],
    "which-library": ["which", "libcudart.so.12"],
    "which-tool": ["which", "nvcc"],
    "which-missing": ["which", "libcublas.so.11"],
    "match": ["match", "torch==2.5.1"],
    "use-plan": ["use", "11.8", *PYPI, "--dry-run"],
    "use-add": ["use", "12.4", "--from=pypi", "--flavor=runtime", "--dry-run"],
    "use-switch": ["use", "13.0"],
    "use-switch-plan": ["use", "13.0", "--dry-run"],
    "use-refused": ["use", "12.7", *PYPI],
    "off": ["off"],
    "remove": ["remove", "12.4", "--yes"],
    "remove-plan": ["remove", "--all", "--dry-run"],
    "env": ["env"],
    "env-kernelspec": ["env", "--format", "kernelspec"],
    "run": ["run", "--", "echo", "done"],
    "mirror": ["mirror", "12.4", *PYPI, "--to", "usb", "--yes"],
}


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
def test_it_fits_the_screen(words: list[str], conda: Conda, long: Path) -> None:
    verb, *rest = words
    named = [] if verb in ("match", "mirror") or "--envs" in rest else ["-n", LONG]
    result = conda("cuda", verb, *named, *rest, check=False, COLUMNS="80")
    assert result.out + result.err
    assert "Traceback" not in result.err
    assert too_long(result.out) == []
    assert too_long(result.err) == []


def test_a_table_shortens_names_on_a_screen_alone(conda: Conda, long: Path) -> None:
    narrow = conda("cuda", "list", "--envs", COLUMNS="80").out
    assert max(map(len, narrow.splitlines())) <= 80
    row = next(line for line in narrow.splitlines() if line.startswith("an-env"))
    assert "..." in row.split()[0]
    assert row.split()[0].endswith("itself")
    assert {"13.0.2", "pypi"} <= set(row.split())
    # A pipe has no width: whatever reads it gets everything.
    assert LONG in conda("cuda", "list", "--envs", COLUMNS=None).out
    document = conda("cuda", "list", "--envs", "--json", COLUMNS="80").json
    assert LONG in [one["name"] for one in document["environments"]]


def test_a_title_puts_a_long_path_below(conda: Conda, long: Path) -> None:
    lines = conda("cuda", "list", "-p", long, COLUMNS="80").out.splitlines()
    assert lines[:2] == [f"# CUDA toolkits in {LONG}", f"# {long}"]


@pytest.mark.parametrize("verb", ["", *VERBS])
def test_the_help_fits_the_screen(verb: str, conda: Conda) -> None:
    text = conda("cuda", *verb.split(), "--help", COLUMNS="80").out
    assert [line for line in text.splitlines() if len(line) > 80] == []


cells = st.text(st.sampled_from("ab,- /"), max_size=60).map(str.strip)


@given(
    st.integers(1, 5).flatmap(
        lambda count: st.lists(
            st.lists(cells, min_size=count, max_size=count), min_size=1, max_size=5
        )
    ),
    st.integers(50, 200),
)
def test_any_table_fits(rows: list[list[str]], width: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(width))
        lines = table(rows)
        assert max(map(len, lines), default=0) <= width
        # What has room stays as it is.
        patch.setenv("COLUMNS", "1000")
        wide = table(rows)
    assert len(wide) == len(rows)
    for line, row in zip(wide, rows, strict=True):
        assert line.split() == " ".join(row).split()


@given(st.text(st.sampled_from("abc -"), max_size=80), st.integers(8, 40))
@example("--aaaaa a", 8)
def test_words_that_fit_are_not_lost(text: str, width: int) -> None:
    lines = wrapped(text, width)
    assert all(len(line) <= width for line in lines)
    kept = " ".join(lines).split()
    assert kept == [shortened(word, width) for word in text.split()]


# What names are made of in the world: letters of one and two columns, accents, emoji.
names = st.text(
    st.characters(
        codec="utf-8",
        categories=("Lu", "Ll", "Lt", "Lm", "Lo", "Nd", "Mn", "So", "Po"),
        max_codepoint=0x1FAFF,
    ).filter(lambda one: unicodedata.ucd_3_2_0.category(one) != "Cn" or one in "😀🚀🤖🧪"),
    max_size=40,
)


@given(names)
def test_a_text_is_as_wide_as_a_terminal_shows_it(text: str) -> None:
    assert columns(text) == wcwidth.wcswidth(text)


@given(names, st.integers(5, 40))
def test_a_shortened_word_keeps_its_ends(text: str, width: int) -> None:
    short = shortened(text, width)
    assert columns(short) <= width
    if columns(text) <= width:
        assert short == text
    elif "..." not in text:
        head, _, tail = short.partition("...")
        assert text.startswith(head)
        assert text.endswith(tail)


@given(st.lists(st.lists(names, min_size=3, max_size=3), min_size=1, max_size=5))
def test_columns_stand_below_each_other(rows: list[list[str]]) -> None:
    rows = [[f"a{cell}" for cell in row] for row in rows]
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("COLUMNS", raising=False)
        lines = table([[*row[:2], "|"] for row in rows])
    assert len({wcwidth.wcswidth(line.rpartition("|")[0]) for line in lines}) == 1


COMMANDS = [
    "conda cuda use 12.4",
    "conda cuda use 12.4 --from channel --flavor devel -n one",
    "conda cuda which nvcc",
    "conda cuda doctor --fix",
    "conda cuda run 12.4 -- nvcc --version",
    'conda cuda match torch==2.5.1 --for "driver=550,cc=8.9"',
    "conda cuda list --available -c conda-forge",
    "conda activate 'a path/with blanks'",
    "conda install -c conda-forge cuda-compat",
    "pip install torch==2.5.1 --index-url https://example.org/whl/cu124",
    "conda config --prepend pkgs_dirs FOLDER",
    "export LD_LIBRARY_PATH=/opt/lib:$LD_LIBRARY_PATH",
    "unset CUDA_HOME",
]
words = st.lists(
    st.sampled_from(["a", "driver", "is", "here;", "then", "(or", "there)", "it", "runs."])
)


@given(words, st.sampled_from(COMMANDS), words, st.integers(20, 120))
def test_a_command_is_never_broken(
    before: list[str], command: str, after: list[str], width: int
) -> None:
    text = " ".join([*before, f"{command}.", *after])
    lines = paragraph(text, "  ", "    ", width)
    assert any(command in line for line in lines)
    assert " ".join(lines).split() == text.split()
