"""CUDA's variables in a kernel.json and out of it again, for all kernels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from conda_cuda_plugin.install.kernelspec import Kernel, with_variables, without_variables

Spec = dict[str, Any]
PREFIXES: Any = st.sampled_from(["/p", "/a b/ü", "/opt/it's"])
TEXTS: Any = st.text(max_size=8)
LIBRARIES: Any = st.sampled_from(["", "/usr/lib", "/x:/y", ":/ü", "${HOME}/lib:"])
NAMES: Any = st.sampled_from(["CUDA_HOME", "XLA_FLAGS", "A", "Ü"])
VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@st.composite
def specs(draw: Any) -> Spec:
    """The content of a kernel.json, with or without an `env`."""
    spec: Spec = {"argv": ["python", "-m", draw(TEXTS)], "metadata": draw(VALUES)}
    if draw(st.booleans()):
        spec["env"] = draw(st.dictionaries(NAMES, TEXTS))
        if draw(st.booleans()):
            spec["env"]["LD_LIBRARY_PATH"] = draw(LIBRARIES)
    return dict(draw(st.permutations(sorted(spec.items()))))


def values(prefix: str) -> dict[str, str]:
    root = f"{prefix}/cuda"
    return {
        "CUDA_HOME": root,
        "CUDA_PATH": root,
        "CUDAToolkit_ROOT": root,
        "LD_LIBRARY_PATH": f"{root}/lib64",
        "XLA_FLAGS": f"--xla_gpu_cuda_data_dir={root}",
    }


def put_into(spec: Spec, prefix: str, record: Any = None) -> tuple[Spec, Spec]:
    edited, record = with_variables(spec, values(prefix), record)
    # As they come back from their files.
    return json.loads(json.dumps(edited)), json.loads(json.dumps(record))


@given(specs(), PREFIXES)
def test_removal_gives_back_what_was_there(spec: Spec, prefix: str) -> None:
    edited, record = put_into(spec, prefix)
    assert edited != spec and prefix not in json.dumps(record)
    left = without_variables(edited, record)
    # The order of the members comes back too.
    assert json.dumps(left) == json.dumps(spec)


@given(specs(), st.sampled_from([None, 1, 2, "\t"]), st.booleans())
def test_a_file_that_needs_no_change_stays_byte_for_byte(
    spec: Spec, indent: Any, ascii_: bool
) -> None:
    text = json.dumps(spec, indent=indent, ensure_ascii=ascii_) + "\n"
    kernel = Kernel("python3", Path("kernel.json"), text, json.loads(text))
    assert kernel.text_with(json.loads(text)) == text
    other = {**spec, "other": 1}
    written = kernel.text_with(other)
    assert json.loads(written) == other and written.encode()


@given(specs(), PREFIXES)
def test_what_the_user_has_set_stays(spec: Spec, prefix: str) -> None:
    before, after = json.loads(json.dumps(spec)), put_into(spec, prefix)[0]
    old, new = before.pop("env", {}), after.pop("env")
    assert list(after) == list(before)
    assert after == before
    library = old.pop("LD_LIBRARY_PATH", "")
    ours = values(prefix)
    elements = new.pop("LD_LIBRARY_PATH").split(":", 1)
    assert elements == [ours.pop("LD_LIBRARY_PATH"), *([library] if library else [])]
    assert new == {**ours, **old}


@given(specs(), PREFIXES)
def test_the_second_time_nothing_changes(spec: Spec, prefix: str) -> None:
    once = put_into(spec, prefix)
    assert put_into(once[0], prefix, once[1]) == once


@given(specs())
def test_in_another_folder_the_values_of_the_old_one_give_way(spec: Spec) -> None:
    """As in a clone, or an environment that was moved."""
    there, record = put_into(spec, "/old")
    moved, record = put_into(there, "/new", record)
    assert moved == put_into(spec, "/new")[0]
    assert without_variables(moved, record) == spec


@given(specs(), PREFIXES, st.sampled_from(sorted(values("/p"))), LIBRARIES)
def test_what_the_user_changes_later_stays(spec: Spec, prefix: str, name: str, more: str) -> None:
    edited, record = put_into(spec, prefix)
    expected = json.loads(json.dumps(spec))
    env = expected.setdefault("env", {})
    if name == "LD_LIBRARY_PATH":
        edited["env"][name] = f"/mine:{edited['env'][name]}:/more"
        before = env.get(name, "")
        env[name] = f"/mine:{before}:/more" if before else "/mine:/more"
    else:
        edited["env"][name] = env[name] = f"{more} mine"
    edited["env"]["NEW"] = env["NEW"] = more
    assert without_variables(edited, record) == expected


@given(specs(), PREFIXES, VALUES)
def test_whatever_the_user_makes_of_env_stays(spec: Spec, prefix: str, env: Any) -> None:
    record = put_into(spec, prefix)[1]
    ours = values(prefix).values()
    if not isinstance(env, dict) or not set(map(str, env.values())) & set(ours):
        changed = {**spec, "env": env} if env != {} else {**spec, "env": {"A": "b"}}
        assert without_variables(changed, record) == changed


@given(specs())
def test_without_a_record_nothing_is_removed(spec: Spec) -> None:
    assert without_variables(spec, None) == spec
