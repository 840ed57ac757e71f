"""`conda cuda env`: the variables for what runs no hooks."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from conda_cuda_plugin.actions.variables import (
    Variables,
    as_cmd,
    as_dockerfile,
    as_dotenv,
    as_powershell,
    as_sh,
)
from conda_cuda_plugin.errors import CudaError

from ..conftest import Conda, shell_function
from ..listing import listing
from ..shells.conftest import need
from ..shells.driver import parse_dumps
from ..shells.families import FAMILIES
from ..shells.shells import SHELLS
from ..windows.conftest import wine
from ..windows.wine import Wine, windows_path

__all__ = ["wine"]
SH = ("dash", "bash")
LIBRARY_PATHS = {
    "unset": None,
    "empty": "",
    "one": "/x",
    "two": "/x:/y z",
    "empty-first": ":/x",
    "empty-last": "/x:",
}
PATHS: Any = st.text(
    st.characters(exclude_characters="\0:;$\r\n", exclude_categories=["Cs"]), min_size=1
).map("/".__add__)
CUDA = ("CUDA_HOME", "CUDA_PATH", "CUDAToolkit_ROOT", "LD_LIBRARY_PATH", "XLA_FLAGS")


def shell(name: str, script: str, start: Mapping[str, str | None]) -> dict[str, str]:
    """The exported variables after a script in a fresh shell."""
    done = subprocess.run(
        [shutil.which(name) or name, "-c", f"{script}\nexec /usr/bin/env -0"],
        env={"PATH": "/usr/bin:/bin", **{k: v for k, v in start.items() if v is not None}},
        capture_output=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b""), done.stderr.decode()
    rows = [row.partition(b"=") for row in done.stdout.split(b"\0") if row]
    return {os.fsdecode(key): os.fsdecode(value) for key, _, value in rows}


def variables_at(root: str) -> Variables:
    names = ("CUDA_HOME", "CUDA_PATH", "CUDAToolkit_ROOT")
    flags = f"--xla_gpu_cuda_data_dir={root}"
    return Variables(dict.fromkeys(names, root), f"{root}/lib64", flags, (f"{root}/bin",))


@pytest.fixture(scope="module")
def hook(conda_exe: Path) -> str:
    """conda's shell function, without the activation of base that follows it."""
    return shell_function(conda_exe)


class TestSh:
    """What a script evaluates."""

    @pytest.mark.parametrize("name", ["two", "a b ü"])
    def test_it_does_what_activation_does(
        self, conda: Conda, two: Path, hook: str, name: str
    ) -> None:
        prefix = two.rename(conda.envs / name)
        text = conda.cuda("env", prefix).out
        activate = f"{hook}\nconda activate {shlex.quote(str(prefix))}"
        for library_path in LIBRARY_PATHS.values():
            for flags in (None, "", "--mine"):
                start = {"LD_LIBRARY_PATH": library_path, "XLA_FLAGS": flags}
                before = {**conda.environ(PATH="/usr/bin:/bin"), **start}
                expected = shell("bash", activate, before)
                assert f"{prefix}/cuda/lib64" in expected["LD_LIBRARY_PATH"]
                for shell_name in SH:
                    found = shell(shell_name, f"set -eu\n{text}", before)
                    ours = {name: found.get(name) for name in CUDA}
                    assert ours == {name: expected.get(name) for name in CUDA}
                    # And nothing else but what a later activation has to know.
                    new = {k for k in found if k not in before} - {*CUDA, "PWD", "SHLVL", "_"}
                    assert new <= {"__CONDA_CUDA_XFM"}

    @pytest.mark.parametrize("name", SH)
    @pytest.mark.parametrize("library_path", LIBRARY_PATHS.values(), ids=LIBRARY_PATHS)
    def test_twice_is_once(
        self, conda: Conda, two: Path, name: str, library_path: str | None
    ) -> None:
        text = conda.cuda("env", two).out
        start = {"LD_LIBRARY_PATH": library_path}
        assert shell(name, text * 2, start) == shell(name, text, start)

    def test_the_last_toolkit_wins_and_none_is_there_twice(self, conda: Conda, two: Path) -> None:
        current, named = conda.cuda("env", two).out, conda.cuda("env", two, "13.0").out
        start = {"LD_LIBRARY_PATH": "/x"}
        found = shell("dash", named + current + named, start)
        assert found["CUDA_HOME"] == str(two / "cuda-13.0")
        assert found["LD_LIBRARY_PATH"] == f"{two}/cuda-13.0/lib64:{two}/cuda/lib64:/x"
        assert found["XLA_FLAGS"] == f"--xla_gpu_cuda_data_dir={two}/cuda-13.0"

    def test_the_current_toolkit_goes_by_its_link(self, conda: Conda, two: Path) -> None:
        assert conda.cuda("env", two, "12.4").out == conda.cuda("env", two).out
        found = shell("dash", conda.cuda("env", two).out, {})
        assert found["CUDA_PATH"] == str(two / "cuda")
        conda.cuda("use", two, "13.0")
        assert os.path.realpath(found["CUDA_PATH"]) == str(two / "cuda-13.0")

    @given(PATHS, st.sampled_from(SH), st.sampled_from([None, "", "/x:/y", ":"]))
    def test_every_path_survives_the_quoting(
        self, root: str, name: str, library_path: str | None
    ) -> None:
        start = {"LD_LIBRARY_PATH": library_path}
        found = shell(name, f"set -eu\n{as_sh(variables_at(root)) * 2}", start)
        rest = f":{library_path}" if library_path else ""
        assert {key: found[key] for key in CUDA} == {
            **variables_at(root).alone,
            "LD_LIBRARY_PATH": f"{root}/lib64{rest}",
        }


PWSH = next(shell for shell in SHELLS if shell.name == "pwsh")


def in_powershell(
    cases: list[tuple[str, dict[str, str]]], folder: Path, options: str = ""
) -> list[dict[str, str]]:
    """The variables after each text, which PowerShell evaluates in one process, from a few of before."""
    need(PWSH)
    folder.mkdir(exist_ok=True)
    (folder / "dumps").write_bytes(b"")
    family, lines = FAMILIES["ps1"], []
    for number, (text, start) in enumerate(cases):
        (folder / f"{number}.ps1").write_text(text)
        lines.append(family.unset([*CUDA, "__CONDA_CUDA_XFM"]))
        lines += [family.set(name, value) for name, value in start.items()]
        lines.append(f"& $read '{folder}/{number}.ps1' | Out-String | Invoke-Expression")
        lines.append(family.dump(folder))
    begin = [
        family.prelude(folder),
        "$read = { param($path) [IO.File]::ReadAllText($path) }",
        options,
    ]
    script = folder / "script.ps1"
    script.write_text("\n".join([*begin, *lines, ""]))
    program = PWSH.path()
    assert program is not None
    words = [program, *PWSH.command[1:], script]
    done = subprocess.run(words, capture_output=True, stdin=subprocess.DEVNULL, timeout=300)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    return parse_dumps((folder / "dumps").read_bytes())


class TestPowerShell:
    """What Invoke-Expression reads."""

    def test_it_does_what_sh_does(self, conda: Conda, two: Path, tmp_path: Path) -> None:
        text = conda.cuda("env", two, "--format", "powershell").out
        cases: list[tuple[str, dict[str, str]]] = []
        expected = []
        for library_path in ("", "/x", "/x:/y z", ":/x", f"/x:{two}/cuda/lib64:/y"):
            for flags in ("", "--mine"):
                start = {"LD_LIBRARY_PATH": library_path, "XLA_FLAGS": flags}
                found = shell("dash", conda.cuda("env", two).out, start)
                expected.append({name: found[name] for name in CUDA})
                cases.append((text * 2, start))
        for options in (
            "Set-StrictMode -Version Latest; $ErrorActionPreference = 'Stop'",
            "$OFS = ','",
        ):
            dumps = in_powershell(cases, tmp_path / "work", options)
            assert [{name: env.get(name) for name in CUDA} for env in dumps] == expected

    @settings(max_examples=4, phases=(Phase.generate,))
    @given(st.lists(st.tuples(PATHS, st.sampled_from(["", "/x:/y"])), min_size=25, max_size=25))
    def test_every_path_survives_the_quoting(
        self, tmp_path_factory: pytest.TempPathFactory, many: list[tuple[str, str]]
    ) -> None:
        cases, expected = [], []
        for root, library_path in many:
            cases.append((as_powershell(variables_at(root)), {"LD_LIBRARY_PATH": library_path}))
            rest = f":{library_path}" if library_path else ""
            expected.append({**variables_at(root).alone, "LD_LIBRARY_PATH": f"{root}/lib64{rest}"})
        dumps = in_powershell(cases, tmp_path_factory.mktemp("powershell"))
        assert [{name: env.get(name) for name in CUDA} for env in dumps] == expected


def test_cmd_is_a_shell_of_windows(conda: Conda, two: Path) -> None:
    result = conda.cuda("env", two, "--format", "cmd", check=False)
    assert (result.code, result.out) == (1, "")
    assert "--format powershell" in result.err


def test_cmd_reads_its_lines(wine: Wine, tmp_path: Path) -> None:
    roots = ["C:\\e\\cuda", "C:\\a b\\x (x86) & y\\100%TEMP%\\ca^t,=+\\cuda"]
    for root in roots:
        names = ("CUDA_HOME", "CUDA_PATH", "CUDAToolkit_ROOT", "CUDA_PATH_V12_4")
        text = as_cmd(Variables(dict.fromkeys(names, root), None, None, ()))
        (tmp_path / "cuda.bat").write_text(text * 2, newline="\r\n")
        printed = wine.batch([f'CALL "{windows_path(tmp_path)}\\cuda.bat"', "SET CUDA"], tmp_path)
        assert set(printed.decode().splitlines()) == {f"{name}={root}" for name in names}


class TestOtherFormats:
    """What programs read."""

    def test_json_is_one_document(self, conda: Conda, two: Path) -> None:
        document = conda.cuda("env", two, "--format", "json").json
        assert document == conda.cuda("env", two, "--json").json
        assert (document["toolkit"], document["version"]) == ("cuda-12.4", "12.4.1")
        assert document["variables"] == variables_at(str(two / "cuda")).alone
        assert (document["prepended"], document["where_unset"]) == (
            ["LD_LIBRARY_PATH"],
            ["XLA_FLAGS"],
        )
        other = conda.cuda("env", two, "--format", "dotenv", "--json").json
        assert other["text"] == conda.cuda("env", two, "--format", "dotenv").out

    def test_dotenv_holds_the_same_values(self, conda: Conda, two: Path, tmp_path: Path) -> None:
        expected = conda.cuda("env", two, "--json").json["variables"]
        file = tmp_path / "cuda.env"
        file.write_text(conda.cuda("env", two, "--format", "dotenv").out)
        assert dict(line.split("=", 1) for line in file.read_text().splitlines()) == expected
        found = shell("dash", f"set -a\n. {shlex.quote(str(file))}", {})
        assert {name: found[name] for name in expected} == expected

    @given(PATHS)
    def test_readers_of_dotenv_agree_or_it_is_refused(self, root: str) -> None:
        values = variables_at(root).alone
        try:
            text = as_dotenv(values)
        except CudaError as error:
            assert {"\\", "'"} & set(root), error.message
            return
        for line in text.splitlines() if root.isprintable() else ():
            name, _, written = line.partition("=")
            assert systemd_value(written) == shlex.split(written)[0] == values[name]
            # Nothing in it that a reader could expand, and the end of the line is its end.
            assert "$" not in written

    def test_dockerfile_goes_on_from_what_the_image_has(self, conda: Conda, two: Path) -> None:
        text = conda.cuda("env", two, "--format", "dockerfile").out
        assert f'ENV CUDA_HOME="{two}/cuda"\n' in text
        line = f'"{two}/cuda/lib64${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}"'
        assert f"ENV LD_LIBRARY_PATH={line}\n" in text
        assert all(line.startswith("ENV ") for line in text.splitlines())

    @given(PATHS, st.sampled_from([None, "", "/x:/y"]), st.sampled_from([None, "", "--mine"]))
    def test_dockerfile_quotes_every_path(
        self, root: str, library_path: str | None, flags: str | None
    ) -> None:
        """Between double quotes a Dockerfile has the shell's rules, apart from the backquote."""
        if "`" in root:
            return
        script = as_dockerfile(variables_at(root)).replace("ENV ", "export ")
        found = shell("dash", script, {"LD_LIBRARY_PATH": library_path, "XLA_FLAGS": flags})
        rest = f":{library_path}" if library_path else ""
        assert {name: found[name] for name in CUDA} == {
            **variables_at(root).alone,
            "LD_LIBRARY_PATH": f"{root}/lib64{rest}",
            "XLA_FLAGS": flags or f"--xla_gpu_cuda_data_dir={root}",
        }
        assert found["PATH"] == f"{root}/bin:/usr/bin:/bin"


class TestErrors:
    """One sentence, and nothing changed."""

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (["11.8"], "CUDA 11.8 is not installed in this environment."),
            (["what"], "'what' is not a CUDA version."),
            (
                ["13.0", "--format", "kernelspec"],
                "A kernel follows the current toolkit, and cuda-13.0 is not the current one.",
            ),
        ],
    )
    def test_what_is_not_there(
        self, conda: Conda, two: Path, words: list[str], message: str
    ) -> None:
        before = listing(two)
        result = conda.cuda("env", two, *words, check=False)
        assert (result.code != 0, result.out) == (True, "")
        assert message in textwrap.dedent(result.err)
        assert "Traceback" not in result.err
        assert listing(two) == before

    def test_nothing_is_current(self, conda: Conda, environment: Path) -> None:
        result = conda.cuda("env", environment, "--json", check=False)
        assert result.code == 1
        assert result.json["message"] == "No toolkit is current in this environment."
        assert "conda cuda use" in " ".join(result.json["hints"])

    def test_a_path_that_the_loader_takes_apart(self, conda: Conda, two: Path) -> None:
        prefix = two.rename(conda.envs / "a$b")
        result = conda.cuda("env", prefix, check=False)
        assert (result.code, result.out) == (1, "")
        assert "The environment's path holds '$'" in result.err


def systemd_value(text: str) -> str:
    """A value as systemd reads it from an EnvironmentFile.

    Source: systemd.exec(5), EnvironmentFile=: a backslash escapes outside of quotes, single quotes
    hold everything, and within double quotes it escapes a double quote, itself, $ and `.
    """
    found, quote, at = "", "", 0
    while at < len(text):
        char = text[at]
        escapes = quote == "" or (quote == '"' and text[at + 1 : at + 2] in tuple('"\\$`'))
        if char == quote or (not quote and char in "'\""):
            quote = "" if quote else char
        elif char == "\\" and quote != "'" and escapes:
            at += 1
            found += text[at : at + 1]
        else:
            found += char
        at += 1
    return found if text[:1] in tuple("'\"") else found.strip()
