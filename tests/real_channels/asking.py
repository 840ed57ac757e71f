"""Many plans from one process: conda's solver, the plugin's source, one platform."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_ANSWER = """
import json, sys
from pathlib import Path
from conda.base.context import context, reset_context
from conda_cuda_plugin.environment import Environment
from conda_cuda_plugin.errors import CudaError
from conda_cuda_plugin.platforms import platform_of
from conda_cuda_plugin.sources.base import Search, ToolkitRequest
from conda_cuda_plugin.sources.channel.source import ChannelSource
from conda_cuda_plugin.toolkit import Flavor
from conda_cuda_plugin.versions import VersionRequest

reset_context()
platform, source = platform_of(context.subdir), ChannelSource()
environment = Environment(Path(sys.argv[1]))
for line in sys.stdin:
    asked = json.loads(line)
    if asked.get("list"):
        found = source.available(Search(platform, channels=tuple(asked["channels"])))
        answer = [
            [str(one.version), one.flavor.value, one.where, one.size, one.nvcc] for one in found
        ]
    else:
        request = ToolkitRequest(
            VersionRequest.parse(asked["version"]),
            platform,
            Flavor(asked["flavor"]) if asked.get("flavor") else None,
            tuple(asked.get("components", ())),
            channels=tuple(asked["channels"]),
        )
        try:
            offer = source.offer(request, environment)
        except CudaError as error:
            answer = {"refusal": error.message, "hints": list(error.hints)}
        else:
            answer = {
                "version": str(offer.version),
                "from": offer.detail,
                "packages": {one.name: [one.version, one.size] for one in offer.packages},
            }
    print("answer:", json.dumps(answer), file=sys.__stdout__, flush=True)
"""


class Asking:
    """A process that answers one question after another.

    Args:
        conda: the conda under test.
        channels: the folder that plain channel names lead to.
        subdir: the platform.
        prefix: an environment, which is not changed.
    """

    def __init__(self, conda: Any, channels: Path, subdir: str, prefix: Path) -> None:
        variables = {
            "CONDA_CHANNEL_ALIAS": channels.as_uri(),
            "CONDA_SUBDIR": subdir,
            "CONDA_OVERRIDE_CUDA": "13.2",
        }
        self.process = subprocess.Popen(
            [conda.exe.parent / "python", "-I", "-c", _ANSWER, prefix],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=conda.environ(**variables),
        )

    def __call__(self, **asked: Any) -> Any:
        """The answer to one question."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line.startswith("answer: "):
                return json.loads(line.removeprefix("answer: "))
        raise AssertionError(f"no answer to {asked}: exit {self.process.wait()}")

    def plan(self, version: str, channels: Sequence[str], **more: Any) -> dict[str, Any]:
        """The plan for a release, or its refusal."""
        found: dict[str, Any] = self(version=version, channels=list(channels), **more)
        return found

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.communicate()
