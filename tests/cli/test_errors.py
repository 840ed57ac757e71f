"""Errors: one sentence, a next step, the right exit code, and nothing changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ..conftest import Conda
from ..listing import listing
from .in_words import PYPI, assert_in_words, assert_json

VERSIONS = {
    "letters": "abc",
    "placeholder": "12.x",
    "empty": "",
    "blank": " ",
    "dots": "..",
    "command": "12.4;rm -rf",
    "substitution": "$(id)",
    "arabic-digits": "١٢.٤",
    "fullwidth-digits": "１２.４",
    "superscript": "12²",
    "negative": "12.-4",
    "exponent": "1e1",
    "very-long": "1" * 10_000,
    "many-parts": "1." * 500 + "1",
    "range-without-number": ">=",
    "range-with-letters": ">=a,<b",
    "newline": "12.4\n13",
    "control": "12.4\x1b[31m",
    "name": "cuda-toolkit",
}


@pytest.mark.parametrize("text", VERSIONS.values(), ids=VERSIONS)
def test_what_is_no_version(text: str, conda: Conda, two: Path) -> None:
    before = listing(two)
    result = conda.cuda("use", two, text, *PYPI, check=False)
    shown = text.strip()
    shown = repr(shown if len(shown) <= 40 else f"{shown[:40]}...")
    assert_in_words(result, 2, f"{shown} is not a CUDA version.")
    result = conda.cuda("use", two, text, *PYPI, "--json", check=False)
    assert_json(result, 2, f"{shown} is not a CUDA version.")
    assert listing(two) == before


@pytest.mark.parametrize("text", ["../..", "/", ".", "./", "../cuda", "/etc/passwd"])
def test_a_path_that_is_no_toolkit(text: str, conda: Conda, two: Path) -> None:
    before = listing(two)
    result = conda.cuda("use", two, text, "--yes", check=False)
    assert (result.code, "Traceback" in result.err) == ((2, False) if text == "." else (1, False))
    assert listing(two) == before


def test_dashes_alone_are_no_version(conda: Conda, two: Path) -> None:
    """argparse takes them for the end of the options: what is recorded is used."""
    result = conda.cuda("use", two, "--")
    assert result.out == "CUDA 12.4.1 is current in two already.\n"


def test_a_version_that_does_not_exist(conda: Conda, two: Path) -> None:
    before = listing(two)
    message = "There is no CUDA 12.7."
    assert_in_words(conda.cuda("use", two, "12.7", *PYPI, check=False), 1, message)
    result = conda.cuda("use", two, "12.7", *PYPI, "--json", check=False)
    assert_json(result, 1, message)
    assert result.json["nearest"] == ["12.5", "12.6", "12.8", "12.9"]
    assert listing(two) == before


@pytest.mark.parametrize(
    ("words", "code", "sentence", "hint"),
    [
        (["use", "12.4.9", *PYPI], 1, "There is no CUDA 12.4.9.", "Of CUDA 12.4 there are 12.4.0 and 12.4.1."),
        (["use", "==12.4.9", *PYPI], 1, "There is no CUDA 12.4.9.", "Of CUDA 12.4 there are 12.4.0 and 12.4.1."),
        (["use", "10.2.1", *PYPI], 1, "There is no CUDA 10.2.1.", "Of CUDA 10.2 there is 10.2.89."),
        (["use", "12.4.0", *PYPI], 1, "The source pypi has no CUDA 12.4.0.", "pypi has 12.4.1 of CUDA 12.4."),
        (["run", "9.2.99", "--", "true"], 1, "CUDA 9.2.99 is not installed in this environment.", "Of CUDA 9.2 there are 9.2.88 and 9.2.148."),
        (["env", "12.7.1"], 1, "CUDA 12.7.1 is not installed in this environment.", "Nearest releases: 12.5, 12.6, 12.8, 12.9."),
    ],
    ids=lambda value: " ".join(value[:2]) if isinstance(value, list) else "",
)  # fmt: skip
def test_an_update_that_does_not_exist(
    words: list[str], code: int, sentence: str, hint: str, conda: Conda, two: Path
) -> None:
    verb, *rest = words
    result = conda.cuda(verb, two, *rest, check=False)
    assert_in_words(result, code, sentence)
    assert f"{sentence}\n  {hint}\n" in result.err


def test_no_environment_is_active(conda: Conda) -> None:
    message = "No environment is active, and none was named."
    for words in (
        ["use", "12.4"],
        ["list"],
        ["info"],
        ["off"],
        ["remove", "--all"],
        ["run", "--", "x"],
    ):
        assert_in_words(conda("cuda", *words, check=False), 1, message)
    assert_json(conda("cuda", "use", "12.4", "--json", check=False), 1, message)


@pytest.mark.parametrize(
    "verb", [["use", "12.4"], ["list"], ["info"], ["off"], ["remove", "--all"]]
)
def test_not_an_environment(verb: list[str], conda: Conda, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    message = f"{folder} is not a conda environment."
    assert_in_words(conda("cuda", *verb, "-p", folder, check=False), 1, message)
    assert_json(conda("cuda", *verb, "-p", folder, "--json", check=False), 1, message)
    assert list(folder.iterdir()) == []


def test_a_name_that_does_not_exist(conda: Conda) -> None:
    message = f"{conda.envs / 'nobody'} is not a conda environment."
    assert_in_words(conda("cuda", "use", "12.4", "-n", "nobody", check=False), 1, message)
    assert not (conda.envs / "nobody").exists()


def test_nobody_answers_the_question(conda: Conda, two: Path) -> None:
    before = listing(two)
    words = ["11.8", "--from=pypi", "--flavor=base"]
    result = conda.cuda("use", two, *words, check=False)
    assert_in_words(result, 1, "Cannot ask for confirmation: standard input is not a terminal.")
    assert listing(two) == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(["use", "12.4", "--from=nowhere"], "'nowhere' is not a source of toolkits.", id="source"),
        pytest.param(["use", "12.4", "--components=cudart,warp"], "'warp' is not a component of the CUDA toolkit.", id="component"),
        pytest.param(["use", "12.4", "--cudnn=nine"], "'nine' is not a version of cuDNN.", id="cudnn"),
        pytest.param(["use", "12.4", "--sha256=12"], "'12' is not a SHA-256: it has to be 64 digits from 0 to 9 and a to f.", id="sha256"),
        pytest.param(["remove"], "Name one version, or --all.", id="remove-nothing"),
        pytest.param(["remove", "12.4", "--all"], "Name one version, or --all.", id="remove-one-and-all"),
        pytest.param(["remove", "x"], "'x' is not a CUDA version.", id="remove-no-version"),
        pytest.param(["run"], "No command was named.", id="run-nothing"),
        pytest.param(
            ["run", "12.4", "-n", "x", "--", "true"],
            "'-n' is not a command.",
            id="run-options-after-the-version",
        ),
        pytest.param(["run", "12.4", "--"], "No command was named.", id="run-nothing-after-dashes"),
    ],
)  # fmt: skip
def test_words_that_make_no_sense(words: list[str], message: str, conda: Conda, two: Path) -> None:
    before = listing(two)
    verb, *rest = words
    assert_in_words(conda.cuda(verb, two, *rest, check=False), 2, message)
    assert listing(two) == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(["remove", "11.8", "--yes"], "CUDA 11.8 is not installed in this environment.", id="remove"),
        pytest.param(["run", "11.8", "--", "true"], "CUDA 11.8 is not installed in this environment.", id="run"),
        pytest.param(["run", "--", "no-such-command"], "The command 'no-such-command' was not found.", id="run-unknown"),
    ],
)  # fmt: skip
def test_what_is_not_there(words: list[str], message: str, conda: Conda, two: Path) -> None:
    before = listing(two)
    verb, *rest = words
    assert_in_words(conda.cuda(verb, two, *rest, check=False), 1, message)
    assert listing(two) == before


def foreign(place: str, make: Callable[[Path], object]) -> Callable[[Path], Path]:
    def put(prefix: Path) -> Path:
        path = prefix / place
        path.parent.mkdir(parents=True, exist_ok=True)
        make(path)
        return path

    return put


def folder_with_file(path: Path) -> None:
    path.mkdir()
    (path / "mine").write_text("mine")


FOREIGN = {
    "wrapper-file": (foreign("bin/nvcc", lambda p: p.write_text("mine")), "a wrapper has to go there"),
    "wrapper-link": (foreign("bin/ptxas", lambda p: p.symlink_to("nowhere")), "a wrapper has to go there"),
    "wrapper-folder": (foreign("bin/nvcc", folder_with_file), "a wrapper has to go there"),
    "link-is-a-folder": (foreign("cuda", folder_with_file), "the link to the current toolkit has to go there"),
    "link-is-a-file": (foreign("cuda", lambda p: p.write_text("mine")), "the link to the current toolkit has to go there"),
    "link-leads-elsewhere": (foreign("cuda", lambda p: p.symlink_to("/usr")), "the link to the current toolkit has to go there"),
    "root-folder": (foreign("cuda-13.0", folder_with_file), "the toolkit has to go there"),
    "root-file": (foreign("cuda-13.0", lambda p: p.write_text("mine")), "the toolkit has to go there"),
    "root-link": (foreign("cuda-13.0", lambda p: p.symlink_to("/usr")), "the toolkit has to go there"),
    "hook": (foreign("etc/conda/activate.d/~conda-cuda.sh", lambda p: p.write_text("echo mine")), "a hook has to go there"),
    "hook-link": (foreign("etc/conda/deactivate.d/~conda-cuda.fish", lambda p: p.symlink_to("nowhere")), "a hook has to go there"),
}  # fmt: skip


@pytest.mark.parametrize(("put", "reason"), FOREIGN.values(), ids=FOREIGN)
def test_a_foreign_file_is_never_overwritten(
    put: Callable[[Path], Path], reason: str, conda: Conda, environment: Path
) -> None:
    path = put(environment)
    before = listing(environment)
    words = ["13.0", "--from=pypi", "--components=nvcc", "--yes"]
    message = (
        f"{path} is in the way ({reason}): conda cuda did not write it, so it stays untouched."
    )
    assert_in_words(conda.cuda("use", environment, *words, check=False), 1, message)
    assert_json(conda.cuda("use", environment, *words, "--json", check=False), 1, message)
    assert listing(environment) == before


def test_a_foreign_file_of_a_package_names_the_package(conda: Conda, environment: Path) -> None:
    (environment / "bin").mkdir()
    (environment / "bin" / "nvcc").write_text("theirs")
    record = environment / "conda-meta" / "their-nvcc-1.0-0.json"
    record.write_text(
        '{"name": "their-nvcc", "version": "1.0", "build": "0", "build_number": 0,'
        ' "channel": "x", "subdir": "linux-64", "fn": "their-nvcc-1.0-0.conda",'
        ' "depends": [], "files": ["bin/nvcc"], "url": "file:///x/linux-64/their-nvcc-1.0-0.conda"}'
    )
    words = ["13.0", "--from=pypi", "--components=nvcc", "--yes"]
    result = conda.cuda("use", environment, *words, check=False)
    assert "it belongs to the package their-nvcc-1.0-0, so it stays untouched." in result.err
    assert "conda remove their-nvcc" in result.err


@pytest.mark.parametrize("char", [":", ";", "$", "'", '"', "`"])
def test_a_path_that_shells_take_apart(char: str, conda: Conda, tmp_path: Path) -> None:
    prefix = conda.create(tmp_path / f"a{char}b")
    message = (
        f"The environment's path holds {char!r}, which LD_LIBRARY_PATH or a shell would take "
        f"apart: {prefix}"
    )
    result = conda.cuda("use", prefix, "12.4", *PYPI, check=False)
    assert (result.code, "Traceback" in result.err) == (1, False)
    assert message in result.err
    assert_json(conda.cuda("use", prefix, "12.4", *PYPI, "--json", check=False), 1, message)
    assert sorted(listing(prefix)) == ["conda-meta", "conda-meta/history"]


@pytest.mark.parametrize(
    "name", ["with blank", "ünïcödé", "percent%s", "hash#tag", "tilde~", "a&b"]
)
def test_other_paths_work(name: str, conda: Conda, tmp_path: Path) -> None:
    prefix = conda.create(tmp_path / name)
    conda.cuda("use", prefix, "12.4", *PYPI)
    assert (prefix / "cuda/lib64/libcudart.so.12").read_bytes() == b"cudart 12.4"
