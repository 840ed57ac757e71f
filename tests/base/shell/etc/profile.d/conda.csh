# The shell side of the throwaway conda for tcsh: sourced without a word it defines the alias
# `conda`, which sources it again with the words of the command.

if ( $#argv == 0 ) then
    if ( ! $?CONDA_SHLVL ) setenv CONDA_SHLVL 0
    if ( ! $?prompt ) set prompt = ""
    alias conda 'source "$_CONDA_ROOT/etc/profile.d/conda.csh" \!*'
else
    switch ( "$argv[1]" )
    case activate:
    case deactivate:
    case reactivate:
        # One quoted word each: a list of words would be taken apart at its blanks.
        set __conda_words = ( $argv:q "" "" )
        set __conda_text = "`( setenv prompt '${prompt}' ; '${_CONDA_EXE}' shell.csh '$__conda_words[1]' '$__conda_words[2]' '$__conda_words[3]' )`"
        if ( $status == 0 ) eval "$__conda_text"
        unset __conda_text __conda_words
        breaksw
    case install:
    case update:
    case upgrade:
    case remove:
    case uninstall:
        $_CONDA_EXE:q $argv:q
        if ( $status == 0 ) then
            set __conda_text = "`'${_CONDA_EXE}' shell.csh reactivate`"
            eval "$__conda_text"
            unset __conda_text
        endif
        breaksw
    default:
        $_CONDA_EXE:q $argv:q
        breaksw
    endsw
endif
