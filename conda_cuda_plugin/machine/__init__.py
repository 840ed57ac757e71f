"""The machine: driver, GPUs, C library and host compiler.

Nothing comes in but the system itself, or what `--for` states; a `Machine` goes out. Open
`machine.py` first, then `detect.py`.
"""
