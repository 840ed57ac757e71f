"""The file of `export` and `apply`: what a person writes around the values stays, and no value
can be changed unnoticed."""

from __future__ import annotations

import contextlib
import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from conda_cuda_plugin.lockfile import cuda_file
from conda_cuda_plugin.lockfile.check import parse
from conda_cuda_plugin.lockfile.cuda_file import CudaFileError, digest_of, new_text, updated_text
from conda_cuda_plugin.system.yaml_text import MOST_BYTES, YamlError, canonical, load

from .made_cuda_file import HEX, changes, contents, kept_by_person

slow = settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@slow
@given(contents())
def test_what_is_written_reads_back(content: dict[str, Any]) -> None:
    text = new_text(content)
    assert load(text) == canonical({**content, "digest": digest_of(content)}, {})
    found = parse(text, "cuda.yaml")
    assert found.request == content["request"]
    rows = content["toolkits"][0]["packages"]
    assert [package.sha256 for package in found.toolkits[0].packages] == [r["sha256"] for r in rows]


@slow
@given(st.data(), contents())
def test_order_quotes_and_comments_do_not_count(data: Any, content: dict[str, Any]) -> None:
    _, text = kept_by_person(data.draw, content)
    assert parse(text, "cuda.yaml") == parse(new_text(content), "cuda.yaml")
    assert updated_text(text, content, "cuda.yaml") == text
    windows = text.replace("\n", "\r\n")
    assert updated_text(windows, content, "cuda.yaml") == windows


@slow
@given(st.data(), contents())
def test_comments_and_order_stay(data: Any, content: dict[str, Any]) -> None:
    person, before = kept_by_person(data.draw, content)
    new, gone = data.draw(changes(content))
    after = updated_text(before, new, "cuda.yaml")

    assert canonical(load(after), cuda_file.IDENTITIES) == canonical(
        {**new, "digest": digest_of(new)}, cuda_file.IDENTITIES
    )
    parse(after, "cuda.yaml")
    # No comment goes, but those of packages and keys that went.
    for name, comments in person.item_comments.items():
        if name not in gone:
            assert [one for one in comments if one not in after] == []
    lost = [keys for keys, comment in person.comments if comment not in after]
    assert [keys for keys in lost if has(new, keys)] == []
    assert updated_text(after, new, "cuda.yaml") == after
    old_toolkit, new_toolkit = (load(text)["toolkits"][0] for text in (before, after))
    for one, two in (
        (load(before), load(after)),
        (old_toolkit, new_toolkit),
        (
            {row["name"]: row for row in toolkit["packages"]}
            for toolkit in (old_toolkit, new_toolkit)
        ),
    ):
        assert [key for key in one if key in two] == [key for key in two if key in one]


def has(content: Any, keys: tuple[str, ...]) -> bool:
    """Whether there is something at the end of some keys."""
    for key in keys:
        content = content[0] if isinstance(content, list) else content
        if key != "digest" and key not in content:
            return False
        content = content.get(key)
    return True


@slow
@given(st.data(), contents())
def test_a_new_hash_changes_one_line_and_the_digest(data: Any, content: dict[str, Any]) -> None:
    """In a file that a person has put comments and blank lines into."""
    lines: list[str] = []
    for line in new_text(content).splitlines():
        indent = line[: len(line) - len(line.lstrip())]
        above = data.draw(st.sampled_from([[], [], [], [f"{indent}# why"], ["", f"{indent}# {{x"]]))
        beside = data.draw(st.sampled_from(["", "", "", "  # 'a: b"]))
        lines += [*above, f"{line}{beside}"]
    before = "\n".join([*lines, ""])
    new = copy.deepcopy(content)
    package = data.draw(st.sampled_from(new["toolkits"][0]["packages"]))
    old, package["sha256"] = package["sha256"], data.draw(HEX)
    assume(old != package["sha256"] and before.count(old) == 1)
    after = updated_text(before, new, "cuda.yaml")
    rows = zip(before.split("\n"), after.split("\n"), strict=True)
    changed = [(one, two) for one, two in rows if one != two]
    assert [one.split(":")[0].strip() for one, _ in changed] == ["sha256", "digest"]
    assert [one.partition("  # ")[2] for one, _ in changed] == [
        two.partition("  # ")[2] for _, two in changed
    ]


def test_packages_stay_in_their_order() -> None:
    content = copy.deepcopy(GOOD)
    toolkit: Any = content["toolkits"][0]  # type: ignore[index]
    toolkit["packages"] += [{**toolkit["packages"][0], "name": name} for name in ("b", "a")]
    new = copy.deepcopy(content)
    rows: Any = new["toolkits"][0]["packages"]  # type: ignore[index]
    rows.reverse()
    rows[0]["sha256"] = "1" * 64
    rows.append({**rows[0], "name": "c"})
    after = load(updated_text(new_text(content), new, "cuda.yaml"))
    assert [row["name"] for row in after["toolkits"][0]["packages"]] == [
        "cuda-cudart",
        "b",
        "a",
        "c",
    ]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_comments_of_what_goes(newline: str) -> None:
    """Those of a package go with it; those above a key that goes stay, above the next one."""
    content = copy.deepcopy(GOOD)
    content["request"] = {"version": "12.4", "flavor": "base", "source": "channel"}
    toolkit: Any = content["toolkits"][0]  # type: ignore[index]
    toolkit["components"] = ["cudart", "nvcc"]
    toolkit["packages"].append({**toolkit["packages"][0], "name": "cuda-nvcc"})
    text = new_text(content)
    for old, comment in (
        ("components: [cudart, nvcc]", "components:\n  - cudart  # runs\n  - nvcc  # compiles"),
        ("  flavor: base", "  # small\n  flavor: base  # yes"),
        ("  source: channel", "  # ours\n  source: channel"),
        ("  - name: cuda-cudart", "  # the runtime\n  - name: cuda-cudart"),
        ("  - name: cuda-nvcc", "\n  # the compiler\n  - name: cuda-nvcc"),
    ):
        assert old in text
        text = text.replace(old, comment)
    del toolkit["packages"][0], content["request"]["flavor"]  # type: ignore[attr-defined]
    toolkit["components"] = ["nvcc"]
    after = updated_text(text.replace("\n", newline), content, "cuda.yaml")
    assert after.count(newline) == after.count("\n")
    after = after.replace(newline, "\n")
    assert "  version: '12.4'\n  # small\n  # ours\n  source: channel\n" in after
    assert "  components:\n  - nvcc  # compiles\n" in after
    assert "  packages:\n\n  # the compiler\n  - name: cuda-nvcc\n" in after
    assert "the runtime" not in after and "# runs" not in after and "# yes" not in after


@slow
@given(st.data(), contents())
def test_no_character_of_a_value_changes_unnoticed(data: Any, content: dict[str, Any]) -> None:
    text = new_text(content)
    place = data.draw(st.sampled_from(_places(text)))
    character = data.draw(st.characters(min_codepoint=32, max_codepoint=255))
    kind = data.draw(st.sampled_from(["replace", "insert", "drop"]))
    changed = {
        "replace": text[:place] + character + text[place + 1 :],
        "insert": text[:place] + character + text[place:],
        "drop": text[:place] + text[place + 1 :],
    }[kind]
    with contextlib.suppress(YamlError):
        assume(load(changed) != load(text))
    with pytest.raises(CudaFileError) as caught:
        parse(changed, "cuda.yaml")
    assert str(caught.value).startswith("cuda.yaml ") and caught.value.hints


GOOD = {
    "conda-cuda": 1,
    "platform": "linux-64",
    "current": "12.4",
    "request": {"version": "12.4"},
    "toolkits": [
        {
            "version": "12.4.1",
            "origin": "channel",
            "packages": [
                {
                    "name": "cuda-cudart",
                    "version": "12.4.127",
                    "build": "0",
                    "url": "https://example.org/linux-64/cuda-cudart-12.4.127-0.conda",
                    "sha256": "0" * 64,
                }
            ],
        }
    ],
}


def with_value(path: str, value: Any) -> str:
    """The text of a good file with another value somewhere, and with the right digest."""
    content: Any = copy.deepcopy(GOOD)
    *parents, last = [int(one) if one.isdigit() else one for one in path.split("/")]
    place = content
    for one in parents:
        place = place[one]
    if value is None:
        del place[last]
    elif isinstance(value, list) and value and value[0] == "twice":
        place[last] = [*place[last], *copy.deepcopy(place[last])]
    else:
        place[last] = value
    return new_text(content)


PACKAGE = "toolkits/0/packages/0"


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("conda-cuda", 2, "has the format '2', and this conda cuda knows 1 only"),
        ("conda-cuda", None, "is not a file of conda cuda export: it has no 'conda-cuda'"),
        ("platform", None, "it has no platform"),
        ("platform", "osx-64", "platform is not one of linux-64"),
        ("current", "13.0", "current is none of the toolkits: '13.0'"),
        ("request", None, "it has no request"),
        ("request", ["12.4"], "request is not a table of names and values"),
        ("request", {"version": "newest!"}, "request.version has no usable value: 'newest!'"),
        ("request", {"version": "12", "pin": "yes"}, "request.pin is neither true nor false"),
        ("request", {"version": "12", "run": "x"}, "request.run means nothing here"),
        ("toolkits", [], "toolkits is empty"),
        ("toolkits", "12.4", "toolkits is not a list"),
        ("toolkits", ["twice"], "toolkits names 12.4 more than once"),
        ("toolkits/0/version", "12", "toolkits[0].version has no usable value: '12'"),
        ("toolkits/0/origin", "moon", "toolkits[0].origin has no usable value: 'moon'"),
        ("toolkits/0/packages", [], "toolkits[0] has no packages"),
        (
            "toolkits/0/packages",
            ["twice"],
            "toolkits[0].packages names cuda-cudart more than once",
        ),
        (
            "toolkits/0/packages/0/url",
            "https://me:secret@[broken/a.conda",
            "toolkits[0].packages[0].url has no usable value: 'https://[broken/a.conda'",
        ),
        ("toolkits/0/specs", ["cuda >>1"], "toolkits[0].specs[0] has no usable value: 'cuda >>1'"),
        (
            f"{PACKAGE}/name",
            "../../etc",
            "toolkits[0].packages[0].name has no usable value: '../../etc'",
        ),
        (
            f"{PACKAGE}/version",
            "1-2",
            "toolkits[0].packages[0].version has no usable value: '1-2'",
        ),
        (f"{PACKAGE}/build", "a/b", "toolkits[0].packages[0].build has no usable value: 'a/b'"),
        (f"{PACKAGE}/sha256", "0" * 63, "toolkits[0].packages[0].sha256 has no usable value"),
        (f"{PACKAGE}/url", None, "toolkits[0].packages[0] has no url"),
        (f"{PACKAGE}/file", "../x.run", "toolkits[0].packages[0].file has no usable value"),
        (f"{PACKAGE}/x", "y", "toolkits[0].packages[0].x means nothing here"),
        ("toolkits/0/x", "y", "toolkits[0].x means nothing here"),
        ("x", "y", "x means nothing here"),
    ],
)
def test_what_makes_no_sense_is_named(path: str, value: Any, message: str) -> None:
    with pytest.raises(CudaFileError) as caught:
        parse(with_value(path, value), "cuda.yaml")
    said = caught.value.message.removeprefix("cuda.yaml ").removeprefix("cannot be used: ")
    assert said.startswith(message)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/cuda-cudart-12.4.127-0.conda",
        "https://example.org/../cuda-cudart-12.4.127-0.conda",
        "https://example.org/%2e%2e/cuda-cudart-12.4.127-0.conda",
        "https://example.org/other-12.4.127-0.conda",
        "https://example.org/cuda-cudart-12.4.127-0.conda?token=1",
        "https://me:secret@example.org/cuda-cudart-12.4.127-0.conda",
        "https:///cuda-cudart-12.4.127-0.conda",
        "https://example.org/",
        "file://server/share/cuda-cudart-12.4.127-0.conda",
        "https://example.org/a\nb/cuda-cudart-12.4.127-0.conda",
        "/tmp/cuda-cudart-12.4.127-0.conda",
        "https://[example.org/cuda-cudart-12.4.127-0.conda",
    ],
)
def test_an_address_that_leads_astray_is_refused(url: str) -> None:
    with pytest.raises(CudaFileError, match=r"packages\[0\].url"):
        parse(with_value(f"{PACKAGE}/url", url), "cuda.yaml")


BOMB = "conda-cuda: 1\na: &a [x, x]\n" + "".join(
    f"{two}: &{two} [*{one}, *{one}, *{one}]\n"
    for one, two in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not a file of conda cuda export: it has no 'conda-cuda'"),
        ("just words", "is not a file of conda cuda export"),
        ("a: [1", "is not proper YAML (line 1)"),
        ("a: 1\na: 2\n", "has 'a' twice (line 2)"),
        ("\tx: 1", "has a tab where YAML has blanks (line 1)"),
        ("a: \x00", "is not proper YAML"),
        (BOMB, "holds anchors or aliases"),
        ("conda-cuda: !!python/object:os.system 1", "holds tags"),
        ("conda-cuda: 1\n---\nconda-cuda: 1\n", "holds more than one document"),
        ("[" * 100_000, "nests more deeply"),
        (f"# {'x' * MOST_BYTES}", "is larger than any file"),
        ("name: env\ndependencies: [python]\n", "is not a file of conda cuda export"),
    ],
)
def test_what_is_no_such_file_is_refused(text: str, message: str) -> None:
    with pytest.raises(CudaFileError) as caught:
        parse(text, "cuda.yaml")
    assert message in caught.value.message


def _places(text: str) -> list[int]:
    """Where the characters of the values stand."""
    from ruamel.yaml import YAML
    from ruamel.yaml.events import ScalarEvent

    found: list[int] = []
    for event in YAML(typ="base", pure=True).parse(text):
        if isinstance(event, ScalarEvent):
            found += range(event.start_mark.index, event.end_mark.index)
    return found
