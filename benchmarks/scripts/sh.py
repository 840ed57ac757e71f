"""For the shells of the POSIX family."""

from __future__ import annotations

# Exported, since zsh may warn of variables that a script makes inside conda's function.
HEAD = """
export n="${CONDA_SHLVL:-0}" mine= was= before= after=
case $n in *[!0-9]*) n=0 ;; esac
"""
TAIL = "unset n mine was before after\n"

# The element is searched for between colons, so that first, middle and last are one case.
_LIST_ON = """
mine="${{CONDA_PREFIX:+$CONDA_PREFIX/cuda/lib64}}"
case $mine in *[:\\;\\$]*) mine= ;; esac
if test -d "$mine"; then
    eval "was=\\${{BENCH_{name}_$n-}}"
    after=:${{{name}-}}:
    before=${{after%%":$mine:"*}}
    if test "${{was#?}}" != "$mine" || test "$before" = "$after"; then
        was=${{{name}-u}}
        was=${{was:+u}}
        export "BENCH_{name}_$n=${{was:-e}}$mine"
        export {name}="$mine${{{name}:+:${name}}}"
    fi
fi
"""
_LIST_OFF = """
eval "was=\\${{BENCH_{name}_$n-}}"
mine=${{was#?}}
if test -n "$mine"; then
    unset "BENCH_{name}_$n"
    after=:${{{name}-}}:
    before=${{after%%":$mine:"*}}
    if test "$before" != "$after"; then
        after=${{after#*":$mine:"}}
        {name}=${{before#:}}${{before:+${{after:+:}}}}${{after%:}}
        if test -z "${name}" && test "$was" = "u$mine"; then unset {name}; fi
    fi
fi
"""
_SCALAR_ON = """
mine="${{CONDA_PREFIX:+$CONDA_PREFIX/cuda}}"
if test -d "$mine"; then
    eval "was=\\${{BENCH_{name}_$n-}}"
    if test "${{{name}-}}" != "$mine" || test "${{was#?}}" != "$mine"; then
        was=${{{name}+s}}
        export "BENCH_{name}_$n=${{was:-u}}$mine"
        unset "BENCH_OLD_{name}_$n"
        if test -n "${{{name}-}}"; then export "BENCH_OLD_{name}_$n=${name}"; fi
        export {name}="$mine"
    fi
fi
"""
_SCALAR_OFF = """
eval "was=\\${{BENCH_{name}_$n-}} before=\\${{BENCH_OLD_{name}_$n-}}"
if test -n "$was"; then
    if test "$was" = "u${{{name}-}}"; then
        unset {name}
    elif test "$was" = "s${{{name}-}}"; then
        {name}=$before
    fi
    unset "BENCH_{name}_$n" "BENCH_OLD_{name}_$n"
fi
"""
_NAMES = ("LD_LIBRARY_PATH", "CUDA_HOME", "CUDA_PATH", "CUDAToolkit_ROOT", "XLA_FLAGS")


def listed(name: str) -> tuple[str, str]:
    """An element in front of a list, and out of it."""
    return _LIST_ON.format(name=name), _LIST_OFF.format(name=name)


def scalar(name: str) -> tuple[str, str]:
    """A variable that holds one value."""
    return _SCALAR_ON.format(name=name), _SCALAR_OFF.format(name=name)


def backup() -> tuple[str, str]:
    """Save and put back, as many hooks of packages do."""
    save = "".join(
        f'if test "${{{name}+x}}"; then export BENCH_OLD_{name}="${name}"; fi\n' for name in _NAMES
    )
    restore = "".join(
        f'if test "${{BENCH_OLD_{name}+x}}"; then export {name}="$BENCH_OLD_{name}"; '
        f"unset BENCH_OLD_{name}; else unset {name}; fi\n"
        for name in _NAMES
    )
    return save + _set(), restore


def sed() -> tuple[str, str]:
    """The element is taken out by a pipe."""
    remove = (
        'LD_LIBRARY_PATH=$(echo "$LD_LIBRARY_PATH" | '
        'sed -e "s|$CONDA_PREFIX/cuda/lib64||" -e "s|::|:|" -e "s|^:||" -e "s|:\\$||")\n'
        "unset CUDA_HOME CUDA_PATH CUDAToolkit_ROOT XLA_FLAGS\n"
    )
    return _set(), remove


def _set() -> str:
    scalars = "".join(f'export {name}="$CONDA_PREFIX/cuda"\n' for name in _NAMES[1:])
    path = '"$CONDA_PREFIX/cuda/lib64${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"'
    return f"export LD_LIBRARY_PATH={path}\n{scalars}"
