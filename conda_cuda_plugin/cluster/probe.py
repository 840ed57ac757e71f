"""What a node says of itself: one JSON document, in numbered lines that no scheduler breaks.

A node gets the text of this file by standard input, and behind it `main(SETTINGS)`; `script.py`
puts both together. It needs the standard library of Python 3.6 or newer and nothing else, takes no
longer than `limit` seconds, writes no file, and sends no more than MOST characters.

    conda-cuda NONCE launched node7     its shell has begun: `script.py`
    conda-cuda NONCE 0 0 "node7"        this program has begun
    conda-cuda NONCE 1 2 {"node": "no
    conda-cuda NONCE 2 2 de7", ...}
"""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time

MARK = "conda-cuda"
LINE = 600
"""Characters of the document in a line: srun breaks lines that are longer than 1024."""
MOST = 48000
"""Characters of a document. One of eight GPUs has 6 000."""
_FOLDERS = (
    "/lib64",
    "/usr/lib64",
    "/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu",
    "/lib/aarch64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/lib",
    "/usr/lib",
)
"""The loader's own folders."""
_DRIVER_FOLDERS = (
    "/usr/lib64/nvidia",
    "/usr/lib/nvidia",
    "/usr/local/nvidia/lib64",
    "/usr/local/nvidia/lib",
    "/run/opengl-driver/lib",
    "/usr/lib/wsl/lib",
)
"""Where the driver's libraries lie besides: RHEL, containers, NixOS and WSL."""
_VARIABLES = ("CUDA_VISIBLE_DEVICES",)


def main(settings: "dict[str, object]") -> None:
    """Find everything out and send it; never longer than the limit."""
    output = os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    limit = float(settings["limit"])  # type: ignore[arg-type]
    # Whatever hangs, this process ends.
    signal.alarm(int(limit) + 2)
    nonce = settings["nonce"]
    name = os.environ.get("SLURMD_NODENAME") or os.uname().nodename
    _write(output, f"{MARK} {nonce} 0 0 {json.dumps(name[:255])}\n")
    facts = gathered(settings, time.time() + limit)
    facts["node"] = name[:255]
    text = json.dumps(facts)
    if len(text) > MOST:
        # The lists are what can be long.
        facts["driver"], facts["loads"] = [], []
        text = json.dumps(facts)[:MOST]
    parts = [text[start : start + LINE] for start in range(0, len(text), LINE)]
    for number, part in enumerate(parts, 1):
        _write(output, f"{MARK} {nonce} {number} {len(parts)} {part}\n")
    # A file system that hangs keeps its thread.
    os._exit(0)


def gathered(settings: "dict[str, object]", deadline: float) -> "dict[str, object]":
    """All facts; one that cannot be found out is not there."""
    facts = {}  # type: dict[str, object]
    slow = {
        "environment": lambda: _environment(str(settings["prefix"])),
        "loads": _loads,
        "system_cuda": _system_cuda,
        "driver": lambda: _driver(str(settings["driver_probe"]), deadline - 1),
    }
    quick = {
        "system": lambda: list(os.uname()),
        "libc": _libc,
        "python": lambda: sys.version.split()[0],
        "module": lambda: {path: _read(path) for path in _MODULE if os.path.exists(path)},
        "variables": lambda: {n: os.environ[n][:4000] for n in _VARIABLES if n in os.environ},
    }
    for name, find in quick.items():
        _enter(facts, name, find)
    # What hangs is left behind: a file system, or a program that waits for one.
    threads = [
        threading.Thread(target=_enter, args=(facts, name, find), daemon=True)
        for name, find in slow.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0, deadline - time.time()))
    return dict(facts)


_MODULE = (
    "/sys/module/nvidia/version",
    "/proc/driver/nvidia/version",
    "/proc/sys/kernel/osrelease",
)
"""The files of the kernel's side, sent as they are."""


def _enter(facts: "dict[str, object]", name: str, find: "object") -> None:
    # Whatever a node is like, the other facts are sent.
    with contextlib.suppress(Exception):
        facts[name] = find()  # type: ignore[operator]


def _libc() -> "str | None":
    try:
        return os.confstr("CS_GNU_LIBC_VERSION")
    except (AttributeError, ValueError, OSError):
        names = os.listdir("/lib")
        return "musl" if any(name.startswith("ld-musl-") for name in names) else None


def _environment(prefix: str) -> "list[int] | str | None":
    """What tells the environment's folder from others, as `script.identity` has it."""
    if not prefix:
        return None
    try:
        return identity(prefix)
    except OSError:
        return "other" if os.path.isdir(prefix) else "missing"


def identity(prefix: str) -> "list[int]":
    """Numbers that are the same on all machines that have the same file system.

    Raises:
        OSError: there is no environment.
    """
    facts = os.stat(os.path.join(prefix, "conda-meta", "history"))
    return [facts.st_ino, facts.st_size, int(facts.st_mtime)]


def _loads() -> "list[list[str]]":
    """The CUDA runtimes that the loader finds: name, path, and what leads there."""
    runtime = re.compile(r"libcudart\.so\.[0-9]+(\.[0-9]+)?$")
    found = {}  # type: dict[str, list[str]]
    for path, by in _seen(rb"libcudart\.so\.[0-9.]+"):
        name = path.rpartition("/")[2]
        if runtime.match(name):
            found.setdefault(name, [name, path, by])
    return sorted(found.values())[:32]


def _seen(names: bytes) -> "list[tuple[str, str]]":
    """Files with some names where the loader looks, in its order, and what leads there."""
    value = os.environ.get("LD_LIBRARY_PATH", "")
    named = [folder for folder in value.replace(";", ":").split(":") if folder]
    paths = re.findall(rb"\0(/[^\0]{0,1000}/" + names + rb")(?=\0)", _cache())
    cached = [os.fsdecode(path) for path in paths if os.path.exists(path)]
    return [
        *((path, "LD_LIBRARY_PATH") for path in _inside(named[:64], names)),
        *((path, "ld.so.cache") for path in cached),
        *((path, "default") for path in _inside(_FOLDERS, names)),
    ]


def _inside(folders: "list[str] | tuple[str, ...]", names: bytes) -> "list[str]":
    whole = re.compile(names.decode() + "$")
    return [
        os.path.join(folder, name)
        for folder in folders
        for name in _names(folder)
        if whole.match(name)
    ]


def _names(folder: str) -> "list[str]":
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _cache() -> bytes:
    """What the loader's cache holds; strings end in zero there."""
    try:
        with open("/etc/ld.so.cache", "rb") as file:
            return file.read(64 * 1024 * 1024)
    except OSError:
        return b""


def _system_cuda() -> "list[str | None] | None":
    """Where /usr/local/cuda leads to, and what its version file says."""
    link = "/usr/local/cuda"
    if not os.path.isdir(link):
        return None
    text = _read(link + "/version.json") or _read(link + "/version.txt")
    form = r'"cuda"[^{}]*\{[^{}]*"version"\s*:\s*"([0-9.]+)"|CUDA Version ([0-9.]+)'
    found = re.search(form, text)
    return [os.path.realpath(link), (found.group(1) or found.group(2)) if found else None]


def _read(path: str) -> str:
    """The beginning of a file; empty when it cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read(4000).decode("utf-8", "replace")
    except OSError:
        return ""


def _driver(probe: str, deadline: float) -> "list[object]":
    """What the driver's libraries say, each in a process of its own, and nvidia-smi."""
    libraries = (("nvml", "libnvidia-ml.so.1"), ("cuda", "libcuda.so.1"))
    children = []
    for name, file in libraries:
        # By its name the loader finds it itself. Without any file no process is started.
        paths = [file] if _seen(re.escape(file).encode()) else []
        others = (os.path.join(folder, file) for folder in _DRIVER_FOLDERS)
        paths += [path for path in others if os.path.exists(path)]
        if not paths:
            continue
        words = [sys.executable or "python3", "-I", "-S", "-c", probe, "--mig"]
        variables = dict(os.environ, CUDA_DEVICE_ORDER="PCI_BUS_ID")
        children.append((name, _started(words + [name + "=" + path for path in paths], variables)))
    found = [[name, *_ended(child, deadline)] for name, child in children]  # type: list[object]
    if not any('"driver"' in str(row) and '"gpu"' in str(row) for row in found):
        found.append(["smi", *_smi(deadline)])
    return found


def _smi(deadline: float) -> "tuple[str | None, str]":
    """How nvidia-smi ended, and its answer; old drivers do not know compute_cap."""
    ending, text = "is not there", ""  # type: str | None, str
    for fields in ("name,driver_version,compute_cap", "name,driver_version"):
        words = ["nvidia-smi", "--query-gpu=" + fields, "--format=csv,noheader"]
        try:
            child = _started(words, dict(os.environ, LC_ALL="C"))
        except OSError:
            break
        ending, text = _ended(child, deadline)
        if ending is None:
            break
    return ending, text


def _started(words: "list[str]", variables: "dict[str, str]") -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        words, stdin=0, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=variables
    )


def _ended(child: "subprocess.Popen[bytes]", deadline: float) -> "tuple[str | None, str]":
    """How a child ended if not well, and the beginning of what it has printed."""
    limit = max(0.5, deadline - time.time())
    timer = threading.Timer(limit, child.kill)
    timer.daemon = True
    timer.start()
    assert child.stdout is not None
    text = child.stdout.read(20000).decode("utf-8", "replace")
    late = not timer.is_alive()
    child.kill() if len(text) >= 20000 else None
    code = child.wait()
    timer.cancel()
    if late:
        return f"did not answer within {limit:.0f} s", text
    return (f"ended with {code}" if code else None), text


def _write(output: int, text: str) -> None:
    data = text.encode("ascii", "replace")
    while data:
        data = data[os.write(output, data) :]
