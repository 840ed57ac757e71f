"""`conda cuda env --format kernelspec`: the environment's own Jupyter kernels."""

from __future__ import annotations

import json
import os
import string
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ..conftest import Conda
from ..listing import listing

SPEC = {
    "argv": ["{python}", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
    "display_name": "Python – ü",
    "language": "python",
    "metadata": {"debugger": True},
}
FORMAT = ("--format", "kernelspec")


def kernel(prefix: Path, name: str = "python3", **more: Any) -> Path:
    """A kernel as ipykernel installs it."""
    path = prefix / "share" / "jupyter" / "kernels" / name / "kernel.json"
    path.parent.mkdir(parents=True)
    argv = [word.replace("{python}", str(prefix / "bin" / "python")) for word in SPEC["argv"]]
    text = json.dumps({**SPEC, "argv": argv, **more}, indent=1)
    path.write_text(text)
    return path


def environment_of(path: Path) -> dict[str, str]:
    """The variables of a kernel, as Jupyter reads them where it has none itself."""
    env = json.loads(path.read_text())["env"]
    return {name: string.Template(value).safe_substitute({}) for name, value in env.items()}


@pytest.mark.parametrize("undo", [["off"], ["remove", "--all", "--yes"], ["remove", "12.4", "-y"]])
@pytest.mark.parametrize("env", [None, {}, {"LD_LIBRARY_PATH": "/x", "MINE": "$é"}], ids=str)
def test_it_is_put_in_and_taken_back(
    conda: Conda, two: Path, undo: list[str], env: dict[str, str] | None
) -> None:
    path = kernel(two, **({} if env is None else {"env": env}))
    path.chmod(0o664)
    before = path.read_bytes()
    result = conda.cuda("env", two, *FORMAT)
    assert "kernel.json has CUDA's variables now." in result.out
    spec = json.loads(path.read_text())
    found = spec.pop("env")
    assert spec == {k: v for k, v in json.loads(before).items() if k != "env"}
    root = f"{two}/cuda"
    rest = f":{env['LD_LIBRARY_PATH']}" if env else ""
    assert found == {
        **(env or {}),
        "CUDA_HOME": root,
        "CUDA_PATH": root,
        "CUDAToolkit_ROOT": root,
        "LD_LIBRARY_PATH": f"{root}/lib64{rest}",
        "XLA_FLAGS": f"--xla_gpu_cuda_data_dir={root}",
    }
    assert environment_of(path) == found
    assert path.stat().st_mode & 0o777 == 0o664
    assert str(two) not in (two / "etc/conda/cuda/state.yaml").read_text()
    again = listing(two)
    assert "kernel.json has CUDA's variables already." in conda.cuda("env", two, *FORMAT).out
    assert listing(two) == again
    conda.cuda(undo[0], two, *undo[1:])
    assert path.read_bytes() == before


def test_it_follows_a_switch_and_survives_it(conda: Conda, two: Path) -> None:
    path = kernel(two)
    before = path.read_bytes()
    conda.cuda("env", two, *FORMAT)
    edited = path.read_bytes()
    conda.cuda("use", two, "13.0")
    assert path.read_bytes() == edited
    root = environment_of(path)["CUDA_HOME"]
    assert os.path.realpath(root) == str(two / "cuda-13.0")
    conda.cuda("remove", two, "12.4", "--yes")
    assert path.read_bytes() == edited
    conda.cuda("off", two)
    assert path.read_bytes() == before


def test_a_process_with_the_kernels_variables_finds_the_library(conda: Conda, two: Path) -> None:
    path = kernel(two)
    conda.cuda("env", two, *FORMAT)
    words = ["sh", "-c", 'cat "${LD_LIBRARY_PATH%%:*}/libcudart.so.12"']
    env = {**os.environ, **environment_of(path)}
    assert subprocess.run(words, env=env, capture_output=True).stdout == b"cudart 12.4"


def test_only_kernels_of_this_environment_are_touched(conda: Conda, two: Path) -> None:
    mine = kernel(two)
    bare = kernel(two, "bare", argv=["python3.11", "-m", "ipykernel_launcher"])
    launcher = kernel(two, "x", argv=["env", f"{two}/bin/xpython"])
    others = [
        kernel(two, "ir", argv=["R", "--slave"]),
        kernel(two, "elsewhere", argv=["/usr/bin/python3", "-m", "ipykernel_launcher"]),
        kernel(two, "near", argv=[f"{two}-2/bin/python"]),
        kernel(two, "empty", argv=[]),
    ]
    before = [path.read_bytes() for path in others]
    document = conda.cuda("env", two, *FORMAT, "--json").json
    rows = {row["path"]: row["changed"] for row in document["kernels"]}
    assert rows == {str(path): True for path in (mine, bare, launcher)}
    assert [path.read_bytes() for path in others] == before


def test_what_the_user_changes_later_stays(conda: Conda, two: Path) -> None:
    path = kernel(two)
    conda.cuda("env", two, *FORMAT)
    spec = json.loads(path.read_text())
    spec["env"] |= {"CUDA_HOME": "/mine", "LD_LIBRARY_PATH": f"/a:{two}/cuda/lib64", "NEW": "1"}
    path.write_text(json.dumps(spec))
    document = conda.cuda("env", two, *FORMAT, "--json").json["kernels"][0]
    assert document["kept"] == ["CUDA_HOME"]
    found = environment_of(path)
    assert found["LD_LIBRARY_PATH"] == f"{two}/cuda/lib64:/a"
    conda.cuda("off", two)
    assert environment_of(path) == {"CUDA_HOME": "/mine", "LD_LIBRARY_PATH": "/a", "NEW": "1"}


def test_the_package_cache_keeps_its_file(conda: Conda, two: Path, tmp_path: Path) -> None:
    """conda's files are hard links into its cache."""
    path = kernel(two)
    cached = tmp_path / "kernel.json"
    os.link(path, cached)
    before = cached.read_bytes()
    conda.cuda("env", two, *FORMAT)
    assert cached.read_bytes() == before != path.read_bytes()


def test_off_leaves_a_kernel_that_is_gone_or_broken(conda: Conda, two: Path) -> None:
    gone, broken, mine = (kernel(two, name) for name in ("gone", "broken", "mine"))
    before = mine.read_bytes()
    conda.cuda("env", two, *FORMAT)
    gone.unlink()
    broken.write_text("{")
    conda.cuda("off", two)
    assert (broken.read_text(), mine.read_bytes()) == ("{", before)
    assert not gone.exists()


class TestErrors:
    """One sentence, and nothing changed."""

    def assert_refused(self, conda: Conda, prefix: Path, sentence: str) -> None:
        before = listing(prefix)
        result = conda.cuda("env", prefix, *FORMAT, check=False)
        assert (result.code, result.out, "Traceback" in result.err) == (1, "", False)
        assert sentence in result.err
        assert listing(prefix) == before

    def test_no_kernel(self, conda: Conda, two: Path) -> None:
        sentence = "The environment has no Jupyter kernel in "
        self.assert_refused(conda, two, sentence)
        kernel(two, "ir", argv=["R"])
        self.assert_refused(conda, two, sentence)
        assert (
            "conda install --name two ipykernel" in conda.cuda("env", two, *FORMAT, check=False).err
        )

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"{,}", "it is not JSON"),
            (b"\xff", "it is not JSON"),
            (b"[1]", "it is not a JSON object"),
            (b'{"argv": ["python"], "env": [1]}', '"env" is not a table'),
        ],
    )
    def test_no_json(self, conda: Conda, two: Path, content: bytes, reason: str) -> None:
        kernel(two)
        kernel(two, "broken").write_bytes(content)
        self.assert_refused(conda, two, reason)

    def test_a_link_to_somewhere_else(self, conda: Conda, two: Path, tmp_path: Path) -> None:
        elsewhere = kernel(tmp_path)
        before = elsewhere.read_bytes()
        folder = two / "share" / "jupyter" / "kernels"
        folder.mkdir(parents=True)
        (folder / "python3").symlink_to(elsewhere.parent)
        self.assert_refused(conda, two, "a symbolic link leads to it")
        (folder / "python3").unlink()
        (folder / "python3").mkdir()
        (folder / "python3" / "kernel.json").symlink_to(elsewhere)
        self.assert_refused(conda, two, "a symbolic link leads to it")
        assert elsewhere.read_bytes() == before
