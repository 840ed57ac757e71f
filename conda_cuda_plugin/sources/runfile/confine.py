"""Starts a program for which the machine is read-only and one folder is `/tmp`.

    python -I -S confine.py private FOLDER FILE PLACE PROGRAM WORD...
    python -I -S confine.py plain   FOLDER FILE PLACE PROGRAM WORD...

`private`: in namespaces of its own (user, mount, network, process numbers), where `FOLDER/tmp` is
`/tmp` and `/var/tmp`, `FOLDER/log` is `/var/log`, FILE lies at `/tmp/PLACE`, and every other file
system is read-only. Needs no root, but a kernel that lets users make namespaces. `plain`: without
them. Either way the program cannot gain rights, and ends when its parent does.

A script by itself that uses nothing but the standard library: what it does to its own process must
not happen to conda's. Sources: Linux man-pages unshare(2), user_namespaces(7), mount(2),
mount_setattr(2), prctl(2).
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

NO_NAMESPACES = 125
"""The exit code when the kernel does not let us."""
# <linux/sched.h>, <linux/mount.h>, <linux/prctl.h>, <fcntl.h>
_NEW_NAMESPACES = 0x10000000 | 0x00020000 | 0x40000000 | 0x20000000
_RDONLY, _REMOUNT, _BIND, _REC, _PRIVATE = 1, 32, 4096, 16384, 1 << 18
_FLAGS = {"nosuid": 2, "nodev": 4, "noexec": 8, "noatime": 1024, "nodiratime": 2048}
_FLAGS |= {"ro": _RDONLY, "relatime": 1 << 21}
_MOUNT_SETATTR, _AT_FDCWD, _AT_RECURSIVE = 442, -100, 0x8000
_PDEATHSIG, _NO_NEW_PRIVS = 1, 38
_NOBODY = 1000
"""What root is called inside: installers that find themselves root write into the system."""

_libc = ctypes.CDLL(None, use_errno=True)


class _Attributes(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "userns")]


def enter(folder: str, file: str, place: str) -> None:
    """Move this process into namespaces of its own; its children have process numbers of theirs.

    Raises:
        OSError: when the kernel does not let us.
    """
    uid, gid = os.geteuid(), os.getegid()
    _check(_libc.unshare(_NEW_NAMESPACES))
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{uid or _NOBODY} {uid} 1")
    _write("/proc/self/gid_map", f"{gid or _NOBODY} {gid} 1")
    # What happens here must not reach the machine's own mounts.
    _mount(None, "/", _REC | _PRIVATE)
    _mount(file, f"{folder}/tmp/{place}", _BIND)
    _make_read_only()
    # The first one may hide the folder itself, so they are opened before.
    opened = [
        (os.open(f"{folder}/{name}", os.O_PATH | os.O_DIRECTORY), target)
        for name, target in (("log", "/var/log"), ("tmp", "/var/tmp"), ("tmp", "/tmp"))
        if os.path.isdir(target)
    ]
    for handle, target in opened:
        _mount(f"/proc/self/fd/{handle}", target, _BIND | _REC)
        _make_writable(target)
        os.close(handle)


def _make_read_only() -> None:
    attributes = _Attributes(set=_RDONLY)
    try:
        _check(_set_attributes("/", attributes, _AT_RECURSIVE))
        return
    except OSError:
        # Before Linux 5.12: one by one.
        pass
    for path, flags, kind in _mounts():
        if kind != "autofs":
            try:
                _mount(None, path, _REMOUNT | _BIND | flags | _RDONLY)
            except (FileNotFoundError, NotADirectoryError):
                # Hidden by another one.
                continue


def _make_writable(path: str) -> None:
    try:
        _check(_set_attributes(path, _Attributes(clear=_RDONLY), 0))
    except OSError:
        flags = [flags for mounted, flags, _ in _mounts() if mounted == path][-1]
        _mount(None, path, _REMOUNT | _BIND | flags & ~_RDONLY)


def _set_attributes(path: str, attributes: _Attributes, flags: int) -> int:
    result: int = _libc.syscall(
        ctypes.c_long(_MOUNT_SETATTR),
        ctypes.c_int(_AT_FDCWD),
        ctypes.c_char_p(os.fsencode(path)),
        ctypes.c_uint(flags),
        ctypes.byref(attributes),
        ctypes.c_size_t(ctypes.sizeof(attributes)),
    )
    return result


def _mounts() -> list[tuple[str, int, str]]:
    """Every mount of this namespace: path, flags, kind of file system (proc(5))."""
    found = []
    with open("/proc/self/mountinfo", "rb") as file:
        for line in file:
            fields, _, more = line.partition(b" - ")
            path, options = fields.split(b" ")[4:6]
            plain = os.fsdecode(path.decode("unicode_escape").encode("latin-1"))
            flags = sum(_FLAGS.get(name, 0) for name in options.decode().split(","))
            found.append((plain, flags, more.split(b" ")[0].decode()))
    return found


def _mount(source: str | None, target: str, flags: int) -> None:
    name = None if source is None else os.fsencode(source)
    _check(_libc.mount(name, os.fsencode(target), None, ctypes.c_ulong(flags), None), target)


def _check(result: int, path: str | None = None) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), path)


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def _start(words: list[str], where: str) -> None:
    os.chdir(where)
    _check(_libc.prctl(_PDEATHSIG, signal.SIGKILL, 0, 0, 0))
    _check(_libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0))
    os.execvp(words[0], words)


def main(arguments: list[str]) -> int:
    """Run the program; its exit code, as a shell would give it."""
    mode, folder, file, place, *words = arguments
    if mode == "plain":
        _start(words, f"{folder}/tmp")
    try:
        enter(folder, file, place)
        # The first process of the new numbering; when it ends, all others of it end.
        child = os.fork()
    except OSError as error:
        print(f"no namespaces: {error}", file=sys.stderr)
        return NO_NAMESPACES
    if not child:
        try:
            _start(words, "/tmp")
        finally:
            os._exit(127)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
