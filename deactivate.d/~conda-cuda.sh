# conda-cuda hook: take back what the activate hook of this level set, keep what the user changed
\export __cc_n="${CONDA_SHLVL:-0}" __cc_e='' __cc_s='' __cc_p='' __cc_q=''
case $__cc_n in *[!0-9]*) __cc_n=0 ;; esac
\eval "__cc_s=\${__CONDA_CUDA_LLP_$__cc_n-}" \
    "__cc_p=\${__CONDA_CUDA_CH_$__cc_n-}\${__CONDA_CUDA_CP_$__cc_n-}" \
    "__cc_q=\${__CONDA_CUDA_CR_$__cc_n-}\${__CONDA_CUDA_XF_$__cc_n-}"
if \test -n "$__cc_s$__cc_p$__cc_q"; then
    __cc_e=${__cc_s#?}
    __cc_q=":${LD_LIBRARY_PATH-}:"
    # what stands before our element; equal to the whole where it is absent
    __cc_p=${__cc_q%%":$__cc_e:"*}
    if \test -n "$__cc_e" && \test "$__cc_p" != "$__cc_q"; then
        __cc_q=${__cc_q#*":$__cc_e:"}
        LD_LIBRARY_PATH="${__cc_p#:}${__cc_p:+${__cc_q:+:}}${__cc_q%:}"
        if \test -z "$LD_LIBRARY_PATH" && \test "$__cc_s" = "u$__cc_e"; then
            \unset LD_LIBRARY_PATH
        fi
    fi

    \eval "__cc_s=\${__CONDA_CUDA_CH_$__cc_n-}"
    if \test "$__cc_s" = "u${CUDA_HOME-}"; then
        \unset CUDA_HOME
    elif \test "$__cc_s" = "s${CUDA_HOME-}"; then
        \eval "CUDA_HOME=\${__CONDA_CUDA_CHO_$__cc_n-}"
    fi
    \eval "__cc_s=\${__CONDA_CUDA_CP_$__cc_n-}"
    if \test "$__cc_s" = "u${CUDA_PATH-}"; then
        \unset CUDA_PATH
    elif \test "$__cc_s" = "s${CUDA_PATH-}"; then
        \eval "CUDA_PATH=\${__CONDA_CUDA_CPO_$__cc_n-}"
    fi
    \eval "__cc_s=\${__CONDA_CUDA_CR_$__cc_n-}"
    if \test "$__cc_s" = "u${CUDAToolkit_ROOT-}"; then
        \unset CUDAToolkit_ROOT
    elif \test "$__cc_s" = "s${CUDAToolkit_ROOT-}"; then
        \eval "CUDAToolkit_ROOT=\${__CONDA_CUDA_CRO_$__cc_n-}"
    fi

    \eval "__cc_s=\${__CONDA_CUDA_XF_$__cc_n-} __cc_p=\${__CONDA_CUDA_XFO_$__cc_n-}"
    if \test "$__cc_s" = "u${XLA_FLAGS-}"; then
        \unset XLA_FLAGS
    elif \test "$__cc_s" = "s${XLA_FLAGS-}"; then
        XLA_FLAGS=$__cc_p
    fi
    \unset "__CONDA_CUDA_LLP_$__cc_n" "__CONDA_CUDA_CH_$__cc_n" "__CONDA_CUDA_CHO_$__cc_n" \
        "__CONDA_CUDA_CP_$__cc_n" "__CONDA_CUDA_CPO_$__cc_n" "__CONDA_CUDA_CR_$__cc_n" \
        "__CONDA_CUDA_CRO_$__cc_n" "__CONDA_CUDA_XF_$__cc_n" "__CONDA_CUDA_XFO_$__cc_n"
    if \test -n "$__cc_s"; then
        # the old value was none of the user's: empty, or what a hook of ours set below
        \unset __CONDA_CUDA_XFM
        if \test -n "$__cc_p"; then \export __CONDA_CUDA_XFM="$__cc_p"; fi
    fi
fi
\unset __cc_n __cc_e __cc_s __cc_p __cc_q
