# conda-cuda hook: take back what the activate hook of this level set, keep what the user changed
# Also for Windows PowerShell 5.1. Equals compares letter by letter, as -ceq does not; a cast to
# [string] leaves nothing as it is in a constrained session, '' + does not.
& {
    if ($ExecutionContext.SessionState.LanguageMode -ceq 'FullLanguage') {
        $get = { param($name) [System.Environment]::GetEnvironmentVariable($name) }
        # $null would be passed as an empty string, which .NET 9 and later keep
        $put = {
            param($name, $value)
            if ($null -eq $value) { $value = [NullString]::Value }
            [System.Environment]::SetEnvironmentVariable($name, $value)
        }
    } else {
        # a constrained session calls no .NET; its cmdlets heed what the user prefers
        $PSDefaultParameterValues = @{}
        $ConfirmPreference = 'None'
        $WhatIfPreference = $false
        $VerbosePreference = 'SilentlyContinue'
        $DebugPreference = 'SilentlyContinue'
        # none where its module is not there and may not be loaded
        $known = 'Microsoft.PowerShell.Management\Get-Item'
        if (-not (Microsoft.PowerShell.Core\Get-Command -Name $known -ErrorAction Ignore)) { return }
        $get = {
            param($name)
            if (Microsoft.PowerShell.Management\Test-Path -LiteralPath "Env:$name") {
                (Microsoft.PowerShell.Management\Get-Item -LiteralPath "Env:$name").Value
            }
        }
        $put = {
            param($name, $value)
            if ($null -ne $value) {
                Microsoft.PowerShell.Management\Set-Item -LiteralPath "Env:$name" -Value $value
            } elseif (Microsoft.PowerShell.Management\Test-Path -LiteralPath "Env:$name") {
                Microsoft.PowerShell.Management\Remove-Item -LiteralPath "Env:$name"
            }
        }
    }
    $n = '' + $Env:CONDA_SHLVL
    if ($n -notmatch '\A[0-9]+\z') { $n = '0' }

    # without the first element that is equal, letter by letter; nothing where there is none
    $without = {
        param($value, $element)
        $parts = ('' + $value).Split(':')
        $at = [array]::IndexOf($parts, $element)
        if ($at -lt 0) { return }
        $kept = for ($i = 0; $i -lt $parts.Length; $i++) { if ($i -ne $at) { $parts[$i] } }
        @($kept) -join ':'
    }

    $state = '' + (& $get "__CONDA_CUDA_LLP_$n")
    if ($state) {
        & $put "__CONDA_CUDA_LLP_$n" $null
        $rest = & $without (& $get 'LD_LIBRARY_PATH') $state.Substring(1)
        if ($null -ne $rest) {
            & $put 'LD_LIBRARY_PATH' $(if ($rest -or -not $state.Substring(0, 1).Equals('u')) { $rest })
        }
    }

    $scalar = {
        param($name, $key)
        $state = '' + (& $get "__CONDA_CUDA_${key}_$n")
        if (-not $state) { return }
        $now = '' + (& $get $name)
        $old = '' + (& $get "__CONDA_CUDA_${key}O_$n")
        if ($state.Equals("u$now")) { & $put $name $null }
        if ($state.Equals("s$now")) { & $put $name $old }
        & $put "__CONDA_CUDA_${key}_$n" $null
        & $put "__CONDA_CUDA_${key}O_$n" $null
        # the old value was none of the user's: empty, or what a hook of ours set below
        if ($key -ceq 'XF') { & $put '__CONDA_CUDA_XFM' $(if ($old) { $old }) }
    }
    & $scalar 'CUDA_HOME' 'CH'
    & $scalar 'CUDA_PATH' 'CP'
    & $scalar 'CUDAToolkit_ROOT' 'CR'
    & $scalar 'XLA_FLAGS' 'XF'
    $release = '' + (& $get "__CONDA_CUDA_CVN_$n")
    if ($release) {
        & $scalar "CUDA_PATH_V$release" 'CV'
        & $put "__CONDA_CUDA_CVN_$n" $null
    }
}
