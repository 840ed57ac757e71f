"""What packages of an index want of a machine, and which of them it can have."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conda_cuda_plugin.packages.needs import Unmet, find_unmet, first_unfit, fitting

from .channel import SUBDIR


def unmet(folder: Path, spec: str, **system: str) -> Unmet | None:
    named = {f"__{name}": version for name, version in system.items()}
    return find_unmet([folder.as_uri()], SUBDIR, [spec], named)


@pytest.mark.parametrize(
    ("spec", "system", "text", "newest"),
    [
        ("driven", {}, "driven 2.0 wants __cuda >=13", None),
        ("driven=2", {"cuda": "12.4"}, "driven 2.0 wants __cuda >=13", "1.0"),
        ("archful", {"cuda": "12.4"}, "archful 1.0 wants __cuda_arch >=8.0", None),
        (
            "fast=2", {"cuda": "12.4", "cuda_arch": "9.0"},
            "fast 2.0 wants __cuda >=13, through cuda-version 13.0", "1.0",
        ),
        (
            "app=3", {"cuda": "13.0", "cuda_arch": "7.5"},
            "app 3.0 wants __cuda_arch >=8.0, through fast 2.0 and cuda-arch", "2.0",
        ),
        (
            "fast[version=2,build=*arch90*]", {"cuda": "13.0", "cuda_arch": "8.6"},
            "fast 2.0 wants __cuda_arch >=9.0, through cuda-arch", "2.0",
        ),
        (
            "app=3", {"cuda": "12.4", "cuda_arch": "7.0"},
            "app 3.0 wants __cuda >=13 and __cuda_arch >=8.0, through fast 2.0, cuda-version 13.0 "
            "and cuda-arch", "2.0",
        ),
        ("cuda-version=13", {"cuda": "12.9"}, "cuda-version 13.0 wants __cuda >=13", "12.9"),
        ("cuda-arch=9.0", {"cuda": "13.0", "cuda_arch": "8.6"},
         "cuda-arch 9.0 wants __cuda_arch 9.0.*", "8.6"),
    ],
)  # fmt: skip
def test_who_wants_what(
    spec: str, system: dict[str, str], text: str, newest: str | None, channel: Path
) -> None:
    found = unmet(channel / "conda-forge", spec, **system)
    assert found is not None
    assert (found.text, found.newest) == (text, newest)


@pytest.mark.parametrize(
    ("spec", "system"),
    [
        ("fast", {"cuda": "12.4", "cuda_arch": "7.5"}),
        ("fast=2", {"cuda": "13.0", "cuda_arch": "8.9"}),
        # What is constrained need not be there.
        ("fast=2", {}),
        ("fast=2", {"cuda": "13.0"}),
        ("driven=2", {"cuda": "13.0"}),
        ("nothing", {}),
        ("fast=7", {"cuda": "12.4"}),
        ("no[spec", {}),
        ("*", {"cuda": "12.4"}),
    ],
)
def test_the_machine_is_not_the_reason(spec: str, system: dict[str, str], channel: Path) -> None:
    assert unmet(channel / "conda-forge", spec, **system) is None


def write_index(folder: Path, rows: Mapping[str, Mapping[str, object]]) -> Path:
    """A channel that has an index alone."""
    for subdir, packages in ((SUBDIR, rows), ("noarch", {})):
        (folder / subdir).mkdir(parents=True)
        index = {"info": {"subdir": subdir}, "packages": {}, "packages.conda": packages}
        (folder / subdir / "repodata.json").write_text(json.dumps(index))
    return folder


def row(name: str, version: str, depends: Iterable[object] = (), constrains: object = ()) -> dict:
    return {
        "name": name, "version": version, "build": "0", "build_number": 0,
        "depends": list(depends), "constrains": constrains, "md5": "0" * 32, "size": 1,
    }  # fmt: skip


def rows(*packages: dict) -> dict[str, dict]:
    return {f"{one['name']}-{one['version']}-0.conda": one for one in packages}


def test_packages_in_a_circle(tmp_path: Path) -> None:
    index = rows(row("a", "1", ["b"]), row("b", "1", ["a", "__cuda >=13"]))
    write_index(tmp_path / "channel", index)
    found = unmet(tmp_path / "channel", "a")
    assert found is not None
    assert found.text == "a 1 wants __cuda >=13, through b 1"


def test_a_chain_without_an_end(tmp_path: Path) -> None:
    many = [row(f"p{number}", "1", [f"p{number + 1}"]) for number in range(5000)]
    write_index(tmp_path / "channel", rows(*many, row("p5000", "1", ["__cuda"])))
    assert unmet(tmp_path / "channel", "p0") is None
    assert unmet(tmp_path / "channel", "p4990") is not None


@pytest.mark.parametrize(
    "constrains", [None, 7, "__cuda >=13", [None, 7, ["__cuda >=13"]], {"__cuda": ">=13"}]
)
def test_constraints_that_are_none(constrains: object, tmp_path: Path) -> None:
    write_index(tmp_path / "channel", rows(row("a", "1", (), constrains)))
    assert unmet(tmp_path / "channel", "a", cuda="12.4") is None


def test_what_makes_no_sense_is_met_by_nothing(tmp_path: Path) -> None:
    write_index(tmp_path / "channel", rows(row("a", "1", ["__cuda >=x[y"])))
    found = unmet(tmp_path / "channel", "a", cuda="12.4")
    assert found is not None
    assert found.example("__cuda") is None


def test_what_an_index_says_is_shown_on_one_line_and_cut(tmp_path: Path) -> None:
    wants = [
        f"__cuda >=99{'9' * 5000}",
        "__cuda >=9\x1b[31m\n",
        *(f"__cuda >={n}" for n in range(99, 200)),
    ]
    write_index(tmp_path / "channel", rows(row("a", "1", wants)))
    found = unmet(tmp_path / "channel", "a", cuda="12.4")
    assert found is not None
    assert found.text.isprintable()
    assert len(found.text) < 300
    assert found.text.endswith(" and 100 more")


@pytest.mark.parametrize(
    ("through", "text"),
    [
        ((), "a 1 wants __cuda"),
        (("b 1",), "a 1 wants __cuda, through b 1"),
        (("b 1", "c 2"), "a 1 wants __cuda, through b 1 and c 2"),
        (("b 1", "c 2", "d 3"), "a 1 wants __cuda, through b 1, c 2 and d 3"),
        (("b 1", "c 2", "d 3", "e 4", "f 5"), "a 1 wants __cuda, through b 1, c 2, d 3 and 2 more"),
    ],
)
def test_a_list_in_a_sentence(through: tuple[str, ...], text: str) -> None:
    assert Unmet("a", "1", ("__cuda",), through, None).text == text


_versions = st.sampled_from(["7.5", "8.0", "8.6", "9.0", "12.4", "13.0"])
_wants = st.lists(
    st.tuples(
        st.sampled_from(["__cuda", "__cuda_arch"]),
        st.sampled_from([">=", "<", "==", "!="]),
        _versions,
    ).map(lambda parts: f"{parts[0]} {parts[1]}{parts[2]}"),
    max_size=2,
)
_systems = st.fixed_dictionaries({}, optional={"__cuda": _versions, "__cuda_arch": _versions})
_folders = count()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    return tmp_path_factory.mktemp("indexes")


@settings(max_examples=150, deadline=None)
@given(
    made=st.lists(
        st.lists(st.tuples(_wants, _wants), min_size=1, max_size=3), min_size=1, max_size=4
    ),
    system=_systems,
)
def test_a_package_can_be_had_or_says_what_it_wants(
    made: list[list[tuple[list[str], list[str]]]], system: dict[str, str], folder: Path
) -> None:
    """Packages p0, p1, ... in versions 0, 1, ...; each depends on any version of the one before."""
    packages, can, lacking = [], list[list[int]](), set[str]()
    for number, versions in enumerate(made):
        before = [f"p{number - 1}"] if number else []
        can.append([])
        for version, (depends, constrains) in enumerate(versions):
            packages.append(row(f"p{number}", str(version), [*depends, *before], constrains))
            binding = [*depends, *(one for one in constrains if one.split()[0] in system)]
            lacks = {want for want in binding if not _meets(want, system)}
            lacking |= lacks
            if not lacks and (number == 0 or can[number - 1]):
                can[number].append(version)
    place = write_index(folder / str(next(_folders)), rows(*packages))
    top, newest = f"p{len(made) - 1}", len(made[-1]) - 1
    found = find_unmet([place.as_uri()], SUBDIR, [f"{top} {newest}"], system)
    assert (found is None) == (newest in can[-1])
    if found is not None:
        assert (found.name, found.version) == (top, str(newest))
        assert found.newest == (str(max(can[-1])) if can[-1] else None)
        assert found.wants
        assert set(found.wants) <= lacking
        for name in ("__cuda", "__cuda_arch"):
            if (version := found.example(name)) is not None:
                own = [want for want in found.wants if want.split()[0] == name]
                assert any(_meets(want, {name: version}) for want in own)


def _meets(want: str, system: Mapping[str, str]) -> bool:
    name, _, rest = want.partition(" ")
    if name not in system:
        return False
    sign = rest.rstrip("0123456789.")
    left, right = (tuple(map(int, text.split("."))) for text in (system[name], rest[len(sign) :]))
    return {">=": left >= right, "<": left < right, "==": left == right, "!=": left != right}[sign]


def test_what_the_classic_solver_lets_through(tmp_path: Path) -> None:
    """It is asked again for versions that the machine can have."""
    packages = [row("cuda-arch", text, (), [f"__cuda_arch {text}"]) for text in ("7.5", "8.6")]
    place = write_index(tmp_path / "channel", rows(*packages)).as_uri()
    [chosen] = [_Record(one) for one in packages if one["version"] == "8.6"]
    system = {"__cuda": "12.4", "__cuda_arch": "7.5"}
    unfit = first_unfit([chosen], system)
    assert unfit is not None
    assert unfit.text == "cuda-arch 8.6 wants __cuda_arch 8.6"
    assert fitting([place], SUBDIR, [chosen], system) == ["cuda-arch 7.5"]
    assert first_unfit([chosen], {"__cuda": "12.4"}) is None


class _Record:
    """A package as a solver gives it."""

    def __init__(self, facts: dict) -> None:
        self.name, self.version = facts["name"], facts["version"]
        self.depends, self.constrains = facts["depends"], facts["constrains"]
