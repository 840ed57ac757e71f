"""Every screen as it was at the last look: `tests/cli/screens`, written anew by `make screens`.

One file a screen: the command, then what it shows on a terminal of 60, 80 and 100 columns. Colours
stand in the text as marks, {green}runs{/}; without them it is what a terminal without colours shows.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import shlex
import shutil
import struct
import tempfile
import termios
import threading
from collections.abc import Iterator
from pathlib import Path

from .. import conftest
from ..channel.package import CondaPackage, write_channel
from ..conftest import Conda
from ..docs.stand_ins import NVIDIA_SMI
from ..docs.world import copy_base
from ..sources.wheelhouse import only_folder, write_releases
from ..warm import WarmConda

FOLDER = Path(__file__).with_name("screens")
WIDTHS = (60, 80, 100)
COLOURS = {"bold": 1, "red": 31, "green": 32, "yellow": 33, "cyan": 36}
NOWHERE = "http://127.0.0.1:9"
"""Nobody answers there."""
HOME = "/home/me/cuda-screens"
"""What the screens call the folder of the world, whose name is as long."""
PYPI = "--from pypi"
LAB = "--from channel -c lab --flavor base -n new"
"""A channel for other machines than this one."""
SCREENS = {
    "start": "",
    "list": "list",
    "list-envs": "list --envs",
    "list-available": "list --available --flavor runtime",
    "list-available-release": "list --available 12.4",
    "info": "info",
    "use-plan": f"use 11.8 {PYPI} --flavor base --dry-run",
    "use-plan-packages": f"use 11.8 {PYPI} --flavor runtime --dry-run -v",
    "use-plan-passed-over": "use 11.8 --dry-run",
    "use-plan-added": f"use 12.4 {PYPI} --flavor runtime --pin --dry-run",
    "use-plan-chosen": "use --for torch==2.5.1 --dry-run",
    "use-plan-limits": f"use 11.8 {PYPI} --for driver=450.80.02,cc=8.0 --dry-run",
    "use-plan-no-driver": f"use 11.8 {PYPI} --for cc=8.0 --dry-run",
    "use-plan-installer": "use 10.2 --from runfile --for cc=7.0 --dry-run",
    "use-switch": "use 13.0 --dry-run",
    "use-other-machine": f"use 12.4 {LAB} --cudnn 9.10",
    "use-other-machine-stated": f"use 12.4 {LAB} --cudnn 9.10 --for driver=550,cc=8.6+9.0",
    "use-other-machine-no-driver": f"use 12.4 {LAB} --cudnn 9.10 --for v100",
    "use-cannot": "use 13.1 --for driver=470,cc=8.0",
    "use-10.2": "use 10.2 --for cc=7.0",
    "use-10.2-devel": "use 10.2 --flavor devel --for cc=7.0",
    "use-11.2-devel": "use 11.2 --flavor devel --for cc=7.0",
    "use-no-such-update": "use 12.4.9",
    "use-no-such-release": "use 12.7",
    "use-nearly-a-version": "use 12,4",
    "use-nearly-a-source": "use 12.4 --from pip",
    "mistyped-verb": "install 12.4",
    "mistyped-option": "list --flavour devel",
    "mistyped-choice": "use 12.4 --flavor develop",
    "no-verb": "frobnicate",
    "remove": "remove --all --dry-run",
    "run-lacks-a-tool": "run 12.4 -- nvcc --version",
    "which-library": "which libcudart.so.12",
    "which-missing": "which libcublas.so.11",
    "which-tool": "which nvcc",
    "which-message": "which 'libcudnn.so.9: cannot open shared object file'",
    "doctor": "doctor",
    "doctor-broken": "doctor -n broken",
    "match": "match torch==2.5.1",
    "match-limits": "match torch==2.5.1 --for driver=525.60.13,cc=8.9",
    "match-cannot": "match torch==2.5.1 --for driver=390,cc=3.0",
    "match-environment": "match torch==2.5.1 -n two",
    "env": "env",
    "apply-environment": "apply environment.yml --dry-run",
    "apply-no-section": "apply no-cuda.yml",
    "mirror": f"mirror 12.4 {PYPI} --to usb --dry-run",
}
"""The words behind `conda cuda`; the environment `two` is active."""


class World:
    """A machine that is the same everywhere: wheels in a folder, no channel, one GPU."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.conda = folder, _make(folder)
        # With what the loader reads before a command begins.
        self.warm = WarmConda(self.conda.exe, self.environ())

    def environ(self, **more: str | None) -> dict[str, str]:
        """The variables of a shell in which `two` is active."""
        two = self.conda.envs / "two"
        found = self.conda.environ(
            CONDA_PREFIX=str(two),
            CONDA_SHLVL="1",
            PATH=f"{self.folder / 'bin'}:{two / 'bin'}:/usr/bin:/bin",
            LD_LIBRARY_PATH=str(two / "cuda" / "lib64"),
            CUDA_HOME=str(two / "cuda"),
            TERM="xterm-256color",
            **more,
        )
        unwanted = ("SHELL", "PSModulePath")
        return {
            name: value
            for name, value in found.items()
            if name not in unwanted and not name.lower().endswith("_proxy")
        }

    def screen(self, words: str, columns: int, *, colours: bool = True) -> str:
        """What a terminal shows."""
        environ = self.environ(NO_COLOR=None if colours else "1")
        line = ["cuda", *shlex.split(words)]
        return self._same_everywhere(self._shown(line, environ, columns))

    def _shown(self, line: list[str], environ: dict[str, str], columns: int) -> str:
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        found: list[bytes] = []

        def read() -> None:
            # A terminal that nobody writes to any more ends with an error.
            with contextlib.suppress(OSError):
                while data := os.read(ours, 65536):
                    found.append(data)

        reader = threading.Thread(target=read)
        reader.start()
        try:
            done = self.warm.run(line, environ, self.folder, 120, theirs)
            assert done is not None
        finally:
            os.close(theirs)
            reader.join()
            os.close(ours)
        return b"".join(found).decode()

    def _same_everywhere(self, text: str) -> str:
        text = text.replace("\r\n", "\n").replace(str(self.folder), HOME)
        # What stands on the machine that runs this is left out, and what says which one it is.
        text = re.sub(r"system, |(, )?\bsystem$", "", text, flags=re.MULTILINE)
        row = r"^  (host compiler|system       |conda        )  .*\n(?: {17}.*\n)*"
        text = re.sub(row, r"  \1  ...\n", text, flags=re.MULTILINE)
        text = re.sub(r"^  system: .*\n(?: {4}.*\n)*", "  system: ...\n", text, flags=re.MULTILINE)
        for name, number in COLOURS.items():
            text = text.replace(f"\x1b[{number}m", f"{{{name}}}")
        return text.replace("\x1b[0m", "{/}")


@contextlib.contextmanager
def make_world() -> Iterator[World]:
    """Make it."""
    # The name of such a folder is always as long.
    with tempfile.TemporaryDirectory(prefix="screens-", dir="/tmp") as name:
        assert len(name) == len(HOME)
        yield World(Path(name))


def _make(folder: Path) -> Conda:
    (folder / "pkgs").mkdir()
    (folder / "pkgs" / "urls.txt").touch()
    # What the base under test has in its folder of environments is no part of this world.
    base = copy_base(conftest._conda_under_test(), folder / "base")
    conda = conftest._conda(base, folder, folder / "pkgs")
    with open(folder / "condarc.yml", "a", encoding="utf-8") as file:
        file.write(f"channel_alias: {NOWHERE}\ncustom_channels:\n  lab: {folder.as_uri()}\n")
    write_channel(folder / "lab", "linux-64", _for_other_machines())
    conda.variables.update(only_folder(write_releases(folder / "wheels")))
    (folder / "bin").mkdir()
    (folder / "bin" / "nvidia-smi").write_text(NVIDIA_SMI)
    (folder / "bin" / "nvidia-smi").chmod(0o755)
    two = conda.create(conda.envs / "two")
    conda.cuda("use", two, "13.0", "--from=pypi", "--components=nvcc", "-y")
    conda.cuda("use", two, "12.4", "--from=pypi", "--flavor=base", "-y")
    conda.create(conda.envs / "new")
    for name in ("broken", "한국어"):
        shutil.copytree(two, conda.envs / name, symlinks=True)
    (conda.envs / "broken" / "cuda").unlink()
    (folder / "environment.yml").write_text(
        "name: work\nchannels: [conda-forge]\ndependencies: [python=3.12, numpy]\n"
        "cuda: {version: 11.8, flavor: base, source: pypi}\n"
    )
    (folder / "no-cuda.yml").write_text("name: work\ndependencies: [python=3.12]\n")
    # conda lists what it has in this folder.
    (folder / "usb").mkdir()
    return conda


def _for_other_machines() -> Iterator[CondaPackage]:
    """A toolkit with add-ons for GPUs from 9.0 on, or for a driver."""
    tie, needs = "cuda-version >=12.4,<12.5.0a0", "cuda-version >=12,<13"
    yield CondaPackage("cuda-version", "12.4", constrains=("__cuda >=12",), noarch=True)
    for arch in ("8.6", "8.9", "9.0"):
        yield CondaPackage("cuda-arch", arch, constrains=(f"__cuda_arch {arch}",), noarch=True)
    parts = {"cuda-cudart": "12.4.127", "cuda-nvrtc": "12.4.127", "libcublas": "12.4.5.8"}
    for name, version in parts.items():
        yield CondaPackage(name, version, depends=(tie,))
    yield CondaPackage("cudnn", "9.10.2.21", depends=(needs, "cuda-arch >=9.0"))
    yield CondaPackage("cudnn", "9.8.0.87", depends=(needs, "cuda-arch >=8.0"))
    yield CondaPackage("nccl", "2.27.7.1", depends=(needs, "__cuda >=12.2"))


def text_of(world: World, name: str) -> str:
    """The file of a screen."""
    words = SCREENS[name]
    parts = [f"$ conda cuda {words}".rstrip() + "\n"]
    for columns in WIDTHS:
        parts.append(f"\n{f' {columns} columns ':=^{columns}}\n")
        parts.append(world.screen(words, columns))
    return "".join(parts)


def main() -> None:
    """Write all files anew."""
    FOLDER.mkdir(exist_ok=True)
    with make_world() as world:
        for path in FOLDER.glob("*.txt"):
            path.unlink()
        for name in SCREENS:
            (FOLDER / f"{name}.txt").write_text(text_of(world, name), encoding="utf-8")


if __name__ == "__main__":
    main()
