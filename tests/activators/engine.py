"""The activation engine of rattler, which other tools than conda activate environments with."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from ..channel.package import CondaPackage, write_channel
from ..shells.session import Session
from ..shells.shells import SHELLS, RealShell

# rattler's name of the shell, and the ending of its scripts.
NAMES = {"bash": ("bash", ".sh"), "zsh": ("zsh", ".sh"), "fish": ("fish", ".fish")}
NAMES |= {"xonsh": ("xonsh", ".xsh"), "pwsh": ("powershell", ".ps1")}
ENGINE_SHELLS = [pytest.param(shell, id=shell.name) for shell in SHELLS if shell.name in NAMES]
SYSTEM_PATH = "/usr/bin:/bin"


def need_rattler() -> None:
    """Skips where rattler is missing on a laptop, fails where it is missing in CI."""
    try:
        import rattler  # noqa: F401
    except ImportError:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("py-rattler is not installed")


def script(
    shell: str,
    prefix: Path,
    current: Path | None = None,
    *,
    platform: str | None = None,
    path: Iterable[str] = SYSTEM_PATH.split(":"),
) -> str:
    """What rattler lets a shell run to activate an environment.

    Args:
        shell: rattler's name of the shell.
        prefix: the environment.
        current: the active one, which is deactivated first.
        platform: the conda subdir, by default this machine's.
        path: what PATH is to be, behind the environment's own folders.
    """
    from rattler.shell import ActivationVariables, PathModificationBehavior, Shell, activate

    if current is not None:
        path = [f"{current}/bin", *path]
    variables = ActivationVariables(current, list(path), PathModificationBehavior.Replace)
    return activate(prefix, variables, getattr(Shell, shell), platform).script  # type: ignore[arg-type]


def install(prefix: Path, work: Path) -> Path:
    """An environment with one package, made by rattler alone."""
    from rattler import install, solve

    package = CondaPackage("greeting", "1.0", files={"share/greeting": b"hello\n"}, noarch=True)
    channel = write_channel(work / "channel", "linux-64", [package])

    async def make() -> None:
        records = await solve([channel.as_uri()], ["greeting"], platforms=["linux-64", "noarch"])
        await install(records, prefix, cache_dir=work / "cache", show_progress=False)

    asyncio.run(make())
    return prefix


def set_variables(prefix: Path, variables: Mapping[str, str]) -> None:
    """What `conda env config vars set` writes."""
    state = prefix / "conda-meta" / "state"
    state.parent.mkdir(exist_ok=True)
    state.write_text(json.dumps({"env_vars": dict(variables)}))


@dataclass(frozen=True)
class Scripts:
    """The scripts of every change from one environment to another, as files.

    Attributes:
        files: by the name that `name` gives.
    """

    files: dict[str, Path]

    @staticmethod
    def name(prefix: Path, current: Path | None) -> str:
        return f"{prefix} after {current}"


def write_scripts(shell: RealShell, prefixes: list[Path], folder: Path) -> Scripts:
    """Let rattler write every script that leads to an environment, from none or another one."""
    folder.mkdir(parents=True)
    name, ending = NAMES[shell.name]
    files = {}
    for prefix in prefixes:
        for current in (None, *prefixes):
            path = folder / f"{len(files)}{ending}"
            path.write_text(script(name, prefix, current))
            files[Scripts.name(prefix, current)] = path
    return Scripts(files)


class EngineSession(Session):
    """A session whose steps are rattler's scripts; the model follows what they do.

    rattler stacks nothing: CONDA_SHLVL is 1 in every environment. The session ends in an
    environment without hooks, since the engine has no script that only deactivates.
    """

    def hook(self, direction: str) -> None:
        if self.env.get("CONDA_PREFIX", "") not in self.without_hooks:
            self.run_model(direction, self.env)

    def go(self, prefix: Path, *, leave: bool = True) -> None:
        """Activate an environment.

        Args:
            prefix: which.
            leave: whether the active one is deactivated first, as rattler does when it is told.
        """
        current = Path(self.stack_of[-1]) if self.stack_of and leave else None
        if current is not None:
            self.hook("deactivate")
        self.stack_of = [str(prefix)]
        self.env |= {
            "CONDA_PREFIX": str(prefix),
            "CONDA_SHLVL": "1",
            "PATH": f"{prefix}/bin:{SYSTEM_PATH}",
        }
        self.hook("activate")
        self.steps.append(("source", Scripts.name(prefix, current)))
        self.expect(f"activate {prefix.name!r} after {current}")
