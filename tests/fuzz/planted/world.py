"""The folders of a case, made anew for each from memory."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

from plants import make_outside


class World:
    """An environment, a package cache, a home and what lies outside, always at the same path.

    Args:
        top: where all of it lies; as it is now, it is what every case begins with.
    """

    def __init__(self, top: Path) -> None:
        self.top = top
        self.prefix, self.pkgs = top / "home" / "envs" / "two", top / "pkgs"
        self.outside, self.here = top / "outside", top / "here"
        make_outside(self.outside)
        self._entries: list[tuple[str, int, bytes | str, str | None]] = []
        names: dict[tuple[int, int], str] = {}
        for folder, folders, files in os.walk(top):
            for name in sorted((*folders, *files)):
                path = os.path.join(folder, name)
                facts = os.lstat(path)
                same = None
                data: bytes | str = ""
                if stat.S_ISLNK(facts.st_mode):
                    data = os.readlink(path)
                elif stat.S_ISREG(facts.st_mode):
                    same = names.setdefault((facts.st_dev, facts.st_ino), path)
                    data = Path(path).read_bytes()
                self._entries.append((path, facts.st_mode, data, same))

    def paths(self) -> list[str]:
        """Everything in it."""
        return [entry[0] for entry in self._entries]

    def renew(self, user: int) -> None:
        """Make it as it was, for a user."""
        if os.getuid():
            for folder, _, _ in os.walk(self.top):
                os.chmod(folder, 0o755)
        for path in self.top.iterdir():
            shutil.rmtree(path)
        for name, mode, data, same in self._entries:
            if stat.S_ISDIR(mode):
                os.mkdir(name)
            elif stat.S_ISLNK(mode):
                os.symlink(data, name)
            elif same != name:
                os.link(str(same), name)
                continue
            else:
                with open(name, "wb") as file:
                    file.write(data)  # type: ignore[arg-type]
            if not stat.S_ISLNK(mode):
                os.chmod(name, stat.S_IMODE(mode))
            if user != os.getuid():
                os.chown(name, user, user, follow_symlinks=False)
