"""What a file or a name holds steers no terminal: it is shown escaped."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conda_cuda_plugin.cli import complete
from conda_cuda_plugin.cli.layout import fields, heading, paint, table
from conda_cuda_plugin.errors import CudaError
from conda_cuda_plugin.quoting import escaped

from ..cli.cuda_files import export, resealed
from ..conftest import Conda

HOSTILE = "\x1b[31mred\x07 \u202egpj.exe \x9b2J\u2066\u200b\u2028end"
STEERS = set("\x1b\x07\u202e\x9b\u2066\u200b\u2028")


def test_a_terminal_gets_printable_lines_whatever_the_text() -> None:
    @given(st.text(st.characters() | st.sampled_from(sorted(STEERS))))
    def check(text: str) -> None:
        shown = escaped(text)
        assert shown.isprintable() and escaped(shown) == shown
        assert "\n".join(shown.splitlines()) == shown
        shown.encode()
        error = str(CudaError(text, hints=[text, text]))
        assert len(error.split("\n")) == 3
        assert all(line.isprintable() for line in error.split("\n"))
        lines = [*table([[text, "b"]]), *fields([("name", text)])]
        assert all(line.isprintable() for line in lines)

    check()


def test_every_line_for_people_goes_one_way() -> None:
    folder = Path(complete.__file__).parent
    found = {
        path.name for path in folder.rglob("*.py") if re.search(r"\bprint\(", path.read_text())
    }
    # What others print are documents and scripts.
    assert found == {"common.py", "completion.py", "doctor.py", "env.py", "export.py"}


@pytest.mark.parametrize("text", ["plain", "é/Ω 漢字", "C:\\new\\x1b"])
def test_what_steers_nothing_stays_as_it_is(text: str) -> None:
    assert escaped(text) == text
    assert heading(text, text) == [f"{text} ({text})"]
    assert paint(text, "bold") == text


def test_of_an_exported_file(conda: Conda, two: Path, environment: Path) -> None:
    path = export(conda, two)
    hostile = HOSTILE.replace("\x1b", "").replace("\x07", "")
    resealed(path, lambda content: content.update({"not-promised": [hostile]}))
    bad = path.with_name(f"{HOSTILE}.yaml")
    path.rename(bad)
    for words in ((), ("--dry-run",), ("-y",), ("-y",)):
        done = conda.cuda("apply", environment, bad, *words, check=False)
        assert STEERS & set(done.out + done.err) == set()
        assert "\\u202egpj.exe" in done.err
    bad.write_text("no such file\n")
    done = conda.cuda("apply", environment, bad, check=False)
    assert STEERS & set(done.out + done.err) == set() and "\\u202e" in done.err


@pytest.mark.parametrize("verb", ["list", "info", "doctor", "off", "which", "export"])
def test_of_an_environment(verb: str, conda: Conda, two: Path, tmp_path: Path) -> None:
    here = tmp_path / HOSTILE / "cuda-13.0"
    (here / "lib64").mkdir(parents=True)
    (here / "lib64" / "libcudart.so.13").touch()
    (here / "version.json").write_text('{"cuda": {"version": "13.0.2"}}')
    used = conda.cuda("use", two, here, "-y")
    (two / "cuda-13.0" / "lib64" / "libcudart.so.13").resolve().chmod(0o666)
    more = ["libcudart.so.13"] if verb == "which" else []
    done = conda.cuda(verb, two, *more, check=False)
    assert STEERS & set(used.out + used.err + done.out + done.err) == set()


def test_of_names_that_a_shell_completes(tmp_path: Path) -> None:
    for name in (HOSTILE, "plain"):
        (tmp_path / name / "conda-meta").mkdir(parents=True)
    rows = ["verb\tlist\tShow", "option\tlist\t-n\tenvironment\t", f"place\tenvs\t{tmp_path}"]
    done = subprocess.run(
        [sys.executable, "-I", "-S", complete.__file__, "list", "-n", ""],
        env={"_CONDA_CUDA_TABLE": "\n".join(rows)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "plain" in done.stdout and STEERS & set(done.stdout) == set()
