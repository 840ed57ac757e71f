"""Commands that ask hosts through real ssh servers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ..conftest import Conda, Result
from .conftest import make_environment
from .sshd import Hosts


@pytest.fixture(scope="module")
def shared(user: Conda, ssh_hosts: Hosts) -> Path:
    """An environment that the hosts see, but for plain."""
    return make_environment(user, ssh_hosts.shared / "train")


@pytest.fixture
def ask(user: Conda, shared: Path, ssh_hosts: Hosts) -> Any:
    """Run a command about the environment for some hosts."""

    def run(verb: str, hosts: str, *words: str, **extra: Any) -> Result:
        options = ("--for", f"ssh:{hosts}", "--", *ssh_hosts.options)
        return user.cuda(verb, shared, *words, *options, **extra)

    return run


def test_a_host_says_what_it_has(ask: Any) -> None:
    [node] = ask("info", "old", "--json").json["nodes"]
    assert (node["name"], node["environment"]) == ("old", "same")
    assert node["machine"]["driver"] == "535.129.03"
    assert node["machine"]["gpus"] == [
        {"name": "NVIDIA A100-SXM4-40GB", "compute_capability": "8.0"}
    ]


def test_several_are_asked_at_once_and_those_without_an_answer_named(ask: Any) -> None:
    nodes = ask("info", "login,old,plain,nobody,mute", "--json").json["nodes"]
    assert {one["name"]: one["answered"] for one in nodes} == {
        "login": True,
        "old": True,
        "plain": True,
        "nobody": False,
        "mute": False,
    }
    problems = {one["name"]: one["problem"] for one in nodes}
    assert "Connection refused" in problems["nobody"]
    assert problems["mute"].startswith("did not answer within")


def test_the_doctor_names_them(ask: Any) -> None:
    done = ask("doctor", "login,plain,nobody", "--json")
    found = {one["rule"]: one["evidence"] for one in done.json["findings"]}
    assert set(found) == {"node-silent", "node-without-gpu"}
    assert found["node-silent"][0].startswith("nobody did not answer")
    assert done.json["machines"]["target"] == "ssh:login,plain,nobody"


def test_where_nobody_answers_the_doctor_says_so_and_fails(ask: Any) -> None:
    done = ask("doctor", "nobody", "--json", check=False)
    assert done.code == 3
    [finding] = done.json["findings"]
    assert (finding["rule"], finding["severity"]) == ("node-silent", "error")


def test_other_commands_refuse_where_nobody_answers(ask: Any) -> None:
    for verb, words in (("use", ("auto",)), ("match", ("torch",)), ("info", ())):
        done = ask(verb, "nobody", *words, check=False)
        assert done.code == 1
        assert "None of the machines of ssh:nobody has answered" in done.err


def test_use_takes_what_the_host_runs(ask: Any) -> None:
    assert "minor on old" in ask("use", "old", "12.4", "--dry-run").out


def test_a_key_that_is_not_known_is_not_accepted(ask: Any, ssh_hosts: Hosts) -> None:
    known = ssh_hosts.folder / "known"
    text = known.read_text()
    known.write_text("")
    try:
        done = ask("info", "old", check=False)
    finally:
        known.write_text(text)
    assert done.code == 1
    assert "Host key verification failed" in done.err


@pytest.mark.parametrize(
    "host", ["-oProxyCommand=touch x", "a b", "$(id)", "a;id", "a\nb", "", "-v"], ids=repr
)
def test_no_host_is_an_option_or_a_command(ask: Any, host: str, tmp_path: Path) -> None:
    done = ask("info", host, check=False, cwd=tmp_path)
    assert done.code == 2
    assert list(tmp_path.glob("x")) == []
