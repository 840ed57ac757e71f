# conda-cuda hook: prepend $CONDA_PREFIX/cuda/lib64 to LD_LIBRARY_PATH, set the CUDA variables
== begin
# Nothing of the user's is called, whatever its name, and what cannot be set is left out: `command`
# keeps a read-only variable from ending the script, in zsh with an option, in posh as a function.
${ZSH_VERSION:+"builtin"} ${ZSH_VERSION:+"eval"} ${ZSH_VERSION:+"builtin export __cc_z='builtin setopt posix_builtins'; [[ -o posix_builtins ]] || builtin export __cc_z=\"\$__cc_z no_posix_builtins\"; [[ ! -o glob_subst ]] || builtin export __cc_z=\"\$__cc_z glob_subst\"; [[ ! -o csh_junkie_quotes ]] || builtin export __cc_z=\"\$__cc_z csh_junkie_quotes\"; builtin setopt posix_builtins no_glob_subst no_csh_junkie_quotes 2>/dev/null || builtin export __cc_z='builtin true'"} || ${ZSH_VERSION:+}
{
    ${POSH_VERSION:+${IFS:+"eval"}} ${POSH_VERSION:+${IFS:+"command() { \"\$@\"; }"}}
    __cc_n="${CONDA_SHLVL:-0}"
==
    __cc_e="${CONDA_PREFIX-}/cuda" __cc_s=''
    \command eval "__cc_s=\"\${__CONDA_CUDA_LLP_${__cc_n%%[!0-9]*}-}\""
    # most often nothing is set and no name is odd
    \command [ "/${__cc_n%%[!0-9]*}${__cc_e#[!/]}${__cc_e%%[!+./0-9A-Z_a-z-]*}${LD_LIBRARY_PATH:+.}" = \
        "/$__cc_n$__cc_e$__cc_e${LD_LIBRARY_PATH+.}$__cc_s<<${NAME+:}>>${XLA_FLAGS+:}" ] &&
        \command [ -d "$__cc_e/lib64" ] &&
        \command eval "${LD_LIBRARY_PATH:+${BASH_VERSION:+LD_LIBRARY_PATH=\$LD_LIBRARY_PATH}}" &&
        \command export "__CONDA_CUDA_LLP_$__cc_n=u$__cc_e/lib64"<< "__CONDA_CUDA_KEY_$__cc_n=u$__cc_e">> \
            "__CONDA_CUDA_XF_$__cc_n=u--xla_gpu_cuda_data_dir=$__cc_e" &&
        \command export "LD_LIBRARY_PATH=$__cc_e/lib64${LD_LIBRARY_PATH+:$LD_LIBRARY_PATH}"<< "NAME=$__cc_e">> \
            "XLA_FLAGS=--xla_gpu_cuda_data_dir=$__cc_e" &&
        \command export "__CONDA_CUDA_XFM=--xla_gpu_cuda_data_dir=$__cc_e" ||
        # the rest is text: most often it is read in vain, and an alias may have a keyword's name
        \command eval '
case $__cc_n in *[!0-9]*) __cc_n=0 ;; esac
# the loader splits at : and ; and expands $
case $__cc_e in [!/]* | *[:\;\$]*) __cc_e= ;; esac
case $__cc_e in ?*) \command [ -d "$__cc_e/lib64" ] || __cc_e= ;; esac
case $__cc_e in ?*)
# state per level: a tag (was the variable unset, empty, set), then what we set
__cc_k="__CONDA_CUDA_LLP_$__cc_n"
\command eval "__cc_s=\"\${$__cc_k-}\""
__cc_x="${__cc_s#?}"
__cc_v="${LD_LIBRARY_PATH-}"
__cc_q=":$__cc_v:"
__cc_p=${__cc_q%%":$__cc_x:"*}
case $__cc_s in "") __cc_p="$__cc_q" ;; esac
__cc_p=${__cc_q#"$__cc_p"}
__cc_w=${__cc_x#"$__cc_e/lib64"}
case ${__cc_p:+p}${__cc_w:+w} in
"" | "w")
  __cc_q=${LD_LIBRARY_PATH-u}
  __cc_q=${__cc_q:+u}
  __cc_s=${__cc_q:-e}
  ;;
"p") __cc_s= ;;
*)
  # the state is that of another environment, which never deactivated
  __cc_q=${__cc_q%"$__cc_p"}
  __cc_p=${__cc_p#":$__cc_x:"}
  __cc_v="${__cc_q#:}${__cc_q:+${__cc_p:+:}}${__cc_p%:}"
  __cc_q=${__cc_v:+u}
  __cc_s=${__cc_q:-${__cc_s%"$__cc_x"}}
  ;;
esac
case $__cc_s in ?*)
  \command eval "${BASH_VERSION:+LD_LIBRARY_PATH=\$__cc_v}" &&
    \command export "$__cc_k=$__cc_s$__cc_e/lib64" &&
    \command export "LD_LIBRARY_PATH=$__cc_e/lib64${__cc_v:+:$__cc_v}" ||
    \command unset "$__cc_k" || __cc_s=
esac

for __cc_k in<< NAME:KEY>> XLA_FLAGS:XF; do
  __cc_p=${__cc_k%:*}
  __cc_k="__CONDA_CUDA_${__cc_k#*:}"
  \command eval "__cc_v=\"\${$__cc_p-}\" __cc_q=\${$__cc_p+s} __cc_s=\"\${${__cc_k}_$__cc_n-}\""
  __cc_w=${__cc_v#"${__cc_s#?}"}
  case $__cc_p in X*)
    # XLA splits its flags at white space; a value of the user stays
    case $__cc_e in *[" 	
"]*) __cc_p= ;; esac
    __cc_e="--xla_gpu_cuda_data_dir=$__cc_e"
    __cc_x=${__cc_v#"${__CONDA_CUDA_XFM-}"}
    case ${__cc_x:+x}${__cc_w:+w} in "xw") __cc_p= ;; esac
  esac
  # a value that the state names is not one of the user, so it is not saved
  case $__cc_p:${__cc_v:+v}${__cc_w:+w} in
  :*) ;;
  *:) \command unset "${__cc_k}O_$__cc_n" || __cc_p= ;;
  *:v) __cc_q=${__cc_s%"$__cc_v"} ;;
  *) \command export "${__cc_k}O_$__cc_n=$__cc_v" || __cc_p= ;;
  esac
  case $__cc_p in ?*)
    # bash exports what it cannot set
    \command eval "${BASH_VERSION:+$__cc_p=\$__cc_v}" &&
      \command export "${__cc_k}_$__cc_n=${__cc_q:-u}$__cc_e" &&
      \command export "$__cc_p=$__cc_e" || {
      __cc_p=
      \command unset "${__cc_k}O_$__cc_n" || __cc_s=
      \command unset "${__cc_k}_$__cc_n" || __cc_s=
    }
  esac
  case $__cc_p in X*) \command export "__CONDA_CUDA_XFM=$__cc_e" || __cc_s= ;; esac
done
esac
\command unset __cc_k __cc_p __cc_q __cc_v __cc_w __cc_x
' || __cc_s=
    \command unset __cc_e __cc_k __cc_n __cc_s
    ${__cc_n+"eval"} ${__cc_n+"\\unset __cc_e __cc_k __cc_n __cc_s"}
== end
    ${ZSH_VERSION:+"builtin"} ${ZSH_VERSION:+"eval"} ${ZSH_VERSION:+"$__cc_z; builtin unset __cc_z"}
    ${POSH_VERSION:+"eval"} ${POSH_VERSION:+"\\unset -f command"}
} >/dev/null 2>&1 || ${ZSH_VERSION:+}
==
