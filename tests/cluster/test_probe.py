"""The probe that nodes get, under every Python that is here, with nothing around it."""

from __future__ import annotations

import ast
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from conda_cuda_plugin.cluster.answer import node_from
from conda_cuda_plugin.cluster.hearing import Hearing
from conda_cuda_plugin.cluster.node import Node, There
from conda_cuda_plugin.cluster.probe import LINE, MOST
from conda_cuda_plugin.cluster.script import PROBE, command, identity_of, program
from conda_cuda_plugin.machine.driver_library import PROBE as DRIVER_PROBE

from ..machine.drivers import StandIns, compile_standins

VERSIONS = [f"3.{minor}" for minor in range(6, 16)]
NONCE = "0123456789abcdef"
L4 = {"STANDIN_GPUS": "NVIDIA L4:8:9", "STANDIN_DRIVER": "550.54.15", "STANDIN_CUDA": "12040"}


@pytest.fixture(scope="module")
def standins(tmp_path_factory: pytest.TempPathFactory) -> StandIns:
    """libcuda and NVML."""
    return compile_standins(tmp_path_factory.mktemp("standins"))


def python(version: str) -> str:
    """A Python of some version; skips the test where there is none."""
    places = [shutil.which(f"python{version}")]
    places += map(str, Path.home().glob(f".pyenv/versions/{version}.*/bin/python{version}"))
    # What a version manager puts on PATH may be no Python.
    for place in filter(None, places):
        tried = subprocess.run([place, "-c", "import sys; print(sys.version)"], capture_output=True)
        if tried.stdout.startswith(version.encode() + b"."):
            return place
    pytest.skip(f"there is no Python {version} here")


def asked(
    words: list[str], variables: Mapping[str, str], prefix: Path | None = None, limit: float = 10,
    **options: Any,
) -> tuple[Node, bytes]:  # fmt: skip
    """What a node says that runs a program, as a node and as it came."""
    done = subprocess.run(
        words, input=program(NONCE, prefix, limit), env=dict(variables), capture_output=True,
        timeout=60, **options,
    )  # fmt: skip
    hearing = Hearing(NONCE, 1)
    for line in done.stdout.split(b"\n"):
        hearing.take(0, line)
    assert done.stderr == b""
    [speaker] = hearing.speakers.values()
    return node_from("node1", speaker.document, identity_of(prefix)), done.stdout


@pytest.mark.parametrize("file", [PROBE, DRIVER_PROBE], ids=lambda file: file.name)
def test_it_is_python_3_6_and_ascii(file: Path) -> None:
    ast.parse(file.read_bytes().decode("ascii"), feature_version=(3, 6))


@pytest.mark.parametrize("version", VERSIONS)
def test_every_python_runs_it_in_an_empty_environment(
    version: str, standins: StandIns, tmp_path: Path
) -> None:
    variables = {"LD_LIBRARY_PATH": str(standins.folder), "LC_ALL": "C", **L4}
    node, _ = asked([python(version), "-I", "-S", "-"], variables, cwd=tmp_path)
    assert node.machine is not None
    assert str(node.machine.driver) == "550.54.15"
    assert str(node.machine.driver_cuda) == "12.4"
    assert [(gpu.name, str(gpu.capability)) for gpu in node.machine.gpus] == [("NVIDIA L4", "8.9")]
    assert node.machine.libc == os.confstr("CS_GNU_LIBC_VERSION")
    assert node.machine.notes == ()
    assert node.architecture == os.uname().machine
    assert node.environment is There.UNKNOWN
    assert list(tmp_path.iterdir()) == []


def test_it_writes_no_file_and_opens_few() -> None:
    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))

    node, _ = asked([sys.executable, "-I", "-S", "-"], {}, preexec_fn=limited)
    assert node.answered


def test_its_lines_are_short(standins: StandIns) -> None:
    many = {"LD_LIBRARY_PATH": str(standins.folder), **L4}
    many["STANDIN_GPUS"] = ";".join(f"NVIDIA {'H' * 60}{number}:9:0" for number in range(200))
    node, printed = asked([sys.executable, "-I", "-S", "-"], many)
    assert max(map(len, printed.split(b"\n"))) < LINE + 100
    assert len(printed) < 2 * MOST
    assert node.answered


@pytest.mark.parametrize("library", ["NVML", "CUDA"])
def test_a_driver_that_hangs_is_given_up(library: str, standins: StandIns) -> None:
    variables = {"LD_LIBRARY_PATH": str(standins.folder), **L4, f"STANDIN_{library}_INIT": "hang"}
    started = time.monotonic()
    node, _ = asked([sys.executable, "-I", "-S", "-"], variables, limit=3)
    assert time.monotonic() - started < 6
    assert node.machine is not None
    assert [str(gpu.capability) for gpu in node.machine.gpus] == ["8.9"]
    assert any("did not answer within" in note for note in node.machine.notes)


def test_a_driver_that_crashes_is_told(standins: StandIns) -> None:
    variables = {"LD_LIBRARY_PATH": str(standins.folder), **L4, "STANDIN_NVML_INIT": "crash"}
    node, _ = asked([sys.executable, "-I", "-S", "-"], variables)
    assert node.machine is not None
    assert [str(gpu.capability) for gpu in node.machine.gpus] == ["8.9"]
    assert any("NVML ended with -11 in nvmlInit_v2" in note for note in node.machine.notes)


def test_the_parts_of_a_gpu_and_what_a_job_sees(standins: StandIns) -> None:
    variables = {
        "LD_LIBRARY_PATH": str(standins.folder), **L4, "STANDIN_MIG": "3",
        "CUDA_VISIBLE_DEVICES": "MIG-1,MIG-2",
    }  # fmt: skip
    node, _ = asked([sys.executable, "-I", "-S", "-"], variables)
    assert node.mig == ("NVIDIA L4 MIG 1g.5gb",)
    assert node.visible == "MIG-1,MIG-2"


def test_where_a_program_would_load_cuda_from(tmp_path: Path) -> None:
    for folder, name in (("one", "libcudart.so.12"), ("two", "libcudart.so.12"), ("two", "x.so")):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / name).touch()
    path = f"/nowhere:{tmp_path}/one:{tmp_path}/two"
    node, _ = asked([sys.executable, "-I", "-S", "-"], {"LD_LIBRARY_PATH": path})
    [found] = [one for one in node.loads if one.name == "libcudart.so.12"]
    assert (found.path, found.by) == (f"{tmp_path}/one/libcudart.so.12", "LD_LIBRARY_PATH")


def test_the_environment_and_its_copy(tmp_path: Path) -> None:
    def environment(name: str) -> Path:
        (tmp_path / name / "conda-meta").mkdir(parents=True)
        (tmp_path / name / "conda-meta" / "history").touch()
        return tmp_path / name

    def there(prefix: Path) -> There:
        return asked([sys.executable, "-I", "-S", "-"], {}, prefix)[0].environment

    first = environment("env")
    assert there(first) is There.SAME
    # A link to it is the same folder.
    (tmp_path / "link").symlink_to(first)
    assert there(tmp_path / "link") is There.SAME
    document = {"environment": identity_of(first)}
    copy = environment("copy")
    shutil.copystat(first / "conda-meta" / "history", copy / "conda-meta" / "history")
    assert node_from("node1", document, identity_of(copy)).environment is There.OTHER
    assert there(tmp_path / "nothing") is There.MISSING
    (tmp_path / "folder").mkdir()
    assert there(tmp_path / "folder") is There.OTHER


def test_the_command_finds_a_python(tmp_path: Path) -> None:
    """Of those on PATH the first that is new enough; what prints or fails is passed over."""
    for name, text in (("python3", "#!/bin/sh\necho noise; exit 1\n"), ("python", None)):
        if text is None:
            (tmp_path / name).symlink_to(sys.executable)
        else:
            (tmp_path / name).write_text(text)
            (tmp_path / name).chmod(0o755)
    node, _ = asked(["/bin/sh", "-c", command(NONCE)], {"PATH": str(tmp_path)})
    assert node.answered


@pytest.mark.parametrize("shell", ["sh", "bash", "zsh", "fish", "tcsh", "ksh"])
def test_every_login_shell_takes_the_command(shell: str) -> None:
    """As sshd gives it to the shell of the user there."""
    path = shutil.which(shell)
    if path is None:
        pytest.skip(f"there is no {shell} here")
    variables = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    words = [path, "-c", f"exec sh -c '{command(NONCE)}'"]
    assert asked(words, variables)[0].answered


def test_a_node_without_python_says_so(tmp_path: Path) -> None:
    # What it names by a whole path may be here.
    words = command(NONCE).replace("/usr/", "/nowhere/")
    done = subprocess.run(
        ["/bin/sh", "-c", words], env={"PATH": str(tmp_path), "SLURMD_NODENAME": "gpu01"},
        input=program(NONCE, None), capture_output=True,
    )  # fmt: skip
    hearing = Hearing(NONCE, 1)
    for line in done.stdout.splitlines():
        hearing.take(0, line)
    [speaker] = hearing.speakers.values()
    assert (speaker.name, speaker.document) == ("gpu01", "has no Python 3.6 or newer")
    assert node_from("gpu01", speaker.document).problem == "has no Python 3.6 or newer"


def test_the_program_is_ascii_whatever_the_prefix_is() -> None:
    text = program(NONCE, Path("/envs/prostředí '\"\\\n\udcff"))
    compile(text, "program", "exec")
    settings = text.decode("ascii").rpartition("main(json.loads(")[2].strip().removesuffix("))")
    assert json.loads(ast.literal_eval(settings))["prefix"] == "/envs/prostředí '\"\\\n\udcff"
