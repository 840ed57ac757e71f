"""The variables that point a process to a toolkit, as data and as text."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..environment import Environment
from ..errors import CudaError, PrefixCharacterError
from ..hooks import ROOT_VARIABLES
from ..install.wrappers import OWN_TOOLS
from ..platforms import Platform
from ..quoting import cmd_set, powershell_word, shell_word, typed
from ..toolkit import Toolkit, nearest, published
from ..versions import VersionRequest

LIBRARY_PATH = "LD_LIBRARY_PATH"
XLA_FLAGS = "XLA_FLAGS"
XLA_MARK = "__CONDA_CUDA_XFM"
"""Holds the value of XLA_FLAGS that a hook has set, so that it is not taken for the user's."""

# The loader splits at : and ; and expands $; a line of a file of variables ends with the line.
_UNIX, _WINDOWS = ":;$\n\r", ";\n\r"


@dataclass(frozen=True)
class Variables:
    """The variables of a toolkit, apart from what a process already has."""

    roots: Mapping[str, str]
    """Variables that name the toolkit's root, whatever they held before."""
    library: str | None
    """The first element of LD_LIBRARY_PATH; None on Windows, where PATH does its work."""
    xla: str | None
    """XLA_FLAGS, where it is not set yet; None where XLA could not read it."""
    folders: tuple[str, ...]
    """Where the tools lie, for PATH; the hooks leave PATH to conda."""

    @property
    def alone(self) -> dict[str, str]:
        """The variables of a process that has none of them yet, but for PATH."""
        found = dict(self.roots)
        if self.library is not None:
            found[LIBRARY_PATH] = self.library
        if self.xla is not None:
            found[XLA_FLAGS] = self.xla
        return found

    def added_to(self, before: Mapping[str, str]) -> dict[str, str]:
        """The variables of a process that had some before, PATH among them."""
        after = {**before, **self.roots}
        after["PATH"] = os.pathsep.join([*self.folders, before.get("PATH", os.defpath)])
        if self.library is not None:
            kept = before.get(LIBRARY_PATH)
            # An empty element means the current directory; it must not come from us.
            rest = [part for part in kept.split(":") if part != self.library] if kept else []
            after[LIBRARY_PATH] = ":".join([self.library, *rest])
        if self.xla is not None and before.get(XLA_FLAGS, "") in ("", before.get(XLA_MARK)):
            after[XLA_FLAGS] = after[XLA_MARK] = self.xla
        return after


def chosen_toolkit(environment: Environment, version: str | None) -> Toolkit:
    """The installed toolkit that a command names, else the current one.

    Raises:
        CudaError: when there is none.
    """
    if version is None:
        current = environment.current()
        if current is None:
            raise CudaError(
                "No toolkit is current in this environment.",
                hints=["conda cuda use 12.4 makes one current; conda cuda list shows them."],
            )
        return current
    request = VersionRequest.parse(version)
    fitting = [t for t in environment.toolkits() if t.complete and request.matches(t.version)]
    if not fitting:
        near = None if any(map(request.matches, published())) else nearest(request, published())
        raise CudaError(
            f"CUDA {version} is not installed in this environment.",
            hints=[
                *([near.hint] if near else []),
                f"conda cuda use {typed(version)} installs it"
                f"{', if a source has it' if near else ''}.",
            ],
            version=version,
        )
    return max(fitting, key=lambda toolkit: toolkit.version)


def variables_of(
    environment: Environment, toolkit: Toolkit, platform: Platform, *, through_link: bool
) -> Variables:
    """The variables of a toolkit.

    `through_link` names the current toolkit by its link, as the hooks do, so that the variables
    follow a switch.

    Raises:
        CudaError: when the toolkit is not whole, or its path cannot stand in such a variable.
    """
    follows = through_link and toolkit.name == environment.current_name()
    root = environment.link if follows else toolkit.root
    for char in str(root):
        if char in (_WINDOWS if platform.windows else _UNIX):
            raise PrefixCharacterError(environment.prefix, char)
    if not toolkit.complete or not (platform.windows or (root / "lib64").is_dir()):
        raise CudaError(
            f"{toolkit.name} is incomplete, so it cannot be used.",
            hints=[f"conda cuda use {toolkit.version.release} installs it again."],
        )
    names = list(ROOT_VARIABLES)
    tools = root / OWN_TOOLS
    folders = (str(tools if tools.is_dir() else root / "bin"), str(environment.bin))
    if platform.windows:
        names.append(f"CUDA_PATH_V{toolkit.version.release.replace('.', '_')}")
        return Variables(dict.fromkeys(names, str(root)), None, None, folders)
    # XLA splits its flags at white space.
    xla = None if set(str(root)) & set(" \t") else f"--xla_gpu_cuda_data_dir={root}"
    return Variables(dict.fromkeys(names, str(root)), str(root / "lib64"), xla, folders)


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


def _lines(form: str, variables: Mapping[str, str], word: Callable[[str], str]) -> str:
    return "".join(f"{form.format(name, word(value))}\n" for name, value in variables.items())


def as_sh(variables: Variables) -> str:
    """POSIX sh to be sourced or evaluated, any number of times."""
    text = _lines("export {}={}", variables.roots, shell_word)
    if variables.library is not None:
        text += _SH_LIBRARY.format(library=shell_word(variables.library))
    if variables.xla is not None:
        text += _SH_XLA.format(xla=shell_word(variables.xla), mark=XLA_MARK)
    return text


def as_powershell(variables: Variables) -> str:
    """PowerShell for Invoke-Expression or a script, any number of times."""
    text = _lines("$Env:{} = {}", variables.roots, powershell_word)
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
            "cmd is a shell of Windows, and this environment is for another system.",
            hints=["Use --format sh or --format powershell."],
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
        f"No quoting makes all programs that read files of variables understand {name}={value!r}.",
        hints=["Use --format json, or an environment under a simpler path."],
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
    return _lines('ENV {}="{}"', lines, str)


def _docker_quoted(value: str) -> str:
    """A value between double quotes, where backslash, quote and dollar have a meaning."""
    return "".join(f"\\{char}" if char in '\\"$' else char for char in value)
