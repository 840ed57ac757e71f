"""An environment with toolkits whose libraries can be loaded."""

from __future__ import annotations

import json
import os
import struct
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..channel.libraries import Compiler
from ..conftest import Conda, Result

NO_FILE = "cannot open shared object file: No such file or directory"
SYMBOL = "__nvJitLinkAddData_12_4"


@dataclass
class Bench:
    """An environment with two toolkits of the machine, 12.4 current; and another, with wheels."""

    conda: Conda
    compiler: Compiler
    folder: Path
    mine: Path
    other: Path

    def which(self, *words: str | Path, check: bool = False, **extra: Any) -> Result:
        """`conda cuda which -p MINE WORDS`, in a shell in which nothing is active."""
        return self.conda.cuda("which", self.mine, *words, check=check, **extra)

    def ask(self, *words: str | Path, **extra: Any) -> dict[str, Any]:
        """The first answer of `--json`."""
        answer: dict[str, Any] = self.which("--json", *words, **extra).json["answers"][0]
        return answer

    def active(self, *elements: str | Path) -> dict[str, str]:
        """The variables of a shell in which the environment is active."""
        ours = f"{self.mine}/cuda/lib64"
        return {
            "CONDA_PREFIX": str(self.mine),
            "CONDA_SHLVL": "1",
            "LD_LIBRARY_PATH": ":".join([*map(str, elements), ours]),
            "PATH": f"{self.mine}/bin:{os.environ['PATH']}",
        }

    def library(
        self, path: Path, soname: str, source: str = "", options: Sequence[str | Path] = ()
    ) -> Path:
        """A compiled library."""
        path.parent.mkdir(parents=True, exist_ok=True)
        command = ["gcc", "-shared", "-fPIC", "-Wl,--no-as-needed", f"-Wl,-soname,{soname}"]
        subprocess.run(
            [*command, "-o", path, "-x", "c", "-", *options], input=source, text=True, check=True
        )
        return path


def toolkit(compiler: Compiler, root: Path, release: str, soname: str) -> Path:
    """A toolkit as an installer leaves it."""
    for name in ("bin", "include", "lib64", "nvvm"):
        (root / name).mkdir(parents=True)
    (root / "version.json").write_text(json.dumps({"cuda": {"version": release}}))
    major, minor = release.split(".")
    (root / "lib64" / soname).write_bytes(
        compiler.runtime(soname, int(major) * 1000 + int(minor) * 10)
    )
    (root / "bin" / "nvcc").write_text(f"#!/bin/sh\necho release {release}, V{release}.99\n")
    (root / "bin" / "nvcc").chmod(0o755)
    return root


def made_dll(*needs: str) -> bytes:
    """A DLL of one section that needs others (Microsoft's specification of PE)."""
    table, names = 0x1000, b""
    rows = b""
    for name in needs:
        at = table + 20 * (len(needs) + 1) + len(names)
        rows += struct.pack("<IIIII", 0, 0, 0, at, 0)
        names += name.encode() + b"\0"
    content = rows + bytes(20) + names
    optional = struct.pack("<H", 0x20B) + bytes(110) + bytes(8) + struct.pack("<II", table, 60)
    optional += bytes(240 - len(optional))
    head = b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0"
    head += struct.pack("<HHIIIHH", 0x8664, 1, 0, 0, 0, len(optional), 0x2022) + optional
    section = b".rdata\0\0" + struct.pack("<IIII", len(content), table, len(content), 512)
    head += section + bytes(40 - len(section))
    return head.ljust(512, b"\0") + content
