"""`conda cuda` on Windows: commands that need no link, since wine has no junctions.

The environment is made here, with the layout of win-64; what Windows would have as a junction is a
symbolic link of Linux, which programs in wine follow without seeing it.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conda_cuda_plugin.environment import Environment
from conda_cuda_plugin.install import switch

from ..install.test_windows import WINDOWS, toolkit
from .conda import WindowsConda
from .wine import Wine, windows_path

NAME = "envs (x86) & co"
RELEASES = {"11.8": "cudart64_110.dll", "12.4": "cudart64_12.dll"}


@pytest.fixture(scope="module")
def conda(windows: Wine, tmp_path_factory: pytest.TempPathFactory) -> WindowsConda:
    home = tmp_path_factory.mktemp("windows home")
    (home / "condarc.yml").write_text("channels: []\ndefault_channels: []\n")
    return WindowsConda(windows, home)


@pytest.fixture(scope="module")
def prefix(windows: Wine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with 11.8 and 12.4, of which 12.4 is current; its DLLs can be loaded."""
    assert windows.python is not None
    prefix = tmp_path_factory.mktemp(NAME)
    (prefix / "conda-meta").mkdir()
    (prefix / "conda-meta" / "history").touch()
    environment = Environment(prefix)
    real = (windows.python / "libffi-8.dll").read_bytes()
    for release, dll in RELEASES.items():
        made = toolkit(prefix, release, dll)
        (made.root / "bin" / dll).write_bytes(real)
        switch.make_current(environment, made, WINDOWS, {})
    return prefix


def tree(prefix: Path) -> dict[str, object]:
    return {
        str(path.relative_to(prefix)): path.read_bytes() if path.is_file() else path.is_symlink()
        for path in sorted(prefix.rglob("*"))
    }


def test_list_and_env_know_the_toolkits(conda: WindowsConda, prefix: Path) -> None:
    rows = conda.cuda("list", prefix)["toolkits"]
    assert [(row["name"], row["current"]) for row in rows] == [
        ("cuda-12.4", True),
        ("cuda-11.8", False),
    ]
    variables = conda.cuda("env", prefix)["variables"]
    root = windows_path(prefix / "cuda")
    names = ("CUDA_HOME", "CUDA_PATH", "CUDAToolkit_ROOT", "CUDA_PATH_V12_4")
    assert variables == dict.fromkeys(names, root)


SHOW = """
import ctypes, json, os, sys
library = ctypes.WinDLL(sys.argv[1], winmode=0)
where = ctypes.create_unicode_buffer(1000)
ctypes.windll.kernel32.GetModuleFileNameW(ctypes.c_void_p(library._handle), where, 1000)
print(json.dumps([where.value, os.environ["CUDA_PATH"], sys.argv[2:]]))
sys.exit(int(sys.argv[2]))
"""


@pytest.mark.parametrize("release", RELEASES)
def test_run_finds_the_dlls_and_passes_words_and_exit_code(
    conda: WindowsConda, prefix: Path, release: str
) -> None:
    assert conda.windows.python is not None
    show = conda.home / "show.py"
    show.write_text(SHOW)
    words = ["9", "two words", 'a "quoted" one', "", "50%", "a&b", "^caret", "back\\", "ünï", "!x!"]
    python = windows_path(conda.windows.python / "python.exe")
    command = [python, "-X", "utf8", windows_path(show), RELEASES[release], *words]
    done = conda.run(prefix, release, command)
    where, root, got = json.loads(done.stdout)
    assert root == windows_path(prefix / f"cuda-{release}")
    assert where.lower() == f"{root}\\bin\\{RELEASES[release]}".lower()
    assert got == words
    assert done.returncode == 9


def test_use_says_what_is_missing_and_loses_nothing(conda: WindowsConda, prefix: Path) -> None:
    before = tree(prefix)
    done = conda(
        *("cuda", "use", "11.8", "-p", windows_path(prefix), "--yes", "--json"), check=False
    )
    document = json.loads(done.stdout)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr.decode()
    assert "Request not supported" in document["message"] or "junction" in document["message"]
    after = tree(prefix)
    # The lock and the list of wheels of what is here are no part of a toolkit.
    assert {k: v for k, v in after.items() if k in before} == before
    assert {Path(name).name for name in after.keys() - before.keys()} <= {"lock"}


def test_condas_own_activation_in_cmd_there_and_back(conda: WindowsConda, prefix: Path) -> None:
    """As `conda.bat` does it: conda writes a file, and cmd carries it out."""
    activate = conda.home / "activate.bat"
    deactivate = conda.home / "deactivate.bat"
    written = conda("shell.cmd.exe", "activate", windows_path(prefix)).stdout.decode().strip()
    activate.write_bytes(_as_batch(_at(written, conda)))
    path = f"{windows_path(prefix)}\\bin;C:\\windows\\system32"
    written = conda(
        *("shell.cmd.exe", "deactivate"),
        CONDA_PREFIX=windows_path(prefix),
        CONDA_SHLVL="1",
        WINEPATH=path,
    ).stdout.decode()
    deactivate.write_bytes(_as_batch(_at(written.strip(), conda)))
    assert b"~conda-cuda.bat" in activate.read_bytes()
    assert b"~conda-cuda.bat" in deactivate.read_bytes()

    lines = ['SET "CUDA_PATH=C:\\mine"']
    for number, script in enumerate((None, activate, deactivate)):
        lines += [f'CALL "{windows_path(script)}"'] if script else []
        lines += [f'SET >"{windows_path(conda.home / f"dump{number}")}"']
    assert conda.windows.batch(lines, conda.home) == b""
    before, active, after = (_ours(conda.home / f"dump{number}") for number in range(3))
    root = windows_path(prefix / "cuda")
    assert active.keys() > before.keys()
    assert active["CUDA_PATH"] == active["CUDA_HOME"] == active["CUDA_PATH_V12_4"] == root
    assert after == before == {"CUDA_PATH": "C:\\mine"}


def _as_batch(path: Path) -> bytes:
    """What conda wrote, as a batch file; newer ones write NAME=VALUE lines for conda.bat to read."""
    if path.suffix == ".bat":
        return path.read_bytes()
    lines = []
    for line in path.read_text("utf-8").splitlines():
        name, _, value = line.replace("%", "%%").partition("=")
        if name == "_CONDA_SCRIPT":
            # conda.bat has `CALL ... ||`, whose right side wine's cmd always runs.
            lines += [f'@CALL "{value}"', "@IF ERRORLEVEL 1 ECHO the script has failed"]
        else:
            lines.append(f'@SET "{name}={value}"')
    return "".join(f"{line}\r\n" for line in lines).encode()


def _at(path: str, conda: WindowsConda) -> Path:
    """Where a file of Windows is on this machine."""
    drive, _, rest = path.replace("\\", "/").partition(":")
    return Path(rest) if drive == "Z" else conda.windows.prefix / f"drive_{drive.lower()}{rest}"


def _ours(dump: Path) -> dict[str, str]:
    pairs = (line.partition("=")[::2] for line in dump.read_text("utf-8", "replace").splitlines())
    return {
        name: value for name, value in pairs if name.startswith(("CUDA", "__CONDA_CUDA", "__cc"))
    }
