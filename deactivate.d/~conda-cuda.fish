# conda-cuda hook: take back what the activate hook of this level set, keep what the user changed
begin
    set -l n 0
    string match -qr '^[0-9]+\z' -- "$CONDA_SHLVL"; and set n $CONDA_SHLVL
    set -l k __CONDA_CUDA_LLP_$n
    if set -q $k
        set -l s "$$k"
        set -e $k
== without ==
    end

    if set -q __CONDA_CUDA_XF_$n
        # the old value was none of the user's: empty, or what a hook of ours set below
        set -e __CONDA_CUDA_XFM
        set -l o __CONDA_CUDA_XFO_$n
        set -q $o; and set -gx __CONDA_CUDA_XFM "$$o"
    end
<<
    set k __CONDA_CUDA_KEY_$n
    if set -q $k
        set -l o __CONDA_CUDA_KEYO_$n
        if test "$$k" = "u$NAME"
            set -e NAME
        else if test "$$k" = "s$NAME"
            set -gx NAME "$$o"
        end
        set -e $k
        set -e $o
    end
>>
end
builtin true
