from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..cli.conftest import cli_cache, conda, template, two, wheelhouse
from ..conftest import Result

__all__ = ["cli_cache", "conda", "template", "two", "wheelhouse"]

needs_root = pytest.mark.skipif(
    os.geteuid() != 0 and not os.environ.get("CI"), reason="only root can be two users"
)
"""For tests with a second user; CI is root, and where it is not they fail."""


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Path]:
    """A folder that no command may change: a file that others may write, as they like."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "precious").write_text("precious")
    (folder / "precious").chmod(0o666)
    folder.chmod(0o777)
    yield folder
    assert [path.name for path in folder.iterdir()] == ["precious"]
    assert (folder / "precious").read_text() == "precious"
    assert (folder / "precious").stat().st_mode & 0o777 == 0o666
    assert folder.stat().st_mode & 0o777 == 0o777


def in_words(done: Result) -> Result:
    """A command that has said in words what is wrong, if anything is."""
    assert "Traceback" not in done.err + done.out, done.err
    assert "unexpected error" not in done.err, done.err
    assert done.code in (0, 1, 2, 3), done.err
    return done
