"""From a template to a hook."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conda_cuda_plugin.hooks import FORMAT_VERSION, SHELLS, Direction, Shell, render
from conda_cuda_plugin.hooks.files import is_ours, is_unedited, template_path

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
def test_body_is_the_template_without_its_first_line(shell: Shell, direction: Direction) -> None:
    template = template_path(shell, direction).read_bytes()
    first, _, rest = template.partition(b"\n")
    assert first.startswith(shell.comment.encode())
    body = render(shell, direction).split(b"\n", 1)[1]
    assert body == rest.replace(b"\n", shell.newline.encode())


@pytest.mark.parametrize(("shell", "direction"), BOTH)
def test_hook_is_plain_text_with_the_shells_line_ends(shell: Shell, direction: Direction) -> None:
    data = render(shell, direction)
    assert data.isascii()
    assert data.endswith(shell.newline.encode())
    assert (b"\r" in data) == (shell.newline == "\r\n")
    assert re.sub(rb"\r?\n", b"\n", data).count(b"\n") == data.count(b"\n")


@pytest.mark.parametrize(("shell", "direction"), BOTH)
def test_hook_is_recognised_as_ours_and_unedited(shell: Shell, direction: Direction) -> None:
    assert is_ours(render(shell, direction))
    assert is_unedited(render(shell, direction))


@given(st.data())
def test_any_change_to_the_body_is_noticed(data: st.DataObject) -> None:
    hook = render(SHELLS[0], Direction.ACTIVATE)
    start = hook.index(b"\n") + 1
    at = data.draw(st.integers(start, len(hook) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != hook[at]))
    changed = hook[:at] + bytes([byte]) + hook[at + 1 :]
    assert is_ours(changed)
    assert not is_unedited(changed)


@given(st.binary(max_size=200))
def test_other_content_is_not_ours(content: bytes) -> None:
    assert not is_ours(content)


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
