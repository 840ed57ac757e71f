"""The file of an environment where something is not as it should be: one sentence, nothing half."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from conda_cuda_plugin.system.descent import is_temporary
from conda_cuda_plugin.system.lock import lent
from conda_cuda_plugin.system.yaml_text import load

from ..channel.hosts import silent
from ..conftest import Conda
from ..listing import listing
from ..mounts import mounted

CUDA = "cuda:\n  version: '12.4'\n  flavor: base\n  source: pypi\n"


def write(project: Path, channel: str, *dependencies: str, cuda: str = CUDA) -> Path:
    """The file of an environment with other packages."""
    path = project / "environment.yml"
    lines = "".join(f"  - {one}\n" for one in dependencies)
    path.write_text(f"name: work\nchannels:\n  - {channel}\ndependencies:\n{lines}{cuda}")
    return path


def leftovers(folder: Path) -> list[str]:
    """What a command has left behind in a folder."""
    return [name for name in os.listdir(folder) if is_temporary(name) or "condaenv" in name]


def test_pip_installs_what_the_files_beside_it_name(
    conda: Conda, project: Path, channel: str
) -> None:
    (project / "requirements.txt").write_text("small==1.0\n")
    path = write(project, channel, "python", "pip", "pip:\n    - -r requirements.txt")
    before = listing(project)
    conda("cuda", "apply", path, "-y")
    prefix = conda.envs / "work"
    code = "import small; print(small.answer)"
    done = subprocess.run([prefix / "bin" / "python", "-c", code], capture_output=True, text=True)
    assert done.stdout == "42\n"
    assert (prefix / "cuda" / "lib64" / "libcudart.so.12").is_file()
    assert listing(project) == before
    text = conda("cuda", "export", "--environment", "-n", "work").out
    assert "  - pip:\n    - small==1.0\n" in text or "  - pip:\n      - small==1.0\n" in text
    conda("cuda", "apply", "-n", "again", "-y", _saved(project, text))
    assert (conda.envs / "again" / "cuda" / "lib64" / "libcudart.so.12").is_file()


def _saved(project: Path, text: str) -> Path:
    path = project / "saved.yml"
    path.write_text(text)
    return path


def test_a_folder_that_cannot_be_written(conda: Conda, project: Path) -> None:
    """Without a copy of the file, conda reads the file itself."""
    place = project.parent / "read-only"
    words = f"'{conda.exe}' cuda apply '{place}/environment.yml' -y"
    copy = f"cp '{project}/environment.yml' '{place}' && mount -o remount,ro '{place}'"
    done = mounted(conda, place, "size=300k", f"{copy} && {words}")
    assert done.returncode == 0, done.stderr
    assert "EnvironmentSectionNotValid" in done.stderr
    assert "which conda passes over" not in done.stderr
    assert os.readlink(conda.envs / "work" / "cuda") == "cuda-12.4"


def test_an_environment_that_is_there_is_brought_up_to_date(
    conda: Conda, project: Path, channel: str
) -> None:
    conda("cuda", "apply", write(project, channel, "greeting=1.0"), "-y")
    newer = CUDA.replace("12.4", "13.0") + "  pin: true\n"
    done = conda(
        "cuda", "apply", write(project, channel, "greeting=2.0", cuda=newer), "-y", "--json"
    )
    prefix = conda.envs / "work"
    assert (prefix / "share" / "greeting").read_text() == "hello 2.0\n"
    assert os.readlink(prefix / "cuda") == "cuda-13.0"
    plan = done.json["plan"]
    assert plan["makes_environment"] is False and plan["environment"] == str(prefix)
    assert done.json["toolkit"]["version"] == "13.0.2" and done.json["switched"] is True
    assert plan["channels"] == [channel] and plan["dependencies"] == 1
    assert done.json["pinned"]
    again = load(conda("cuda", "export", "--environment", "-n", "work").out)
    assert again["cuda"] == {
        "version": "13.0.2",
        "source": "pypi",
        "flavor": "base",
        "pin": "true",
    }


def test_a_plan_changes_nothing(conda: Conda, project: Path) -> None:
    before = listing(conda.home)
    path = project / "environment.yml"
    done = conda("cuda", "apply", path, "--dry-run", "--json")
    assert done.json["dry_run"] is True and done.json["plan"]["makes_environment"] is True
    assert done.json["plan"]["cuda"]["version"] == "12.4.1"
    shown = conda("cuda", "apply", path, "--dry-run", check=False)
    assert "installs  CUDA 12.4.1 (base, cublas, cuDNN 9.1.0.70) from PyPI" in shown.out
    assert not (conda.envs / "work").exists()
    assert {name: text for name, text in listing(conda.home).items() if name in before} == before


def test_what_cannot_run_stops_before_anything_is_made(conda: Conda, project: Path) -> None:
    path = project / "environment.yml"
    words = ("--for", "driver=470,cc=3.5")
    done = conda("cuda", "apply", path, "-y", *words, check=False)
    assert done.code == 1 and "CUDA 12.4 will not run on the stated machine" in done.err
    assert not (conda.envs / "work").exists()
    path.write_text(path.read_text().replace("version: 12.4 ", "version: 12.9 "))
    done = conda("cuda", "apply", path, "-y", check=False)
    assert done.code == 1 and "Traceback" not in done.err and "12.9" in done.err
    assert not (conda.envs / "work").exists()


@pytest.mark.parametrize("words", [(), ("--json",)], ids=["people", "json"])
def test_conda_fails(conda: Conda, project: Path, channel: str, words: tuple[str, ...]) -> None:
    path = write(project, channel, "no-such-package")
    before = listing(project)
    done = conda("cuda", "apply", path, "-y", *words, check=False)
    assert done.code == 1 and "Traceback" not in done.out + done.err
    said = done.json["message"] if words else done.err
    assert f"conda could not make the environment {conda.envs / 'work'} from {path}" in said
    assert "no-such-package" in (done.json["conda"] if words else done.err)
    assert listing(project) == before
    assert not (conda.envs / "work" / "cuda").exists()


def test_something_else_is_in_the_place(conda: Conda, project: Path) -> None:
    mine = conda.envs / "work" / "mine.txt"
    mine.parent.mkdir()
    mine.write_text("mine\n")
    done = conda("cuda", "apply", project / "environment.yml", "-y", check=False)
    assert done.code == 1 and "is there, and is no conda environment" in done.err
    assert listing(conda.envs / "work") == listing(mine.parent) and mine.read_text() == "mine\n"


def test_nobody_names_the_environment(conda: Conda, project: Path) -> None:
    path = project / "environment.yml"
    path.write_text("dependencies: []\n" + CUDA)
    done = conda("cuda", "apply", path, "-y", check=False)
    assert done.code == 1 and "does not name its environment, and none was named" in done.err
    conda("cuda", "apply", path, "-n", "named", "-y")
    assert os.readlink(conda.envs / "named" / "cuda") == "cuda-12.4"


def test_a_file_without_the_section_is_condas_alone(conda: Conda, project: Path) -> None:
    path = project / "environment.yml"
    path.write_text("name: work\ndependencies: []\n")
    before = listing(project)
    done = conda("cuda", "apply", path, "-y", check=False)
    assert done.code == 1 and "has no section cuda:, so it is conda's alone" in done.err
    assert listing(project) == before and not (conda.envs / "work").exists()


HOSTILE = {
    "a number": "cuda: 12.4\n",
    "a list": "cuda: [12.4]\n",
    "nothing": "cuda:\n",
    "no version": "cuda: {flavor: base}\n",
    "a word of its own": "cuda: {version: '12.4', rm: '-rf'}\n",
    "no release": "cuda: {version: '12.4; rm -rf /'}\n",
    "a source from the disk": "cuda: {version: '12.4', source: /etc/passwd}\n",
    "a flavor": "cuda: {version: '12.4', flavor: [devel]}\n",
    "components": "cuda: {version: '12.4', components: nvcc}\n",
    "an add-on": "cuda: {version: '12.4', addons: {cudnn: '9', evil: '1'}}\n",
    "add-ons": "cuda: {version: '12.4', addons: [cudnn]}\n",
    "a pin": "cuda: {version: '12.4', pin: perhaps}\n",
    "a tag": "cuda: !!python/object/apply:os.system ['true']\n",
    "an alias": "a: &a [x]\nb: *a\n" + CUDA,
    "a bomb": "a: &a [x, x]\n"
    + "".join(f"a{n}: &a{n} [*a{n - 1 or ''}, *a{n - 1 or ''}]\n" for n in range(1, 60))
    + CUDA,
    "depth": f"deep: {'[' * 5000}{']' * 5000}\n" + CUDA,
    "twice": CUDA + CUDA,
    "two documents": CUDA + "---\n" + CUDA,
    "braces": "{name: work, dependencies: [], cuda: {version: '12.4'}}\n",
    "control": "cuda: {version: '12.4\x1b[2J'}\n",
    "size": CUDA + "#" * 2**21,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_files(conda: Conda, project: Path, text: str) -> None:
    path = project / "environment.yml"
    path.write_text(f"dependencies: []\n{text}" if text[0] != "{" else text)
    before = listing(project)
    begin = time.monotonic()
    done = conda("cuda", "apply", path, "-n", "work", "-y", check=False)
    assert time.monotonic() - begin < 60
    assert done.code == 1 and "Traceback" not in done.err and "\x1b" not in done.err
    assert str(path) in done.err.replace("\n    ", "") or "environment.yml" in done.err
    assert listing(project) == before and not (conda.envs / "work").exists()


def test_bytes_that_are_no_text(conda: Conda, project: Path) -> None:
    path = project / "environment.yml"
    path.write_bytes(b"name: \xff\n" + CUDA.encode())
    done = conda("cuda", "apply", path, "-n", "work", "-y", check=False)
    assert done.code == 1 and "is not text in UTF-8" in done.err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["term", "kill"])
def test_a_command_that_is_stopped(
    conda: Conda, project: Path, channel: str, number: signal.Signals
) -> None:
    """What it put beside the file goes: at once, or when the next command comes."""
    with silent() as host:
        path = write(project, f"{host.address}/channel", "greeting")
        words = [conda.exe, "cuda", "apply", path, "-y"]
        variables = conda.environ(CONDA_REMOTE_READ_TIMEOUT_SECS="60")
        with open(project.parent / "said.txt", "w", encoding="utf-8") as said:
            child = subprocess.Popen(
                words, env=variables, stdout=said, stderr=said, start_new_session=True
            )
            try:
                _wait_for(lambda: bool(leftovers(project)))
                (copy,) = leftovers(project)
                # Nobody takes it away from the command that is at work.
                with lent(path, b"another's"):
                    assert copy in leftovers(project)
                child.send_signal(number)
                child.wait(60)
            finally:
                if child.poll() is None or number is signal.SIGKILL:
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(child.pid, signal.SIGKILL)
    text = (project.parent / "said.txt").read_text()
    assert child.returncode and "Traceback" not in text
    if number is signal.SIGTERM:
        assert leftovers(project) == [] and "Stopped while conda was at work" in text
    write(project, channel, "greeting=1.0")
    conda("cuda", "apply", path, "-y")
    assert leftovers(project) == []
    assert os.readlink(conda.envs / "work" / "cuda") == "cuda-12.4"


def _wait_for(happens: object) -> None:
    for _ in range(600):
        if happens():  # type: ignore[operator]
            return
        time.sleep(0.05)
    pytest.fail("it did not happen")


class TestHints:
    """What conda's own commands say."""

    def test_an_export_of_conda_says_what_it_lacks(self, conda: Conda, project: Path) -> None:
        conda("cuda", "apply", project / "environment.yml", "-y")
        for words in (("export",), ("env", "export")):
            done = conda(*words, "-n", "work")
            assert done.err.strip().endswith(
                "CUDA 12.4.1 of the environment is not in it: conda cuda export --environment "
                "-n work writes both."
            )
            assert "cuda" not in done.out.replace(str(conda.envs), "")
            assert conda(*words, "-n", "work", "--json").err == ""
        conda("cuda", "off", "-n", "work")
        assert conda("export", "-n", "work").err == ""

    def test_conda_env_create_says_who_takes_the_section(self, conda: Conda, project: Path) -> None:
        done = conda("env", "create", "-f", "environment.yml", cwd=project)
        prefix = conda.envs / "work"
        hint = f"conda cuda apply environment.yml -p {prefix} gives it to the environment."
        assert done.err.strip().endswith(
            f"environment.yml asks for CUDA, which conda passes over: {hint}"
        )
        assert not (prefix / "cuda").exists()
        path = project / "environment.yml"
        path.write_text(path.read_text().partition("# What the kernels")[0])
        assert "CUDA" not in conda("env", "update", "-f", path).err

    def test_json_stays_one_document(self, conda: Conda, project: Path) -> None:
        done = conda("env", "create", "-f", "environment.yml", "--json", cwd=project)
        assert "CUDA" not in done.err
        assert conda("env", "list", "--json").json
        assert json.dumps(conda("export", "-n", "work", "--json").json)


def test_a_file_that_another_command_is_about_to_lock_stays(project: Path) -> None:
    path = project / "environment.yml"
    path.write_text("")
    new, killed = (
        project / f".environment.yml.{name}.conda-cuda-tmp.yml" for name in ("0" * 8, "a" * 8)
    )
    new.write_text("")
    killed.write_text("name: a")
    with lent(path, b"mine") as mine:
        assert sorted(leftovers(project)) == sorted([new.name, mine.name])
    os.utime(new, (0, 0))
    with lent(path, b"mine") as mine:
        assert leftovers(project) == [mine.name]
