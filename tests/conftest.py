"""What every test stands on: the conda under test, kept apart from the user's own."""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from .warm import WarmConda

PROJECT = Path(__file__).resolve().parent.parent


def _conda_under_test() -> Path:
    """`CONDA_UNDER_TEST`, else the base that `make base` assembles."""
    named = os.environ.get("CONDA_UNDER_TEST")
    return Path(named).absolute() if named else PROJECT / "build" / "conda" / "bin" / "conda"


def _let_tests_import_conda() -> None:
    """Unit tests import the plugin, which imports conda: take the conda under test, and its plugin."""
    sys.path.insert(0, str(PROJECT))
    python = _conda_under_test().parent / "python"
    if not python.exists():
        return
    # -I: not what lies in the current folder.
    output = subprocess.run(
        [python, "-I", "-c", _WHERE], capture_output=True, text=True, check=True
    ).stdout
    folder, version, plugin = json.loads(output)
    if version != list(sys.version_info[:2]):
        raise pytest.UsageError(f"run the tests with Python {version}, as {python} is")
    sys.path.append(folder)
    if plugin is not None and Path(plugin).resolve().parent != PROJECT / "conda_cuda_plugin":
        _import_from(Path(plugin))


# The commands under test write no bytecode, so it is written once for all of them.
_WHERE = """
import compileall, importlib.util, json, os, sys, sysconfig
plugin = importlib.util.find_spec("conda_cuda_plugin")
plugin and compileall.compile_dir(os.path.dirname(plugin.origin), quiet=2)
where = [sysconfig.get_path("purelib"), sys.version_info[:2], plugin and plugin.origin]
print(json.dumps(where))
"""


def _import_from(plugin: Path) -> None:
    """Import the plugin that is installed, not editable, with the conda under test."""
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location(
        "conda_cuda_plugin", plugin, submodule_search_locations=[str(plugin.parent)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = module_from_spec(spec)
    spec.loader.exec_module(module)


LONG = (
    "shells", "fuzz", "real_channels", "cures", "windows", "sources", "docs", "kill", "activators",
    "living", "maintenance",
)  # fmt: skip
"""Folders with files that take long, the longest first: begun last, one would keep a worker busy
alone."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long comes first."""
    folders = PROJECT / "tests"

    def turn(item: pytest.Item) -> int:
        folder = item.path.relative_to(folders).parts[0]
        return LONG.index(folder) if folder in LONG else len(LONG)

    items.sort(key=turn)


def pytest_report_header() -> str:
    """Say what is tested."""
    import conda_cuda_plugin

    return f"conda under test: {_conda_under_test()}, plugin: {conda_cuda_plugin.__path__[0]}"


_let_tests_import_conda()
# No test asserts seconds: on a busy machine any example may take long.
settings.register_profile("no-deadline", deadline=None)
settings.load_profile("no-deadline")


@dataclass
class Result:
    """What a command has printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as one JSON document."""
        return json.loads(self.out)


@dataclass
class Conda:
    """A conda that reads and writes in its own folders only."""

    exe: Path
    home: Path
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def envs(self) -> Path:
        """Where named environments go."""
        return self.home / "envs"

    @property
    def pkgs(self) -> Path:
        """The package cache."""
        return Path(self.variables["CONDA_PKGS_DIRS"])

    def environ(self, **extra: str | None) -> dict[str, str]:
        """The variables of a command; None takes one away."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("CONDA", "_CONDA", "_CE_", "CUDA", "__CONDA", "XLA_"))
            and name not in ("COLUMNS", "LD_LIBRARY_PATH", "PYTHONPATH", "REQUESTS_CA_BUNDLE")
        }
        merged: dict[str, str | None] = {
            **kept,
            "HOME": str(self.home),
            "CONDARC": str(self.home / "condarc.yml"),
            "CONDA_ENVS_DIRS": str(self.envs),
            # Where any other conda has it; the throwaway base asks for the name.
            "THROWAWAY_ENVIRONMENTS_TXT": str(self.home / ".conda" / "environments.txt"),
            "PYTHONDONTWRITEBYTECODE": "1",
            **self.variables,
            **extra,
        }
        return {name: value for name, value in merged.items() if value is not None}

    def __call__(
        self,
        *words: str | Path,
        check: bool = True,
        stdin: str | None = None,
        cwd: Path | None = None,
        timeout: float = 300,
        **extra: str | None,
    ) -> Result:
        """Run `conda WORDS`; fail the test when it fails, unless `check` is off."""
        line, environ, cwd = list(map(str, words)), self.environ(**extra), cwd or self.home
        done = None
        if stdin is None and self.exe == _conda_under_test():
            done = warm_conda().run(line, environ, cwd, timeout)
        done = done or subprocess.run(
            [self.exe, *line],
            env=environ,
            stdin=subprocess.DEVNULL if stdin is None else None,
            input=stdin,
            capture_output=True,
            text=True,
            cwd=cwd,
            timeout=timeout,
        )
        result = Result(done.returncode, done.stdout, done.stderr)
        if check and result.code:
            pytest.fail(
                f"conda {' '.join(map(str, words))}: exit {result.code}\n{result.out}\n{result.err}"
            )
        return result

    def cuda(self, verb: str, prefix: Path, *words: str | Path, **extra: Any) -> Result:
        """Run `conda cuda VERB -p PREFIX WORDS`."""
        return self("cuda", verb, "-p", prefix, *words, **extra)

    def empty_cache(self, folder: Path) -> Path:
        """Take a new folder for the package cache; the folder."""
        folder.mkdir()
        (folder / "urls.txt").touch()
        self.variables["CONDA_PKGS_DIRS"] = str(folder)
        return folder

    def create(self, prefix: Path) -> Path:
        """An empty environment."""
        (prefix / "conda-meta").mkdir(parents=True)
        (prefix / "conda-meta" / "history").touch()
        return prefix


@functools.cache
def warm_conda() -> WarmConda:
    """The conda under test, imported once for this process."""
    exe = _conda_under_test()
    return WarmConda(exe, Conda(exe, PROJECT).environ())


def shell_function(conda_exe: Path) -> str:
    """conda's shell function for bash and its like, without the activation of base behind it."""
    words = [conda_exe, "shell.posix", "hook"]
    hook = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    text, count = re.subn(r"^conda activate '?base'?$", "", hook, flags=re.MULTILINE)
    assert count == 1, "the end of conda's hook is not what was expected"
    return text


@pytest.fixture(scope="session")
def conda_exe() -> Path:
    """The conda under test, with this project installed into its base."""
    exe = _conda_under_test()
    if not exe.exists():
        pytest.fail(f"{exe} is missing: make base assembles it")
    return exe


@pytest.fixture(scope="session")
def package_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One package cache for the whole run, so that real files are downloaded once."""
    cache = tmp_path_factory.mktemp("pkgs")
    (cache / "urls.txt").touch()
    return cache


def _conda(exe: Path, home: Path, cache: Path) -> Conda:
    (home / "envs").mkdir(exist_ok=True)
    (home / "condarc.yml").write_text(
        "channels: []\ndefault_channels: []\nauto_update_conda: false\n"
        "notify_outdated_conda: false\nnumber_channel_notices: 0\nreport_errors: false\n"
        # Nobody answers here: not finding a channel should not take long.
        "remote_max_retries: 0\nremote_connect_timeout_secs: 3\n"
    )
    return Conda(exe, home, {"CONDA_PKGS_DIRS": str(cache)})


@pytest.fixture
def conda(conda_exe: Path, package_cache: Path, tmp_path: Path) -> Conda:
    """A conda for one test; the package cache is shared."""
    home = tmp_path / "home"
    home.mkdir()
    return _conda(conda_exe, home, package_cache)


@pytest.fixture(scope="module")
def module_conda(
    conda_exe: Path, package_cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Conda:
    """A conda for the tests of one file that share environments."""
    return _conda(conda_exe, tmp_path_factory.mktemp("home"), package_cache)


@pytest.fixture
def own_cache(conda: Conda, tmp_path: Path) -> Path:
    """A package cache for one test: nobody else's packages are in it."""
    return conda.empty_cache(tmp_path / "pkgs")


@pytest.fixture
def far(conda_exe: Path, tmp_path: Path) -> Conda:
    """A conda on another machine: home and package cache are empty, and pip finds nothing."""
    home, cache = tmp_path / "far", tmp_path / "far" / "pkgs"
    cache.mkdir(parents=True)
    conda = _conda(conda_exe, home, cache)
    conda.variables.update(PIP_CONFIG_FILE="/dev/null", PIP_NO_INDEX="1", PIP_FIND_LINKS="")
    return conda


@pytest.fixture
def environment(conda: Conda) -> Iterator[Path]:
    """An empty environment."""
    yield conda.create(conda.envs / "one")
