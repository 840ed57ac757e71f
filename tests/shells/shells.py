"""The real shells that the hooks run in, and the packages that bring them.

``python tests/shells/shells.py --packages debian`` prints what has to be installed.
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

UNPACKED = Path(__file__).resolve().parents[2] / "build" / "powershell"


@dataclass(frozen=True)
class RealShell:
    """One shell as the tests start it.

    Attributes:
        name: What the test ids show.
        family: The hook's extension that it reads.
        command: The program and its options, before the script's path.
        debian: Debian package, empty where every Debian has it.
        pypi: Package on PyPI.
        options: Sets of lines to begin a script with, by name.
        conda: How conda calls it, empty where conda has no working activator.
        unpacked: Its folder in `build/powershell`, where no package brings it.
    """

    name: str
    family: str
    command: tuple[str, ...]
    debian: str = ""
    pypi: str = ""
    options: dict[str, str] = field(default_factory=dict)
    conda: str = ""
    unpacked: str = ""

    def path(self) -> Path | None:
        """The program, also where only the running Python's environment or `build` has it."""
        places = [os.environ.get("PATH", ""), str(Path(sys.executable).parent)]
        if self.unpacked:
            places.append(str(UNPACKED / self.unpacked))
        found = shutil.which(self.command[0], path=os.pathsep.join(places))
        return Path(found) if found else None

    @property
    def comes_from(self) -> str:
        """What to do about a missing one."""
        if self.unpacked:
            return f"unpack it as build/powershell/{self.unpacked}"
        return f"package {self.debian or self.pypi}"

    def __hash__(self) -> int:
        return hash(self.name)


_SH = {
    "plain": "",
    "eu": "set -eu",
    "ifs": "IFS=':/aeufC_ '",
    "noglob-noclobber": "set -f; set -C",
}
_ZSH = {
    **_SH,
    "zsh-options": "setopt ksh_arrays sh_word_split warn_create_global no_unset",
}
_CSH = {"plain": "", "noglob-noclobber": "set noglob; set noclobber"}
_PLAIN = {"plain": ""}

# The hooks' own variables, which the user may have for something else.
POWERSHELL_NAMES = (
    "at",
    "before",
    "element",
    "folder",
    "free",
    "get",
    "i",
    "kept",
    "key",
    "known",
    "library",
    "n",
    "name",
    "named",
    "now",
    "old",
    "ours",
    "parts",
    "path",
    "prefix",
    "put",
    "read",
    "release",
    "rest",
    "root",
    "scalar",
    "state",
    "tag",
    "value",
    "windows",
    "without",
)
_STRICT = "Set-StrictMode -Version Latest; $ErrorActionPreference = 'Stop'"
# conda's own module has loaded this one; the hooks load none.
_IMPORTED = "Import-Module Microsoft.PowerShell.Management\n"
SWITCHED = "$ExecutionContext.SessionState.LanguageMode = 'ConstrainedLanguage'"
_CONSTRAINED = _IMPORTED + SWITCHED
# Every command there is, as a function or an alias of the user's own.
_SHADOWED = """
Import-Module Microsoft.PowerShell.Management, Microsoft.PowerShell.Utility
function called { [Console]::WriteLine('called') }
foreach ($one in @(Get-Command -CommandType Cmdlet).Name) {
    if ($one.Length % 2) { Microsoft.PowerShell.Management\\Set-Item "Function:$one" { called } }
    else { Microsoft.PowerShell.Utility\\Set-Alias $one called -Force -Scope Global }
}"""
_PREFERENCES = """
$WhatIfPreference = $true; $ConfirmPreference = 'Low'; $VerbosePreference = 'Continue'
$DebugPreference = 'Continue'; $InformationPreference = 'Continue'
$PSDefaultParameterValues = @{'*:ErrorAction' = 'Stop'; '*:PathType' = 'Leaf'; '*:Verbose' = $true}
$OFS = ':'; $PSModuleAutoLoadingPreference = 'None'"""
_VARIABLES = "\n".join(
    (
        f"[int]${name} = 7",
        f"$ExecutionContext.SessionState.PSVariable.Set([psvariable]::new('{name}', 'x', 'ReadOnly'))",
        f"$ExecutionContext.SessionState.PSVariable.Set([psvariable]::new('{name}', 1, 'Constant'))",
        f"${name} = @{{a = 1}}",
    )[number % 4]
    for number, name in enumerate(POWERSHELL_NAMES)
)
_POWERSHELL = {
    "plain": "",
    "strict": _STRICT,
    "constrained": _CONSTRAINED,
    "constrained-strict": f"{_STRICT}\n{_CONSTRAINED}",
    "shadowed": _SHADOWED,
    "constrained-shadowed": f"{_SHADOWED}\n{SWITCHED}",
    "variables": _VARIABLES,
    "preferences": _PREFERENCES,
    "constrained-preferences": f"{_IMPORTED}{_PREFERENCES}\n{SWITCHED}",
}

SHELLS = (
    RealShell(
        "bash",
        "sh",
        ("bash", "--norc", "--noprofile"),
        options={**_SH, "nocasematch": "shopt -s nocasematch extglob nullglob"},
        conda="posix",
    ),
    RealShell("bash-posix", "sh", ("bash", "--posix"), options=_SH),
    RealShell("dash", "sh", ("dash",), options=_SH, conda="posix"),
    RealShell("zsh", "sh", ("zsh", "-f"), debian="zsh", options=_ZSH, conda="posix"),
    RealShell("ash", "sh", ("busybox", "ash"), "busybox-static", options=_SH, conda="posix"),
    RealShell("yash", "sh", ("yash",), debian="yash", options=_SH),
    RealShell("posh", "sh", ("posh",), debian="posh", options=_SH),
    RealShell("ksh93", "sh", ("ksh93",), debian="ksh93u+m", options=_SH),
    RealShell("mksh", "sh", ("mksh",), debian="mksh", options=_SH),
    RealShell("fish", "fish", ("fish", "--no-config"), "fish", options=_PLAIN, conda="fish"),
    RealShell("tcsh", "csh", ("tcsh", "-f"), debian="tcsh", options=_CSH, conda="csh"),
    RealShell("xonsh", "xonsh", ("xonsh", "--no-rc"), "", "xonsh", _PLAIN, conda="xonsh"),
    RealShell(
        "pwsh",
        "ps1",
        ("pwsh", "-NoProfile", "-NonInteractive", "-File"),
        options=_POWERSHELL,
        conda="powershell",
        unpacked="pwsh-linux-x64",
    ),
    RealShell("pwsh-windows", "ps1", ("pwsh.exe",), unpacked="pwsh-win-x64"),
    RealShell("cmd", "bat", ("/usr/lib/wine/wine64", "cmd", "/c"), debian="wine64"),
)

CHECKERS = ("shellcheck",)


def packages(kind: str) -> list[str]:
    """The packages of one kind, ``debian`` or ``pypi``, that all tests of this folder need."""
    if kind == "debian":
        return [*(shell.debian for shell in SHELLS if shell.debian), *CHECKERS]
    return [shell.pypi for shell in SHELLS if shell.pypi]


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] != "--packages" or sys.argv[2] not in ("debian", "pypi"):
        sys.exit("usage: shells.py --packages debian|pypi")
    print(" ".join(packages(sys.argv[2])))
