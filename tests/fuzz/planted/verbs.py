"""The commands that meet what was planted."""

from __future__ import annotations

READ: tuple[str, ...] = (
    "list", "list --json", "info", "info --json", "env", "env --format json", "env --format dotenv",
    "env 13.0 --format dockerfile", "which nvcc", "which libcudart.so.12 --json", "doctor",
    "doctor --json", "export", "export --all --json", "use 13.0 --dry-run", "remove --all --dry-run --json",
    "doctor --fix --dry-run", "run -- true", "run 13.0 -- true", "match torch", "list --envs --json",
)  # fmt: skip
"""They change nothing in the environment."""
CHANGE: tuple[str, ...] = (
    "use 13.0", "use 12.4 --json", "use", "use 13.0 --pin", "use 12.4 --no-pin", "use auto --for torch==2.5.1 -y",
    "off", "off --json", "remove 12.4 -y", "remove 13.0 -y --json", "remove --all -y",
    "doctor --fix -y", "doctor --fix -y --json", "env --format kernelspec",
)  # fmt: skip
SLOW: tuple[str, ...] = (
    "use 11.8 --from pypi --flavor base --offline -y", "apply HERE/cuda.yaml --offline -y",
    "use 12.4 --from pypi --flavor base --components cublas --offline -y",
    "use 11.8 --from pypi --flavor base --offline -y --json",
    "mirror 11.8 --from pypi --flavor base --offline -y --to HERE/mirror",
    "export -f HERE/written.yaml", "use 11.8 -c HERE/mirror --from channel --offline -y",
)  # fmt: skip
"""They take longer, so they meet only what they read or write."""
AFTER: tuple[str, ...] = ("doctor --fix -y --json", "list", "off")
NO_ENVIRONMENT = ("match", "completion", "mirror", "list --envs")
