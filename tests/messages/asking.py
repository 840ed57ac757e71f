"""`conda cuda which --json`, asked many messages by one process."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..conftest import Conda

_SCRIPT = """
import contextlib, io, json, sys
from conda.base.context import context
from conda_cuda_plugin.cli import execute, verb_parser
from conda_cuda_plugin.errors import CudaError

prefix, *texts = json.load(sys.stdin)
for text in texts:
    words = ["-p", prefix, "--json", "--", text]
    args = verb_parser("which").parse_args(words)
    args.cuda_verb = "which"
    context.__init__(argparse_args=args)
    with contextlib.redirect_stdout(io.StringIO()) as out:
        try:
            execute(args)
        except CudaError as error:
            out.write(json.dumps({"message": str(error)}))
    print(json.dumps(json.loads(out.getvalue())))
"""


def ask(
    conda: Conda, prefix: Path, texts: Sequence[str], **extra: str | None
) -> Mapping[str, dict[str, Any]]:
    """The document that each text gets.

    Args:
        conda: where.
        prefix: the environment that is asked about.
        texts: the messages.
        extra: further variables.
    """
    done = subprocess.run(
        [conda.exe.parent / "python", "-c", _SCRIPT],
        env=conda.environ(**extra),
        input=json.dumps([str(prefix), *texts]),
        capture_output=True,
        text=True,
        cwd=conda.home,
    )
    assert done.returncode == 0, done.stderr
    return dict(zip(texts, map(json.loads, done.stdout.splitlines()), strict=True))
