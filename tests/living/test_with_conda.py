"""What users do with environments besides `conda cuda`: move, pack, clean, freeze, install."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from conda_cuda_plugin import hooks
from conda_cuda_plugin.hooks import HookStatus

from ..channel.package import CondaPackage, write_channel
from ..channel.shell import Shell
from ..conftest import Conda
from ..listing import listing

LOOK = 'echo "$LD_LIBRARY_PATH"; echo "$CUDA_HOME"; nvcc --version | tail -1'
NVCC = "Cuda compilation tools, release 13.0, V13.0.88"


def hooked(prefix: Path) -> list[str]:
    """What `LOOK` prints where the hooks have run and 13.0 is current."""
    return [f"{prefix}/cuda/lib64", f"{prefix}/cuda", NVCC]


@pytest.fixture
def bash(conda: Conda, shell_setup: Path) -> Shell:
    return Shell(conda, shell_setup, Path("/bin/true"))


@pytest.fixture
def thirteen(conda: Conda, two: Path) -> Path:
    """The environment with 13.0 as its current toolkit."""
    conda.cuda("use", two, "13.0")
    return two


def test_moved(conda: Conda, thirteen: Path, bash: Shell, tmp_path: Path) -> None:
    moved = Path(shutil.move(thirteen, tmp_path / "else where"))
    assert bash.lines(moved, LOOK) == hooked(moved)
    conda.cuda("use", moved, "12.4")
    conda.cuda("use", moved, "13.0")
    assert bash.lines(moved, f"{LOOK}\nconda deactivate\necho ${{LD_LIBRARY_PATH-unset}}") == [
        *hooked(moved), "unset",
    ]  # fmt: skip
    assert str(thirteen) not in "".join(
        path.read_text("utf-8", "replace")
        for folder in (moved / "bin", moved / "etc")
        for path in folder.rglob("*")
        if path.is_file()
    )


def test_packed_and_unpacked(conda: Conda, thirteen: Path, bash: Shell, tmp_path: Path) -> None:
    """With conda-pack, to a machine where there may be no conda at all."""
    program = Path(sys.executable).with_name("conda-pack")
    if not program.exists():
        if os.environ.get("CI"):
            pytest.fail("conda-pack is missing")
        pytest.skip("conda-pack is missing")
    archive, there = tmp_path / "packed.tar.gz", tmp_path / "there" / "env"
    subprocess.run(
        [program, "-q", "-p", thirteen, "-o", archive], check=True, env=conda.environ(),
        capture_output=True,
    )  # fmt: skip
    shutil.rmtree(thirteen)
    there.mkdir(parents=True)
    with tarfile.open(archive) as tar:
        tar.extractall(there, filter="fully_trusted")
    if (there / "bin" / "conda-unpack").exists():
        subprocess.run([sys.executable, there / "bin" / "conda-unpack"], check=True, cwd=there)
    assert os.readlink(there / "cuda") == "cuda-13.0"
    # conda-pack's own activate script runs the hooks.
    script = f'. "{there}/bin/activate"; {LOOK}; . "{there}/bin/deactivate"; echo "${{LD_LIBRARY_PATH-unset}}"'
    done = subprocess.run(
        ["bash", "-c", script], env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True, text=True,
    )  # fmt: skip
    assert (done.stdout.splitlines(), done.stderr) == ([*hooked(there), "unset"], "")
    # And so does conda, where there is one.
    assert bash.lines(there, LOOK) == hooked(there)
    conda.cuda("use", there, "12.4")
    assert os.readlink(there / "cuda") == "cuda-12.4"


def test_the_package_cache_is_cleaned(
    conda: Conda, bash: Shell, environment: Path, tmp_path: Path
) -> None:
    conda.empty_cache(tmp_path / "pkgs")
    use = ("--from=pypi", "--components=nvcc,cudart", "--yes")
    conda.cuda("use", environment, "13.0", *use)
    before = listing(environment)
    conda("clean", "--all", "--yes")
    assert listing(environment) == before
    assert bash.lines(environment, LOOK) == hooked(environment)
    other = conda.create(conda.envs / "other")
    # What was converted stays in the local channel.
    conda.cuda("use", other, "13.0", *use, "--offline")
    assert bash.lines(other, LOOK) == hooked(other)
    conda.cuda("use", environment, "12.4", "--from=pypi", "--flavor=base", "--yes")
    assert (environment / "cuda/lib64/libcudart.so.12").read_bytes() == b"cudart 12.4"


HOOK = "etc/conda/activate.d/~conda-cuda.sh"


@pytest.fixture
def rival(conda: Conda, tmp_path: Path) -> str:
    """A channel with a package that ships a file of our hook's name."""
    package = CondaPackage("rival", "1.0", files={HOOK: b"export RIVAL=1\n"}, noarch=True)
    return write_channel(tmp_path / "rivals", "linux-64", [package]).as_uri()


def test_a_package_that_was_first_with_a_file_of_our_name(
    conda: Conda, environment: Path, rival: str
) -> None:
    install = ("--override-channels", "-c", rival, "-y")
    conda("install", "-p", environment, *install, "rival")
    use = ("use", "-p", environment, "13.0", "--from=pypi", "--components=nvcc", "--yes")
    before = listing(environment)
    refused = conda("cuda", *use, check=False)
    assert refused.code == 1
    assert refused.err.strip() == (
        f"ForeignFileError: {environment / HOOK} is in the way (a hook has to go there): it "
        "belongs to the package rival-1.0-0, so it stays untouched.\n"
        "  Remove that package first: conda remove rival"
    )
    assert listing(environment) == before
    conda("remove", "-p", environment, "-y", "--offline", "rival")
    conda("cuda", *use)


def test_a_package_that_overwrites_our_file(
    conda: Conda, thirteen: Path, bash: Shell, rival: str
) -> None:
    """conda lets it; we notice, say so, and are well again when it goes."""
    install = ("--override-channels", "-c", rival, "-y")
    conda("install", "-p", thirteen, *install, "rival")
    assert (thirteen / HOOK).read_bytes() == b"export RIVAL=1\n"
    # The deactivate hook finds nothing to take back.
    shown = bash.lines(thirteen, 'echo "$RIVAL"; conda deactivate; echo "${LD_LIBRARY_PATH-unset}"')
    assert shown == ["1", "unset"]
    found = conda.cuda("doctor", thirteen, "--json", check=False).json["findings"]
    assert "hooks-foreign" in [finding["rule"] for finding in found]
    refused = conda.cuda("use", thirteen, "12.4", check=False)
    assert "it belongs to the package rival-1.0-0, so it stays untouched." in refused.err
    assert os.readlink(thirteen / "cuda") == "cuda-13.0"
    conda("remove", "-p", thirteen, "-y", "--offline", "rival")
    conda.cuda("use", thirteen, "13.0")
    assert bash.lines(thirteen, LOOK) == hooked(thirteen)


def make_old(prefix: Path) -> None:
    """Hooks and a wrapper as another version has written them."""
    body = b"true # of another version\n"
    for path in hooks.verify(prefix, windows=False):
        digest = hashlib.sha256(body).hexdigest().encode()
        path.write_bytes(b"# conda-cuda hook 0 sha256:" + digest + b"\n" + body)
    nvcc = prefix / "bin" / "nvcc"
    shell, header, text = nvcc.read_bytes().split(b"\n", 2)
    old = text.replace(b"exec", b"# old\n    exec")
    now, then = (hashlib.sha256(one).hexdigest().encode() for one in (text, old))
    nvcc.write_bytes(b"\n".join([shell, header.replace(now, then), old]))


@pytest.mark.parametrize("words", [("use", "13.0"), ("use", "12.4"), ("doctor", "--fix", "--yes")])
def test_the_plugin_was_upgraded(words: tuple[str, ...], conda: Conda, thirteen: Path) -> None:
    good = listing(thirteen)
    make_old(thirteen)
    assert set(hooks.verify(thirteen, windows=False).values()) == {HookStatus.STALE}
    found = conda.cuda("doctor", thirteen, "--json", check=False).json["findings"]
    assert "hooks-stale" in [finding["rule"] for finding in found]
    verb, *rest = words
    conda.cuda(verb, thirteen, *rest, check=False)
    assert set(hooks.verify(thirteen, windows=False).values()) == {HookStatus.OK}
    if "12.4" in words:
        conda.cuda("use", thirteen, "13.0")
    now = listing(thirteen)
    assert {path for path in now if now[path] != good.get(path)} <= {
        "etc/conda/cuda/state.yaml",
        "etc/conda/cuda/lock",
    }


class TestFrozen:
    """An environment whose owner has frozen it."""

    COMMANDS = (
        ("use", "12.4"),
        ("use", "11.8", "--from=pypi", "--flavor=base", "--yes"),
        ("off",),
        ("remove", "--all", "--yes"),
        ("doctor", "--fix", "--yes"),
    )

    def test_it_is_respected(self, conda: Conda, thirteen: Path) -> None:
        version = json.loads(conda("info", "--json").out)["conda_version"]
        if tuple(map(int, version.split(".")[:2])) < (25, 5):
            pytest.skip(f"conda {version} knows no frozen environments")
        (thirteen / "bin" / "nvcc").unlink()
        (thirteen / "conda-meta" / "frozen").write_text('{"message": "Ask\\nthe admins."}')
        before = listing(thirteen)
        for verb, *rest in self.COMMANDS:
            refused = conda.cuda(verb, thirteen, *rest, check=False)
            assert refused.code == 1, verb
            assert refused.err.strip().startswith(
                f"FrozenError: The environment {thirteen} is frozen, so it stays as it is. "
                "Ask the admins.\n  "
            ), refused.err
        assert conda.cuda("list", thirteen, "--json").json["current"] == "cuda-13.0"
        assert listing(thirteen) == before
        (thirteen / "conda-meta" / "frozen").write_text("")
        assert "is frozen" in conda.cuda("off", thirteen, check=False).err
        conda.cuda("use", thirteen, "12.4", CONDA_PROTECT_FROZEN_ENVS="false")
        assert os.readlink(thirteen / "cuda") == "cuda-12.4"
