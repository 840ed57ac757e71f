"""For tcsh, which has no way to cut a string but to walk its words."""

from __future__ import annotations

HEAD = """
set n = 0
if ( $?CONDA_SHLVL ) then
    set n = "$CONDA_SHLVL"
endif
if ( "$n" =~ *[^0-9]* || "$n" == "" ) set n = 0
"""
TAIL = "unset n mine key was tag have text found word rest old\n"

# The eval inside is reached only where the variable exists.
_READ = """set {into} = ""
set text = 'if ( $?'"$key"' ) eval '"'"'set {into} = "$'"$key"'"'"'"
eval "$text"
"""
_HAVE = """set have = ""
set tag = u
if ( $?{name} ) then
    set have = "${name}"
    set tag = {tag}
endif
"""
# Elements become words: blanks and tabs are kept as tags.
_WORDS = 'set text = "{of}:as/ /@1@/:as/\t/@3@/"\n'
_LIST_ON = f"""
set mine = ""
if ( $?CONDA_PREFIX ) then
    set mine = "$CONDA_PREFIX/cuda/lib64"
endif
if ( "$mine" =~ *[:\\;\\$]* ) set mine = ""
if ( "$mine" =~ /* && -d "$mine" ) then
set key = BENCH_{{name}}_$n
{_READ.replace("{into}", "was")}
{_HAVE.replace("{tag}", "u")}
if ( $?{{name}} && "$have" == "" ) set tag = e
set found = 0
if ( "$was" == "u$mine" || "$was" == "e$mine" ) then
    {_WORDS.replace("{of}", "$have")}
    set text = "@2@$text:as/:/ @2@/"
    set old = "$mine:as/ /@1@/:as/\t/@3@/"
    foreach word ( $text:x )
        if ( "$word" == "@2@$old" ) set found = 1
    end
endif
if ( ! $found ) then
    setenv $key "$tag$mine"
    if ( "$have" == "" ) then
        setenv {{name}} "$mine"
    else
        setenv {{name}} "${{{{mine}}}}:$have"
    endif
endif
endif
"""
_LIST_OFF = f"""
set key = BENCH_{{name}}_$n
{_READ.replace("{into}", "was")}
if ( "$was" != "" ) then
    unsetenv $key
    if ( $?{{name}} ) then
        {_WORDS.replace("{of}", "${name}")}
        set text = "@2@$text:as/:/ @2@/"
        set old = "$was:as/ /@1@/:as/\t/@3@/"
        set rest = ""
        set found = 0
        foreach word ( $text:x )
            if ( ! $found && ( "u$word:s/@2@//" == "$old" || "e$word:s/@2@//" == "$old" ) ) then
                set found = 1
            else
                set rest = "$rest$word"
            endif
        end
        if ( $found ) then
            if ( "$rest" == "" && "$was" =~ u* ) then
                unsetenv {{name}}
            else
                set rest = "$rest:s/@2@//"
                setenv {{name}} "$rest:as/@2@/:/:as/@1@/ /:as/@3@/\t/"
            endif
        endif
    endif
endif
"""
_SCALAR_ON = f"""
set mine = ""
if ( $?CONDA_PREFIX ) then
    set mine = "$CONDA_PREFIX/cuda"
endif
if ( "$mine" =~ /* && -d "$mine" ) then
    set key = BENCH_{{name}}_$n
    {_READ.replace("{into}", "was")}
    {_HAVE.replace("{tag}", "s")}
    if ( "$have" != "$mine" || ( "$was" != "u$mine" && "$was" != "s$mine" ) ) then
        setenv $key "$tag$mine"
        unsetenv BENCH_OLD_{{name}}_$n
        if ( "$have" != "" ) setenv BENCH_OLD_{{name}}_$n "$have"
        setenv {{name}} "$mine"
    endif
endif
"""
_SCALAR_OFF = f"""
set key = BENCH_{{name}}_$n
{_READ.replace("{into}", "was")}
set key = BENCH_OLD_{{name}}_$n
{_READ.replace("{into}", "old")}
{_HAVE.replace("{tag}", "s")}
if ( "$was" != "" ) then
    if ( "$was" == "u$have" ) then
        unsetenv {{name}}
    else if ( "$was" == "s$have" ) then
        setenv {{name}} "$old"
    endif
    unsetenv BENCH_{{name}}_$n
    unsetenv BENCH_OLD_{{name}}_$n
endif
"""
_NAMES = ("LD_LIBRARY_PATH", "CUDA_HOME", "CUDA_PATH", "CUDAToolkit_ROOT", "XLA_FLAGS")


def listed(name: str) -> tuple[str, str]:
    """An element in front of a list, and out of it."""
    return _LIST_ON.format(name=name), _LIST_OFF.format(name=name)


def scalar(name: str) -> tuple[str, str]:
    """A variable that holds one value."""
    return _SCALAR_ON.format(name=name), _SCALAR_OFF.format(name=name)


def backup() -> tuple[str, str]:
    """Save and put back."""
    save = "".join(
        f'if ( $?{name} ) then\n    setenv BENCH_OLD_{name} "${name}"\nendif\n' for name in _NAMES
    )
    restore = "".join(
        f'if ( $?BENCH_OLD_{name} ) then\n    setenv {name} "$BENCH_OLD_{name}"\n'
        f"    unsetenv BENCH_OLD_{name}\nelse\n    unsetenv {name}\nendif\n"
        for name in _NAMES
    )
    return save + _set(), restore


def sed() -> tuple[str, str]:
    """The element is taken out by a pipe."""
    remove = (
        'setenv LD_LIBRARY_PATH `echo "$LD_LIBRARY_PATH" | sed -e "s|$CONDA_PREFIX/cuda/lib64||"'
        ' -e "s|::|:|" -e "s|^:||"`\n'
    )
    return _set(), remove + "".join(f"unsetenv {name}\n" for name in _NAMES[1:])


def _set() -> str:
    scalars = "".join(f'setenv {name} "$CONDA_PREFIX/cuda"\n' for name in _NAMES[1:])
    path = 'setenv LD_LIBRARY_PATH "${CONDA_PREFIX}/cuda/lib64:$LD_LIBRARY_PATH"\n'
    return path + scalars
