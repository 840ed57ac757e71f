"""Names, paths and values that become text for a shell: nothing is run but what is meant."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from conda_cuda_plugin.data import is_tool
from conda_cuda_plugin.install import view, wrappers
from conda_cuda_plugin.install.wrappers import compiler_in
from conda_cuda_plugin.platforms import platform_of
from conda_cuda_plugin.quoting import is_plain_name, shell_word, typed

from ..conftest import Conda
from ..shells.conftest import need
from ..shells.shells import SHELLS, RealShell
from ..sources.wheelhouse import COMPONENTS, only_folder, write_releases, write_wheel

LINUX = platform_of("linux-64")
SHARP = "a;$`'\"\\!&|<>(){}[]*?#~=%^,:@- \t\n"
NAMES = (
    "a;touch canary",
    "$(touch canary)",
    "`touch canary`",
    "a&touch canary",
    "a\ntouch canary",
    "nvcc;touch canary",
    "cuda-gdb;touch canary",
    "cuda-$(touch canary)",
    "a b",
    "-n",
    ".nvcc",
)
USERS = ("python", "conda", "ls", "sh", "gcc", "pip", "nvim", "ncursesw6-config", "nvidia-smi")
texts = st.one_of(
    st.lists(st.sampled_from([*SHARP, "touch canary"]), max_size=12).map("".join),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12),
    st.sampled_from(NAMES),
)
READERS = [
    pytest.param(shell, id=shell.name)
    for shell in SHELLS
    if shell.family in ("sh", "fish", "csh") and shell.name != "posh"
]
MANY = settings(
    max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), database=None
)


def words_read(shell: RealShell, words: list[str], folder: Path) -> list[str]:
    """What a program gets when a shell reads words; nothing else is run."""
    script = folder / "script"
    script.write_text("".join(f"/usr/bin/printf '%s\\0' {word}\n" for word in words))
    program = shell.path()
    assert program is not None
    done = subprocess.run(
        [program, *shell.command[1:], script],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        timeout=60,
    )
    assert {path.name for path in folder.iterdir()} <= {"script", ".local", ".config", ".cache"}
    return done.stdout.decode("utf-8", "surrogateescape").split("\0")[:-1]


@pytest.mark.parametrize("shell", READERS)
def test_every_shell_reads_a_word_letter_by_letter(shell: RealShell, tmp_path: Path) -> None:
    need(shell)

    @MANY
    @given(st.lists(texts, min_size=1, max_size=20))
    @example(list(NAMES))
    @example(
        ["'", "\\", "\\'", "\\\\", "a\\", "C:\\Program Files\\x", "!!", "=ls", "%self", "~", ""]
    )
    def check(many: list[str]) -> None:
        if shell.family == "csh":
            many = [text for text in many if "\n" not in text]
        assert words_read(shell, [shell_word(text) for text in many], tmp_path) == many

    check()


@pytest.mark.parametrize("shell", READERS)
def test_what_a_user_types_is_one_word(shell: RealShell, tmp_path: Path) -> None:
    """Control characters are none that can be typed: a question mark stands for each."""
    need(shell)

    @MANY
    @given(st.lists(texts, min_size=1, max_size=20))
    def check(many: list[str]) -> None:
        lines = [typed(text, windows=False) for text in many]
        assert not re.search(r"[\x00-\x1f\x7f-\x9f]", "".join(lines))
        plain = [text for text in many if not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", text)]
        assert words_read(shell, [typed(text, windows=False) for text in plain], tmp_path) == plain
        # One that holds others fits no file here, or is left as it is.
        words_read(shell, [line for line in lines if "?" in line], tmp_path)

    check()


# As conda's own function passes words on.
PASSED_ON = "function typed { & /usr/bin/printf '%s\\0' @args }\n"


def test_powershell_reads_what_a_user_types(tmp_path: Path) -> None:
    """Where one spelling holds in all shells: neither what sh needs \\ for nor both kinds of quotes."""
    [shell] = [shell for shell in SHELLS if shell.name == "pwsh"]
    need(shell)
    quotes = re.compile(
        "['\u2018-\u201b].*[\"$`\u201c-\u201e]|[\"$`\u201c-\u201e].*['\u2018-\u201b]"
    )

    @settings(MANY, max_examples=5)
    @given(st.lists(texts, min_size=20, max_size=40))
    @example(
        ["a,b", "@x", "x@y", "-a.b", "-a:b", "--a=b", "--a=b,c", "12.10", "it's", "a b", "1..2"]
    )
    def check(many: list[str]) -> None:
        plain = [
            text
            for text in many
            if text.isprintable() and not set(text) & set("\\!") and not quotes.search(text)
        ]
        lines = [f"typed {typed(text, windows=False)}" for text in plain]
        (tmp_path / "script.ps1").write_text(PASSED_ON + "\n".join(lines))
        program = shell.path()
        assert program is not None
        done = subprocess.run(
            [program, *shell.command[1:], "script.ps1"], cwd=tmp_path, capture_output=True
        )
        assert done.stdout.decode().split("\0")[:-1] == plain

    check()


@given(texts)
@example('a" & calc & "')
@example("%PATH%")
@example("$(calc)")
def test_on_windows_nothing_ends_the_quotes(text: str) -> None:
    word = typed(text, windows=True)
    if not re.fullmatch(r"[A-Za-z0-9_+:./\\-]+", word):
        assert word[0] == word[-1] == '"'
        assert not set(word[1:-1]) & set('"$`%!^\r\n')


def make_root(prefix: Path, names: list[str]) -> Path:
    """An environment whose toolkit has programs under these names, each of which makes a mark."""
    (prefix / "bin").mkdir(parents=True)
    root = prefix / "cuda"
    (root / "bin").mkdir(parents=True)
    for name in names:
        path = root / "bin" / name
        path.write_text(f"#!/bin/sh\nprintf tool >>{shell_word(str(prefix / 'ran'))}\n")
        path.chmod(0o755)
    return root


file_names = texts.filter(lambda name: name not in ("", ".", "..") and "/" not in name)


@MANY
@given(st.lists(st.one_of(file_names, st.sampled_from(USERS)), unique=True, max_size=8))
@example([*NAMES, *USERS])
def test_for_all_names_nothing_is_run_but_the_tool(names: list[str]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        prefix = Path(folder, "env")
        root = make_root(prefix, ["nvcc", "cuda-gdb-minimal", *names])
        found = set(view.programs(root, LINUX, owned=False))
        assert found >= {"nvcc", "cuda-gdb-minimal"}
        assert all(map(is_plain_name, found))
        assert not found & set(USERS)
        wrappers.write_own_tools(root, found)
        for name in found:
            text = wrappers.wrapper_text(name)
            for path in (prefix / "bin" / name, root / wrappers.OWN_TOOLS / name):
                if path.parent == prefix / "bin":
                    path.write_bytes(text)
                    path.chmod(0o755)
                done = subprocess.run([path], cwd=prefix, capture_output=True)
                assert not done.returncode and not done.stdout + done.stderr
                assert (prefix / "ran").read_text() == "tool"
                (prefix / "ran").unlink()
        assert {path.name for path in prefix.iterdir()} == {"bin", "cuda"}


@pytest.mark.parametrize("name", NAMES)
def test_no_text_is_made_for_another_name(name: str, tmp_path: Path) -> None:
    assert not is_tool(name)
    with pytest.raises(ValueError, match=re.escape(name)):
        wrappers.wrapper_text(name)
    wrappers.write_own_tools(make_root(tmp_path, []), [name])
    assert not (tmp_path / "cuda" / wrappers.OWN_TOOLS).exists()


def test_a_compiler_of_another_name_is_none(tmp_path: Path) -> None:
    root = make_root(tmp_path, ["a;touch canary-conda-linux-gnu-c++"])
    assert compiler_in(root) is None


@pytest.fixture
def hostile(conda: Conda, tmp_path: Path) -> Path:
    """An environment with the toolkit of a wheel that brings much more than nvcc."""
    wheels = write_releases(tmp_path / "wheels", "13.0.2")
    files = dict(COMPONENTS["nvidia-cuda-nvcc", "13.0.88"])
    for name in (*(name for name in NAMES if name.isprintable()), *USERS):
        files[f"nvidia/cu13/bin/{name}"] = b"#!/bin/sh\ntouch canary\n"
    write_wheel(wheels, "nvidia-cuda-nvcc", "13.0.88", files)
    cache = tmp_path / "pkgs"
    cache.mkdir()
    (cache / "urls.txt").touch()
    conda.variables.update(only_folder(wheels), CONDA_PKGS_DIRS=str(cache))
    prefix = conda.create(conda.envs / "hostile")
    conda.cuda("use", prefix, "13.0", "--from=pypi", "--components=nvcc", "-y")
    return prefix


def test_a_wheel_gets_wrappers_for_cudas_tools_alone(hostile: Path, conda: Conda) -> None:
    bin_ = hostile / "cuda" / "bin"
    brought = {path.name for path in bin_.iterdir() if path.is_file()}
    assert brought >= {"a;touch canary", "ls", "python"}
    assert {path.name for path in (hostile / "bin").iterdir()} == {"nvcc", "ptxas"}
    recorded = json.loads(conda.cuda("info", hostile, "--json").out)
    assert "touch" not in json.dumps(recorded)
    done = conda.cuda("doctor", hostile, check=False)
    assert "touch" not in done.out + done.err


def test_such_a_wheel_is_not_on_path_under_run(hostile: Path, conda: Conda, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    script = "cd $1; command -v ls; ls; nvcc"
    done = conda.cuda("run", hostile, "--", "sh", "-c", script, "sh", str(work))
    assert done.out.splitlines()[0] in ("/bin/ls", "/usr/bin/ls")
    assert "Cuda compilation tools" in done.out
    assert not os.listdir(work)


def test_wrappers_of_odd_names_from_before_are_taken_away(hostile: Path, conda: Conda) -> None:
    """An older version has written them; their header says that they are ours."""
    import hashlib

    state = hostile / "etc" / "conda" / "cuda" / "state.yaml"
    body = b"exec true\n"
    digest = hashlib.sha256(body).hexdigest()
    old = hostile / "bin" / "a;touch canary"
    old.write_text(f"#!/bin/sh\n# conda-cuda wrapper sha256:{digest}\n{body.decode()}")
    state.write_text(state.read_text().replace("wrappers:\n", "wrappers:\n- a;touch canary\n"))
    conda.cuda("off", hostile)
    assert not old.exists()
