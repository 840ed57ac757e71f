"""The script in nvcc's place, run by a real shell; an nvcc that says its words stands behind it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conda_cuda_plugin.install.wrappers import compiler_in, restore_nvcc, wrap_nvcc

NVCC = '#!/bin/sh\nprintf "%s\\n" "$0" "$@"\n'
PROFILE = (
    "\nTOP              = $(_HERE_)/..\n\nLD_LIBRARY_PATH += $(TOP)/lib:\nPATH += $(_HERE_):\n"
)
FORGE = "TOP = $(_HERE_)/../$(_TARGET_DIR_)\nLD_LIBRARY_PATH += $(TOP)/lib:\n"


def make_root(folder: Path, compiler: str | None = "x86_64-conda-linux-gnu-c++") -> Path:
    """A root with nvcc, its profile, and a compiler."""
    (folder / "bin").mkdir(parents=True)
    files = {"nvcc": NVCC, "nvcc.profile": PROFILE}
    if compiler:
        files[compiler] = "#!/bin/sh\n"
    for name, text in files.items():
        (folder / "bin" / name).write_text(text)
        (folder / "bin" / name).chmod(0o644 if name.endswith(".profile") else 0o755)
    return folder


def said(nvcc: Path, *words: str, **variables: str) -> list[str]:
    """What nvcc was called as, and its arguments."""
    done = subprocess.run(
        [nvcc, *words], env={"PATH": os.defpath, **variables}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.removesuffix("\n").split("\n")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = make_root(tmp_path_factory.mktemp("a b") / "cuda-13.0")
    assert wrap_nvcc(made)
    return made


@pytest.mark.parametrize(
    "name",
    [
        "x86_64-conda-linux-gnu-c++",
        "aarch64-conda-linux-gnu-c++",
        "x86_64-conda_cos6-linux-gnu-c++",
    ],
)
def test_nvcc_is_called_with_the_compiler(name: str, tmp_path: Path) -> None:
    root = make_root(tmp_path / "cuda", name)
    assert compiler_in(root) == root / "bin" / name
    wrap_nvcc(root)
    bin_ = root / "bin"
    assert said(bin_ / "nvcc", "x.cu", "a b", "") == [
        f"{bin_}/nvcc.real", "-ccbin", f"{bin_}/{name}", "x.cu", "a b", "",
    ]  # fmt: skip


_CHOSEN = ("-ccbin", "-ccbin=/x/g++", "--compiler-bindir", "--compiler-bindir=/x")
_WORD = st.text(st.characters(codec="utf-8", exclude_characters="\0\n\r"), max_size=8)


@settings(max_examples=60)
@given(before=st.lists(_WORD, max_size=3), after=st.lists(_WORD, max_size=3),
       chosen=st.none() | st.sampled_from(_CHOSEN))  # fmt: skip
def test_every_word_arrives_and_a_choice_is_the_users(
    root: Path, before: list[str], after: list[str], chosen: str | None
) -> None:
    words = [*before, *([chosen] if chosen else []), *after]
    named = any(
        word in _CHOSEN or word.startswith(("-ccbin=", "--compiler-bindir=")) for word in words
    )
    ours = [] if named else ["-ccbin", f"{root}/bin/x86_64-conda-linux-gnu-c++"]
    assert said(root / "bin" / "nvcc", *words) == [f"{root}/bin/nvcc.real", *ours, *words]


@pytest.mark.parametrize(
    ("variable", "value", "ours"),
    [
        ("NVCC_CCBIN", "/x/g++", False),
        ("NVCC_CCBIN", "", True),
        ("NVCC_PREPEND_FLAGS", "-O3\t-ccbin\t/x/g++", False),
        ("NVCC_APPEND_FLAGS", "--compiler-bindir=/x", False),
        ("NVCC_PREPEND_FLAGS", "-lineinfo", True),
        ("CC", "/x/gcc", True),
    ],
)
def test_variables_of_nvccs_count(variable: str, value: str, ours: bool, root: Path) -> None:
    assert ("-ccbin" in said(root / "bin" / "nvcc", "x.cu", **{variable: value})) is ours


def test_links_lead_to_it(root: Path, tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to(root / "bin" / "nvcc")
    (tmp_path / "two").symlink_to("one")
    assert said(tmp_path / "two")[0] == f"{root}/bin/nvcc.real"
    (tmp_path / "cuda").symlink_to(root)
    assert said(tmp_path / "cuda" / "bin" / "nvcc")[0] == f"{tmp_path}/cuda/bin/nvcc.real"


def test_a_root_that_moves_keeps_working(tmp_path: Path) -> None:
    root = make_root(tmp_path / "cuda")
    wrap_nvcc(root)
    root.rename(tmp_path / "elsewhere")
    expected = f"{tmp_path}/elsewhere/bin/x86_64-conda-linux-gnu-c++"
    assert said(tmp_path / "elsewhere" / "bin" / "nvcc")[2] == expected


def test_no_file_of_the_package_cache_is_written_to(tmp_path: Path) -> None:
    """A root's files are hard links into the package cache."""
    root, cache = make_root(tmp_path / "cuda"), tmp_path / "cache"
    cache.mkdir()
    for name in ("nvcc", "nvcc.profile"):
        os.link(root / "bin" / name, cache / name)
    assert wrap_nvcc(root)
    assert (cache / "nvcc").read_text() == NVCC and (cache / "nvcc.profile").read_text() == PROFILE
    profile = (root / "bin" / "nvcc.profile").read_text()
    assert profile == PROFILE.replace("$(TOP)/lib:", "$(TOP)/lib64:")
    # Once more changes nothing, and taken back everything is the package's own again.
    before = {path.name: path.read_bytes() for path in (root / "bin").iterdir()}
    assert wrap_nvcc(root)
    assert {path.name: path.read_bytes() for path in (root / "bin").iterdir()} == before
    restore_nvcc(root)
    for name in ("nvcc", "nvcc.profile"):
        assert os.path.samefile(root / "bin" / name, cache / name)
    assert not list((root / "bin").glob("*.real"))
    restore_nvcc(root)


def test_the_profile_of_conda_forge_is_right_as_it_is(tmp_path: Path) -> None:
    """Its `lib` lies below `targets` and holds nothing but CUDA."""
    root = make_root(tmp_path / "cuda")
    (root / "bin" / "nvcc.profile").write_text(FORGE)
    wrap_nvcc(root)
    assert (root / "bin" / "nvcc.profile").read_text() == FORGE


def test_without_compiler_or_nvcc_nothing_is_done(tmp_path: Path) -> None:
    plain = make_root(tmp_path / "plain", None)
    assert not wrap_nvcc(plain) and not wrap_nvcc(tmp_path)
    assert sorted(os.listdir(plain / "bin")) == ["nvcc", "nvcc.profile"]
    assert (plain / "bin" / "nvcc").read_text() == NVCC
