"""What to do when Windows does not load a DLL: by the number of the error, and by what it needs."""

from __future__ import annotations

from dataclasses import replace

from ..addons import has_addon
from ..libraries.names import Kind, all_releases, releases_of
from .bring import Context, Cure, Wish, for_wish, numbers
from .which import LibraryAnswer

# Source: Microsoft's list of system error codes.
_NUMBERS = {
    126: "Error 126: the file, or a DLL that it needs, is not found.",
    127: (
        "Error 127: it was found, and a DLL that it needs is another version without one of its "
        "functions: another copy comes first on PATH."
    ),
    193: "Error 193: the file, or a DLL that it needs, is damaged or made for another processor.",
    1114: (
        "Error 1114: it was found, and its start failed: mostly the Visual C++ runtime is too old, "
        "or the driver does not answer."
    ),
}
_ONNX = (
    "ONNX Runtime for GPUs needs CUDA 12 and cuDNN 9 from 1.19 on, CUDA 11.8 and cuDNN 8 before."
)
_RUNTIME = "install vc14_runtime"
"""conda's package of the Visual C++ runtime."""


def for_dll(answer: LibraryAnswer, patient: Context, cure: Cure) -> Cure:
    """What to do about a DLL.

    Args:
        answer: what was found.
        patient: the environment.
        cure: what brings the DLL itself.
    """
    number, facts = answer.mention.number, answer.facts
    parts = [_NUMBERS.get(number or 0, f"Windows gave error {number}." if number else "")]
    copies = [one.path for one in answer.search.candidates] if answer.search else []
    if answer.lacks:
        parts.append(f"It needs {', '.join(answer.lacks)}, which is not found.")
        found = _bringing(answer.lacks, patient)
        return replace(found, text=_joined(*parts, found.text))
    if number == 127 and copies:
        parts.append(f"It is found as {copies[0]}.")
        parts += [f"Behind it lies {', '.join(copies[1:])}."] if copies[1:] else []
    elif number == 127:
        parts.append("No copy is on this PATH; ask in the shell that had the error.")
    if number == 126 and facts.kind is Kind.CUDNN and facts.major == "8":
        parts.append("cuDNN 8 also needs zlibwapi.dll (conda install -c conda-forge libzlib-wapi).")
    brought = facts.owner is not None and (facts.owner.cure or "").startswith("install ")
    if facts.owner is not None and not brought:
        parts += [cure.text, "It needs other DLLs, and Windows does not say which of them it is."]
        if facts.owner.title.startswith("ONNX"):
            parts.append(_ONNX)
            having = tuple(one for one in all_releases() if one.startswith("12."))
            wish = Wish(having, None, {"cudnn": "9"})
            return for_wish(wish, patient, patient.machine, _joined(*parts))
        parts.append("vc14_runtime is the Visual C++ runtime, which most of them need.")
        return Cure(_joined(*parts), patient.command(_RUNTIME))
    if number in (193, 1114) or (number == 127 and copies):
        return Cure(_joined(*parts, "Install again what it lies in."), None)
    return replace(cure, text=_joined(*parts, cure.text))


def _bringing(lacks: tuple[str, ...], patient: Context) -> Cure:
    """What brings the DLLs that are missing: a toolkit for those of CUDA's, else a package."""
    known = [releases_of(name) for name in lacks]
    sets = [set(one.releases) for one in known if one.releases]
    addons = {one.kind.value: one.major for one in known if one.kind is Kind.CUDNN and one.major}
    every = known[0].releases if known and known[0].releases else ()
    for one in known:
        every = every or one.releases
    common = tuple(r for r in every if all(r in one for one in sets))
    for name, version in addons.items():
        having = (one for one in common if has_addon(name, version, numbers(one)[0]))
        common = tuple(having) or common
    if common or addons:
        return for_wish(Wish(common, None, addons), patient, patient.machine)
    owner = next((one.owner for one in known if one.owner and one.owner.cure), None)
    if owner is None:
        return Cure("")
    return Cure(f"It is of {owner.title}.", patient.command(owner.cure or ""))


def _joined(*parts: str) -> str:
    return " ".join(filter(None, parts))
