"""The door: what conda asks of this plugin.

conda imports this module on every command except activation, so it imports nothing of its own;
each hook imports what it needs when it is called.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

from conda.plugins import hookimpl


@hookimpl
def conda_subcommands() -> Iterator[Any]:
    """The command `conda cuda`."""
    from conda.plugins.types import CondaSubcommand

    from .cli import SUMMARY, configure_parser, execute

    yield CondaSubcommand(
        name="cuda", summary=SUMMARY, action=execute, configure_parser=configure_parser
    )


@hookimpl
def conda_settings() -> Iterator[Any]:
    """`plugins.cuda_*` in condarc, `CONDA_PLUGINS_CUDA_*` in the environment."""
    from conda.common.configuration import PrimitiveParameter, SequenceParameter
    from conda.plugins.types import CondaSetting

    yield CondaSetting(
        name="cuda_channels",
        description="The channels that `conda cuda use` takes toolkits from, best first. "
        "Without it: conda-forge, then nvidia.",
        parameter=SequenceParameter(PrimitiveParameter("", element_type=str), default=()),
    )
    yield CondaSetting(
        name="cuda_sources",
        description="The sources that `conda cuda use` asks without --from, best first. Without "
        "it: environment, channel, pypi, system.",
        parameter=SequenceParameter(PrimitiveParameter("", element_type=str), default=()),
    )
    yield CondaSetting(
        name="cuda_flavor",
        description="How much of a toolkit `conda cuda use` installs without --flavor: base, "
        "runtime or devel. Without it: runtime.",
        parameter=PrimitiveParameter("", element_type=str),
    )
    yield CondaSetting(
        name="cuda_pin",
        description="Whether `conda cuda use` pins without --pin: it keeps later `conda install` "
        "in the environment on the toolkit's release. Without it: no.",
        parameter=PrimitiveParameter(False, element_type=bool),
    )
    yield CondaSetting(
        name="cuda_redist",
        description="The folder or address that holds NVIDIA's redistrib_X.Y.Z.json, such as a "
        "mirror of your own. Without it: NVIDIA's download server.",
        parameter=PrimitiveParameter("", element_type=str),
    )


@hookimpl
def conda_health_checks() -> Iterator[Any]:
    """The rules of `conda cuda doctor` in `conda doctor`."""
    from .system.conda_compat import health_check

    def check(prefix: str, verbose: bool) -> None:
        from .cli.verbs.doctor import conda_check

        conda_check(prefix, verbose)

    def fix(prefix: str, args: Any, confirm: Any) -> int:
        from .cli.verbs.doctor import conda_fix

        return conda_fix(prefix, args, confirm)

    yield health_check(
        "cuda",
        check,
        fix,
        summary="Check the CUDA toolkit that conda cuda has given the environment.",
        fix="Write hooks and wrappers anew, repair the link, remove leftovers",
    )


@hookimpl(hookwrapper=True, tryfirst=True)
def conda_virtual_packages() -> Generator[None, Any, None]:
    """`__cuda_arch` (CEP 46), where nobody else has it: two of one name would stop every solve.

    conda asks for it in solves, in `conda info` and in `conda doctor`.
    """

    def capability() -> str | None:
        from .machine.detect import cuda_arch

        return cuda_arch()

    answers = yield
    if answers.excinfo is None:
        from .machine.virtual_packages import with_cuda_arch

        answers.force_result([with_cuda_arch(answers.get_result(), capability)])


@hookimpl
def conda_error_hints(error: Any) -> Iterator[Any]:
    """From conda 26.7 on: what to do about errors of conda's that mention the driver."""
    ours = type(error).__module__.startswith(f"{__package__}.")
    if "__cuda" in str(error) and not ours:
        from .cli.conda_hints import hints

        yield from hints(error)


@hookimpl
def conda_post_commands() -> Iterator[Any]:
    """Toolkits that follow a command before conda 25.5, and the CUDA of environments' files."""
    from conda.plugins.types import CondaPostCommand

    def follow(command: str) -> None:
        from .actions.refresh import after_command

        after_command(command)

    yield CondaPostCommand(
        name="conda-cuda-refresh",
        action=follow,
        run_for={"install", "update", "remove", "env_update", "create", "rename"},
    )

    def export(command: str) -> None:
        from .cli.environment_file import after_export

        after_export()

    def creation(command: str) -> None:
        from .system.conda_compat import named_files

        if named_files():
            from .cli.environment_file import after_creation

            after_creation()

    yield CondaPostCommand(name="conda-cuda-export", action=export, run_for={"export"})
    yield CondaPostCommand(
        name="conda-cuda-creation",
        action=creation,
        run_for={"create", "env_create", "env_update", "install", "update"},
    )


@hookimpl
def conda_environment_exporters() -> Iterator[Any]:
    """From conda 25.9 on: `conda export --format cuda-environment`."""
    from .environment_format import exporter

    if (found := exporter()) is not None:
        yield found


@hookimpl
def conda_environment_specifiers() -> Iterator[Any]:
    """From conda 25.9 on: `conda env create --format cuda-environment`."""
    from .environment_format import specifier

    if (found := specifier()) is not None:
        yield found


@hookimpl
def conda_post_transaction_actions() -> Iterator[Any]:
    """From conda 25.5 on: let toolkits follow what a transaction has done."""
    from conda.plugins.types import CondaPostTransactionAction

    from .transaction_action import RefreshAction

    yield CondaPostTransactionAction(name="conda-cuda-refresh", action=RefreshAction)
