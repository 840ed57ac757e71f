# shellcheck shell=bash
# Completion of `conda cuda` for bash, by conda-cuda @VERSION@.

_conda_cuda_table=@TABLE@
_conda_cuda_program=(@PYTHON@ -I -S -X utf8 @PROGRAM@)

# What has been registered for conda goes on completing everything else.
if [[ $(complete -p conda 2>/dev/null) != *' _conda_cuda '* ]]; then
    _conda_cuda_before=$(complete -p conda 2>/dev/null)
fi

_conda_cuda() {
    # bash takes words apart at = and :, which belong to ours.
    local words=() word='' glue='' i cut current line
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]-}
        if [[ $word =~ ^[=:]+$ ]] || [[ -n $glue ]]; then
            words[${#words[@]}-1]+=$word
            glue=
            [[ $word =~ ^[=:]+$ ]] && glue=1
        else
            words+=("$word")
        fi
    done
    if [[ ${words[1]-} != cuda || ${#words[@]} -lt 3 ]]; then
        _conda_cuda_others "$@"
        return
    fi
    current=${words[${#words[@]}-1]}
    # Only what follows the last = or : is put in by bash.
    cut=${current%"${current##*[=:]}"}
    [[ $COMP_WORDBREAKS == *=* ]] || cut=
    COMPREPLY=()
    while IFS= read -r line; do
        case $line in
            :files) _conda_cuda_paths file ;;
            :folders) _conda_cuda_paths directory ;;
            :nospace) compopt -o nospace 2>/dev/null ;;
            :command*) _conda_cuda_command "${line#:command }" ;;
            *)
                line=${line%%$'\t'*}
                line=${line#"$cut"}
                [[ $line != *[!A-Za-z0-9_./,=:+@%-]* ]] || printf -v line %q "$line"
                COMPREPLY+=("$line")
                ;;
        esac
    done < <(_CONDA_CUDA_TABLE=$_conda_cuda_table "${_conda_cuda_program[@]}" "${words[@]:2}" 2>/dev/null)
}

_conda_cuda_paths() {
    local path
    compopt -o filenames 2>/dev/null
    while IFS= read -r path; do
        COMPREPLY+=("$path")
    done < <(compgen -A "$1" -- "${current#"$cut"}")
}

_conda_cuda_command() {
    # The words before the command are conda cuda's: two and those that the program has counted.
    local first=$(($1 + 2))
    if declare -F _command_offset >/dev/null; then
        _command_offset "$first"
    elif ((${#words[@]} - 1 == first)); then
        while IFS= read -r word; do
            COMPREPLY+=("$word")
        done < <(compgen -A command -- "$current")
    else
        _conda_cuda_paths file
    fi
}

_conda_cuda_others() {
    local before
    if [[ -z $_conda_cuda_before ]]; then
        # bash-completion loads what it has for a command when that is completed first.
        local load
        for load in _comp_load _completion_loader; do
            if declare -F $load >/dev/null; then
                $load conda >/dev/null 2>&1
                break
            fi
        done
        _conda_cuda_before=$(complete -p conda 2>/dev/null)
        [[ $_conda_cuda_before != *' _conda_cuda '* ]] || _conda_cuda_before=none
        complete -F _conda_cuda conda
    fi
    read -r -a before <<<"$_conda_cuda_before"
    COMPREPLY=()
    local function='' i
    for ((i = 0; i < ${#before[@]}; i++)); do
        case ${before[i]} in
            -o) compopt -o "${before[i + 1]}" 2>/dev/null ;;
            -F) function=${before[i + 1]} ;;
        esac
    done
    if [[ -n $function ]]; then
        "$function" "$@"
    else
        compopt -o bashdefault -o default 2>/dev/null
    fi
    if ((COMP_CWORD == 1)) && [[ cuda == "${COMP_WORDS[1]}"* && " ${COMPREPLY[*]-} " != *" cuda "* ]]; then
        COMPREPLY+=(cuda)
    fi
}

complete -F _conda_cuda conda
