"""Where `use` finds nothing, the way that there is: a command to copy, by our tables."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conda_cuda_plugin.data import DATA
from conda_cuda_plugin.platforms import platform_of
from conda_cuda_plugin.sources.base import NotOffered, ToolkitRequest
from conda_cuda_plugin.sources.choice import NoSourceError
from conda_cuda_plugin.sources.runfile.installers import InstallerName, address_of, installer_for
from conda_cuda_plugin.toolkit import Flavor, releases
from conda_cuda_plugin.versions import VersionRequest

from ..conftest import Conda

LINUX = platform_of("linux-64")
NETWORK = "Check the network, or name another channel with -c."
UNREACHED = NotOffered("channel", "cannot be reached", hints=[NETWORK], unreachable=True)
ASKED = [NotOffered("environment", "has none"), UNREACHED, NotOffered("pypi", "has none")]


def refusal(version: str, flavor: Flavor | None = None) -> NoSourceError:
    request = ToolkitRequest(VersionRequest.parse(version), LINUX, flavor)
    return NoSourceError(request, list(ASKED))


@pytest.mark.parametrize("version", [str(row.version) for row in releases()])
@pytest.mark.parametrize("flavor", [None, Flavor.DEVEL])
def test_every_release_has_a_way(version: str, flavor: Flavor | None) -> None:
    """Those that neither an installer nor an archive is known of may still be on a channel."""
    hints = refusal(version, flavor).hints
    ways = [hint for hint in hints if hint.startswith(f"conda cuda use {version} ")]
    known = installer_for(VersionRequest.parse(version), "x86_64")
    manifest = version in json.loads((DATA / "redist.json").read_text())["releases"]
    assert len(ways) == bool(known) + manifest
    assert all("--flavor devel" in way for way in ways) or flavor is None


@pytest.mark.parametrize(
    ("version", "flavor", "network"),
    [
        ("10.2", None, True),
        ("10.2", Flavor.DEVEL, False),
        ("11.2", Flavor.DEVEL, False),
        ("9.0", None, False),
        ("12.4", Flavor.DEVEL, True),
        ("12.7", None, False),
        ("12.4.9", None, False),
    ],
)
def test_the_network_is_named_only_where_it_is_the_reason(
    version: str, flavor: Flavor | None, network: bool
) -> None:
    assert (NETWORK in refusal(version, flavor).hints) == network


def test_the_command_names_the_environment_that_is_not_active(
    conda: Conda, environment: Path
) -> None:
    words = ("use", environment, "10.2", "--from", "pypi", "--for", "cc=7.0")
    elsewhere = conda.cuda(*words, check=False).err
    assert "  conda cuda use 10.2 -n one --from runfile   (NVIDIA's installer " in elsewhere
    active = {"CONDA_PREFIX": str(environment), "CONDA_SHLVL": "1"}
    here = conda.cuda(*words, check=False, **active).err
    assert "  conda cuda use 10.2 --from runfile   (NVIDIA's installer " in here


def test_the_installer_of_a_release_is_taken_from_nvidia(conda: Conda, environment: Path) -> None:
    offline = conda.cuda("use", environment, "10.2", "--from", "runfile", "--offline", check=False)
    assert "no installer was named" in offline.err
    words = ("10.2", "--from", "runfile", "--dry-run", "--for", "cc=7.0")
    plan = conda.cuda("use", environment, *words, "--json").json["plan"]
    name = "cuda_10.2.89_440.33.01_linux.run"
    assert plan["version"] == "10.2.89"
    assert plan["install"]["from"] == address_of(name)
    assert plan["install"]["from"].endswith(f"/10.2/Prod/local_installers/{name}")
    # The address itself does the same, for one without the ending, too.
    assert conda.cuda(
        "use", environment, "10.2", "--from", address_of(name), *words[3:], "--json"
    ).json["plan"]["install"]["from"] == address_of(name)
    old = address_of("cuda_10.0.130_410.48_linux")
    plan = conda.cuda("use", environment, "10.0", "--from", old, *words[3:], "--json").json["plan"]
    assert plan["origin"] == "runfile"


def test_every_installer_has_an_address() -> None:
    names = json.loads((DATA / "runfiles.json").read_text())["sha256"]
    for name in names:
        said = InstallerName.parse(name)
        assert said is not None
        assert address_of(name).startswith("https://developer.")
        assert said.version.release.replace(".", "") in address_of(name).replace(".", "").replace(
            "_", ""
        )
