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
== without
                set -l i (builtin contains -i -- "$s" u$LD_LIBRARY_PATH
                    or builtin contains -i -- "$s" e$LD_LIBRARY_PATH)
                if test -n "$i"
                    set -e LD_LIBRARY_PATH[$i]
                    # an empty list would still be exported, as an empty value
                    if test -z "$LD_LIBRARY_PATH"; and string match -q 'u*' -- "$s"
                        set -e LD_LIBRARY_PATH
                    end
                end
==
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
<<
        set k __CONDA_CUDA_KEY_$n
        set s "$$k"
        if not builtin contains -- "$s" "u$e" "s$e"; or test "$NAME" != "$e"
            if test -n "$s"; and builtin contains -- "$s" "u$NAME" "s$NAME"
                set -gx $k (string sub -l 1 -- "$s")"$e"
            else
                set -l o __CONDA_CUDA_KEYO_$n
                set -e $o
                set -gx $k "u$e"
                set -q NAME; and set -gx $k "s$e"
                test -n "$NAME"; and set -gx $o "$NAME"
            end
            set -gx NAME "$e"
        end
>>

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
