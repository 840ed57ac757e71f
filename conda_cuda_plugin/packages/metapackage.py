"""The package `conda-cuda-toolkit`, which stands for a whole toolkit in a mirror.

It is empty and depends on exactly the packages that were mirrored. So the other side gets what was
mirrored, whatever the packages are called, and any conda can install it. Its row of the index says
what of CUDA it stands for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..convert.conda_file import write_package
from ..toolkit import Flavor, beyond
from ..versions import CudaVersion
from .channel_records import Row

NAME = "conda-cuda-toolkit"
_OURS = "conda_cuda"
"""The key of a row that says what of CUDA the package is."""


@dataclass(frozen=True)
class Metapackage:
    """A toolkit in a mirror."""

    version: CudaVersion
    subdir: str
    flavor: Flavor | None
    components: tuple[str, ...]
    """As the offer that was mirrored has them."""
    depends: tuple[str, ...]
    """`name version build` of each of its packages, in the order in which they are linked."""
    addons: Mapping[str, str] = field(default_factory=dict)
    host_compiler: bool = False
    origin: str = ""
    """The source that the packages were taken from."""

    @property
    def number(self) -> int:
        """The build number: conda takes the largest flavor where it may choose."""
        return self.flavor.rank if self.flavor else 0

    @property
    def build(self) -> str:
        """The build string: the flavor, and what tells apart toolkits with more than that."""
        what = self.flavor.value if self.flavor else "components"
        more = list(beyond(self.flavor, self.components))
        more += [f"{name}={version}" for name, version in sorted(self.addons.items())]
        more += ["host-compiler"] if self.host_compiler else []
        if not more:
            return f"{what}_{self.number}"
        digest = hashlib.sha256("\n".join(more).encode()).hexdigest()[:8]
        return f"{what}_h{digest}_{self.number}"

    @property
    def filename(self) -> str:
        """The name of its file."""
        return f"{NAME}-{self.version}-{self.build}.conda"

    @property
    def spec(self) -> str:
        """What conda is asked for to get it."""
        return f"{NAME} {self.version} {self.build}"

    def write(self, folder: Path) -> Path:
        """Write the package into a folder; the same toolkit gives the same bytes."""
        index = {key: value for key, value in self._index().items() if key != _OURS}
        return write_package(folder, index, [], f"CUDA {self.version}, as mirrored by conda cuda")

    def row(self, **sums: Any) -> dict[str, Any]:
        """Its row of the index, with size and hashes of its file."""
        return {**self._index(), **sums}

    def _index(self) -> dict[str, Any]:
        return {
            "name": NAME,
            "version": str(self.version),
            "build": self.build,
            "build_number": self.number,
            "depends": list(self.depends),
            "constrains": [],
            "subdir": self.subdir,
            _OURS: {
                "flavor": self.flavor.value if self.flavor else None,
                "components": list(self.components),
                "addons": dict(sorted(self.addons.items())),
                "host_compiler": self.host_compiler,
                "origin": self.origin,
            },
        }


def metapackages_of(rows: Iterable[Row]) -> list[Metapackage]:
    """The toolkits that rows of this package's name describe; what describes none is left out."""
    found = []
    for row in rows:
        try:
            facts = row.facts[_OURS]
            one = Metapackage(
                CudaVersion.parse(row.version),
                row.facts["subdir"],
                Flavor(facts["flavor"]) if facts["flavor"] else None,
                tuple(map(str, facts["components"])),
                tuple(map(str, row.depends)),
                {str(key): str(value) for key, value in facts["addons"].items()},
                facts["host_compiler"] is True,
                str(facts["origin"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            continue
        if one.filename == row.file:
            found.append(one)
    return found
