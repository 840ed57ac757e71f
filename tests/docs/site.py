"""Check that no page of the built site loads anything from elsewhere.

usage: site.py FOLDER
"""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import NoReturn

LOADS = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src"}
RELATIONS = {"stylesheet", "icon", "preload", "preconnect", "dns-prefetch", "modulepreload"}
ELSEWHERE = re.compile(r"^(?:[a-z]+:)?//", re.I)
IN_STYLES = re.compile(r"(?:@import\s+|url\()\s*[\"']?((?:[a-z]+:)?//[^\"')\s]+)", re.I)


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        address = values.get(LOADS.get(tag, ""), "")
        if tag == "link" and RELATIONS & set(values.get("rel", "").split()):
            address = values.get("href", "")
        if ELSEWHERE.match(address):
            self.found.append(f"<{tag}> {address}")


def loads_from_elsewhere(folder: Path) -> list[str]:
    """What pages and style sheets below a folder load from other places."""
    found = []
    for path in sorted(folder.rglob("*.html")):
        page = _Page()
        text = path.read_text(encoding="utf-8")
        page.feed(text)
        found += [f"{path.relative_to(folder)}: {one}" for one in page.found]
        found += [f"{path.relative_to(folder)}: {one}" for one in IN_STYLES.findall(text)]
    for path in sorted(folder.rglob("*.css")):
        for one in IN_STYLES.findall(path.read_text(encoding="utf-8")):
            found.append(f"{path.relative_to(folder)}: {one}")
    return found


def main() -> NoReturn:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    found = loads_from_elsewhere(Path(sys.argv[1]))
    sys.exit("\n".join(found) or 0)


if __name__ == "__main__":
    main()
