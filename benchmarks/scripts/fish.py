"""For fish."""

from __future__ import annotations

HEAD = """
set -l n 0
string match -qr '^[0-9]+$' -- "$CONDA_SHLVL"; and set n $CONDA_SHLVL
"""
TAIL = "true\n"

_LIST_ON = """
set -l mine "$CONDA_PREFIX/cuda/lib64"
set -l key BENCH_{short}_$n
if test -n "$CONDA_PREFIX"; and test -d "$mine"; and not string match -qr '[:;$]' -- "$mine"
    if not contains -- "$$key" "u$mine" "e$mine"; or not contains -- "$mine" ${name}
        set -l tag u
        set -q {name}; and test -z "${name}"; and set tag e
        set -gx $key "$tag$mine"
        if test -n "${name}"
            set -gx --path {name} "$mine" ${name}
        else
            set -gx --path {name} "$mine"
        end
    end
end
"""
_LIST_OFF = """
set -l key BENCH_{short}_$n
if set -q $key
    set -l was "$$key"
    set -e $key
    set -l at (contains -i -- "$was" u${name}; or contains -i -- "$was" e${name})
    if test -n "$at"
        set -e {name}[$at]
        if test -z "${name}"; and string match -q 'u*' -- "$was"
            set -e {name}
        end
    end
end
"""
_SCALAR_ON = """
set -l mine "$CONDA_PREFIX/cuda"
set -l key BENCH_{short}_$n
set -l old BENCH_OLD_{short}_$n
if test -n "$CONDA_PREFIX"; and test -d "$mine"
    if not contains -- "$$key" "u$mine" "s$mine"; or test "${name}" != "$mine"
        set -e $old
        if set -q {name}
            set -gx $key "s$mine"
            test -n "${name}"; and set -gx $old "${name}"
        else
            set -gx $key "u$mine"
        end
        set -gx {name} "$mine"
    end
end
"""
_SCALAR_OFF = """
set -l key BENCH_{short}_$n
set -l old BENCH_OLD_{short}_$n
if set -q $key
    if test "$$key" = "u${name}"
        set -e {name}
    else if test "$$key" = "s${name}"
        set -gx {name} "$$old"
    end
    set -e $key
    set -e $old
end
"""
_NAMES = ("LD_LIBRARY_PATH", "CUDA_HOME", "CUDA_PATH", "CUDAToolkit_ROOT", "XLA_FLAGS")


def listed(name: str) -> tuple[str, str]:
    """An element in front of a list, and out of it."""
    return _filled(_LIST_ON, name), _filled(_LIST_OFF, name)


def scalar(name: str) -> tuple[str, str]:
    """A variable that holds one value."""
    return _filled(_SCALAR_ON, name), _filled(_SCALAR_OFF, name)


def _filled(text: str, name: str) -> str:
    # fish splits every variable at colons whose name ends in PATH.
    return text.format(name=name, short=name.replace("PATH", "P"))


def backup() -> tuple[str, str]:
    """Save and put back."""
    save = "".join(f"set -q {name}; and set -gx BENCH_OLD_{name} ${name}\n" for name in _NAMES)
    restore = "".join(
        f"if set -q BENCH_OLD_{name}\n    set -gx {name} $BENCH_OLD_{name}\n"
        f"    set -e BENCH_OLD_{name}\nelse\n    set -e {name}\nend\n"
        for name in _NAMES
    )
    return save + _set(), restore


def sed() -> tuple[str, str]:
    """The element is taken out by a pipe."""
    remove = (
        'set -gx LD_LIBRARY_PATH (string join : $LD_LIBRARY_PATH | sed -e "s|$CONDA_PREFIX/cuda/'
        'lib64||" -e "s|::|:|" -e "s|^:||")\n'
    )
    return _set(), remove + "".join(f"set -e {name}\n" for name in _NAMES[1:])


def _set() -> str:
    scalars = "".join(f'set -gx {name} "$CONDA_PREFIX/cuda"\n' for name in _NAMES[1:])
    return f'set -gx LD_LIBRARY_PATH "$CONDA_PREFIX/cuda/lib64" $LD_LIBRARY_PATH\n{scalars}'
