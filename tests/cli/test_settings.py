"""`plugins.cuda_*` in condarc and `CONDA_PLUGINS_CUDA_*` in the environment."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from conda_cuda_plugin.plugin import conda_settings

from ..conftest import Conda
from ..listing import listing

NOBODY = "http://127.0.0.1:9/"
WAYS = ("condarc", "variable")


def give(conda: Conda, way: str, name: str, value: list[str] | str) -> None:
    """Give a setting in one of the two ways."""
    if way == "variable":
        text = value if isinstance(value, str) else ",".join(value)
        conda.variables[f"CONDA_PLUGINS_{name.upper()}"] = text
    else:
        condarc = conda.home / "condarc.yml"
        text = value if isinstance(value, str) else f"[{', '.join(value)}]"
        condarc.write_text(f"{condarc.read_text()}plugins:\n  {name}: {text}\n")


def plan(conda: Conda, prefix: Path, *words: str) -> Any:
    return conda.cuda("use", prefix, *words, "--dry-run", "--json").json["plan"]


@pytest.mark.parametrize("way", WAYS)
class TestInForce:
    """Each setting does what it says, whichever way it is given."""

    def test_channels(self, conda: Conda, environment: Path, way: str) -> None:
        give(conda, way, "cuda_channels", [f"{NOBODY}one", f"{NOBODY}two"])
        reason = plan(conda, environment, "12.4", "--flavor", "base")["reason"]
        assert f"{NOBODY}one" in reason
        reason = plan(conda, environment, "12.4", "--flavor", "base", "-c", f"{NOBODY}mine")[
            "reason"
        ]
        assert f"{NOBODY}mine" in reason and f"{NOBODY}one" not in reason

    def test_sources(self, conda: Conda, environment: Path, way: str) -> None:
        give(conda, way, "cuda_sources", ["pypi", "channel"])
        found = plan(conda, environment, "12.4", "--flavor", "base")
        assert (found["origin"], "channel" in found["reason"]) == ("pypi", False)

    def test_one_source_is_all_that_is_asked(
        self, conda: Conda, environment: Path, way: str
    ) -> None:
        give(conda, way, "cuda_sources", ["system"])
        result = conda.cuda("use", environment, "12.4", "--dry-run", "--json", check=False)
        assert (result.code, list(result.json["refusals"])) == (1, ["system"])

    def test_flavor(self, conda: Conda, environment: Path, way: str) -> None:
        give(conda, way, "cuda_flavor", "base")
        words = ("12.4", "--from", "pypi")
        assert plan(conda, environment, *words)["install"]["flavor"] == "base"
        found = plan(conda, environment, *words, "--flavor", "runtime")
        assert found["install"]["flavor"] == "runtime"

    def test_pin(self, conda: Conda, two: Path, way: str) -> None:
        give(conda, way, "cuda_pin", "true")
        conda.cuda("use", two, "13.0")
        pinned = two / "conda-meta" / "pinned"
        assert "cuda-version 13.0.*\n" in pinned.read_text()
        conda.cuda("use", two, "12.4", "--no-pin")
        assert not pinned.exists()

    def test_redist(self, conda: Conda, environment: Path, way: str, tmp_path: Path) -> None:
        give(conda, way, "cuda_redist", str(tmp_path / "nowhere"))
        words = ("12.4", "--from", "redist", "--dry-run")
        result = conda.cuda("use", environment, *words, check=False)
        assert (result.code, str(tmp_path / "nowhere") in result.err) == (1, True)
        assert "Traceback" not in result.err


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("name", "value", "code", "message"),
    [
        ("cuda_sources", ["nonsense"], 2, "plugins.cuda_sources names 'nonsense', which is no"),
        ("cuda_flavor", "huge", 2, "plugins.cuda_flavor is 'huge', which is not a flavor."),
        ("cuda_pin", "perhaps", 1, "The value 'perhaps' cannot be boolified."),
    ],
)
def test_a_wrong_value_is_said(
    conda: Conda, two: Path, way: str, name: str, value: Any, code: int, message: str
) -> None:
    give(conda, way, name, value)
    before = listing(two)
    result = conda.cuda("use", two, "11.8", "--dry-run", check=False)
    assert (result.code, message in result.err, "Traceback" in result.err) == (code, True, False)
    assert listing(two) == before
    # The user's other commands go on.
    conda("list", "-p", two)


@pytest.fixture
def lists_plugins(conda_exe: Path) -> bool:
    """Whether `conda config` lists the settings of plugins; the first versions with them do not."""
    code = (
        "import inspect, conda.cli.main_config as m; "
        "print('plugins' in inspect.signature(m.describe_all_parameters).parameters)"
    )
    words = [conda_exe.parent / "python", "-c", code]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout == "True\n"


def test_conda_describes_and_shows_them(conda: Conda, lists_plugins: bool) -> None:
    settings = {setting.name: setting for setting in conda_settings()}
    assert {"cuda_channels", "cuda_sources", "cuda_flavor", "cuda_pin"} <= set(settings)
    give(conda, "condarc", "cuda_channels", ["mine", "other"])
    give(conda, "variable", "cuda_sources", ["pypi", "system"])
    described = conda("config", "--describe").out
    shown = conda("config", "--show", "--json").json.get("plugins", {})
    if not lists_plugins:
        assert (described.count("cuda_"), shown) == (0, {})
        return
    text = " ".join(described.replace("#", "").split())
    for name, setting in settings.items():
        assert f"# # plugins.{name} (" in described
        assert " ".join(setting.description.split()) in text
    assert (shown["cuda_channels"], shown["cuda_sources"]) == (
        ["mine", "other"],
        ["pypi", "system"],
    )


def test_conda_config_sets_them(conda: Conda, two: Path, lists_plugins: bool) -> None:
    if lists_plugins:
        condarc = conda.home / "condarc.yml"
        conda("config", "--file", condarc, "--set", "plugins.cuda_pin", "true")
        conda.cuda("use", two, "13.0")
        assert (two / "conda-meta" / "pinned").exists()
