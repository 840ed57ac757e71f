# shellcheck shell=sh
# The shell side of the throwaway conda for bash, zsh, dash and other POSIX shells.
# conda prints what to change; a function is needed because only the shell itself can change it.

__conda_apply() {
    __conda_text="$(PS1="${PS1-}" "$CONDA_EXE" shell.posix "$@")" || return
    eval "$__conda_text"
    unset __conda_text
}

conda() {
    case "${1-}" in
        activate | deactivate)
            __conda_apply "$@"
            ;;
        install | update | upgrade | remove | uninstall)
            "$CONDA_EXE" "$@" || return
            __conda_apply reactivate
            ;;
        *)
            "$CONDA_EXE" "$@"
            ;;
    esac
}

if [ -z "${CONDA_SHLVL+x}" ]; then
    export CONDA_SHLVL=0
    export PATH="${CONDA_EXE%/*/*}/condabin${PATH:+:${PATH}}"
fi
