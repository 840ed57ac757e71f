"""What an error message is about: the files that it names, or what it means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from ..data import tools
from .grammar import DLL, SO, Found, Text
from .names import Kind, releases_of

_MOST = 12
_SHOWN = 300
"""Characters of a message that are shown."""
_NOT_TOOLKITS = (Kind.DRIVER, Kind.CUDNN, Kind.NCCL)
_ENDS = " \t\r\n'\"()"
_MENTION_LIMIT = 2**18
_CUT = re.compile(r"\w['\"`]$")
_WHOLE_PATH = re.compile(r"[A-Za-z]:[\\/]|[\\/]")
_FILE_NAMED = re.compile(f"(?P<name>{SO}|{DLL})", re.IGNORECASE)
_HEADER_NAMED = re.compile(r"(?<![\w./+-])(?P<name>[\w+-]{1,60}\.(?:h|hpp|cuh)): ")
_TOOL_NAMED = re.compile(r"['\"`‘“](?P<name>[\w+-]{1,40})['\"`’”]|(?<!\S)(?P<plain>[\w+-]{1,40}): ")


class Complaint(str, Enum):
    """What a message says of a file."""

    MISSING = "missing"
    SYMBOL = "symbol"
    """A symbol is not in it: the file that was found is another version than the one wanted."""
    VERSION = "version"
    """It lacks a version that another library wants."""
    LINKING = "linking"
    """The linker did not find it."""
    HEADER = "header"
    """The compiler did not find it."""
    MENTION = "mention"


@dataclass(frozen=True)
class Mention:
    """A library, DLL, header or tool in a message."""

    name: str
    complaint: Complaint
    by: str | None = None
    """The file that asks for it, where the message has it."""
    symbol: str | None = None
    """The symbol that is missing."""
    path: str | None = None
    """The whole path, where the message has one."""
    number: int | None = None
    """Windows' number of the error."""
    line: int = 1
    """Of the text, from 1."""


@dataclass(frozen=True)
class Meaning:
    """What a message means, in one sentence or two."""

    message: str
    """As it stands in the text."""
    means: str
    """With `{slots}`, of which `values` has those that the message tells."""
    values: Mapping[str, str]
    commands: Sequence[tuple[str, str]]
    """What to do, and what for."""
    use: Mapping[str, str]
    """What `conda cuda use` has to be asked for: `release`, `flavor`, `cudnn` and the like, with
    slots as in `means`."""
    why: str = ""
    """What that command is for."""
    line: int = 1


@dataclass(frozen=True)
class Message:
    """What a text is about: its first cause, and what has the same cause."""

    mentions: tuple[Mention, ...]
    meanings: tuple[Meaning, ...]
    is_long: bool = False
    """Whether the text has several lines."""


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


def read_message(text: str, *, windows: bool = False, lines_before: int = 0) -> Message:
    """What a text is about; of a long one the end is read.

    The first error explains those behind it. Files that are missing in the same way are all
    named, at most a dozen, since one release has to bring them all. A message that others follow
    from stands before those, wherever it is.

    Args:
        text: a message, or a whole log.
        windows: whether the answer is for Windows.
        lines_before: how many lines of the log were left out before the text.
    """
    whole = Text(text, lines_before)
    found = _longest(
        (_rank(one, mention), one, mention)
        for one in whole.sentences()
        for mention in [None if "means" in one.row else _mention(whole, one, windows)]
        if mention is not None or "means" in one.row
    )
    if all(rank > 1 for rank, _, _ in found):
        found += ((3, one, mention) for one, mention in _named(whole))
    if not found:
        return Message((), (), whole.is_long)

    rank, first, named = min(found, key=lambda each: (each[0], each[1].start))
    lines = range(whole.line_at(first.start), whole.line_at(first.end) + 1)
    mentions: dict[str, Mention] = {}
    meanings: dict[str, tuple[Found, Found]] = {}
    for level, one, mention in found:
        beside = whole.line_at(one.start) in lines
        if mention is not None and (beside or (named is not None and level == rank)):
            known = mentions.setdefault(mention.name, mention)
            if mention.path and not known.path:
                mentions[mention.name] = mention
        elif mention is None and beside and (level == rank or level < 1):
            # What a line says in several words of one kind is shown as one.
            begin, _ = meanings.get(one.row["means"], (one, one))
            meanings[one.row["means"]] = (begin, one)
    told = tuple(_meaning(whole, begin, end, windows) for begin, end in meanings.values())
    return Message(tuple(mentions.values())[:_MOST], told, whole.is_long)


def library_of_symbol(symbol: str) -> str | None:
    """The library that a function of NVIDIA's is in, without a version; None when unknown."""
    for prefix, library in _SYMBOLS:
        if symbol.startswith(prefix):
            return library
    return "libcuda.so.1" if _DRIVER_SYMBOL.fullmatch(symbol) else None


def _import_library(library: str) -> str:
    """What a linker of Windows is given for a library."""
    stem = library.partition(".")[0].removeprefix("lib")
    return f"{'nvml' if stem == 'nvidia-ml' else stem}.lib"


def release_of_symbol(symbol: str) -> tuple[int, int] | None:
    """The release that brought a symbol, where its name says so (`__nvJitLinkAddData_12_1`)."""
    match = re.fullmatch(r"__nvJitLink\w*?_(\d{1,2})_(\d{1,2})", symbol)
    return (int(match[1]), int(match[2])) if match else None


_Ranked = tuple[int, Found, Mention | None]


def _longest(every: Iterable[_Ranked]) -> list[_Ranked]:
    """The sentences in order; of those that overlap and are alike the longest."""
    found = sorted(every, key=lambda each: (each[1].start, -each[1].end))
    return [
        each
        for at, each in enumerate(found)
        if not any(each[1].within(other) for _, other, _ in found[max(0, at - 8) : at + 9])
    ]


def _rank(one: Found, mention: Mention | None) -> int:
    """0 for a cause, 1 for what mostly follows from another message, 2 for what is not CUDA's."""
    if mention is None:
        return 1 if one.row.get("follows") else 0
    if mention.name in tools() or mention.complaint is Complaint.SYMBOL:
        return 0
    return 2 if releases_of(mention.name, mention.path).kind is Kind.FOREIGN else 0


def _mention(text: Text, one: Found, windows: bool) -> Mention | None:
    """The file that a sentence complains of."""
    slots, complaint = one.slots, Complaint(one.row["complaint"])
    slot = next((s for s in ("file", "part", "header", "tool") if s in slots), "")
    name, symbol, by = (
        slots.get(slot, ""),
        slots.get("symbol"),
        slots.get("by") or slots.get("path"),
    )
    folder = slots.get(f"{slot}_in", "")
    if slot == "tool":
        name = name.lower().removesuffix(".exe")
        if name not in tools():
            return None
    if "word" in slots and not name:
        name = _linked(slots["word"])
    if "title" in slots:
        name = _of_title(slots["title"].lower(), slots.get("major", ""), windows)
        if not name:
            return None
    if symbol:
        library = library_of_symbol(symbol) or ""
        name = name or (_import_library(library) if windows and library else library)
        by = by or _asker(text.words, one.start)
    if not name:
        return None
    path = f"{folder}{name}" if _WHOLE_PATH.match(folder) else None
    if _CUT.search(text.words[max(0, one.start - 2) : one.start]):
        # A quote in the middle of a path: '/usr/local/cuda'/bin/nvcc.
        path = None
    number = int(slots["number"]) if "number" in slots else None
    if slot == "header" and folder and not path:
        name = f"{folder}{name}"
    line = text.line_at(one.start)
    by = None if by == name else by
    return Mention(name, complaint, by or None, symbol, path, number, line)


def _linked(word: str) -> str:
    """The file that a linker looks for when it is given `-l WORD`."""
    word = word.removeprefix(":")
    if ".so" in word or word.endswith(".a"):
        return word
    name = word if word.startswith("lib") else f"lib{word}"
    return f"{name}.a" if word.endswith("_static") or word == "cudadevrt" else f"{name}.so"


def _of_title(title: str, major: str, windows: bool) -> str:
    """The file of a library that is called by its title (`cuDNN`); empty when it is not CUDA's."""
    names = [f"lib{title}.so.{major}", f"lib{title}.so"]
    if windows:
        # The numbers are those of NVIDIA's files: cublas64_12, nvrtc64_120_0.
        names = [f"{title}64_{major}.dll", f"{title}64_{major}0_0.dll", f"nv{title}.dll"]
    known = (releases_of(name) for name in names)
    brought = (one for one in known if one.releases or one.kind in _NOT_TOOLKITS)
    return next((one.name for one in brought), "")


def _asker(words: str, start: int) -> str | None:
    """The file before a colon, which is the one that asks."""
    if not words.startswith(": ", max(0, start - 2)):
        return None
    stop = start - 2
    begin = max(words.rfind(end, max(0, stop - 4096), stop) for end in _ENDS) + 1
    return words[max(begin, stop - 4096, 0) : stop] or None


def _named(text: Text) -> Iterator[tuple[Found, Mention]]:
    """Files and tools that a text names, whatever it says of them, in whatever language."""
    behind = max(0, len(text.words) - _MENTION_LIMIT)
    for places, complaint in (
        (_files(text, behind), Complaint.MENTION),
        (_tools(text, behind), Complaint.MENTION),
        (_headers(text, behind), Complaint.HEADER),
    ):
        for place, name in _first(places):
            found = Found(place, place + len(name), {}, {})
            yield found, Mention(name, complaint, line=text.line_at(place))


def _files(text: Text, behind: int) -> Iterator[tuple[int, str]]:
    for match in _FILE_NAMED.finditer(text.words, behind):
        yield match.start(), match["name"]


def _tools(text: Text, behind: int) -> Iterator[tuple[int, str]]:
    for match in _TOOL_NAMED.finditer(text.words, behind):
        name = (match["name"] or match["plain"]).lower()
        if name in tools():
            yield match.start(), name


def _headers(text: Text, behind: int) -> Iterator[tuple[int, str]]:
    for match in _HEADER_NAMED.finditer(text.words, behind):
        if releases_of(match["name"]).kind is not Kind.FOREIGN:
            yield match.start(), match["name"]


def _first(found: Iterable[tuple[int, str]]) -> list[tuple[int, str]]:
    """The first dozen, each once."""
    names: dict[str, int] = {}
    for place, name in found:
        names.setdefault(name, place)
        if len(names) == _MOST:
            break
    return [(place, name) for name, place in names.items()]


def _meaning(text: Text, begin: Found, end: Found, windows: bool) -> Meaning:
    row = {**begin.row, **(begin.row.get("windows", {}) if windows else {})}
    values = _Values({**end.slots, **begin.slots})
    commands = [(line.format_map(values), why) for line, why in row["commands"]]
    stop = max(begin.end, end.end)
    message = text.words[begin.start : stop if stop < begin.start + _SHOWN else begin.end]
    return Meaning(
        message,
        row["means"],
        values,
        commands,
        row.get("use", {}),
        row.get("why", ""),
        text.line_at(begin.start),
    )


class _Values(dict[str, str]):
    """The slots of a message as they stand in an answer: words and versions, nothing else."""

    def __init__(self, slots: Mapping[str, str]) -> None:
        super().__init__({name: _written(name, text) for name, text in slots.items()})

    def __missing__(self, key: str) -> str:
        return ""


def _written(slot: str, text: str) -> str:
    """A version as people write it."""
    if slot.startswith("cudnn"):
        return _cudnn(text)
    if slot.startswith("cuda"):
        return f"{int(text) // 1000}.{int(text) % 1000 // 10}"
    if slot in ("gpu", "cu"):
        digits = re.sub(r"\D", "", text)
        return f"{digits[:-1]}.{digits[-1]}"
    if slot in ("built", "here", "release"):
        return ".".join(text.split(".")[:2])
    return text if re.fullmatch(r"[\w.+-]*", text) else ""


def _cudnn(text: str) -> str:
    """`8906`, `90100`, `(8, 9, 6)` and `8.9.6.50` as `8.9` and `9.1`."""
    numbers = [int(number) for number in re.findall(r"\d+", text)]
    if len(numbers) == 1 and numbers[0] >= 1000:
        whole = numbers[0]
        # From 9.0 on a number has five digits: 90100 is 9.1.0.
        return (
            f"{whole // 10000}.{whole // 100 % 100}"
            if whole >= 90000
            else f"{whole // 1000}.{whole // 100 % 10}"
        )
    return ".".join(map(str, numbers[:2]))
