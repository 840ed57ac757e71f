"""Measure the process that imports this, from its start to its end.

`coverage.py` beside it lets every Python of the throwaway conda import it. Nothing of it stands in
the environment variables, which tests compare.
"""

from __future__ import annotations

import sys
from pathlib import Path

import coverage

PROJECT = Path(__file__).resolve().parent.parent
DATA = PROJECT / "build" / "coverage" / "data"

_measured = coverage.Coverage(
    config_file=str(PROJECT / "pyproject.toml"),
    source=[str(PROJECT / "conda_cuda_plugin")],
    data_file=str(DATA),
    data_suffix=True,
    auto_data=True,
)
_measured.set_option("run:disable_warnings", ["no-data-collected", "module-not-measured"])
_measured.start()


def _save_before_exec(event: str, _: object) -> None:
    """`conda cuda run` ends with another program in its place."""
    if event == "os.exec":
        _measured.save()


sys.addaudithook(_save_before_exec)
