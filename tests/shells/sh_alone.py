"""What of a text can be typed in sh and its kin, and not in PowerShell."""

import re

# What sh and its kin alone read. A value that is filled in, X, is shown and not to be set.
SH_ALONE = re.compile(
    r"(?<![\w$])[A-Z][A-Z0-9_]+=(?!X\b)[\w\"'/$]"
    r"|\b(?:export|(?<!vars )unset|setenv|unsetenv) (?=[A-Z])|\b(?:eval|source) (?=[$\"~/])"
    r"|\$\(|\$(?!Env:)[A-Z]|\$\{[A-Z]| && | \|\| | \\(?:\n|$)"
    r"|\| conda"  # conda's function of PowerShell hands no input on
)
