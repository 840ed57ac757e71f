"""Ask NVIDIA's libraries what they know, in a process of its own: they may hang or crash.

Run as a script with the standard library only: `python driver_probe.py [--brief] [--mig] nvml=PATH
cuda=PATH`. Nodes of a cluster get its text, so it keeps to Python 3.6. Each fact goes out at once
as a line of JSON, `[library, what, value]`, so that what was known before a crash is not lost;
`call` names the function that is about to be called.

    ["nvml", "path", "/usr/lib/libnvidia-ml.so.1"]     ["cuda", "call", "cuInit"]
    ["nvml", "driver", "550.54.15"]                    ["cuda", "error", ["cuInit", 100]]
    ["nvml", "version", 12040]                         ["cuda", "gpu", ["NVIDIA L4", 8, 9]]

With --brief libcuda, which is slow to start, is left out when NVML has answered everything. With
--mig NVML tells the parts of GPUs, too: `["nvml", "mig", "NVIDIA A100-SXM4-40GB MIG 1g.5gb"]`.
Several paths of a library are tried in turn until one can be loaded.
"""

import ctypes
import json
import os
import sys

MOST_GPUS = 256
MOST_PARTS = 16
_MAJOR, _MINOR = 75, 76  # CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and _MINOR


class Library:
    """One of NVIDIA's libraries; a call that fails is reported and returns False."""

    def __init__(self, name: str, output: int) -> None:
        self.name = name
        self.output = output
        self.handle = None  # type: "ctypes.CDLL | None"

    def report(self, what: str, value: object) -> None:
        """Send a fact."""
        os.write(self.output, (json.dumps([self.name, what, value]) + "\n").encode())

    def report_gpu(
        self, name: "ctypes.Array[ctypes.c_char] | None", capability: "tuple[ctypes.c_int, ...]"
    ) -> None:
        """Send what is known of a GPU."""
        major, minor = (number.value for number in capability) if capability else (None, None)
        self.report("gpu", [_decoded(name) if name else None, major, minor])

    def load(self, path: str) -> bool:
        """Whether the library at a path can be loaded."""
        self.report("call", f"loading {path}")
        try:
            self.handle = ctypes.CDLL(path)
        except OSError as error:
            self.report("refused", [path, str(error)])
            return False
        self.report("path", path)
        return True

    def call(self, names: "tuple[str, ...]", *arguments: object) -> bool:
        """Call the first of some functions that exists; whether it answered 0."""
        for name in names:
            function = getattr(self.handle, name, None)
            if function is not None:
                self.report("call", name)
                code = function(*arguments)
                if code != 0:
                    self.report("error", [name, code])
                return bool(code == 0)
        self.report("missing", names[0])
        return False


def ask_nvml(library: Library, parts: bool = False) -> bool:
    """What NVML says, `parts` of GPUs too; whether nothing is left open."""
    if not library.call(("nvmlInit_v2", "nvmlInit")):
        return False
    text, number = ctypes.create_string_buffer(96), ctypes.c_int()
    has_driver = library.call(("nvmlSystemGetDriverVersion",), text, ctypes.c_uint(80))
    if has_driver:
        library.report("driver", _decoded(text))
    names = ("nvmlSystemGetCudaDriverVersion_v2", "nvmlSystemGetCudaDriverVersion")
    has_version = library.call(names, ctypes.byref(number))
    if has_version:
        library.report("version", number.value)
    complete = has_driver and has_version
    if not library.call(("nvmlDeviceGetCount_v2", "nvmlDeviceGetCount"), ctypes.byref(number)):
        return False
    for index in range(min(number.value, MOST_GPUS)):
        handle, major, minor = ctypes.c_void_p(), ctypes.c_int(), ctypes.c_int()
        by_index = ("nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetHandleByIndex")
        if not library.call(by_index, ctypes.c_uint(index), ctypes.byref(handle)):
            complete = False
            continue
        named = library.call(("nvmlDeviceGetName",), handle, text, ctypes.c_uint(96))
        asked = ("nvmlDeviceGetCudaComputeCapability",)
        able = library.call(asked, handle, ctypes.byref(major), ctypes.byref(minor))
        complete = complete and able
        library.report_gpu(text if named else None, (major, minor) if able else ())
        if parts:
            _ask_parts(library, handle)
    return complete


def _ask_parts(library: Library, device: ctypes.c_void_p) -> None:
    """The parts that a GPU is divided into; drivers before R450 know of none."""
    names = ("nvmlDeviceGetMaxMigDeviceCount", "nvmlDeviceGetMigDeviceHandleByIndex")
    count, by_index = (getattr(library.handle, name, None) for name in names)
    number, part, text = ctypes.c_uint(), ctypes.c_void_p(), ctypes.create_string_buffer(96)
    if count is None or by_index is None or count(device, ctypes.byref(number)) != 0:
        return
    for index in range(min(number.value, MOST_PARTS)):
        # There are places for more parts than there are parts.
        if by_index(device, ctypes.c_uint(index), ctypes.byref(part)) == 0:
            named = library.call(("nvmlDeviceGetName",), part, text, ctypes.c_uint(96))
            library.report("mig", _decoded(text) if named else None)


def ask_cuda(library: Library) -> bool:
    """What libcuda says; the version is asked for even when it cannot be initialised."""
    number, text = ctypes.c_int(), ctypes.create_string_buffer(128)
    started = library.call(("cuInit",), ctypes.c_uint(0))
    if library.call(("cuDriverGetVersion",), ctypes.byref(number)):
        library.report("version", number.value)
    if not started:
        return False
    library.report("started", True)
    if not library.call(("cuDeviceGetCount",), ctypes.byref(number)):
        return False
    for index in range(min(number.value, MOST_GPUS)):
        device, major, minor = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
        if not library.call(("cuDeviceGet",), ctypes.byref(device), ctypes.c_int(index)):
            continue
        named = library.call(("cuDeviceGetName",), text, ctypes.c_int(128), device)
        able = all(
            library.call(
                ("cuDeviceGetAttribute",), ctypes.byref(value), ctypes.c_int(attribute), device
            )
            for value, attribute in ((major, _MAJOR), (minor, _MINOR))
        )
        library.report_gpu(text if named else None, (major, minor) if able else ())
    return True


def main(words: "list[str]") -> None:
    """Ask each library that is named on the command line."""
    # The libraries may print; standard output is for the answers alone.
    output = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    complete = False
    for name in ("nvml", "cuda"):
        if complete and "--brief" in words:
            break
        library = Library(name, output)
        paths = [word.partition("=")[2] for word in words if word.startswith(f"{name}=")]
        if any(library.load(path) for path in paths):
            complete = ask_cuda(library) if name == "cuda" else ask_nvml(library, "--mig" in words)
        library.report("done", True)


def _decoded(text: "ctypes.Array[ctypes.c_char]") -> str:
    return text.value.decode("utf-8", "replace")


if __name__ == "__main__":
    main(sys.argv[1:])
    # The libraries' own exit handlers may hang too, so they do not run.
    os._exit(0)
