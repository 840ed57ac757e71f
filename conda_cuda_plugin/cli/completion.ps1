# Completion of `conda cuda` for PowerShell, by conda-cuda @VERSION@.

Register-ArgumentCompleter -Native -CommandName conda -ScriptBlock {
    param($word, $tree, $cursor)
    $table = @TABLE@
    $python = @PYTHON@
    $program = @PROGRAM@

    # The words before the cursor as the command would get them; the last one is unfinished.
    $words = @()
    $unfinished = ''
    foreach ($element in $tree.CommandElements) {
        $extent = $element.Extent
        if ($extent.StartOffset -ge $cursor) { break }
        $text = $extent.Text
        if ($element -is [System.Management.Automation.Language.StringConstantExpressionAst]) {
            $text = $element.Value
        }
        if ($extent.EndOffset -ge $cursor) { $unfinished = $text } else { $words += $text }
    }
    if ($words.Count -eq 1 -and 'cuda'.StartsWith($unfinished)) { return 'cuda' }
    if ($words.Count -lt 2 -or $words[1] -cne 'cuda') { return }

    $rest = @($words | Select-Object -Skip 2)
    # Before 7.3 an empty word is lost unless it is quoted.
    $last = if ($unfinished -or $PSVersionTable.PSVersion -ge [version]'7.3') { $unfinished } else { '""' }
    # PowerShell puts in only what follows the last comma of a list.
    $kept = $unfinished.Length - $word.Length
    if ($kept -lt 0 -or -not $unfinished.EndsWith($word)) { $kept = 0 }
    $before = $Env:_CONDA_CUDA_TABLE
    $Env:_CONDA_CUDA_TABLE = $table
    try {
        $lines = @(& $python -I -S -X utf8 $program @rest $last 2>$null)
    } catch {
        return
    } finally {
        $Env:_CONDA_CUDA_TABLE = $before
    }
    $flag = if ($unfinished -match '\A--[^=]*=') { $Matches[0] } else { '' }
    $value = $unfinished.Substring($flag.Length)
    foreach ($line in $lines) {
        if ($line -ceq ':nospace') { continue }
        if ($line -ceq ':files' -or $line -ceq ':folders') {
            foreach ($one in [System.Management.Automation.CompletionCompleters]::CompleteFilename($value)) {
                if ($line -ceq ':files' -or $one.ResultType -eq 'ProviderContainer') {
                    $type = [System.Management.Automation.CompletionResultType]$one.ResultType
                    [System.Management.Automation.CompletionResult]::new(
                        $flag + $one.CompletionText, $one.ListItemText, $type, $one.ToolTip)
                }
            }
            continue
        }
        if ($line.StartsWith(':command ')) {
            # The words of the command alone, as if there were no others.
            $number = [int]$line.Substring(9) + 2
            $start = $tree.CommandElements[$number].Extent.StartOffset - $tree.Extent.StartOffset
            $text = $tree.Extent.Text.Substring($start)
            (TabExpansion2 -inputScript $text -cursorColumn $text.Length).CompletionMatches
            continue
        }
        $text, $about = $line.Split("`t")
        $text = $text.Substring([Math]::Min($kept, $text.Length))
        if (-not $text) { continue }
        if (-not $about) { $about = $text }
        $shown = if ($text -match '\A[\w./:+=,%\\-]+\z') { $text } else {
            "'" + ($text -replace "(['\u2018-\u201b])", '$1$1') + "'"
        }
        [System.Management.Automation.CompletionResult]::new($shown, $text, 'ParameterValue', "$about")
    }
}
