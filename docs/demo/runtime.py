"""Say which CUDA runtime a fresh process gets for a plain library name.

usage: runtime.py libcudart.so.12
"""

import ctypes
import os
import sys

name = sys.argv[1]
try:
    library = ctypes.CDLL(name)
except OSError as error:
    sys.exit(f"{error}")
version = ctypes.c_int()
library.cudaRuntimeGetVersion(ctypes.byref(version))
major, minor = version.value // 1000, version.value % 1000 // 10
with open("/proc/self/maps", encoding="utf-8") as maps:
    paths = {line.split(maxsplit=5)[5].strip() for line in maps if "libcudart" in line}
path = os.path.relpath(paths.pop(), os.environ.get("SHOW_RELATIVE_TO", "/"))
print(f"{name} is CUDA {major}.{minor}, from {path}")
