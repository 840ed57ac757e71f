# conda-cuda hook: prepend $CONDA_PREFIX/cuda/lib64 to LD_LIBRARY_PATH, set the CUDA variables
\export __cc_n="${CONDA_SHLVL:-0}" __cc_l="${CONDA_PREFIX:+$CONDA_PREFIX/cuda/lib64}" \
    __cc_e='' __cc_x='' __cc_s='' __cc_p='' __cc_q=''
case $__cc_n in *[!0-9]*) __cc_n=0 ;; esac
# the loader splits at : and ; and expands $
case $__cc_l in [!/]* | *[:\;\$]*) __cc_l= ;; esac
if \test -d "$__cc_l"; then
    # state per level: a tag (was the variable unset, empty, set), then what we set
    \eval "__cc_s=\${__CONDA_CUDA_LLP_$__cc_n-}"
    __cc_q=":${LD_LIBRARY_PATH-}:"
    __cc_p=${__cc_q%%":$__cc_l:"*}
    if \test "${__cc_s#?}" != "$__cc_l" || \test "$__cc_p" = "$__cc_q"; then
        if \test -n "$__cc_s"; then
            # this level's state is another environment's, which never deactivated
            __cc_e=${__cc_s#?}
            __cc_p=${__cc_q%%":$__cc_e:"*}
            if \test "$__cc_p" != "$__cc_q"; then
                __cc_q=${__cc_q#*":$__cc_e:"}
                LD_LIBRARY_PATH="${__cc_p#:}${__cc_p:+${__cc_q:+:}}${__cc_q%:}"
                if \test -z "$LD_LIBRARY_PATH" && \test "$__cc_s" = "u$__cc_e"; then
                    \unset LD_LIBRARY_PATH
                fi
            fi
        fi
        __cc_s=${LD_LIBRARY_PATH-u}
        __cc_s=${__cc_s:+u}
        \export "__CONDA_CUDA_LLP_$__cc_n=${__cc_s:-e}$__cc_l" \
            LD_LIBRARY_PATH="$__cc_l${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
    fi

    # scalars: a value that this level's state names is not the user's, so it is not saved
    __cc_e=${__cc_l%/lib64}
    if \test -z "${CUDA_HOME-}"; then
        __cc_s=${CUDA_HOME+s}
        \unset "__CONDA_CUDA_CHO_$__cc_n"
    else
        \eval "__cc_s=\${__CONDA_CUDA_CH_$__cc_n-}"
        if \test "${__cc_s#?}" = "$CUDA_HOME"; then
            __cc_s=${__cc_s%"$CUDA_HOME"}
        else
            __cc_s=s
            \export "__CONDA_CUDA_CHO_$__cc_n=$CUDA_HOME"
        fi
    fi
    \export "__CONDA_CUDA_CH_$__cc_n=${__cc_s:-u}$__cc_e" CUDA_HOME="$__cc_e"
    if \test -z "${CUDA_PATH-}"; then
        __cc_s=${CUDA_PATH+s}
        \unset "__CONDA_CUDA_CPO_$__cc_n"
    else
        \eval "__cc_s=\${__CONDA_CUDA_CP_$__cc_n-}"
        if \test "${__cc_s#?}" = "$CUDA_PATH"; then
            __cc_s=${__cc_s%"$CUDA_PATH"}
        else
            __cc_s=s
            \export "__CONDA_CUDA_CPO_$__cc_n=$CUDA_PATH"
        fi
    fi
    \export "__CONDA_CUDA_CP_$__cc_n=${__cc_s:-u}$__cc_e" CUDA_PATH="$__cc_e"
    if \test -z "${CUDAToolkit_ROOT-}"; then
        __cc_s=${CUDAToolkit_ROOT+s}
        \unset "__CONDA_CUDA_CRO_$__cc_n"
    else
        \eval "__cc_s=\${__CONDA_CUDA_CR_$__cc_n-}"
        if \test "${__cc_s#?}" = "$CUDAToolkit_ROOT"; then
            __cc_s=${__cc_s%"$CUDAToolkit_ROOT"}
        else
            __cc_s=s
            \export "__CONDA_CUDA_CRO_$__cc_n=$CUDAToolkit_ROOT"
        fi
    fi
    \export "__CONDA_CUDA_CR_$__cc_n=${__cc_s:-u}$__cc_e" CUDAToolkit_ROOT="$__cc_e"

    # XLA splits its flags at white space; a value of the user's own stays
    case $__cc_e in
        *[' 	
']*) ;;
        *)
            __cc_x=--xla_gpu_cuda_data_dir=$__cc_e
            if \test -z "${XLA_FLAGS-}"; then
                __cc_s=${XLA_FLAGS+s}
                \unset "__CONDA_CUDA_XFO_$__cc_n"
            else
                \eval "__cc_s=\${__CONDA_CUDA_XF_$__cc_n-}"
                if \test "${__cc_s#?}" = "$XLA_FLAGS"; then
                    __cc_s=${__cc_s%"$XLA_FLAGS"}
                elif \test "$XLA_FLAGS" = "${__CONDA_CUDA_XFM-}"; then
                    # set by a hook of ours at another level
                    __cc_s=s
                    \export "__CONDA_CUDA_XFO_$__cc_n=$XLA_FLAGS"
                else
                    __cc_x=''
                fi
            fi
            if \test -n "$__cc_x"; then
                \export "__CONDA_CUDA_XF_$__cc_n=${__cc_s:-u}$__cc_x" \
                    __CONDA_CUDA_XFM="$__cc_x" XLA_FLAGS="$__cc_x"
            fi
            ;;
    esac
fi
\unset __cc_n __cc_l __cc_e __cc_x __cc_s __cc_p __cc_q
