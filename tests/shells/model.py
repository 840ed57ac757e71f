"""What the hooks are meant to do, written as plainly as can be, to compare the scripts with."""

from __future__ import annotations

SCALARS = {"CUDA_HOME": "CH", "CUDA_PATH": "CP", "CUDAToolkit_ROOT": "CR"}
VARIABLES = ("LD_LIBRARY_PATH", *SCALARS, "XLA_FLAGS")
Env = dict[str, str]


def activate(env: Env, *, library: bool) -> None:
    """The activate hook, in place; ``library`` says whether the lib64 folder exists."""
    level, root = _level(env), env.get("CONDA_PREFIX", "") + "/cuda"
    if not library or not root.startswith("/") or set(root) & set(":;$"):
        return
    _prepend(env, f"__CONDA_CUDA_LLP_{level}", root + "/lib64")
    for name, key in SCALARS.items():
        _replace(env, name, key, level, root)
    if not set(root) & set(" \t\n"):
        ours = f"--xla_gpu_cuda_data_dir={root}"
        found, state = env.get("XLA_FLAGS", ""), env.get(f"__CONDA_CUDA_XF_{level}", "")
        mine = (found, state[1:]) == (ours, ours)
        if not mine and found in ("", env.get("__CONDA_CUDA_XFM", ""), state[1:]):
            _replace(env, "XLA_FLAGS", "XF", level, ours)
            env["__CONDA_CUDA_XFM"] = ours


def deactivate(env: Env) -> None:
    """The deactivate hook, in place."""
    level = _level(env)
    _take_out(env, env.pop(f"__CONDA_CUDA_LLP_{level}", ""))
    for name, key in {**SCALARS, "XLA_FLAGS": "XF"}.items():
        state = env.pop(f"__CONDA_CUDA_{key}_{level}", "")
        old = env.pop(f"__CONDA_CUDA_{key}O_{level}", "")
        if not state:
            continue
        if env.get(name) == state[1:]:
            if state[0] == "s":
                env[name] = old
            else:
                del env[name]
        if name == "XLA_FLAGS":
            env.pop("__CONDA_CUDA_XFM", None)
            if old:
                env["__CONDA_CUDA_XFM"] = old


def _level(env: Env) -> str:
    level = env.get("CONDA_SHLVL", "")
    return level if level and set(level) <= set("0123456789") else "0"


def _prepend(env: Env, key: str, element: str) -> None:
    if env.get(key, "")[1:] == element and element in env.get("LD_LIBRARY_PATH", "").split(":"):
        return
    _take_out(env, env.get(key, ""))
    old = env.get("LD_LIBRARY_PATH")
    env[key] = ("e" if old == "" else "u") + element
    env["LD_LIBRARY_PATH"] = f"{element}:{old}" if old else element


def _take_out(env: Env, state: str) -> None:
    elements = env.get("LD_LIBRARY_PATH", "").split(":")
    if not state or state[1:] not in elements:
        return
    elements.remove(state[1:])
    env["LD_LIBRARY_PATH"] = ":".join(elements)
    if not env["LD_LIBRARY_PATH"] and state[0] == "u":
        del env["LD_LIBRARY_PATH"]


def _replace(env: Env, name: str, key: str, level: str, ours: str) -> None:
    state_key, old_key = f"__CONDA_CUDA_{key}_{level}", f"__CONDA_CUDA_{key}O_{level}"
    state, found = env.get(state_key, ""), env.get(name)
    if (found, state[1:]) == (ours, ours):
        return
    if found and state[1:] == found:
        tag = state[0]
    else:
        tag = "u" if found is None else "s"
        env.pop(old_key, None)
        if found:
            env[old_key] = found
    env[state_key] = tag + ours
    env[name] = ours
