"""Whatever stands in our records: a sentence, and off, remove, list and doctor --fix work."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from conda_cuda_plugin.actions.off import plan_removal, remove, turn_off
from conda_cuda_plugin.doctor import treat
from conda_cuda_plugin.environment import Environment
from conda_cuda_plugin.install.pin import pins

from ..conftest import Conda
from ..doctor.conftest import clinic, pristine, wheels
from ..doctor.patients import Sick, copy_environment
from ..fuzz.texts import nested, texts
from .conftest import in_words

__all__ = ["clinic", "pristine", "wheels"]

STATE, TOOLKIT = "etc/conda/cuda/state.yaml", "cuda-13.0/toolkit.yaml"
FILES = "cuda-13.0/files.json"
KEYS = st.sampled_from(
    [
        "request",
        "wrappers",
        "linked",
        "pin",
        "kernels",
        "version",
        "source",
        "flavor",
        "components",
        "addons",
        "channels",
        "origin",
        "packages",
        "host_compiler",
        "env",
        "joined",
        "names",
    ]
)
documents = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.sampled_from(["", "nvcc", "12.4", "..", "/"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=8,
)
contents = st.one_of(
    documents.map(json.dumps), nested.map(lambda value: json.dumps(value, default=str)), texts
).map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary(max_size=40)
KNOWN = [
    b"wrappers: 5", b"wrappers: [1, nvcc, null]", b"wrappers: [{a: b}]", b"!!bool foo", b"!!int ''",
    b"x: !!float ''", b"{a: " * 400 + b"1" + b"}" * 400, b"\xff\x00 {[", b"request: [1]",
    b"wrappers: ['../../precious']", b"kernels: {../..: {names: {A: b}}}", b"pin: {}", b"a: &a [*a]",
    b"request: {components: 7, addons: [1]}", b"- 1", b"version: 12.4\norigin: pypi\npackages: 3",
]  # fmt: skip


@pytest.mark.parametrize("file", [STATE, TOOLKIT, FILES])
def test_whatever_stands_in_a_record(
    file: str, pristine: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    def check(content: bytes) -> None:
        home = tmp_path_factory.mktemp("any")
        sick = Sick(copy_environment(pristine, home / "mine"), home)
        (sick.prefix / file).write_bytes(content)
        environment = Environment(sick.prefix)
        for toolkit in environment.toolkits():
            assert toolkit.addons is not None
        assert pins(environment) == []
        found = {finding.rule_id for finding in sick.findings()}
        treatment = treat(sick.patient, sick.findings())
        assert treatment.failed == ()
        assert "record-broken" not in {finding.rule_id for finding in treatment.left}
        if "record-broken" in found:
            current = Environment(sick.prefix).current()
            assert current is not None and current.complete
            assert Environment(sick.prefix).state["request"]["version"]
        (sick.prefix / file).write_bytes(content)
        turn_off(Environment(sick.prefix))
        assert not os.path.lexists(sick.prefix / "cuda")
        assert not (sick.prefix / "bin" / "nvcc").exists()
        (sick.prefix / file).write_bytes(content)
        everything = Environment(sick.prefix)
        remove(everything, plan_removal(everything, None))
        # What is there now is no text of ours any more.
        left = [path for path in sick.prefix.glob("cuda*/**/*") if not path.is_dir()]
        assert left == [path for path in everything.kept if path.name != "state.yaml.kept"]
        assert {path.name for path in left} <= {"toolkit.yaml.kept"}
        assert not os.path.lexists(sick.prefix / STATE)
        shutil.rmtree(home)

    strategy = given(content=contents)
    for content in KNOWN:
        check = example(content=content)(check)
    settings(max_examples=60, suppress_health_check=list(HealthCheck))(strategy(check))()


@pytest.mark.parametrize("where", ["cuda-13.0/conda-meta", "conda-meta"])
def test_whatever_stands_in_the_record_of_a_package(
    where: str, pristine: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """It is conda's, and `doctor` may say no more of it than that the toolkit is damaged."""

    def check(content: bytes) -> None:
        home = tmp_path_factory.mktemp("any")
        sick = Sick(copy_environment(pristine, home / "mine"), home)
        found = sorted((sick.prefix / where).glob("*.json"))
        record = found[0] if found else sick.prefix / where / "any-1-0.json"
        record.write_bytes(content)
        treat(sick.patient, sick.findings())
        turn_off(Environment(sick.prefix))
        assert not os.path.lexists(sick.prefix / "cuda")
        environment = Environment(sick.prefix)
        remove(environment, plan_removal(environment, None))
        assert not list(sick.prefix.glob("cuda*"))
        shutil.rmtree(home)

    strategy = given(
        content=contents
        | nested.map(lambda value: json.dumps({"files": value}, default=str).encode())
    )
    for content in (
        b'{"files":5}',
        b'{"files":null}',
        b'{"files":"bin/nvcc"}',
        b'{"files":[1,{}]}',
    ):
        check = example(content=content)(check)
    settings(max_examples=30, suppress_health_check=list(HealthCheck))(strategy(check))()


@pytest.mark.parametrize(
    "request_",
    [
        {"version": ">=12", "addons": {"x": "y"}},
        {"version": "13.0", "addons": {"cudnn": "$(x)"}},
        {"version": "13.0", "source": "channel", "channels": ["http://127.0.0.1:99999/x"]},
        {"version": "13.0", "source": "channel", "channels": ["http://[::1/x"]},
        {"version": "13.0", "source": "/etc/passwd"},
        {"version": "$(x)"},
    ],
)
def test_a_recorded_request_of_anything(request_: dict[str, Any], conda: Conda, two: Path) -> None:
    (two / STATE).write_text(json.dumps({"request": request_}))
    done = in_words(conda.cuda("use", two, "-y", check=False))
    assert done.code in (1, 2) and "\n  " in done.err, done.err


@pytest.mark.parametrize(
    "place",
    [STATE, "cuda-12.4/toolkit.yaml", "cuda-12.4/files.json", "bin/nvcc", "conda-meta/pinned",
     "etc/conda/cuda/unfinished.json", "cuda-12.4/conda-meta/{record}", "cuda-12.4/made-of.json"],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["pipe", "folder", "link"])
def test_a_pipe_a_folder_or_a_link_for_a_file(
    place: str, kind: str, conda: Conda, two: Path, outside: Path
) -> None:
    record = next((two / "cuda-12.4" / "conda-meta").glob("*.json")).name
    path = two / place.format(record=record)
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(outside / "precious")
    for verb, *words in (("list",), ("doctor", "--fix", "-y"), ("off",), ("remove", "--all", "-y")):
        done = in_words(conda.cuda(verb, two, *words, check=False, timeout=60))
        assert done.code == 0 or verb == "doctor", done.err
    assert not (two / "cuda-12.4" / "lib64").exists()
    assert not os.path.lexists(two / "cuda")


def test_a_pipe_for_the_file_of_apply_and_export(conda: Conda, two: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "cuda.yaml")
    for verb, *words in (
        ("apply", tmp_path / "cuda.yaml"),
        ("export", "-f", tmp_path / "cuda.yaml"),
    ):
        done = in_words(conda.cuda(verb, two, *words, check=False, timeout=60))
        assert "cannot be read: it is not a regular file" in done.err


def test_what_cannot_be_read_is_named_with_its_place(conda: Conda, two: Path) -> None:
    (two / STATE).write_text("request:\n  version: [12.4]\nwrappers: [nvcc, 5, {a: b}]\n")
    done: Any = conda.cuda("doctor", two, "--json", check=False).json
    evidence = [f["evidence"] for f in done["findings"] if f["rule"] == "record-broken"]
    assert evidence == [
        [f"{STATE}: request.version is no text", f"{STATE}: wrappers[2] is no text"]
    ]
    refused = in_words(conda.cuda("use", two, check=False))
    assert f"cannot be read: {two / STATE}: request.version is no text." in refused.err
