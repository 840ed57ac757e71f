"""Asking the driver's libraries, with a time limit: see driver_probe.py for the other side."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..system.operating_system import for_child
from ..versions import CudaVersion
from .machine import ComputeCapability, DriverVersion, Gpu

PROBE = Path(__file__).with_name("driver_probe.py")

_OTHER_RELEASE = "the library and the kernel module are of different releases"
_MEANING = {
    ("nvml", 4): "this user may not ask it",
    ("nvml", 9): "the driver's kernel module is not loaded",
    ("nvml", 12): "a library of the driver is missing",
    ("nvml", 15): "a GPU has fallen off the bus",
    ("nvml", 18): f"{_OTHER_RELEASE}; restart the machine",
    ("cuda", 34): "it is the stub that programs are linked with",
    ("cuda", 100): "no GPU is there for it",
    ("cuda", 802): "the system is not ready yet",
    ("cuda", 803): _OTHER_RELEASE,
    ("cuda", 804): "cuda-compat does not support this GPU",
}
"""What the codes of nvml.h and cuda.h mean for the user."""
_NAMES = {"nvml": "NVML", "cuda": "libcuda"}


@dataclass
class Answers:
    """What a part of the driver has said."""

    library: str
    path: str | None = None
    driver: DriverVersion | None = None
    version: CudaVersion | None = None
    gpus: tuple[Gpu, ...] = ()
    started: bool = False
    """Whether cuInit succeeded, without which conda sees no CUDA."""
    done: bool = False
    crashed: bool = False
    hung: bool = False
    last_call: str | None = None
    notes: list[str] = field(default_factory=list)


def ask(
    paths: Mapping[str, Sequence[str]],
    variables: Mapping[str, str],
    timeout: float,
    *,
    full: bool = True,
) -> tuple[Answers, Answers]:
    """Ask the libraries in a child process.

    Args:
        paths: what driver_files.libraries found.
        variables: the environment variables the child gets, less CUDA_VISIBLE_DEVICES.
        timeout: seconds until the child is ended.
        full: ask libcuda even when NVML has answered everything.

    Returns:
        The answers of NVML and of libcuda, whatever came before a crash or the end of the time.
    """
    answers = {name: Answers(name) for name in _NAMES}
    _ask(paths, variables, timeout, answers, full=full)
    if answers["nvml"].crashed and paths["cuda"]:
        _ask({"cuda": paths["cuda"]}, variables, timeout, answers, full=full)
    return answers["nvml"], answers["cuda"]


def _ask(
    paths: Mapping[str, Sequence[str]],
    variables: Mapping[str, str],
    timeout: float,
    answers: Mapping[str, Answers],
    *,
    full: bool,
) -> None:
    """Let one child fill the answers of the libraries whose paths are given."""
    output, ending = _run(paths, variables, timeout, full=full)
    for line in output.splitlines():
        # Ignore what makes no sense.
        try:
            library, what, value = json.loads(line)
            take(answers[library], what, value)
        except (ValueError, TypeError, KeyError):
            continue
    asked = [answer for name, answer in answers.items() if paths.get(name) and not answer.done]
    if ending is None or not asked:
        return
    answer = next((one for one in asked if one.last_call), asked[0])
    where = f" in {answer.last_call}" if answer.last_call else ""
    answer.notes.append(f"{_NAMES[answer.library]} {ending}{where}.")
    answer.crashed = ending.startswith("crashed")
    answer.hung = ending.startswith("did not")


def _run(
    paths: Mapping[str, Sequence[str]], variables: Mapping[str, str], timeout: float, *, full: bool
) -> tuple[bytes, str | None]:
    """What the child has printed, and how it ended when not well."""
    words = [sys.executable or "python3", "-I", "-S", str(PROBE)]
    words += [] if full else ["--brief"]
    words += [f"{name}={path}" for name, found in paths.items() for path in found]
    # An empty or wrong list of visible devices would hide the GPUs (conda does the same).
    env = {key: text for key, text in variables.items() if key != "CUDA_VISIBLE_DEVICES"}
    env["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"
    try:
        child = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=for_child(env),
        )
    except OSError as error:
        return b"", f"could not be asked ({error.strerror})"
    try:
        output, _ = child.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        child.kill()
        try:
            output, _ = child.communicate(timeout=1)
        except subprocess.TimeoutExpired as late:
            # It hangs inside the kernel and cannot be ended, so it is left behind.
            output = late.stdout or b""
        return output, f"did not answer within {round(timeout, 1):g} s"
    except BaseException:
        child.kill()
        raise
    return output, f"crashed ({_ending(child.returncode)})" if child.returncode else None


def take(answer: Answers, what: str, value: Any) -> None:
    """Enter one fact of the probe.

    Raises:
        ValueError, TypeError, KeyError: it makes no sense.
    """
    name = _NAMES[answer.library]
    if what == "path":
        answer.path = value
    elif what == "call":
        answer.last_call = value
    elif what == "done":
        answer.done = True
    elif what == "started":
        answer.started = True
    elif what == "error":
        call, code = value
        meaning = _MEANING.get((answer.library, code))
        answer.notes.append(f"{name}: {call} answers {code}{f' ({meaning})' if meaning else ''}.")
    elif what == "missing":
        answer.notes.append(f"{name} has no function {value}.")
    elif what == "refused":
        answer.notes.append(f"{value[0]} could not be loaded: {value[1]}.")
    elif what == "driver":
        try:
            answer.driver = DriverVersion.parse(value)
        except ValueError:
            answer.notes.append(f"{name} calls its driver {value[:40]!r}.")
    elif what == "version":
        if 1000 <= value < 100_000:
            answer.version = CudaVersion(value // 1000, value % 1000 // 10)
        else:
            answer.notes.append(f"{name} names CUDA {value}, which does not exist.")
    elif what == "gpu":
        title, major, minor = value
        capability = None
        if isinstance(major, int) and isinstance(minor, int):
            if 1 <= major < 100 and 0 <= minor < 10:
                capability = ComputeCapability(major, minor)
            else:
                text = f"{name} names compute capability {major}.{minor}, which does not exist."
                answer.notes.append(text)
        shown = "".join(c for c in title or "" if c.isprintable()).strip() or None
        answer.gpus += (Gpu(shown, capability),)


def _ending(code: int) -> str:
    try:
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"
    except ValueError:
        return f"signal {-code}"
