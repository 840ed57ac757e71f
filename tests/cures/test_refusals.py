"""What nobody here has is said as what it is, with the source that has it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from .world import World

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux toolkits")
DEVEL = (("13.0", "--from=pypi", "--flavor=devel"),)


def use(world: World, *words: str, sources: str = "pypi") -> str:
    """What a refused `use` says."""
    prefix, condarc = world.conda.envs / "mine", world.condarc(sources)
    result = world.conda.cuda("use", prefix, *words, "--yes", check=False, CONDARC=condarc)
    assert result.code == 1, result
    return result.err


def test_a_flavor_does_not_stand_for_what_its_source_lacks(world: World) -> None:
    """The wheels of 13.0 have no cuobjdump, so a devel toolkit made of them has none either."""
    world.environment(DEVEL)
    said = use(world, "13.0", "--components", "cuobjdump,nvdisasm", "--from", "pypi")
    assert "pypi has no components cuobjdump and nvdisasm for CUDA 13.0.2" in said
    assert "conda cuda use 13.0 --components 'cuobjdump,nvdisasm' --from channel" in said


def test_the_other_source_then_gives_it(world: World) -> None:
    mine = world.environment(DEVEL)
    words = ("13.0", "--components", "cuobjdump", "--yes")
    world.conda.cuda("use", mine, *words, CONDARC=world.condarc("all"))
    assert (mine / "cuda" / "bin" / "cuobjdump").is_file()


def test_it_is_the_add_on_that_nobody_has(world: World) -> None:
    world.environment(())
    said = use(world, "12.4", "--cudnn", "99")
    assert "No source has cuDNN 99 for CUDA 12.4." in said
    assert "9.1.0.70" in said


@pytest.mark.parametrize("name", ["cuobjdump", "/usr/bin/ld: cannot find -lcuda"])
def test_what_wheels_never_hold_is_not_promised(world: World, name: str) -> None:
    """A `use` of the wheels would say "current already"."""
    world.environment(DEVEL)
    answer = world.ask("which", name, CONDARC=world.condarc("pypi"))["answers"][0]
    assert answer["command"] is None and "pypi has CUDA 13.0 without it" in answer["advice"]
    assert answer["route"] == (
        "conda cuda use 13.0 --flavor devel --from channel -c nvidia/label/cuda-13.0.2 -n mine"
    )
    answer = world.ask("which", name, CONDARC=world.condarc("all"))["answers"][0]
    assert answer["command"] == "conda cuda use 13.0 --flavor devel --from channel -n mine"


def test_a_file_name_that_no_release_has(world: World) -> None:
    world.environment(())
    answer = world.ask("which", "libcudart.so.12.0", CONDARC=world.condarc("all"))["answers"][0]
    assert answer["command"] is None and "programs load libcudart.so.12." in answer["advice"]


def silent(world: World) -> dict[str, str]:
    """The variables under which neither channel nor index answers."""
    settings = world.folder / "nobody.yml"
    plugins = "plugins:\n  cuda_channels: ['http://127.0.0.1:9/nobody']\n"
    settings.write_text((world.conda.home / "condarc.yml").read_text() + plugins)
    index = {"PIP_NO_INDEX": "0", "PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_FIND_LINKS": ""}
    return {"CONDARC": str(settings), **index}


def test_where_nobody_answers_the_command_is_for_later(world: World, tmp_path: Path) -> None:
    """The command can be copied, and is not told as one that helps now."""
    world.environment(())
    (tmp_path / "urls.txt").touch()
    variables = {**silent(world), "CONDA_PKGS_DIRS": str(tmp_path)}
    answer = world.ask("which", "libcudart.so.12", **variables)["answers"][0]
    assert answer["command"] is None and "cannot be reached" in answer["advice"]
    assert answer["route"].startswith("conda cuda use 12.9 --from channel")


def test_what_is_in_the_cache_counts(world: World) -> None:
    world.environment((("12.4", "--from=pypi"),))
    mine = world.environment(())
    answer = world.ask("which", "libcufft.so.11", **silent(world))["answers"][0]
    assert answer["command"] == "conda cuda use 12.4 -n mine"
    world.conda.cuda("use", mine, "12.4", "--yes", **silent(world))
    assert world.ask("which", "libcufft.so.11", **silent(world))["answers"][0]["found"]
