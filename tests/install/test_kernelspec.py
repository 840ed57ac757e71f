"""CUDA's variables in a kernel.json and out of it again, for all kernels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from conda_cuda_plugin.install.kernelspec import Kernel, with_variables, without_variables

PREFIXES: Any = st.sampled_from(["/p", "/a b/ü", "/opt/it's"])
TEXTS: Any = st.text(max_size=8)
LIBRARIES: Any = st.sampled_from(["", "/usr/lib", "/x:/y", ":/ü", "${HOME}/lib:"])
NAMES: Any = st.sampled_from(["CUDA_HOME", "XLA_FLAGS", "A", "Ü"])


@st.composite
def specs(draw: Any) -> str:
    """The text of a kernel.json, with or without an `env`, in one of many layouts."""
    spec: dict[str, Any] = {"argv": ["python", "-m", draw(TEXTS)], "display_name": draw(TEXTS)}
    if draw(st.booleans()):
        env = draw(st.dictionaries(NAMES, TEXTS))
        if draw(st.booleans()):
            env["LD_LIBRARY_PATH"] = draw(LIBRARIES)
        spec["env"] = dict(draw(st.permutations(sorted(env.items()))))
    spec = dict(draw(st.permutations(sorted(spec.items()))))
    text = json.dumps(spec, indent=draw(st.sampled_from([None, 1, 2, "\t"])), ensure_ascii=False)
    if draw(st.booleans()):
        text = text.replace('"env": {}', '"env": { }')
    return text + draw(st.sampled_from(["", "\n", "\r\n"]))


def values(prefix: str) -> dict[str, str]:
    root = f"{prefix}/cuda"
    return {
        "CUDA_HOME": root,
        "CUDA_PATH": root,
        "CUDAToolkit_ROOT": root,
        "LD_LIBRARY_PATH": f"{root}/lib64",
        "XLA_FLAGS": f"--xla_gpu_cuda_data_dir={root}",
    }


def kernel(text: str) -> Kernel:
    return Kernel("python3", Path("kernel.json"), text, json.loads(text))


def put_into(text: str, prefix: str, record: Any = None) -> tuple[str, dict[str, Any]]:
    return with_variables(kernel(text), values(prefix), record)


@given(specs(), PREFIXES)
def test_it_is_taken_back_byte_for_byte(text: str, prefix: str) -> None:
    edited, record = put_into(text, prefix)
    assert edited != text
    assert without_variables(edited, json.loads(json.dumps(record))) == text


@given(specs(), PREFIXES)
def test_what_the_user_has_set_stays(text: str, prefix: str) -> None:
    before, after = json.loads(text), json.loads(put_into(text, prefix)[0])
    old, new = before.pop("env", {}), after.pop("env")
    assert list(after) == list(before)
    assert after == before
    library = old.pop("LD_LIBRARY_PATH", "")
    ours = values(prefix)
    elements = new.pop("LD_LIBRARY_PATH").split(":", 1)
    assert elements == [ours.pop("LD_LIBRARY_PATH"), *([library] if library else [])]
    assert new == {**ours, **old}


@given(specs(), PREFIXES)
def test_the_second_time_nothing_changes(text: str, prefix: str) -> None:
    once = put_into(text, prefix)
    assert put_into(*(once[0], prefix), once[1]) == once


@given(specs())
def test_in_another_folder_the_values_of_the_old_one_give_way(text: str) -> None:
    """As in a clone, or an environment that was moved."""
    there, record = put_into(text, "/old")
    moved, record = put_into(there, "/new", record)
    assert moved == put_into(text, "/new")[0]
    assert without_variables(moved, record) == text


@given(specs(), PREFIXES, st.sampled_from(sorted(values("/p"))), LIBRARIES)
def test_what_the_user_changes_later_stays(text: str, prefix: str, name: str, more: str) -> None:
    edited, record = put_into(text, prefix)
    spec = json.loads(edited)
    if name == "LD_LIBRARY_PATH":
        spec["env"][name] = f"/mine:{spec['env'][name]}:/more"
    else:
        spec["env"][name] = f"{more} mine"
    spec["env"]["NEW"] = more
    left = json.loads(without_variables(json.dumps(spec), record))
    expected = json.loads(text)
    env = expected.setdefault("env", {})
    if name == "LD_LIBRARY_PATH":
        before = env.get(name, "")
        env[name] = f"/mine:{before}:/more" if before else "/mine:/more"
    else:
        env[name] = f"{more} mine"
    env["NEW"] = more
    assert left == expected


@given(specs(), st.recursive(st.none() | st.text(), lambda inner: st.dictionaries(TEXTS, inner)))
def test_a_record_that_is_none_takes_nothing_away(text: str, record: Any) -> None:
    assert without_variables(text, record) == text
