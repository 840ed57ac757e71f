"""Nodes on one machine: each has its own processes, host name, /usr/local and driver.

What a node has is bound over the machine's own places where nobody else sees it. The driver is the
stand-in of tests/machine, with this node's answers compiled in: a job's variables come from whoever
submits it.
"""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..machine.drivers import SOURCE

DRIVER = "nvidia/lib64"
"""Where containers have the driver, below /usr/local."""


@dataclass(frozen=True)
class NodeSpec:
    """One node.

    Args:
        name: as the scheduler has it.
        options: of its line in slurm.conf.
        driver: its release; none without.
        cuda: what its libcuda supports, such as 12020.
        gpus: as the stand-in has them: `NVIDIA H100:9:0`.
        device: the kind of GPU that Slurm gives out, two of them.
        shadow: the CUDA in its /usr/local/cuda, which its loader prefers to look in.
        prolog: what runs before every task, for sh; a line `export A=B` that it prints is a
            variable of the task.
        home: what it has in place of the folder that nodes share: `shared`, `missing`, `other`.
        personality: the architecture that its kernel pretends, such as `i686`.
        files: more files below /usr/local, with their text; programs where it begins with `#!`.
    """

    name: str
    options: str = ""
    driver: str | None = None
    cuda: int = 0
    gpus: str = ""
    device: str | None = None
    shadow: str | None = None
    prolog: str = ""
    home: str = "shared"
    personality: str | None = None
    files: Mapping[str, str] = field(default_factory=dict)


def put_up(spec: NodeSpec, folder: Path, shared: Path) -> list[str | Path]:
    """Make what a node has; the beginning of a command line that runs inside the node.

    Args:
        spec: the node.
        folder: a new folder for it.
        shared: the folder that nodes share.
    """
    local = folder / "local"
    (local / "bin").mkdir(parents=True)
    if spec.driver:
        _driver(spec, local / DRIVER)
    for name, text in spec.files.items():
        file = local / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o755 if text.startswith("#!") else 0o644)
    (folder / "prolog").write_text(spec.prolog)
    lines = ["set -e", f"mount --bind {shlex.quote(str(local))} /usr/local"]
    if spec.shadow:
        _toolkit(local / f"cuda-{spec.shadow}", spec.shadow)
        (local / "cuda").symlink_to(f"cuda-{spec.shadow}")
        lines += _loader(folder)
    if spec.home != "shared":
        stand_in = folder / "home"
        stand_in.mkdir()
        lines.append(f"mount --bind {shlex.quote(str(stand_in))} {shlex.quote(str(shared))}")
    pretend = f"setarch {spec.personality} " if spec.personality else ""
    lines.append(f"hostname {spec.name}")
    # The shell stays: somebody has to bury the processes that are left behind.
    lines.append(f'{pretend}"$@" & wait $!')
    inside = ["unshare", "--mount", "--uts", "--pid", "--fork", "--mount-proc", "--kill-child"]
    return [*inside, "sh", "-c", "\n".join(lines), "sh"]


def _driver(spec: NodeSpec, folder: Path) -> None:
    folder.mkdir(parents=True)
    answers = {
        "STANDIN_DRIVER": spec.driver,
        "STANDIN_CUDA": str(spec.cuda),
        "STANDIN_GPUS": spec.gpus,
    }
    calls = "".join(f'setenv("{name}", "{value}", 1);' for name, value in answers.items())
    text = (
        f"#include <stdlib.h>\n__attribute__((constructor)) static void say(void) {{ {calls} }}\n"
    )
    said = folder / "said.c"
    said.write_text(text)
    for name, options in (("libcuda.so.1", []), ("libnvidia-ml.so.1", ["-DNVML"])):
        gcc = ["gcc", "-shared", "-fPIC", "-w", *options, "-o", folder / name, SOURCE, said]
        subprocess.run(gcc, check=True)
    said.unlink()


def _toolkit(root: Path, version: str) -> None:
    """An administrator's toolkit, as far as a loader asks."""
    (root / "lib64").mkdir(parents=True)
    (root / "version.json").write_text(
        f'{{"cuda": {{"name": "CUDA", "version": "{version}.1"}}}}\n'
    )
    (root / "nothing.c").write_text("int nothing;\n")
    major = version.partition(".")[0]
    soname = f"libcudart.so.{major if int(major) >= 12 else version}"
    target = root / "lib64" / soname
    words = ["gcc", "-shared", f"-Wl,-soname,{soname}", "-o", target, root / "nothing.c"]
    subprocess.run(words, check=True)


def _loader(folder: Path) -> list[str]:
    """Commands that let the node's loader look in /usr/local/cuda, as CUDA's packages do."""
    conf = folder / "ld.so.conf"
    conf.write_text("/usr/local/cuda/lib64\ninclude /etc/ld.so.conf.d/*.conf\n")
    cache = shlex.quote(str(folder / "ld.so.cache"))
    return [
        f"/sbin/ldconfig -f {shlex.quote(str(conf))} -C {cache}",
        f"mount --bind {cache} /etc/ld.so.cache",
    ]
