"""The format `cuda-environment` of conda's own commands, from conda 25.9 on.

conda asks for formats at every command, so all that they do is imported when they do it.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import conda.plugins.types as types

from . import FILES, FORMAT

_ABOUT = "Environment with its CUDA toolkit, as conda cuda apply takes it"
_Base: Any = getattr(types, "EnvironmentSpecBase", object)


def _names_of(kind: Any) -> set[str]:
    """The values that one of conda's types has in this version; none without such a type."""
    return {field.name for field in fields(kind)} if kind is not None else set()


def _fitting(kind: Any, **values: Any) -> Any:
    """One of conda's types with those of some values that it has."""
    return kind(**{name: values[name] for name in values if name in _names_of(kind)})


def exporter() -> Any | None:
    """For `conda export`; None where conda has no such formats."""
    kind = getattr(types, "CondaEnvironmentExporter", None)
    if not hasattr(kind, "multiplatform_export"):
        return None
    return _fitting(
        kind,
        name=FORMAT,
        aliases=(),
        default_filenames=FILES,
        export=_export,
        description=_ABOUT,
    )


def specifier() -> Any | None:
    """For `conda env create` and `conda env update`; None where conda has no such formats."""
    kind = getattr(types, "CondaEnvironmentSpecifier", None)
    if exporter() is None:
        return None
    return _fitting(
        kind,
        name=FORMAT,
        environment_spec=CudaEnvironmentSpec,
        default_filenames=FILES,
        description=_ABOUT,
    )


def _export(model: Any) -> str:
    from .lockfile.conda_model import text_of_model

    return text_of_model(model)


class CudaEnvironmentSpec(_Base):
    """A file that conda reads; a post command gives the environment its toolkit."""

    detection_supported = "default_filenames" in _names_of(
        getattr(types, "CondaEnvironmentSpecifier", None)
    )
    """Before conda 26.3 every format that takes a file is in the way of all others."""

    def __init__(self, filename: str | None = None, **more: Any) -> None:
        self.filename = filename

    def can_handle(self) -> bool:
        """Whether the file is meant for this format."""
        from .system.conda_compat import file_format

        named = file_format() == FORMAT
        return bool(self.filename) and (named or Path(str(self.filename)).name in FILES)

    @property
    def env(self) -> Any:
        """conda's part of the file."""
        from .lockfile.conda_model import model_of

        return model_of(Path(str(self.filename)))
