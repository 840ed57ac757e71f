# conda-cuda hook: set the CUDA variables; on Unix also prepend to LD_LIBRARY_PATH
# Also for Windows PowerShell 5.1. Equals compares letter by letter, as -ceq does not; a cast to
# [string] leaves nothing as it is in a constrained session, '' + does not.
& {
    # PowerShell compiles each kind of call when a session first makes it. So the common case, where
    # no variable is set, has few kinds, and the rest is a block, which is compiled if it runs.
    $root = "$Env:CONDA_PREFIX/cuda"
    $library = "$root/lib64"
    $ours = "--xla_gpu_cuda_data_dir=$root"
    if ($null -eq $Env:LD_LIBRARY_PATH -and $null -eq $Env:XLA_FLAGS<< -and $null -eq $Env:NAME>> -and
        $root -like '/*' -and $root -notlike "*[:;`$ `t`n]*" -and
        $ExecutionContext.SessionState.LanguageMode -clike 'FullLanguage' -and
        [System.IO.Directory]::Exists($library)) {
[[
        if ($Env:CONDA_SHLVL -clike 'LEVEL') {
<<
            $Env:NAME = $root
            $Env:__CONDA_CUDA_KEY_LEVEL = "u$root"
            $Env:__CONDA_CUDA_KEYO_LEVEL = $null
>>
            $Env:LD_LIBRARY_PATH = $library
            $Env:__CONDA_CUDA_LLP_LEVEL = "u$library"
            $Env:XLA_FLAGS = $ours
            $Env:__CONDA_CUDA_XF_LEVEL = "u$ours"
            $Env:__CONDA_CUDA_XFO_LEVEL = $null
            $Env:__CONDA_CUDA_XFM = $ours
            return
        }
]]
    }

    . {
        $windows = [System.IO.Path]::DirectorySeparatorChar -eq '\'
        $prefix = '' + $Env:CONDA_PREFIX
        $root = $prefix + $(if ($windows) { '\cuda' } else { '/cuda' })
        # the loader splits at : and ; and expands $
        if ($prefix -notmatch $(if ($windows) { '\A[^;]+\z' } else { '\A/[^:;$]*\z' })) { return }

== functions
        if ($ExecutionContext.SessionState.LanguageMode -ceq 'FullLanguage') {
            $get = { param($name) [System.Environment]::GetEnvironmentVariable($name) }
            # $null would be passed as an empty string, which .NET 9 and later keep
            $put = {
                param($name, $value)
                if ($null -eq $value) { $value = [NullString]::Value }
                [System.Environment]::SetEnvironmentVariable($name, $value)
            }
            $folder = { param($path) [System.IO.Directory]::Exists($path) }
            $read = {
                param($path)
                if ([System.IO.File]::Exists($path)) { [System.IO.File]::ReadAllText($path) }
            }
        } else {
            # a block of its own is compiled where it runs only, which is most of what a hook takes
            $get = $null
            . {
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
                # the drive that is current may be no file system
                $folder = {
                    param($path)
                    $path = "Microsoft.PowerShell.Core\FileSystem::$path"
                    Microsoft.PowerShell.Management\Test-Path -LiteralPath $path -PathType Container
                }
                $read = {
                    param($path)
                    $path = "Microsoft.PowerShell.Core\FileSystem::$path"
                    if (Microsoft.PowerShell.Management\Test-Path -LiteralPath $path -PathType Leaf) {
                        Microsoft.PowerShell.Management\Get-Content -LiteralPath $path -TotalCount 1
                    }
                }
            }
            if ($null -eq $get) { return }
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
==

        $library = $root + '/lib64'
        if (-not (& $folder $(if ($windows) { $root } else { $library }))) { return }

        # state per level: a tag (was the variable unset, empty, set), then what we set;
        # a value that this level's state names is not the user's, so it is not saved
        $scalar = {
            param($name, $key, $ours)
            $old = & $get $name
            $state = '' + (& $get "__CONDA_CUDA_${key}_$n")
            $named = $old -and ($state.Equals("u$old") -or $state.Equals("s$old"))
            if ($named -and $ours.Equals($old)) { return }
            $tag = if ($null -eq $old) { 'u' } else { 's' }
            if ($named) {
                $tag = $state.Substring(0, 1)
            } else {
                & $put "__CONDA_CUDA_${key}O_$n" $(if ($old) { $old })
            }
            & $put "__CONDA_CUDA_${key}_$n" ($tag + $ours)
            & $put $name $ours
        }
<<
        & $scalar 'NAME' 'KEY' $root
>>

        if ($windows) {
            & {
                $release = ''
                if ('' + (& $read ($root + '\release.txt')) -match '\A([0-9]+)\.([0-9]+)') {
                    $release = $Matches[1] + '_' + $Matches[2]
                }
                $before = '' + (& $get "__CONDA_CUDA_CVN_$n")
                if ($before -and -not $before.Equals($release)) {
                    # another toolkit became current meanwhile
                    $name = "CUDA_PATH_V$before"
                    $state = '' + (& $get "__CONDA_CUDA_CV_$n")
                    $now = '' + (& $get $name)
                    if ($state.Equals("u$now")) { & $put $name $null }
                    if ($state.Equals("s$now")) { & $put $name ('' + (& $get "__CONDA_CUDA_CVO_$n")) }
                    & $put "__CONDA_CUDA_CV_$n" $null
                    & $put "__CONDA_CUDA_CVO_$n" $null
                    & $put "__CONDA_CUDA_CVN_$n" $null
                }
                if ($release) {
                    & $scalar "CUDA_PATH_V$release" 'CV' $root
                    & $put "__CONDA_CUDA_CVN_$n" $release
                }
            }
            return
        }

        $state = '' + (& $get "__CONDA_CUDA_LLP_$n")
        $value = & $get 'LD_LIBRARY_PATH'
        $rest = if ($state) { & $without $value $state.Substring(1) }
        if ($null -eq $rest -or -not $state.Substring(1).Equals($library)) {
            # this level's state may be another environment's, which never deactivated
            if ($null -ne $rest) { $value = if ($rest -or -not $state.Substring(0, 1).Equals('u')) { $rest } }
            $tag = if ($null -ne $value -and -not $value) { 'e' } else { 'u' }
            & $put "__CONDA_CUDA_LLP_$n" ($tag + $library)
            & $put 'LD_LIBRARY_PATH' $(if ($value) { $library + ':' + $value } else { $library })
        }

        # XLA splits its flags at white space; a value of the user's own stays
        if ($root -notmatch '[ \t\n]') {
            $ours = '--xla_gpu_cuda_data_dir=' + $root
            $old = '' + (& $get 'XLA_FLAGS')
            $state = '' + (& $get "__CONDA_CUDA_XF_$n")
            # none, or one that a hook of ours set, at this level or another
            $free = -not $old -or $old.Equals('' + (& $get '__CONDA_CUDA_XFM')) -or
                $state.Equals("u$old") -or $state.Equals("s$old")
            if ($free) {
                & $scalar 'XLA_FLAGS' 'XF' $ours
                & $put '__CONDA_CUDA_XFM' $ours
            }
        }
    }
}
