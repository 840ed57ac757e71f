"""The rules about the shell hold in every environment: with a toolkit, with wheels, with neither."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from conda_cuda_plugin.doctor import Finding
from conda_cuda_plugin.doctor.named import (
    BUILDS,
    FLAGS,
    FOLDERS,
    LISTS,
    PROGRAMS,
    WINDOWS_LISTS,
)
from conda_cuda_plugin.hooks import ROOT_VARIABLES

from ..conftest import PROJECT
from .frameworks import pip_nvjitlink, torch, two_nccl
from .patients import Sick

RIGHT = {"toolkit": "13.0", "torch": "12.4", "nothing": "12.4"}
"""Kinds of environments, and the release that is right in each."""
IN_A_VALUE = {
    **dict.fromkeys(FOLDERS, "{}"),
    **dict.fromkeys(PROGRAMS, "{}/bin/nvcc"),
    **dict.fromkeys(LISTS, "{}/include"),
    **dict.fromkeys(FLAGS, "-I{}/include"),
}
"""How a variable names a toolkit."""
HARMLESS = ("", "include", "/opt/mine", "/usr/include", "~/x", "$CUDA_HOME/lib64", "/opt/a b/lib")
FREE = sorted(set(IN_A_VALUE) - set(ROOT_VARIABLES))


@pytest.fixture
def plain(tmp_path: Path) -> Sick:
    """An environment without CUDA, active in a shell."""
    return an_environment("nothing", tmp_path)


def an_environment(kind: str, folder: Path) -> Sick:
    (folder / "mine" / "conda-meta").mkdir(parents=True)
    (folder / "person").mkdir()
    sick = Sick(folder / "mine", folder / "person")
    sick.activate()
    if kind == "toolkit":
        libraries = sick.write("cuda-13.0/lib64/libcudart.so.13").parent
        (libraries.parent / "version.json").write_text('{"cuda": {"version": "13.0.2"}}')
        sick.write("cuda-13.0/toolkit.yaml", "version: 13.0.2\norigin: pypi\nflavor: base\n")
        (sick.prefix / "cuda").symlink_to("cuda-13.0")
        return sick
    for name in (*ROOT_VARIABLES, "LD_LIBRARY_PATH", "XLA_FLAGS"):
        del sick.variables[name]
    if kind == "torch":
        torch(sick, "12.4")
    return sick


@contextmanager
def somewhere(kind: str) -> Iterator[Sick]:
    with tempfile.TemporaryDirectory() as folder:
        yield an_environment(kind, Path(folder).resolve())


def of_the_shell(sick: Sick) -> list[Finding]:
    """What is found of variables; the toolkit made by hand has neither hooks nor wrappers."""
    about = ("variable-", "cuda-home-", "ld-", "shell-", "old-exports")
    return [finding for finding in sick.findings() if finding.rule_id.startswith(about)]


def value_of(variable: str, *pieces: str) -> str:
    if variable in FLAGS:
        return " ".join(["-O2", *(p for p in pieces if p.startswith("-"))])
    return ":".join(pieces) if variable in LISTS else pieces[-1]


@st.composite
def shells(draw: st.DrawFn, names: list[str] = FREE) -> dict[str, list[str]]:
    """Variables with pieces that are no fault; TOOLKIT is one of the right release."""
    chosen = draw(st.lists(st.sampled_from(names), unique=True, max_size=6))
    found = {}
    for name in chosen:
        toolkit = IN_A_VALUE[name].format("TOOLKIT")
        pieces = draw(st.lists(st.sampled_from([*HARMLESS, toolkit]), min_size=1, max_size=4))
        several = name in LISTS or name in FLAGS
        found[name] = pieces if several else [toolkit]
    return found


def set_all(sick: Sick, shell: dict[str, list[str]], root: Path) -> None:
    for name, pieces in shell.items():
        sick.variables[name] = value_of(name, *pieces).replace("TOOLKIT", str(root))


@pytest.mark.parametrize("kind", RIGHT)
@given(shell=shells())
@settings(max_examples=40, deadline=None)
def test_nothing_is_found_where_nothing_is_wrong(kind: str, shell: dict[str, list[str]]) -> None:
    with somewhere(kind) as sick:
        set_all(sick, shell, sick.toolkit(RIGHT[kind]))
        assert of_the_shell(sick) == []


@pytest.mark.parametrize("kind", RIGHT)
@given(shell=shells(), variable=st.sampled_from(FREE))
@settings(max_examples=60, deadline=None)
def test_another_cuda_is_found_in_every_variable_and_environment(
    kind: str, shell: dict[str, list[str]], variable: str
) -> None:
    with somewhere(kind) as sick:
        right, wrong = sick.toolkit(RIGHT[kind]), sick.toolkit("11.8")
        # Without toolkit and frameworks a release is wrong only beside another one.
        sick.variables.setdefault("CUDA_HOME", str(right))
        shell.pop(variable, None)
        set_all(sick, shell, right)
        piece = IN_A_VALUE[variable].format(wrong)
        sick.variables[variable] = value_of(variable, "/opt/mine", piece)
        [found] = of_the_shell(sick)
        assert found.rule_id == "variable-other-cuda"
        assert found.evidence[0] == f"{variable}={sick.variables[variable]}"
        assert found.evidence[1].endswith(": CUDA 11.8.1")
        assert RIGHT[kind] in found.evidence[2]
        obey(sick, variable, found.cure)
        assert of_the_shell(sick) == []


@pytest.mark.parametrize("kind", RIGHT)
@given(shell=shells(), variable=st.sampled_from(FREE))
@settings(max_examples=60, deadline=None)
def test_what_is_gone_is_found_in_every_variable_and_environment(
    kind: str, shell: dict[str, list[str]], variable: str
) -> None:
    with somewhere(kind) as sick:
        shell.pop(variable, None)
        set_all(sick, shell, sick.toolkit(RIGHT[kind]))
        piece = IN_A_VALUE[variable].format("/gone/cuda-12.1")
        sick.variables[variable] = value_of(variable, "/opt/mine", piece)
        [found] = of_the_shell(sick)
        assert found.rule_id == "variable-gone"
        assert found.evidence[0] == f"{variable}={sick.variables[variable]}"
        obey(sick, variable, found.cure)
        assert of_the_shell(sick) == []


def obey(sick: Sick, variable: str, cure: str) -> None:
    """Run a cure in a real shell, and take the variable from there."""
    shown = subprocess.run(
        ["bash", "-c", f'{cure}\nprintf "%s" "${{{variable}-UNSET}}"'],
        env=sick.variables,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    if shown == "UNSET":
        del sick.variables[variable]
    else:
        sick.variables[variable] = shown


def test_the_reported_case(plain: Sick) -> None:
    """A pip nvjitlink 12.4, CUDA 12.1 on LD_LIBRARY_PATH with an empty element, and in .bashrc."""
    pip_nvjitlink(plain)
    folder = plain.toolkit("12.1") / "lib64"
    (folder / "libnvJitLink.so.12").write_text("older")
    plain.variables["LD_LIBRARY_PATH"] = f"{folder}:"
    (plain.home / ".bashrc").write_text(f"export LD_LIBRARY_PATH={folder}:\n")
    found = {finding.rule_id: finding for finding in plain.findings()}
    assert list(found) == ["ld-empty-element", "ld-other-cuda-first", "old-exports"]
    there = f"{folder}: libnvJitLink.so.12"
    assert found["ld-other-cuda-first"].evidence == (there, "set in ~/.bashrc:1")
    assert found["ld-other-cuda-first"].cure == "unset LD_LIBRARY_PATH"


@pytest.mark.parametrize("release, rules", [("12.1", 1), ("12.4", 0), ("12.6", 0)])
def test_a_newer_cuda_in_front_of_wheels_is_no_fault(plain: Sick, release: str, rules: int) -> None:
    pip_nvjitlink(plain)
    folder = plain.toolkit(release) / "lib64"
    (folder / "libnvJitLink.so.12").write_text("another one")
    plain.variables["LD_LIBRARY_PATH"] = str(folder)
    assert len(plain.findings()) == rules


def test_a_cuda_behind_the_toolkit_hides_what_the_toolkit_lacks(active: Sick) -> None:
    pip_nvjitlink(active)
    folder = active.toolkit("12.1") / "lib64"
    (folder / "libnvJitLink.so.12").write_text("older")
    ours = active.variables["LD_LIBRARY_PATH"]
    active.variables["LD_LIBRARY_PATH"] = f"{ours}:{folder}"
    [found] = active.findings()
    assert (found.rule_id, found.cure) == (
        "ld-other-cuda-first",
        f"export LD_LIBRARY_PATH={ours}",
    )


def test_what_the_toolkit_has_itself_is_not_hidden_by_what_comes_later(active: Sick) -> None:
    active.wheel("nvidia-cuda-runtime", "13.0.48", {"nvidia/cu13/lib/libcudart.so.13": "13.0"})
    later = active.home / "later"
    later.mkdir()
    (later / "libcudart.so.13").write_text("another one")
    active.variables["LD_LIBRARY_PATH"] += f":{later}"
    assert active.findings() == []


@pytest.mark.parametrize("kind", RIGHT)
@pytest.mark.parametrize(
    "value, rule",
    [("/x/cuda/lib64/stubs", "ld-stubs"), ("/opt/x:", "ld-empty-element"), ("LIB", "ld-whole-lib")],
)
def test_the_library_path_of_every_environment(
    tmp_path: Path, kind: str, value: str, rule: str
) -> None:
    sick = an_environment(kind, tmp_path)
    (sick.prefix / "lib").mkdir(exist_ok=True)
    ours = sick.variables.get("LD_LIBRARY_PATH", "/opt/x")
    sick.variables["LD_LIBRARY_PATH"] = f"{ours}:{value.replace('LIB', f'{sick.prefix}/lib')}"
    [found] = of_the_shell(sick)
    assert found.rule_id == rule
    obey(sick, "LD_LIBRARY_PATH", found.cure)
    assert of_the_shell(sick) == []


def test_home_and_path_of_two_releases_disagree_without_a_toolkit(plain: Sick) -> None:
    home = plain.toolkit("12.4")
    plain.variables |= {"CUDA_HOME": str(home), "CUDA_PATH": str(plain.toolkit("11.8"))}
    [found] = plain.findings()
    assert (found.rule_id, found.cure) == ("cuda-home-path-disagree", f"export CUDA_PATH={home}")


def other_environment(sick: Sick) -> Path:
    other = sick.home / "envs" / "other"
    (other / "conda-meta").mkdir(parents=True)
    (other / "cuda").mkdir()
    sick.variables["CUDA_HOME"] = str(other / "cuda")
    return other


def test_the_cuda_of_another_environment_without_a_toolkit(plain: Sick) -> None:
    other_environment(plain)
    [found] = plain.findings()
    assert (found.rule_id, found.cure) == ("cuda-home-other-environment", "unset CUDA_HOME")


def test_an_environment_may_be_stacked_on_one_with_cuda(plain: Sick) -> None:
    other = other_environment(plain)
    plain.variables |= {
        "CONDA_SHLVL": "2",
        "CONDA_STACKED_2": "true",
        "CONDA_PREFIX_1": str(other),
    }
    assert plain.findings() == []


@pytest.mark.parametrize(
    "name, line",
    [
        (".bashrc", "export CUDNN_HOME=/opt/cudnn"),
        (".tcshrc", "setenv CUDNN_HOME /opt/cudnn"),
        (".config/fish/config.fish", "set -gx CUDNN_HOME /opt/cudnn"),
        (".config/powershell/profile.ps1", "$Env:CUDNN_HOME = '/opt/cudnn'"),
        (".pam_environment", "CUDNN_HOME=/opt/cudnn"),
    ],
)
def test_the_file_that_sets_a_variable_is_named(plain: Sick, name: str, line: str) -> None:
    plain.variables["CUDNN_HOME"] = "/opt/cudnn"
    file = plain.home / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"# mine\n{line}\n")
    [found] = plain.findings()
    assert found.evidence == ("CUDNN_HOME=/opt/cudnn", f"set in ~/{name}:2")


def test_files_of_the_machine_and_the_environment_that_set_it_are_named(plain: Sick) -> None:
    plain.variables["CUDNN_HOME"] = "/opt/cudnn"
    (plain.home / "etc" / "profile.d").mkdir(parents=True)
    (plain.home / "etc" / "profile.d" / "cuda.sh").write_text("export CUDNN_HOME=/opt/cudnn")
    plain.write("etc/conda/activate.d/mine.sh", "export CUDNN_HOME=/opt/cudnn")
    plain.write("conda-meta/state", '{"env_vars": {"CUDNN_HOME": "/opt/cudnn"}}')
    [found] = plain.findings()
    assert found.evidence[1:] == (
        "set in etc/conda/activate.d/mine.sh:1",
        f"set in {plain.home}/etc/profile.d/cuda.sh:1",
        "set in conda-meta/state",
    )


@pytest.mark.parametrize(
    "variable, value, rule",
    [
        ("CUDA_HOME", "/usr/local/cuda-11.0", "cuda-home-path-disagree"),
        ("CUDAToolkit_ROOT", "/usr/local/cuda-11.0", "cuda-home-elsewhere"),
        ("LD_LIBRARY_PATH", "OURS:", "ld-empty-element"),
        ("LD_LIBRARY_PATH", "OURS:/x/stubs", "ld-stubs"),
        ("LD_LIBRARY_PATH", "/x", "shell-unaware"),
    ],
)
def test_every_rule_of_the_shell_names_it(
    tmp_path: Path, variable: str, value: str, rule: str
) -> None:
    sick = an_environment("toolkit", tmp_path)
    sick.variables[variable] = value.replace("OURS", sick.variables["LD_LIBRARY_PATH"])
    (sick.home / ".zshrc").write_text(f"export {variable}={value}\n")
    found = next(finding for finding in of_the_shell(sick) if finding.rule_id == rule)
    assert found.evidence[-1] == "set in ~/.zshrc:1"


def test_the_manual_names_every_variable() -> None:
    text = (PROJECT / "docs" / "doctor.md").read_text(encoding="utf-8")
    table = text[text.index("`variable-other-cuda` and") : text.index("## The machine")]
    assert set(BUILDS) <= set(re.findall(r"\w+", table))


@pytest.mark.parametrize(
    "shell, cure",
    [
        ("/bin/bash", "export CPATH=/opt/mine"),
        ("/usr/bin/fish", "set -x CPATH /opt/mine"),
        ("/bin/tcsh", "setenv CPATH /opt/mine"),
    ],
)
def test_the_cure_is_in_the_language_of_the_shell(plain: Sick, shell: str, cure: str) -> None:
    plain.variables |= {"CPATH": "/usr/local/cuda-11.0/include:/opt/mine", "SHELL": shell}
    assert [finding.cure for finding in plain.findings()] == [cure]


def test_a_list_is_cured_of_every_other_release(plain: Sick) -> None:
    right, one, other = (plain.toolkit(release) for release in ("12.4", "12.1", "11.8"))
    plain.variables |= {"CUDA_HOME": str(right), "CPATH": f"{one}/include:{other}/include:/opt/x"}
    assert [finding.cure for finding in plain.findings()] == ["export CPATH=/opt/x"]


def test_an_option_goes_with_its_folder(plain: Sick) -> None:
    right, wrong = plain.toolkit("12.4"), plain.toolkit("11.8")
    flags = f"-O2 -isystem {wrong}/include -L {wrong}/lib64 -lm"
    plain.variables |= {"CUDA_HOME": str(right), "CFLAGS": flags}
    assert [finding.cure for finding in plain.findings()] == ["export CFLAGS='-O2 -lm'"]


def test_a_folder_of_a_toolkit_is_not_all_that_lies_in_it(plain: Sick) -> None:
    root = plain.toolkit("11.8").rename(plain.home / "software")
    (root / "mine" / "lib").mkdir(parents=True)
    plain.variables |= {"CUDA_HOME": str(plain.toolkit("12.4")), "CPATH": f"{root}/mine/lib"}
    assert plain.findings() == []
    plain.variables["CPATH"] = f"{root}/targets/x86_64-linux/include"
    (root / "targets" / "x86_64-linux" / "include").mkdir(parents=True)
    assert [finding.rule_id for finding in plain.findings()] == ["variable-other-cuda"]


@pytest.mark.parametrize("record", [b"\0,\0\n", b"a" * 200_000, b'"', b"\xff,,", b""])
def test_a_record_that_makes_no_sense_is_no_traceback(plain: Sick, record: bytes) -> None:
    two_nccl(plain)
    plain.write(f"{plain.site_packages}/nvidia_nccl_cu11-2.14.3.dist-info/RECORD", record)
    assert plain.findings() == []


@pytest.mark.parametrize("variable", [*WINDOWS_LISTS, "CUDA_PATH_V12_4"])
def test_windows_has_variables_of_its_own(plain: Sick, variable: str) -> None:
    plain.subdir = "win-64"
    right, wrong = plain.toolkit("12.4"), plain.toolkit("11.8")
    for root in (right, wrong):
        (root / "bin" / "nvcc.exe").touch()
    plain.variables |= {"CUDA_PATH": str(right), variable: f"{wrong}"}
    if variable in WINDOWS_LISTS:
        plain.variables[variable] = f"/opt/mine;{wrong}/include"
    [found] = plain.findings()
    assert found.rule_id == "variable-other-cuda"
    rest = "/opt/mine" if variable in WINDOWS_LISTS else ""
    assert found.cure.startswith(f'set "{variable}={rest}" in cmd, ')


@given(
    shell=st.dictionaries(
        st.sampled_from([*BUILDS, "LD_LIBRARY_PATH", "CUDA_PATH_V12_4", "CONDA_SHLVL"]),
        st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]))
        | st.sampled_from(
            ["/" + "x" * 5000, "/dev/null", "/proc/self", "'", '"/a', "-I", "/", "//"]
        )
        | st.lists(st.sampled_from(["/", ":", ";", " ", "-I", "cuda-12.1", "\udc80"])).map("".join),
        max_size=5,
    )
)
@settings(max_examples=100, deadline=None)
@example({"CUDA_HOME": f"/{'x' * 5000}"})
def test_no_value_is_too_strange(shell: dict[str, str]) -> None:
    with somewhere("nothing") as sick:
        sick.variables |= shell
        assert all("could not be examined" not in finding.summary for finding in sick.findings())


def test_an_inactive_environment_has_no_shell(plain: Sick) -> None:
    plain.variables |= {"CUDA_HOME": "/gone/cuda", "CONDA_PREFIX": "/somewhere"}
    assert plain.findings() == []


def test_the_wheel_that_something_requires_stays(plain: Sick) -> None:
    two_nccl(plain)
    torch(plain, "11.8", "nvidia-nccl-cu11==2.14.3; platform_system == 'Linux'")
    found = {finding.rule_id: finding for finding in plain.findings()}["wheels-share-files"]
    assert found.cure == (
        "python -m pip uninstall --yes nvidia-nccl-cu12 && "
        "python -m pip install --force-reinstall --no-deps nvidia-nccl-cu11==2.14.3"
    )


def test_without_a_claim_the_newer_cuda_stays(plain: Sick) -> None:
    two_nccl(plain)
    [found] = plain.findings()
    assert found.cure.startswith("python -m pip uninstall --yes nvidia-nccl-cu11 && ")


def test_where_both_are_required_no_command_helps(plain: Sick) -> None:
    two_nccl(plain)
    torch(plain, "12.4", "nvidia-nccl-cu12==2.27.3")
    plain.wheel("old", "1", {}, "nvidia-nccl-cu11")
    found = {finding.rule_id: finding for finding in plain.findings()}["wheels-share-files"]
    assert "nvidia-nccl-cu11 by old" in found.cure and "nvidia-nccl-cu12 by torch" in found.cure


def test_onnxruntime_for_gpus_stays(plain: Sick) -> None:
    for name in ("onnxruntime", "onnxruntime-gpu"):
        plain.wheel(name, "1.20.0", {"onnxruntime/capi/libonnxruntime_providers_shared.so": name})
    plain.wheel("rembg", "2", {}, "onnxruntime")
    [found] = plain.findings()
    assert found.cure.startswith("python -m pip uninstall --yes onnxruntime && ")


@given(
    owners=st.lists(
        st.sampled_from(["nvidia-nccl-cu11", "nvidia-nccl-cu12", "nvidia-cudnn-cu12", "other"]),
        unique=True,
        max_size=4,
    ),
    same=st.booleans(),
)
@settings(max_examples=25, deadline=None)
def test_wheels_may_own_the_same_file_if_it_is_the_same(owners: list[str], same: bool) -> None:
    with somewhere("nothing") as sick:
        for name in owners:
            text = "same" if same else name
            sick.wheel(name, "1.0", {"nvidia/nccl/lib/libnccl.so.2": text, "nvidia/a.py": ""})
        wheels = [name for name in owners if name != "other"]
        pairs = len(wheels) * (len(wheels) - 1) // 2
        found = [f for f in sick.findings() if f.rule_id == "wheels-share-files"]
        assert len(found) == (0 if same else pairs)
