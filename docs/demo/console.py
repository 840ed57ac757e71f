"""What mkdocs calls: in a console block only `$ ` is a prompt, `#` begins a line of output."""

from __future__ import annotations

import re
from typing import Any

from pygments.lexers.shell import BashSessionLexer


def on_config(config: Any) -> Any:
    """Called before the site is built; gives the configuration back as it is."""
    BashSessionLexer._ps1rgx = re.compile(r"^(\$ )(.*\n?)")
    return config
