"""Allocate, copy there and back, free, with the runtime that a plain name gives.

usage: memory.py libcudart.so.12
"""

import ctypes
import os
import sys

runtime = ctypes.CDLL(sys.argv[1])
runtime.cudaGetErrorString.restype = ctypes.c_char_p


def check(code: int) -> None:
    if code:
        sys.exit(f"{sys.argv[1]}: {runtime.cudaGetErrorString(code).decode()}")


version = ctypes.c_int()
check(runtime.cudaRuntimeGetVersion(ctypes.byref(version)))
data = os.urandom(1 << 20)
back = ctypes.create_string_buffer(len(data))
memory = ctypes.c_void_p()
check(runtime.cudaMalloc(ctypes.byref(memory), ctypes.c_size_t(len(data))))
check(runtime.cudaMemcpy(memory, data, ctypes.c_size_t(len(data)), 1))
check(runtime.cudaMemcpy(back, memory, ctypes.c_size_t(len(data)), 2))
check(runtime.cudaFree(memory))
with open("/proc/self/maps", encoding="utf-8") as maps:
    path = next(line.split(maxsplit=5)[5].strip() for line in maps if "libcudart" in line)
print(version.value, "same" if back.raw == data else "different", path)
