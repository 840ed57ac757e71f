"""Conda packages made from NVIDIA's wheels, archives and folders.

A foreign archive comes in, an unpacked package or a `.conda` file goes out. Open `package.py`
first: it says what a member of an archive may be.
"""
