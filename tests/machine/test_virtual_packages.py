"""`__cuda_arch` as CEP 46 has it, for conda's solvers, whoever else has it."""

from __future__ import annotations

import importlib.util
import itertools
import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import conda.plugins.types
import pytest
from conda.base.context import context
from conda.plugins import virtual_packages
from conda.plugins.hookspec import CondaSpecs
from conda.plugins.manager import CondaPluginManager
from hypothesis import given, settings
from hypothesis import strategies as st

from conda_cuda_plugin import plugin

from ..conftest import Conda
from .drivers import StandIns
from .looking import L4

HAS_SETTING = hasattr(context, "override_virtual_packages")
DRIVER = {"STANDIN_CUDA": "12040", "STANDIN_DRIVER": "550.54.15"}
MIXED = {**DRIVER, "STANDIN_GPUS": "NVIDIA H100:9:0;Tesla V100:7:0;NVIDIA L4:8:9"}
NO_GPU = {**DRIVER, "STANDIN_GPUS": ""}
NOBODY: dict[str, str] = {}
CUDA, ARCH = "CONDA_OVERRIDE_CUDA", "CONDA_OVERRIDE_CUDA_ARCH"

CEP = {
    "absent when __cuda is absent: no driver": (NOBODY, {}, None, None),
    "absent when __cuda is absent: stated away": (MIXED, {CUDA: ""}, None, None),
    "absent when __cuda is absent: a driver that does not start": (
        {**L4, "STANDIN_CUDA_INIT": "999"}, {}, None, None),
    "the lowest of all devices": (MIXED, {}, "12.4", "7.0"),
    "the lowest is that of numbers, not of text": (
        {**DRIVER, "STANDIN_GPUS": "NVIDIA B300:10:3;NVIDIA L4:8:9"}, {}, "12.4", "8.9"),
    "formatted as major.minor": ({**DRIVER, "STANDIN_GPUS": "GeForce:12:0"}, {}, "12.4", "12.0"),
    "present when a device is detected": (L4, {}, "12.4", "8.9"),
    "present beside a __cuda that is stated": (L4, {CUDA: "11.8"}, "11.8", "8.9"),
    "absent without devices": (NO_GPU, {}, "12.4", None),
    "absent without devices, the driver being stated": (NOBODY, {CUDA: "12.4"}, "12.4", None),
    "the override without devices": (NO_GPU, {ARCH: "9.0"}, "12.4", "9.0"),
    "the override in place of devices": (MIXED, {ARCH: "9.0"}, "12.4", "9.0"),
    "the override beside a __cuda that is stated": (
        NOBODY, {CUDA: "12.4", ARCH: "9.0"}, "12.4", "9.0"),
    "the override where __cuda is absent": (NOBODY, {ARCH: "9.0"}, None, None),
    "the override where __cuda is stated away": (MIXED, {CUDA: "", ARCH: "9.0"}, None, None),
    "an override that is no capability is none": (MIXED, {ARCH: "fast"}, "12.4", "7.0"),
    "letters are excluded": (MIXED, {ARCH: "9.0a"}, "12.4", "7.0"),
    "the empty override": (MIXED, {ARCH: ""}, "12.4", None),
    "hidden devices are devices of the system": (MIXED, {"CUDA_VISIBLE_DEVICES": ""}, "12.4", "7.0"),
}  # fmt: skip
"""The sentences of the CEP: the driver and GPUs, what is stated, `__cuda`, `__cuda_arch`."""
OTHER = """
from conda.plugins import hookimpl
from conda.plugins.types import CondaVirtualPackage

@hookimpl
def conda_virtual_packages():
    yield CondaVirtualPackage(name="cuda_arch", version="7.5", build="0")
"""
"""Such as nvidia-virtual-packages."""


@pytest.fixture
def machine(conda: Conda, standins: StandIns) -> Conda:
    """A conda where the libraries of a driver can be found."""
    conda.variables["LD_LIBRARY_PATH"] = str(standins.folder)
    return conda


def known(conda: Conda, **variables: str | None) -> dict[str, tuple[str, str]]:
    """conda's virtual packages of a GPU: version and build string."""
    rows = conda("info", "--json", **variables).json["virtual_pkgs"]
    return {name: (version, build) for name, version, build in rows if name.startswith("__cuda")}


def place(given_: dict[str, str]) -> dict[str, str | None]:
    """Without a driver the libraries are not there."""
    return {**given_} if given_ else {"LD_LIBRARY_PATH": None}


@pytest.mark.parametrize(("driver", "stated", "cuda", "arch"), CEP.values(), ids=CEP)
def test_the_sentences_of_the_cep(
    machine: Conda, driver: dict[str, str], stated: dict[str, str], cuda: str, arch: str
) -> None:
    expected = {"__cuda": cuda, "__cuda_arch": arch}
    found = known(machine, **place(driver), **stated)
    assert found == {name: (text, "0") for name, text in expected.items() if text}


@pytest.fixture
def channel(tmp_path: Path) -> str:
    """A program in variants: `fast` says itself what it needs, `forge` by conda-forge's `cuda-arch`."""
    rows = {}
    for version, number in (("7.0", 700), ("8.0", 800), ("9.0", 900)):
        build = {"version": "1", "build": f"sm{number}", "build_number": number}
        asks = {"depends": [f"__cuda_arch >={version}"]}
        rows[f"fast-1-sm{number}.tar.bz2"] = {"name": "fast", **build, **asks}
        asks = {"depends": ["__cuda_arch", f"cuda-arch >={version}"]}
        rows[f"forge-1-sm{number}.tar.bz2"] = {"name": "forge", **build, **asks}
        asks = {"depends": [], "constrains": [f"__cuda_arch >={version}"]}
        build = {"version": version, "build": "0", "build_number": 0}
        rows[f"cuda-arch-{version}-0.tar.bz2"] = {"name": "cuda-arch", **build, **asks}
    for row in rows.values():
        row.update(subdir="noarch", md5="0" * 32, size=1)
    (tmp_path / "noarch").mkdir()
    index = {"info": {"subdir": "noarch"}, "packages": rows}
    (tmp_path / "noarch" / "repodata.json").write_text(json.dumps(index))
    return tmp_path.as_uri()


@pytest.mark.parametrize(
    ("solver", "package"),
    [
        ("classic", "fast"),  # It knows no constraints on virtual packages.
        *itertools.product(("rattler", "libmamba"), ("fast", "forge")),
    ],
)
@pytest.mark.parametrize(
    ("driver", "stated", "build"),
    [
        pytest.param(L4, {}, "sm800", id="L4"),
        pytest.param(MIXED, {}, "sm700", id="mixed"),
        pytest.param(MIXED, {ARCH: "9.0"}, "sm900", id="one-of-them"),
        pytest.param(NOBODY, {CUDA: "12.4", ARCH: "8.6"}, "sm800", id="login-node"),
        pytest.param(NOBODY, {}, None, id="no-driver"),
        pytest.param(NO_GPU, {}, None, id="no-gpu"),
    ],
)
def test_solvers_choose_by_it(
    machine: Conda,
    channel: str,
    solver: str,
    package: str,
    driver: dict[str, str],
    stated: dict[str, str],
    build: str | None,
) -> None:
    if solver != "classic" and importlib.util.find_spec(f"conda_{solver}_solver") is None:
        pytest.skip(f"the conda under test has no conda-{solver}-solver")
    words = ["create", "-n", "x", "--override-channels", "-c", channel, package, "--dry-run"]
    words += ["--json", "--solver", solver]
    result = machine(*words, check=False, **place(driver), **stated)
    found = result.json
    if build is None:
        assert not found.get("success")
        assert "Traceback" not in result.err
    else:
        rows = {row["name"]: row["build_string"] for row in found["actions"]["LINK"]}
        assert rows[package] == build


def hooks(text: str, name: str) -> ModuleType:
    """A plugin with some code."""
    module = ModuleType(name)
    exec(textwrap.dedent(text), module.__dict__)
    return module


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
@pytest.mark.parametrize("hookimpl", ["", "(tryfirst=True)", "(trylast=True)"])
def test_another_plugin_that_has_it_is_left_alone(
    order: tuple[int, ...], hookimpl: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CUDA, "12.4")
    monkeypatch.setenv(ARCH, "9.0")
    text = OTHER.replace("@hookimpl", f"@hookimpl{hookimpl}")
    plugins = [plugin, hooks(text, "other"), virtual_packages.cuda]
    manager = CondaPluginManager()
    manager.add_hookspecs(CondaSpecs)
    manager.load_plugins(*(plugins[number] for number in order))
    found = {one.name: one.version for one in manager.get_hook_results("virtual_packages")}
    assert set(found) == {"cuda", "cuda_arch"}
    assert found["cuda_arch"] == "7.5"


def test_one_with_other_packages_is_not_disturbed() -> None:
    text = OTHER.replace('"cuda_arch"', '"other"')
    manager = CondaPluginManager()
    manager.add_hookspecs(CondaSpecs)
    manager.load_plugins(plugin, hooks(text, "other"))
    assert "other" in {one.name for one in manager.get_hook_results("virtual_packages")}


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[Path]:
    """Such a plugin, as it lies in a folder of Python packages."""
    folder = tmp_path / "site-packages"
    records = folder / "other-1.dist-info"
    records.mkdir(parents=True)
    (folder / "other.py").write_text(OTHER)
    (records / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1\n")
    (records / "entry_points.txt").write_text("[conda]\nother = other\n")
    yield folder


def test_no_command_fails_beside_such_a_plugin(
    machine: Conda, installed: Path, environment: Path, channel: str
) -> None:
    variables = {**L4, "PYTHONPATH": str(installed)}
    assert known(machine, **variables)["__cuda_arch"] == ("7.5", "0")
    words = ["install", "-p", str(environment), "--override-channels", "-c", channel, "cuda-arch"]
    for line in (["info"], ["list"], [*words, "--dry-run"], ["doctor"], ["cuda", "info"]):
        result = machine(*line, check=False, CONDA_PREFIX=str(environment), **variables)
        assert "PluginError" not in result.err + result.out
        assert "cuda_arch" not in result.err


@pytest.mark.parametrize("hidden", [False, True], ids=["conda-sees-it", "blocked"])
def test_plugins_can_be_kept_away(machine: Conda, hidden: bool) -> None:
    variables = {"CONDA_NO_PLUGINS": "true"} if hidden else {}
    assert ("__cuda_arch" in known(machine, **L4, **variables)) is not hidden


@pytest.mark.skipif(not HAS_SETTING, reason="conda has the setting from 25.11 on")
@pytest.mark.parametrize(
    ("setting", "stated", "cuda", "arch"),
    [
        ("override_virtual_packages: {cuda: '12.1', cuda_arch: '9.0'}", {}, "12.1", "9.0"),
        ("virtual_packages: {__cuda: '12.1', __cuda_arch: '9.0'}", {}, "12.1", "9.0"),
        ("override_virtual_packages: {cuda: ''}", {}, None, None),
        ("virtual_packages: {cuda_arch: ''}", {}, "12.4", None),
        ("virtual_packages: {cuda: '12.1', cuda_arch: '9.0'}", {CUDA: "11.8"}, "11.8", "9.0"),
        ("virtual_packages: {cuda: '12.1', cuda_arch: '9.0'}", {ARCH: "8.0"}, "12.1", "8.0"),
        ("virtual_packages: {cuda: '12.1', cuda_arch: '9.0'}", {CUDA: ""}, None, None),
        ("virtual_packages: {cuda: null, cuda_arch: null}", {}, "12.4", "8.9"),
    ],
    ids=str,
)
def test_settings_state_it_too(
    machine: Conda,
    environment: Path,
    setting: str,
    stated: dict[str, str],
    cuda: str | None,
    arch: str | None,
) -> None:
    """One truth: conda's solver has what `conda cuda` goes by, and that names the file."""
    condarc = machine.home / "condarc.yml"
    condarc.write_text(f"{condarc.read_text()}{setting}\n")
    packages = {name: version for name, (version, _) in known(machine, **L4, **stated).items()}
    document = machine.cuda("info", environment, "--json", **L4, **stated).json
    assert packages == predicted(document["machine"])
    assert (packages.get("__cuda"), packages.get("__cuda_arch")) == (cuda, arch)
    sources = {row["package"]: row["source"] for row in document["machine"]["overrides"]}
    evidence = document["machine"]["evidence"]
    assert set(sources.values()) <= {str(condarc), CUDA, ARCH}
    assert evidence["driver_cuda"] == sources.get("__cuda", evidence["driver_cuda"])


@pytest.mark.skipif(HAS_SETTING, reason="conda has the setting")
def test_settings_that_conda_does_not_know_state_nothing(machine: Conda, environment: Path) -> None:
    condarc = machine.home / "condarc.yml"
    condarc.write_text(f"{condarc.read_text()}override_virtual_packages: {{cuda: '12.1'}}\n")
    assert known(machine, **L4) == {"__cuda": ("12.4", "0"), "__cuda_arch": ("8.9", "0")}
    document = machine.cuda("info", environment, "--json", **L4).json
    assert document["machine"]["driver_cuda"] == "12.4"


def predicted(machine: dict[str, Any]) -> dict[str, str]:
    """What conda's solver has on a machine, from what `conda cuda info` says of it."""
    found = {"__cuda": machine["driver_cuda"]}
    capabilities = [gpu["compute_capability"] for gpu in machine["gpus"]]
    if machine["driver_cuda"] and capabilities:
        numbers = [tuple(map(int, text.split("."))) for text in capabilities]
        found["__cuda_arch"] = ".".join(map(str, min(numbers)))
    return {name: version for name, version in found.items() if version}


GPUS = st.lists(st.sampled_from(["A:7:0", "B:8:9", "C:9:0", "D:10:3", "E:12:0"]), max_size=3)
VERSIONS = st.sampled_from([None, "", "11.8", "12.4", "13.0"])
CAPABILITIES = st.sampled_from([None, "", "7.5", "9.0", "9.0a", "12.0", "fast"])


@given(gpus=GPUS, driver=st.booleans(), cuda=VERSIONS, arch=CAPABILITIES)
@settings(max_examples=12)
def test_all_see_the_same_machine(
    module_machine: Conda,
    one: Path,
    gpus: list[str],
    driver: bool,
    cuda: str | None,
    arch: str | None,
) -> None:
    """`info`, `match` and conda's solver, whatever is there and whatever is stated."""
    given_ = {**DRIVER, "STANDIN_GPUS": ";".join(gpus)} if driver else {}
    variables = {**place(given_), CUDA: cuda, ARCH: arch}
    packages = {name: row[0] for name, row in known(module_machine, **variables).items()}
    for words in (["info", "-p", str(one)], ["match", "torch"]):
        document = module_machine("cuda", *words, "--json", **variables).json
        assert predicted(document["machine"]) == packages


@pytest.fixture(scope="module")
def module_machine(module_conda: Conda, standins: StandIns) -> Conda:
    module_conda.variables["LD_LIBRARY_PATH"] = str(standins.folder)
    return module_conda


@pytest.fixture(scope="module")
def one(module_conda: Conda) -> Path:
    return module_conda.create(module_conda.envs / "one")


def test_a_driver_that_hangs_does_not_hang_conda(machine: Conda) -> None:
    hung = {**L4, "STANDIN_AT": "nvmlInit_v2", "STANDIN_HOW": "hang"}
    assert known(machine, **hung) == {"__cuda": ("12.4", "0")}


@pytest.mark.parametrize("at", ["nvmlInit_v2", "nvmlDeviceGetCount_v2"])
def test_one_that_crashes_is_asked_otherwise(machine: Conda, at: str) -> None:
    crashing = {**L4, "STANDIN_AT": at, "STANDIN_HOW": "crash"}
    assert known(machine, **crashing)["__cuda_arch"] == ("8.9", "0")


def test_functions_are_given_where_conda_takes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a plugin has to give the version itself, it is known or the package is not given."""
    monkeypatch.setenv(CUDA, "12.4")
    monkeypatch.setenv(ARCH, "9.0")
    manager = CondaPluginManager()
    manager.add_hookspecs(CondaSpecs)
    manager.load_plugins(plugin, virtual_packages.cuda)
    [arch] = [
        one for one in manager.get_hook_results("virtual_packages") if one.name == "cuda_arch"
    ]
    lazy = hasattr(conda.plugins.types.CondaVirtualPackage, "override_entity")
    assert callable(arch.version) is lazy
    assert (arch.version() if lazy else arch.version) == "9.0"
