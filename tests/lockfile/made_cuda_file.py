"""Contents of cuda.yml files, and changes to them."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

from conda_cuda_plugin.lockfile.cuda_file import digest_of

from ..person import Person

HEX = st.text("0123456789abcdef", min_size=64, max_size=64)
NUMBERS = st.lists(st.integers(0, 999), min_size=2, max_size=4).map(lambda n: ".".join(map(str, n)))
NAMES = st.from_regex(r"[a-z][a-z0-9]{0,6}(-[a-z0-9]{1,4})?", fullmatch=True)


@st.composite
def packages(draw: Any) -> dict[str, str]:
    name, version = draw(NAMES), draw(NUMBERS)
    build = draw(st.sampled_from(["0", "h1_2", "wheel_0"]))
    url = f"https://example.org/a b/{name}-{version}-{build}.conda".replace(" ", "%20")
    return {"name": name, "version": version, "build": build, "url": url, "sha256": draw(HEX)}


@st.composite
def contents(draw: Any) -> dict[str, Any]:
    version = draw(st.sampled_from(["12.4.1", "11.8.0", "12.10", "13.0.2"]))
    release = ".".join(version.split(".")[:2])
    request: dict[str, Any] = {"version": draw(st.sampled_from([release, version, "<13,>=11"]))}
    if draw(st.booleans()):
        request |= {"flavor": "runtime", "addons": {"cudnn": "9.10"}, "pin": draw(st.booleans())}
    if draw(st.booleans()):
        request["channels"] = ["conda-forge", "https://example.org/nvidia"]
    found = draw(st.lists(packages(), min_size=1, max_size=5, unique_by=lambda row: row["name"]))
    toolkit = {
        "version": version,
        "origin": draw(st.sampled_from(["channel", "pypi"])),
        "components": draw(st.lists(st.sampled_from(["cudart", "nvcc", "cccl"]), unique=True)),
        "packages": found,
    }
    content: dict[str, Any] = {
        "conda-cuda": 1,
        "platform": "linux-64",
        "current": release,
        "request": request,
        "toolkits": [{key: value for key, value in toolkit.items() if value}],
    }
    if draw(st.booleans()):
        content["not-promised"] = ["The files of a: they lie here, and # nowhere else."]
    return content


def kept_by_person(draw: Any, content: dict[str, Any]) -> tuple[Person, str]:
    person = Person(draw)
    return person, person.text({**content, "digest": digest_of(content)})


@st.composite
def changes(draw: Any, content: dict[str, Any]) -> tuple[dict[str, Any], set[str]]:
    """Another content, and the names of the packages that it has no more."""
    new = copy.deepcopy(content)
    rows = new["toolkits"][0]["packages"]
    gone: set[str] = set()
    for kind in draw(
        st.lists(
            st.sampled_from(["new hash", "drop", "add", "request", "parts"]), min_size=1, max_size=4
        )
    ):
        if kind == "new hash":
            draw(st.sampled_from(rows))["sha256"] = draw(HEX)
        elif kind == "drop" and len(rows) > 1:
            gone.add(rows.pop(draw(st.integers(0, len(rows) - 1)))["name"])
        elif kind == "add":
            package = draw(packages())
            if package["name"] not in {row["name"] for row in rows} | gone:
                rows.append(package)
        elif kind == "request":
            new["request"] = {"version": "12", "source": "pypi"}
        elif kind == "parts":
            new["toolkits"][0]["components"] = draw(
                st.lists(st.sampled_from(["cudart", "nvvm", "cublas"]), min_size=1, unique=True)
            )
    return new, gone
