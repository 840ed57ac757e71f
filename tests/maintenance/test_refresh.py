"""Reading the data files anew: from an index with few wheels, from saved pages, and for real."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ..conftest import PROJECT, Conda, Result
from ..sources.wheelhouse import ADDONS, only_folder, write_releases, write_wheel

DATA = PROJECT / "conda_cuda_plugin" / "data"
READ = "somebody, read 2001-02"

RELEASES = """\
{
  "sources": {
    "releases": "somebody, read 2001-02"
  },
  "releases": {
    "8.0.61": {},
    "12.4.1": {"pypi": true, "cudart": "12.4.127", "label": true},
    "13.0.2": {"label": true}
  }
}
"""


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The releases 11.8.0, 12.4.1 and 13.0.2, and add-ons."""
    folder = write_releases(tmp_path_factory.mktemp("wheels"))
    for (name, version), files in ADDONS.items():
        write_wheel(folder, name, version, files)
    return folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder for data files."""
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


def refresh(conda: Conda, data: Path, *words: str | Path, **variables: str) -> Result:
    """Run the script as `make data` does."""
    done = subprocess.run(
        [conda.exe.parent / "python", "-m", "maintenance.refresh", "--data", data, *words],
        env=conda.environ(**variables), cwd=PROJECT, capture_output=True, text=True,
    )  # fmt: skip
    return Result(done.returncode, done.stdout, done.stderr)


def write(path: Path, **document: Any) -> str:
    text = json.dumps(document, indent=2) + "\n"
    path.write_text(text)
    return text


def test_what_is_new_is_shown_and_written_on_demand(conda: Conda, data: Path, wheels: Path) -> None:
    path = data / "releases.json"
    path.write_text(RELEASES)
    expected = [
        "releases.json: 4 new",
        '  + releases 13.0.2 pypi: true',
        '  + releases 13.0.2 cudart: "13.0.96"',
        '  + releases 13.0.2 nvcc: "13.0.88"',
        '  + releases 11.8.0: {"pypi": true, "cudart": "11.8.89"}',
    ]  # fmt: skip
    shown = refresh(conda, data, "releases.json", **only_folder(wheels))
    assert (shown.code, sorted(shown.out.splitlines())) == (0, sorted(expected))
    assert path.read_text() == RELEASES
    shown = refresh(conda, data, "releases.json", "--write", **only_folder(wheels))
    assert (shown.code, shown.out.splitlines()[-1]) == (0, "  written")
    text = path.read_text()
    assert json.loads(text)["releases"] == {
        "8.0.61": {},
        "11.8.0": {"pypi": True, "cudart": "11.8.89"},
        "12.4.1": {"pypi": True, "cudart": "12.4.127", "label": True},
        "13.0.2": {"pypi": True, "cudart": "13.0.96", "nvcc": "13.0.88", "label": True},
    }
    assert '    "12.4.1": {"pypi": true, "cudart": "12.4.127", "label": true},\n' in text
    assert "2001-02" not in text
    again = refresh(conda, data, "releases.json", "--write", **only_folder(wheels))
    assert again.out == "releases.json: no difference\n"
    assert path.read_text() == text


def test_a_file_that_would_lose_entries_is_not_written(
    conda: Conda, data: Path, wheels: Path
) -> None:
    path = data / "releases.json"
    text = RELEASES.replace("8.0.61", "9.2.88").replace("12.4.1", "12.9.9")
    path.write_text(text)
    words = ("releases.json", "--write")
    refused = refresh(conda, data, *words, **only_folder(wheels))
    assert refused.code == 1
    assert "  - releases 12.9.9 pypi: true" in refused.out.splitlines()
    assert "--allow-loss" in refused.out
    assert path.read_text() == text
    assert refresh(conda, data, *words, "--allow-loss", **only_folder(wheels)).code == 0
    assert json.loads(path.read_text())["releases"]["12.9.9"] == {"label": True}


def test_sizes_are_those_of_the_wheels(conda: Conda, data: Path, tmp_path: Path) -> None:
    wheels = write_releases(tmp_path / "wheels", "11.8.0", "12.4.1", filler=300_000)
    platforms = ["linux-64", "linux-aarch64"]
    old = {"cudart": [1.0, None]}
    write(data / "sizes.json", sources={"pypi": READ}, platforms=platforms, pypi={"12.4.1": old})
    shown = refresh(conda, data, "sizes.json", "--write", **only_folder(wheels))
    assert (shown.code, shown.err) == (0, "")
    rows = json.loads((data / "sizes.json").read_text())["pypi"]
    assert rows["12.4.1"] == old
    assert rows["11.8.0"] == {"cudart": [0.3, None]}
    shown = refresh(conda, data, "sizes.json", "--again=12.4.1", **only_folder(wheels))
    assert "  ~ pypi 12.4.1 cudart: [1.0, null] -> [0.3, null]" in shown.out.splitlines()


def test_ranges_of_add_ons_widen_and_never_narrow(conda: Conda, data: Path, wheels: Path) -> None:
    ranges = {"11": ["8.0", "8.2"], "12": ["9.0", None]}
    row = {"pypi": "nvidia-cudnn-cu{major}", "cuda": ranges}
    write(data / "addons.json", sources={"pypi": READ}, addons={"cudnn": row})
    shown = refresh(conda, data, "addons.json", "--write", **only_folder(wheels))
    assert shown.code == 0
    assert json.loads((data / "addons.json").read_text())["addons"]["cudnn"]["cuda"] == {
        "11": ["8.0", "8.9"],
        "12": ["8.9", None],
        "13": ["9.12", None],
    }


def test_a_new_component_is_left_to_a_person(conda: Conda, data: Path, wheels: Path) -> None:
    text = write(data / "components.json", sources={}, components={"cudart": {}, "nvcc": {}})
    shown = refresh(conda, data, "components.json", "--write", **only_folder(wheels))
    assert "has the extra nvvm, which is no component yet" in shown.out
    assert (data / "components.json").read_text() == text


LISTING = (
    '<a href="redistrib_12.4.1.json">redistrib_12.4.1.json</a> <a href="redistrib_9.9.9.json">'
)
SPACK = f"""
    "12.4.1": {{
        "Linux-x86_64": (
            "{"a" * 64}",
            "https://example.com/12.4.1/local_installers/cuda_12.4.1_550.54.15_linux.run",
        ),
        "Linux-x86_64-old": ("{"b" * 64}", "cuda_10.0.130_410.48_linux"),
    }},
"""
NOTES = """
<table><thead><tr><th>CUDA Toolkit</th><th>Linux</th><th>Windows</th></tr></thead>
<tr><td><p>CUDA 12.4 Update 1</p></td><td>&gt;=550.54.15</td><td>&gt;=551.78</td></tr>
<tr><td>CUDA 11.8 GA</td><td>&gt;=520.61.05</td><td>&gt;=520.06</td></tr>
<tr><td>CUDA 10.2.89</td><td>&gt;= 440.33</td><td>&gt;= 441.22</td></tr></table>
"""


@pytest.mark.parametrize(
    ("name", "page", "section", "before", "after"),
    [
        pytest.param(
            "redist.json", LISTING, "releases", ["9.9.9"], ["9.9.9", "12.4.1"], id="redist"
        ),
        pytest.param(
            "runfiles.json", SPACK, "sha256", {"cuda_10.0.130_410.48_linux": "b" * 64},
            {"cuda_10.0.130_410.48_linux": "b" * 64, "cuda_12.4.1_550.54.15_linux.run": "a" * 64},
            id="runfiles",
        ),
        pytest.param(
            "compatibility.json", NOTES, "drivers", {"12.4.1": {"branch": "535", "note": "kept"}},
            {
                "10.2.89": {"branch": "440", "linux": "440.33", "windows": "441.22"},
                "11.8.0": {"branch": "520", "linux": "520.61.05", "windows": "520.06"},
                "12.4.1": {"branch": "550", "note": "kept", "linux": "550.54.15", "windows": "551.78"},
            },
            id="drivers",
        ),
    ],
)  # fmt: skip
def test_saved_pages(
    name: str, page: str, section: str, before: Any, after: Any, conda: Conda, data: Path,
    tmp_path: Path,
) -> None:  # fmt: skip
    text = write(data / name, sources={section: READ}, **{section: before})
    saved = tmp_path / "page"
    saved.write_text("<html>404 not found</html>")
    wrong = refresh(conda, data, name, "--page", f"{name}={saved}", "--write")
    assert (wrong.code, wrong.out) == (2, "")
    assert "the page does not hold" in wrong.err
    assert "Traceback" not in wrong.err
    assert (data / name).read_text() == text
    saved.write_text(page)
    assert refresh(conda, data, name, "--page", f"{name}={saved}", "--write").code == 0
    assert json.loads((data / name).read_text())[section] == after


def test_an_index_that_does_not_answer(conda: Conda, data: Path) -> None:
    (data / "releases.json").write_text(RELEASES)
    variables = {"PIP_CONFIG_FILE": "/dev/null", "PIP_INDEX_URL": "http://127.0.0.1:9/simple"}
    shown = refresh(conda, data, "releases.json", PIP_RETRIES="0", PIP_FIND_LINKS="", **variables)
    assert (shown.code, shown.out, shown.err.count("\n")) == (2, "", 1)


def test_each_data_file_can_be_written_as_it_is(tmp_path: Path) -> None:
    """A change touches the lines it is about."""
    from maintenance.documents import rewrite

    for path in DATA.glob("*.json"):
        text = path.read_text(encoding="utf-8")
        document = json.loads(text)
        assert rewrite(text, document, document) == text
        for key, value in document.items():
            # A section that is new in every line is still the same document.
            if isinstance(value, dict):
                other = {**document, key: {**value, "another": []}}
                assert json.loads(rewrite(text, document, other)) == other


@pytest.mark.skipif("REFRESH_FROM_INDEX" not in os.environ, reason="asks the package index for all")
def test_the_real_index_gives_back_what_is_taken_away(conda: Conda, data: Path) -> None:
    for name in ("releases.json", "sizes.json"):
        shutil.copy(DATA / name, data)
    taken = "12.4.1"
    before = {}
    for name, section in (("releases.json", "releases"), ("sizes.json", "pypi")):
        document = json.loads((data / name).read_text())
        before[name] = document[section].pop(taken)
        # The label is a channel's, which the index does not know.
        before[name].pop("label", None)
        (data / name).write_text(json.dumps(document, indent=2))
    shown = refresh(conda, data, "releases.json", "sizes.json", "--write")
    assert shown.code == 0, shown.out + shown.err
    for name, section in (("releases.json", "releases"), ("sizes.json", "pypi")):
        assert json.loads((data / name).read_text())[section][taken] == before[name]
