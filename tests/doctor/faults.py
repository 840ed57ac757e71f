"""Every way to break an environment that a rule stands for, one each."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass

from conda_cuda_plugin.cluster.node import Loaded, There
from conda_cuda_plugin.hooks.shells import STEM
from conda_cuda_plugin.machine.machine import DriverVersion, HostCompiler

from . import breakage as by
from .breakage import HOOKS
from .frameworks import (
    jax,
    numba,
    old_cudnn,
    pip_libraries,
    pip_runtime,
    tensorflow,
    torch,
    torch_with_cudnn,
    two_cublas,
    two_nccl,
)
from .patients import H100, V100, Sick


@dataclass(frozen=True)
class Fault:
    """One way to break an environment, and the rule that must speak then.

    Args:
        rule: the id.
        severity: how bad it is.
        break_: does it.
        active: whether the environment is active in the shell.
        fixable: whether `--fix` cures it.
        evidence: what must be among the evidence.
    """

    rule: str
    severity: str
    break_: Callable[[Sick], object]
    active: bool = False
    fixable: bool = False
    evidence: str = ""
    name: str = ""


FAULTS = (
    Fault("hooks-missing", "error", by.unlink(f"{HOOKS}/{STEM}.sh"), fixable=True,
          evidence=f"{HOOKS}/{STEM}.sh"),
    Fault("hooks-missing", "error", lambda s: shutil.rmtree(s.prefix / "etc/conda/deactivate.d"),
          fixable=True, evidence="deactivate.d", name="deactivate.d"),
    Fault("hooks-stale", "warning", by.old_hook, fixable=True, evidence=f"{STEM}.sh"),
    Fault("hooks-edited", "warning", by.edit_hook, fixable=True, evidence=f"{STEM}.fish"),
    Fault("hooks-foreign", "error", by.foreign_hook, evidence=f"{STEM}.sh"),
    Fault("link-dangling", "error", by.removed_root, fixable=True, evidence="cuda -> cuda-13.0"),
    Fault("link-dangling", "error", lambda s: by.point_link(s, "cuda-11.8"), fixable=True,
          evidence="cuda -> cuda-11.8", name="never installed"),
    Fault("link-missing", "warning", lambda s: by.point_link(s, None), fixable=True, evidence="missing"),
    Fault("link-foreign", "error", by.folder_for_link, evidence="mine/cuda"),
    Fault("link-foreign", "error", lambda s: by.point_link(s, "/usr"), evidence="-> /usr", name="link"),
    Fault("link-copied", "warning", by.copied_root, fixable=True, evidence="copy of cuda-13.0"),
    Fault("record-broken", "warning", lambda s: s.write("etc/conda/cuda/state.yaml", "wrappers: 5\n"),
          fixable=True, evidence="etc/conda/cuda/state.yaml: wrappers is not a list"),
    Fault("record-broken", "error", lambda s: s.write("cuda-13.0/toolkit.yaml", "version: !mine ''"),
          fixable=True, evidence="cuda-13.0/toolkit.yaml: it holds tags", name="toolkit"),
    Fault("record-broken", "warning", lambda s: s.write("cuda-13.0/files.json", "[]"),
          fixable=True, evidence="cuda-13.0/files.json: it is not a table", name="files"),
    Fault("cache-broken", "warning", by.broken_cache, fixable=True, evidence="releases.json"),
    Fault("toolkit-incomplete", "error", lambda s: by.incomplete(s, "cuda-13.0"),
          evidence="cuda-13.0"),
    Fault("toolkit-incomplete", "warning", lambda s: by.incomplete(s, "cuda-12.4"),
          evidence="cuda-12.4", name="not current"),
    Fault("toolkit-damaged", "error", lambda s: [path.unlink() for path in
          (s.prefix / "cuda-13.0").rglob("libcudart.so.13") if not path.is_symlink()],
          evidence="libcudart.so.13"),
    Fault("interrupted-command", "warning", by.leftovers, fixable=True,
          evidence=".conda-cuda-cuda-11.8"),
    Fault("toolkit-open-to-others", "error", lambda s: (s.prefix / "cuda-13.0/lib64").chmod(0o777),
          fixable=True, evidence="cuda-13.0/lib64"),
    Fault("toolkit-open-to-others", "error", lambda s: [path.chmod(0o666) for path in
          (s.prefix / "cuda-13.0").rglob("libcudart.so.13") if not path.is_symlink()],
          fixable=True, evidence="libcudart.so.13", name="a library"),
    Fault("hooks-open-to-others", "error", lambda s: (s.prefix / HOOKS / f"{STEM}.sh").chmod(0o666),
          fixable=True, evidence=f"{STEM}.sh"),
    Fault("hooks-open-to-others", "error", lambda s: (s.prefix / HOOKS).chmod(0o777),
          fixable=True, evidence="activate.d", name="folder"),
    Fault("wrapper-missing", "warning", by.unlink("bin/nvcc"), fixable=True, evidence="bin/nvcc"),
    Fault("wrapper-missing", "warning", by.stale_wrapper, fixable=True, evidence="bin/nvcc",
          name="old text"),
    Fault("wrapper-shadowed", "warning", lambda s: s.write("bin/ptxas", "#!/bin/sh\n"),
          evidence="bin/ptxas"),
    Fault("foreign-nvcc-first", "warning", by.other_nvcc, active=True, evidence="opt/bin/nvcc"),
    Fault("shell-unaware", "warning", lambda s: s.variables.pop("LD_LIBRARY_PATH"), active=True,
          evidence="LD_LIBRARY_PATH is not set"),
    Fault("ld-empty-element", "warning", lambda s: by.library_path(s, "OURS", ""), active=True,
          evidence="lib64:"),
    Fault("ld-empty-element", "warning", lambda s: by.library_path(s, "", "OURS"), active=True,
          evidence="LD_LIBRARY_PATH=:", name="in front"),
    Fault("ld-stubs", "error", lambda s: by.library_path(s, "OURS", "/usr/local/cuda/lib64/stubs"),
          active=True, evidence="/usr/local/cuda/lib64/stubs"),
    Fault("ld-other-cuda-first", "warning", by.other_cuda, active=True, evidence="libcudart.so.13"),
    Fault("ld-whole-lib", "warning", by.whole_lib, active=True, evidence="mine/lib"),
    Fault("cuda-home-other-environment", "error", by.other_environment, active=True,
          evidence="envs/other/cuda-12.4"),
    Fault("cuda-home-path-disagree", "warning",
          lambda s: s.variables.update(CUDA_PATH="/usr/local/cuda"), active=True,
          evidence="CUDA_PATH=/usr/local/cuda"),
    Fault("cuda-home-elsewhere", "warning", by.all_elsewhere, active=True,
          evidence="CUDA_HOME=/usr/local/cuda-11.0"),
    Fault("variable-other-cuda", "warning", by.name_in("CPATH", "/opt/mine:TOOLKIT/include"),
          active=True, evidence="local/cuda-12.1/include: CUDA 12.1.1", name="CPATH"),
    Fault("variable-other-cuda", "warning", by.name_in("CUDACXX", "TOOLKIT/bin/nvcc"), active=True,
          evidence="current toolkit: CUDA 13.0.2", name="CUDACXX"),
    Fault("variable-other-cuda", "warning", by.name_in("NVCC", "ccache TOOLKIT/bin/nvcc -O2"),
          active=True, evidence="NVCC=ccache ", name="NVCC"),
    Fault("variable-other-cuda", "warning", by.name_in("CUDA_ROOT", "TOOLKIT"), active=True,
          evidence="CUDA_ROOT=", name="CUDA_ROOT"),
    Fault("variable-other-cuda", "warning", by.name_in("LDFLAGS", "-O2 -LTOOLKIT/lib64 -lm"),
          active=True, evidence="LDFLAGS=-O2 -L", name="LDFLAGS"),
    Fault("variable-other-cuda", "warning", by.name_in("CUDA_PATH_V12_4", "TOOLKIT"), active=True,
          evidence="by its name CUDA 12.4", name="CUDA_PATH_V12_4"),
    Fault("variable-other-cuda", "warning", lambda s: s.variables.update(
          CUDA_ROOT=f"{s.prefix}/cuda-12.4"), active=True, evidence="CUDA 12.4", name="own root"),
    Fault("variable-gone", "warning", lambda s: s.variables.update(CUDNN_HOME="/opt/cudnn-8"),
          active=True, evidence="CUDNN_HOME=/opt/cudnn-8"),
    Fault("variable-gone", "warning", lambda s: s.variables.update(
          LIBRARY_PATH="/opt/mine/lib:/usr/local/cuda-11.0/lib64"), active=True,
          evidence="LIBRARY_PATH=/opt/mine/lib:", name="in a list"),
    Fault("variable-gone", "warning", by.switched_off, active=True,
          evidence="mine/cuda, which does not exist", name="off"),
    Fault("old-exports", "warning", by.home_file(".bashrc", "export CPATH=/usr/local/cuda/include"),
          evidence="~/.bashrc:2: export CPATH", name="CPATH"),
    Fault("old-exports", "warning", by.home_file(".bashrc",
          "export LD_LIBRARY_PATH=/usr/local/cuda/lib64:$LD_LIBRARY_PATH"),
          evidence="~/.bashrc:2: export LD_LIBRARY_PATH", name=".bashrc"),
    Fault("old-exports", "warning", by.home_file(".zshrc", "path=(~/bin $path)",
          'export PATH="/usr/local/cuda-12.1/bin:$PATH"'), evidence="~/.zshrc:3", name=".zshrc"),
    Fault("old-exports", "warning", by.home_file(".profile", "CUDA_HOME=/opt/cuda; export CUDA_HOME"),
          evidence="~/.profile:2", name=".profile"),
    Fault("old-exports", "warning", by.home_file(".config/fish/config.fish",
          "set -gx LD_LIBRARY_PATH /usr/local/cuda/lib64 $LD_LIBRARY_PATH"),
          evidence="config.fish:2", name="fish"),
    Fault("old-exports", "warning", by.home_file(".tcshrc",
          "setenv CUDA_HOME /usr/local/cuda-11.8"), evidence=".tcshrc:2", name="tcsh"),
    Fault("conda-variables", "warning", by.state_variables,
          evidence="LD_LIBRARY_PATH=/usr/local/cuda/lib64 (conda-meta/state)"),
    Fault("conda-variables", "warning", lambda s: s.write("etc/conda/env_vars.d/x.json",
          '{"CUDA_HOME": "/x"}'), evidence="env_vars.d/x.json", name="env_vars.d"),
    Fault("old-exports", "warning", by.home_file(".config/powershell/profile.ps1",
          "$x = 1", "$Env:PATH = '/usr/local/cuda/bin:' + $Env:PATH"),
          evidence="profile.ps1:3: $Env:PATH", name="profile.ps1"),
    Fault("old-exports", "warning", by.home_file(
          "Documents/WindowsPowerShell/profile.ps1",
          r"$env:CUDA_PATH = 'C:\Program Files\NVIDIA GPU Computing Toolkit\CUDA\v12.4'"),
          name="windows-profile.ps1"),
    Fault("other-hooks", "warning", lambda s: s.write(f"{HOOKS}/env_vars.ps1",
          "$Env:cuda_home = '/opt/cuda'\n"), name="env_vars.ps1"),
    Fault("other-hooks", "warning", lambda s: s.write(f"{HOOKS}/env_vars.bat",
          '@set "CUDA_PATH=C:\\cuda"\n'), name="env_vars.bat"),
    Fault("other-hooks", "warning", lambda s: s.write(f"{HOOKS}/env_vars.sh",
          "export LD_LIBRARY_PATH=$LD_LIBRARY_PATH:$CONDA_PREFIX/lib/\n"),
          evidence="env_vars.sh:1"),
    Fault("driver-too-old", "error", by.machine(driver=DriverVersion.parse("550.54.15")),
          evidence="driver: 550.54.15"),
    Fault("driver-limits", "note", by.machine(driver=DriverVersion.parse("580.65.06")),
          evidence="driver: 580.65.06"),
    Fault("gpu-not-covered", "error", by.machine(gpus=(V100,)), evidence="Tesla V100"),
    Fault("gpu-not-covered", "error", by.machine(gpus=(H100, V100)), evidence="Tesla V100",
          name="one of two"),
    Fault("driver-unclear", "note", by.machine(notes=("CONDA_OVERRIDE_CUDA=12.4 stands in",)),
          evidence="CONDA_OVERRIDE_CUDA", name="override"),
    Fault("driver-unclear", "warning", by.machine(notes=("NVML says 550, the kernel says 535.",)),
          evidence="NVML says 550"),
    Fault("host-gcc-too-new", "warning", by.machine(host_compiler=HostCompiler("gcc", (16, 1, 0),
          "/usr/bin/gcc")), evidence="gcc 16.1.0 (/usr/bin/gcc)"),
    Fault("driver-too-old", "error", by.nodes(driver=DriverVersion.parse("550.54.15")),
          evidence="gpu02: driver 550.54.15", name="on a node"),
    Fault("driver-limits", "note", by.nodes(driver=DriverVersion.parse("580.65.06")),
          evidence="gpu02: driver 580.65.06", name="on a node"),
    Fault("gpu-not-covered", "error", by.nodes(gpus=(V100,)), evidence="gpu02: driver 580.95.05, Tesla V100",
          name="on a node"),
    Fault("driver-unclear", "warning", by.nodes(notes=("libcuda ended with 1.",)),
          evidence="gpu02: libcuda ended with 1.", name="on a node"),
    Fault("node-silent", "warning", by.silent("gpu07"), evidence="gpu07 did not answer within 3 s"),
    Fault("node-silent", "error", by.silent("gpu07", "gpu08"), evidence="gpu08 did not", name="nobody"),
    Fault("node-other-architecture", "error", by.nodes(architecture="riscv64"), evidence="gpu02: riscv64"),
    Fault("node-environment-missing", "error", by.nodes(environment=There.MISSING), evidence="gpu02: no /"),
    Fault("node-other-environment", "warning", by.nodes(environment=There.OTHER), evidence="gpu02: /"),
    Fault("node-libc-too-old", "error", by.needs_glibc, evidence="gpu02: glibc 2.17"),
    Fault("node-libc-too-old", "error", by.wheel_needs_glibc, evidence="gpu02: glibc 2.28", name="wheel"),
    Fault("node-other-cuda", "warning", by.nodes(loads=(Loaded("libcudart.so.13",
          "/usr/local/cuda/lib64/libcudart.so.13", "ld.so.cache"),), system_cuda=("/opt/cuda-13.1", "13.1.0")),
          evidence="(ld.so.cache); /usr/local/cuda is /opt/cuda-13.1, CUDA 13.1.0"),
    Fault("node-other-cuda", "warning", by.nodes(loads=(Loaded("libcudart.so.11.0",
          "/apps/cuda/11.8/lib64/libcudart.so.11.0", "LD_LIBRARY_PATH"),)),
          evidence="gpu02: /apps/cuda/11.8/lib64/libcudart.so.11.0 (LD_LIBRARY_PATH)", name="variable"),
    Fault("node-without-gpu", "note", by.nodes(driver=None, gpus=()), evidence="gpu02: no driver"),
    Fault("framework-other-cuda", "error", lambda s: tensorflow(s, "12.5"),
          evidence="TensorFlow 2.18.0: CUDA 12.5"),
    Fault("framework-other-cuda", "warning", lambda s: torch(s, "12.4"),
          evidence="PyTorch 2.5.1: CUDA 12.4", name="extensions"),
    Fault("torch-no-gpu", "warning", lambda s: torch(s, None), evidence="torch/version.py",
          name="cpu build"),
    Fault("torch-no-gpu", "warning", by.hidden_gpus, active=True, name="hidden",
          evidence="CUDA_VISIBLE_DEVICES=-1"),
    Fault("torch-no-gpu", "error", by.torch_newer_than_driver, evidence="PyTorch", name="driver"),
    Fault("torch-no-gpu", "note", by.torch_without_driver, evidence="PyTorch", name="no driver"),
    Fault("torch-no-gpu", "warning", by.torch_without_gpu, evidence="PyTorch", name="no gpu"),
    Fault("framework-no-code", "error", by.torch_without_code, evidence="PyTorch 2.11.0"),
    Fault("cudnn-missing", "error", torch_with_cudnn, evidence="cuDNN 9.1.0.70"),
    Fault("cudnn-wrong-major", "error", lambda s: (torch_with_cudnn(s), old_cudnn(s)),
          evidence="libcudnn.so.8"),
    Fault("libdevice-missing", "warning", jax, evidence="nvvm/libdevice/libdevice.10.bc"),
    Fault("libdevice-missing", "note", numba, evidence="libdevice.10.bc", name="numba"),
    Fault("wheels-shadowed", "error", lambda s: pip_libraries(s, "-Wl,-rpath,$ORIGIN",
          "-Wl,--enable-new-dtags"), evidence="libcublas.so.13 asks for libcudart.so.13"),
    Fault("wheels-shadowed", "warning", lambda s: pip_libraries(s, "-Wl,-rpath,$ORIGIN",
          "-Wl,--disable-new-dtags"), evidence="nvidia-cuda-runtime 13.2.75", name="rpath"),
    Fault("wheels-shadowed", "warning", pip_runtime, evidence="nvidia-cuda-runtime 13.2.75",
          name="alone"),
    Fault("wheels-share-files", "error", two_nccl, evidence="nvidia/nccl/lib/libnccl.so.2"),
    Fault("wheels-lack-files", "error", lambda s: (two_nccl(s), shutil.rmtree(
          s.prefix / s.site_packages / "nvidia_nccl_cu11-2.14.3.dist-info"),
          s.prefix.joinpath(s.site_packages, "nvidia/nccl/lib/libnccl.so.2").unlink()),
          evidence="libnccl.so.2"),
    Fault("wheels-share-files", "note", two_cublas, evidence="nvidia/cublas/include/cublas.h",
          name="headers"),
)  # fmt: skip
