"""The check of the built site, which `make docs` runs, finds what it is there for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from . import site

HERE = """<html><head><link rel="stylesheet" href="../assets/main.css">
<link rel="canonical" href="https://example.org/"></head>
<body><a href="https://example.org/">a link is no load</a><img src="x.svg"><script src="a.js"></script>
</body></html>"""


def test_a_page_that_loads_from_here_only(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(HERE)
    (tmp_path / "main.css").write_text("a { background: url(data:image/svg+xml;x) }")
    assert subprocess.run([sys.executable, site.__file__, tmp_path]).returncode == 0


@pytest.mark.parametrize(
    "more",
    [
        '<script src="https://cdn.example.org/x.js"></script>',
        '<script src="//cdn.example.org/x.js"></script>',
        '<link rel="stylesheet" href="https://fonts.example.org/css">',
        '<link rel="preconnect" href="https://fonts.example.org">',
        '<img src="HTTPS://example.org/badge.svg">',
        "<style>@import 'https://fonts.example.org/css';</style>",
        "<style>a { background: url(https://example.org/a.png) }</style>",
    ],
)
def test_a_page_that_loads_from_elsewhere(tmp_path: Path, more: str) -> None:
    (tmp_path / "index.html").write_text(HERE.replace("</body>", more))
    done = subprocess.run([sys.executable, site.__file__, tmp_path], capture_output=True, text=True)
    assert done.returncode == 1
    assert "example.org" in done.stderr
