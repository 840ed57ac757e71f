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
    """A channel with one package, which no driver is new enough for."""
    row = {
        "name": "needs", "version": "1", "build": "0", "build_number": 0, "depends": ["__cuda >=99"],
        "md5": "0" * 32, "size": 1,
    }  # fmt: skip
    for subdir, rows in (("noarch", {"needs-1-0.tar.bz2": {**row, "subdir": "noarch"}}),):
        (tmp_path / subdir).mkdir()
        index = {"info": {"subdir": subdir}, "packages": rows}
        (tmp_path / subdir / "repodata.json").write_text(json.dumps(index))
    return tmp_path.as_uri()


@pytest.mark.parametrize(
    ("cuda", "said"),
    [
        ("12.4", "which runs CUDA up to 12.4 here"),
        ("", "ask conda again: export CONDA_OVERRIDE_CUDA=12.4"),
    ],
    ids=["old-driver", "no-driver"],
)
def test_a_driver_that_is_too_old(cuda: str, said: str, conda: Conda, channel: str) -> None:
    words = ["create", "-n", "x", "--override-channels", "-c", channel, "needs", "-y"]
    result = conda(*words, check=False, CONDA_OVERRIDE_CUDA=cuda)
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
