"""Whether a CUDA release runs on a machine, and why.

A release and a `Machine` come in, a `Verdict` with findings goes out. Open `judge.py` first.
"""
