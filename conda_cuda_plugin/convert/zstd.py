"""zstd, from whatever the conda at hand unpacks its own packages with."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import IO, Any


def zstd_writer(file: IO[bytes], level: int, threads: int) -> AbstractContextManager[IO[bytes]]:
    """Compress into an open file, which stays open.

    Args:
        file: takes the compressed bytes.
        level: as zstd counts them; low is fast.
        threads: one or more; their number does not change the bytes.
    """
    try:
        zstd = _with_the_interface_of_python()
    except ImportError:  # conda before 26.7
        import zstandard

        compressor = zstandard.ZstdCompressor(level=level, threads=threads)
        return compressor.stream_writer(file, closefd=False)
    parameter = zstd.CompressionParameter
    options = {parameter.compression_level: level, parameter.nb_workers: threads}
    writer: AbstractContextManager[IO[bytes]] = zstd.ZstdFile(file, "w", options=options)
    return writer


def _with_the_interface_of_python() -> Any:
    """Python's own module, from 3.14 on, or the one that conda has for older Pythons."""
    try:
        from compression import zstd
    except ImportError:
        from backports import zstd
    return zstd
