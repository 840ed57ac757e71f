"""The machine on which the pages are read: channels and wheels in folders, a GPU's nvidia-smi."""

from __future__ import annotations

import os
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path

from ..channel.builder import build_channels
from ..conftest import shell_function
from ..other_machines.channel import write_machine_channel
from ..sources.redist_server import small_release, write_release
from ..sources.wheelhouse import only_index
from .session import Session
from .stand_ins import (
    NVIDIA_SMI,
    add_to_channel,
    pip_alone,
    python_packages,
    write_index,
    write_wheels,
)

SUBDIR = {"x86_64": "linux-64", "aarch64": "linux-aarch64"}[platform.machine()]
FOLDERS = ("/usr/local", "/media/usb", "/opt/modules", "/scratch")
"""Folders of the reader's machine that the pages write or read; they lie in the sandbox."""


@dataclass(frozen=True)
class World:
    """What all pages share; nothing in it changes after it was made.

    Args:
        folder: where all of it lies.
    """

    folder: Path

    @property
    def channels(self) -> Path:
        """Channels under their names."""
        return self.folder / "channels" / "channels"

    @property
    def web(self) -> Path:
        """What a server hands out: an index for pip in `simple`, and its wheels."""
        return self.folder / "web"

    @property
    def programs(self) -> Path:
        """The machine's own programs, before /usr/bin."""
        return self.folder / "bin"

    @property
    def base(self) -> Path:
        """conda, which the pages leave as it is."""
        return self.folder / "base"

    @property
    def setup(self) -> Path:
        """conda's shell function, without the activation of base that follows it."""
        return self.folder / "conda.sh"


def make_world(folder: Path, conda_exe: Path) -> World:
    """Make what all pages share.

    Args:
        folder: a folder that is not there yet.
        conda_exe: the conda under test.
    """
    world = World(folder)
    (folder / "channels").mkdir(parents=True)
    build_channels(folder / "channels")
    add_to_channel(
        world.channels / "conda-forge", SUBDIR, python_packages(pip_alone(folder / "pip"))
    )
    write_machine_channel(world.channels / "lab")
    write_index(world.web / "simple", write_wheels(world.web / "wheels"))
    world.programs.mkdir()
    conda = copy_base(conda_exe, world.base)
    (world.programs / "conda").symlink_to(conda)
    (world.programs / "nvidia-smi").write_text(NVIDIA_SMI)
    (world.programs / "nvidia-smi").chmod(0o755)
    world.setup.write_text(shell_function(conda))
    return world


def copy_base(conda_exe: Path, folder: Path, *, plugin: bool = True) -> Path:
    """A copy of the conda under test, so that whatever a page does stays in the sandbox.

    Args:
        conda_exe: the program of the conda under test.
        folder: where the copy goes.
        plugin: whether it has this plugin.

    Returns:
        The program of the copy.
    """
    base = conda_exe.parent.parent
    left_out = ["envs", "pkgs"]
    if not plugin:
        left_out.append("*conda_cuda*")
    shutil.copytree(base, folder, symlinks=True, ignore=shutil.ignore_patterns(*left_out))
    named = [*(folder / "bin").iterdir(), *(folder / "etc").rglob("*"), folder / ".condarc"]
    for path in named:
        if path.is_file() and not path.is_symlink():
            data = path.read_bytes()
            if os.fsencode(base) in data:
                path.write_bytes(data.replace(os.fsencode(base), os.fsencode(folder)))
    # conda adds its settings up: those of base would give the reader its cache and environments.
    condarc = folder / ".condarc"
    if condarc.exists():
        rows = condarc.read_text().splitlines(keepends=True)
        kept = [row for row in rows if not row.startswith(("pkgs_dirs", "envs_dirs"))]
        condarc.write_text("".join(kept))
    return folder / "bin" / conda_exe.name


def open_session(world: World, folder: Path, address: str, *, own_pip: bool = False) -> Session:
    """A new reader at a new terminal.

    Args:
        world: the machine.
        folder: an empty folder for what is the reader's.
        address: where `world.web` is served.
        own_pip: whether pip is configured as this machine has it, and finds the real wheels.
    """
    home, record = folder / "me", folder / "record"
    folders = {name: folder / "machine" / name[1:] for name in FOLDERS}
    for path in (home / "conda" / "pkgs", home / "conda" / "envs", record, *folders.values()):
        path.mkdir(parents=True)
    (home / "conda" / "pkgs" / "urls.txt").touch()
    write_release(folders["/scratch"] / "cuda" / "redist", "12.4.1", small_release())
    (folder / "condarc.yml").write_text(
        "channels: [conda-forge]\ndefault_channels: []\n"
        f"channel_alias: {world.channels.as_uri()}\nregister_envs: true\n"
        f"pkgs_dirs: [{home}/conda/pkgs]\nenvs_dirs: [{home}/conda/envs]\n"
        "auto_update_conda: false\nnotify_outdated_conda: false\nnumber_channel_notices: 0\n"
        "report_errors: false\nremote_max_retries: 0\nremote_connect_timeout_secs: 3\n"
    )
    if own_pip:
        pip = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    else:
        pip = only_index(f"{address}/simple")
    environ = {
        "HOME": str(home),
        "USER": "me",
        "LANG": "C.UTF-8",
        "PATH": f"{world.programs}:/usr/bin:/bin",
        "TMPDIR": os.environ.get("TMPDIR", "/tmp"),
        "CONDARC": str(folder / "condarc.yml"),
        "THROWAWAY_ENVIRONMENTS_TXT": str(home / ".conda" / "environments.txt"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_ROOT_USER_ACTION": "ignore",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        **pip,
    }
    # The longer path first: the home folder is below the folder of the others.
    return Session(home, record, environ, world.setup, {"/home/me": home, **folders})
