"""Nothing that is deprecated, by Python or by conda, is used by any verb: such a warning is an error.

The whole of conda runs with such errors where conda itself can; elsewhere those that name a module
of the plugin count, which is whom Python and conda blame.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from conda_cuda_plugin.cli import VERBS

from .cli.conftest import cli_cache, conda, template, two, wheelhouse
from .conftest import Conda

__all__ = ["cli_cache", "conda", "template", "two", "wheelhouse"]

STRICT = """
import sys, warnings
for kind in (DeprecationWarning, PendingDeprecationWarning):
    warnings.filterwarnings("error", category=kind, module=r"conda_cuda_plugin(\\.|$)")
from conda.cli.main import main
sys.argv = ["conda", *sys.argv[1:]]
sys.exit(main())
"""
PYPI = ("--from=pypi", "--flavor=base", "--yes")
LINES: dict[str, tuple[list[str], set[int]]] = {
    "use": (["use", "11.8", *PYPI], {0}),
    "list": (["list", "--available", "12.4"], {0}),
    "info": (["info"], {0}),
    "match": (["match", "torch==2.5.1"], {0}),
    "doctor": (["doctor", "--fix", "--yes"], {0}),
    "which": (["which", "libcudart.so.12"], {1}),
    "off": (["off"], {0}),
    "remove": (["remove", "--all", "--yes"], {0}),
    "run": (["run", "--", "true"], {0}),
    "env": (["env"], {0}),
    "export": (["export"], {0}),
    "apply": (["apply", "nothing.yaml"], {1}),
    "mirror": (["mirror", "12.4", *PYPI, "--to", "usb"], {0}),
    "completion": (["completion", "bash"], {0}),
    "alone": ([], {0}),
}


@pytest.fixture(scope="module")
def strictness(conda_exe: Path) -> dict[str, str]:
    """The variable that makes such a warning of anybody an error, where conda itself has none."""
    strict = {"PYTHONWARNINGS": "error::DeprecationWarning,error::PendingDeprecationWarning"}
    code = "from conda.cli.main import main; import sys; sys.argv[1:] = ['info', '--all']; sys.exit(main())"
    variables = {**os.environ, **strict, "CONDA_NO_PLUGINS": "true"}
    done = subprocess.run(
        [conda_exe.parent / "python", "-c", code], env=variables, capture_output=True
    )
    return {} if done.returncode else strict


def test_every_verb_is_tried() -> None:
    assert set(LINES) == {*VERBS, "alone"}


@pytest.mark.parametrize(("words", "codes"), LINES.values(), ids=LINES)
def test_no_verb_uses_what_is_deprecated(
    words: list[str], codes: set[int], conda: Conda, two: Path, strictness: dict[str, str]
) -> None:
    done = subprocess.run(
        [conda.exe.parent / "python", "-c", STRICT, "cuda", *words],
        env=conda.environ(CONDA_PREFIX=str(two), CONDA_OFFLINE="true", **strictness), cwd=conda.home,
        stdin=subprocess.DEVNULL, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode in codes, done.stderr
    assert "DeprecationWarning" not in done.stderr


def test_the_strictness_works(conda: Conda) -> None:
    """A warning that names a module of ours ends the program."""
    code = STRICT.partition("from conda")[0] + (
        "warnings.warn_explicit('x', DeprecationWarning, 'f', 1, module='conda_cuda_plugin.a')"
    )
    done = subprocess.run([conda.exe.parent / "python", "-c", code], capture_output=True, text=True)
    assert (done.returncode, "DeprecationWarning: x" in done.stderr) == (1, True)
