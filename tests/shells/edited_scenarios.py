"""Scenarios in which the user changes variables while an environment is active."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .session import Session

Scenario = Callable[[Session, Path, Path, Path], None]


def user_prepends(s: Session, a: Path, b: Path, plain: Path) -> None:
    s.activate(a)
    s.edit("LD_LIBRARY_PATH", lambda old: "/user:" + old)
    s.activate(a)
    s.stack(b)
    s.off()


def user_appends(s: Session, a: Path, b: Path, plain: Path) -> None:
    s.activate(a)
    s.edit("LD_LIBRARY_PATH", lambda old: old + ":/user dir:")
    s.edit("XLA_FLAGS", lambda old: (old + " --xla_more").strip())
    s.stack(b)
    s.off()


def user_prepends_nothing(s: Session, a: Path, b: Path, plain: Path) -> None:
    s.activate(a)
    s.edit("LD_LIBRARY_PATH", lambda old: ":" + old)
    s.off()


def user_unsets(s: Session, a: Path, b: Path, plain: Path) -> None:
    s.activate(a)
    s.stack(b)
    for name in ("LD_LIBRARY_PATH", "CUDA_HOME", "CUDA_PATH", "CUDAToolkit_ROOT", "XLA_FLAGS"):
        s.unset(name)
    s.off()


def user_empties(s: Session, a: Path, b: Path, plain: Path) -> None:
    s.activate(a)
    for name in ("LD_LIBRARY_PATH", "CUDA_HOME", "CUDA_PATH", "CUDAToolkit_ROOT", "XLA_FLAGS"):
        s.set(name, "")
    s.activate(b)
    s.stack(a)
    s.off()


def user_sets(s: Session, a: Path, b: Path, plain: Path) -> None:
    s.activate(a)
    s.set("CUDA_HOME", "/user/cuda")
    s.set("CUDA_PATH", "/user:/cuda")
    s.set("XLA_FLAGS", "--xla_user")
    s.stack(b)
    s.set("CUDAToolkit_ROOT", "/user two")
    s.deactivate()
    s.set("CUDA_HOME", "/user/other")
    s.off()


def user_doubles(s: Session, a: Path, b: Path, plain: Path) -> None:
    s.activate(a)
    s.edit("LD_LIBRARY_PATH", lambda old: f"{old}:{a}/cuda/lib64:{a}/cuda/lib64/sub")
    s.off()


def user_changes_case(s: Session, a: Path, b: Path, plain: Path) -> None:
    s.activate(a)
    for name in ("CUDA_HOME", "LD_LIBRARY_PATH", "XLA_FLAGS"):
        s.edit(name, str.swapcase)
    s.off()


EDITED: tuple[Scenario, ...] = (
    user_prepends,
    user_prepends_nothing,
    user_appends,
    user_unsets,
    user_empties,
    user_sets,
    user_doubles,
    user_changes_case,
)
