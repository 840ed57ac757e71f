"""Runs conda's command line again and again without starting anew: a fork for each.

Reads one JSON list of words a line, prints one JSON document a line: exit code, output, errors,
seconds.
"""

import json
import os
import sys
import tempfile
import time
import traceback


def main() -> None:
    # Imported once, before any fork; this is what makes a run cost milliseconds.
    import conda.cli.conda_argparse
    import conda.cli.main
    import conda.exceptions  # noqa: F401
    from conda.base.context import context

    context.plugin_manager  # noqa: B018
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)


def run(words: list[str]) -> dict[str, object]:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        begin = time.monotonic()
        pid = os.fork()
        if pid == 0:
            os.dup2(out.fileno(), 1)
            os.dup2(err.fileno(), 2)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            sys.argv = ["conda", *words]
            code = 120
            try:
                from conda.cli.main import main as conda_main

                code = conda_main() or 0
            except SystemExit as stop:
                code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
            except BaseException:
                traceback.print_exc()
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
        status = os.waitpid(pid, 0)[1]
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode("utf-8", "replace"))
        return {
            "code": os.waitstatus_to_exitcode(status),
            "out": texts[0],
            "err": texts[1],
            "seconds": time.monotonic() - begin,
        }


main()
