# conda-cuda hook: take back what the activate hook of this level set, keep what the user changed
set __cc_n = 0
if ( $?CONDA_SHLVL ) then
    set __cc_n = $CONDA_SHLVL:q
endif
if ( $__cc_n:q =~ *[^0-9]* || $__cc_n:q == "" ) set __cc_n = 0
# the eval inside is reached only where the variable exists
set __cc_d = '$' __cc_s = ""<< __cc_KEY = "" __cc_KEYO = "">>
eval \
<<
    'if ( $?__CONDA_CUDA_KEY_'$__cc_n' ) eval set __cc_KEY = ${__cc_d}__CONDA_CUDA_KEY_'$__cc_n':q;' \
    'if ( $?__CONDA_CUDA_KEYO_'$__cc_n' ) eval set __cc_KEYO = ${__cc_d}__CONDA_CUDA_KEYO_'$__cc_n':q;' \
>>
    'if ( $?__CONDA_CUDA_LLP_'$__cc_n' ) eval set __cc_s = ${__cc_d}__CONDA_CUDA_LLP_'$__cc_n':q'
if ( $__cc_s:q != "" ) then
    unsetenv __CONDA_CUDA_LLP_$__cc_n
    if ( $?LD_LIBRARY_PATH ) then
        # elements become words to walk: blanks and tabs are kept as tags
== without ==
    endif
endif

if ( $__cc_XF:q != "" ) then
    # the old value was none of the user's: empty, or what a hook of ours set below
    unsetenv __CONDA_CUDA_XFM
    if ( $__cc_XFO:q != "" ) setenv __CONDA_CUDA_XFM $__cc_XFO:q
endif
<<
if ( $__cc_KEY:q != "" ) then
    set __cc_v = ""
    if ( $?NAME ) then
        set __cc_v = $NAME:q
    endif
    if ( $__cc_KEY:q == "u$__cc_v:q" ) then
        unsetenv NAME
    else if ( $__cc_KEY:q == "s$__cc_v:q" ) then
        setenv NAME $__cc_KEYO:q
    endif
    unsetenv __CONDA_CUDA_KEY_$__cc_n
    unsetenv __CONDA_CUDA_KEYO_$__cc_n
endif
>>

unset __cc_n __cc_d __cc_s<< __cc_KEY __cc_KEYO>> __cc_c __cc_v __cc_x __cc_o __cc_t __cc_w
