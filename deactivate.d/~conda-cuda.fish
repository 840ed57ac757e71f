# conda-cuda hook: take back what the activate hook of this level set, keep what the user changed
begin
    set -l n 0
    string match -qr '^[0-9]+\z' -- "$CONDA_SHLVL"; and set n $CONDA_SHLVL
    set -l k __CONDA_CUDA_LLP_$n
    if set -q $k
        set -l s "$$k"
        set -e $k
        set -l i (builtin contains -i -- "$s" u$LD_LIBRARY_PATH; or builtin contains -i -- "$s" e$LD_LIBRARY_PATH)
        if test -n "$i"
            set -e LD_LIBRARY_PATH[$i]
            # an empty list would still be exported, as an empty value
            if test -z "$LD_LIBRARY_PATH"; and string match -q 'u*' -- "$s"
                set -e LD_LIBRARY_PATH
            end
        end
    end

    set k __CONDA_CUDA_CH_$n
    if set -q $k
        set -l o __CONDA_CUDA_CHO_$n
        if test "$$k" = "u$CUDA_HOME"
            set -e CUDA_HOME
        else if test "$$k" = "s$CUDA_HOME"
            set -gx CUDA_HOME "$$o"
        end
        set -e $k
        set -e $o
    end
    set k __CONDA_CUDA_CP_$n
    if set -q $k
        set -l o __CONDA_CUDA_CPO_$n
        if test "$$k" = "u$CUDA_PATH"
            set -e CUDA_PATH
        else if test "$$k" = "s$CUDA_PATH"
            set -gx CUDA_PATH "$$o"
        end
        set -e $k
        set -e $o
    end
    set k __CONDA_CUDA_CR_$n
    if set -q $k
        set -l o __CONDA_CUDA_CRO_$n
        if test "$$k" = "u$CUDAToolkit_ROOT"
            set -e CUDAToolkit_ROOT
        else if test "$$k" = "s$CUDAToolkit_ROOT"
            set -gx CUDAToolkit_ROOT "$$o"
        end
        set -e $k
        set -e $o
    end

    set k __CONDA_CUDA_XF_$n
    if set -q $k
        set -l o __CONDA_CUDA_XFO_$n
        if test "$$k" = "u$XLA_FLAGS"
            set -e XLA_FLAGS
        else if test "$$k" = "s$XLA_FLAGS"
            set -gx XLA_FLAGS "$$o"
        end
        # the old value was none of the user's: empty, or what a hook of ours set below
        set -e __CONDA_CUDA_XFM
        set -q $o; and set -gx __CONDA_CUDA_XFM "$$o"
        set -e $k
        set -e $o
    end
end
builtin true
