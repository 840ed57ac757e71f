"""Facts of objects as documents of `--json`."""

from __future__ import annotations

import json
from pathlib import Path

from conda_cuda_plugin.cli.common import facts
from conda_cuda_plugin.sources.base import AvailableFlavor, Offer, Package
from conda_cuda_plugin.toolkit import Flavor, Origin
from conda_cuda_plugin.versions import CudaVersion


def test_versions_and_paths_are_text_and_enumerations_their_value() -> None:
    version = CudaVersion(12, 4, 1)
    one = Package("cuda-cudart", "12.4.127", 0)
    place = Path("/usr/local/cuda-12.4")
    offer = Offer(Origin.SYSTEM, version, Flavor.BASE, ("cudart",), (one,), "here", location=place)
    found = facts(offer, "version origin flavor components from=detail location note")
    assert json.loads(json.dumps(found)) == {
        "version": "12.4.1",
        "origin": "system",
        "flavor": "base",
        "components": ["cudart"],
        "from": "here",
        "location": "/usr/local/cuda-12.4",
        "note": None,
    }
    assert type(found["origin"]) is str


def test_numbers_and_flags_stay_what_they_are() -> None:
    found = AvailableFlavor(CudaVersion(12, 4, 1), Flavor.BASE, "there", None, True)
    assert facts(found, "size nvcc") == {"size": None, "nvcc": True}
    assert facts(Package("one", "1", 0), "size") == {"size": 0}
