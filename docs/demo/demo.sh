#!/usr/bin/env bash
# Two environments, two real CUDA toolkits, one shell that switches between them.
# `make demo` runs it with the throwaway conda; any conda with the plugin will do.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$here"/{runtime.py,kernel.cu} "$work"
cd "$work"
SHOW_RELATIVE_TO=$(conda info --base)
export SHOW_RELATIVE_TO

title() { printf '\n%s\n\n' "$*"; }

# Show a command as one would type it, run it in this very shell, indent what it prints.
run() {
    printf '  $ %s\n' "$1"
    eval "$1" > >(sed 's/^/      /') 2>&1
    wait $! 2>/dev/null || true
}

# nvcc calls the machine's C++ compiler; without one there is no program to show.
kernel() {
    if [ -x kernel ]; then run './kernel'; fi
}

variables() {
    local name
    for name in CUDA_HOME LD_LIBRARY_PATH; do
        printf '      %-16s %s\n' "$name" "${!name-(unset)}"
    done
}

eval "$(conda shell.posix hook)"
while [ "${CONDA_SHLVL:-0}" -gt 0 ]; do conda deactivate; done
for name in old new; do
    conda env remove --yes --quiet --name "$name" >/dev/null 2>&1 || true
    conda create --yes --quiet --name "$name" >/dev/null
done
env | sort >before

title "1  Two environments, a toolkit for each, NVIDIA's own files from PyPI"
run 'conda cuda use 12.4 -n old --from pypi --flavor base --yes --quiet'
run 'conda cuda list -n old'
run 'conda cuda use 13.0 -n new --from pypi --components nvcc --yes --quiet'
run 'conda cuda list -n new'

title "2  Activation switches"
run 'conda activate old'
run 'python3 runtime.py libcudart.so.12'
run 'conda activate new'
run 'python3 runtime.py libcudart.so.13'
run 'nvcc --version | grep release'
if command -v g++ >/dev/null; then
    run 'nvcc -cudart shared -o kernel kernel.cu'
else
    printf '  (no g++ on this machine, so nothing is compiled)\n'
fi
kernel

title "3  Another toolkit for the environment that is active: at once, in this shell"
run 'conda cuda use 13.2 --from pypi --components nvcc --yes --quiet'
run 'nvcc --version | grep release'
run 'python3 runtime.py libcudart.so.13'
kernel
run 'conda cuda use 13.0'
kernel

title "4  Deactivation leaves no trace"
variables
run 'conda deactivate'
run 'conda deactivate'
variables
env | sort >after
# What conda itself leaves behind (CONDA_SHLVL, the prompt) is not ours.
if diff <(grep -Ev '^(_|CONDA_.*|PS1)=' before) <(grep -Ev '^(_|CONDA_.*|PS1)=' after); then
    printf '\n      Every environment variable is as it was before.\n\n'
else
    printf '\n      Something was left behind.\n\n'
    exit 1
fi
