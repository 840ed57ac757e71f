"""Shared libraries: what is in them, where the loader finds them, which release has them.

A name or a pasted message comes in, paths and releases go out. Open `loader.py` first.

The search is our own, and the tests hold it against the real loader. Asking the loader for each
answer (`ld.so --list`, LD_DEBUG=libs) is no way: it maps the files it is shown, and some that we
look at are hostile; it stops at the first file it finds, and what that one shadows is half of the
answer; it leaves out the DT_RPATH of the program where a library asks; and it cannot be run for
another architecture, nor is it there with musl. So it is asked once, about a program of the
system: its folders differ from one distribution to the next.
"""
