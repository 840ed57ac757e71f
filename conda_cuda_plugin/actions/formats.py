"""The variables of a toolkit as text for other programs to read."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import CudaError
from ..quoting import cmd_set, powershell_word, shell_word
from .variables import LIBRARY_PATH, XLA_FLAGS, XLA_MARK, Variables

# Ours in front, once, wherever it was; an empty element would mean the current directory.
_SH_LIBRARY = """\
__cc_l={library}
__cc_q=":${{LD_LIBRARY_PATH-}}:"
while case $__cc_q in *":$__cc_l:"*) ;; *) false ;; esac; do
    __cc_p=${{__cc_q%%":$__cc_l:"*}}
    __cc_q=${{__cc_p}}:${{__cc_q#*":$__cc_l:"}}
done
__cc_q=${{__cc_q#:}}
__cc_q=${{__cc_q%:}}
export LD_LIBRARY_PATH="$__cc_l${{__cc_q:+:$__cc_q}}"
unset __cc_l __cc_p __cc_q
"""
# As in the hooks: a value of the user's own stays, one of ours does not.
_SH_XLA = """\
case ${{XLA_FLAGS-}} in
'' | "${{__CONDA_CUDA_XFM-}}") export XLA_FLAGS={xla} {mark}={xla} ;;
esac
"""

# The same for PowerShell, of any version and in a constrained session; each line stands alone, as
# some let them run one by one.
_POWERSHELL_LIBRARY = """\
& {{ $own = {library}; $rest = if ($Env:LD_LIBRARY_PATH) {{ \
foreach ($one in $Env:LD_LIBRARY_PATH.Split(':')) {{ if (-not $own.Equals($one)) {{ $one }} }} }}; \
$Env:LD_LIBRARY_PATH = @($own; $rest) -join ':' }}
"""
_POWERSHELL_XLA = """\
if (-not $Env:XLA_FLAGS -or $Env:XLA_FLAGS.Equals('' + $Env:{mark})) \
{{ $Env:XLA_FLAGS = {xla}; $Env:{mark} = {xla} }}
"""


def as_sh(variables: Variables) -> str:
    """POSIX sh to be sourced or evaluated, any number of times."""
    text = "".join(
        f"export {name}={shell_word(value)}\n" for name, value in variables.roots.items()
    )
    if variables.library is not None:
        text += _SH_LIBRARY.format(library=shell_word(variables.library))
    if variables.xla is not None:
        text += _SH_XLA.format(xla=shell_word(variables.xla), mark=XLA_MARK)
    return text


def as_powershell(variables: Variables) -> str:
    """PowerShell for Invoke-Expression or a script, any number of times."""
    text = "".join(
        f"$Env:{name} = {powershell_word(value)}\n" for name, value in variables.roots.items()
    )
    if variables.library is not None:
        text += _POWERSHELL_LIBRARY.format(library=powershell_word(variables.library))
    if variables.xla is not None:
        text += _POWERSHELL_XLA.format(xla=powershell_word(variables.xla), mark=XLA_MARK)
    return text


def as_cmd(variables: Variables) -> str:
    """Lines of a batch file, any number of times.

    Raises:
        CudaError: for an environment that is not one of Windows.
    """
    if variables.library is not None:
        raise CudaError(
            "cmd is a shell of Windows, and this environment is of another system.",
            hints=["Take --format sh or --format powershell."],
        )
    # A path of Windows holds no quote.
    return "".join(f"@{cmd_set(name, value)}\n" for name, value in variables.roots.items())


def as_dotenv(variables: Mapping[str, str]) -> str:
    """`NAME=value` lines that systemd's EnvironmentFile, editors and dotenv libraries agree on.

    A value stands bare where that is enough, else between single quotes, within which none of
    them expands anything, else between double quotes.

    Raises:
        CudaError: when no quoting makes all of them read the value.
    """
    return "".join(f"{name}={_dotenv_value(name, value)}\n" for name, value in variables.items())


def _dotenv_value(name: str, value: str) -> str:
    # A backslash is plain in the paths of Windows only, where nothing reads it as an escape.
    plain = "_@%+=:,./-\\" if value[1:2] == ":" else "_@%+=:,./-"
    if value and all(char.isalnum() or char in plain for char in value):
        return value
    if not set(value) & set("'\\\r\n"):
        return f"'{value}'"
    if not set(value) & set('"\\$`\r\n'):
        return f'"{value}"'
    raise CudaError(
        f"No quoting of a file of variables carries {name}={value!r} to all that read such files.",
        hints=["Take --format json, or an environment under a simpler path."],
        variable=name,
    )


def as_dockerfile(variables: Variables) -> str:
    """`ENV` lines of a Dockerfile, with PATH, since nothing is activated in an image.

    Source for the quoting and for `${NAME:+word}` and `${NAME:-word}`: Dockerfile reference,
    "Environment replacement".
    """
    lines = {name: _docker_quoted(value) for name, value in variables.roots.items()}
    separator = ";" if variables.library is None else ":"
    lines["PATH"] = separator.join([*map(_docker_quoted, variables.folders), "${PATH}"])
    if variables.library is not None:
        rest = "${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
        lines[LIBRARY_PATH] = _docker_quoted(variables.library) + rest
    if variables.xla is not None:
        # Within the braces other characters have a meaning, so the path stays out of them.
        flag = variables.xla.partition("=")[0]
        lines[XLA_FLAGS] = f"${{XLA_FLAGS:-{flag}=${{CUDA_HOME}}}}"
    return "".join(f'ENV {name}="{value}"\n' for name, value in lines.items())


def _docker_quoted(value: str) -> str:
    """A value between double quotes, where backslash, quote and dollar have a meaning."""
    return "".join(f"\\{char}" if char in '\\"$' else char for char in value)
