"""frameworks.json: what the package index and the frameworks' own build files say.

The build files are saved pages: parsed as data, never run.
"""

from __future__ import annotations

import ast
import copy
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from conda_cuda_plugin.frameworks import build_markers
from conda_cuda_plugin.frameworks.releases import in_range, rows_for
from conda_cuda_plugin.sources.pypi.lookup import Lookup
from conda_cuda_plugin.sources.pypi.wheel import IndexFailure

from .index import LINUX, Index
from .pages import PageError

_RELEASE = re.compile(r"\d+(?:\.\d+)+")
_FIRST_PINS = (1, 13)
"""The first release of PyTorch whose wheels require NVIDIA's packages."""
_PYTHONS = ("3.12", "3.10", "3.8")
_CASE = re.compile(r"^\s*((?:[\d.\[\]*|]|\s)+?)\)")
_LIST = re.compile(r'TORCH_CUDA_ARCH_LIST="([^"]*)"')
_JAX = re.compile(r'(?:cuda_v(\d+)\b.*)?_COMPUTE_CAPABILITIES="?sm_(\d+)')
_TENSORFLOW = re.compile(r"'cuda_compute_capabilities',\s*\['sm_(\d+)'")


def on_index(document: dict[str, Any], index: Index) -> tuple[dict[str, Any], list[str]]:
    """New releases of PyTorch with the CUDA and the cuDNN of the wheel there, and of JAX."""
    after = copy.deepcopy(document)
    rows, notes = after["torch"]["releases"], []
    for text in _to_read("torch", rows, index):
        if _key(text) < _FIRST_PINS:
            continue
        try:
            pins = build_markers.pins(_requires(f"torch=={text}"))
        except IndexFailure as error:
            notes.append(f"torch {text} is not read: {error.reason}")
            continue
        cuda, cudnn = build_markers.cuda_of_pins(pins), build_markers.cudnn_of_pins(pins)
        if cuda is None:
            notes.append(f"torch {text} requires no CUDA that is known")
            continue
        row = rows.setdefault(text, {})
        row["pypi"] = cuda.release
        if "wheels" in row:
            row["wheels"][cuda.release] = cudnn
        else:
            row["cudnn"] = cudnn
    after["torch"]["releases"] = _newest_first(rows)
    known = after["jax"]["releases"]
    for text in _to_read("jax", known, index):
        try:
            notes += _against_rules(text, after["jax"]["rules"])
            known = [*known, text]
        except IndexFailure as error:
            notes.append(f"jax {text} is not read: {error.reason}")
    after["jax"]["releases"] = sorted(set(known), key=_key, reverse=True)
    return after, notes


def on_page(document: dict[str, Any], page: str, release: str | None) -> dict[str, Any]:
    """What a build file says of a release.

    Args:
        document: as it is.
        page: PyTorch's generate_binary_build_matrix.py (its own, or test-infra's, which names the
            release) or build_cuda.sh; JAX's .bazelrc; build_info.py of a TensorFlow wheel.
        release: which release the page is of.
    """
    after = copy.deepcopy(document)
    names = _assigned(page)
    if "CUDA_ARCHES_DICT" in names:
        release = str(names.get("CURRENT_STABLE_VERSION"))
        found = dict.fromkeys(names["CUDA_ARCHES_DICT"]["release"])
        _add_wheels(after, release, found)
    elif not _holds(page, names):
        raise PageError("the page does not hold what a build file of a framework says")
    elif release is None:
        raise PageError("the page does not say which release it is of: --release X.Y.Z")
    elif "PYTORCH_EXTRA_INSTALL_REQUIREMENTS" in names:
        found = {}
        for cuda, text in names["PYTORCH_EXTRA_INSTALL_REQUIREMENTS"].items():
            pins = build_markers.pins(one.strip() for one in text.split("|"))
            found[cuda] = build_markers.cudnn_of_pins(pins)
        _add_wheels(after, release, found)
    elif "TORCH_CUDA_ARCH_LIST" in page:
        wheels = after["torch"]["releases"].get(release, {}).get("wheels", {})
        # The script knows variants that were built before, or not at all.
        codes = {cuda: found for cuda, found in _codes_in(page).items() if cuda in wheels}
        if not codes:
            raise PageError(
                f"the page does not hold a variant of PyTorch {release}: add them first"
            )
        _add_codes(after["torch"]["architectures"], release, codes)
    elif match := _TENSORFLOW.search(page):
        minor = ".".join(release.split(".")[:2])
        if minor not in after["tensorflow"]["releases"]:
            raise PageError(f"TensorFlow {minor} is not in the table: add its row first")
        after["tensorflow"]["releases"][minor]["min_cc"] = _dotted(match[1])
    else:
        for major, oldest in _JAX.findall(page):
            _add_oldest(after["jax"]["oldest"], major or "12", release, _dotted(oldest))
    return after


def _holds(page: str, names: dict[str, Any]) -> bool:
    return (
        "PYTORCH_EXTRA_INSTALL_REQUIREMENTS" in names
        or "TORCH_CUDA_ARCH_LIST=" in page
        or bool(_TENSORFLOW.search(page) or _JAX.search(page))
    )


def _to_read(name: str, known: Iterable[str], index: Index) -> list[str]:
    """The releases of a package to look at: those not known, and those to look at again."""
    found = filter(_RELEASE.fullmatch, Lookup(LINUX, offline=False).versions(name))
    settled = set() if "all" in index.again else set(known) - index.again
    oldest = min(map(_key, known), default=())
    return [text for text in found if text not in settled and _key(text) >= oldest]


def _requires(requirement: str) -> Sequence[str]:
    """The requirements of a wheel for the first of some Pythons, as pip reads them.

    Raises:
        IndexFailure: there is none.
    """
    tags = [f"--platform={tag}" for tag in LINUX.wheel_tags]
    words = (
        "--dry-run",
        "--ignore-installed",
        "--no-deps",
        "--only-binary=:all:",
        "--target=.",
        *tags,
    )
    for python in _PYTHONS:
        line = [sys.executable, "-m", "pip", "install", "-q", "--report=-", *words]
        done = subprocess.run(
            [*line, f"--python-version={python}", requirement],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode == 0:
            report = json.loads(done.stdout)["install"]
            return list(report[0]["metadata"].get("requires_dist", ()))
    raise IndexFailure(done.stderr.strip().splitlines()[-1].rstrip("."))


def _against_rules(version: str, rules: list[dict[str, Any]]) -> list[str]:
    """Where the rules of JAX say something else than the metadata of a release."""
    required, notes = _requires(f"jax=={version}"), []
    for rule in rows_for(version, rules):
        pins = build_markers.pins(required, extra=rule["extra"])
        plugin = next((name for name in pins if name.endswith("-plugin")), None)
        if plugin is not None:
            # Up to 0.4.29 JAX itself requires NVIDIA's packages.
            required_there = _requires(f"{plugin}{pins[plugin]}")
            pins |= build_markers.pins(required_there, extra="with-cuda")
        runtime = next((pins[one] for one in pins if one.startswith("nvidia-cuda-runtime")), "")
        lowest = build_markers.parsed(runtime.partition(",")[0].removeprefix(">="))
        cudnn = (build_markers.cudnn_of_pins(pins) or "").partition(",")[0]
        ruled = (rule["cuda"].partition(",")[0], rule["cudnn"].partition(",")[0])
        said = (f">={lowest.release}" if lowest else ruled[0], cudnn)
        if said != ruled:
            notes.append(
                f"jax {version}[{rule['extra']}] wants CUDA {said[0]} and cuDNN {said[1]}, "
                f"and its rule says {ruled[0]} and {ruled[1]}"
            )
    return notes


def _assigned(page: str) -> dict[str, Any]:
    """The constants at the top of a Python file; nothing where it is no Python."""
    try:
        statements = ast.parse(page).body
    except (SyntaxError, ValueError):
        return {}
    found = {}
    for one in statements:
        target = one.targets[0] if isinstance(one, ast.Assign) else getattr(one, "target", None)
        if isinstance(target, ast.Name) and isinstance(one, ast.Assign | ast.AnnAssign):
            try:
                found[target.id] = ast.literal_eval(one.value) if one.value else None
            except ValueError:
                continue
    return found


def _add_wheels(after: dict[str, Any], release: str, found: dict[str, str | None]) -> None:
    """The variants of a release of PyTorch, with the cuDNN of each where it is known."""
    rows = after["torch"]["releases"]
    row = rows.setdefault(release, {})
    wheels = dict(row.get("wheels", {}))
    if "pypi" in row and "cudnn" in row:
        wheels[row["pypi"]] = row["cudnn"]
    for cuda, cudnn in found.items():
        # Beside CUDA there are builds for other makers' GPUs.
        if _RELEASE.fullmatch(cuda):
            wheels[cuda] = cudnn or wheels.get(cuda)
    row["wheels"] = {cuda: wheels[cuda] for cuda in sorted(wheels, key=_key)}
    after["torch"]["releases"] = _newest_first(rows)


def _codes_in(script: str) -> dict[str, dict[str, str]]:
    """What build_cuda.sh makes code for, by CUDA release and kind of machine."""
    found: dict[str, dict[str, str]] = {}
    base, releases, column = "", [], "x86_64"
    for line in script.splitlines():
        if case := _CASE.match(line):
            releases, column = _releases_of(case[1]), "x86_64"
        if line.lstrip().startswith("if "):
            column = "aarch64" if "aarch64" in line else "" if releases else column
        elif line.strip() == "else":
            column = "x86_64" if column == "aarch64" else ""
        elif line.strip() == "fi":
            column = "x86_64"
        if line.strip() == "esac":
            break
        if not (match := _LIST.search(line)) or not column:
            continue
        codes = match[1].replace("${TORCH_CUDA_ARCH_LIST}", base)
        if "$" in codes:
            raise PageError(f"the script has a list that cannot be read: {line.strip()}")
        if not releases:
            base = codes
        numbers = sorted(
            filter(None, codes.split(";")), key=lambda one: _key(one.removesuffix("+PTX"))
        )
        for cuda in releases:
            found.setdefault(cuda, {})[column] = " ".join(numbers)
    return found


def _releases_of(pattern: str) -> list[str]:
    """The releases that a pattern of `case` names: `12.4 | 12.6`, `11.[67]`."""
    found = []
    for one in pattern.replace(" ", "").split("|"):
        few = re.fullmatch(r"(\d+\.)\[(\d+)\]", one)
        found += [few[1] + digit for digit in few[2]] if few else [one]
    return [one for one in found if _RELEASE.fullmatch(one)]


def _add_codes(
    rows: list[dict[str, Any]], release: str, found: dict[str, dict[str, str]]
) -> None:  # fmt: skip
    """A row for each variant that the table does not know.

    Raises:
        PageError: when it knows one otherwise; ranges of releases are drawn by a person.
    """
    for cuda, columns in found.items():
        known = next((row for row in rows_for(release, rows) if cuda in row["cuda"]), None)
        if known is None:
            rows.insert(0, {"releases": f"=={release}", "cuda": [cuda], **columns})
        elif any(known.get(column, codes) != codes for column, codes in columns.items()):
            raise PageError(f"{release} of CUDA {cuda} has {columns}, and the table {known}")
        else:
            known.update(columns)


def _add_oldest(oldest: dict[str, dict[str, str]], major: str, release: str, cc: str) -> None:
    """The oldest GPU from a release on."""
    since = oldest.setdefault(major, {})
    before = [first for first in since if in_range(release, f">={first}")]
    if not before or since[max(before, key=_key)] != cc:
        since[release] = cc


def _newest_first(rows: dict[str, Any]) -> dict[str, Any]:
    return {text: rows[text] for text in sorted(rows, key=_key, reverse=True)}


def _dotted(digits: str) -> str:
    return f"{digits[:-1]}.{digits[-1]}"


def _key(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))
