"""Any words on the command line: an exit code of ours, a sentence, and nothing broken or executed."""

from __future__ import annotations

import time
from pathlib import Path

from hypothesis import strategies as st

from conda_cuda_plugin.cli import VERBS

from ..cli.conftest import cli_cache, conda, template, two, wheelhouse
from ..conftest import Conda
from ..listing import listing
from .test_parsers import fuzz
from .texts import CORPUS, texts

__all__ = ["cli_cache", "conda", "template", "two", "wheelhouse"]

OPTIONS = (
    "--from", "--flavor", "--components", "--cudnn", "--nccl", "--for", "-c", "--sha256", "--to", "--by",
    "--format", "-f", "-n", "-p", "--platform",
)  # fmt: skip
FLAGS = (
    "--json", "--dry-run", "-y", "-q", "-v", "--all", "--envs", "--available", "--system", "--offline",
    "--force", "--fix", "--strict", "--host-compiler", "--pin", "--no-pin", "--help", "--", "-",
)  # fmt: skip
# No machine can be given these as a word.
words = texts.map(lambda text: text.replace("\0", "").encode("utf-8", "replace").decode())
lines = st.tuples(
    st.sampled_from([*VERBS, *VERBS, "uses", ""]),
    st.lists(
        st.one_of(
            st.tuples(st.sampled_from(FLAGS)),
            st.tuples(st.sampled_from(OPTIONS), words),
            st.tuples(words),
            st.tuples(
                st.sampled_from(["12.4", "13.0", "11.8", "auto", "cudart", "libcudart.so.12"])
            ),
        ),
        max_size=4,
    ),
).map(lambda line: [line[0], *(word for group in line[1] for word in group)])


def test_any_words(conda: Conda, two: Path, tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    conda.variables.update(
        CONDA_PREFIX=str(two), CONDA_SHLVL="1", CONDA_DEFAULT_ENV="two", CONDA_OFFLINE="1"
    )
    around, now = set(tmp_path.iterdir()), listing(two)

    def check(line: list[str]) -> None:
        nonlocal now
        since = time.monotonic()
        answer = conda("cuda", *line, check=False, cwd=here)
        seconds, before, now = time.monotonic() - since, now, listing(two)
        shown = f"{line}: {answer}"
        assert answer.code in (0, 1, 2, 3), shown
        assert "Traceback" not in answer.err + answer.out, shown
        assert "unexpected error" not in answer.err, shown
        assert seconds < 20, shown
        if answer.code in (1, 2):
            assert answer.err.strip() or answer.out.strip(), shown
            assert now == before, shown
        # Nothing of it was executed, and nothing was written where it does not belong.
        assert not list(tmp_path.rglob("canary")), shown
        assert set(tmp_path.iterdir()) == around, shown
        for path in here.iterdir():
            # `mirror --to` and `export -f` write where they are told to.
            assert line[0] in ("mirror", "export"), shown
            assert path.name != "canary"

    for text in CORPUS:
        text = text.replace("\0", "").encode("utf-8", "replace").decode()
        check(["use", text, "--dry-run"])
        check(["which", text])
        check(["list", "-p", text])
    # Each takes a tenth of a second, so `make fuzz` tries fewer of them than of the others.
    fuzz(lines, 60, check, most=1500)
