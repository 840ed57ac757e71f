"""What a node may have in place of Python: it reads what it is sent, and says what it likes."""

from __future__ import annotations

from .nodes import NodeSpec

_HEAD = """\
#!/usr/bin/python3
import json, os, re, sys, time
if "-c" in sys.argv:
    sys.exit()
nonce = re.search(r'nonce\\W+([0-9a-f]{16})', sys.stdin.read()).group(1)
me = os.environ.get("SLURMD_NODENAME", "")
out = sys.stdout.buffer
def line(part, count, text):
    out.write(f"conda-cuda {nonce} {part} {count} {text}\\n".encode("utf-8", "surrogateescape"))
    out.flush()
def begin(name=me):
    line(0, 0, json.dumps(name))
def say(document, name=me):
    begin(name)
    text = json.dumps(document)
    parts = [text[start : start + 600] for start in range(0, len(text), 600)]
    for number, part in enumerate(parts, 1):
        line(number, len(parts), part)
"""
H100 = """
def gpu(library):
    rows = [[library, "path", "/lib/x"], [library, "driver", "580.95.05"], [library, "version", 13000],
            [library, "gpu", ["NVIDIA H100", 9, 0]], [library, "done", True]]
    return [library, None, "\\n".join(map(json.dumps, rows))]
def healthy():
    return {"system": ["Linux", me, "6", "1", "x86_64"], "libc": "glibc 2.36", "python": "3.11.2",
            "driver": [gpu("nvml"), gpu("cuda")], "environment": None, "loads": [], "module": {},
            "variables": {}, "system_cuda": None}
"""

STRANGE = {
    "flood": 'begin(); [out.write(b"x" * 65536) for _ in range(3000)]',
    "lines": 'begin(); [line(1, 2, "y" * 500) for _ in range(100000)]',
    "noise": 'begin(); out.write(os.urandom(5_000_000))',
    "endless": 'begin(); line(1, 400, "{"); time.sleep(1000)',
    "zeros": 'begin(); [out.write(bytes(1_000_000)) for _ in range(100)]',
    "bomb": 'begin(); line(1, 1, "[" * 900)',
    "wide": 'say({"driver": [["nvml", None, "x\\n" * 9000]] * 5, "loads": [["a"] * 3] * 900})',
    "types": 'say({key: 5 for key in healthy()})',
    "texts": 'say({key: "\\x1b[31m\\u202e\\0" * 9 for key in healthy()})',
    "steers": '''
facts = healthy()
facts["driver"] = [["nvml", None, json.dumps(["nvml", "gpu", ["\\x1b]0;mine\\x07\\u202eH100", 9, 0]])]]
facts["loads"] = [["libcudart.so.12", "/a\\u202e/libcudart.so.12", "ld.so.cache"]]
facts["libc"] = "glibc 9999999999999.2"
facts["system"] = ["Linux", "x", "y", "z", "\\u009b2J"]
say(facts)
''',
    "liar": 'say({**healthy(), "driver": []}, "honest"); say(healthy(), "no-such-node")',
    "option": 'say(healthy(), "--help"); say(healthy(), "a\\nb")',
    "twice": 'say(healthy()); say({})',
    "backwards": '''
text = json.dumps(healthy())
begin()
line(2, 2, text[100:]); line(1, 2, text[:100])
''',
    "dies": 'begin(); os.abort()',
    "refuses": 'sys.exit("no\\x1b[2J")',
    "huge": 'say({"libc": "g" * 10_000_000})',
    "honest": 'say(healthy())',
}  # fmt: skip
"""Programs by the name of the node."""


def stranger(name: str, script: str, options: str = "") -> NodeSpec:
    """A node that runs a program in place of Python."""
    return NodeSpec(name, options, files={"bin/python3": _HEAD + H100 + script + "\n"})


PATH = "/usr/local/bin:/usr/bin:/bin"
"""Where a job finds that program."""
