# The shell side of the throwaway conda for PowerShell: a module, as conda's own, so that hooks are
# sourced in a function of it. As there, `-Stack` is a parameter.

function Set-CondaState {
    $text = & $Env:CONDA_EXE shell.powershell @args | Out-String
    if ($LASTEXITCODE -eq 0) { Invoke-Expression $text }
}

function Invoke-Conda {
    $command, $rest = $args
    switch -CaseSensitive ($command) {
        'activate' {
            $words = @($rest | ForEach-Object { if ("$_" -eq '-Stack') { '--stack' } else { $_ } })
            Set-CondaState activate @words
        }
        'deactivate' { Set-CondaState deactivate }
        { $_ -cin 'install', 'update', 'upgrade', 'remove', 'uninstall' } {
            & $Env:CONDA_EXE @args
            if ($LASTEXITCODE -eq 0) { Set-CondaState reactivate }
        }
        default { & $Env:CONDA_EXE @args }
    }
}

if (-not (Test-Path Env:CONDA_SHLVL)) {
    $Env:CONDA_SHLVL = '0'
    $Env:PATH = (Join-Path $Env:_CONDA_ROOT condabin) + [IO.Path]::PathSeparator + $Env:PATH
}
New-Alias conda Invoke-Conda -Force
Export-ModuleMember -Function Invoke-Conda -Alias conda
