"""What pip is configured to is read as pip reads it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ...conftest import Conda

_SCRIPT = """
import dataclasses, json
from conda_cuda_plugin.sources.pypi.settings import read_settings
from conda_cuda_plugin.sources.pypi.wheel import IndexFailure
from pip._internal.commands import create_command

options, _ = create_command("install").parse_args([])
theirs = {
    "indexes": [] if options.no_index else [options.index_url, *options.extra_index_urls],
    "find_links": options.find_links,
    "trusted_hosts": [host.lower() for host in options.trusted_hosts],
    "certificate": options.cert,
    "client_certificate": options.client_cert,
    "proxy": options.proxy or None,
    "timeout": options.timeout if options.timeout != 15 else None,
    "keyring": options.keyring_provider if options.keyring_provider != "auto" else None,
}
try:
    ours = dataclasses.asdict(read_settings())
except IndexFailure as error:
    ours = error.reason
print(json.dumps([ours, theirs]))
"""


def read(conda: Conda, **variables: str | None) -> Any:
    """What we and pip read."""
    plain: dict[str, str | None] = {
        "PIP_FIND_LINKS": None, "PIP_CERT": None, "PIP_DEFAULT_TIMEOUT": None,
        "XDG_CONFIG_DIRS": str(conda.home / "xdg"),
    }  # fmt: skip
    done = subprocess.run(
        [conda.exe.parent / "python", "-c", _SCRIPT],
        env=conda.environ(**{**plain, **variables}),
        capture_output=True,
        text=True,
        check=True,
        cwd=conda.home,
    )
    return json.loads(done.stdout)


USER, LEGACY, SHARED, NAMED = ".config/pip/pip.conf", ".pip/pip.conf", "xdg/pip/pip.conf", "own"


@pytest.mark.parametrize(
    ("files", "variables"),
    [
        pytest.param({}, {}, id="nothing"),
        pytest.param({}, {"PIP_CONFIG_FILE": "/dev/null"}, id="no-files"),
        pytest.param(
            {USER: "[global]\nindex-url = https://a.example/simple\nextra_index_url =\n  https://b.example/\n  https://c.example/\n"},
            {}, id="user",
        ),
        pytest.param(
            {SHARED: "[global]\nindex-url = https://shared.example\ntimeout = 9\n",
             LEGACY: "[global]\nindex-url = https://legacy.example\nproxy = http://p.example:1\n",
             USER: "[global]\nindex-url = https://user.example\n"},
            {}, id="the-later-file-counts",
        ),
        pytest.param(
            {SHARED: "[install]\nindex-url = https://shared.example\n",
             USER: "[global]\nindex-url = https://user.example\n[download]\nindex-url = https://no.example\n"},
            {}, id="the-section-counts-more-than-the-file",
        ),
        pytest.param(
            {NAMED: "[global]\ncert = /a.pem\n", USER: "[global]\nclient-cert = /b.pem\n"},
            {"PIP_CONFIG_FILE": "own"}, id="a-named-file-stands-for-the-user's",
        ),
        pytest.param(
            {USER: "[global]\nclient-cert = /b.pem\n"},
            {"PIP_CONFIG_FILE": "missing"}, id="a-named-file-that-is-missing-does-not",
        ),
        pytest.param(
            {USER: "[install]\nindex-url = https://user.example\nno-index = true\n"},
            {"PIP_INDEX_URL": "https://variable.example", "PIP_NO_INDEX": "0"}, id="variables-count-most",
        ),
        pytest.param(
            {USER: "[global]\nindex-url = https://user.example\nfind-links = /here\n  ./there\n"},
            {"PIP_INDEX_URL": "", "PIP_FIND_LINKS": ""}, id="empty-variables-count-nothing",
        ),
        pytest.param(
            {},
            {"PIP_NO_INDEX": "yes", "PIP_FIND_LINKS": "/a file:///b https://c.example/d",
             "PIP_TRUSTED_HOST": "A.example b.example:8080", "PIP_DEFAULT_TIMEOUT": "7.5",
             "PIP_PROXY": "http://u:p@proxy.example:3128", "PIP_PRE": "1", "PIP_VERBOSE": "2",
             "PIP_KEYRING_PROVIDER": "subprocess", "PIP_SOMETHING_NEW": "1"},
            id="all-of-them",
        ),
    ],
)  # fmt: skip
def test_what_pip_reads_is_read(
    files: dict[str, str], variables: dict[str, str], conda: Conda
) -> None:
    for name, content in files.items():
        (conda.home / name).parent.mkdir(parents=True, exist_ok=True)
        (conda.home / name).write_text(content)
    ours, theirs = read(conda, **variables)
    assert ours == theirs


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ({"PIP_UPLOADED_PRIOR_TO": "2026-01-01"}, "conda cuda does not support pip's option uploaded-prior-to"),
        ({"PIP_NO_INDEX": "perhaps"}, "pip's option no-index is neither yes nor no"),
        ({"PIP_DEFAULT_TIMEOUT": "long"}, "pip's option timeout is not a number"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)  # fmt: skip
def test_what_cannot_be_followed_is_refused(
    variables: dict[str, str], why: str, conda: Conda
) -> None:
    assert why in _refused(conda, **variables)


@pytest.mark.parametrize("content", [b"no section = 1\n", b"[global]\ncert = \xff\n"])
def test_a_file_that_is_not_a_configuration_is_refused(
    content: bytes, conda: Conda, tmp_path: Path
) -> None:
    (tmp_path / "pip.conf").write_bytes(content)
    told = _refused(conda, PIP_CONFIG_FILE=str(tmp_path / "pip.conf"))
    assert f"{tmp_path / 'pip.conf'} cannot be read" in told


def _refused(conda: Conda, **variables: str) -> str:
    script = "from conda_cuda_plugin.sources.pypi.settings import read_settings\nread_settings()"
    done = subprocess.run(
        [conda.exe.parent / "python", "-c", script],
        env=conda.environ(**variables),
        capture_output=True,
        text=True,
    )
    assert "IndexFailure: " in done.stderr
    return done.stderr
