"""Shared libraries: what is in them, where the loader finds them, which release has them.

A name or a pasted message comes in, paths and releases go out. Open `loader.py` first.
"""
