# The shell side of the throwaway conda for fish.

set -q CONDA_SHLVL; or set -gx CONDA_SHLVL 0

function __conda_apply
    set -l text ($CONDA_EXE shell.fish $argv | string collect)
    if test $pipestatus[1] -ne 0
        return 1
    end
    eval $text
end

function conda
    switch "$argv[1]"
        case activate deactivate
            __conda_apply $argv
        case install update upgrade remove uninstall
            $CONDA_EXE $argv; or return
            __conda_apply reactivate
        case '*'
            $CONDA_EXE $argv
    end
end
