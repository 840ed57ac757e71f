# conda-cuda hook: set the CUDA variables; on Unix also prepend to LD_LIBRARY_PATH
& {
    $windows = [IO.Path]::DirectorySeparatorChar -eq '\'
    $prefix = [string]$Env:CONDA_PREFIX
    $root = if ($windows) { $prefix + '\cuda' } else { $prefix + '/cuda' }
    $library = $root + '/lib64'
    # the loader splits at : and ; and expands $
    $refused = if ($windows) { ';' } else { ':;$' }
    $folder = if ($windows) { $root } else { $library }
    if (-not $prefix -or $prefix.IndexOfAny([char[]]$refused) -ge 0) { return }
    if (-not [IO.Directory]::Exists($folder)) { return }
    $n = [string]$Env:CONDA_SHLVL
    if ($n -notmatch '\A[0-9]+\z') { $n = '0' }

    $get = { param($name) [Environment]::GetEnvironmentVariable($name) }
    # PowerShell passes $null as an empty string, which .NET 9 and later keep
    $put = {
        param($name, $value)
        if ($null -eq $value) { $value = [NullString]::Value }
        [Environment]::SetEnvironmentVariable($name, $value)
    }

    # state per level: a tag (was the variable unset, empty, set), then what we set;
    # a value that this level's state names is not the user's, so it is not saved
    $scalar = {
        param($name, $key, $ours)
        $old = & $get $name
        $state = [string](& $get "__CONDA_CUDA_${key}_$n")
        if ($old -ceq $ours -and ($state -ceq "u$ours" -or $state -ceq "s$ours")) { return }
        $tag = if ($null -eq $old) { 'u' } else { 's' }
        if ($old -and ($state -ceq "u$old" -or $state -ceq "s$old")) {
            $tag = $state.Substring(0, 1)
        } else {
            & $put "__CONDA_CUDA_${key}O_$n" $(if ($old) { $old })
        }
        & $put "__CONDA_CUDA_${key}_$n" ($tag + $ours)
        & $put $name $ours
    }
    & $scalar 'CUDA_HOME' 'CH' $root
    & $scalar 'CUDA_PATH' 'CP' $root
    & $scalar 'CUDAToolkit_ROOT' 'CR' $root

    if ($windows) {
        $release = ''
        if ([IO.File]::Exists($root + '\release.txt')) {
            $text = [IO.File]::ReadAllText($root + '\release.txt')
            $found = [regex]::Match($text, '\A([0-9]+)\.([0-9]+)')
            if ($found.Success) { $release = $found.Groups[1].Value + '_' + $found.Groups[2].Value }
        }
        $before = [string](& $get "__CONDA_CUDA_CVN_$n")
        if ($before -and $before -cne $release) {
            # another toolkit became current meanwhile
            $name = "CUDA_PATH_V$before"
            $state = [string](& $get "__CONDA_CUDA_CV_$n")
            $now = [string](& $get $name)
            if ($state -ceq "u$now") { & $put $name $null }
            if ($state -ceq "s$now") { & $put $name ([string](& $get "__CONDA_CUDA_CVO_$n")) }
            & $put "__CONDA_CUDA_CV_$n" $null
            & $put "__CONDA_CUDA_CVO_$n" $null
            & $put "__CONDA_CUDA_CVN_$n" $null
        }
        if ($release) {
            & $scalar "CUDA_PATH_V$release" 'CV' $root
            & $put "__CONDA_CUDA_CVN_$n" $release
        }
        return
    }

    $state = [string](& $get "__CONDA_CUDA_LLP_$n")
    $value = & $get 'LD_LIBRARY_PATH'
    $elements = New-Object 'System.Collections.Generic.List[string]'
    if ($value) { $elements.AddRange([string[]]$value.Split(':')) }
    $named = $state -ceq "u$library" -or $state -ceq "e$library"
    if (-not $named -or -not $elements.Contains($library)) {
        # this level's state may be another environment's, which never deactivated
        if ($state -and $elements.Remove($state.Substring(1))) {
            $value = [string]::Join(':', $elements.ToArray())
            if (-not $value -and $state.StartsWith('u')) { $value = $null }
        }
        $tag = if ($null -ne $value -and $value -eq '') { 'e' } else { 'u' }
        & $put "__CONDA_CUDA_LLP_$n" ($tag + $library)
        & $put 'LD_LIBRARY_PATH' $(if ($value) { $library + ':' + $value } else { $library })
    }

    # XLA splits its flags at white space; a value of the user's own stays
    if ($root -notmatch '[ \t\n]') {
        $ours = '--xla_gpu_cuda_data_dir=' + $root
        $old = [string](& $get 'XLA_FLAGS')
        $state = [string](& $get "__CONDA_CUDA_XF_$n")
        # none, or one that a hook of ours set, at this level or another
        $free = -not $old -or $old -ceq [string](& $get '__CONDA_CUDA_XFM') -or
            $state -ceq "u$old" -or $state -ceq "s$old"
        if ($free) {
            & $scalar 'XLA_FLAGS' 'XF' $ours
            & $put '__CONDA_CUDA_XFM' $ours
        }
    }
}
