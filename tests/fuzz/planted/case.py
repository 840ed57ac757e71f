"""One case: something is planted, some commands meet it, and nothing outside may have changed."""

from __future__ import annotations

import json
import os
import random
import re
from pathlib import Path
from typing import Any

from plants import AS_OTHER, KINDS, NEEDS_ROOT, changes, give, look, plant
from server import Commands, Done
from verbs import AFTER, CHANGE, NO_ENVIRONMENT, READ, SLOW
from world import World

SEED = 12
OTHER = 54321
"""A user who is nobody else."""
CODES = (0, 1, 2, 3)
CONDAS = ("/info/repodata_record.json", "/urls.txt")
"""In the package cache, where conda itself writes, and follows links: no file of ours."""
OWN = ("home/envs/two", "pkgs", "here/mirror", "here/written.yaml", "home/.conda")
"""Where commands may write, relative to the top."""
_RANDOM = re.compile(r"\.[0-9a-f]{8}\.|conda-cuda-tmp|[0-9a-f]{8}-[0-9a-f]{4}-|__pycache__")


class Cases:
    """All combinations of a place, something to put there and a command, in a spread order."""

    def __init__(self, commands: Commands, top: str) -> None:
        self.commands, self.world = commands, World(Path(top))
        self.root = os.getuid() == 0
        touched = self._record()
        world = self.world
        known = {path for path in world.paths() if self._matters(path)}
        for paths in touched.values():
            known |= paths
        for path in list(known):
            known |= {str(p) for p in Path(path).parents if self._matters(str(p))}
        self.places = sorted(known)
        kinds = [kind for kind in KINDS if self.root or kind not in NEEDS_ROOT]
        self.cases = [
            (place, kind, verb)
            for verb in (*CHANGE, *SLOW)
            for place in self.places
            if verb not in SLOW or place in touched[verb]
            for kind in kinds
        ]
        random.Random(SEED).shuffle(self.cases)

    def describe(self) -> dict[str, Any]:
        """How many there are, and of what."""
        return {"cases": len(self.cases), "places": self.places, "kinds": list(KINDS)}

    def _matters(self, path: str) -> bool:
        world = self.world
        inside = path.startswith((f"{world.prefix}/", f"{world.pkgs}/", f"{world.here}/"))
        name = path.removeprefix(str(world.top))
        return inside and not _RANDOM.search(name) and not path.endswith(CONDAS)

    def _record(self) -> dict[str, set[str]]:
        """What each command reads and writes, by what it opens; with the folders above."""
        touched: dict[str, set[str]] = {}
        for verb in (*CHANGE, *SLOW, *READ, *AFTER):
            self.world.renew(0)
            done = self._command(verb, 0 if self.root else os.getuid(), watch=True)
            assert done.code == 0 or verb.startswith(("which", "doctor")), (verb, done)
            paths = {path for path in done.opened if self._matters(path)}
            above = {str(p) for path in paths for p in Path(path).parents}
            touched[verb] = paths | {path for path in above if self._matters(path)}
            self.commands.warm(done.modules)
        return touched

    def _command(self, verb: str, user: int, *, watch: bool = False) -> Done:
        world = self.world
        words = ["cuda", *verb.replace("HERE", str(world.here)).split()]
        if not verb.startswith(NO_ENVIRONMENT):
            words[2:2] = ["-p", str(world.prefix)]
        os.environ["CONDA_PREFIX"] = str(world.prefix)
        return self.commands(words, user, world.here, watch=watch)

    def run(self, number: int) -> dict[str, Any]:
        """Try one; what is wrong, and how many combinations it was."""
        place, kind, verb = self.cases[number % len(self.cases)]
        reads = [READ[(number + more * 3) % len(READ)] for more in range(7)]
        other = self.root and (kind in AS_OTHER or number % 4 == 0)
        user = OTHER if other else os.getuid()
        world, wrong = self.world, list[str]()
        world.renew(user)
        shown = os.path.relpath(place, world.top)
        try:
            plant(kind, Path(place), world.prefix, world.outside)
            if other and not kind.startswith("of root"):
                give(Path(place), user)
        except OSError as error:
            return {"wrong": [], "combinations": 0, "skipped": f"{kind} {shown}: {error}"}
        # What lies in the package cache is linked into environments, as conda does.
        self.linked = kind.startswith("hard link") and place.startswith(f"{world.pkgs}/")
        self.seen, self.told = look(world.top), list[str]()
        for one in (*reads, verb):
            self._check(one, self._command(one, user), wrong)
            self._compare(one, wrong, reads=one is not verb)
        self._afterwards(place, user, wrong)
        case = f"case {number}: {kind} at {shown}, {'another user' if other else 'own user'}"
        return {
            "wrong": [f"{case}: {one}" for one in wrong],
            "combinations": 1 + len(reads),
            "told": [f"{case}: {one}" for one in self.told],
        }

    def _check(self, verb: str, done: Done, wrong: list[str]) -> None:
        text = done.out + done.err
        if done.code is None:
            wrong.append(f"{verb}: took too long")
        elif "Traceback" in text or "unexpected error" in text:
            wrong.append(f"{verb}: {text[-1500:]}")
        elif done.code not in CODES:
            wrong.append(f"{verb}: exit {done.code}: {text[-300:]}")
        elif done.code in (1, 2) and not text.strip():
            wrong.append(f"{verb}: exit {done.code} without a word")
        if "--json" in verb and done.code is not None:
            try:
                json.loads(done.out)
            except ValueError:
                wrong.append(f"{verb}: no JSON: {text[-300:]}")

    def _compare(self, verb: str, wrong: list[str], reads: bool = False) -> None:
        before, self.seen = self.seen, look(self.world.top)
        for change in changes(before, self.seen, more_names=self.linked):
            name = change.split(": ")[0]
            inside = any(name == one or name.startswith(f"{one}/") for one in OWN)
            if not inside or (reads and name.startswith("home/envs/two/")):
                wrong.append(f"{verb} changed {change}")

    def _afterwards(self, place: str, user: int, wrong: list[str]) -> None:
        """`doctor --fix`, and what has to work then or to say why it does not."""
        for verb in AFTER:
            done = self._command(verb, user)
            self._check(f"then {verb}", done, wrong)
            self._compare(f"then {verb}", wrong)
            if verb.startswith("doctor"):
                self._judge(place, done, wrong)
            elif done.code != 0:
                self.told.append(f"{verb}: {done.err.strip()[:300]}")
            if (
                not verb.startswith("doctor")
                and done.code != 0
                and not self._names(place, done.out + done.err)
            ):
                wrong.append(f"then {verb}: exit {done.code}: {done.err[-400:]}")

    def _judge(self, place: str, done: Done, wrong: list[str]) -> None:
        """What is left is healthy, or named."""
        if done.code == 0:
            return
        try:
            findings = json.loads(done.out)["findings"]
        except (ValueError, KeyError):
            if not self._names(place, done.out + done.err):
                wrong.append(f"then doctor: {done.out[-300:]}{done.err[-300:]}")
            return
        for one in findings:
            self.told.append(f"{one['rule']}: {one['summary']} {one['evidence'][:2]}")
            if one["severity"] == "error" and one["rule"] != "toolkit-damaged":
                text = json.dumps(one)
                if not self._names(place, text):
                    wrong.append(f"then doctor says: {text}")

    def _names(self, place: str, text: str) -> bool:
        """Whether a text names a place, a folder above or below it, or where a link leads."""
        if str(self.world.outside) in text:
            return True
        if place == f"{self.world.prefix}/conda-meta" and "is not a conda environment" in text:
            return True
        inside = os.path.relpath(place, self.world.prefix)
        parts = Path(inside).parts
        return any("/".join(parts[:n]) in text for n in range(1, len(parts) + 1))
