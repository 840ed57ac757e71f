"""What the plugin costs every other command: next to nothing."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from .conftest import Conda

OURS = "conda_cuda_plugin.machine."
MODULES = """
import json, os, sys
from conda.cli.main import main
sys.argv = ["conda", *{words!r}]
out = os.dup(1)
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
code = main()
os.write(out, json.dumps([code or 0, sorted(sys.modules)]).encode())
"""


def modules(conda: Conda, code: str, **variables: str) -> set[str]:
    """The modules that a fresh Python has loaded after some code."""
    done = subprocess.run(
        [conda.exe.parent / "python", "-c", code],
        env=conda.environ(**variables), capture_output=True, text=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    status, names = json.loads(done.stdout)
    assert status == 0
    return set(names)


@pytest.mark.parametrize(
    "words", [["list"], ["info", "--base"], ["env", "list"], ["config", "--show", "channels"]], ids=" ".join
)  # fmt: skip
def test_other_commands_load_five_modules_at_most(
    words: list[str], conda: Conda, environment: Path
) -> None:
    words = [*words, "-p", str(environment)] if words == ["list"] else words
    code = MODULES.format(words=words)
    with_us = modules(conda, code)
    # An import that fails is one of the plugins that conda goes on without.
    without = modules(conda, f"import sys; sys.modules['conda_cuda_plugin'] = None\n{code}")
    assert "conda_cuda_plugin.plugin" in with_us
    assert "conda_cuda_plugin.plugin" not in without
    new = with_us - without
    assert len(new) <= 5, new
    assert {name for name in new if name.startswith("conda_cuda_plugin.cli.")} == set()


def test_importing_the_door_loads_five_modules_at_most(conda: Conda) -> None:
    """After conda has its plugin manager, in a fresh process."""
    code = (
        "import json, sys\n"
        "from conda.plugins.manager import get_plugin_manager\n"
        "import conda.plugins.types\n"
        "for name in [n for n in sys.modules if n.startswith('conda_cuda_plugin')]:\n"
        "    del sys.modules[name]\n"
        "before = set(sys.modules)\n"
        "import conda_cuda_plugin.plugin\n"
        "print(json.dumps([0, sorted(set(sys.modules) - before)]))\n"
    )
    assert modules(conda, code) == {"conda_cuda_plugin", "conda_cuda_plugin.plugin"}


@pytest.mark.parametrize("stated", [None, "12.4"], ids=["no-driver", "a-driver"])
def test_virtual_packages_cost_what_is_asked_of_them(conda: Conda, stated: str | None) -> None:
    """Only solves, `conda info` and `conda doctor` ask; GPUs are looked for where a driver is."""
    variables = {} if stated is None else {"CONDA_OVERRIDE_CUDA": stated}
    found = modules(conda, MODULES.format(words=["info"]), **variables)
    ours = {name.removeprefix("conda_cuda_plugin.machine") for name in found if OURS in name}
    assert ".virtual_packages" in ours
    assert (".detect" in ours) is (stated is not None)
    assert not {name for name in found if name.startswith("conda_cuda_plugin.cli.")}


def test_a_verb_is_imported_when_it_is_called(conda: Conda, environment: Path) -> None:
    code = MODULES.format(words=["cuda", "list", "-p", str(environment)])
    verbs = {name for name in modules(conda, code) if name.startswith("conda_cuda_plugin.cli.")}
    names = ("common", "layout", "verbs", "verbs.list")
    assert verbs == {f"conda_cuda_plugin.cli.{name}" for name in names}


@pytest.mark.parametrize(
    "words",
    [
        ["cuda", "list", "--envs"],
        ["cuda", "use", "12.4", "--from", "system", "--dry-run"],
        ["cuda", "info"],
        ["cuda", "off"],
        ["cuda", "remove", "--all", "--yes"],
    ],
    ids=" ".join,
)
def test_nothing_deprecated_is_used(words: list[str], conda: Conda, environment: Path) -> None:
    """conda warns with its own classes, too, and names the module that asked."""
    result = conda(
        *words,
        check=False,
        CONDA_PREFIX=str(environment),
        PYTHONWARNINGS="always::DeprecationWarning,always::PendingDeprecationWarning",
    )
    warned = [line for line in result.err.splitlines() if "conda_cuda_plugin" in line]
    assert [line for line in warned if "Deprecat" in line] == []


def test_activation_knows_nothing_of_it(conda: Conda, environment: Path) -> None:
    """conda imports plugins for no activation; the hooks are all there is."""
    code = MODULES.format(words=["shell.posix", "activate", str(environment)])
    assert not {name for name in modules(conda, code) if name.startswith("conda_cuda_plugin")}


def test_the_setting_for_channels_is_known(conda: Conda) -> None:
    variables = {"CONDA_PLUGINS_CUDA_CHANNELS": "http://127.0.0.1:9/mine", "PIP_NO_INDEX": "1"}
    document = conda("cuda", "list", "--available", "--json", **variables).json
    assert document["problems"]["channel"].endswith("http://127.0.0.1:9/mine.")
