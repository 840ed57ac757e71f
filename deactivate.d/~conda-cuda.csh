# conda-cuda hook: take back what the activate hook of this level set, keep what the user changed
set __cc_n = 0
if ( $?CONDA_SHLVL ) then
    set __cc_n = $CONDA_SHLVL:q
endif
if ( $__cc_n:q =~ *[^0-9]* || $__cc_n:q == "" ) set __cc_n = 0
# the eval inside is reached only where the variable exists
set __cc_d = '$' __cc_s = "" __cc_h = "" __cc_p = "" __cc_r = "" __cc_f = "" __cc_i = "" __cc_q = "" __cc_u = "" __cc_g = ""
eval 'if ( $?__CONDA_CUDA_LLP_'$__cc_n' ) eval set __cc_s = ${__cc_d}__CONDA_CUDA_LLP_'$__cc_n':q;' \
    'if ( $?__CONDA_CUDA_CH_'$__cc_n' ) eval set __cc_h = ${__cc_d}__CONDA_CUDA_CH_'$__cc_n':q;' \
    'if ( $?__CONDA_CUDA_CP_'$__cc_n' ) eval set __cc_p = ${__cc_d}__CONDA_CUDA_CP_'$__cc_n':q;' \
    'if ( $?__CONDA_CUDA_CR_'$__cc_n' ) eval set __cc_r = ${__cc_d}__CONDA_CUDA_CR_'$__cc_n':q;' \
    'if ( $?__CONDA_CUDA_XF_'$__cc_n' ) eval set __cc_f = ${__cc_d}__CONDA_CUDA_XF_'$__cc_n':q;' \
    'if ( $?__CONDA_CUDA_CHO_'$__cc_n' ) eval set __cc_i = ${__cc_d}__CONDA_CUDA_CHO_'$__cc_n':q;' \
    'if ( $?__CONDA_CUDA_CPO_'$__cc_n' ) eval set __cc_q = ${__cc_d}__CONDA_CUDA_CPO_'$__cc_n':q;' \
    'if ( $?__CONDA_CUDA_CRO_'$__cc_n' ) eval set __cc_u = ${__cc_d}__CONDA_CUDA_CRO_'$__cc_n':q;' \
    'if ( $?__CONDA_CUDA_XFO_'$__cc_n' ) eval set __cc_g = ${__cc_d}__CONDA_CUDA_XFO_'$__cc_n':q'
if ( $__cc_s:q != "" ) then
    unsetenv __CONDA_CUDA_LLP_$__cc_n
    if ( $?LD_LIBRARY_PATH ) then
        # elements become words to walk: blanks and tabs are kept as tags
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
    endif
endif

if ( $__cc_h:q != "" ) then
    set __cc_v = ""
    if ( $?CUDA_HOME ) then
        set __cc_v = $CUDA_HOME:q
    endif
    if ( $__cc_h:q == "u$__cc_v:q" ) then
        unsetenv CUDA_HOME
    else if ( $__cc_h:q == "s$__cc_v:q" ) then
        setenv CUDA_HOME $__cc_i:q
    endif
    unsetenv __CONDA_CUDA_CH_$__cc_n
    unsetenv __CONDA_CUDA_CHO_$__cc_n
endif
if ( $__cc_p:q != "" ) then
    set __cc_v = ""
    if ( $?CUDA_PATH ) then
        set __cc_v = $CUDA_PATH:q
    endif
    if ( $__cc_p:q == "u$__cc_v:q" ) then
        unsetenv CUDA_PATH
    else if ( $__cc_p:q == "s$__cc_v:q" ) then
        setenv CUDA_PATH $__cc_q:q
    endif
    unsetenv __CONDA_CUDA_CP_$__cc_n
    unsetenv __CONDA_CUDA_CPO_$__cc_n
endif
if ( $__cc_r:q != "" ) then
    set __cc_v = ""
    if ( $?CUDAToolkit_ROOT ) then
        set __cc_v = $CUDAToolkit_ROOT:q
    endif
    if ( $__cc_r:q == "u$__cc_v:q" ) then
        unsetenv CUDAToolkit_ROOT
    else if ( $__cc_r:q == "s$__cc_v:q" ) then
        setenv CUDAToolkit_ROOT $__cc_u:q
    endif
    unsetenv __CONDA_CUDA_CR_$__cc_n
    unsetenv __CONDA_CUDA_CRO_$__cc_n
endif

if ( $__cc_f:q != "" ) then
    set __cc_v = ""
    if ( $?XLA_FLAGS ) then
        set __cc_v = $XLA_FLAGS:q
    endif
    if ( $__cc_f:q == "u$__cc_v:q" ) then
        unsetenv XLA_FLAGS
    else if ( $__cc_f:q == "s$__cc_v:q" ) then
        setenv XLA_FLAGS $__cc_g:q
    endif
    # the old value was none of the user's: empty, or what a hook of ours set below
    unsetenv __CONDA_CUDA_XFM
    if ( $__cc_g:q != "" ) setenv __CONDA_CUDA_XFM $__cc_g:q
    unsetenv __CONDA_CUDA_XF_$__cc_n
    unsetenv __CONDA_CUDA_XFO_$__cc_n
endif

unset __cc_n __cc_d __cc_s __cc_h __cc_p __cc_r __cc_f __cc_i __cc_q __cc_u __cc_g __cc_c __cc_v __cc_x __cc_o __cc_t __cc_w
