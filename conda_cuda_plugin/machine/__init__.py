"""The machine: driver, GPUs, C library and host compiler, and `__cuda_arch` for conda's solver.

Nothing comes in but the system itself, or what the user states by `--for` and in conda's variables
and settings (`spec.py`); a `Machine` goes out. Open `machine.py` first, then `detect.py`.
"""
