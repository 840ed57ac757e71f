"""The library that an error message is about is found in it, whoever wrote the message."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conda_cuda_plugin.libraries.messages import (
    Complaint,
    library_of_symbol,
    read_message,
    release_of_symbol,
)

NO_FILE = "cannot open shared object file: No such file or directory"
CUSPARSE = "/e/site-packages/torch/lib/../../nvidia/cusparse/lib/libcusparse.so.12"

MESSAGES = {
    "ImportError": (f"ImportError: libcudart.so.11.0: {NO_FILE}", "missing libcudart.so.11.0"),
    "OSError": (f"OSError: libcublas.so.12: {NO_FILE}", "missing libcublas.so.12"),
    "dlerror, cut off": ("libcuda.so.1: cannot open shared object", "missing libcuda.so.1"),
    "program": (
        f"./a.out: error while loading shared libraries: libcufft.so.10: {NO_FILE}",
        "missing libcufft.so.10",
    ),
    "TensorFlow": (
        "2021-01-01 W tensorflow/stream_executor/platform/default/dso_loader.cc:64] Could not load "
        f"dynamic library 'libcudnn.so.8'; dlerror: libcudnn.so.8: {NO_FILE}; LD_LIBRARY_PATH: "
        "/usr/local/cuda/lib64",
        "missing libcudnn.so.8",
    ),
    "TensorFlow on Windows": (
        "Could not load dynamic library 'cudart64_110.dll'; dlerror: cudart64_110.dll not found",
        "missing cudart64_110.dll",
    ),
    "cuDNN 8": (
        f"Could not load library libcudnn_cnn_infer.so.8. Error: libcuda.so: {NO_FILE}",
        "missing libcuda.so by libcudnn_cnn_infer.so.8",
    ),
    "cuDNN 9": (
        "Unable to load any of {libcudnn_ops.so.9.1.0, libcudnn_ops.so.9.1, libcudnn_ops.so.9}",
        "missing libcudnn_ops.so.9.1.0",
    ),
    "CuPy": (
        "CuPy failed to load libnvrtc.so.11.2: OSError: ...",
        "missing libnvrtc.so.11.2",
    ),
    "ldd": ("\tlibcudart.so.12 => not found", "missing libcudart.so.12"),
    "GNU ld": (
        "/usr/bin/ld: cannot find -lcudart: No such file or directory",
        "linking libcudart.so",
    ),
    "GNU ld, exact name": ("ld: cannot find -l:libcublas.so.12", "linking libcublas.so.12"),
    "lld": ("ld.lld: error: unable to find library -lcublas", "linking libcublas.so"),
    "mold": ("mold: fatal: library not found: cufft", "linking libcufft.so"),
    "symbol with version": (
        f"ImportError: {CUSPARSE}: undefined symbol: __nvJitLinkAddData_12_1, "
        "version libnvJitLink.so.12",
        f"symbol libnvJitLink.so.12 by {CUSPARSE} __nvJitLinkAddData_12_1",
    ),
    "symbol alone": (
        "undefined symbol: __nvJitLinkAddData_12_1, version libnvJitLink.so.12",
        "symbol libnvJitLink.so.12 __nvJitLinkAddData_12_1",
    ),
    "symbol without version": (
        "OSError: /e/libtorch_cuda.so: undefined symbol: cublasLtHSHMatmulAlgoInit",
        "symbol libcublasLt.so by /e/libtorch_cuda.so cublasLtHSHMatmulAlgoInit",
    ),
    "version": (
        "./a.out: /x/libcudart.so.11.0: version `libcudart.so.11.0' not found "
        "(required by /opt/my app/a.out)",
        "version libcudart.so.11.0 by /opt/my app/a.out",
    ),
    "ctypes on Windows": (
        "FileNotFoundError: Could not find module 'C:\\cuda\\bin\\cudart64_110.dll' (or one of its "
        "dependencies). Try using the full path with constructor syntax.",
        "missing cudart64_110.dll",
    ),
    "torch on Windows": (
        'OSError: [WinError 126] The specified module could not be found. Error loading "C:\\a b\\'
        'torch\\lib\\cublas64_11.dll" or one of its dependencies.',
        "missing cublas64_11.dll",
    ),
    "nvrtc on Windows": (
        "nvrtc: error: failed to open nvrtc-builtins64_117.dll.",
        "missing nvrtc-builtins64_117.dll",
    ),
    "DLL load failed": ("ImportError: DLL load failed while importing _C: not found.", ""),
    "bash": ("bash: nvcc: command not found", "missing nvcc"),
    "dash": ("sh: 1: nvidia-smi: not found", "missing nvidia-smi"),
    "Popen": (
        "FileNotFoundError: [Errno 2] No such file or directory: '/usr/local/cuda/bin/nvcc'",
        "missing nvcc",
    ),
    "another command": ("bash: frobnicate: command not found", ""),
    "a wheel's copy": (
        f"OSError: libcudart-80664282.so.10.2: {NO_FILE}",
        "missing libcudart-80664282.so.10.2",
    ),
    "mention": ("it wants libcudart.so.11.0.", "mention libcudart.so.11.0"),
    "no library": ("hello world", ""),
    "not quite a library": ("libcudart.so.11.0.old and libcudart.sock", ""),
    "a traceback": (
        'Traceback (most recent call last):\n  File "/e/lib/python3.10/ctypes/__init__.py", line 374'
        f"\n    self._handle = _dlopen(self._name, mode)\nOSError: libcublas.so.11: {NO_FILE}\n"
        f"During handling of the above:\nOSError: libcufft.so.10: {NO_FILE}\n",
        "missing libcublas.so.11, missing libcufft.so.10",
    ),
    "carriage returns": (f"x\r\nImportError: libnccl.so.2: {NO_FILE}\r\n", "missing libnccl.so.2"),
}


@pytest.mark.parametrize("title", MESSAGES)
def test_what_a_message_names(title: str) -> None:
    text, expected = MESSAGES[title]
    found = [
        f"{one.complaint.value} {one.name}"
        + (f" by {one.by}" if one.by else "")
        + (f" {one.symbol}" if one.symbol else "")
        for one in read_message(text).mentions
    ]
    assert ", ".join(found) == expected


def test_the_error_is_found_at_the_end_of_a_long_log() -> None:
    log = "[ 42%] Building CUDA object libcudart_static.a\n" * 300_000
    (one,) = read_message(f"{log}ImportError: libcudart.so.11.0: {NO_FILE}\n").mentions
    assert (one.name, one.complaint) == ("libcudart.so.11.0", Complaint.MISSING)


@pytest.mark.parametrize(
    "text",
    [
        random.Random(1).randbytes(2**23).decode("utf-8", "replace"),
        "lib" * 2**21,
        "lib.so" * 2**20,
        ".so.1" * 2**20,
        "lib" + ".so" * 2**20,
        "undefined symbol: " * 2**18,
        ": undefined symbol: x" * 2**18,
        "/" * 2**22 + ": undefined symbol: x",
        'rror loading "' * 2**18,
        "ould not find module '" * 2**17 + ".dll",
        ": cannot open shared object" * 2**17,
        "x.dll" * 2**20,
        f"libcudart.so.11.0: {NO_FILE}\n" * 2**16,
    ],
    ids=lambda text: ascii(text[:20]),
)
def test_garbage_takes_no_time(text: str) -> None:
    start = time.perf_counter()
    read_message(text)
    assert time.perf_counter() - start < 2


@given(st.text(max_size=500))
def test_any_text_can_be_read(text: str) -> None:
    for one in read_message(text).mentions:
        assert one.name in text or one.complaint in (Complaint.LINKING, Complaint.SYMBOL)


@given(
    st.sampled_from(["libcudart.so.12", "libcublasLt.so.11", "libcudnn.so.9"]),
    st.text(alphabet=st.characters(codec="utf-8"), max_size=100),
    st.text(alphabet=st.characters(codec="utf-8"), max_size=100),
)
def test_the_complaint_is_found_whatever_is_around(name: str, before: str, after: str) -> None:
    found = read_message(f"{before}\nImportError: {name}: {NO_FILE}\n{after}").mentions
    assert (name, Complaint.MISSING) in {(one.name, one.complaint) for one in found}


@pytest.mark.parametrize(
    ("symbol", "library"),
    [
        ("__nvJitLinkComplete_12_4", "libnvJitLink.so"),
        ("cublasLtMatmul", "libcublasLt.so"),
        ("cublasSgemm_v2", "libcublas.so"),
        ("cudnnCreate", "libcudnn.so"),
        ("cudaGetDevice", "libcudart.so"),
        ("cuInit", "libcuda.so.1"),
        ("customize", None),
        ("_ZN5torch3fooE", None),
    ],
)
def test_the_library_of_a_symbol(symbol: str, library: str | None) -> None:
    assert library_of_symbol(symbol) == library


def test_the_release_of_a_symbol() -> None:
    assert release_of_symbol("__nvJitLinkAddData_12_1") == (12, 1)
    assert release_of_symbol("cublasCreate_v2") is None
