"""Whatever is planted in place of any file, every command leaves what lies outside as it is.

Five hundred combinations here, spread over all of them; `make fuzz` tries 20 000. A case is told by
its number, and `PLANTED_CASE=NUMBER` tries it again.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ...conftest import Conda, _conda
from ...sources.wheelhouse import only_folder, write_releases
from ..conftest import examples

SERVER = Path(__file__).with_name("server.py")
SITE = "lib/python3.11/site-packages"
SHARDS = 4
MOST = 2600
"""Cases, of eight combinations each."""
ONE = os.environ.get("PLANTED_CASE")


@pytest.fixture(scope="session")
def base() -> Iterator[str]:
    """A folder in memory that other users can reach, too."""
    memory = Path("/dev/shm")
    folder = tempfile.mkdtemp(dir=memory if os.access(memory, os.W_OK) else None)
    os.chmod(folder, 0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def planted(conda_exe: Path, base: str) -> Iterator[Any]:
    """What runs a case by its number."""
    top, wheels = Path(base, "world"), Path(base, "wheels")
    for folder in ("home", "pkgs", "here"):
        (top / folder).mkdir(parents=True)
    (top / "pkgs" / "urls.txt").touch()
    wheels.mkdir()
    conda = _conda(conda_exe, top / "home", top / "pkgs")
    conda.variables.update(only_folder(write_releases(wheels)), CONDA_REGISTER_ENVS="false")
    make_environment(conda, top / "here")
    with subprocess.Popen(
        [conda.exe.parent / "python", SERVER],
        env=conda.environ(CONDA_SHLVL="1"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:

        def ask(what: Any) -> Any:
            print(json.dumps(what), file=process.stdin, flush=True)
            assert process.stdout is not None
            answer = json.loads(process.stdout.readline())
            assert "broken" not in answer, answer["broken"]
            return answer

        assert ask({"top": str(top)})["cases"] > MOST
        yield ask
        assert process.stdin is not None
        process.stdin.close()


def make_environment(conda: Conda, here: Path) -> None:
    """Two toolkits, the user's files beside them, and all that the commands need offline."""
    prefix = conda.create(conda.envs / "two")
    for path, text in (
        ("share/mine", "mine\n"),
        ("bin/mine", "#!/bin/sh\n"),
        ("conda-meta/mine-1-0.json", '{"name": "mine", "version": "1", "files": ["bin/mine"]}'),
        ("conda-meta/pinned", "mine ==1\n"),
        ("share/jupyter/kernels/python3/kernel.json", '{"argv": ["python"]}\n'),
        (f"{SITE}/torch/version.py", "__version__ = '2.5.1+cu124'\ncuda = '12.4'\n"),
        (f"{SITE}/torch-2.5.1.dist-info/METADATA", "Name: torch\nVersion: 2.5.1\n"),
        ("etc/conda/activate.d/mine.sh", "# mine\n"),
    ):
        (prefix / path).parent.mkdir(parents=True, exist_ok=True)
        (prefix / path).write_text(text)
    pypi = ("--from=pypi", "-y")
    other = conda.create(conda.envs / "other")
    conda.cuda("use", other, "11.8", "--flavor=base", *pypi)
    conda.cuda("export", other, "-f", here / "cuda.yaml")
    conda.cuda("use", other, "12.4", "--components=cublas", *pypi)
    conda("cuda", "mirror", "11.8", "--flavor=base", *pypi, "--to", here / "mirror")
    shutil.rmtree(other)
    conda.cuda("use", prefix, "13.0", "--components=nvcc", *pypi)
    conda.cuda("use", prefix, "12.4", "--flavor=base", "--pin", *pypi)
    conda.cuda("env", prefix, "--format=kernelspec")
    conda.cuda("export", prefix, "-f", here / "written.yaml")


@pytest.mark.parametrize("shard", range(SHARDS))
def test_nothing_outside_changes(shard: int, planted: Any) -> None:
    numbers = range(shard, min(examples(60), MOST), SHARDS) if ONE is None else [int(ONE)]
    wrong: list[str] = []
    tried = 0
    for number in numbers:
        answer = planted(number)
        wrong += answer["wrong"]
        tried += answer["combinations"]
    assert tried
    assert not wrong, "\n".join([f"{len(wrong)} of {tried}:", *wrong[:30]])
