"""Messages that are put together from the sentences of data/messages.json."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import strategies as st

from conda_cuda_plugin.data import read_data

ROWS: list[dict[str, Any]] = read_data("messages.json")["messages"]
SENTENCES = [(number, says) for number, row in enumerate(ROWS) for says in row["says"]]
_FOLDERS = ("", "/usr/local/cuda-12.1/lib64/", "/e/my-env/lib/python3.12/site-packages/x/")
_WINDOWS_FOLDERS = ("", "C:\\e\\bin\\", "D:\\e\\Lib\\site-packages\\torch\\lib\\")
_VERSIONS = ("11.8", "12.4", "13.0")
VALUES: dict[str, tuple[str, ...]] = {
    "file": ("libcudart.so.12", "libcublasLt.so.11", "libcudnn.so.9", "cufft64_11.dll"),
    "part": ("cudart.lib", "libcudart_static.a", "libcublas.so.12", "cublas.lib"),
    "header": ("cuda_runtime.h", "cusparse.h", "cudnn.h", "cuda_fp16.hpp"),
    "tool": ("nvcc", "ptxas", "cuobjdump"),
    "by": ("liba.so", "libonnxruntime_providers_cuda.so", "b.dll"),
    "path": ("/lib/x86_64-linux-gnu/libcuda.so.1", "/usr/lib/wsl/lib/libcuda.so.1"),
    "symbol": ("cublasLtMatmul", "__nvJitLinkComplete_12_4", "cudnnCreate"),
    "word": ("cudart", "cublas", "nvrtc"),
    "title": ("cuDNN", "cublas", "nvrtc"),
    "number": ("126", "127", "1114"),
    "here": _VERSIONS,
    "built": _VERSIONS,
    "release": _VERSIONS,
    "major": ("11", "12"),
    "torch": ("2.1.0", "2.5.1"),
    "gpu": ("sm_120", "compute_90a", "sm_86", "compute_35"),
    "cu": ("118", "121"),
    "ptx": ("8.7", "7.3"),
    "ptx_here": ("7.1", "8.4"),
    "cudnn": ("8906", "90100", "8.9.6", "8, 9, 2"),
    "cudnn_here": ("8600", "9.1.0", "8, 5, 0"),
    "cuda": ("12040", "11080"),
    "cuda_here": ("11080", "12020"),
}
"""What may stand in each slot."""
_PREFIXES = (
    "", "ImportError: ", "2024-06-28 00:03:52.493638: E external/xla/cuda.cc:447] ", "E   ",
    "(EngineCore pid=169) RuntimeError: ", "\x1b[31m\x1b[1merror: \x1b[0m", "#12 41.20 ", "> ",
)  # fmt: skip
_AROUND = (
    "", "Traceback (most recent call last):\n  File \"/e/train.py\", line 3, in <module>\n",
    "[ 42%] Building CUDA object libkernels.a\n" * 30, "\r\n\r\n", "-- Configuring incomplete\n",
)  # fmt: skip


@st.composite
def filled(draw: Any, says: str) -> str:
    """A sentence with something in each of its slots."""

    def value(match: re.Match[str]) -> str:
        slot = match[1]
        text = str(draw(st.sampled_from(VALUES[slot])))
        if slot in ("file", "header", "tool", "part"):
            windows = text.endswith((".dll", ".lib"))
            folders = _WINDOWS_FOLDERS if windows else _FOLDERS
            folder = draw(st.sampled_from(folders))
            text = f"{folder}{text}" if slot != "header" else text
        return text

    text = re.sub(r"\{(\w+)\}", value, says)
    text = text.replace("...", draw(st.sampled_from([": ", ", x: ", "; x y "])))
    return text.replace("'", draw(st.sampled_from(["'", '"', "`"])))


@st.composite
def logs(draw: Any) -> tuple[int, str, str]:
    """A row, a sentence of it with other names and versions, and a log that has it."""
    number, says = draw(st.sampled_from(SENTENCES))
    message = draw(filled(says))
    if draw(st.booleans()):
        message = message.replace(" ", draw(st.sampled_from([" ", "\n    ", "  "])))
    if draw(st.booleans()):
        message = message.upper() if "{" not in says and "-l" not in says else message
    before, after = draw(st.sampled_from(_AROUND)), draw(st.sampled_from(_AROUND))
    text = f"{before}{draw(st.sampled_from(_PREFIXES))}{message}.\n{after}"
    return number, message, text
