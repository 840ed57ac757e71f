"""`use --pin`: what stands in `conda-meta/pinned`, and when it goes."""

from __future__ import annotations

import os
import shutil
import subprocess
import textwrap
from pathlib import Path

import pytest

from ..conftest import Conda
from ..listing import listing

USER = b"# mine\r\nnumpy 1.26.*"


@pytest.fixture
def pinned(two: Path) -> Path:
    return two / "conda-meta" / "pinned"


def specs(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if not line.startswith("#")]


def test_it_is_said_and_shown(conda: Conda, two: Path, pinned: Path) -> None:
    result = conda.cuda("use", two, "12.4", "--pin")
    assert result.out.splitlines() == [
        "CUDA 12.4.1 is current in two already.",
        "Later conda install in it is held to cuda-version 12.4.*.",
    ]
    assert specs(pinned) == ["cuda-version 12.4.*"]
    assert conda.cuda("list", two, "--json").json["pinned"] == ["cuda-version 12.4.*"]
    assert conda.cuda("info", two, "--json").json["pinned"] == ["cuda-version 12.4.*"]
    assert "  pinned         cuda-version 12.4.*" in conda.cuda("info", two).out.splitlines()
    before = listing(two)
    assert conda.cuda("use", two, "12.4", "--pin").out == result.out
    assert listing(two) == before


def test_without_it_nothing_is_pinned(conda: Conda, two: Path, pinned: Path) -> None:
    conda.cuda("use", two, "13.0")
    assert not pinned.exists()
    assert conda.cuda("list", two, "--json").json["pinned"] == []


@pytest.mark.parametrize(
    "words",
    [
        ["off"],
        ["remove", "12.4", "--yes"],
        ["remove", "--all", "--yes"],
        ["use", "13.0", "--no-pin"],
        ["use", "12.4", "--no-pin"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("user", [None, b"", USER, USER + b"\r\n"], ids=str)
def test_it_is_taken_away(
    conda: Conda, two: Path, pinned: Path, words: list[str], user: bytes | None
) -> None:
    if user is not None:
        pinned.write_bytes(user)
    conda.cuda("use", two, "12.4", "--pin")
    assert pinned.read_bytes().startswith(user or b"")
    conda.cuda(words[0], two, *words[1:])
    assert (pinned.read_bytes() if pinned.exists() else None) == user
    state = two / "etc/conda/cuda/state.yaml"
    assert not state.exists() or "pin" not in state.read_text().replace("cuda-pin", "")


def test_it_moves_along_with_a_switch(conda: Conda, two: Path, pinned: Path) -> None:
    pinned.write_bytes(USER)
    conda.cuda("use", two, "12.4", "--pin")
    assert conda.cuda("use", two, "13.0").out.splitlines()[-1] == (
        "Later conda install in it is held to cuda-version 13.0.*."
    )
    assert specs(pinned) == ["numpy 1.26.*", "cuda-version 13.0.*"]
    conda.cuda("use", two, "11.8", "--from=pypi", "--flavor=base", "--yes")
    assert specs(pinned)[1:] == ["cuda-version 11.8.*", "cudatoolkit 11.8|11.8.*"]
    conda.cuda("off", two)
    assert pinned.read_bytes() == USER


def test_removing_another_toolkit_leaves_it(conda: Conda, two: Path, pinned: Path) -> None:
    conda.cuda("use", two, "12.4", "--pin")
    conda.cuda("remove", two, "13.0", "--yes")
    assert specs(pinned) == ["cuda-version 12.4.*"]


def test_off_does_not_bring_it_back_later(conda: Conda, two: Path, pinned: Path) -> None:
    conda.cuda("use", two, "12.4", "--pin")
    conda.cuda("off", two)
    conda.cuda("use", two)
    assert not pinned.exists()


def test_the_plan_says_it(conda: Conda, two: Path, pinned: Path) -> None:
    words = ("11.8", "--from=pypi", "--flavor=base", "--dry-run", "--pin")
    shown = conda.cuda("use", two, *words, check=False).out
    assert "  pins      conda install in the environment, to CUDA 11.8" in shown.splitlines()
    assert conda.cuda("use", two, *words, "--json").json["plan"]["pin"] is True
    assert not pinned.exists()


def test_an_adopted_toolkit_pins_its_release(
    conda: Conda, two: Path, pinned: Path, tmp_path: Path
) -> None:
    system = tmp_path / "cuda-9.2"
    (system / "lib64").mkdir(parents=True)
    (system / "bin").mkdir()
    (system / "version.txt").write_text("CUDA Version 9.2.148\n")
    conda.cuda("use", two, system, "--pin", "--yes")
    assert specs(pinned) == ["cuda-version 9.2.*", "cudatoolkit 9.2|9.2.*"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("cuda-version 11.8", ["12.4", "--pin"]),
        ("cudatoolkit 11.8.0", ["12.4", "--pin"]),
        ("cuda-version 11.8", ["13.0", "--pin"]),
    ],
)
def test_a_pin_of_the_users_that_contradicts(
    conda: Conda, two: Path, pinned: Path, line: str, words: list[str]
) -> None:
    pinned.write_text(f"{line}\n")
    before = listing(two)
    result = conda.cuda("use", two, *words, check=False)
    assert (result.code, result.out, "Traceback" in result.err) == (1, "", False)
    said = " ".join(textwrap.dedent(result.err).split())
    assert f"You have pinned '{line}' in {pinned}, so CUDA {words[0]} cannot be pinned." in said
    assert listing(two) == before
    # Without a pin of ours it is the user's business.
    conda.cuda("use", two, words[0])


def test_a_pinned_environment_does_not_move_where_the_user_forbids_it(
    conda: Conda, two: Path, pinned: Path
) -> None:
    pinned.write_text("cuda-version 12.*\n")
    conda.cuda("use", two, "12.4", "--pin")
    before = listing(two)
    assert conda.cuda("use", two, "13.0", check=False).code == 1
    assert listing(two) == before
    conda.cuda("use", two, "13.0", "--no-pin")
    assert pinned.read_text() == "cuda-version 12.*\n"


def test_a_link_is_not_written_through(
    conda: Conda, two: Path, pinned: Path, tmp_path: Path
) -> None:
    shared = tmp_path / "pinned"
    shared.write_bytes(USER)
    pinned.symlink_to(shared)
    result = conda.cuda("use", two, "12.4", "--pin", check=False)
    assert (result.code, f"{pinned} is in the way" in result.err) == (1, True)
    conda.cuda("use", two, "13.0")
    conda.cuda("off", two)
    assert (os.readlink(pinned), shared.read_bytes()) == (str(shared), USER)


@pytest.mark.parametrize("user", [None, USER])
def test_a_switch_that_fails_leaves_it_as_it_was(
    conda: Conda, two: Path, pinned: Path, user: bytes | None
) -> None:
    """The link is the last step: a target that is too long stops it there."""
    if user is not None:
        pinned.write_bytes(user)
    conda.cuda("use", two, "12.4", "--pin")
    before = listing(two)
    code = textwrap.dedent(f"""
        from dataclasses import replace
        import os, sys
        from pathlib import Path
        from conda_cuda_plugin.environment import open_environment
        from conda_cuda_plugin.errors import FileSystemError
        from conda_cuda_plugin.actions.change import in_environment
        from conda_cuda_plugin.install import switch
        from conda_cuda_plugin.platforms import PLATFORMS
        from conda_cuda_plugin.toolkit import Origin
        environment = open_environment({str(two)!r})
        try:
            with in_environment(environment):
                # No link can lead to a name of this length.
                toolkit = replace(
                    environment.toolkit("13.0"),
                    root=Path({str(two)!r}, "x" * 5000),
                    origin=Origin.SYSTEM,
                )
                switch.make_current(environment, toolkit, PLATFORMS["linux-64"], {{}}, pinned=True)
        except FileSystemError:
            sys.exit(5)
    """)
    python = conda.exe.parent / "python"
    assert subprocess.run([python, "-c", code], env=conda.environ()).returncode == 5
    assert listing(two) == before


def test_it_works_in_a_moved_environment(conda: Conda, two: Path) -> None:
    conda.cuda("use", two, "12.4", "--pin")
    moved = Path(shutil.move(two, conda.envs / "moved"))
    conda.cuda("off", moved)
    assert not (moved / "conda-meta" / "pinned").exists()
