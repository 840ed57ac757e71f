"""What an error message is about: the libraries that it names, or what it means."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from ..data import read_data, tools

LIMIT = 2**21
"""Characters that are looked at: the last ones, where logs have their error."""
_MOST = 12
_MOST_PLACES = 4000
"""Places that are looked at closely; a text with more complaints repeats itself."""

_SO = r"(?<!\w)lib[\w.+-]{1,80}?\.so(?:\.\d{1,9}){0,6}(?!\.?\w)"
_DLL_FILE = r"(?<!\w)[\w.+-]{1,80}?\.(?i:dll)(?!\w)"
_LIBRARY, _DLL, _EITHER = (f"(?P<name>{name})" for name in (_SO, _DLL_FILE, f"{_SO}|{_DLL_FILE}"))
_TOOL = r"(?P<name>[\w+-]{1,40})"
_WORD = r"(?P<name>[\w.+-]{1,80})"
_ENDS = " \t\r\n'\"()"
_MENTION_LIMIT = 2**18
_MEANING_LIMIT = 2**18
"""Characters at the end of a text that are looked at: errors stand there."""


class Complaint(str, Enum):
    """What a message says of a library."""

    MISSING = "missing"
    SYMBOL = "symbol"
    """A symbol is not in it: the file that was found is another version than the one wanted."""
    VERSION = "version"
    """It lacks a version that another library wants."""
    LINKING = "linking"
    """The linker did not find it."""
    MENTION = "mention"


@dataclass(frozen=True)
class Mention:
    """A library, DLL or tool in a message."""

    name: str
    complaint: Complaint
    by: str | None = None
    """The file that asks for it, where the message has it."""
    symbol: str | None = None
    """The symbol that is missing."""


@dataclass(frozen=True)
class Meaning:
    """What a message means, in one sentence or two."""

    message: str
    """As it stands in the text."""
    means: str
    commands: Sequence[tuple[str, str]]
    """What to do, and what for."""


class _Wording(NamedTuple):
    """A literal, and patterns of what stands right before or after it."""

    complaint: Complaint
    key: str
    before: str = ""
    after: str = ""


# Only a few hundred characters around each literal are matched, so that the time stays in
# proportion to the text. Sources of the wordings: glibc dl-load.c, dl-lookup.c, dl-version.c; GNU
# ld, gold, lld and mold; CPython's ctypes and dynload_win.c; TensorFlow's dso_loader.cc; cuDNN.
_WORDINGS = (
    _Wording(
        Complaint.SYMBOL,
        "undefined symbol: ",
        after=rf"(?P<symbol>\w{{1,300}})(?:,? version {_LIBRARY})?",
    ),
    _Wording(
        Complaint.VERSION,
        " not found (required by ",
        before=rf"version [`'\"]{_LIBRARY}[`'\"]",
        after=r"(?P<by>[^)\n]{1,4000})\)",
    ),
    _Wording(Complaint.MISSING, ": cannot open shared object", before=_LIBRARY),
    _Wording(Complaint.MISSING, " => not found", before=_LIBRARY),
    _Wording(Complaint.MISSING, "ould not load dynamic library '", after=_EITHER),
    _Wording(Complaint.MISSING, "ould not load library ", after=_LIBRARY),
    _Wording(Complaint.MISSING, "nable to load any of {", after=_LIBRARY),
    _Wording(Complaint.MISSING, "ailed to load ", after=rf"'?(?:{_LIBRARY})"),
    _Wording(Complaint.MISSING, "ailed to dlopen ", after=rf"'?(?:{_LIBRARY})"),
    _Wording(Complaint.LINKING, "cannot find -l", after=f":?{_WORD}"),
    _Wording(Complaint.LINKING, "unable to find library -l", after=f":?{_WORD}"),
    _Wording(Complaint.LINKING, "library not found: ", after=_WORD),
    _Wording(Complaint.MISSING, "ould not find module '", after=rf"(?:[^'\n]*[\\/])?{_DLL}'"),
    _Wording(Complaint.MISSING, 'rror loading "', after=rf"(?:[^\"\n]*[\\/])?{_DLL}\""),
    _Wording(Complaint.MISSING, "ould not find '", after=f"{_DLL}'"),
    _Wording(Complaint.MISSING, "ailed to open ", after=_DLL),
    _Wording(Complaint.MISSING, ": command not found", before=_TOOL),
    _Wording(Complaint.MISSING, ": not found", before=rf"(?:^|[\s:]){_TOOL}"),
    _Wording(Complaint.MISSING, "No such file or directory: '", after=rf"(?:[^'\n]*/)?{_TOOL}'"),
)
_MENTIONED = re.compile(_EITHER)

# Source: the prefixes of NVIDIA's public functions. The longer ones come first.
_SYMBOLS = (
    ("__nvJitLink", "libnvJitLink.so"),
    ("nvJitLink", "libnvJitLink.so"),
    ("cublasLt", "libcublasLt.so"),
    ("cublas", "libcublas.so"),
    ("cusolver", "libcusolver.so"),
    ("cusparse", "libcusparse.so"),
    ("cufft", "libcufft.so"),
    ("curand", "libcurand.so"),
    ("cudnn", "libcudnn.so"),
    ("nccl", "libnccl.so"),
    ("nvrtc", "libnvrtc.so"),
    ("nvjpeg", "libnvjpeg.so"),
    ("nvml", "libnvidia-ml.so.1"),
    ("cupti", "libcupti.so"),
    ("cuda", "libcudart.so"),
    ("__cudaRegister", "libcudart.so"),
)
_DRIVER_SYMBOL = re.compile(r"cu[A-Z]\w+")


def names_in(text: str) -> tuple[Mention, ...]:
    """The libraries and tools that a message is about: at most a dozen, each once.

    When the message complains of some, only those. Of a long text the end is read.
    """
    text = text[-LIMIT:]
    complaints: dict[str, Mention] = {}
    for _, mention in sorted(_complaints(text), key=lambda pair: pair[0]):
        complaints.setdefault(mention.name, mention)
    if complaints:
        return tuple(complaints.values())[:_MOST]
    mentions: dict[str, Mention] = {}
    for match in _MENTIONED.finditer(text[-_MENTION_LIMIT:]):
        mentions.setdefault(match["name"], Mention(match["name"], Complaint.MENTION))
        if len(mentions) == _MOST:
            break
    return tuple(mentions.values())


def library_of_symbol(symbol: str) -> str | None:
    """The library that a function of NVIDIA's is in, without a version; None when unknown."""
    for prefix, library in _SYMBOLS:
        if symbol.startswith(prefix):
            return library
    return "libcuda.so.1" if _DRIVER_SYMBOL.fullmatch(symbol) else None


def release_of_symbol(symbol: str) -> tuple[int, int] | None:
    """The release that brought a symbol, where its name says so (`__nvJitLinkAddData_12_1`)."""
    match = re.fullmatch(r"__nvJitLink\w*?_(\d{1,2})_(\d{1,2})", symbol)
    return (int(match[1]), int(match[2])) if match else None


def _complaints(text: str) -> Iterator[tuple[int, Mention]]:
    """What the text complains of, with the place."""
    for wording in _WORDINGS:
        at = text.find(wording.key)
        for _ in range(_MOST_PLACES):
            if at < 0:
                break
            mention = _complaint(text, wording, at)
            if mention is not None:
                yield at, mention
            at = text.find(wording.key, at + len(wording.key))


def _complaint(text: str, wording: _Wording, at: int) -> Mention | None:
    """What one place says."""
    end = at + len(wording.key)
    before = re.search(f"(?:{wording.before})$", text[max(0, at - 150) : at])
    after = re.match(wording.after, text[end : end + 4100])
    if before is None or after is None:
        return None
    groups = {**before.groupdict(), **after.groupdict()}
    name, symbol, by = groups.get("name"), groups.get("symbol"), groups.get("by")
    if symbol:
        name = name or library_of_symbol(symbol)
        stop = at - 2 if text.startswith(": ", max(0, at - 2)) else at
        start = max(text.rfind(end, max(0, stop - 4096), stop) for end in _ENDS) + 1
        by = text[max(start, stop - 4096, 0) : stop] or None
    if name and wording.complaint is Complaint.LINKING and ".so" not in name:
        name = f"{'' if name.startswith('lib') else 'lib'}{name}.so"
    if name and wording.key[0] in ":N" and "." not in name and name not in tools():
        return None
    return Mention(name, wording.complaint, by, symbol) if name else None


def meanings_of(text: str) -> list[Meaning]:
    """The messages in a text that are known, in the table's order."""
    found = []
    # Messages are wrapped anywhere, and no pattern shall go over a run of blanks again and again.
    end = " ".join(text[-_MEANING_LIMIT:].split())
    for row in read_data("messages.json")["messages"]:
        match = re.search(row["pattern"], end, re.IGNORECASE | re.ASCII)
        if match:
            # The groups of a pattern hold digits and dots only.
            commands = [(line.format(**match.groupdict()), why) for line, why in row["commands"]]
            found.append(Meaning(match[0], row["means"], commands))
    return found
