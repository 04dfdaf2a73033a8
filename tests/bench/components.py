"""Where an event's CPU time goes: a sampling profiler looks at the host while it works, and counts by component."""

import contextlib
import signal
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from tests.bench import loads
from tests.bench.figures import Component
from tests.bench.processes import IN_MEMORY, peer_program
from tests.bench.samples import Sample
from tests.documents import ROOT

_PROFILER = peer_program("py-spy")
_A_SECOND = "200"

COMPONENTS: dict[str, tuple[str, ...]] = {
    "SQL: conversations": ("shared/embedded/conversations.py",),
    "SQL: ledger, threads, configurations": (
        "shared/embedded/ledger.py",
        "shared/embedded/contributions.py",
        "shared/embedded/threads.py",
        "shared/embedded/tenants.py",
    ),
    "SQL: the bus": ("shared/embedded/bus.py", "shared/embedded/messages.py", "shared/embedded/in_turn.py"),
    "SQL: transactions, and the hand-off to the writer": ("shared/embedded/", "concurrent/futures/"),
    "fold and what follows from it": (
        "shared/conversations/fold.py",
        "shared/conversations/bot_activity.py",
        "shared/conversations/due_actions.py",
        "shared/conversations/order.py",
        "shared/conversations/fact.py",
        "shared/conversations/retention.py",
        "shared/conversations/extent.py",
        "shared/conversations/course.py",
        "shared/conversations/state.py",
        "shared/effects/reconcile.py",
        "shared/usage/",
    ),
    "routing": ("shared/routing/",),
    "heads, facts and decisions from and to JSON": (
        "shared/conversations/documents.py",
        "shared/conversations/conversation.py",
    ),
    "events from and to JSON": ("shared/events/",),
    "recording and its effects": (
        "shared/conversations/",
        "shared/effects/",
        "shared/threads/",
        "shared/contributions/",
    ),
    "ingress": ("shared/ingress/", "shared/dialects/", "shared/tenants/"),
    "retries": ("shared/retry.py", "stamina/", "tenacity/"),
    "telemetry that is off": (
        "shared/telemetry.py",
        "shared/traced/",
        "shared/metrics.py",
        "shared/span_context.py",
        "opentelemetry/",
    ),
    "access and answers": ("functions/", "shared/access/"),
    "local host": ("local/", "azure/", "shared/bootstrap.py"),
    "Starlette": ("starlette/",),
    "uvicorn and its parser": ("uvicorn/", "h11/", "httptools/"),
    "asyncio": ("asyncio/", "uvloop/"),
}
"""Each component's files, by the beginnings of their paths: the first one that fits counts."""
REST = "rest"
_WAITING = ("_worker (", "select (", "EpollSelector.select (")
"""Calls in which a thread waits for work, although the profiler takes it for one that works."""


def measure(conversations: int) -> list[Component]:
    """Profile a backlog and single requests."""
    by_load = {
        "backlog": _profiled(partial(loads.backlog, count=conversations)),
        "singly": _profiled(partial(loads.singly, count=conversations)),
    }
    names = [*COMPONENTS, REST]
    return [Component(name=name, cpu={load: found.get(name, 0.0) for load, found in by_load.items()}) for name in names]


def _profiled(load: Callable[..., Sample]) -> dict[str, float]:
    """The microseconds an event of each component under the load, the database in memory where there is a place.

    The profiler takes a thread that waits for the disk for one that works.
    """
    with tempfile.TemporaryDirectory(dir=IN_MEMORY) as folder:
        stacks = Path(folder) / "stacks"
        sample = load(Path(folder), beside=partial(_profiler, stacks))
        found = by_component(stacks.read_text(encoding="utf-8").splitlines())
    an_event = sample.cpu / sample.events * 1e6
    return {name: round(an_event * count / found.total(), 1) for name, count in found.items()}


@contextlib.contextmanager
def _profiler(stacks: Path, pid: int) -> Iterator[None]:
    command = [_PROFILER, "record", "--pid", str(pid), "--rate", _A_SECOND, "--format", "raw", "--full-filenames"]
    with subprocess.Popen(
        [*command, "--output", str(stacks)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        try:
            yield
        finally:
            process.send_signal(signal.SIGINT)
            _, complaints = process.communicate(timeout=60)
    if not stacks.exists():
        raise RuntimeError(f"py-spy has written nothing: {complaints.decode()}")


def by_component(stacks: Iterable[str]) -> Counter[str]:
    """How many samples each component has, of lines `function (file:line);… samples` with the innermost call last."""
    counted: Counter[str] = Counter()
    for line in stacks:
        stack, _, samples = line.rpartition(" ")
        calls = stack.split(";")
        if not calls[-1].startswith(_WAITING):
            counted[_component_of(calls)] += int(samples)
    return counted


def _component_of(calls: Sequence[str]) -> str:
    """The component of the innermost call that has one: the library's own work is its caller's."""
    for call in reversed(calls):
        _, _, place = call.partition(" (")
        if found := _component_in(_shortened(place.rpartition(":")[0])):
            return found
    return REST


def _shortened(file: str) -> str:
    """The path inside this project, inside the folder of packages, or inside the standard library."""
    for folder in (f"{ROOT}/", "/site-packages/", "/lib/python3."):
        _, found, after = file.rpartition(folder)
        if found and "/site-packages/" not in after:
            return after.partition("/")[2] if folder.endswith("3.") else after
    return file


def _component_in(file: str) -> str | None:
    return next((name for name, starts in COMPONENTS.items() if file.startswith(starts)), None)
