"""Where a release in NVIDIA's layout may lie."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ...conftest import Conda
from ..redist_server import (
    MACHINE,
    Part,
    RedistServer,
    write_release,
)
from .commands import CUDART, packages, refused, use


class TestWhere:
    """Manifest and archives may lie in many places."""

    @pytest.mark.parametrize(
        "form", ["folder", "manifest", "uri", "address", "address-of-manifest"]
    )
    def test_a_place_that_is_named(
        self, form: str, conda: Conda, environment: Path, folder: Path, server: RedistServer
    ) -> None:
        place = {
            "folder": str(folder),
            "manifest": str(folder / "redistrib_12.4.1.json"),
            "uri": folder.as_uri(),
            "address": server.address.rstrip("/"),
            "address-of-manifest": f"{server.address}redistrib_12.4.1.json",
        }[form]
        result = use(conda, environment, place, "--flavor=base")
        assert result.out.endswith("CUDA 12.4.1 is current in one.\n")
        root = environment / "cuda"
        assert (root / "lib64" / "libcudart.so.12").read_bytes() == b"cudart 12.4"
        assert os.readlink(root / "lib" / "libcudart.so") == "libcudart.so.12"
        assert packages(conda, environment) == [CUDART]

    @pytest.mark.parametrize("form", ["address", "folder"])
    def test_the_setting_is_the_place_of_the_plain_word(
        self, form: str, conda: Conda, environment: Path, folder: Path, server: RedistServer
    ) -> None:
        place = server.address if form == "address" else str(folder)
        use(conda, environment, "redist", CONDA_PLUGINS_CUDA_REDIST=place)
        assert packages(conda, environment) == [CUDART]

    def test_an_address_with_name_and_password_keeps_them_to_itself(
        self, conda: Conda, environment: Path, server: RedistServer
    ) -> None:
        place = server.address.replace("://", "://me:secret@")
        result = use(conda, environment, place)
        assert packages(conda, environment) == [CUDART]
        assert "secret" not in result.out + result.err
        kept = (*conda.pkgs.rglob("*"), *environment.rglob("*"))
        telling = [path for path in kept if path.is_file() and b"secret" in path.read_bytes()]
        # Where conda keeps each command as it was typed.
        assert telling == [environment / "cuda-12.4" / "conda-meta" / "history"]

    def test_the_newest_of_several_releases_is_taken(
        self, conda: Conda, environment: Path, folder: Path, server: RedistServer
    ) -> None:
        write_release(folder, "12.10.0", [Part("cuda_cudart", "12.10.5", {"lib/x.so": b"new"})])
        write_release(folder, "12.9.1", [Part("cuda_cudart", "12.9.79", {"lib/x.so": b"old"})])
        use(conda, environment, server.address, "12", "--flavor=base")
        assert packages(conda, environment) == ["cuda-redist-cudart-12.10.5-cuda12.10.0_0"]

    def test_without_a_listing_the_known_releases_are_tried(
        self, conda: Conda, environment: Path, server: RedistServer
    ) -> None:
        server.lists = False
        use(conda, environment, server.address)
        assert packages(conda, environment) == [CUDART]

    def test_without_a_listing_a_release_that_nobody_knows_can_be_named(
        self, conda: Conda, environment: Path, folder: Path, server: RedistServer
    ) -> None:
        server.lists = False
        write_release(folder, "19.7.3", [Part("cuda_cudart", "19.7.1", {"lib/x.so": b"new"})])
        use(conda, environment, server.address, "19.7.3", "--flavor=base", "--force")
        assert packages(conda, environment) == ["cuda-redist-cudart-19.7.1-cuda19.7.3_0"]

    def test_another_release_than_that_of_the_manifest(
        self, conda: Conda, environment: Path, folder: Path
    ) -> None:
        place = folder / "redistrib_12.4.1.json"
        message = refused(conda, environment, place, "12.6", "--flavor=base")
        assert message == (
            "NoSourceError: The source redist has CUDA 12.4.1 in redistrib_12.4.1.json, and no "
            "CUDA 12.6."
        )

    def test_a_place_that_does_not_exist(self, conda: Conda, environment: Path) -> None:
        message = refused(conda, environment, "/nonexistent/redist")
        assert "/nonexistent/redist is neither a folder of NVIDIA's redist archives nor" in message

    @pytest.mark.parametrize(
        "text", ["http://", "nothing://x/y", "http://[x/y", "http://127.0.0.1:x/"]
    )
    def test_an_address_that_is_none(self, text: str, conda: Conda, environment: Path) -> None:
        message = refused(conda, environment, text)
        assert message.startswith("NoSourceError: The source redist cannot be asked: ")

    def test_nobody_answers(self, conda: Conda, environment: Path) -> None:
        message = refused(conda, environment, "http://127.0.0.1:9/")
        assert message.startswith(
            "NoSourceError: The source redist cannot be asked: http://127.0.0.1:9 cannot be "
            "reached."
        )

    def test_available_lists_what_the_place_has_with_sizes(
        self, conda: Conda, environment: Path, folder: Path
    ) -> None:
        manifest = json.loads((folder / "redistrib_12.4.1.json").read_text())
        result = conda.cuda(
            "list", environment, "--available", "--json", CONDA_PLUGINS_CUDA_REDIST=str(folder)
        )
        offers = [
            (offer["version"], offer["flavor"], offer["size"], offer["nvcc"])
            for release in result.json["available"]
            for offer in release["offers"]
            if offer["source"] == "redist"
        ]
        sizes = {
            name: int(row[MACHINE]["size"]) for name, row in manifest.items() if MACHINE in row
        }
        base = sizes["cuda_cudart"]
        runtime = base + sizes["libcublas"]
        devel = runtime + sizes["cuda_nvcc"] + sizes["cuda_cccl"] + sizes["cuda_gdb"]
        assert offers == [
            ("12.4.1", "base", base, False),
            ("12.4.1", "runtime", runtime, False),
            ("12.4.1", "devel", devel, True),
        ]
