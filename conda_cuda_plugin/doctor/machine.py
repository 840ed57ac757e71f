"""Rules about the machine: driver, GPUs, host compiler; and about machines that are elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from ..cluster.fleet import fitting, strangers
from ..cluster.node import LEADS, Loaded, Node, There
from ..frameworks.match import RUNS
from ..frameworks.site_packages import glibc_needed
from ..machine.group import alike, named
from ..machine.machine import Machine, Override
from ..quoting import assignment, quoted, typed
from ..toolkit import releases
from ..verdict.driver_rules import shown
from ..verdict.gpu_rules import judge_gpus
from ..verdict.judge import judge
from ..verdict.verdict import Level, Reason, Verdict
from ..versions import CudaVersion
from .context import Context, Finding, Severity, rule
from .start_up import setters

_MOST = 5
"""Lines of evidence about nodes."""


@rule("node-silent")
def silent(context: Context) -> Iterator[Finding]:
    """A machine elsewhere has not said what it has."""
    asked = context.asked
    if asked is not None and asked.silent:
        nobody = len(asked.silent) == len(asked.nodes)
        yield Finding(
            f"{'None' if nobody else 'Not each'} of the machines of {asked.target} has said what "
            "it has.",
            _lines(asked.silent, lambda node: f" {node.problem}"),
            "Ask again when they are up and free; until then nothing is known of them.",
            severity=Severity.ERROR if nobody else Severity.WARNING,
        )


@rule("node-other-architecture")
def architecture(context: Context) -> Iterator[Finding]:
    """A machine elsewhere has another architecture than the environment."""
    if context.asked and (found := strangers(context.asked, context.platform)):
        yield Finding(
            f"The environment is for {context.platform.machine}: nothing in it runs on "
            f"{_names(found)}.",
            _lines(found, lambda node: f": {node.architecture}"),
            "Make another environment on such a machine, and give it its CUDA there.",
            severity=Severity.ERROR,
        )


@rule("node-environment-missing")
def missing(context: Context) -> Iterator[Finding]:
    """The environment is not there on a machine elsewhere."""
    if found := _where(context, There.MISSING):
        yield Finding(
            f"The environment is not there on {_names(found)}.",
            _lines(found, lambda node: f": no {context.prefix}"),
            "Make the environment in a folder that the machines share. Or make it on each of them: "
            "conda cuda apply reads there what conda cuda export has written here.",
            severity=Severity.ERROR,
        )


@rule("node-other-environment")
def other(context: Context) -> Iterator[Finding]:
    """A machine elsewhere has something else under the environment's path."""
    if found := _where(context, There.OTHER):
        yield Finding(
            f"The environment's path is another folder on {_names(found)}: a copy, or of another "
            "file system. What changes here does not change there.",
            _lines(found, lambda node: f": {context.prefix}"),
            "Make the environment in a folder that the machines share, or bring the copy up to "
            "date after each change.",
        )


@rule("node-libc-too-old")
def libc(context: Context) -> Iterator[Finding]:
    """The C library of a machine elsewhere is too old for what the environment holds."""
    nodes = [node for node in _nodes(context) if node.glibc]
    roots = [context.prefix, *([context.current.root] if context.current else [])]
    needs = [one for root in roots if nodes for one in glibc_needed(root)]
    who, needed = max(needs, key=lambda one: one[1], default=("", (0, 0)))
    if found := [node for node in nodes if node.glibc and node.glibc < needed]:
        text = ".".join(map(str, needed))
        yield Finding(
            f"The C library is too old on {_names(found)}: {who} needs glibc {text}.",
            _lines(found, lambda node: f": {node.machine.libc if node.machine else ''}"),
            "Take a release that was built for an older one, or a container that has glibc "
            f"{text} or newer.",
            severity=Severity.ERROR,
        )


@rule("node-other-cuda")
def other_cuda(context: Context) -> Iterator[Finding]:
    """A machine elsewhere leads programs to another CUDA."""
    wanted = {*context.libraries, *(name for one in context.wheels for name in one.libraries)}
    found = {node: rows for node in _nodes(context) if (rows := _foreign(context, node, wanted))}
    if wanted and found:
        yield Finding(
            f"Programs on {_names(found)} load another CUDA than the environment's, unless the job "
            "sets its own up.",
            _lines(
                found,
                lambda node: (
                    ": "
                    + ", ".join(f"{row.path} ({row.by})" for row in found[node][:3])
                    + _system(node)
                ),
            ),
            f"Let the job start them with\nconda cuda run {context.named} -- PROGRAM",
        )


@rule("node-without-gpu")
def without_gpu(context: Context) -> Iterator[Finding]:
    """A machine elsewhere has no GPU."""
    nodes = context.asked.nodes if context.asked else ()
    if found := [node for node in nodes if node.answered and not node.has_gpu]:
        yield Finding(
            f"There is no GPU and no driver on {_names(found)}.",
            _lines(found, lambda node: f": {node.kind}" if node.kind else ": no driver"),
            "Nothing has to be done: what is said here is about the machines that have one.",
            severity=Severity.NOTE,
        )


@rule("driver-too-old")
def driver(context: Context) -> Iterator[Finding]:
    """The driver is too old for the toolkit."""
    yield from _from_reasons(context, Severity.ERROR, "driver-too-old")


@rule("gpu-not-covered")
def gpu(context: Context) -> Iterator[Finding]:
    """The toolkit has no code for the GPU."""
    found: dict[tuple[Level, Reason], list[Machine]] = {}
    for kind, verdict in _judged(context):
        # The verdict's own copy of a reason may know a way out.
        known = {reason.text: reason for reason in verdict.reasons}
        for level, reason in judge_gpus(verdict.version, kind[0]):
            found.setdefault((level, known.get(reason.text, reason)), []).extend(kind)
    for (level, reason), machines in found.items():
        severity = Severity.ERROR if level is Level.CANNOT else Severity.NOTE
        yield _finding(context, severity, reason, machines)


@rule("driver-limits")
def limits(context: Context) -> Iterator[Finding]:
    """The driver runs the toolkit with limits."""
    yield from _from_reasons(context, Severity.NOTE, "driver-update", "ptx-jit")


@rule("driver-unclear")
def detection(context: Context) -> Iterator[Finding]:
    """The driver's parts do not fit together."""
    notes = context.machine.notes if context.current is not None else ()
    if context.machine.nodes and context.current is not None:
        notes = tuple(f"{one.name}: {note}" for one in context.machine.nodes for note in one.notes)
    if notes:
        who = "a machine" if context.machine.nodes else "this machine"
        yield Finding(
            f"What {who} says of its driver does not fit together.",
            _first(notes),
            "nvidia-smi shows the driver's own view; after an update of the driver, restart.",
        )


@rule("driver-overridden")
def driver_overridden(context: Context) -> Iterator[Finding]:
    """A variable or setting states another driver than the machine has."""
    for stated in context.machine.overrides:
        if stated.package != "cuda":
            continue
        more = _more(stated)
        if not stated.counts:
            text = f"conda takes the driver to run CUDA {quoted(stated.text)}, which is no version"
        elif stated.found is None or more == 0:
            continue
        elif stated.value is None:
            text = "conda chooses packages as for a machine without a driver, and this one has one"
        else:
            here = f"no more than {stated.found}: what is installed may not run"
            text = f"conda chooses packages for CUDA {stated.value} at most, and the driver here "
            text += f"runs {here if more > 0 else stated.found}"
        yield _overridden(context, stated, text, f"CUDA {stated.found}" if stated.found else "")


@rule("gpu-overridden")
def gpu_overridden(context: Context) -> Iterator[Finding]:
    """A variable or setting states another GPU than the machine has, or one that does not count."""
    for stated in context.machine.overrides:
        if stated.package != "cuda_arch":
            continue
        if not stated.counts:
            text = stated.note.removesuffix(".")
        elif stated.found in (None, stated.value):
            continue
        elif stated.value is None:
            text = "conda chooses packages as for a machine without a GPU, and this one has one"
        else:
            text = (
                f"conda chooses packages for compute capability {stated.value}, and the least of "
                f"the GPUs here has {stated.found}"
            )
        found = f"compute capability {stated.found}" if stated.found else ""
        yield _overridden(context, stated, text, found)


def _more(stated: Override) -> int:
    """Whether a stated CUDA is newer (1), the same (0) or older (-1) than what the driver runs."""
    if not stated.counts or stated.value is None or stated.found is None:
        return -1
    there, here = (CudaVersion.parse(text).numbers for text in (stated.value, stated.found))
    return (there > here) - (there < here)


def _overridden(context: Context, stated: Override, text: str, found: str) -> Finding:
    """What a stated package does, where it is stated, and how to take it away."""
    windows = context.platform.windows
    places = tuple(setters(context, stated.source)) if stated.key is None else ()
    evidence = f"{stated.source}={stated.text[:60]}"
    cure = assignment(stated.source, None, context.variables, windows=windows)
    if stated.key is not None:
        evidence = f"{stated.source}: {stated.key}: {stated.text[:60] or repr('')}"
        cure = f"conda config --file {typed(stated.source)} --remove-key {typed(stated.key)}"
    elif any(place.startswith("set in conda-meta") for place in places):
        cure = f"conda env config vars unset {context.named} {stated.source}"
    elif places:
        cure = f"Remove it where it is set, and from this shell:\n{cure}"
    if not stated.counts and stated.value is not None:
        driver = assignment("CONDA_OVERRIDE_CUDA", "12.4", context.variables, windows=windows)
        cure = f"State what the driver there runs, too:\n{driver}"
    here = (f"this machine: {found}",) if found else ()
    return Finding(f"{text}.", (evidence, *here, *places), cure)


@rule("host-gcc-too-new")
def host_compiler(context: Context) -> Iterator[Finding]:
    """The toolkit's nvcc does not accept the host compiler."""
    if context.has_nvcc:
        yield from _from_reasons(context, Severity.WARNING, "host-compiler")


def _judged(context: Context) -> Iterator[tuple[tuple[Machine, ...], Verdict]]:
    """Each kind of machine, with the verdict on the current toolkit."""
    if context.current is None or context.verdict is None:
        return
    if not context.machine.nodes:
        yield (context.machine,), context.verdict
    for machines in alike(context.machine):
        yield machines, judge(context.current.version, machines[0])


def _from_reasons(context: Context, severity: Severity, *ids: str) -> Iterator[Finding]:
    found: dict[Reason, list[Machine]] = {}
    for machines, verdict in _judged(context):
        for reason in verdict.reasons:
            if reason.id in ids:
                found.setdefault(reason, []).extend(machines)
    return (_finding(context, severity, *pair) for pair in found.items())


def _finding(
    context: Context, severity: Severity, reason: Reason, machines: list[Machine]
) -> Finding:
    if not context.machine.nodes:
        use = "" if reason.cure else context.use("auto")
        fits = f"A release that fits: {use}" if use.startswith("conda ") else use
        cure = reason.cure or fits
        return Finding(reason.text, tuple(_facts(context, machines)), cure, severity=severity)
    cure = reason.cure or ""
    if severity is Severity.ERROR and (use := _for_all(context)):
        cure = f"{cure} A release that runs on all of them:\n{use}".strip()
    text = f"On {named(machines)}: {reason.text}"
    return Finding(text, tuple(_facts(context, machines)), cure, severity=severity)


def _for_all(context: Context) -> str:
    """The command that gives a release which runs on all machines; empty where none does here."""
    some = [row.version for row in releases()]
    newest = max((one for one in some if judge(one, context.machine).level in RUNS), default=None)
    uses = (context.use(text) for text in ("auto", f"<={newest}") if newest)
    return next((use for use in uses if use.startswith("conda ")), "")


def _facts(context: Context, machines: list[Machine]) -> Iterator[str]:
    current = context.current
    assert current is not None
    yield f"current toolkit: CUDA {current.version}"
    if context.machine.nodes:
        lines = []
        for one in machines:
            gpus = dict.fromkeys(f"{gpu.name} ({gpu.capability or 'unknown'})" for gpu in one.gpus)
            driver = f"driver {shown(one.driver)}" if one.driver else "no known driver"
            lines.append(f"{one.name}: {', '.join([driver, *gpus])}")
        yield from _first(lines)
        return
    [machine] = machines
    if machine.driver is not None:
        yield f"driver: {machine.driver}"
    for gpu in machine.gpus:
        capability = gpu.capability or "unknown"
        yield f"GPU: {gpu.name or 'unknown'}, compute capability {capability}"
    if machine.host_compiler is not None:
        yield f"host compiler: {machine.host_compiler} ({machine.host_compiler.path})"


def _nodes(context: Context) -> tuple[Node, ...]:
    """The machines elsewhere that the environment is for."""
    return fitting(context.asked, context.platform) if context.asked else ()


def _where(context: Context, there: There) -> list[Node]:
    return [node for node in _nodes(context) if node.environment is there]


def _foreign(context: Context, node: Node, wanted: set[str]) -> list[Loaded]:
    """What the node's loader finds in place of the environment's own libraries.

    LD_LIBRARY_PATH goes before everything; behind that only a library of the same name is one.
    """
    inside = (f"{context.prefix}/", f"{context.prefix.resolve()}/")
    found = [row for row in node.loads if not row.path.startswith(inside)]
    return [row for row in found if row.name in wanted or row.by == LEADS[0]]


def _system(node: Node) -> str:
    """Where /usr/local/cuda of a node leads to."""
    if node.system_cuda is None:
        return ""
    path, release = node.system_cuda
    return f"; /usr/local/cuda is {path}{f', CUDA {release}' if release else ''}"


def _names(nodes: Iterable[Node]) -> str:
    return named(node.machine or Machine(name=node.name) for node in nodes)


def _lines(nodes: Iterable[Node], say: Callable[[Node], str]) -> tuple[str, ...]:
    """A line of evidence for each of the first nodes."""
    lines = []
    for node in nodes:
        alike = f" ({len(node.alike)} alike)" if node.alike else ""
        lines.append(f"{node.name}{alike}{say(node)}")
    return _first(lines)


def _first(lines: list[str] | tuple[str, ...]) -> tuple[str, ...]:
    more = (f"and {len(lines) - _MOST} more",) if len(lines) > _MOST else ()
    return (*lines[:_MOST], *more)
