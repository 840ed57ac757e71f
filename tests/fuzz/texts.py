"""Texts that people, files and attackers come up with."""

from __future__ import annotations

from hypothesis import strategies as st

CORPUS = (
    "", " ", "\0", "\n", "-", "--", "-rf", "12", "12.4", "12.4.1", "12.4.1.0", "012.4", "1e9", "١٢.٤",
    "12.4\n", "12.4;true", "$(touch canary)", "`touch canary`", "'\"'", "a'b\"c", "\\", "..",
    "../../etc/passwd", "/dev/zero", "/dev/stdin", "/proc/self/mem", "~root", "%s%n", "{0}",
    "{x.__class__}", "\u202e4.21", "12\u200b.4", "\ufeff12.4", "12.4\u2028", "é" * 40, "9" * 5000,
    "9." * 2000, ">=" * 500, ">=12,<", "<>", "==", "12.*", "libcudart.so.8.0", "libcudart.so." + "9" * 400,
    "ImportError: libcudart.so.8.0: cannot open shared object file: No such file or directory",
    "cudart64_12.dll", "torch==2.5.1", "torch===", "torch[x]==1", "driver=550,cc=9.0", "driver=,cc=",
    "cc=" + "9" * 300, "!!python/object/apply:os.system ['touch canary']", "&a [*a]", "{a: &x [*x]}",
    "\x1b[31m", "\r\n", "\ud800", "http://127.0.0.1:1/", "file:///etc", "https://u:p@h/c",
)  # fmt: skip
PIECES = (
    "12", "4", ".", ",", ">=", "<", "==", "!=", "lib", "cudart", ".so", "torch", "driver", "cc", "=", "+",
    "-", "/", "..", "$(", ")", "`", ";", "'", '"', "\n", "\\", "\0", " ", "\u202e", "\u200b", "%s", "{", "}",
    "auto", "latest", "none", "9", "0", "e", "X", "ImportError: ", ": cannot open shared object file",
    "undefined symbol: ", "@", "[", "]", "*", "&", "!", "#", "http://", "file://",
)  # fmt: skip

texts = st.one_of(
    st.sampled_from(CORPUS),
    st.lists(st.sampled_from(PIECES), max_size=12).map("".join),
    st.text(max_size=60),
)
"""Any text that a program can be given as one word or line."""

nested = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
"""Any content of a JSON or YAML file."""
