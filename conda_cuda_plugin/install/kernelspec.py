"""The CUDA variables in the environment's Jupyter kernels: a notebook server runs no hooks."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..environment import KERNELS_KEY, Environment
from ..errors import CudaError
from ..system.files import Inside
from ..system.reading import read_bytes

KERNELS = Path("share", "jupyter", "kernels")
LIBRARY_PATH = "LD_LIBRARY_PATH"
_PYTHON = re.compile(r"python(\d+(\.\d+)*)?(\.exe)?", re.IGNORECASE)


@dataclass(frozen=True)
class Kernel:
    """A kernel of the environment.

    Args:
        name: the name of its folder.
        path: its kernel.json.
        text: the content of that file.
        spec: the same, parsed.
    """

    name: str
    path: Path
    text: str
    spec: Mapping[str, Any]

    def write(self, text: str) -> None:
        """Replace the content of the file, in one step."""
        files = Inside(self.path.parents[len(KERNELS.parts) + 1])
        files.remove_leftovers(self.path.parent)
        files.write(self.path, text.encode(), self.path.stat().st_mode & 0o777)

    def text_with(self, spec: Mapping[str, Any]) -> str:
        """The file's content with another spec, laid out as Jupyter does it."""
        return self.text if spec == self.spec else json.dumps(spec, indent=1)


def kernels(environment: Environment) -> list[Kernel]:
    """The kernels of the environment that run in it.

    Raises:
        CudaError: when one of the environment's kernels cannot be read or changed.
    """
    found = []
    for path in sorted((environment.prefix / KERNELS).glob("*/kernel.json")):
        kernel = _read(environment, path)
        if _runs_here(environment, kernel.spec.get("argv")):
            if not isinstance(kernel.spec.get("env", {}), dict):
                raise _unusable(path, 'its "env" is not a table of names and values')
            if not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):
                raise _unusable(path, "it is not writable")
            found.append(kernel)
    return found


def with_variables(
    spec: Mapping[str, Any], values: Mapping[str, str], recorded: Mapping[str, Any] | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Add variables to a kernel.

    The user's own values stay; LD_LIBRARY_PATH gets ours in front.

    Args:
        spec: the content of its file.
        values: the variables; of LD_LIBRARY_PATH the first element.
        recorded: what was returned the last time; None when nothing was.

    Returns:
        The content with the variables, and what to record of it: digests, since a record must not
        hold paths.
    """
    spec = without_variables(spec, recorded)
    env = dict(spec.get("env", {}))
    theirs = env.get(LIBRARY_PATH)
    joined = LIBRARY_PATH in values and isinstance(theirs, str)
    new = {name: value for name, value in values.items() if name not in env}
    if joined:
        new[LIBRARY_PATH] = values[LIBRARY_PATH]
    record = {
        "env": "env" in spec,
        "joined": joined,
        "names": {name: _digest(value) for name, value in new.items()},
    }
    if joined and theirs:
        new[LIBRARY_PATH] += f":{theirs}"
    return {**spec, "env": {**env, **new}}, record


def without_variables(
    spec: Mapping[str, Any], recorded: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Remove the variables that were added to a kernel; what the user has changed stays.

    Args:
        spec: the content of its file.
        recorded: what `with_variables` returned to be recorded; None when nothing was.
    """
    env = spec.get("env")
    if recorded is None or not isinstance(env, dict):
        return dict(spec)
    left = dict(env)
    for name, digest in recorded["names"].items():
        value = str(env.get(name))
        elements = value.split(":") if name == LIBRARY_PATH else [value]
        ours = next((one for one in elements if _digest(one) == digest), None)
        if ours is None:
            continue
        elements.remove(ours)
        if elements or (name == LIBRARY_PATH and recorded["joined"]):
            left[name] = ":".join(elements)
        else:
            del left[name]
    if not left and not recorded["env"]:
        return {key: value for key, value in spec.items() if key != "env"}
    return {**spec, "env": left}


def remove_variables(environment: Environment) -> bool:
    """Remove from all kernels what is recorded as added to them; whether any was changed."""
    changed = False
    for name, record in environment.state.get(KERNELS_KEY, {}).items():
        # A kernel that cannot be read is somebody else's by now.
        with contextlib.suppress(CudaError):
            kernel = _read(environment, environment.prefix / KERNELS / name / "kernel.json")
            text = kernel.text_with(without_variables(kernel.spec, record))
            if text != kernel.text:
                kernel.write(text)
                changed = True
    return changed


def _read(environment: Environment, path: Path) -> Kernel:
    inside = os.path.join(os.path.realpath(environment.prefix), "")
    if not os.path.realpath(path).startswith(inside) or path.is_symlink():
        raise _unusable(path, "a symbolic link leads to it, so it may be somebody else's")
    try:
        text = read_bytes(path, 2**20).decode()
        spec = json.loads(text)
        # What nests too deeply to be written is refused before anything is changed.
        json.dumps(spec, indent=1)
    except OSError as error:
        raise _unusable(path, f"it cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise _unusable(path, "it is not JSON") from error
    if not isinstance(spec, dict):
        raise _unusable(path, "it is not a JSON object")
    return Kernel(path.parent.name, path, text, spec)


def _unusable(path: Path, reason: str) -> CudaError:
    return CudaError(
        f"The Jupyter kernel {path} cannot be changed: {reason}.",
        hints=["Repair it or move it away, then run the command again."],
        path=path,
    )


def _runs_here(environment: Environment, argv: Any) -> bool:
    """Whether a kernel runs the environment's python, or names a file of the environment."""
    if not isinstance(argv, Sequence) or isinstance(argv, str) or not argv:
        return False
    words = [str(word) for word in argv]
    # Jupyter replaces a bare name by the python that it runs in.
    if _PYTHON.fullmatch(words[0]):
        return True
    prefixes = {str(environment.prefix), os.path.realpath(environment.prefix)}
    return any(
        word == prefix or word.startswith(os.path.join(prefix, ""))
        for word in words
        for prefix in prefixes
    )


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:16]
