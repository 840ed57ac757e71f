# conda-cuda hook: take back what the activate hook of this level set, keep what the user changed
== begin ==
    __cc_q=${__cc_n%%[!0-9]*}
    __cc_v="${LD_LIBRARY_PATH-}" __cc_p='' __cc_s=''
    \command eval "__cc_p=\"\${__CONDA_CUDA_LLP_$__cc_q-}\" __cc_s=\"<<\${__CONDA_CUDA_KEY_$__cc_q-}:>>\""
    # most often nothing was set before and nothing has changed
    \command [ "$__cc_s" = "<<u${NAME-}:>>" ] &&
        \command [ "$__cc_p:$__cc_q:${__cc_v%:}" = "u${__cc_v%%:*}:$__cc_n:$__cc_v" ] &&
        \command unset "__CONDA_CUDA_LLP_$__cc_n" && {
        \command [ "$__cc_p" = "u$__cc_v" ] && \command unset LD_LIBRARY_PATH ||
            \command export "LD_LIBRARY_PATH=${__cc_v#*:}"
    } && \command unset<< NAME "__CONDA_CUDA_KEY_$__cc_n">> __CONDA_CUDA_XFM ||
        \command [ "$__cc_p$__cc_s$__cc_q" = "<<:>>$__cc_n" ] ||
        # the rest is text: most often it is read in vain, and an alias may have a keyword's name
        \command eval '
case $__cc_n in *[!0-9]*) __cc_n=0 ;; esac
\command eval "__cc_s=\"\${__CONDA_CUDA_LLP_$__cc_n-}\""
case $__cc_s in ?*)
  __cc_x="${__cc_s#?}"
  __cc_q=":$__cc_v:"
  # what stands before our element; equal to the whole where it is absent
  __cc_v=${__cc_q%%":$__cc_x:"*}
  case ${__cc_q#"$__cc_v"} in ?*)
    __cc_q=${__cc_q#*":$__cc_x:"}
    __cc_v="${__cc_v#:}${__cc_v:+${__cc_q:+:}}${__cc_q%:}"
    case ${__cc_s%"$__cc_x"}$__cc_v in
    "u") \command unset LD_LIBRARY_PATH || __cc_s= ;;
    *) \command export "LD_LIBRARY_PATH=$__cc_v" || __cc_s= ;;
    esac
  esac
  \command unset "__CONDA_CUDA_LLP_$__cc_n" || __cc_s=
esac

for __cc_k in<< NAME:KEY>>; do
  __cc_p=${__cc_k%:*}
  __cc_k="__CONDA_CUDA_${__cc_k#*:}"
  \command eval "__cc_v=\"\${$__cc_p-}\" __cc_s=\"\${${__cc_k}_$__cc_n-}\" __cc_x=\"\${${__cc_k}O_$__cc_n-}\""
  case $__cc_s in ?*)
    case ${__cc_s#"u$__cc_v"} in "") \command unset "$__cc_p" || __cc_q= ;; esac
    case ${__cc_s#"s$__cc_v"} in "") \command export "$__cc_p=$__cc_x" || __cc_q= ;; esac
    \command unset "${__cc_k}_$__cc_n" || __cc_q=
    \command unset "${__cc_k}O_$__cc_n" || __cc_q=
    # the old value was not one of the user: empty, or what a hook of ours set below
    case $__cc_p in X*) \command unset __CONDA_CUDA_XFM || __cc_q= ;; esac
    case $__cc_p:$__cc_x in X*:?*) \command export "__CONDA_CUDA_XFM=$__cc_x" || __cc_q= ;; esac
  esac
done
\command unset __cc_k __cc_x
' || __cc_s=
    \command unset __cc_k __cc_n __cc_p __cc_q __cc_s __cc_v
    ${__cc_n+"eval"} ${__cc_n+"\\unset __cc_k __cc_n __cc_p __cc_q __cc_s __cc_v"}
== end ==
