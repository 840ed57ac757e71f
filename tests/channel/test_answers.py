"""Channels that do not answer: each host is asked once, and a line says which it was."""

from __future__ import annotations

import contextlib
import platform
from collections.abc import Callable
from pathlib import Path

import pytest

from conda_cuda_plugin.network.answers import asking

from ..conftest import Conda, Result, _conda
from ..sources.wheelhouse import only_folder, write_releases
from . import hosts
from .hosts import Host
from .package import CondaPackage, write_channel

SUBDIR = {"x86_64": "linux-64", "aarch64": "linux-aarch64"}[platform.machine()]
NOISE = ("urllib3", "Retry", "Collecting", "Traceback", "HTTP")
LINE = "channel cannot be reached: no answer from conda-forge, nvidia"


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The releases 11.8.0, 12.4.1 and 13.0.2."""
    return write_releases(tmp_path_factory.mktemp("wheels"))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """conda-forge with CUDA 10.2 and 11.8, and an empty nvidia."""
    root = tmp_path_factory.mktemp("served")
    forge = [
        CondaPackage("cudatoolkit", version, files={"lib/libcudart.so": b"cudart"})
        for version in ("10.2.89", "11.8.0")
    ]
    write_channel(root / "conda-forge", SUBDIR, forge)
    write_channel(root / "nvidia", SUBDIR, [])
    return root


@pytest.fixture
def conda(conda_exe: Path, wheels: Path, tmp_path: Path) -> Conda:
    """A conda of which nobody has set how long it shall wait; pip finds the wheels."""
    home, cache = tmp_path / "home", tmp_path / "pkgs"
    home.mkdir()
    cache.mkdir()
    conda = _conda(conda_exe, home, cache)
    condarc = home / "condarc.yml"
    kept = [line for line in condarc.read_text().splitlines() if not line.startswith("remote_")]
    condarc.write_text("\n".join(kept) + "\n")
    conda.variables.update(only_folder(wheels), NO_PROXY="127.0.0.1", no_proxy="127.0.0.1")
    return conda


def plan(conda: Conda, prefix: Path, *words: str, **variables: str) -> Result:
    return conda.cuda("use", prefix, *words, "--dry-run", check=False, **variables)


def assert_quiet(result: Result) -> None:
    assert not any(word in result.err for word in NOISE), result.err


class TestEveryWayNotToAnswer:
    @pytest.mark.parametrize(
        "kind",
        [hosts.silent, hosts.trickling, hosts.closing, hosts.dropping],
        ids=lambda kind: kind.__name__,
    )
    def test_a_host(
        self,
        kind: Callable[[], contextlib.AbstractContextManager[Host]],
        conda: Conda,
        environment: Path,
    ) -> None:
        with kind() as host:
            result = plan(conda, environment, "12.4", CONDA_CHANNEL_ALIAS=host.address)
            assert host.connections == (0 if kind is hosts.dropping else 1)
        self.assert_passed_over(result)

    def test_an_encrypted_one(self, conda: Conda, environment: Path) -> None:
        with hosts.unencrypted() as host:
            address = host.address.replace("http:", "https:")
            result = plan(conda, environment, "12.4", CONDA_CHANNEL_ALIAS=address)
            assert host.connections == 1
        self.assert_passed_over(result, LINE.replace("answer", "answer that can be trusted"))

    @pytest.mark.parametrize("address", [hosts.REFUSING, hosts.UNKNOWN])
    def test_nobody_there(self, address: str, conda: Conda, environment: Path) -> None:
        result = plan(conda, environment, "12.4", CONDA_CHANNEL_ALIAS=address)
        self.assert_passed_over(result)

    def test_a_proxy(self, conda: Conda, environment: Path) -> None:
        with hosts.silent() as proxy:
            variables = {"http_proxy": proxy.address, "CONDA_CHANNEL_ALIAS": hosts.UNKNOWN}
            result = plan(conda, environment, "12.4", **variables)
            assert proxy.connections == 1
        self.assert_passed_over(result)

    @pytest.mark.parametrize("status", [500, 503])
    def test_an_error_of_the_server(
        self, status: int, conda: Conda, environment: Path, served: Path
    ) -> None:
        """Nothing is asked again while another source may serve."""
        with hosts.serving(served, status=status) as host:
            result = plan(conda, environment, "12.4", CONDA_CHANNEL_ALIAS=host.address)
            assert host.paths
            assert len(host.paths) == len(set(host.paths)), "\n".join(host.paths)
        assert result.code == 0, result.err
        shown = " ".join(result.out.split())
        assert "because channel cannot be read: conda-forge, nvidia cannot be had now: " in shown
        assert f"(HTTP {status})" in shown
        assert "installs CUDA 12.4.1" in shown

    @pytest.mark.parametrize("status", [403, 404])
    def test_no_channel_there(
        self, status: int, conda: Conda, environment: Path, served: Path
    ) -> None:
        with hosts.serving(served, status=status) as host:
            result = plan(conda, environment, "12.4", CONDA_CHANNEL_ALIAS=host.address)
            assert len(host.paths) == len(set(host.paths)), "\n".join(host.paths)
        assert result.code == 0, result.err
        told = {403: "is not open to you (HTTP 403)", 404: "there is no channel at"}
        assert told[status] in " ".join(result.out.split())

    def assert_passed_over(self, result: Result, line: str = LINE) -> None:
        assert result.code == 0, result.err
        assert_quiet(result)
        shown = " ".join(result.out.split())
        assert f"because {line}" in shown
        assert shown.count("no answer") == 1
        assert "installs CUDA 12.4.1" in shown


@pytest.mark.parametrize(
    ("words", "code", "line"),
    [
        ("use 12.4 --dry-run", 0, LINE),
        ("use 12.4 --from channel --dry-run", 1, f"The source {LINE}."),
        ("use 10.2 --dry-run", 1, f"channel: {LINE.removeprefix('channel ')}"),
        ("use 11.8 --cudnn 8 --dry-run", 1, f"channel: {LINE.removeprefix('channel ')}"),
        (
            "use 13.0 --from pypi --components nvcc --host-compiler --dry-run",
            1,
            "No host compiler can be had from conda-forge",
        ),
        ("list --available", 0, f"# {LINE}.\n"),
        ("list --available 12.7", 1, f"\n  {LINE}."),
        ("mirror 12.4 --dry-run --to folder", 0, LINE),
        ("mirror 10.2 --dry-run --to folder", 1, f"channel: {LINE.removeprefix('channel ')}"),
    ],
)
def test_each_command_asks_a_silent_host_once(
    words: str, code: int, line: str, conda: Conda, environment: Path
) -> None:
    verb, *rest = words.split()
    named = [] if verb == "mirror" else ["-p", environment]
    with hosts.silent() as host:
        variables = {"CONDA_CHANNEL_ALIAS": host.address, "CONDA_REMOTE_READ_TIMEOUT_SECS": "3"}
        result = conda("cuda", verb, *rest, *named, check=False, **variables)
        assert host.connections == 1
    assert result.code == code, result.err
    told = " ".join((result.out + result.err).split())
    assert " ".join(line.split()) in told
    assert not any(word in result.err for word in NOISE if word != "HTTP"), result.err


def test_only_the_channel_that_is_silent_is_named(
    conda: Conda, environment: Path, served: Path
) -> None:
    with hosts.silent() as host, hosts.serving(served) as other:
        dead, alive = f"{host.address}/dead", f"{other.address}/conda-forge"
        words = ("12.4", "--from", "channel", "-c", alive, "-c", dead)
        result = plan(conda, environment, *words, CONDA_REMOTE_READ_TIMEOUT_SECS="1")
    assert result.code == 1
    assert f"The source channel cannot be reached: no answer from {dead}.\n" in result.err
    assert_quiet(result)


class TestSlowIsNotSilent:
    def test_a_named_channel_is_waited_for(
        self, conda: Conda, environment: Path, served: Path
    ) -> None:
        with hosts.serving(served, delay=2) as host:
            words = ("11.8", "-c", f"{host.address}/conda-forge", "--json")
            result = plan(conda, environment, *words)
        assert (result.code, result.json["plan"]["origin"]) == (0, "channel"), result.err

    def test_the_source_that_was_named_is_waited_for(
        self, conda: Conda, environment: Path, served: Path
    ) -> None:
        with hosts.serving(served, delay=2) as host:
            words = ("11.8", "--from", "channel", "--json")
            result = plan(conda, environment, *words, CONDA_CHANNEL_ALIAS=host.address)
        assert (result.code, result.json["plan"]["origin"]) == (0, "channel"), result.err

    def test_so_is_one_that_alone_has_the_release(
        self, conda: Conda, environment: Path, served: Path
    ) -> None:
        with hosts.serving(served, delay=2) as host:
            result = plan(conda, environment, "10.2", "--json", CONDA_CHANNEL_ALIAS=host.address)
        assert (result.code, result.json["plan"]["origin"]) == (0, "channel"), result.err
        assert result.json["plan"]["reason"] == "first in order"

    def test_who_answers_while_the_others_are_asked_is_taken(
        self, conda: Conda, environment: Path, served: Path, wheels: Path
    ) -> None:
        with hosts.serving(served, delay=2) as host, hosts.serving(wheels, delay=4) as index:
            variables = {"CONDA_CHANNEL_ALIAS": host.address, "PIP_FIND_LINKS": index.address}
            result = plan(conda, environment, "11.8", "--json", **variables)
            listed = conda("cuda", "list", "--available", "11.8", "--json", **variables).json
        assert (result.code, result.json["plan"]["origin"]) == (0, "channel"), result.err
        assert listed["problems"] == {}
        offers = [offer["source"] for offer in listed["available"][0]["offers"]]
        assert {"channel", "pypi"} <= set(offers)
        assert len([offer for offer in offers if offer == "channel"]) == 3

    def test_others_serve_meanwhile(self, conda: Conda, environment: Path, served: Path) -> None:
        with hosts.serving(served, delay=20) as host:
            result = plan(conda, environment, "11.8", "--json", CONDA_CHANNEL_ALIAS=host.address)
        assert (result.code, result.json["plan"]["origin"]) == (0, "pypi"), result.err
        assert result.json["plan"]["reason"] == LINE


class TestSettings:
    """What the user has set holds."""

    def test_the_time_to_connect_is_the_time_for_an_answer(
        self, conda: Conda, environment: Path, served: Path
    ) -> None:
        with hosts.serving(served, delay=3) as host:
            variables = {
                "CONDA_CHANNEL_ALIAS": host.address,
                "CONDA_REMOTE_CONNECT_TIMEOUT_SECS": "60",
            }
            result = plan(conda, environment, "11.8", "--json", **variables)
        assert (result.code, result.json["plan"]["origin"]) == (0, "channel"), result.err

    @pytest.mark.parametrize("retries", [0, 2])
    def test_retries(self, retries: int, conda: Conda, environment: Path) -> None:
        condarc = conda.home / "condarc.yml"
        more = (
            f"remote_max_retries: {retries}\nremote_backoff_factor: 0\n"
            "remote_read_timeout_secs: 0.3\n"
        )
        condarc.write_text(condarc.read_text() + more)
        with hosts.silent() as host:
            words = ("12.4", "--from", "channel")
            result = plan(conda, environment, *words, CONDA_CHANNEL_ALIAS=host.address)
            assert host.connections == retries + 1
        assert result.code == 1
        assert_quiet(result)

    def test_a_server_that_is_busy_is_asked_again_as_conda_does(
        self, conda: Conda, environment: Path, served: Path
    ) -> None:
        with hosts.serving(served, status=503) as host:
            variables = {
                "CONDA_CHANNEL_ALIAS": host.address, "CONDA_REMOTE_BACKOFF_FACTOR": "0",
            }  # fmt: skip
            result = plan(conda, environment, "12.4", "--from", "channel", **variables)
            assert {host.paths.count(path) for path in host.paths} == {4}
        assert result.code == 1
        assert (
            "cannot be had now: the server or a proxy before it has failed (HTTP 503)."
            in result.err
        )
        assert not any(word in result.err for word in NOISE if word != "HTTP"), result.err


def test_an_index_in_conda_cache_needs_no_host(
    conda: Conda, environment: Path, served: Path
) -> None:
    words = ("10.2", "--json")
    with hosts.serving(served) as host:
        first = plan(conda, environment, *words, CONDA_CHANNEL_ALIAS=host.address)
    again = plan(conda, environment, *words, CONDA_CHANNEL_ALIAS=host.address)
    assert (first.code, again.code) == (0, 0), again.err
    assert first.json["plan"]["install"] == again.json["plan"]["install"]


def test_condas_session_is_as_before_when_nobody_asks() -> None:
    from conda.gateways.connection.session import CondaSession

    own = CondaSession.get_adapter
    with asking():
        with asking():
            watching = CondaSession.get_adapter
        assert CondaSession.get_adapter is watching
        assert watching is not own
    assert CondaSession.get_adapter is own
