"""Arrangements of libraries whose outcome is told by the real loader."""

from __future__ import annotations

from .arrangement import WANTED, Arrangement

A = f"a/{WANTED}"
B = f"b/{WANTED}"
C = f"c/{WANTED}"

ARRANGEMENTS = {
    "nowhere": Arrangement(),
    "library path": Arrangement({A: "good"}, "@/a"),
    "library path, second element": Arrangement({B: "good"}, "@/a:@/b"),
    "library path, first of two": Arrangement({A: "good", B: "good"}, "@/a:@/b"),
    "library path, same folder twice": Arrangement({B: "good"}, "@/a:@/b:@/b/:@/b//"),
    "library path, trailing slashes": Arrangement({A: "good"}, "@/a///"),
    "library path, folder missing": Arrangement({B: "good"}, "@/missing:@/b"),
    "library path, a file in place of a folder": Arrangement({"a": "text", B: "good"}, "@/a:@/b"),
    "library path unset": Arrangement({f"cwd/{WANTED}": "good"}),
    "library path empty": Arrangement({f"cwd/{WANTED}": "good"}, ""),
    "a single colon is the current directory": Arrangement({f"cwd/{WANTED}": "good"}, ":"),
    "an empty element in front": Arrangement({f"cwd/{WANTED}": "good", A: "good"}, ":@/a"),
    "an empty element behind": Arrangement({f"cwd/{WANTED}": "good"}, "@/a:"),
    "an empty element between": Arrangement({f"cwd/{WANTED}": "good", B: "good"}, "@/a::@/b"),
    "a semicolon separates": Arrangement({B: "good"}, "@/a;@/b"),
    "a single semicolon": Arrangement({f"cwd/{WANTED}": "good"}, ";"),
    "a relative element": Arrangement({f"cwd/rel/{WANTED}": "good"}, "rel"),
    "a dot": Arrangement({f"cwd/{WANTED}": "good"}, "."),
    "origin in the library path": Arrangement({A: "good"}, "$ORIGIN/../a"),
    "origin in braces": Arrangement({A: "good"}, "${ORIGIN}/../a"),
    "origin with letters behind": Arrangement({A: "good"}, "$ORIGINAL/../a:@/a"),
    "LIB": Arrangement({f"aLIB/{WANTED}": "good"}, "@/a$LIB:@/aLIB"),
    "a lone dollar": Arrangement({f"a$x/{WANTED}": "good"}, "@/a$x"),
    "space and unicode": Arrangement({f"ä b/{WANTED}": "good"}, "@/ä b"),
    "rpath": Arrangement({A: "good"}, program="rpath:@/a"),
    "rpath before library path": Arrangement({A: "good", B: "good"}, "@/b", "rpath:@/a"),
    "runpath": Arrangement({A: "good"}, program="runpath:@/a"),
    "runpath behind library path": Arrangement({A: "good", B: "good"}, "@/b", "runpath:@/a"),
    "rpath with origin": Arrangement({A: "good"}, program="rpath:$ORIGIN/../a"),
    "rpath with a semicolon is one folder": Arrangement({B: "good"}, None, "rpath:@/a;@/b"),
    "rpath with an empty element": Arrangement({f"cwd/{WANTED}": "good"}, None, "rpath:@/a::@/b"),
    "the program's rpath counts for its libraries": Arrangement(
        {A: "good", B: "good"}, "@/b", "rpath:@/a", middle=""
    ),
    "the program's runpath does not": Arrangement({A: "good"}, None, "runpath:@/a", middle=""),
    "a library's own rpath comes first": Arrangement(
        {A: "good", B: "good"}, None, "rpath:@/a", middle="rpath:@/b"
    ),
    "a library's rpath, then the program's": Arrangement(
        {A: "good"}, "@/c", "rpath:@/a", middle="rpath:@/b"
    ),
    "a library's runpath switches the program's rpath off": Arrangement(
        {A: "good", C: "good"}, "@/c", "rpath:@/a", middle="runpath:@/b"
    ),
    "a library's runpath": Arrangement({B: "good"}, "@/c", "rpath:@/a", middle="runpath:@/b"),
    "a library's origin": Arrangement({B: "good"}, None, "", middle="runpath:$ORIGIN/../b"),
    "another architecture is passed by": Arrangement({A: "aarch64", B: "good"}, "@/a:@/b"),
    "another word size is passed by": Arrangement({A: "32-bit", B: "good"}, "@/a:@/b"),
    "only another architecture": Arrangement({A: "aarch64"}, "@/a"),
    "a dangling link is passed by": Arrangement({A: "dangling", B: "good"}, "@/a:@/b"),
    "a link is followed": Arrangement({A: f"-> ../{B}", B: "good"}, "@/a"),
    "a text file ends the search": Arrangement({A: "text", B: "good"}, "@/a:@/b"),
    "a short file ends the search": Arrangement({A: "short", B: "good"}, "@/a:@/b"),
    "a folder ends the search": Arrangement({A: "folder", B: "good"}, "@/a:@/b"),
    "a second bad file is not met": Arrangement({A: "good", B: "text"}, "@/a:@/b"),
    "the same library in three folders": Arrangement(
        {A: "good", B: "good", C: "good"}, "@/c:@/b", "rpath:@/a"
    ),
    "hwcaps before the folder itself": Arrangement(
        {f"a/glibc-hwcaps/x86-64-v2/{WANTED}": "good", A: "good"}, "@/a"
    ),
    "hwcaps, best first": Arrangement(
        {
            f"a/glibc-hwcaps/x86-64-v2/{WANTED}": "good",
            f"a/glibc-hwcaps/x86-64-v3/{WANTED}": "good",
        },
        "@/a",
    ),
    "hwcaps of another processor": Arrangement(
        {f"a/glibc-hwcaps/x86-64-v9/{WANTED}": "good", B: "good"}, "@/a:@/b"
    ),
    "hwcaps in a later folder": Arrangement(
        {f"b/glibc-hwcaps/x86-64-v2/{WANTED}": "good", A: "good"}, "@/a:@/b"
    ),
    "a path is no search": Arrangement({f"cwd/sub/{WANTED}": "good"}, "@/a", name=f"sub/{WANTED}"),
}
