"""`apply`: every address is shown, and nothing is installed that no hash protects."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from ..conftest import Conda, Result
from ..sources.web import serve
from ..sources.wheelhouse import COMPONENTS, write_wheel
from .conftest import in_words, needs_root
from .exact_files import Ask, ask, conda_package, row, wheel, write_file

__all__ = ["ask", "wheel"]

RUNTIME = "nvidia-cuda-runtime-cu12-12.4.127-wheel_0"
CUDART = "cuda-cudart-12.4.127-0"
WRONG = "is not the file that was exported"
NO_HASH = "The file has no hash of"


@pytest.fixture
def other(wheel: Path, tmp_path: Path) -> Path:
    """Another file of the same name."""
    (tmp_path / "other").mkdir()
    files = COMPONENTS["nvidia-cuda-runtime-cu12", "12.4.127"] | {"nvidia/cuda_runtime/lib/x": b""}
    return write_wheel(tmp_path / "other", "nvidia-cuda-runtime-cu12", "12.4.127", files)


def refused(done: Result, said: str, environment: Path) -> None:
    in_words(done)
    assert done.code == 1 and said in done.err, (done.out, done.err)
    assert not (environment / "cuda").exists() and not list(environment.glob("cuda-*"))


class TestHashes:
    """What is installed is what a hash says, or what the user has seen and forced."""

    @pytest.mark.parametrize("hashes", [("md5",), ("sha256",), ("sha256", "md5")], ids=",".join)
    @pytest.mark.parametrize("lies", ["at its address", "in the index", "nowhere else"])
    def test_another_file_never_passes(
        self, hashes: tuple[str, ...], lies: str, ask: Ask, wheel: Path, other: Path,
        environment: Path, tmp_path: Path,
    ) -> None:  # fmt: skip
        said = row(RUNTIME, other, *hashes)
        # Of two hashes, one holds for the other file.
        wrong = {hashes[-1]: said[hashes[-1]]}
        place = {"at its address": wheel, "in the index": other, "nowhere else": tmp_path / "x.whl"}
        file = tmp_path / "cuda.yaml"
        if lies == "in the index":
            wrong = {key: "0" * len(value) for key, value in wrong.items()}
        url = place[lies].as_uri().replace("x.whl", f"gone/{wheel.name}")
        write_file(file, row(RUNTIME, wheel, *hashes, **wrong) | {"url": url})
        for words in (("-y",), ("-y", "--force"), ("-y", "--json")):
            done = ask("apply", "-p", environment, file, *words)
            assert WRONG in done.out + done.err, (done.out, done.err)
            assert in_words(done).code == 1 and not (environment / "cuda").exists()

    @pytest.mark.parametrize(("hashes", "word"), [(("md5",), ""), (("sha256", "md5"), "exactly ")])
    def test_what_holds_is_installed(
        self, hashes: tuple[str, ...], word: str, ask: Ask, wheel: Path, environment: Path,
        tmp_path: Path,
    ) -> None:  # fmt: skip
        file = write_file(tmp_path / "cuda.yaml", row(RUNTIME, wheel, *hashes))
        done = in_words(ask("apply", "-p", environment, file, "-y"))
        assert f" has {word}what cuda.yaml says.\n" in done.out, done.err
        assert done.out.count("exactly") == bool(word)
        assert (environment / "cuda" / "lib64" / "libcudart.so.12").exists()
        if word:
            again = ask("apply", "-p", environment, file)
            assert f" has {word}what cuda.yaml says already.\n" in again.out

    @pytest.mark.parametrize("inside", [".", "PACKAGE", "PACKAGE/info"])
    @pytest.mark.parametrize("how", ["mode", pytest.param("owner", marks=needs_root)])
    @pytest.mark.parametrize("when", ["before", "after"])
    def test_what_lies_where_others_may_write_is_not_exact(
        self, inside: str, how: str, when: str, ask: Ask, conda: Conda, wheel: Path,
        environment: Path, tmp_path: Path,
    ) -> None:  # fmt: skip
        file = write_file(tmp_path / "cuda.yaml", row(RUNTIME, wheel, "sha256"))
        in_words(ask("apply", "-p", environment, file, "-y"))
        cache = Path(conda.variables["CONDA_PKGS_DIRS"])
        (package,) = cache.glob("nvidia-cuda-runtime-cu12-*/")
        place = cache / inside.replace("PACKAGE", package.name)
        if how == "mode":
            place.chmod(0o777)
        else:
            os.chown(place, 1234, 1234)
        if when == "before":
            in_words(ask("remove", "-p", environment, "--all", "-y"))
        done = in_words(ask("apply", "-p", environment, file, "-y"))
        assert " has what cuda.yaml says" in done.out, done.err
        assert "not promised: that the packages are those of the file" in done.err
        assert ask("apply", "-p", environment, file, "-y", "--json").json["exact"] is False

    @pytest.mark.parametrize("kind", ["wheel", "conda"])
    def test_without_a_hash_it_has_to_be_forced(
        self, kind: str, ask: Ask, wheel: Path, environment: Path, tmp_path: Path
    ) -> None:
        canary = tmp_path / "canary"
        place = (
            wheel if kind == "wheel" else conda_package(tmp_path / "c", script=f"touch {canary}")
        )
        name, origin = (RUNTIME, "pypi") if kind == "wheel" else (CUDART, "channel")
        file = write_file(tmp_path / "cuda.yaml", row(name, place), origin=origin)
        for words in ((), ("-y",), ("-y", "--json"), ("-q", "-y")):
            done = ask("apply", "-p", environment, file, *words)
            assert (
                NO_HASH in done.out + done.err
                and place.as_uri()
                in done.out + done.err + "".join([] if "-q" not in words else [place.as_uri()])
            )
            assert in_words(done).code == 1 and not (environment / "cuda").exists()
        assert not canary.exists()
        # With the very file in the caches of this machine, it is the same.
        good = write_file(tmp_path / "good.yaml", row(name, place, "sha256"), origin=origin)
        ask("apply", "-p", environment, good, "-y")
        canary.unlink(missing_ok=True)
        in_words(ask("remove", "-p", environment, "--all", "-y"))
        refused(ask("apply", "-p", environment, file, "-y"), NO_HASH, environment)
        assert not canary.exists()
        done = in_words(ask("apply", "-p", environment, file, "-y", "--force"))
        assert " has what cuda.yaml says.\n" in done.out, done.err
        assert "exactly" not in done.out and (environment / "cuda" / "lib64").exists()
        again = in_words(ask("apply", "-p", environment, file))
        assert " has what cuda.yaml says already.\n" in again.out

    def test_forced_it_comes_from_its_address_alone(
        self, ask: Ask, wheel: Path, environment: Path, tmp_path: Path
    ) -> None:
        url = (tmp_path / wheel.name).as_uri()
        file = write_file(tmp_path / "cuda.yaml", row(RUNTIME, wheel) | {"url": url})
        refused(
            ask("apply", "-p", environment, file, "-y", "--force"), "cannot be had", environment
        )

    def test_another_package_of_the_name_in_the_cache(
        self, ask: Ask, environment: Path, tmp_path: Path
    ) -> None:
        one, two = conda_package(tmp_path / "one"), conda_package(tmp_path / "two", b"another")
        file = write_file(tmp_path / "a.yaml", row(CUDART, one, "sha256"), origin="channel")
        in_words(ask("apply", "-p", environment, file, "-y"))
        in_words(ask("remove", "-p", environment, "--all", "-y"))
        gone = row(CUDART, two, "md5") | {"url": (tmp_path / "no" / two.name).as_uri()}
        write_file(file, gone, origin="channel")
        refused(ask("apply", "-p", environment, file, "-y"), "there is no file", environment)
        for hashes in (("md5",), ("sha256",), ("sha256", "md5")):
            write_file(file, row(CUDART, two, *hashes), origin="channel")
            in_words(ask("apply", "-p", environment, file, "-y"))
            assert (environment / "cuda/lib64/libcudart.so.12").read_bytes() == b"another"
            in_words(ask("remove", "-p", environment, "--all", "-y"))
            wrong = row(CUDART, one, *hashes) | {"url": two.as_uri()}
            write_file(file, wrong, origin="channel")
            done = ask("apply", "-p", environment, file, "-y")
            here = environment / "cuda/lib64/libcudart.so.12"
            assert not here.exists() or here.read_bytes() == b"cudart", done.err
            in_words(ask("remove", "-p", environment, "--all", "-y"))


class TestPlan:
    """What is shown before anything is done."""

    def test_every_address_is_shown(
        self, ask: Ask, environment: Path, wheel: Path, tmp_path: Path
    ) -> None:
        path = conda_package(tmp_path / "web" / "t" / "to-ken-1" / "cuda")
        with serve(tmp_path / "web") as address:
            url = f"{address}/t/to-ken-1/cuda/{path.name}"
            spoofed = f"{address}/\u202egro.dlog/{path.name}"
            for one in (url, spoofed):
                file = write_file(
                    tmp_path / "cuda.yaml",
                    row(CUDART, path) | {"url": one},
                    origin="channel",
                    request={"channels": [f"{address}/t/to-ken-1/later"]},
                )
                seen = in_words(ask("apply", "-p", environment, file, "--dry-run"))
                if one == spoofed:
                    # Refused, or shown as what it is.
                    assert "\u202e" not in seen.out + seen.err
                    continue
                shown = f"{address}/cuda/{path.name}"
                assert shown in seen.out and f"{address}/later" in seen.out
                assert "--force" in seen.out and "no hash" in seen.out
                plan = ask("apply", "-p", environment, file, "--dry-run", "--json").json["plan"]
                (package,) = plan["install"][0]["packages"]
                assert (package["address"], package["hash"]) == (shown, None)
                assert plan["unprotected"] == ["cuda-cudart"]
                assert plan["channels"] == [f"{address}/later"]
                failed = ask("apply", "-p", environment, file, "-y")
                for done in (seen, failed, ask("apply", "-p", environment, file, "-y", "--json")):
                    assert "to-ken-1" not in done.out + done.err
            url = f"{address}/t/to-ken-1/none/{path.name}"
            for more in ({}, {"sha256": "0" * 64}):
                write_file(file, row(CUDART, path) | {"url": url} | more, origin="channel")
                failed = in_words(ask("apply", "-p", environment, file, "-y", "--force"))
                assert failed.code == 1 and "to-ken-1" not in failed.out + failed.err, failed.err
            name = wheel.name
            write_file(file, row(RUNTIME, wheel) | {"url": f"{address}/t/to-ken-1/none/{name}"})
            failed = in_words(ask("apply", "-p", environment, file, "-y", "--force"))
            assert failed.code == 1 and "to-ken-1" not in failed.out + failed.err, failed.err

    @pytest.mark.parametrize("mode", [0o777, 0o755])
    def test_a_folder_of_the_machine_is_shown_as_use_shows_it(
        self, mode: int, ask: Ask, environment: Path, tmp_path: Path
    ) -> None:
        here = tmp_path / "cuda-13.0"
        (here / "lib64").mkdir(parents=True)
        (here / "lib64" / "libcudart.so.13").touch()
        (here / "version.json").write_text('{"cuda": {"version": "13.0.2"}}')
        (here / "lib64").chmod(mode)
        file = write_file(
            tmp_path / "cuda.yaml", version="13.0.2", origin="system", flavor="runtime",
            location=str(here),
        )  # fmt: skip
        plans = [
            ask(*words, "-p", environment, "--dry-run").out
            for words in (("use", here), ("apply", file))
        ]
        warning = "every user of this machine may write to"
        for plan in plans:
            assert "from" in plan and str(here) in plan
            assert (warning in plan) == (mode == 0o777), plan
        document = ask("apply", "-p", environment, file, "--dry-run", "--json").json
        (step,) = document["plan"]["install"]
        assert step["location"] == str(here) and bool(step["note"]) == (mode == 0o777)
        done = in_words(ask("apply", "-p", environment, file, "-y"))
        assert " has what cuda.yaml says" in done.out and "exactly" not in done.out
        (here / "lib64").chmod(0o777)
        in_words(ask("off", "-p", environment))
        for words in (("use", "13.0"), ("off",), ("apply", file)):
            done = ask(*words, "-p", environment, *([] if words == ("off",) else ["-y"]))
            if words != ("off",):
                assert "warning: every user of this machine may change" in done.err, words

    @pytest.mark.parametrize("location", ["{here}", "cuda-13.0", "../{name}/cuda-13.0"])
    def test_nothing_of_the_folder_is_run_to_make_a_plan(
        self, location: str, conda: Conda, environment: Path, tmp_path: Path
    ) -> None:
        here, canary = tmp_path / "cuda-13.0", tmp_path / "canary"
        (here / "bin").mkdir(parents=True)
        (here / "lib64").mkdir()
        (here / "bin" / "nvcc").write_text(
            f"#!/bin/sh\ntouch '{canary}'\necho 'release 13.0, V13.0.88'\n"
        )
        (here / "bin" / "nvcc").chmod(0o755)
        file = write_file(
            tmp_path / "cuda.yaml", version="13.0.88", origin="system",
            location=location.format(here=here, name=tmp_path.name),
        )  # fmt: skip
        done = subprocess.run(
            [conda.exe, "cuda", "apply", file, "-p", environment, "--dry-run"],
            env=conda.environ(), cwd=tmp_path, capture_output=True, text=True,
        )  # fmt: skip
        assert "there is none" in done.stderr and not canary.exists()
