"""Ways to break an environment."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace

from conda_cuda_plugin.cluster.node import Node, There
from conda_cuda_plugin.hooks.shells import STEM
from conda_cuda_plugin.install.wrappers import wrapper_text
from conda_cuda_plugin.machine.machine import (
    ComputeCapability,
    DriverVersion,
    Gpu,
    Machine,
    Override,
)
from conda_cuda_plugin.machine.spec import stated_arch, stated_cuda, with_arch, with_cuda
from conda_cuda_plugin.versions import CudaVersion

from .frameworks import torch
from .patients import FITTING, Sick

HOOKS = "etc/conda/activate.d"


def old_hook(sick: Sick) -> None:
    import hashlib

    body = b"# what an older version wrote\n"
    digest = hashlib.sha256(body).hexdigest()
    sick.write(f"{HOOKS}/{STEM}.sh", f"# conda-cuda hook 0 sha256:{digest}\n".encode() + body)


def edit_hook(sick: Sick) -> None:
    with open(sick.prefix / HOOKS / f"{STEM}.fish", "a") as file:
        file.write("set -x CUDA_VISIBLE_DEVICES 0\n")


def foreign_hook(sick: Sick) -> None:
    sick.write(f"{HOOKS}/{STEM}.sh", "export MINE=1\n")


def point_link(sick: Sick, target: str | None) -> None:
    (sick.prefix / "cuda").unlink()
    if target:
        (sick.prefix / "cuda").symlink_to(target)


def folder_for_link(sick: Sick) -> None:
    point_link(sick, None)
    sick.write("cuda/precious", "mine")


def copied_root(sick: Sick) -> None:
    point_link(sick, None)
    shutil.copytree(sick.prefix / "cuda-13.0", sick.prefix / "cuda", symlinks=True)


def broken_cache(sick: Sick) -> None:
    folder = sick.home / "pkgs" / "conda-cuda"
    folder.mkdir(parents=True)
    (folder / "releases.json").write_text('{"12.4.1": 5}')


def removed_root(sick: Sick) -> None:
    shutil.rmtree(sick.prefix / "cuda-13.0")


def leftovers(sick: Sick) -> None:
    sick.write("etc/conda/cuda/unfinished.json", '[".conda-cuda-cuda-11.8"]')
    sick.write(".conda-cuda-cuda-11.8/lib/libcudart.so.11.0", "half")
    sick.write("bin/.0123abcd.conda-cuda-tmp", "half")
    sick.write(f"{HOOKS}/.{STEM}.sh.0123abcd.conda-cuda-tmp", "half")


def library_path(sick: Sick, *elements: str) -> None:
    ours = sick.variables["LD_LIBRARY_PATH"]
    value = ":".join(ours if element == "OURS" else element for element in elements)
    sick.variables["LD_LIBRARY_PATH"] = value


def other_cuda(sick: Sick) -> None:
    folder = sick.home / "cuda-12.1" / "lib64"
    folder.mkdir(parents=True)
    (folder / "libcudart.so.13").write_text("another one")
    library_path(sick, str(folder), "OURS")


def whole_lib(sick: Sick) -> None:
    sick.write("lib/libtinfo.so.6", "")
    library_path(sick, "OURS", str(sick.prefix / "lib"))


def other_nvcc(sick: Sick) -> None:
    tool = sick.home / "opt" / "bin" / "nvcc"
    tool.parent.mkdir(parents=True)
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    sick.variables["PATH"] = f"{tool.parent}{os.pathsep}{sick.variables['PATH']}"


def other_environment(sick: Sick) -> None:
    other = sick.home / "envs" / "other"
    (other / "conda-meta").mkdir(parents=True)
    (other / "cuda-12.4" / "conda-meta").mkdir(parents=True)
    for name in ("CUDA_HOME", "CUDA_PATH", "CUDAToolkit_ROOT"):
        sick.variables[name] = str(other / "cuda-12.4")


def name_in(variable: str, value: str) -> Callable[[Sick], None]:
    """A variable that names a toolkit of the machine, which stands for TOOLKIT in the value."""

    def name(sick: Sick) -> None:
        sick.variables[variable] = value.replace("TOOLKIT", str(sick.toolkit("12.1")))

    return name


def switched_off(sick: Sick) -> None:
    """What `off` leaves in a shell that has the environment active."""
    shutil.rmtree(sick.prefix / "etc" / "conda" / "activate.d")
    (sick.prefix / "etc" / "conda" / "cuda" / "state.yaml").unlink()
    (sick.prefix / "cuda").unlink()
    sick.variables["__CONDA_CUDA_CH_1"] = f"u{sick.prefix}/cuda"


def all_elsewhere(sick: Sick) -> None:
    for name in ("CUDA_HOME", "CUDA_PATH", "CUDAToolkit_ROOT"):
        sick.variables[name] = "/usr/local/cuda-11.0"


def home_file(name: str, *lines: str) -> Callable[[Sick], None]:
    def write(sick: Sick) -> None:
        path = sick.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(["# mine", *lines, "alias ll='ls -l'", ""]))

    return write


def state_variables(sick: Sick) -> None:
    state = {"env_vars": {"LD_LIBRARY_PATH": "/usr/local/cuda/lib64", "MINE": "1"}}
    sick.write("conda-meta/state", json.dumps(state))


def incomplete(sick: Sick, root: str) -> None:
    (sick.prefix / root / "toolkit.yaml").unlink()


def unlink(path: str) -> Callable[[Sick], None]:
    return lambda sick: (sick.prefix / path).unlink()


def machine(**facts: object) -> Callable[[Sick], None]:
    def change(sick: Sick) -> None:
        sick.machine = replace(FITTING, **facts)  # type: ignore[arg-type]

    return change


def stated(setting: Override | None = None, **variables: str) -> Callable[[Sick], None]:
    """State another machine than the one that is there, which runs CUDA 13.1 on an H100."""

    def change(sick: Sick) -> None:
        here = replace(FITTING, driver_cuda=CudaVersion.parse("13.1"))
        sick.variables |= variables
        settings = {setting.package: setting} if setting else {}
        driver = with_cuda(here, stated_cuda(sick.variables, settings))
        sick.machine = with_arch(driver, stated_arch(sick.variables, settings), here.capability)

    return change


def stated_at_start(sick: Sick) -> None:
    stated(CONDA_OVERRIDE_CUDA="13.0")(sick)
    home_file(".bashrc", "export CONDA_OVERRIDE_CUDA=13.0")(sick)


def stated_at_activation(sick: Sick) -> None:
    stated(CONDA_OVERRIDE_CUDA="13.0")(sick)
    sick.write("conda-meta/state", json.dumps({"env_vars": {"CONDA_OVERRIDE_CUDA": "13.0"}}))


def hidden_gpus(sick: Sick) -> None:
    torch(sick, "13.0")
    sick.variables["CUDA_VISIBLE_DEVICES"] = "-1"


def torch_newer_than_driver(sick: Sick) -> None:
    torch(sick, "13.0")
    point_link(sick, "cuda-12.4")
    machine(driver=DriverVersion.parse("550.54.15"))(sick)


def torch_without_code(sick: Sick) -> None:
    torch(sick, "12.8", version="2.11.0")
    point_link(sick, "cuda-12.4")
    machine(gpus=(Gpu("Tesla V100-SXM2-16GB", ComputeCapability(7, 0)),))(sick)


def torch_without_driver(sick: Sick) -> None:
    torch(sick, "13.0")
    sick.machine = Machine()


def torch_without_gpu(sick: Sick) -> None:
    torch(sick, "13.0")
    machine(gpus=())(sick)


def stale_wrapper(sick: Sick) -> None:
    text = wrapper_text("nvcc").replace(b"exec", b"exec -a old")
    (sick.prefix / "bin" / "nvcc").write_bytes(text)


def node(name: str, *, libc: str = "glibc 2.36", **facts: object) -> Node:
    """A machine elsewhere on which the toolkit of the tests runs natively, unless facts differ."""
    there = {
        "driver": FITTING.driver, "gpus": FITTING.gpus, "libc": libc, "name": name,
        **{key: facts.pop(key) for key in ("driver", "gpus", "notes") if key in facts},
    }  # fmt: skip
    seen = {"architecture": os.uname().machine, "environment": There.SAME, **facts}
    return Node(name, Machine(**there), **seen)  # type: ignore[arg-type]


def nodes(**of_second: object) -> Callable[[Sick], None]:
    """Two machines elsewhere; the second one differs."""
    return lambda sick: sick.ask(node("gpu01"), node("gpu02", **of_second))


def silent(*names: str) -> Callable[[Sick], None]:
    """Machines elsewhere that have not answered, beside one that has."""
    problem = "did not answer within 3 s"
    quiet = [Node(name, None, problem) for name in names]
    return lambda sick: sick.ask(*quiet, *([node("gpu01")] if len(names) < 2 else []))


def needs_glibc(sick: Sick) -> None:
    record = {"name": "pytorch", "depends": ["__glibc >=2.28,<3.0.a0", "python"], "files": []}
    sick.write("conda-meta/pytorch-2.9.0-cuda.json", json.dumps(record, indent=2))
    nodes(libc="glibc 2.17")(sick)


def wheel_needs_glibc(sick: Sick) -> None:
    tags = "Tag: cp311-cp311-manylinux_2_34_x86_64\n"
    sick.wheel("mine", "1.0", {"mine-1.0.dist-info/WHEEL": f"Wheel-Version: 1.0\n{tags}"})
    nodes(libc="glibc 2.28")(sick)
