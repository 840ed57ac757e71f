"""The table of rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from . import (
    frameworks,
    hooks,
    library_path,
    link,
    machine,
    permissions,
    toolkits,
    tools,
    variables,
)
from . import frameworks as wheel_rules
from .patient import Finding, Patient


@dataclass(frozen=True)
class Rule:
    """One rule; `check` tells what it finds, and nothing where it does not apply."""

    id: str
    """Stable: users and CI name it."""
    meaning: str
    """What is wrong when it speaks, in a few words."""
    check: Callable[[Patient], Iterable[Finding]]


RULES = (
    Rule("record-broken", "a record of conda cuda cannot be read", toolkits.state),
    Rule("cache-broken", "the package cache's record cannot be read", toolkits.cache),
    Rule("link-dangling", "the current toolkit is not there any more", link.dangling),
    Rule("link-missing", "hooks or wrappers without a current toolkit", link.missing),
    Rule("link-foreign", "something else has the place of the link", link.foreign),
    Rule("link-copied", "a copy of the toolkit has the place of the link", link.copied),
    Rule("toolkit-incomplete", "a toolkit was not installed to the end", toolkits.incomplete),
    Rule("toolkit-damaged", "a toolkit lacks files", toolkits.damaged),
    Rule("interrupted-command", "an interrupted command left files", toolkits.interrupted),
    Rule("hooks-missing", "an activation hook is not there", hooks.missing),
    Rule("hooks-stale", "a hook is of another version", hooks.stale),
    Rule("hooks-edited", "a hook was edited by hand", hooks.edited),
    Rule("hooks-foreign", "something else has the place of a hook", hooks.foreign),
    Rule(
        "toolkit-open-to-others",
        "others may change the toolkit's libraries",
        permissions.root,
    ),
    Rule("hooks-open-to-others", "others may change the hooks", permissions.scripts),
    Rule("wrapper-missing", "a tool has no wrapper in bin", tools.missing),
    Rule("wrapper-shadowed", "something else has the place of a wrapper", tools.shadowed),
    Rule("foreign-nvcc-first", "PATH finds another nvcc first", tools.foreign_first),
    Rule("shell-unaware", "the shell does not have the CUDA", library_path.unaware),
    Rule("ld-empty-element", "LD_LIBRARY_PATH has an empty element", library_path.empty_element),
    Rule("ld-stubs", "LD_LIBRARY_PATH leads to stubs", library_path.stubs),
    Rule(
        "ld-other-cuda-first",
        "LD_LIBRARY_PATH has another CUDA first",
        library_path.other_cuda_first,
    ),
    Rule("ld-whole-lib", "LD_LIBRARY_PATH has an environment's whole lib", library_path.whole_lib),
    Rule(
        "cuda-home-other-environment",
        "CUDA_HOME is another environment's",
        variables.other_environment,
    ),
    Rule("cuda-home-path-disagree", "CUDA_HOME and CUDA_PATH disagree", variables.disagree),
    Rule("cuda-home-elsewhere", "CUDA_HOME is not the environment's toolkit", variables.elsewhere),
    Rule("old-exports", "a start-up file of the shell sets up a CUDA", variables.start_up_files),
    Rule(
        "conda-variables",
        "the environment's variables replace the hooks'",
        variables.conda_variables,
    ),
    Rule("other-hooks", "another activation script sets the same variables", variables.other_hooks),
    Rule("driver-too-old", "the driver is too old for the toolkit", machine.driver),
    Rule("gpu-not-covered", "the toolkit has no code for the GPU", machine.gpu),
    Rule("driver-limits", "the driver runs the toolkit with limits", machine.limits),
    Rule("driver-unclear", "the driver's parts do not fit together", machine.detection),
    Rule("host-gcc-too-new", "nvcc does not accept the host compiler", machine.host_compiler),
    Rule("framework-other-cuda", "a framework was built for another CUDA", frameworks.other_cuda),
    Rule("torch-no-gpu", "torch.cuda.is_available() would be False", frameworks.torch_no_gpu),
    Rule("cudnn-missing", "a framework lacks cuDNN", frameworks.cudnn_missing),
    Rule("cudnn-wrong-major", "a framework needs another cuDNN", frameworks.cudnn_wrong_major),
    Rule("libdevice-missing", "XLA or Numba lacks libdevice", frameworks.libdevice_missing),
    Rule(
        "wheels-shadowed",
        "the toolkit's older libraries hide those of wheels",
        wheel_rules.shadowed,
    ),
)
"""In the order in which they are asked: causes before their consequences."""
