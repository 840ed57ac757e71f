# Makes zsh write what it would offer to a file: read by an interactive zsh after the completion.
# $CAPTURED names the file; ^X completes the line, throws it away and writes END.

PROMPT='' RPROMPT=''
unsetopt beep

_captured_compadd() {
    # Calls that only filter an array say where the matches go.
    if [[ ${argv[1,(i)(-|--)]} != *-(O|A|D)[[:space:]]* ]]; then
        local -a matches
        builtin compadd -A matches "$@"
        (( $#matches )) && print -rl -- "${matches[@]}" >>$CAPTURED
    fi
    builtin compadd "$@"
}

_captured_completion() {
    functions[compadd]=$functions[_captured_compadd]
    _main_complete
    unset -f compadd
    compstate[insert]='' compstate[list]=''
}

_captured_line() {
    : >$CAPTURED
    zle _captured_completion
    print END >>$CAPTURED
    BUFFER=''
}

zle -C _captured_completion complete-word _captured_completion
zle -N _captured_line
bindkey '^X' _captured_line
