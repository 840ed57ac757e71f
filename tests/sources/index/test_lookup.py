"""Our own client of an index gives what pip gives, and says what it cannot use."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from ...conftest import Conda
from ..wheelhouse import RELEASES, only_folder, only_index, write_index, write_releases, write_wheel
from .asking import ask
from .server import HTML, JSON, Index, serve_index

TOOLKIT = "cuda-toolkit==12.4.*"
RUNTIME = "nvidia-cuda-runtime-cu12==12.4.127.*"


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    return write_releases(tmp_path / "wheels")


@pytest.fixture
def index(wheels: Path) -> Iterator[Index]:
    with serve_index(Index(wheels)) as running:
        yield running


def differences(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> list[Any]:
    """Where two lists of wheels differ in what both know."""

    def facts(wheel: dict[str, Any]) -> list[str]:
        return [wheel["version"], unquote(wheel["url"]), wheel["sha256"]]

    return [(a, b) for a, b in zip(ours, theirs, strict=True) if facts(a) != facts(b)]


TAGS = [
    "py3-none-any", "py2.py3-none-any", "py3-none-manylinux2014_x86_64",
    "py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64", "py3-none-manylinux_2_28_x86_64",
    "py3-none-manylinux1_x86_64", "py3-none-manylinux_2_99_x86_64", "py3-none-win_amd64",
    "py3-none-manylinux2014_aarch64", "cp311-cp311-manylinux2014_x86_64", "py4-none-any",
    "py3-none-macosx_11_0_arm64", "py3-none-linux_x86_64",
]  # fmt: skip
VERSIONS = [
    "1.0", "1.0.1", "1.1", "1.1rc1", "1.2.dev3", "1.10", "2.0a1", "2.0", "1.1.post2", "1.1+local",
]  # fmt: skip
PINS = ["==1.*", "==1.1.*", "==1.1", ">=1,<2", "", "==2.*", "!=1.10", "==1.2.*", "<=1.0.1"]


@pytest.mark.parametrize(("kind", "seed"), [(JSON, 1), (HTML, 2)])
def test_pip_chooses_the_same_of_many(kind: str, seed: int, conda: Conda, tmp_path: Path) -> None:
    """Versions, tags and build numbers by chance; some are taken back."""
    chance = random.Random(seed)
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    yanked, pins = set(), []
    for number in range(40):
        name = f"part-{number}"
        for version in chance.sample(VERSIONS, 4):
            for tag in chance.sample(TAGS, 4):
                build = f"{chance.choice(['1', '2b', '10'])}-" if chance.random() < 0.2 else ""
                path = write_wheel(wheels, name, version, tag=f"{build}{tag}")
                if chance.random() < 0.3:
                    yanked.add(path.name)
        pins.append(f"{name}{chance.choice(PINS)}")
    with serve_index(Index(wheels, kind=kind, yanked=frozenset(yanked))) as index:
        words = only_index(index.address)
        met = ask(conda, *pins, who="met", **words)
        ours, theirs = ask(conda, *met, who="ours pip", **words)
        assert isinstance(theirs, list), theirs
        assert differences(ours, theirs) == []
        unmet = [pin for pin in pins if pin not in met]
        assert len(met) > 5 and unmet
        for pin in unmet[:2]:
            assert ask(conda, pin, who="pip", **words).startswith("pip: ERROR")


@pytest.mark.parametrize("metadata", [True, False], ids=["metadata-beside", "in-the-wheel"])
@pytest.mark.parametrize("kind", [JSON, HTML])
def test_what_a_release_requires(kind: str, metadata: bool, conda: Conda, index: Index) -> None:
    index.kind, index.metadata = kind, metadata
    (found,) = ask(conda, TOOLKIT, requires=True, **only_index(index.address))
    assert tuple(found["requires"]) == RELEASES["12.4.1"]
    assert found["version"] == "12.4.1"
    wheel = "/files/cuda_toolkit-12.4.1-py3-none-any.whl"
    told = f"{wheel}.metadata 200" if metadata else f"{wheel} 200 from 0"
    assert index.asked == ["/simple/cuda-toolkit/ 200", told]


@pytest.mark.parametrize("kind", [JSON, HTML])
def test_rows_that_are_no_files_are_passed_over(kind: str, conda: Conda, index: Index) -> None:
    index.kind, index.junk = kind, True
    (found,) = ask(conda, RUNTIME, **only_index(index.address))
    assert found["version"] == "12.4.127"


def test_sizes_come_from_the_page(conda: Conda, index: Index, wheels: Path) -> None:
    (found,) = ask(conda, RUNTIME, **only_index(index.address))
    (wheel,) = wheels.glob("nvidia_cuda_runtime_cu12*")
    assert found["size"] == wheel.stat().st_size
    assert found["sha256"] == hashlib.sha256(wheel.read_bytes()).hexdigest()
    assert index.asked == ["/simple/nvidia-cuda-runtime-cu12/ 200"]


class TestPlaces:
    """Where pip looks, we look, and it finds the same."""

    def test_a_folder_with_a_page_of_links(self, conda: Conda, wheels: Path) -> None:
        (wheels / "here").mkdir()
        (wheel,) = wheels.glob("nvidia_cuda_runtime_cu12*")
        page = wheels / "page.html"
        page.write_text(f'<a href="here/{wheel.name}">x</a>')
        wheel.rename(wheels / "here" / wheel.name)
        self.same(conda, RUNTIME, **only_folder(wheels))

    def same(self, conda: Conda, *requirements: str, **variables: str | None) -> Any:
        ours, theirs = ask(conda, *requirements, who="ours pip", **variables)
        assert isinstance(ours, list), ours
        assert differences(ours, theirs) == []
        return ours

    def test_a_folder(self, conda: Conda, wheels: Path) -> None:
        self.same(conda, TOOLKIT, RUNTIME, **only_folder(wheels))
        self.same(conda, RUNTIME, **{**only_folder(wheels), "PIP_FIND_LINKS": str(wheels)})
        relative = {**only_folder(wheels), "PIP_FIND_LINKS": "wheels"}
        self.same(conda, RUNTIME, cwd=wheels.parent, **relative)

    def test_a_file(self, conda: Conda, wheels: Path) -> None:
        (wheel,) = wheels.glob("nvidia_cuda_runtime_cu12*")
        self.same(conda, RUNTIME, **{**only_folder(wheels), "PIP_FIND_LINKS": str(wheel)})

    def test_a_page_of_links(self, conda: Conda, wheels: Path, tmp_path: Path) -> None:
        page = tmp_path / "page.html"
        page.write_text("".join(f'<a href="wheels/{p.name}">x</a>' for p in wheels.glob("*")))
        self.same(conda, RUNTIME, **{**only_folder(wheels), "PIP_FIND_LINKS": page.as_uri()})

    def test_a_page_of_links_on_the_web(self, conda: Conda, index: Index) -> None:
        page = f"{index.address}/nvidia-cuda-runtime-cu12/"
        self.same(conda, RUNTIME, **{**only_folder(index.wheels), "PIP_FIND_LINKS": page})

    def test_an_index_on_disk(self, conda: Conda, wheels: Path, tmp_path: Path) -> None:
        self.same(conda, RUNTIME, **only_index(write_index(tmp_path / "simple", wheels)))

    def test_the_newest_of_several(self, conda: Conda, index: Index, tmp_path: Path) -> None:
        newer = tmp_path / "newer"
        newer.mkdir()
        write_wheel(newer, "nvidia-cuda-runtime-cu12", "12.4.127.1")
        with serve_index(Index(newer)) as other:
            words = {**only_index(other.address), "PIP_EXTRA_INDEX_URL": index.address}
            (found,) = self.same(conda, RUNTIME, **words)
        assert found["version"] == "12.4.127.1"

    def test_one_that_fails_beside_one_that_does_not(self, conda: Conda, index: Index) -> None:
        with serve_index(Index(index.wheels, status=500)) as broken:
            words = {**only_index(broken.address), "PIP_EXTRA_INDEX_URL": index.address}
            ours = ask(conda, RUNTIME, CONDA_REMOTE_MAX_RETRIES="0", **words)
        assert ours[0]["version"] == "12.4.127"

    def test_a_name_and_a_password_hold_for_the_files_of_the_host_too(
        self, conda: Conda, index: Index
    ) -> None:
        index.login = "Basic dTo6cA=="  # u and :p
        address = index.address.replace("//", "//u:%3Ap@")
        self.same(conda, TOOLKIT, requires=True, **only_index(address))
        assert not [row for row in index.asked if row.endswith(" 401")][1:]

    def test_names_and_passwords_of_netrc(self, conda: Conda, index: Index) -> None:
        index.login = "Basic dTpw"
        (conda.home / "netrc").write_text("machine 127.0.0.1 login u password p\n")
        self.same(conda, RUNTIME, NETRC=str(conda.home / "netrc"), **only_index(index.address))

    @pytest.mark.parametrize("subdir", ["linux-64", "linux-aarch64", "win-64"])
    def test_each_platform(self, subdir: str, conda: Conda, tmp_path: Path) -> None:
        (tmp_path / "all").mkdir()
        for tag in TAGS:
            write_wheel(tmp_path / "all", "part", "1.0", tag=tag)
        self.same(conda, "part", platform=subdir, **only_folder(tmp_path / "all"))


class TestEncryption:
    """A server whose certificate nobody but the user's file knows."""

    @pytest.fixture
    def certificate(self, tmp_path: Path) -> Path:
        path = tmp_path / "server.pem"
        words = [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=127.0.0.1",
        ]
        words += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", f"{path}.key", "-out", path]
        subprocess.run(words, check=True, capture_output=True)
        key = Path(f"{path}.key").read_text()
        (tmp_path / "both.pem").write_text(path.read_text() + key)
        return path

    @pytest.fixture
    def encrypted(self, certificate: Path, wheels: Path) -> Iterator[Index]:
        with serve_index(Index(wheels), certificate.with_name("both.pem")) as running:
            yield running

    def test_the_certificate_that_pip_is_given(
        self, conda: Conda, encrypted: Index, certificate: Path
    ) -> None:
        words = {**only_index(encrypted.address), "PIP_CERT": str(certificate)}
        (found,) = ask(conda, RUNTIME, **words)
        assert found["version"] == "12.4.127"

    @pytest.mark.parametrize("port", ["", ":port"])
    def test_a_host_that_pip_trusts(self, port: str, conda: Conda, encrypted: Index) -> None:
        host = encrypted.address.split("/")[2] if port else "127.0.0.1"
        words = {**only_index(encrypted.address), "PIP_TRUSTED_HOST": host}
        (found,) = ask(conda, RUNTIME, **words)
        assert found["version"] == "12.4.127"

    def test_no_other_certificate_is_taken(self, conda: Conda, encrypted: Index) -> None:
        words = {**only_index(encrypted.address), "PIP_TRUSTED_HOST": "127.0.0.2"}
        assert "its certificate is not trusted" in ask(conda, RUNTIME, **words)
        assert encrypted.asked == []

    def test_what_is_encrypted_does_not_send_on_in_the_clear(
        self, conda: Conda, encrypted: Index, index: Index, certificate: Path
    ) -> None:
        encrypted.redirect = index.address.replace("127.0.0.1", "127.0.0.2") + "/"
        words = {**only_index(encrypted.address), "PIP_CERT": str(certificate)}
        assert "https to https only" in ask(conda, RUNTIME, **words)


class TestRefused:
    """What cannot be used is said in a sentence."""

    def test_a_host_without_encryption(self, conda: Conda, wheels: Path) -> None:
        words = only_index("http://packages.example/simple")
        assert "is not encrypted, and is not trusted" in ask(conda, RUNTIME, **words)

    def test_a_missing_password(self, conda: Conda, index: Index) -> None:
        index.login = "Basic xyz"
        found = ask(conda, RUNTIME, **only_index(index.address))
        assert "asks for a name and a password (HTTP 401)" in found

    @pytest.mark.parametrize(
        ("kind", "body", "expected"),
        [
            (JSON, b"{", "its JSON is not that of one"),
            (JSON, b"[]", "its JSON is not that of one"),
            (JSON, b'{"meta": {"api-version": "2.0"}, "files": []}', "it has version 2.0"),
            (JSON, b'{"meta": {"api-version": "1.0"}, "files": 5}', "it has version 1.0"),
            (JSON, b"[" * 200_000, "its JSON is not that of one"),
            ("application/octet-stream", b"x", "it answers with application/octet-stream"),
            (HTML, b"\xff\xfe", "is not a page of text"),
        ],
    )
    def test_a_page_that_is_none(
        self, kind: str, body: bytes, expected: str, conda: Conda, index: Index
    ) -> None:
        index.kind, index.body = kind, body
        assert expected in ask(conda, RUNTIME, **only_index(index.address))

    @pytest.mark.parametrize("status", [403, 500, 418])
    def test_a_status(self, status: int, conda: Conda, index: Index) -> None:
        index.status = status
        words = only_index(index.address)
        found = ask(conda, RUNTIME, CONDA_REMOTE_MAX_RETRIES="0", **words)
        assert f"(HTTP {status})" in found

    def test_nobody_answers(self, conda: Conda) -> None:
        found = ask(conda, RUNTIME, TOOLKIT, **only_index("http://127.0.0.1:9/simple"))
        assert "no answer from the index" in found


class TestKeyring:
    """The passwords of a keyring, where pip is configured to ask it."""

    @pytest.fixture
    def closed(self, index: Index) -> Index:
        index.login = "Basic dXNlcjpzZWNyZXQ="  # user:secret
        return index

    def test_a_program(self, conda: Conda, closed: Index, tmp_path: Path) -> None:
        program = tmp_path / "bin" / "keyring"
        program.parent.mkdir()
        program.write_text('#!/bin/sh\ntest "$1 $3" = "get user" && echo secret\n')
        program.chmod(0o755)
        words = {
            **only_index(closed.address.replace("//", "//user@")),
            "PATH": f"{program.parent}:{os.environ['PATH']}",
        }
        assert "HTTP 401" in ask(conda, RUNTIME, **words)
        (found,) = ask(conda, RUNTIME, PIP_KEYRING_PROVIDER="subprocess", **words)
        assert found["version"] == "12.4.127"

    @pytest.mark.parametrize(
        "link", ["//127.0.0.1:", "//-bother@127.0.0.1:", "//-bother@localhost:"]
    )
    def test_a_page_does_not_choose_who_gets_a_password(
        self, link: str, conda: Conda, index: Index, wheels: Path, tmp_path: Path
    ) -> None:
        """Nor what the keyring's program is asked: a name could be an option."""
        program, calls = tmp_path / "bin" / "keyring", tmp_path / "calls"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\necho "$@" >>"{calls}"; echo secret\n')
        program.chmod(0o755)
        name = "cuda_toolkit-12.4.1-py3-none-any.whl"
        with serve_index(Index(wheels)) as other:
            other.login = "Basic dXNlcjpzZWNyZXQ="  # user:secret
            place = other.address.removesuffix("/simple").replace("//127.0.0.1:", link)
            digest = hashlib.sha256((wheels / name).read_bytes()).hexdigest()
            index.kind = HTML
            index.body = f'<a href="{place}/files/{name}#sha256={digest}">{name}</a>'.encode()
            found = ask(
                conda, TOOLKIT, requires=True, PIP_KEYRING_PROVIDER="subprocess",
                PATH=f"{program.parent}:{os.environ['PATH']}",
                **only_index(index.address.replace("//", "//user@")),
            )  # fmt: skip
        assert "HTTP 401" in found
        assert not calls.exists(), calls.read_text()

    def test_a_module(self, conda: Conda, closed: Index, tmp_path: Path) -> None:
        (tmp_path / "keyring.py").write_text(
            "from types import SimpleNamespace\n"
            "def get_credential(place, user):\n"
            "    return SimpleNamespace(username='user', password='secret')\n"
        )
        words = {**only_index(closed.address), "PYTHONPATH": str(tmp_path)}
        (found,) = ask(conda, RUNTIME, PIP_KEYRING_PROVIDER="import", **words)
        assert found["version"] == "12.4.127"


class TestLies:
    """What is not what an index says is not used."""

    def test_other_metadata(self, conda: Conda, index: Index) -> None:
        index.hashes = {"METADATA": "0" * 64}
        found = ask(conda, TOOLKIT, requires=True, **only_index(index.address))
        assert found.startswith("HashMismatchError: The downloaded file of cuda-toolkit")

    def test_another_wheel(self, conda: Conda, index: Index) -> None:
        index.metadata = False
        index.hashes = {"cuda_toolkit-12.4.1-py3-none-any.whl": "0" * 64}
        found = ask(conda, TOOLKIT, requires=True, **only_index(index.address))
        assert found.startswith("HashMismatchError: The downloaded file of cuda-toolkit")

    def test_a_page_of_the_web_names_no_file_of_this_machine(
        self, conda: Conda, index: Index, wheels: Path
    ) -> None:
        index.kind = HTML
        links = "".join(f'<a href="{p.as_uri()}">x</a>' for p in wheels.glob("*"))
        index.body = links.encode()
        found = ask(conda, RUNTIME, **only_index(index.address))
        assert "a file of this machine, which is not taken" in found

    def test_a_redirect_leads_to_no_file_of_this_machine(
        self, conda: Conda, index: Index, wheels: Path, tmp_path: Path
    ) -> None:
        write_index(tmp_path / "simple", wheels)
        index.redirect = (tmp_path / "simple").as_uri() + "/"
        found = ask(conda, RUNTIME, **only_index(index.address))
        assert not isinstance(found, list)


def test_several_packages_are_asked_for_at_once(conda: Conda, index: Index) -> None:
    """No answer is given before the second question is there."""
    both = threading.Barrier(2, timeout=60)
    page = index.page

    def together(name: str) -> bytes | None:
        both.wait()
        return page(name)

    index.page = together  # type: ignore[method-assign]
    found = ask(conda, RUNTIME, "nvidia-cublas-cu12==12.4.5.8.*", **only_index(index.address))
    assert [wheel["version"] for wheel in found] == ["12.4.127", "12.4.5.8"]


def test_without_a_connection_folders_are_looked_at_alone(
    conda: Conda, index: Index, wheels: Path
) -> None:
    words = {**only_index(index.address), "PIP_FIND_LINKS": f"{index.address}/x/ {wheels}"}
    (found,) = ask(conda, RUNTIME, offline=True, **words)
    assert found["url"].startswith("file:")
    assert index.asked == []


def test_without_a_connection_a_page_gives_no_file_of_the_web(
    conda: Conda, index: Index, wheels: Path, tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    page.write_text(
        "".join(f'<a href="{index.address}/../files/{p.name}">x</a>' for p in wheels.glob("*"))
    )
    words = {**only_folder(wheels), "PIP_FIND_LINKS": str(page)}
    assert "there is no file for" in ask(conda, RUNTIME, offline=True, **words)
    (found,) = ask(conda, RUNTIME, **words)
    assert found["url"].startswith("http:")
