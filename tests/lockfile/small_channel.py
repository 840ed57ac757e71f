"""A channel with a few small packages, among them a Python that works, and its pip."""

from __future__ import annotations

import ensurepip
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from pathlib import Path

from ..channel.package import CondaPackage, write_channel

PYTHON = "{}.{}".format(*sys.version_info)
VERSION = "{}.{}.{}".format(*sys.version_info)


def small_channel(folder: Path) -> Path:
    """Write it; its folder."""
    return write_channel(folder, "linux-64", _packages())


def _packages() -> Iterator[CondaPackage]:
    for version in ("1.0", "2.0"):
        text = f"hello {version}\n".encode()
        yield CondaPackage("greeting", version, files={"share/greeting": text}, noarch=True)
    yield CondaPackage("reader", "0.1", depends=("greeting",), files={"share/reader": b"reads\n"})
    home = Path(sys.base_prefix) / "bin"
    yield CondaPackage(
        "python",
        VERSION,
        # As in a virtual environment: the interpreter is the one that runs the tests.
        files={"pyvenv.cfg": f"home = {home}\nversion = {VERSION}\n".encode()},
        links=dict.fromkeys(("bin/python", f"bin/python{PYTHON}"), f"{home}/python{PYTHON}"),
    )
    yield CondaPackage("pip", "24.0", depends=("python",), files=dict(_pip()))


def _pip() -> Iterator[tuple[str, bytes]]:
    """The pip that Python carries, where this Python looks for it."""
    bundled = Path(ensurepip.__file__).parent / "_bundled"
    folders = (bundled, Path(sysconfig.get_config_var("WHEEL_PKG_DIR") or bundled))
    (wheel,) = [path for folder in set(folders) for path in folder.glob("pip-*.whl")]
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if not name.endswith("/"):
                yield f"lib/python{PYTHON}/site-packages/{name}", archive.read(name)
