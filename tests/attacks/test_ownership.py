"""What others own or may write in an environment is seen, as ssh looks at its own files."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from conda_cuda_plugin.hooks.shells import STEM

from ..conftest import Conda, Result
from .conftest import needs_root

STRANGER = 64321
"""A uid and gid that no account of a usual machine has."""
FOLDER = "cuda-12.4/lib64"
HOOKS = "etc/conda/activate.d"


def give(path: Path) -> None:
    os.chown(path, STRANGER, STRANGER, follow_symlinks=False)


def findings(conda: Conda, prefix: Path, rule: str = "toolkit-open-to-others") -> list[str]:
    """The evidence of a rule."""
    found = conda.cuda("doctor", prefix, "--json", check=False).json["findings"]
    return [line for one in found if one["rule"] == rule for line in one["evidence"]]


def warned(conda: Conda, prefix: Path) -> dict[str, str]:
    """What commands say on standard error."""
    commands: dict[str, Callable[[], Result]] = {
        "run": lambda: conda.cuda("run", prefix, "--", "true"),
        "env": lambda: conda.cuda("env", prefix),
        "use": lambda: conda.cuda("use", prefix, "12.4"),
    }
    return {verb: command().err for verb, command in commands.items()}


@needs_root
@pytest.mark.parametrize("sticky", [False, True])
@pytest.mark.parametrize("place", ["cuda", "cuda-12.4", FOLDER, "cuda-12.4/lib", ""])
def test_what_another_user_owns_is_said(place: str, sticky: bool, conda: Conda, two: Path) -> None:
    assert findings(conda, two) == []
    assert warned(conda, two) == dict.fromkeys(("run", "env", "use"), "")
    give(two / place)
    if sticky:
        two.chmod(0o1777)
    (evidence,) = findings(conda, two)
    assert evidence.startswith(f"{place or two}: ")
    assert str(STRANGER) in evidence
    line = f"warning: the user {STRANGER} may change what programs load: {two / place}\n"
    assert warned(conda, two) == dict.fromkeys(("run", "env", "use"), line)
    # Whose it is, he alone can change.
    conda.cuda("doctor", two, "--fix", "--yes", check=False)
    assert os.lstat(two / place).st_uid == STRANGER


@needs_root
def test_the_library_and_what_leads_to_it_are_looked_at(conda: Conda, two: Path) -> None:
    link = two / FOLDER / "libcudart.so.12"
    for path in (link, Path(os.path.realpath(link))):
        give(path)
        assert [line.split(": ")[0] for line in findings(conda, two)] == [
            str(path.relative_to(two))
        ]
        os.chown(path, 0, 0, follow_symlinks=False)


@pytest.mark.parametrize("place", [FOLDER, "cuda-12.4", "cuda-12.4/lib", ""])
def test_run_and_env_say_what_all_may_write_and_go_on(place: str, conda: Conda, two: Path) -> None:
    (two / place).chmod(0o777)
    line = f"warning: every user of this machine may change what programs load: {two / place}\n"
    assert warned(conda, two) == dict.fromkeys(("run", "env", "use"), line)
    assert conda.cuda("run", two, "--", "printenv", "CUDA_HOME").out == f"{two}/cuda-12.4\n"
    assert conda.cuda("env", two, "--format", "json").json["success"] is True
    conda.cuda("doctor", two, "--fix", "--yes", check=False)
    assert not (two / place).stat().st_mode & stat.S_IWOTH
    assert warned(conda, two) == dict.fromkeys(("run", "env", "use"), "")


@pytest.mark.parametrize("place", ["cuda-13.0/bin", "cuda-13.0/bin/nvcc", "bin/nvcc"])
def test_programs_are_looked_at_too(place: str, conda: Conda, two: Path) -> None:
    """A compiler that others may change decides what is run as much as a library does."""
    conda.cuda("use", two, "13.0")
    assert findings(conda, two) == []
    path = two / place
    path.chmod(path.stat().st_mode | 0o022)
    (evidence,) = findings(conda, two)
    assert evidence == f"{place}: every user of this machine"
    line = f"warning: every user of this machine may change what programs load: {path}\n"
    assert conda.cuda("run", two, "--", "true").err == line
    assert conda.cuda("env", two).err == line
    conda.cuda("doctor", two, "--fix", "--yes")
    assert not path.stat().st_mode & stat.S_IWOTH
    assert findings(conda, two) == []


def test_a_folder_above_the_library_is_looked_at(conda: Conda, two: Path) -> None:
    """Whoever may write there may put another folder in place of the library's."""
    library = Path(os.path.realpath(two / FOLDER / "libcudart.so.12"))
    deep = two / "cuda-12.4" / "targets" / "here" / "lib"
    deep.mkdir(parents=True)
    library.rename(deep / library.name)
    library.symlink_to(os.path.relpath(deep / library.name, library.parent))
    assert findings(conda, two) == []
    (two / "cuda-12.4" / "targets").chmod(0o777)
    (evidence,) = findings(conda, two)
    assert evidence.startswith("cuda-12.4/targets: ")


@pytest.mark.parametrize("place", [FOLDER, HOOKS])
def test_the_sticky_bit_is_no_help_where_everything_is_taken(
    place: str, conda: Conda, two: Path
) -> None:
    """The loader takes any library of a folder, conda any hook; elsewhere only names count."""
    rule = "hooks-open-to-others" if place == HOOKS else "toolkit-open-to-others"
    (two / place).chmod(0o1777)
    (evidence,) = findings(conda, two, rule)
    assert evidence.startswith(f"{place}: ")
    (two / place).chmod(0o755)
    two.chmod(0o1777)
    assert findings(conda, two, rule) == []


@needs_root
def test_a_group_of_several_is_others_and_ones_own_group_is_not(conda: Conda, two: Path) -> None:
    for path in (two / FOLDER, two / HOOKS / f"{STEM}.sh"):
        path.chmod(path.stat().st_mode | stat.S_IWGRP)
    rules = ("toolkit-open-to-others", "hooks-open-to-others")
    assert [findings(conda, two, rule) for rule in rules] == [[], []]
    for path in (two / FOLDER, two / HOOKS / f"{STEM}.sh"):
        os.chown(path, 0, STRANGER)
    for rule in rules:
        (evidence,) = findings(conda, two, rule)
        assert evidence.endswith(f"the group {STRANGER}")
    conda.cuda("doctor", two, "--fix", "--yes", check=False)
    assert [findings(conda, two, rule) for rule in rules] == [[], []]
    assert not (two / FOLDER).stat().st_mode & stat.S_IWGRP


@needs_root
@pytest.mark.parametrize("place", [f"{HOOKS}/{STEM}.sh", HOOKS, "etc/conda"])
def test_hooks_of_another_user_are_seen(place: str, conda: Conda, two: Path) -> None:
    give(two / place)
    (evidence,) = findings(conda, two, "hooks-open-to-others")
    assert evidence.startswith(f"{place}: the user {STRANGER}")


@needs_root
def test_an_environment_of_another_user_is_a_warning_and_no_error(conda: Conda, two: Path) -> None:
    """He may change all of it, python too: whoever uses it trusts him."""
    for path in [two, *two.rglob("*")]:
        give(path)
    done = conda.cuda("doctor", two, "--json", check=False)
    found = {one["rule"]: one["severity"] for one in done.json["findings"]}
    assert found == dict.fromkeys(("toolkit-open-to-others", "hooks-open-to-others"), "warning")
    assert done.code == 0
