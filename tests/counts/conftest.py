"""Commands of which system calls and modules are counted."""

from ..cli.conftest import cli_cache, conda, template, two, wheelhouse  # noqa: F401
