"""Manifests and archives that are not what they say."""

from __future__ import annotations

import io
import json
import lzma
import tarfile
from pathlib import Path
from typing import Any

import pytest

from ...conftest import Conda
from ..redist_server import (
    MACHINE,
    Part,
    RedistServer,
    small_release,
    write_archive,
    write_release,
)
from .commands import refused


class TestLies:
    """Manifest, archive and server may each say something else."""

    def change(self, folder: Path, **changes: Any) -> None:
        path = folder / "redistrib_12.4.1.json"
        manifest = json.loads(path.read_text())
        manifest["cuda_cudart"][MACHINE].update(changes)
        path.write_text(json.dumps(manifest))

    @pytest.mark.parametrize("kind", ["folder", "address"])
    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"sha256": "0" * 64}, "does not have the sha256 that the manifest gives for it"),
            ({"size": "10"}, "bytes where the manifest says 10, so"),
            ({"size": "99999999"}, "bytes where the manifest says 99999999, so"),
        ],
        ids=["sha256", "smaller", "larger"],
    )
    def test_a_manifest_with_another_hash_or_size(
        self,
        change: dict[str, str],
        reason: str,
        kind: str,
        conda: Conda,
        environment: Path,
        folder: Path,
        server: RedistServer,
    ) -> None:
        self.change(folder, **change)
        message = refused(conda, environment, folder if kind == "folder" else server.address)
        assert message.startswith("AnswerError: ")
        assert reason in message

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"sha256": "short"}, "it gives no sha256 for cuda_cudart"),
            ({"size": "-1"}, "it gives no size for cuda_cudart"),
            ({"size": str(10**15)}, "it gives no size for cuda_cudart"),
            ({"relative_path": "../../secret.tar.xz"}, "it names a file that it cannot mean"),
            ({"relative_path": "/etc/passwd.tar.xz"}, "it names a file that it cannot mean"),
            ({"relative_path": "http://x/y.tar.xz"}, "it names a file that it cannot mean"),
            ({"relative_path": "x/archive.exe"}, "it names a file that it cannot mean"),
        ],
        ids=lambda value: "=".join(*value.items()) if isinstance(value, dict) else "",
    )
    def test_a_manifest_that_makes_no_sense(
        self, change: dict[str, str], reason: str, conda: Conda, environment: Path, folder: Path
    ) -> None:
        self.change(folder, **change)
        message = refused(conda, environment, folder)
        assert message.startswith(
            f"NoSourceError: The source redist cannot use redistrib_12.4.1.json: {reason}"
        )

    def test_components_that_would_be_one_package(
        self, conda: Conda, environment: Path, folder: Path
    ) -> None:
        write_release(folder, "12.4.1", [*small_release(), Part("CUDART", "1", {"lib/x": b"x"})])
        message = refused(conda, environment, folder, "12.4", "--flavor=devel")
        assert message.startswith(
            "NoSourceError: The source redist cannot use redistrib_12.4.1.json: it has cuda_cudart "
            "and CUDART, which would be one package"
        )

    @pytest.mark.parametrize(
        "text", ["", "[]", "{", "{}", "null", '{"release_label": "x"}', "[" * 9999]
    )
    def test_a_file_that_is_no_manifest(
        self, text: str, conda: Conda, environment: Path, folder: Path
    ) -> None:
        (folder / "redistrib_12.4.1.json").write_text(text)
        message = refused(conda, environment, folder)
        assert message.startswith(
            "NoSourceError: The source redist cannot use redistrib_12.4.1.json"
        )

    @pytest.mark.parametrize("lengths", [True, False], ids=["lengths", "no-lengths"])
    def test_a_server_that_sends_more_than_promised(
        self, lengths: bool, conda: Conda, environment: Path, server: RedistServer
    ) -> None:
        server.append, server.lengths = b"x" * 100_000, lengths
        message = refused(conda, environment, server.address)
        assert "where the manifest says" in message

    @pytest.mark.parametrize("keep", [0, 40, 0.5, -1], ids=["empty", "start", "half", "last-byte"])
    @pytest.mark.parametrize("kind", ["folder", "address", "address-without-lengths"])
    def test_a_truncated_archive(
        self,
        kind: str,
        keep: float,
        conda: Conda,
        environment: Path,
        folder: Path,
        server: RedistServer,
    ) -> None:
        (archive,) = folder.glob(f"cuda_cudart/{MACHINE}/*.tar.xz")
        data = archive.read_bytes()
        archive.write_bytes(data[: int(keep * len(data)) if 0 < keep < 1 else int(keep)])
        server.lengths = kind != "address-without-lengths"
        message = refused(conda, environment, folder if kind == "folder" else server.address)
        assert message.startswith("AnswerError: ")

    @pytest.mark.parametrize("keep", [0, 40, 0.5, -1], ids=["empty", "start", "half", "last-byte"])
    def test_a_truncated_archive_that_the_manifest_agrees_with(
        self, keep: float, conda: Conda, environment: Path, folder: Path
    ) -> None:
        (archive,) = folder.glob(f"cuda_cudart/{MACHINE}/*.tar.xz")
        data = archive.read_bytes()
        cut = data[: int(keep * len(data)) if 0 < keep < 1 else int(keep)] or b"\0"
        row = write_archive(folder, "cuda_cudart", MACHINE, archive.name, cut)
        self.change(folder, **row)
        message = refused(conda, environment, folder)
        assert f"{archive.name} cannot be used: it is damaged" in message


def hostile(kind: str) -> bytes:
    """An archive that must not be unpacked; beside what makes it so it holds a library."""
    top = f"cuda_cudart-{MACHINE}-12.4.127-archive"
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:xz", preset=0) as tar:

        def add(name: str, type_: bytes = tarfile.REGTYPE, link: str = "", size: int = 0) -> None:
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.size = type_, link, size
            tar.addfile(info, io.BytesIO(bytes(size)))

        add(f"{top}/lib/libcudart.so.12", size=10)
        if kind == "parent":
            add(f"{top}/../../../../escaped", size=1)
        elif kind == "absolute":
            add("/tmp/escaped", size=1)
        elif kind == "link":
            add(f"{top}/lib/out", tarfile.SYMTYPE, "/tmp")
            add(f"{top}/lib/out/escaped", size=1)
        elif kind == "relative-link":
            add(f"{top}/lib/out", tarfile.SYMTYPE, "../../../..")
        elif kind == "hard-link":
            add(f"{top}/lib/out", tarfile.LNKTYPE, "/etc/passwd")
        elif kind == "case":
            add(f"{top}/lib/LIBCUDART.so.12", size=1)
        elif kind == "device":
            add(f"{top}/lib/null", tarfile.CHRTYPE)
        elif kind == "posing":
            add(f"{top}/info/index.json", size=1)
    if kind == "bomb":
        header = tarfile.TarInfo(f"{top}/lib/x")
        header.size = 4 * 2**30
        return lzma.compress(header.tobuf()) + 256 * lzma.compress(bytes(2**24))
    return buffer.getvalue()


@pytest.mark.parametrize("place", ["folder", "address"])
@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("parent", "would leave its place"),
        ("absolute", "would leave its place"),
        ("link", "leads out of the package"),
        ("relative-link", "leads out of the package"),
        ("hard-link", "would leave its place"),
        ("case", "are the same file"),
        ("device", "is not a regular file"),
        ("posing", "would pose as conda's own"),
        ("bomb", "it would unpack to more than any real one"),
    ],
)
def test_a_hostile_archive_that_the_manifest_agrees_with(
    kind: str,
    reason: str,
    place: str,
    conda: Conda,
    environment: Path,
    folder: Path,
    server: RedistServer,
) -> None:
    path = folder / "redistrib_12.4.1.json"
    manifest = json.loads(path.read_text())
    name = manifest["cuda_cudart"][MACHINE]["relative_path"].rpartition("/")[2]
    row = write_archive(folder, "cuda_cudart", MACHINE, name, hostile(kind))
    manifest["cuda_cudart"][MACHINE] = row
    path.write_text(json.dumps(manifest))
    message = refused(conda, environment, folder if place == "folder" else server.address)
    assert message.startswith(f"RedistError: {name} cannot be used: ")
    assert reason in message.splitlines()[0]
    assert not Path("/tmp/escaped").exists()
