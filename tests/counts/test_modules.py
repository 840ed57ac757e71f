"""What `use` of an installed toolkit imports: that is most of what it takes beyond conda's start."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..channel.large import SUBDIR, write_large_channels
from ..conftest import Conda
from ..test_plugin import MODULES, modules

OURS = "conda_cuda_plugin"
# The sources and what only an installation needs.
NEVER = {
    "cli.elsewhere",
    "cluster",
    "sources.channel",
    "sources.pypi",
    "sources.runfile",
    "sources.system",
    "convert",
    "doctor",
}


def imported(conda: Conda, *words: str | Path) -> set[str]:
    """Our modules that a command imports."""
    code = MODULES.format(words=list(map(str, words)))
    return {found for found in modules(conda, code) if found.startswith(f"{OURS}.")}


@pytest.mark.parametrize("release", ["12.4", "13.0"], ids=["current", "other"])
def test_use_of_an_installed_toolkit(conda: Conda, two: Path, release: str) -> None:
    found = imported(conda, "cuda", "use", release, "-yq", "-p", two)
    wrong = {
        one for one in found for never in NEVER if f"{one}.".startswith(f"{OURS}.{never}.")
    }  # fmt: skip
    assert wrong == set()
    # Two of them, verdict.held_back and machine.group, are what verdicts on several machines need.
    assert len(found) <= 102, sorted(found)


def test_a_second_environment_needs_no_solver(conda: Conda, tmp_path: Path) -> None:
    root = write_large_channels(tmp_path / "channels", 3, header=10, library=10)
    (tmp_path / "pkgs").mkdir()
    (tmp_path / "pkgs" / "urls.txt").touch()
    conda.variables.update(
        CONDA_CHANNEL_ALIAS=root.as_uri(),
        CONDA_SUBDIR=SUBDIR,
        CONDA_PKGS_DIRS=str(tmp_path / "pkgs"),
        # It imports what it solves with when it does.
        CONDA_SOLVER="classic",
    )
    solving = []
    for name in ("first", "second"):
        words = ("cuda", "use", "12.4", "--from=channel", "--flavor=devel", "-yq", "-p")
        code = MODULES.format(words=[*words, str(conda.create(conda.envs / name))])
        solving.append("pycosat" in modules(conda, code))
    assert solving == [True, False]


def test_list_of_all_environments(conda: Conda, two: Path) -> None:
    found = imported(conda, "cuda", "list", "--envs")
    rooms = tuple(f"{OURS}.{room}" for room in ("sources", "machine", "frameworks", "verdict"))
    assert not {one for one in found if one.startswith(rooms)}
    assert len(found) <= 26, len(found)


def test_the_parser_of_a_verb_is_made_when_it_is_called(conda: Conda) -> None:
    """conda builds the parsers of all plugins on every command."""
    code = (
        "import json\n"
        "import conda_cuda_plugin.cli as cli\n"
        "made = []\n"
        "class Counted(cli._Parser):\n"
        "    def __init__(self, *args, **kwargs):\n"
        "        made.append(1)\n"
        "        super().__init__(*args, **kwargs)\n"
        "parser = Counted()\n"
        "cli._Parser = Counted\n"
        "cli.configure_parser(parser)\n"
        "before = len(made)\n"
        "args = parser.parse_args(['use', '12.4', '-y'])\n"
        "assert args.cuda_verb == 'use' and args.cuda_version == '12.4', args\n"
        "print(json.dumps([0, [str(before), str(len(made))]]))\n"
    )
    assert modules(conda, code) == {"1", "2"}
