# conda-cuda hook: prepend $CONDA_PREFIX/cuda/lib64 to LD_LIBRARY_PATH, set the CUDA variables
begin
    set -l n 0
    string match -qr '^[0-9]+\z' -- "$CONDA_SHLVL"; and set n $CONDA_SHLVL
    set -l e "$CONDA_PREFIX/cuda"
    set -l l "$e/lib64"
    # the loader splits at : and ; and expands $
    if string match -qr '^/[^:;$]*\z' -- "$CONDA_PREFIX"; and test -d "$l"
        # state per level: a tag (was the variable unset, empty, set), then what we set
        set -l k __CONDA_CUDA_LLP_$n
        set -l s "$$k"
        if not builtin contains -- "$s" "u$l" "e$l"; or not builtin contains -- "$l" $LD_LIBRARY_PATH
            if test -n "$s"
                # this level's state is another environment's, which never deactivated
                set -l i (builtin contains -i -- "$s" u$LD_LIBRARY_PATH
                    or builtin contains -i -- "$s" e$LD_LIBRARY_PATH)
                if test -n "$i"
                    set -e LD_LIBRARY_PATH[$i]
                    if test -z "$LD_LIBRARY_PATH"; and string match -q 'u*' -- "$s"
                        set -e LD_LIBRARY_PATH
                    end
                end
            end
            set -l t u
            set -q LD_LIBRARY_PATH; and test -z "$LD_LIBRARY_PATH"; and set t e
            set -gx $k "$t$l"
            # an empty value is a list of one empty element: it would stay behind ours
            if test $t = u
                set -gx --path LD_LIBRARY_PATH "$l" $LD_LIBRARY_PATH
            else
                set -gx --path LD_LIBRARY_PATH "$l"
            end
        end

        # scalars: a value that this level's state names is not the user's, so it is not saved
        set k __CONDA_CUDA_CH_$n
        set s "$$k"
        if not builtin contains -- "$s" "u$e" "s$e"; or test "$CUDA_HOME" != "$e"
            if test -n "$s"; and builtin contains -- "$s" "u$CUDA_HOME" "s$CUDA_HOME"
                set -gx $k (string sub -l 1 -- "$s")"$e"
            else
                set -l o __CONDA_CUDA_CHO_$n
                set -e $o
                set -gx $k "u$e"
                set -q CUDA_HOME; and set -gx $k "s$e"
                test -n "$CUDA_HOME"; and set -gx $o "$CUDA_HOME"
            end
            set -gx CUDA_HOME "$e"
        end
        set k __CONDA_CUDA_CP_$n
        set s "$$k"
        if not builtin contains -- "$s" "u$e" "s$e"; or test "$CUDA_PATH" != "$e"
            if test -n "$s"; and builtin contains -- "$s" "u$CUDA_PATH" "s$CUDA_PATH"
                set -gx $k (string sub -l 1 -- "$s")"$e"
            else
                set -l o __CONDA_CUDA_CPO_$n
                set -e $o
                set -gx $k "u$e"
                set -q CUDA_PATH; and set -gx $k "s$e"
                test -n "$CUDA_PATH"; and set -gx $o "$CUDA_PATH"
            end
            set -gx CUDA_PATH "$e"
        end
        set k __CONDA_CUDA_CR_$n
        set s "$$k"
        if not builtin contains -- "$s" "u$e" "s$e"; or test "$CUDAToolkit_ROOT" != "$e"
            if test -n "$s"; and builtin contains -- "$s" "u$CUDAToolkit_ROOT" "s$CUDAToolkit_ROOT"
                set -gx $k (string sub -l 1 -- "$s")"$e"
            else
                set -l o __CONDA_CUDA_CRO_$n
                set -e $o
                set -gx $k "u$e"
                set -q CUDAToolkit_ROOT; and set -gx $k "s$e"
                test -n "$CUDAToolkit_ROOT"; and set -gx $o "$CUDAToolkit_ROOT"
            end
            set -gx CUDAToolkit_ROOT "$e"
        end

        # XLA splits its flags at white space; a value of the user's own stays
        if not string match -qr '[ \t\n]' -- "$e"
            set -l x "--xla_gpu_cuda_data_dir=$e"
            set k __CONDA_CUDA_XF_$n
            set s "$$k"
            if not builtin contains -- "$s" "u$x" "s$x"; or test "$XLA_FLAGS" != "$x"
                set -l t
                if test -n "$s"; and builtin contains -- "$s" "u$XLA_FLAGS" "s$XLA_FLAGS"
                    set t (string sub -l 1 -- "$s")
                else if test -z "$XLA_FLAGS"; or test "$XLA_FLAGS" = "$__CONDA_CUDA_XFM"
                    # none, or one that a hook of ours set at another level
                    set -l o __CONDA_CUDA_XFO_$n
                    set -e $o
                    set t u
                    set -q XLA_FLAGS; and set t s
                    test -n "$XLA_FLAGS"; and set -gx $o "$XLA_FLAGS"
                end
                if set -q t[1]
                    set -gx $k "$t$x"
                    set -gx __CONDA_CUDA_XFM "$x"
                    set -gx XLA_FLAGS "$x"
                end
            end
        end
    end
end
builtin true
