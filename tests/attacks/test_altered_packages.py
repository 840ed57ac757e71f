"""What somebody puts into an unpacked package of ours in a cache gets into nothing exact."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ..cli.cuda_files import RUNTIME, export, resealed
from ..conftest import Conda
from ..listing import listing
from ..sources.wheelhouse import only_folder
from .conftest import in_words
from .test_two_users import USER

USE = ("12.4", "--from=pypi", "--flavor=base", "-y")
LIBRARY = "lib/libcudart.so.12"
EVIL = b"evil"


def put(path: Path, data: bytes = EVIL) -> None:
    """A file of its own: no environment has it by another name."""
    path.unlink(missing_ok=True)
    path.write_bytes(data)


def change_list(package: Path, change: Callable[[dict[str, dict[str, Any]]], None]) -> None:
    """Change the rows that a package has of its files."""
    listing = package / "info" / "paths.json"
    rows = {row["_path"]: row for row in json.loads(listing.read_text())["paths"]}
    change(rows)
    put(listing, json.dumps({"paths": list(rows.values()), "paths_version": 1}).encode())


def row(path: str) -> dict[str, Any]:
    digest = hashlib.sha256(EVIL).hexdigest()
    return {"_path": path, "path_type": "hardlink", "sha256": digest, "size_in_bytes": len(EVIL)}


def own_row(package: Path) -> None:
    """One more file, and its row in the list."""
    put(package / "lib" / "libevil.so")
    change_list(package, lambda rows: rows.update(evil=row("lib/libevil.so")))


def extra_file(package: Path) -> None:
    """One more file, which no list names."""
    put(package / "lib" / "libevil.so")


def other_file(package: Path) -> None:
    """Another file of ours, and its hash."""
    put(package / LIBRARY)
    change_list(package, lambda rows: rows.update({LIBRARY: row(LIBRARY)}))


def other_link(package: Path) -> None:
    """A link that leads elsewhere in the package."""
    (package / "lib" / "libcudart.so").unlink()
    (package / "lib" / "libcudart.so").symlink_to("../info/index.json")


def less(package: Path) -> None:
    """A file that is gone, with its row."""
    (package / LIBRARY).unlink()
    change_list(package, lambda rows: rows.pop(LIBRARY))


def programs(package: Path) -> None:
    """What makes conda write programs for a package."""
    content = {
        "noarch": {"type": "python", "entry_points": ["nvcc = evil:main"]},
        "package_metadata_version": 1,
    }
    put(package / "info" / "link.json", json.dumps(content).encode())


ALTERED = [own_row, extra_file, other_file, other_link, less, programs]


def there(prefix: Path) -> dict[str, str]:
    """What a toolkit holds, without what conda writes down of it."""
    root = prefix / "cuda-12.4"
    return {name: text for name, text in listing(root).items() if "conda-meta" not in name}


@pytest.fixture
def exported(conda: Conda, own_cache: Path, environment: Path) -> Path:
    """The file of an environment whose toolkit is in the cache."""
    conda.cuda("use", environment, *USE)
    return export(conda, environment)


@pytest.mark.parametrize("alter", ALTERED)
def test_it_is_made_anew_and_exact(
    alter: Callable[[Path], None], conda: Conda, own_cache: Path, environment: Path, exported: Path
) -> None:
    alter(own_cache / RUNTIME)
    other = conda.create(conda.envs / "other")
    done = in_words(conda.cuda("apply", other, exported, "-y"))
    assert "has exactly what" in done.out
    assert there(other) == there(environment)


def to_nowhere(content: dict[str, Any]) -> None:
    """No file lies at the address any more."""
    package = content["toolkits"][0]["packages"][0]
    package["url"] = package["url"].replace("file:///", "http://127.0.0.1:9/")


@pytest.mark.parametrize("alter", ALTERED)
def test_without_a_network_it_is_not_there(
    alter: Callable[[Path], None], conda: Conda, own_cache: Path, exported: Path, tmp_path: Path
) -> None:
    alter(own_cache / RUNTIME)
    other = conda.create(conda.envs / "other")
    (tmp_path / "nothing").mkdir()
    conda.variables.update(only_folder(tmp_path / "nothing"))
    resealed(exported, to_nowhere)
    done = in_words(conda.cuda("apply", other, exported, "--offline", "-y", check=False))
    assert done.code == 1
    assert "cannot be had" in done.err
    assert not (other / "cuda").exists()


@pytest.mark.parametrize("alter", [own_row, other_file, less])
def test_it_is_not_mirrored(
    alter: Callable[[Path], None], conda: Conda, own_cache: Path, exported: Path, tmp_path: Path
) -> None:
    alter(own_cache / RUNTIME)
    to = tmp_path / "mirror"
    words = ("mirror", "12.4", "--from=pypi", "--flavor=base", "--to", str(to), "-y")
    done = in_words(conda("cuda", *words, check=False))
    assert done.code == 1
    assert "was altered since it was unpacked" in done.err
    assert not list(to.rglob(f"{RUNTIME}*"))


def seal_anew(cache: Path) -> None:
    """Write into the index of a cache that what lies there now is what was made."""
    from conda_cuda_plugin.packages.extraction import seal

    index = cache / "conda-cuda" / "linux-64" / "repodata.json"
    content = json.loads(index.read_text())
    content["packages.conda"][f"{RUNTIME}.conda"]["conda_cuda_seal"] = seal(cache / RUNTIME)
    put(index, json.dumps(content).encode())


@pytest.mark.parametrize("kind", ["open to all", "of another user"])
def test_what_others_may_write_down_is_not_believed(
    kind: str, conda: Conda, own_cache: Path, environment: Path, exported: Path
) -> None:
    own_row(own_cache / RUNTIME)
    index = own_cache / "conda-cuda" / "linux-64" / "repodata.json"
    seal_anew(own_cache)
    if kind == "open to all":
        index.chmod(0o666)
    elif os.geteuid() == 0:
        os.chown(index, USER, USER)
    else:
        pytest.skip("only root can be two users")
    # What others write down is not made ours by another package that is written beside it.
    third = conda.create(conda.envs / "third")
    conda.cuda("use", third, "11.8", *USE[1:])
    other = conda.create(conda.envs / "other")
    done = in_words(conda.cuda("apply", other, exported, "-y"))
    assert "has exactly what" in done.out
    assert there(other) == there(environment)


def test_in_a_cache_that_is_only_read_it_is_passed_over(
    conda: Conda, own_cache: Path, environment: Path, exported: Path, tmp_path: Path
) -> None:
    own_row(own_cache / RUNTIME)
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "urls.txt").touch()
    conda.variables["CONDA_PKGS_DIRS"] = f"{tmp_path / 'first'},{own_cache}"
    other = conda.create(conda.envs / "other")
    done = in_words(conda.cuda("apply", other, exported, "-y"))
    assert "has exactly what" in done.out
    assert there(other) == there(environment)
    assert (own_cache / RUNTIME / "lib" / "libevil.so").exists()
