"""`conda cuda completion`: what bash, zsh and fish offer, and what they leave to others."""

from __future__ import annotations

import argparse
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from conda_cuda_plugin.cli import VERBS, verb_parser
from conda_cuda_plugin.cli.complete import complete, read_table
from conda_cuda_plugin.cli.completion_table import kind_of

from ..conftest import Conda
from .completing import Shells, terminal
from .conftest import _with_wheels

SHELLS = ("bash", "zsh", "fish", "powershell")
# PowerShell has room for one completer of a command.
ROOMY = SHELLS[:3]
PREVIOUS = {
    "bash": "_old() { COMPREPLY=(install inspect); }; complete -F _old conda",
    "zsh": "_old() { compadd -- install inspect; }; compdef _old conda",
    "fish": "complete -c conda -f -a 'install inspect'",
}
"""What another program has registered for conda."""


@pytest.fixture(scope="module")
def completing(
    conda_exe: Path,
    cli_cache: Path,
    wheelhouse: Path,
    template: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Shells]:
    """Shells with `two` active, which has 13.0 and 12.4; there are `train` and one elsewhere, too."""
    home = tmp_path_factory.mktemp("home")
    conda = _with_wheels(conda_exe, home, cli_cache, wheelhouse)
    shutil.copytree(template, conda.envs / "two", symlinks=True)
    conda.create(conda.envs / "train")
    (home / ".conda").mkdir()
    (home / ".conda/environments.txt").write_text(f"{conda.create(home / 'else where')}\n")
    folder = tmp_path_factory.mktemp("shells")
    (folder / "file.yaml").touch()
    (folder / "folder").mkdir()
    shells = Shells(conda, folder, conda.envs / "two")
    yield shells
    shells.close()


def ending(offers: list[str]) -> set[str]:
    """Offers without what bash keeps of a word that holds a = or a folder's slash."""
    found = {offer.rstrip("/ ").rpartition("=")[2] for offer in offers}
    # PowerShell puts the current folder in front.
    return found | {offer.removeprefix("./") for offer in found}


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("line", "offered", "not_offered"),
    [
        ("conda cuda ", {"use", "list", "completion"}, {"--help"}),
        ("conda cuda ma", {"match"}, {"use"}),
        ("conda cuda --ver", {"--version"}, {"use"}),
        ("conda cuda use ", {"auto", "latest", "12.4", "13.0", "11.8"}, {"use"}),
        ("conda cuda use --fl", {"--flavor"}, {"--from"}),
        ("conda cuda use --flavor ", {"base", "runtime", "devel"}, {"12.4"}),
        ("conda cuda use --flavor=r", {"runtime"}, {"base"}),
        ("conda cuda use 12.4 --from p", {"pypi"}, {"channel"}),
        ("conda cuda use --from ", {"channel", "redist", "file.yaml"}, {"12.4"}),
        ("conda cuda use --components cudart,nvv", {"cudart,nvvm"}, {"cudart,nvcc"}),
        ("conda cuda use --for torch==2.5", {"2.5.1"}, {"2.4.1"}),
        ("conda cuda remove ", {"13.0", "12.4"}, {"11.8", "auto"}),
        ("conda cuda remove -n train ", set(), {"13.0", "12.4"}),
        ("conda cuda env 1", {"13.0", "12.4"}, {"11.8"}),
        ("conda cuda list -n t", {"train", "two"}, {"base"}),
        ("conda cuda list --available 12.", {"12.4", "12.8"}, {"13.0"}),
        ("conda cuda list --c", {"--channel"}, {"--canonical"}),
        ("conda cuda match te", {"tensorflow"}, {"torch"}),
        ("conda cuda which libcudart.so.1", {"libcudart.so.12"}, {"nvcc"}),
        ("conda cuda apply ", {"file.yaml", "folder"}, {"12.4"}),
        ("conda cuda mirror 12.4 --to ", {"folder"}, {"file.yaml"}),
        ("conda cuda completion ", {"bash", "zsh", "fish", "powershell"}, set()),
        ("conda cuda run ", {"13.0", "12.4", "--"}, {"11.8"}),
        ("conda cuda run 12.4 -- read", {"readlink"}, {"readlin"}),
        ("conda cuda run 12.4 -- cat fi", {"file.yaml"}, {"folder"}),
    ],
)  # fmt: skip
def test_what_is_offered(
    shell: str, line: str, offered: set[str], not_offered: set[str], completing: Shells
) -> None:
    found = ending(completing.offers(shell, line))
    assert (offered - found, not_offered & found) == (set(), set())


@pytest.mark.parametrize("shell", SHELLS)
def test_an_environment_that_has_no_name(shell: str, completing: Shells) -> None:
    """conda has written down where it lies; a name with a blank stays one word."""
    found = completing.offers(shell, "conda cuda list -p ")
    name = {"fish": "else where", "powershell": "else where'"}.get(shell, "else\\ where")
    assert [offer for offer in found if offer.endswith(f"/{name}")], found


@pytest.mark.parametrize("shell", ROOMY)
def test_others_go_on_completing_conda(shell: str, completing: Shells) -> None:
    found = completing.offers(shell, "conda ins", PREVIOUS[shell])
    assert {"install", "inspect"} & set(found)
    assert "cuda" in completing.offers(shell, "conda cu", PREVIOUS[shell])
    found = completing.offers(shell, "conda cuda li", PREVIOUS[shell])
    assert set(found) == {"list"}


@pytest.mark.parametrize("shell", ROOMY)
def test_reading_the_script_twice_changes_nothing(shell: str, completing: Shells) -> None:
    twice = f"{PREVIOUS[shell]}\nsource {completing.scripts[shell]}"
    assert "install" in completing.offers(shell, "conda inst", twice)
    assert completing.offers(shell, "conda cuda li", twice) == ["list"]


def test_fishs_own_completion_of_conda_stays(completing: Shells) -> None:
    """It begins with taking away all that is there, when a line with conda is completed first."""
    plain = completing.run("fish", "-c", "complete -C 'conda install --cha'").splitlines()
    assert plain
    line = "conda install --cha"
    assert completing.offers("fish", line) == [text.partition("\t")[0] for text in plain]
    # As fish loads it by itself, in place of its own.
    place = completing.folder / "config/fish/completions/conda.fish"
    place.parent.mkdir(parents=True)
    shutil.copy(completing.scripts["fish"], place)
    try:
        script = f"complete -C '{line}'; complete -C 'conda cuda li'"
        assert completing.run("fish", "-c", script).splitlines()[:-1] == plain
    finally:
        place.unlink()


def test_bash_lets_bash_completion_load_its_own(completing: Shells) -> None:
    loader = "_comp_load() { complete -F _loaded conda; }; _loaded() { COMPREPLY=(install); }"
    assert completing.offers("bash", "conda in", loader) == ["install"]


def test_zsh_says_when_compinit_is_missing(completing: Shells) -> None:
    done = subprocess.run(
        ["zsh", "-f", "-c", f"source {completing.scripts['zsh']}"], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "autoload -Uz compinit; compinit" in done.stderr


@pytest.mark.parametrize(
    ("shell", "words"), [("bash", ["--norc", "--noprofile", "-i"]), ("zsh", ["-f", "-i"])]
)
def test_the_tabulator_key(shell: str, words: list[str], completing: Shells) -> None:
    """A person types, and the shell puts in the rest."""
    start = "autoload -Uz compinit; compinit -u -D; " if shell == "zsh" else ""
    with terminal([shell, *words], completing.variables, completing.folder) as screen:
        screen.write(
            f"{start}conda() {{ echo \"GOT:$*:END\"; }}; . {completing.scripts[shell]}; echo RE''ADY\n"
        )
        screen.read_until("READY")
        screen.write("conda cuda remo\t13\t\n")
        screen.read_until("GOT:cuda remove 13.0:END")
        screen.write("conda cuda use --flav\tdev\t12.\x15conda cuda use --flavor=dev\t\n")
        screen.read_until("GOT:cuda use --flavor=devel:END")


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_silent_where_the_plugin_is_gone(
    shell: str, completing: Shells, tmp_path: Path
) -> None:
    script = completing.scripts[shell]
    before = script.read_text()
    script.write_text(before.replace("complete.py", "gone.py"))
    try:
        assert completing.offers(shell, "conda cuda us") == []
    finally:
        script.write_text(before)


def test_no_conda_starts_and_the_plugin_is_not_imported(completing: Shells, conda: Conda) -> None:
    """A line of completion costs a bare Python."""
    text = completing.scripts["bash"].read_text()
    program = next(line for line in text.splitlines() if "_conda_cuda_program=(" in line)
    words = program.partition("(")[2].rstrip(")").replace("'", "").split()
    table = text.partition("_conda_cuda_table='")[2].partition("'\n")[0].replace("'\"'\"'", "'")
    python, *options, file = words
    assert options == ["-I", "-S", "-X", "utf8"]
    code = (
        "import re, runpy, sys; before = set(sys.modules); sys.argv = ['x', 'use', '-n', '']; "
        f"runpy.run_path({file!r}, run_name='__main__'); "
        "print('NEW', *sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [python, *options, "-c", code],
        env={**completing.variables, "_CONDA_CUDA_TABLE": table}, capture_output=True, text=True,
    )  # fmt: skip
    *lines, new = done.stdout.splitlines()
    assert "two" in {line.partition("\t")[0] for line in lines}
    modules = set(new.split()[1:])
    assert not {
        name for name in modules if name.startswith(("conda", "argparse", "json", "subprocess"))
    }


def test_every_value_is_known(conda: Conda) -> None:
    """An option that takes a value needs a kind, or its value would be taken for a word."""
    for verb in VERBS:
        for action in verb_parser(verb)._actions:
            if action.nargs == 0 or action.help == argparse.SUPPRESS:
                continue
            assert kind_of(verb, action), f"{verb}: {action.option_strings or action.dest}"


def test_the_cache_tells_releases_that_no_table_knows(tmp_path: Path) -> None:
    (tmp_path / "conda-cuda").mkdir()
    (tmp_path / "conda-cuda/releases.json").write_text('{"99.1.0": []}')
    rows = read_table(f"verb\tuse\t\nword\tuse\trelease\nplace\tpkgs\t{tmp_path}")
    assert list(complete(rows, ["use", "99"])) == ["99.1.0\tin the package cache"]
    (tmp_path / "conda-cuda/releases.json").write_text("{")
    assert list(complete(rows, ["use", "99"])) == []


def test_json(conda: Conda) -> None:
    document = conda("cuda", "completion", "zsh", "--json").json
    assert document["script"] == conda("cuda", "completion", "zsh").out
