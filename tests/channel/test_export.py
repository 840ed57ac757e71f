"""`conda cuda export` and `apply` with packages of channels, and with adopted toolkits."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from conda_cuda_plugin.lockfile.cuda_file import digest_of
from conda_cuda_plugin.system.yaml_text import dump, load

from ..listing import leftovers, listing, records
from ..sources.web import serve
from .builder import Channels

pytestmark = pytest.mark.network

DEVEL = ("12.4", "--from=channel", "--flavor=devel", "-y")
RECORDS = {"channel", "url", "link", "extracted_package_dir", "package_tarball_full_path"}
"""What conda records of where a package came from and where its cache lies."""


def export(conda: Any, prefix: Path) -> Path:
    path = Path(conda.home, f"{prefix.name}.yaml")
    conda.cuda("export", prefix, "-f", path)
    return path


def empty_cache(conda: Any, tmp_path: Path) -> Path:
    cache = tmp_path / "empty-cache"
    shutil.rmtree(cache, ignore_errors=True)
    cache.mkdir()
    (cache / "urls.txt").touch()
    conda.variables["CONDA_PKGS_DIRS"] = str(cache)
    return cache


def contents(root: Path, prefix: Path) -> dict[str, Any]:
    """A toolkit root by its paths: what does not depend on where it and the cache lie."""
    found: dict[str, Any] = {}
    for name, text in listing(root).items():
        path = root / name
        if name == "conda-meta/history":
            continue
        if path.parent.name == "conda-meta" and path.suffix == ".json":
            record = json.loads(path.read_text().replace(str(prefix), "PREFIX"))
            found[name] = {
                key: value
                for key, value in record.items()
                # The hashes of files with the prefix in them differ with the prefix.
                if key not in RECORDS and key not in ("paths_data", "timestamp")
            }
        elif text.startswith("file") and str(prefix).encode() in path.read_bytes():
            data = path.read_bytes().replace(str(prefix).encode(), b"PREFIX")
            found[name] = hashlib.sha256(data).hexdigest()
        else:
            found[name] = text
    return found


def test_the_same_files_after_export_remove_apply(conda: Any, channels: Channels) -> None:
    prefix = conda.create(conda.envs / "one")
    conda.cuda("use", prefix, *DEVEL)
    path, before = export(conda, prefix), {**listing(prefix), **records(prefix)}
    conda.cuda("remove", prefix, "--all", "-y")
    conda.cuda("apply", prefix, path, "-y", "--offline")
    after = {**listing(prefix), **records(prefix)}
    differ = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    assert differ == {"cuda-12.4/conda-meta/history"}


def test_the_same_files_from_an_empty_cache_in_another_environment(
    conda: Any, channels: Channels, tmp_path: Path
) -> None:
    first, second = (conda.create(conda.envs / name) for name in ("one", "two"))
    conda.cuda("use", first, *DEVEL)
    path = export(conda, first)
    empty_cache(conda, tmp_path)
    conda.cuda("apply", second, path, "-y")
    one, two = (contents(env / "cuda-12.4", env) for env in (first, second))
    assert set(one) == set(two)
    assert {name: (one[name], two[name]) for name in one if one[name] != two[name]} == {}
    assert load(conda.cuda("export", second).out) == load(path.read_text())


def test_a_channel_on_the_web_whose_token_stays_secret(
    conda: Any, channels: Channels, tmp_path: Path
) -> None:
    """conda checks the hash of what it downloads; a mismatch leaves nothing behind."""
    web = tmp_path / "web"
    shutil.copytree(channels.root / "conda-forge", web / "t" / "to-ken-1" / "cuda")
    shutil.copytree(channels.root / "conda-forge", web / "cuda")
    with serve(web) as address:
        prefix = conda.create(conda.envs / "one")
        empty_cache(conda, tmp_path)
        words = ("12.4", "--from=channel", "--flavor=base", "-y")
        conda.cuda("use", prefix, *words, "-c", f"{address}/t/to-ken-1/cuda")
        path = export(conda, prefix)
        text = path.read_text()
        assert [line for line in text.splitlines() if "to-ken-1" in line] == []
        assert f"url: {address}/cuda/" in text, text
        assert load(text)["request"]["channels"] == [f"{address}/cuda"]
        assert "not-promised" not in load(text)

        cache = empty_cache(conda, tmp_path)
        runtime = min((web / "cuda").rglob("cuda-cudart-12.4*.conda"))
        good = runtime.read_bytes()
        runtime.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
        other = conda.create(conda.envs / "two")
        before = listing(other)
        result = conda.cuda("apply", other, path, "-y", check=False)
        assert result.code == 1 and "Traceback" not in result.err, result.err
        assert (
            f"{address}/cuda/" in result.err and "is not the file that was exported" in result.err
        )
        assert listing(other) == before and leftovers(cache) == []
        assert list(cache.glob("cuda-cudart-12.4*")) == []

        runtime.write_bytes(good)
        # What an interrupted download leaves; conda itself would append the file to it.
        (cache / f"{runtime.name}.partial").write_bytes(good[:100])
        conda.cuda("apply", other, path, "-y")
        assert load(conda.cuda("export", other).out) == load(text)

    empty_cache(conda, tmp_path)
    third = conda.create(conda.envs / "three")
    for words, said in (((), "no file from http"), (("--offline",), "--offline forbids")):
        result = conda.cuda("apply", third, path, "-y", *words, check=False)
        assert result.code == 1 and "Traceback" not in result.err and said in result.err
    assert not (third / "cuda-12.4").exists()


def test_a_package_of_a_folder_that_was_replaced_is_refused(
    conda: Any, channels: Channels, tmp_path: Path
) -> None:
    """conda itself does not look at the hashes of files on this machine."""
    folder = tmp_path / "channel"
    shutil.copytree(channels.root / "conda-forge", folder)
    prefix = conda.create(conda.envs / "one")
    empty_cache(conda, tmp_path)
    words = ("12.4", "--from=channel", "--flavor=base", "-y", "-c", folder.as_uri())
    conda.cuda("use", prefix, *words)
    path = export(conda, prefix)
    runtime = min(folder.rglob("cuda-cudart-12.4*.conda"))
    runtime.write_bytes(runtime.read_bytes() + b"x")
    cache, other = empty_cache(conda, tmp_path), conda.create(conda.envs / "two")
    result = conda.cuda("apply", other, path, "-y", check=False)
    assert result.code == 1 and "is not the file that was exported" in result.err
    assert not (other / "cuda").exists()
    assert list(cache.glob("cuda-cudart-12.4*")) == []
    # Without any file there, the sentence says so.
    runtime.unlink()
    result = conda.cuda("apply", other, path, "-y", check=False)
    assert "there is no file" in result.err and "Traceback" not in result.err


def test_a_channel_without_hashes(conda: Any, channels: Channels, tmp_path: Path) -> None:
    """The hash is taken of the archive in the cache; where that is gone, the file says so."""
    folder = tmp_path / "channel"
    shutil.copytree(channels.root / "conda-forge", folder)
    for index in folder.glob("*/repodata.json"):
        content = json.loads(index.read_text())
        for rows in (content["packages"], content["packages.conda"]):
            for row in rows.values():
                del row["sha256"]
        index.write_text(json.dumps(content))
    prefix = conda.create(conda.envs / "one")
    cache = empty_cache(conda, tmp_path)
    words = ("12.4", "--from=channel", "--flavor=base", "-y", "-c", folder.as_uri())
    conda.cuda("use", prefix, *words)
    assert all("sha256" in row for row in packages_of(conda, prefix))
    for archive in (*cache.glob("*.conda"), *cache.glob("*.tar.bz2")):
        archive.unlink()
    result = conda.cuda("export", prefix)
    assert "No SHA-256 is known" in result.err
    assert all("md5" in row and "sha256" not in row for row in packages_of(conda, prefix))
    path, other = export(conda, prefix), conda.create(conda.envs / "two")
    empty_cache(conda, tmp_path)
    conda.cuda("apply", other, path, "-y")
    assert (other / "cuda" / "lib64").is_dir()


def packages_of(conda: Any, prefix: Path) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = load(conda.cuda("export", prefix).out)["toolkits"][0]["packages"]
    return rows


class TestAdopted:
    """Files that are not ours: what cannot be promised is said."""

    def test_a_toolkit_of_the_machine(self, conda: Any, tmp_path: Path) -> None:
        here = tmp_path / "cuda-13.0"
        (here / "lib64").mkdir(parents=True)
        (here / "lib64" / "libcudart.so.13").write_bytes(b"cudart")
        (here / "version.json").write_text('{"cuda": {"version": "13.0.2"}}')
        prefix, other = (conda.create(conda.envs / name) for name in ("one", "two"))
        conda.cuda("use", prefix, here, "-y")
        result = conda.cuda("export", prefix)
        (toolkit,) = load(result.out)["toolkits"]
        assert toolkit == {
            "version": "13.0.2",
            "origin": "system",
            "flavor": "runtime",
            "location": str(here),
        }
        sentence = f"CUDA 13.0.2 is adopted from {here}: its files belong to that machine and may"
        assert f"not promised: {sentence}" in result.err
        assert load(result.out)["not-promised"][0].startswith(sentence)

        path = export(conda, prefix)
        conda.cuda("apply", other, path, "-y")
        assert (other / "cuda" / "lib64" / "libcudart.so.13").read_bytes() == b"cudart"
        assert "already" in conda.cuda("apply", other, path).out
        conda.cuda("remove", other, "--all", "-y")
        # Another release at the same place is not the one that was exported.
        (here / "version.json").write_text('{"cuda": {"version": "13.0.1"}}')
        before = listing(other)
        result = conda.cuda("apply", other, path, "-y", check=False)
        assert result.code == 1 and "there is none of exactly that release here" in result.err
        assert "conda cuda list --system" in result.err
        assert listing(other) == before
        # Elsewhere on the machine it is found.
        moved = tmp_path / "elsewhere"
        shutil.copytree(here, moved)
        (moved / "version.json").write_text('{"cuda": {"version": "13.0.2"}}')
        conda.cuda("apply", other, path, "-y", CUDA_PATH=str(moved))
        (found,) = conda.cuda("list", other, "--json").json["toolkits"]
        assert (found["origin"], found["location"]) == ("system", str(moved))

    def test_packages_of_the_environment(self, conda: Any, channels: Channels) -> None:
        names = ("one", "two", "three")
        first, second, third = (conda.envs / name for name in names)
        create = ("-c", channels.forge, "--override-channels", "-y")
        for prefix in (first, second):
            conda("create", "-p", prefix, "cudatoolkit=11.8", *create)
        conda.create(third)
        conda.cuda("use", first, "11.8", "-y")
        result = conda.cuda("export", first)
        (toolkit,) = load(result.out)["toolkits"]
        assert toolkit["origin"] == "environment"
        assert [row["name"] for row in toolkit["packages"]] == ["cudatoolkit"]
        assert "conda env export exports them together with all others" in result.err

        path = export(conda, first)
        conda.cuda("apply", second, path, "-y")
        assert (second / "cuda" / "lib64" / "libcudart.so.11.0").is_file()
        assert "already" in conda.cuda("apply", second, path).out
        before = listing(third)
        result = conda.cuda("apply", third, path, "-y", check=False)
        assert result.code == 1 and "this one lacks cudatoolkit-11.8.0" in result.err
        assert "conda install cudatoolkit=11.8.0=" in result.err
        assert listing(third) == before


def test_a_file_whose_hash_was_changed_with_its_digest(
    conda: Any, channels: Channels, tmp_path: Path
) -> None:
    """A digest is no signature; the hashes of the files hold all the same."""
    prefix, other = (conda.create(conda.envs / name) for name in ("one", "two"))
    conda.cuda("use", prefix, "12.4", "--from=channel", "--flavor=base", "-y")
    path = export(conda, prefix)
    content = load(path.read_text())
    content["toolkits"][0]["packages"][0]["sha256"] = "0" * 64
    content["digest"] = digest_of(content)
    path.write_text(dump(content))
    result = conda.cuda("apply", other, path, "-y", check=False)
    assert result.code == 1 and "is not the file that was exported" in result.err
    assert not (other / "cuda").exists()
