# Completion of `conda cuda` for zsh, by conda-cuda @VERSION@. Source it after compinit.

if (( ! $+functions[compdef] )); then
    print -u2 'conda cuda: completion needs compinit before it: autoload -Uz compinit; compinit'
    return 1
fi

typeset -g _conda_cuda_table=@TABLE@
typeset -ga _conda_cuda_program=(@PYTHON@ -I -S -X utf8 @PROGRAM@)

# What has been registered for conda goes on completing everything else.
if [[ ${_comps[conda]-} != _conda_cuda ]]; then
    typeset -g _conda_cuda_before=${_comps[conda]-}
fi

_conda_cuda() {
    if (( CURRENT < 3 )) || [[ ${words[2]} != cuda ]]; then
        _conda_cuda_others "$@"
        return
    fi
    local line value about paths
    local -a typed values shown endings
    local -i found=1
    # As they will be without their quotes; what follows the cursor does not count.
    typed=("${(@Q)words[3,CURRENT-1]}" "${(Q)PREFIX}")
    for line in "${(@f)$(_CONDA_CUDA_TABLE=$_conda_cuda_table "${_conda_cuda_program[@]}" "${typed[@]}" 2>/dev/null)}"; do
        case $line in
            '') ;;
            :files) paths=_files ;;
            :folders) paths='_files -/' ;;
            :nospace) endings=(-S '') ;;
            :command\ *)
                # The words of the command alone, as if there were no others.
                local -i first=$(( ${line#:command } + 3 ))
                shift $(( first - 1 )) words
                (( CURRENT -= first - 1 ))
                _normal
                return
                ;;
            *)
                value=${line%%$'\t'*}
                about=${line#"$value"}
                values+=("$value")
                shown+=("$value${about:+  -- ${about#$'\t'}}")
                ;;
        esac
    done
    if (( $#values )); then
        if [[ ${(j::)shown} == *'  -- '* ]]; then
            compadd -l -V conda-cuda -d shown "${endings[@]}" -a -- values && found=0
        else
            compadd -V conda-cuda "${endings[@]}" -a -- values && found=0
        fi
    fi
    if [[ -n $paths ]]; then
        [[ $PREFIX == --*=* ]] && compset -P 1 '*='
        ${=paths} && found=0
    fi
    return found
}

_conda_cuda_others() {
    local -i found=1
    if [[ -n $_conda_cuda_before ]]; then
        "${=_conda_cuda_before}" "$@" && found=0
    fi
    if (( CURRENT == 2 )) && [[ cuda == ${PREFIX}* ]]; then
        compadd -- cuda && found=0
    elif [[ -z $_conda_cuda_before ]]; then
        _default && found=0
    fi
    return found
}

compdef _conda_cuda conda
