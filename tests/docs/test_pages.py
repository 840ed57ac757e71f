"""Every block of every page is looked at, and what cannot run says why."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from ..shells.sh_alone import SH_ALONE
from ..shells.test_syntax import powershell_parses
from .blocks import PROJECT, blocks_of, pages, steps_of
from .checks import RUN, blocks_below
from .compare import matches

HERE = Path(__file__).parent
LANGUAGES = {*RUN, "json", "yaml", "python", "cuda", "cpp", "text", "powershell", "bat"}
# Programs of Unix that PowerShell for Windows lacks.
UNIX = re.compile(r"\| (?:grep|head|sort)\b")
NOT_RUN = {
    "README.md": 1,
    "docs/commands.md": 2,
    "docs/how-to/docker.md": 3,
    "docs/how-to/notebooks.md": 1,
    "docs/how-to/offline.md": 2,
    "docs/how-to/pytorch.md": 1,
    "docs/how-to/tensorflow.md": 1,
    "docs/how-to/torch-extension.md": 1,
    "docs/index.md": 1,
    "docs/messages.md": 1,
    "docs/virtual-packages.md": 1,
}
"""How many blocks of a page cannot run where the tests run; a new one has to be counted here."""


def test_every_page_with_code_is_in_one_test_file() -> None:
    named = Counter(
        page
        for path in HERE.glob("test_*.py")
        for page in set(re.findall(r'"((?:docs/[\w/-]+|README)\.md)"', path.read_text()))
        if path.name != Path(__file__).name
    )
    with_code = {page for page in pages() if any(b.language != "text" for b in blocks_of(page))}
    assert with_code - set(named) == set()
    assert [page for page, count in named.items() if count > 1] == []


def test_what_does_not_run_is_counted_and_has_a_reason() -> None:
    found = [block for page in pages() for block in blocks_of(page) if block.not_run is not None]
    assert Counter(block.page for block in found) == NOT_RUN
    for block in found:
        assert len((block.not_run or "").split()) >= 3, f"{block.name} does not say why"


def test_no_block_is_of_an_unknown_language() -> None:
    unknown = [b.name for b in blocks_below(*pages()) if b.language not in LANGUAGES]
    assert unknown == []


@pytest.mark.parametrize("page", pages())
def test_what_sh_alone_reads_stands_beside_the_form_of_powershell(page: str) -> None:
    """Where a page has users type it; an image, a profile of sh and a script of ours are others'."""
    found = [
        step.command
        for block in blocks_of(page)
        if block.language in ("bash", "console") and not block.file
        for step in steps_of(block)
        if SH_ALONE.search(step.command) or UNIX.search(step.command)
    ]
    assert not found or "PowerShell" in (PROJECT / page).read_text(), found


def test_powershell_reads_its_blocks_and_5_1_would(tmp_path: Path) -> None:
    """A word of each block is known; tokens of later versions are told apart by their kind."""
    blocks = [b for page in pages() for b in blocks_of(page) if b.language == "powershell"]
    assert len(blocks) > 3
    script = tmp_path / "block.ps1"
    script.write_text("\n".join(block.text for block in blocks))
    found = powershell_parses(script, tmp_path)
    assert not [line for line in found if line.startswith(("error ", "token "))]


@pytest.mark.parametrize("page", pages())
def test_code_is_fenced(page: str) -> None:
    """A block that is only indented would not be looked at."""
    inside, before, found = False, "", []
    for number, line in enumerate((PROJECT / page).read_text().splitlines(), 1):
        if line.lstrip().startswith("```"):
            inside = not inside
        if not inside and line.startswith("    ") and not before.strip():
            found.append(f"{page}:{number}: {line}")
        before = line
    assert found == []


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("CUDA 12.4.1 is current.", "CUDA 12.4.1 is current.\n", True),
        ("CUDA 12.4.1 is current.", "CUDA 12.4.0 is current.\n", False),
        ("one\n...\nfour", "one\ntwo\nthree\nfour\n", True),
        ("one\n...\nfour", "one\nfour\n", True),
        ("one\n...\nfour", "one\ntwo\nfive\n", False),
        ("one", "one\ntwo", False),
        ("two", "one\ntwo", False),
        ("libcublas  2 KB", "libcublas 363.4 MB", True),
        ("sha256: 0123456789abcdef0", "sha256: fedcba98765432100", True),
        ("Proceed ([y]/n)? y\ndone", "Proceed ([y]/n)? done", True),
        ("a.*b", "a-b", False),
    ],
)
def test_comparison(shown: str, printed: str, same: bool) -> None:
    assert matches(shown, printed) is same
