"""Shared libraries: what is in them, where the loader finds them, which release has them.

A name or a pasted message comes in, paths and releases go out. Open `loader.py` first.

The search is our own, and the tests compare it with the real loader. Asking the loader for each
answer (`ld.so --list`, LD_DEBUG=libs) does not work:

- It maps the files it is given, and some of those that we look at may be hostile.
- It stops at the first file it finds; what that one shadows is half of the answer.
- It ignores the DT_RPATH of the program when it is given the library that asks.
- It runs on its own architecture only, and does not exist beside musl.

So the loader is asked once, about a program of the system: which folders it searches differs
between distributions.
"""
