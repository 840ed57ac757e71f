"""What the loader is told: one absolute folder of our own, which nobody else may write to."""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from conda_cuda_plugin.actions.variables import Variables, as_sh
from conda_cuda_plugin.hooks import SHELLS, Direction, render

from ..conftest import Conda

ROOT = "/opt/env/cuda"
BEGINNINGS = ("", ":", "::", ":a", "a:", ":a:", "a::b", ".", "..:", ":.:", "a b:", "\n:")
values = st.lists(st.sampled_from(["", "", ".", "a", "/a b", "../x", "/usr/lib", "*"])).map(
    ":".join
)


def added(before: str, after: str, ours: str) -> list[str]:
    """The elements that came in front; what follows must be what was there, byte by byte."""
    if not before:
        return after.split(":")
    assert after.endswith(f":{before}"), (before, after)
    return after.removesuffix(f":{before}").split(":")


@pytest.fixture(scope="module")
def activated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A prefix with a library folder, and the activate hook for sh."""
    prefix = tmp_path_factory.mktemp("env")
    (prefix / "cuda" / "lib64").mkdir(parents=True)
    [posix] = [shell for shell in SHELLS if shell.extension == ".sh"]
    hook = prefix / "hook.sh"
    hook.write_bytes(render(posix, Direction.ACTIVATE))
    return prefix, hook


def dash(script: str, **variables: str) -> str:
    """LD_LIBRARY_PATH after a script."""
    done = subprocess.run(
        ["dash", "-euc", f'{script}\nprintf %s "$LD_LIBRARY_PATH"'], env=variables,
        capture_output=True, text=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def with_beginnings(test):  # type: ignore[no-untyped-def]
    for value in BEGINNINGS:
        test = example(value)(test)
    return test


@with_beginnings
@settings(max_examples=60)
@given(values)
def test_the_hook_adds_one_absolute_element(activated: tuple[Path, Path], before: str) -> None:
    prefix, hook = activated
    ours = f"{prefix}/cuda/lib64"
    variables = {"CONDA_PREFIX": str(prefix), "CONDA_SHLVL": "1", "LD_LIBRARY_PATH": before}
    assert added(before, dash(f". {shlex.quote(str(hook))}", **variables), ours) == [ours]


@with_beginnings
@settings(max_examples=60)
@given(values)
def test_env_and_run_add_one_absolute_element(before: str) -> None:
    ours = f"{ROOT}/lib64"
    variables = Variables({"CUDA_HOME": ROOT}, ours, None, (f"{ROOT}/bin",))
    for after in (
        variables.added_to({"LD_LIBRARY_PATH": before})["LD_LIBRARY_PATH"],
        dash(as_sh(variables), LD_LIBRARY_PATH=before),
    ):
        assert added(before, after, ours) == [ours]


@pytest.mark.parametrize("prefix", ["", "relative", "./here", "/no/such/environment"])
def test_the_hook_adds_nothing_that_is_not_absolute_and_there(
    prefix: str, activated: tuple[Path, Path], tmp_path: Path
) -> None:
    _, hook = activated
    for name in ("relative", "here"):
        (tmp_path / name / "cuda" / "lib64").mkdir(parents=True)
    script = f"cd {shlex.quote(str(tmp_path))}; . {shlex.quote(str(hook))}"
    for value in BEGINNINGS:
        assert dash(script, CONDA_PREFIX=prefix, LD_LIBRARY_PATH=value) == value


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_nothing_is_left_open_to_others_whatever_the_umask(
    umask: int, conda: Conda, tmp_path: Path
) -> None:
    """Hooks have the mode 644; nothing that the loader or a shell takes can be written by all."""
    conda.empty_cache(tmp_path / "pkgs")
    prefix = conda.create(conda.envs / "one")
    before = os.umask(umask)
    try:
        conda.cuda("use", prefix, "13.0", "--from=pypi", "--components=nvcc", "--yes")
    finally:
        os.umask(before)
    hooks = sorted((prefix / "etc" / "conda").glob("*activate.d/*"))
    assert len(hooks) == 8
    for hook in hooks:
        facts = hook.lstat()
        assert stat.S_ISREG(facts.st_mode)
        assert stat.S_IMODE(facts.st_mode) == 0o644
        assert facts.st_uid == os.getuid()
    opened = [
        str(path.relative_to(prefix))
        for path in [prefix, *prefix.rglob("*")]
        if not path.is_symlink() and path.lstat().st_mode & stat.S_IWOTH
    ]
    assert opened == []


@pytest.mark.parametrize("place", ["", "cuda-13.0", "cuda-13.0/lib64"])
def test_a_toolkit_that_others_may_change_is_warned_about(
    place: str, conda: Conda, two: Path
) -> None:
    assert conda.cuda("use", two, "13.0").err == ""
    (two / place).chmod(0o777)
    for release in ("12.4", "13.0"):
        used = conda.cuda("use", two, release)
        if release == "13.0" or place == "":
            assert used.err == (
                "warning: every user of this machine may change what programs load: "
                f"{two / place}\n"
            )
        else:
            assert used.err == ""
    found = conda.cuda("doctor", two, "--json", check=False).json["findings"]
    assert "toolkit-open-to-others" in [finding["rule"] for finding in found]
    conda.cuda("doctor", two, "--fix", "--yes", check=False)
    assert not (two / place).stat().st_mode & stat.S_IWOTH
    assert conda.cuda("use", two, "13.0").err == ""
