# conda-cuda hook: prepend $CONDA_PREFIX/cuda/lib64 to LD_LIBRARY_PATH, set the CUDA variables
set __cc_n = 0
if ( $?CONDA_SHLVL ) then
    set __cc_n = $CONDA_SHLVL:q
endif
if ( $__cc_n:q =~ *[^0-9]* || $__cc_n:q == "" ) set __cc_n = 0
set __cc_l = ""
if ( $?CONDA_PREFIX ) then
    set __cc_l = "$CONDA_PREFIX:q/cuda/lib64"
endif
# the loader splits at : and ; and expands $
if ( $__cc_l:q =~ *[:\;\$]* ) set __cc_l = ""
if ( $__cc_l:q =~ /* && -d "$__cc_l:q" ) then
    set __cc_e = "$CONDA_PREFIX:q/cuda"
    # state per level: a tag (was the variable unset, empty, set), then what we set;
    # the eval inside is reached only where the variable exists
    set __cc_d = '$' __cc_s = "" __cc_XF = ""<< __cc_KEY = "">>
    eval 'if ( $?__CONDA_CUDA_LLP_'$__cc_n' ) eval set __cc_s = ${__cc_d}__CONDA_CUDA_LLP_'$__cc_n':q;' \
<<
        'if ( $?__CONDA_CUDA_KEY_'$__cc_n' ) eval set __cc_KEY = ${__cc_d}__CONDA_CUDA_KEY_'$__cc_n':q;' \
>>
        'if ( $?__CONDA_CUDA_XF_'$__cc_n' ) eval set __cc_XF = ${__cc_d}__CONDA_CUDA_XF_'$__cc_n':q'

    set __cc_v = ""
    if ( $?LD_LIBRARY_PATH ) then
        set __cc_v = $LD_LIBRARY_PATH:q
    endif
    set __cc_d = 0
    if ( $__cc_s:q != "" && $__cc_v:q != "" ) then
        if ( $__cc_s:q == "u$__cc_l:q" || $__cc_s:q == "e$__cc_l:q" ) then
            # elements become words to walk: blanks and tabs are kept as tags
            set __cc_c = $__cc_v:as/ /@1@/:as/	/@3@/:q
            set __cc_c = "@2@$__cc_c:as/:/ @2@/:q"
            set __cc_x = $__cc_l:as/ /@1@/:as/	/@3@/:q
            foreach __cc_w ( $__cc_c:x )
                if ( $__cc_w:q == "@2@$__cc_x:q" ) set __cc_d = 1
            end
        else
            # this level's state is another environment's, which never deactivated
== without
            set __cc_c = $LD_LIBRARY_PATH:as/ /@1@/:as/	/@3@/:q
            set __cc_c = "@2@$__cc_c:as/:/ @2@/:q"
            set __cc_x = $__cc_s:as/ /@1@/:as/	/@3@/:q
            set __cc_o = ""
            set __cc_t = 0
            foreach __cc_w ( $__cc_c:x )
                if ( ! $__cc_t && ( "u$__cc_w:s/@2@//:q" == $__cc_x:q || "e$__cc_w:s/@2@//:q" == $__cc_x:q ) ) then
                    set __cc_t = 1
                else
                    set __cc_o = "$__cc_o:q$__cc_w:q"
                endif
            end
            if ( $__cc_t ) then
                if ( ( $__cc_o:q == "" || $__cc_o:q == "@2@" ) && $__cc_s:q =~ u* ) then
                    unsetenv LD_LIBRARY_PATH
                else
                    set __cc_o = $__cc_o:s/@2@//:q
                    setenv LD_LIBRARY_PATH $__cc_o:as/@2@/:/:as/@1@/ /:as/@3@/	/:q
                endif
            endif
==
            set __cc_v = ""
            if ( $?LD_LIBRARY_PATH ) then
                set __cc_v = $LD_LIBRARY_PATH:q
            endif
        endif
    endif
    if ( ! $__cc_d ) then
        set __cc_t = u
        if ( $?LD_LIBRARY_PATH && $__cc_v:q == "" ) set __cc_t = e
        setenv __CONDA_CUDA_LLP_$__cc_n "$__cc_t$__cc_l:q"
        if ( $__cc_v:q == "" ) then
            setenv LD_LIBRARY_PATH $__cc_l:q
        else
            setenv LD_LIBRARY_PATH "$__cc_l:q":$__cc_v:q
        endif
    endif

    # scalars: a value that this level's state names is not the user's, so it is not saved
<<
    set __cc_v = ""
    set __cc_t = u
    if ( $?NAME ) then
        set __cc_v = $NAME:q
        set __cc_t = s
    endif
    if ( $__cc_v:q != $__cc_e:q || ( $__cc_KEY:q != "u$__cc_e:q" && $__cc_KEY:q != "s$__cc_e:q" ) ) then
        if ( $__cc_v:q != "" && $__cc_KEY:q == "u$__cc_v:q" ) then
            set __cc_t = u
        else if ( $__cc_v:q == "" || $__cc_KEY:q != "s$__cc_v:q" ) then
            unsetenv __CONDA_CUDA_KEYO_$__cc_n
            if ( $__cc_v:q != "" ) setenv __CONDA_CUDA_KEYO_$__cc_n $__cc_v:q
        endif
        setenv __CONDA_CUDA_KEY_$__cc_n "$__cc_t$__cc_e:q"
        setenv NAME $__cc_e:q
    endif
>>

    # XLA splits its flags at white space; a value of the user's own stays
    if ( $__cc_e:as/ /@1@/:as/	/@3@/:q == $__cc_e:q && $__cc_e:q !~ *"\
"* ) then
        set __cc_x = "--xla_gpu_cuda_data_dir=$__cc_e:q"
        set __cc_v = ""
        set __cc_t = u
        if ( $?XLA_FLAGS ) then
            set __cc_v = $XLA_FLAGS:q
            set __cc_t = s
        endif
        if ( $__cc_v:q != $__cc_x:q || ( $__cc_XF:q != "u$__cc_x:q" && $__cc_XF:q != "s$__cc_x:q" ) ) then
            set __cc_c = ""
            if ( $?__CONDA_CUDA_XFM ) then
                set __cc_c = $__CONDA_CUDA_XFM:q
            endif
            if ( $__cc_v:q != "" && $__cc_XF:q == "u$__cc_v:q" ) then
                set __cc_t = u
            else if ( $__cc_v:q == "" || $__cc_XF:q != "s$__cc_v:q" ) then
                if ( $__cc_v:q == "" || $__cc_v:q == $__cc_c:q ) then
                    # none, or one that a hook of ours set at another level
                    unsetenv __CONDA_CUDA_XFO_$__cc_n
                    if ( $__cc_v:q != "" ) setenv __CONDA_CUDA_XFO_$__cc_n $__cc_v:q
                else
                    set __cc_x = ""
                endif
            endif
            if ( $__cc_x:q != "" ) then
                setenv __CONDA_CUDA_XF_$__cc_n "$__cc_t$__cc_x:q"
                setenv __CONDA_CUDA_XFM $__cc_x:q
                setenv XLA_FLAGS $__cc_x:q
            endif
        endif
    endif
endif
unset __cc_n __cc_l __cc_e __cc_s __cc_XF<< __cc_KEY>> __cc_c __cc_v __cc_d __cc_x __cc_o __cc_t __cc_w
