"""`conda activate` of an environment with a toolkit against other ways to get CUDA's variables."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from ..figure import Figure, Row
from ..measure import Act, Run, alternate, details
from ..world import World

LMOD = Path("/usr/share/lmod/lmod/init/bash")
MODULES = 30
"""How often a module is loaded and unloaded in one process."""

# As many statements as the hooks of conda-forge's cuda-nvcc: it appends the folders of headers and
# libraries to four variables of flags and the compiler to nvcc's own, with a backup of one.
_NVCC_ON = """
targets="targets/x86_64-linux"
CUDA_CFLAGS="-I${CONDA_PREFIX}/${targets}/include"
CUDA_LDFLAGS="-L${CONDA_PREFIX}/${targets}/lib -L${CONDA_PREFIX}/${targets}/lib/stubs"
if [ "${CONDA_BUILD:-0}" = "1" ]; then
    export CUDAARCHS="all-major"
    export NVCC_GENCODE="all-major"
fi
export CFLAGS="${CFLAGS:-} ${CUDA_CFLAGS}"
export CPPFLAGS="${CPPFLAGS:-} ${CUDA_CFLAGS}"
export CXXFLAGS="${CXXFLAGS:-} ${CUDA_CFLAGS}"
export LDFLAGS="${LDFLAGS:-} ${CUDA_LDFLAGS}"
if [ -n "${NVCC_PREPEND_FLAGS+x}" ]; then
    export NVCC_PREPEND_FLAGS_BACKUP="${NVCC_PREPEND_FLAGS}"
else
    export NVCC_PREPEND_FLAGS_BACKUP="UNSET"
fi
export NVCC_PREPEND_FLAGS="${NVCC_PREPEND_FLAGS:-} -ccbin=${CXX:-g++}"
if [ -n "${NVCC_APPEND_FLAGS+x}" ]; then
    export NVCC_APPEND_FLAGS_BACKUP="${NVCC_APPEND_FLAGS}"
fi
export NVCC_APPEND_FLAGS="${NVCC_APPEND_FLAGS:-}"
unset targets CUDA_CFLAGS CUDA_LDFLAGS
"""
_BY_HAND = """
export CUDA_HOME="$CONDA_PREFIX/cuda"
export CUDA_PATH="$CONDA_PREFIX/cuda"
export CUDAToolkit_ROOT="$CONDA_PREFIX/cuda"
export LD_LIBRARY_PATH="$CONDA_PREFIX/cuda/lib64:$LD_LIBRARY_PATH"
"""
_MODULE = """
local root = "{root}"
setenv("CUDA_HOME", root)
setenv("CUDA_PATH", root)
setenv("CUDAToolkit_ROOT", root)
prepend_path("LD_LIBRARY_PATH", pathJoin(root, "lib64"))
prepend_path("PATH", pathJoin(root, "bin"))
"""


def measure(world: World) -> list[Figure]:
    """The whole of `conda activate`, and the hooks alone against Lmod."""
    ours = world.three
    prefixes = {"ours": ours} | {name: make(world) for name, make in _RIVALS.items()}
    hook = world.folder / "conda-hook.sh"
    world("shell.posix", "hook")
    text = (world.folder / "output.txt").read_text()
    hook.write_text(text.replace("conda activate 'base'", ""))
    acts = {name: _activate(world, hook, prefix) for name, prefix in prefixes.items()}
    found = alternate(acts, 4 * world.rounds)
    figures = [
        Figure(
            f"conda activate, against {what}",
            what,
            # Of a third of a second the hooks are a thousandth: the clock would say nothing.
            found["ours"].cpu / found[what].cpu,
            # What is not slower measures as 1 and a hundredth or two.
            1.02,
            spread=found["ours"].cpu_spread + found[what].cpu_spread,
            details=details({name: found[name] for name in ("ours", what)}),
        )
        for what in _RIVALS
    ]
    return figures + _lmod(world, ours)


def _nvcc(world: World) -> Path:
    return _with_hook(world, "~cuda-nvcc_activate.sh", _NVCC_ON)


def _by_hand(world: World) -> Path:
    return _with_hook(world, "cuda.sh", _BY_HAND)


def _with_hook(world: World, name: str, text: str) -> Path:
    prefix = world.environment()
    folder = prefix / "etc" / "conda" / "activate.d"
    folder.mkdir(parents=True)
    (folder / name).write_text(text)
    return prefix


def _config_vars(world: World) -> Path:
    prefix = world.environment()
    cuda = prefix / "cuda"
    variables = [f"{name}={cuda}" for name in ("CUDA_HOME", "CUDA_PATH", "CUDAToolkit_ROOT")]
    variables.append(f"LD_LIBRARY_PATH={cuda / 'lib64'}")
    world("env", "config", "vars", "set", "-p", prefix, *variables)
    return prefix


_RIVALS: dict[str, Callable[[World], Path]] = {
    "a hook like cuda-nvcc's": _nvcc,
    "a hook of four exports": _by_hand,
    "conda env config vars": _config_vars,
}


def _activate(world: World, hook: Path, prefix: Path) -> Act:
    script = f". {hook}\nconda activate {prefix}\n"

    def once() -> Run:
        return world.command(["bash", "--norc", "-c", script])

    return once


def _lmod(world: World, prefix: Path) -> list[Figure]:
    """Our hooks against loading and unloading a module."""
    if not LMOD.exists() or shutil.which("bash") is None:
        print("activation, Lmod: not measured, Lmod is not installed", file=sys.stderr)
        return []
    folder = world.folder / "modulefiles" / "cuda"
    folder.mkdir(parents=True)
    (folder / "12.4.lua").write_text(_MODULE.format(root=prefix / "cuda"))
    hooks = prefix / "etc" / "conda"
    pair = f". '{hooks}/activate.d/~conda-cuda.sh'; . '{hooks}/deactivate.d/~conda-cuda.sh'"
    module = "module load cuda/12.4; module unload cuda/12.4"

    def loop(body: str) -> Act:
        script = f". {LMOD}\nfor i in $(seq {MODULES}); do {body}; done\n"
        variables = {
            "MODULEPATH": os.fspath(folder.parent),
            "CONDA_PREFIX": str(prefix),
            "CONDA_SHLVL": "1",
        }

        def once() -> Run:
            return world.command(["bash", "--norc", "-c", script], **variables)

        return once

    acts = {"ours": loop(pair), "module": loop(module), "nothing": loop(":")}
    found = alternate(acts, world.rounds)
    nothing = found["nothing"].median
    each = {name: max(found[name].median - nothing, 1e-9) / MODULES for name in ("ours", "module")}
    return [
        Figure(
            "both hooks",
            "module load and unload of Lmod",
            each["ours"] / each["module"],
            0.1,
            spread=found["ours"].cpu_spread + found["module"].cpu_spread,
            details={f"{name} ms": round(1000 * value, 3) for name, value in each.items()},
        )
    ]


ROW = Row("activation", measure)
