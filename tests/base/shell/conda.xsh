# The shell side of the throwaway conda for xonsh.
import os
import subprocess


def _conda_apply(words):
    result = subprocess.run(
        [$CONDA_EXE, "shell.xonsh", *words], env=__xonsh__.env.detype(), stdout=subprocess.PIPE
    )
    if result.returncode == 0:
        execx(result.stdout.decode())
    return result.returncode


def _conda_main(args=None):
    words = list(args or [])
    verb = words[0] if words else ""
    if verb in ("activate", "deactivate"):
        return _conda_apply(words)
    status = subprocess.call([$CONDA_EXE, *words], env=__xonsh__.env.detype())
    if status == 0 and verb in ("install", "update", "upgrade", "remove", "uninstall"):
        return _conda_apply(["reactivate"])
    return status


if "CONDA_SHLVL" not in __xonsh__.env:
    $CONDA_SHLVL = "0"

aliases["conda"] = _conda_main
