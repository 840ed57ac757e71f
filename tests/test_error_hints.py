"""What conda cuda adds to conda's own errors about the driver: something from conda 26.7 on."""

from __future__ import annotations

import json
from pathlib import Path

import conda.plugins.types
import pytest

from .conftest import Conda

HAS_HINTS = hasattr(conda.plugins.types, "CondaErrorHint")


@pytest.fixture
def channel(tmp_path: Path) -> str:
    """A channel with `needs`, which no driver is new enough for.

    `either` needs it or an `old` that does not go together with `new`.
    """
    packages = {
        "needs-1": ["__cuda >=99"],
        "either-1": ["old 1"],
        "either-2": ["needs"],
        "old-1": [],
        "old-2": [],
        "new-1": ["old 2"],
    }
    rows = {}
    for stem, depends in packages.items():
        name, version = stem.split("-")
        rows[f"{stem}-0.tar.bz2"] = {
            "name": name, "version": version, "build": "0", "build_number": 0, "depends": depends,
            "md5": "0" * 32, "size": 1, "subdir": "noarch",
        }  # fmt: skip
    (tmp_path / "noarch").mkdir()
    index = {"info": {"subdir": "noarch"}, "packages": rows}
    (tmp_path / "noarch" / "repodata.json").write_text(json.dumps(index))
    return tmp_path.as_uri()


@pytest.mark.parametrize(
    ("asked", "cuda", "said"),
    [
        (["needs"], "12.4", "needs 1 wants __cuda >=99. - (cuda_here) Here: __cuda 12.4"),
        (["needs"], "", "Here: no __cuda (by CONDA_OVERRIDE_CUDA), and so no __cuda_arch."),
        # None of them wants another machine, all of them together do.
        (["either", "new"], "12.4", "which runs CUDA up to 12.4 here"),
        (["either", "new"], "", "ask conda again: export CONDA_OVERRIDE_CUDA=12.4"),
    ],
    ids=["old-driver", "no-driver", "together-old-driver", "together-no-driver"],
)
def test_a_driver_that_is_too_old(
    asked: list[str], cuda: str, said: str, conda: Conda, channel: str
) -> None:
    words = ["create", "-n", "x", "--override-channels", "-c", channel, *asked, "-y"]
    shown = {"SHELL": "/bin/bash", "PSModulePath": None, "CONDA_OVERRIDE_CUDA": cuda}
    result = conda(*words, check=False, **shown)
    assert (result.code, "Traceback" in result.err) == (1, False)
    if HAS_HINTS:
        assert "__cuda" in result.err
        assert said in " ".join(result.err.split())
        assert "conda cuda info" in result.err
    else:
        assert "conda cuda" not in result.err


def test_other_errors_stay_as_they_are(conda: Conda, channel: str) -> None:
    words = ["create", "-n", "x", "--override-channels", "-c", channel, "nothing", "-y"]
    result = conda(*words, check=False)
    assert result.code == 1
    assert "nothing" in result.err
    assert "conda cuda" not in result.err
