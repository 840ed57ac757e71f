"""Programs and libraries in folders, and what the machine's real loader makes of them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

WANTED = "libwanted.so.1"
TAGS = {"rpath": "--disable-new-dtags", "runpath": "--enable-new-dtags"}

_PROGRAM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
static int show(struct dl_phdr_info *info, size_t size, void *wanted) {
    const char *slash = strrchr(info->dlpi_name, '/');
    if (!strcmp(slash ? slash + 1 : info->dlpi_name, wanted)) printf("%s\n", info->dlpi_name);
    return 0;
}
int main(int count, char **words) {
    if (!dlopen(words[1], RTLD_NOW)) { printf("error %s\n", dlerror()); return 0; }
    dl_iterate_phdr(show, words[2]);
    return 0;
}
"""


@dataclass(frozen=True)
class Arrangement:
    """Who asks for the wanted library, and what lies where.

    Args:
        files: kind by path, relative to the folder of the test: `good`, `aarch64`, `32-bit`,
            `text`, `short`, `folder`, `dangling`, or `-> TARGET`.
        library_path: LD_LIBRARY_PATH; `@` stands for the folder of the test.
        program: `rpath:TEXT` or `runpath:TEXT` of the program.
        middle: the same of a library that the program loads and that needs the wanted one.
        name: what is asked for.
    """

    files: Mapping[str, str] = field(default_factory=dict)
    library_path: str | None = None
    program: str = ""
    middle: str | None = None
    name: str = WANTED


class Workshop:
    """A compiler that makes each thing once, and the real loader.

    Args:
        folder: where the things are kept.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._made: dict[tuple[str, str], Path] = {}
        self.wanted = self._compile("wanted", "int wanted;", "-shared", f"-Wl,-soname,{WANTED}")

    def build(self, arrangement: Arrangement, place: Path) -> list[Path]:
        """Put an arrangement into a folder.

        Returns:
            What asks, then what loaded that: the chain of the loader.
        """
        for name in ("bin", "mid", "cwd"):
            (place / name).mkdir(parents=True)
        program = place / "bin" / "program"
        self._put("program", arrangement.program, program, place)
        for name, kind in arrangement.files.items():
            self._file(place / name, kind)
        if arrangement.middle is None:
            return [program]
        middle = place / "mid" / "libmiddle.so"
        self._put("middle", arrangement.middle, middle, place)
        return [middle, program]

    def run(
        self, arrangement: Arrangement, chain: list[Path], place: Path
    ) -> tuple[str | None, str, list[str]]:
        """What the real loader does.

        Returns:
            The path it loaded the wanted library from, its error, and every path that it tried
            and that exists.
        """
        asked = str(chain[0]) if arrangement.middle is not None else arrangement.name
        variables = {"LD_DEBUG": "libs"}
        if arrangement.library_path is not None:
            variables["LD_LIBRARY_PATH"] = arrangement.library_path.replace("@", str(place))
        done = subprocess.run(
            [chain[-1], asked, os.path.basename(arrangement.name)],
            env=variables,
            cwd=place / "cwd",
            capture_output=True,
            text=True,
            check=True,
        )
        part = done.stderr.partition(f"find library={arrangement.name} ")[2]
        part = part.partition("calling init")[0]
        tried = [
            os.path.join(place / "cwd", path)
            for path in re.findall(r"trying file=(.*)", part)
            if os.path.lexists(os.path.join(place / "cwd", path))
        ]
        out = done.stdout.strip()
        if out.startswith("error "):
            return None, out, list(dict.fromkeys(tried))
        return os.path.join(place / "cwd", out), "", list(dict.fromkeys(tried))

    def _put(self, what: str, tag: str, target: Path, place: Path) -> None:
        kind, _, text = tag.partition(":")
        text = text.replace("@", str(place))
        options = [f"-Wl,{TAGS[kind]},-rpath,{text}"] if kind else []
        if what == "program":
            made = self._compile(f"program-{kind}-{text}", _PROGRAM, "-ldl", *options)
        else:
            needed = ["-shared", "-Wl,--no-as-needed", str(self.wanted)]
            made = self._compile(f"middle-{kind}-{text}", "int middle;", *needed, *options)
        shutil.copy(made, target)

    def _file(self, path: Path, kind: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        content = bytearray(self.wanted.read_bytes())
        if kind == "folder":
            path.mkdir()
        elif kind == "dangling":
            path.symlink_to("nowhere")
        elif kind.startswith("-> "):
            path.symlink_to(kind[3:])
        else:
            if kind == "aarch64":
                content[18:20] = (183).to_bytes(2, "little")
            elif kind == "32-bit":
                content[4] = 1
            elif kind == "text":
                content = bytearray(b"/* GNU ld script */ INPUT ( libwanted.so )\n" * 3)
            elif kind == "short":
                content = content[:20]
            path.write_bytes(content)

    def _compile(self, name: str, source: str, *options: str) -> Path:
        key = (name, source)
        if key not in self._made:
            output = self.folder / str(len(self._made))
            command = ["gcc", "-fPIC", "-x", "c", "-", "-x", "none", "-o", output, *options]
            subprocess.run(command, input=source, text=True, check=True)
            self._made[key] = output
        return self._made[key]
