# conda-cuda hook: take back what the activate hook of this level set, keep what the user changed
# Also for Windows PowerShell 5.1. Equals compares letter by letter, as -ceq does not; a cast to
# [string] leaves nothing as it is in a constrained session, '' + does not.
& {
== functions ==

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
<<
    & $scalar 'NAME' 'KEY'
>>
    $release = '' + (& $get "__CONDA_CUDA_CVN_$n")
    if ($release) {
        & $scalar "CUDA_PATH_V$release" 'CV'
        & $put "__CONDA_CUDA_CVN_$n" $null
    }
}
