# Completion of `conda cuda` for fish, by conda-cuda @VERSION@.

set -g __conda_cuda_table @TABLE@
set -g __conda_cuda_program @PYTHON@ -I -S -X utf8 @PROGRAM@

function __conda_cuda_is_typed
    set -l words (commandline -opc)
    test (count $words) -ge 2; and test "$words[2]" = cuda
end

function __conda_cuda_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    # --from=FILE: the file begins behind the option.
    set -l flag (string match -r '^--[^=]*=' -- $current)
    set -l value (string replace -r '^--[^=]*=' '' -- $current)
    for line in (_CONDA_CUDA_TABLE=$__conda_cuda_table $__conda_cuda_program $words[3..-1] "$current" 2>/dev/null)
        switch $line
            case :files
                string replace -r '^' "$flag" -- (__fish_complete_path "$value")
            case :folders
                string replace -r '^' "$flag" -- (__fish_complete_directories "$value" '')
            case :nospace
            case ':command *'
                # The words of the command alone, as if there were no others.
                set -l first (math (string replace ':command ' '' -- $line) + 3)
                set -l command (string escape -- $words[$first..-1])
                complete -C (string join ' ' -- $command $current)
            case '*'
                echo $line
        end
    end
end

# fish's own completion of conda begins with taking away what there is: let it come first.
if string match -q '*/completions/conda.fish' -- (status filename)
    # Here this file stands in its place.
    for folder in $fish_complete_path
        if test -f $folder/conda.fish; and test (realpath $folder/conda.fish) != (realpath (status filename))
            source $folder/conda.fish
            break
        end
    end
else
    complete -C 'conda ' >/dev/null
end

# What it knows of `conda list` is wrong for `conda cuda list`. Several conditions at once are known
# to fish from 3.6 on.
if test (string match -r '^\d+\.\d+' -- $version | string replace . '' ) -ge 36
    set -l rules (complete -c conda)
    complete -c conda -e
    for rule in $rules
        if string match -q '*not __conda_cuda_is_typed*' -- $rule
            eval $rule
        else if not string match -q '*__conda_cuda*' -- $rule
            eval $rule -n "'not __conda_cuda_is_typed'"
        end
    end
end

complete -c conda -f -n __fish_is_first_token -a cuda -d 'Give an environment its own CUDA toolkit'
complete -c conda -f -n __conda_cuda_is_typed -a '(__conda_cuda_complete)'
