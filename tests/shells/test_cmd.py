"""The cmd hooks in wine's cmd.exe, which is not Windows' own but close."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..windows.wine import Wine, serving, windows_path
from .conftest import need
from .shells import SHELLS

[CMD] = [shell for shell in SHELLS if shell.name == "cmd"]
WATCHED = ("CUDA_", "CUDAToolkit_ROOT", "__CONDA_CUDA", "__cc_", "XLA_FLAGS", "LD_LIBRARY_PATH")
A, B = "Z:{root}\\env a", "Z:{root}\\b"


@pytest.fixture(scope="session")
def wine_prefix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    need(CMD)
    prefix = tmp_path_factory.mktemp("wine")
    with serving(prefix):
        yield prefix


def play(
    lines: list[str], wine_prefix: Path, hooks: dict[str, Path], root: Path
) -> list[dict[str, str]]:
    """Runs a batch script; ``dump``, ``activate`` and ``deactivate`` are steps of their own."""
    for name in ("env a", "b"):
        (root / name / "cuda").mkdir(parents=True)
    (root / "env a" / "cuda" / "release.txt").write_bytes(b"12.4\n")
    (root / "b" / "cuda" / "release.txt").write_bytes(b"11.8.0\r\n")
    script = ["@ECHO OFF"]
    dumps = 0
    windows_root = str(root).replace("/", "\\")
    for line in lines:
        if line == "dump":
            script.append(f'SET >"Z:{windows_root}\\dump{dumps}"')
            dumps += 1
        elif line in hooks:
            path = str(hooks[line]).replace("/", "\\")
            script.append(f'CALL "Z:{path}"')
            script.append("IF ERRORLEVEL 1 ECHO failed")
        else:
            script.append(line.replace("{root}", windows_root))
    batch = root / "steps.bat"
    batch.write_text("\r\n".join(script) + "\r\n", newline="")
    done = subprocess.run(
        [*CMD.command, f"Z:{batch}".replace("/", "\\")],
        env={**os.environ, "WINEPREFIX": str(wine_prefix), "WINEDEBUG": "-all"} | NEUTRAL,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=300,
    )
    assert (done.returncode, done.stdout.strip()) == (0, b"")
    found = []
    for number in range(dumps):
        text = (root / f"dump{number}").read_text("utf-8", "replace")
        pairs = (line.partition("=")[::2] for line in text.splitlines())
        found.append({name: value for name, value in pairs if name.startswith(WATCHED)})
    return found


NEUTRAL = {"DISPLAY": "", "CONDA_PREFIX": "", "CONDA_SHLVL": ""}


def enter(prefix: str, level: int) -> list[str]:
    return [f'SET "CONDA_PREFIX={prefix}"', f'SET "CONDA_SHLVL={level}"']


def test_stack_and_pop_from_the_users_own_values(
    wine_prefix: Path, rendered: dict[str, dict[str, Path]], tmp_path: Path
) -> None:
    own = {"CUDA_PATH": "C:\\Program Files\\CUDA (x86)\\v12.4", "CUDA_PATH_V12_4": "C:\\v12.4"}
    dumps = play(
        [
            *(f'SET "{name}={value}"' for name, value in own.items()),
            "dump",
            *(*enter(A, 1), "activate", "dump", "activate", "dump"),
            *(*enter(B, 2), "activate", "dump"),
            *("deactivate", *enter(A, 1), "activate", "dump"),
            *("deactivate", "dump", "deactivate", "dump"),
        ],
        wine_prefix,
        rendered["bat"],
        tmp_path,
    )
    root = str(tmp_path).replace("/", "\\")
    a, b = (f"{prefix.replace('{root}', root)}\\cuda" for prefix in (A, B))
    in_a = {
        "CUDA_HOME": a,
        "CUDA_PATH": a,
        "CUDAToolkit_ROOT": a,
        "CUDA_PATH_V12_4": a,
        "__CONDA_CUDA_CH_1": f"u{a}",
        "__CONDA_CUDA_CP_1": f"s{a}",
        "__CONDA_CUDA_CPO_1": own["CUDA_PATH"],
        "__CONDA_CUDA_CR_1": f"u{a}",
        "__CONDA_CUDA_CV_1": f"s{a}",
        "__CONDA_CUDA_CVO_1": own["CUDA_PATH_V12_4"],
        "__CONDA_CUDA_CVN_1": "12_4",
    }
    in_b = in_a | {
        "CUDA_HOME": b,
        "CUDA_PATH": b,
        "CUDAToolkit_ROOT": b,
        "CUDA_PATH_V11_8": b,
        **{f"__CONDA_CUDA_{key}_2": f"s{b}" for key in ("CH", "CP", "CR")},
        **{f"__CONDA_CUDA_{key}O_2": a for key in ("CH", "CP", "CR")},
        "__CONDA_CUDA_CV_2": f"u{b}",
        "__CONDA_CUDA_CVN_2": "11_8",
    }
    assert dumps == [own, in_a, in_a, in_b, in_a, own, own]


def test_toolkit_switched_and_user_edit_while_active(
    wine_prefix: Path, rendered: dict[str, dict[str, Path]], tmp_path: Path
) -> None:
    release = A + "\\cuda\\release.txt"
    dumps = play(
        [
            *(*enter(A, 1), "activate"),
            f'ECHO 13.0>"{release}"',
            *("activate", "dump"),
            'SET "CUDA_HOME=C:\\mine"',
            *("deactivate", "dump"),
        ],
        wine_prefix,
        rendered["bat"],
        tmp_path,
    )
    root = str(tmp_path).replace("/", "\\")
    assert dumps[0]["CUDA_PATH_V13_0"] == f"{A.replace('{root}', root)}\\cuda"
    assert "CUDA_PATH_V12_4" not in dumps[0]
    assert dumps[1] == {"CUDA_HOME": "C:\\mine"}


def test_with_echo_on_no_line_of_a_hook_is_shown(
    wine_prefix: Path, rendered: dict[str, dict[str, Path]], tmp_path: Path
) -> None:
    """But for what wine's cmd shows whatever it is told: labels, and the lines that CALL has run."""
    (tmp_path / "cuda").mkdir()
    wine = Wine(wine_prefix)
    hooks = {name: windows_path(path) for name, path in rendered["bat"].items()}
    lines = [
        f'SET "CONDA_PREFIX={windows_path(tmp_path)}"',
        "ECHO ON",
        *(f'@CALL "{hooks[name]}"' for name in ("activate", "activate", "deactivate")),
        "@SET CUDA",
    ]
    printed = wine.batch(lines, tmp_path, CUDA_PATH='"C:\\Program Files\\CUDA"').decode()
    shown = [line.partition(">")[2].strip() for line in printed.splitlines() if ">" in line]
    assert [line for line in shown if not line.startswith((":__cc_", 'SET "'))] == []
    assert printed.splitlines()[-1] == 'CUDA_PATH="C:\\Program Files\\CUDA"'


@pytest.mark.parametrize("name", ["CONDA_SHLVL", "CONDA_PREFIX", "__CONDA_CUDA_CVN_1", "CUDA_HOME"])
def test_no_part_of_a_value_is_run(
    wine_prefix: Path, rendered: dict[str, dict[str, Path]], tmp_path: Path, name: str
) -> None:
    (tmp_path / "cuda").mkdir()
    hooks = {name: windows_path(path) for name, path in rendered["bat"].items()}
    texts = [
        "1};echo pwned;#",
        "1 & echo pwned",
        '" & echo pwned & "',
        "1) & echo pwned",
        "^& echo pwned",
    ]
    for text in texts:
        lines = [f'CALL "{hooks[way]}"' for way in ("activate", "activate", "deactivate")]
        if '"' in text:
            # Otherwise the hooks' last resort in wine, CALL SET, takes such a value apart there.
            lines.insert(0, "SETLOCAL ENABLEDELAYEDEXPANSION")
        variables = {"CONDA_PREFIX": windows_path(tmp_path), "CONDA_SHLVL": "1", name: text}
        assert Wine(wine_prefix).batch(lines, tmp_path, **variables) == b"", text


def test_lost_environment_no_toolkit_and_no_release(
    wine_prefix: Path, rendered: dict[str, dict[str, Path]], tmp_path: Path
) -> None:
    dumps = play(
        [
            *(*enter(A, 1), "activate"),
            f'DEL "{B}\\cuda\\release.txt"',
            *(*enter(B, 1), "activate", "deactivate", "dump"),
            *(*enter(A + "\\none", 1), "activate", "dump", "deactivate", "dump"),
            *('SET "CONDA_PREFIX="', 'SET "CONDA_SHLVL="', "activate", "deactivate", "dump"),
        ],
        wine_prefix,
        rendered["bat"],
        tmp_path,
    )
    assert dumps == [{}, {}, {}, {}]
