# conda-cuda hook: take back what the activate hook of this level set, keep what the user changed
& {
    $n = [string]$Env:CONDA_SHLVL
    if ($n -notmatch '\A[0-9]+\z') { $n = '0' }

    $get = { param($name) [Environment]::GetEnvironmentVariable($name) }
    # PowerShell passes $null as an empty string, which .NET 9 and later keep
    $put = {
        param($name, $value)
        if ($null -eq $value) { $value = [NullString]::Value }
        [Environment]::SetEnvironmentVariable($name, $value)
    }

    $state = [string](& $get "__CONDA_CUDA_LLP_$n")
    if ($state) {
        & $put "__CONDA_CUDA_LLP_$n" $null
        $elements = New-Object 'System.Collections.Generic.List[string]'
        $elements.AddRange([string[]]([string](& $get 'LD_LIBRARY_PATH')).Split(':'))
        # the first that is equal, letter by letter
        if ($elements.Remove($state.Substring(1))) {
            $value = [string]::Join(':', $elements.ToArray())
            if (-not $value -and $state.StartsWith('u')) { $value = $null }
            & $put 'LD_LIBRARY_PATH' $value
        }
    }

    $scalar = {
        param($name, $key)
        $state = [string](& $get "__CONDA_CUDA_${key}_$n")
        if (-not $state) { return }
        $now = [string](& $get $name)
        $old = [string](& $get "__CONDA_CUDA_${key}O_$n")
        if ($state -ceq "u$now") { & $put $name $null }
        if ($state -ceq "s$now") { & $put $name $old }
        & $put "__CONDA_CUDA_${key}_$n" $null
        & $put "__CONDA_CUDA_${key}O_$n" $null
        # the old value was none of the user's: empty, or what a hook of ours set below
        if ($key -ceq 'XF') { & $put '__CONDA_CUDA_XFM' $(if ($old) { $old }) }
    }
    & $scalar 'CUDA_HOME' 'CH'
    & $scalar 'CUDA_PATH' 'CP'
    & $scalar 'CUDAToolkit_ROOT' 'CR'
    & $scalar 'XLA_FLAGS' 'XF'
    $release = [string](& $get "__CONDA_CUDA_CVN_$n")
    if ($release) {
        & $scalar "CUDA_PATH_V$release" 'CV'
        & $put "__CONDA_CUDA_CVN_$n" $null
    }
}
