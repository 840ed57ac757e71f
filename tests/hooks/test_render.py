"""From a template to a hook."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conda_cuda_plugin.hooks import (
    FORMAT_VERSION,
    ROOT_VARIABLES,
    SHELLS,
    Direction,
    Shell,
    render,
)
from conda_cuda_plugin.hooks.template import fill_in, is_unedited, template_path

BOTH = [
    pytest.param(shell, direction, id=f"{direction.value}-{shell.name}")
    for direction in Direction
    for shell in SHELLS
]


@pytest.mark.parametrize(("shell", "direction"), BOTH)
def test_header_states_version_and_hash_of_the_rest(shell: Shell, direction: Direction) -> None:
    header, _, body = render(shell, direction).partition(shell.newline.encode())
    digest = hashlib.sha256(body).hexdigest()
    assert header.decode() == f"{shell.comment}conda-cuda hook {FORMAT_VERSION} sha256:{digest}"


@pytest.mark.parametrize(("shell", "direction"), BOTH)
def test_every_mark_is_replaced_and_other_lines_stay(shell: Shell, direction: Direction) -> None:
    template = template_path(shell, direction).read_text()
    first, _, rest = template.partition("\n")
    assert first.startswith(shell.comment)
    lines = render(shell, direction).decode().replace("\r\n", "\n").split("\n")[1:]
    assert [line for line in lines if re.search(r"<<|>>|^==|^\[\[|^\]\]", line)] == []
    marked = re.compile(r"<<|>>|^==|^\[\[|^\]\]|NAME|KEY|LEVEL")
    assert [
        line for line in rest.split("\n") if not marked.search(line) and line not in lines
    ] == []


@pytest.mark.parametrize(("shell", "direction"), BOTH)
def test_every_variable_is_in_every_hook(shell: Shell, direction: Direction) -> None:
    text = render(shell, direction).decode()
    for name, key in ROOT_VARIABLES.items():
        assert re.search(rf"\b{name}\b", text)
        assert re.search(rf"\b{key}\b|_{key}_", text)


def test_a_new_variable_is_one_more_row() -> None:
    new = {"NEW_ROOT": "NR"}
    for shell in SHELLS:
        for direction in Direction:
            template, activate = (
                template_path(shell, way).read_text() for way in (direction, Direction.ACTIVATE)
            )
            two = fill_in(template, activate, {**new, "OTHER_ROOT": "OR"})
            one = fill_in(template, activate, new)
            assert "NEW_ROOT" in one
            assert two.count("NEW_ROOT") == two.count("OTHER_ROOT") == one.count("NEW_ROOT")
            assert "CUDA_HOME" not in one


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        pytest.param("[[\nLEVEL<< NAME>>\n]]\n", "1 A B\n2 A B\n", id="levels"),
        pytest.param("a\n", "a\n", id="no-mark"),
        pytest.param("set<< NAME=KEY>>;\n", "set A=1 B=2;\n", id="in-a-line"),
        pytest.param("(<<\n", "(<<\n", id="no-end"),
        pytest.param("<<\nset NAME\n\nKEY\n>>\nz\n", "set A\n\n1\nset B\n\n2\nz\n", id="lines"),
        pytest.param("== x ==\nz\n", "walk A B\nz\n", id="named-lines"),
        pytest.param("== y\nb\n==\n", "b\n", id="its-own-named-lines"),
    ],
)
def test_marks(template: str, filled: str) -> None:
    assert fill_in(template, "== x\nwalk<< NAME>>\n==\n", {"A": "1", "B": "2"}) == filled


@pytest.mark.parametrize(("shell", "direction"), BOTH)
def test_hook_is_plain_text_with_the_shells_line_ends(shell: Shell, direction: Direction) -> None:
    data = render(shell, direction)
    assert data.isascii()
    assert data.endswith(shell.newline.encode())
    assert (b"\r" in data) == (shell.newline == "\r\n")
    assert re.sub(rb"\r?\n", b"\n", data).count(b"\n") == data.count(b"\n")


@pytest.mark.parametrize(("shell", "direction"), BOTH)
def test_hook_is_recognised_as_ours_and_unedited(shell: Shell, direction: Direction) -> None:
    assert is_unedited(render(shell, direction))


@given(st.data())
def test_any_change_to_the_body_is_noticed(data: st.DataObject) -> None:
    hook = render(SHELLS[0], Direction.ACTIVATE)
    start = hook.index(b"\n") + 1
    at = data.draw(st.integers(start, len(hook) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != hook[at]))
    changed = hook[:at] + bytes([byte]) + hook[at + 1 :]
    assert is_unedited(changed) is False


@given(st.binary(max_size=200))
def test_other_content_is_not_ours(content: bytes) -> None:
    assert is_unedited(content) is None


def test_importing_the_hooks_loads_nothing_heavy() -> None:
    code = (
        "import sys; sys.modules['conda_cuda_plugin.errors'] = type(sys)('errors');"
        "sys.modules['conda_cuda_plugin.errors'].__getattr__ = lambda name: Exception;"
        "import conda_cuda_plugin.hooks;"
        "print(*(n for n in sys.modules if n.partition('.')[0] not in sys.stdlib_module_names))"
    )
    path = {"PYTHONPATH": ":".join(sys.path)}
    out = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True, env=path
    ).stdout
    loaded = {name for name in out.split() if not name.startswith("__")}
    assert {name.partition(".")[0] for name in loaded} == {"conda_cuda_plugin"}
