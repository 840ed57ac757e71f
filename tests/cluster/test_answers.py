"""Whatever nodes print: it becomes nodes, in bounded memory, and nobody can speak for another."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conda_cuda_plugin.cluster.answer import node_from
from conda_cuda_plugin.cluster.hearing import LIMIT, Hearing
from conda_cuda_plugin.cluster.node import Node
from conda_cuda_plugin.cluster.probe import MOST

NONCE = "0123456789abcdef"
MARK = f"conda-cuda {NONCE} ".encode()
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)
FACTS = st.lists(
    st.tuples(
        st.sampled_from(["nvml", "cuda", "smi", "x"]),
        st.sampled_from(
            [
                "path",
                "call",
                "driver",
                "version",
                "gpu",
                "error",
                "refused",
                "missing",
                "mig",
                "done",
            ]
        ),
        JSON,
    ).map(json.dumps),
    max_size=6,
).map("\n".join)
DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "driver": JSON
        | st.lists(st.tuples(st.sampled_from(["nvml", "cuda", "smi"]), JSON, FACTS).map(list)),
        "module": JSON | st.dictionaries(st.just("/sys/module/nvidia/version"), st.text()),
        "variables": JSON | st.dictionaries(st.just("CUDA_VISIBLE_DEVICES"), st.text()),
        "loads": JSON | st.lists(st.lists(st.text(), min_size=3, max_size=3)),
        "system_cuda": JSON | st.lists(st.text() | st.none(), min_size=2, max_size=2),
        "system": JSON | st.lists(st.text(), min_size=5, max_size=5),
        "libc": JSON,
        "environment": JSON,
    },
)  # fmt: skip


def texts(node: Node) -> list[str]:
    """Every text that a node has brought along."""
    machine = node.machine
    assert machine is not None
    found = [node.architecture, node.visible, *node.mig, machine.libc, *machine.notes]
    found += [gpu.name for gpu in machine.gpus]
    found += [text for one in node.loads for text in (one.name, one.path)]
    found += [*node.system_cuda] if node.system_cuda else []
    return [text for text in found if text is not None]


@given(DOCUMENTS)
def test_any_document_becomes_a_node(document: dict[str, Any]) -> None:
    node = node_from("node1", json.loads(json.dumps(document)))
    assert node.answered
    assert node.name == "node1"
    assert max(map(len, texts(node)), default=0) <= 1200
    assert not any("\x1b" in text or "\n" in text for text in texts(node))


@given(st.lists(st.tuples(st.integers(0, 3), st.binary(max_size=80) | st.builds(
    lambda label, rest: label + MARK + rest,
    st.sampled_from([b"0: ", b" 1: ", b"9: ", b"", b"0: 1: "]),
    st.sampled_from([b"none", b"0 0 \"a\"", b"1 1 {}", b"1 2 {", b"2 2 }", b"3 2 x", b"1 999999 x"])
    | st.binary(max_size=20),
))))  # fmt: skip
def test_any_line_can_be_heard(lines: list[tuple[int, bytes]]) -> None:
    for labelled in (True, False):
        hearing = Hearing(NONCE, 3, labelled=labelled)
        for number, line in lines:
            hearing.take(number, line)
        assert len(hearing.speakers) <= 3
        assert hearing.until() <= time.monotonic() + LIMIT


@given(st.permutations(range(8)), st.text(min_size=8))
def test_parts_come_in_any_order(order: list[int], text: str) -> None:
    document = json.dumps({"libc": text})
    size = -(-len(document) // 8)
    parts = [document[start : start + size] for start in range(0, len(document), size)]
    hearing = Hearing(NONCE, 1, labelled=True)
    for number in [one for one in order if one < len(parts)]:
        hearing.take(0, b"0: %s%d %d %s" % (MARK, number + 1, len(parts), parts[number].encode()))
    [speaker] = hearing.speakers.values()
    assert speaker.document == {"libc": text}


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([b"["] * 50, id="nests"),
        pytest.param([b'{"a": ' + b"9" * 5000 + b"}"], id="number"),
        pytest.param([b"\xff\xfe\x00"], id="binary"),
        pytest.param([b"[1, 2]"], id="list"),
        pytest.param([b"x" * 1000] * (MOST // 1000 + 1), id="long"),
    ],
)
def test_what_is_no_answer_is_said(parts: list[bytes]) -> None:
    parts = parts * 8 if len(parts) == 50 else parts
    parts = [b"[" * 1000 for _ in parts][:40] if parts[0] == b"[" else parts
    hearing = Hearing(NONCE, 1)
    for number, part in enumerate(parts, 1):
        hearing.take(0, b"%s%d %d %s" % (MARK, number, len(parts), part))
    [speaker] = hearing.speakers.values()
    assert str(speaker.document).startswith("has sent ")
    node = node_from("node1", speaker.document)
    assert (node.answered, node.problem) == (False, speaker.document)


def test_a_node_cannot_speak_for_another() -> None:
    """srun puts a number before each line, whatever the line is."""
    hearing = Hearing(NONCE, 2, labelled=True)
    hearing.take(0, b'0: %s1 1 {"libc": "its own"}' % MARK)
    hearing.take(0, b'0: 1: %s1 1 {"libc": "of another"}' % MARK)
    hearing.take(0, b'0: %s1 1 {"libc": "once more"}' % MARK)
    assert {source: one.document for source, one in hearing.speakers.items()} == {
        (0, 0): {"libc": "its own"}
    }


def test_of_a_host_one_answer_counts() -> None:
    """It has no numbers to give, so it takes no other host's place."""
    hearing = Hearing(NONCE, 2)
    for number in range(10):
        hearing.take(0, b"%d: %s1 1 {}" % (number, MARK))
    assert hearing.speakers == {}
    hearing.take(1, MARK + b"1 1 {}")
    assert list(hearing.speakers) == [(1, 0)]


def test_the_silent_are_waited_for_a_while_longer() -> None:
    hearing = Hearing(NONCE, 3)
    begun = time.monotonic()
    assert hearing.until() > begun + LIMIT - 1
    time.sleep(0.1)
    hearing.take(0, MARK + b"1 1 {}")
    assert begun + 1 < hearing.until() < begun + 1.5
    # One that has begun to answer is waited for: its driver may be slow.
    hearing.take(1, MARK + b'0 0 "slow"')
    assert begun + 11 < hearing.until() < begun + 13
    hearing.take(1, MARK + b"1 1 {}")
    assert hearing.until() < begun + 2


@pytest.mark.parametrize("labelled", [True, False])
def test_nodes_that_wait_for_others_are_asked_without_them(labelled: bool) -> None:
    """srun passes nothing on before it has reached every node; hosts have each their own ssh."""
    hearing = Hearing(NONCE, 2, labelled=labelled)
    begun = time.monotonic()
    hearing.take(0, (b"0: " if labelled else b"") + MARK + b"launched gpu01")
    assert [one.name for one in hearing.speakers.values()] == ["gpu01"]
    assert hearing.stuck is labelled
    assert (hearing.until() < begun + 3) is labelled
    hearing.take(0, (b"0: " if labelled else b"") + MARK + b'0 0 "gpu01"')
    # It has got the program, so nothing holds it up.
    assert not hearing.stuck
    assert hearing.until() > begun + LIMIT - 1
