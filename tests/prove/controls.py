"""The negative control of each proof: handed something that is wrong in one thing, its figure must not be 0.

Each is run with a small sample, which is enough to notice.
"""

import asyncio
import logging
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

from local.independent_count.count import count_sample
from local.sample.traffic import sample_month
from shared.ingress.receive import Receiver
from shared.tenants.bounds import MAX_BYTES
from tests.azure.months import played_on_both
from tests.conversations.pipelines import InMemory
from tests.fakes import MemoryLedger
from tests.prove import (
    configurations,
    corrections,
    every_sequence,
    faults,
    faulty,
    faulty_on_azure,
    kills,
    large_bodies,
    ledger,
    long_conversations,
    noisy_tenant,
    odd_bodies,
    on_azure,
)
from tests.prove.endpoints import ALL, missing
from tests.prove.shapes import SHAPES
from tests.usage.random_months import differing


@dataclass(frozen=True)
class Control:
    """What is broken, and what a proof finds when that is handed to it: a figure by its name."""

    broken: str
    figure: str
    found: Callable[[], int]


def _killed(run: str, fault: faulty.Fault, figure: str) -> int:
    with tempfile.TemporaryDirectory() as folder:
        return kills.run(Path(folder), 0, run, fault)[figure]


def _kill(broken: str, figure: str, run: str, fault: faulty.Fault) -> Control:
    return Control(broken, figure, partial(_killed, run, fault, figure))


def _in_any_sequence(empty: Callable[[], InMemory]) -> int:
    """The wrong sequences of the first of some orders that has any."""
    some = range(0, len(every_sequence.orders()), 1000)
    wrong = (asyncio.run(every_sequence.differing(number, empty))[1] for number in some)
    return next(filter(None, wrong), 0)


def _sequence(broken: str, empty: Callable[[], InMemory]) -> Control:
    return Control(broken, every_sequence.DIFFERENT, partial(_in_any_sequence, empty))


def _miscounted(made: type[MemoryLedger]) -> int:
    return asyncio.run(ledger.differing(made(), [0], 500))[0]


def _count(broken: str, made: type[MemoryLedger]) -> Control:
    return Control(broken, ledger.DIFFERENT, partial(_miscounted, made))


def _kept(kind: configurations.Kind) -> int:
    body = SHAPES["trees"](Random(0), MAX_BYTES - 1000)
    return configurations.kept([asyncio.run(configurations.measured("trees", body, kind))])


def _failed(receiver: type[Receiver]) -> int:
    return asyncio.run(odd_bodies.measured("botFramework", 10, receiver))[0]


def _grew(receiver: type[Receiver]) -> int:
    return odd_bodies.grew(odd_bodies.of_all(["botFramework"], 100, receiver))


def _kept_by_bodies() -> int:
    return large_bodies.kept([asyncio.run(large_bodies.measured("botFramework", "a card", 1_000_000, faulty.AtOnce))])


def _kept_by_a_conversation() -> int:
    figures = asyncio.run(long_conversations.measured("lines in turn", 2000, faulty.AtOnce))
    return long_conversations.kept(figures)


def _with_other_reports() -> int:
    month = sample_month(on_azure.SEED, 1000)
    with tempfile.TemporaryDirectory() as folder:
        both = played_on_both(month, count_sample(month), Path(folder), faulty_on_azure.taking_nothing_away)
    return len(both.differing)


def _with_other_books() -> int:
    return faults.of_all(7, faulty_on_azure.StoresWithoutOutbox)[1]


def _misrated(seen: Callable[[MemoryLedger], MemoryLedger]) -> int:
    return asyncio.run(differing(0, MemoryLedger(), seen))[0]


def _rating(broken: str, seen: Callable[[MemoryLedger], MemoryLedger]) -> Control:
    return Control(broken, corrections.DIFFERENT, partial(_misrated, seen))


QUICK = (
    _sequence("facts not sorted", faulty.unsorted),
    _sequence("no duplicate marker", faulty.without_marker),
    _sequence("no line ever changes the head", faulty.LinesChangeNoHead),
    _sequence("a session that moves leaves its row behind", faulty.LeavesRowsBehind),
    _sequence("days that take nothing away", faulty.taking_nothing_away),
    _count("a closed month that takes posts", faulty.ClosesNothing),
    _count("a correction that forgets what stands", faulty.ForgetsWhatIsBooked),
    _count("a lower revision that corrects a higher one", faulty.TakesEveryCorrectionForNew),
    _rating("corrections that use the pool of the month in which they stand", faulty.RatesWhereItStands),
    _rating("corrections that do not know of earlier ones", faulty.ForgetsEarlierCorrections),
    Control(
        "a configuration that is checked on the event loop",
        configurations.KEPT,
        partial(_kept, faulty.checking_at_once),
    ),
    Control("a body that is read on the event loop", large_bodies.KEPT, _kept_by_bodies),
    Control("a conversation that is computed on the event loop", long_conversations.KEPT, _kept_by_a_conversation),
    Control("a refusal that is taken for a failure", odd_bodies.FAILED, partial(_failed, faulty.FailsAtRefusals)),
)
"""Those of this process."""

_APPEND, _COMMIT, _POST, _COMPLETE = (
    "EmbeddedConversations.append before 100",
    "EmbeddedConversations.commit before 7",
    "EmbeddedLedger._put before 7",
    "EmbeddedBus.complete before 7",
)
"""Crash points. What is lost is a line, so the first one is where lines are stored, well after the first posts."""

WITH_PROCESSES = (
    _kill("acknowledged before recorded", kills.LOST, _APPEND, faulty.AcknowledgesAtOnce),
    _kill("no outbox", kills.LOST, _COMMIT, faulty.WithoutOutbox),
    _kill("outbox cleared before it is performed", kills.DIFFERING, kills.RANDOM, faulty.ClearsFirst),
    _kill("no duplicate marker, killed", kills.DOUBLED, _COMPLETE, faulty.WithoutMarker),
    _kill("a bill that takes nothing away", kills.DOUBLED, _POST, faulty.TakesNothingAway),
    _kill("buried when delivered again", kills.STUCK, _COMPLETE, faulty.BuriesWhatComesAgain),
    Control("every body kept", odd_bodies.GREW, partial(_grew, faulty.KeepsBodies)),
    Control("no turns between tenants", noisy_tenant.SLOWER, partial(noisy_tenant.slower_by, faulty.WithoutTurns)),
)

ON_AZURE = (
    Control("days in Cosmos DB that take nothing away", on_azure.DIFFERING, _with_other_reports),
    Control("no outbox in Cosmos DB", faults.OTHER, _with_other_books),
)
"""The controls that need the endpoints of the tests."""


def _noticed(control: Control) -> bool:
    """Print what the proof found; True if it found anything. A proof that breaks down has found nothing."""
    try:
        number = control.found()
    except Exception as failure:
        print(f"control: {control.broken}: no figure, but {failure!r}", flush=True)
        return False
    print(f"control: {control.broken}: {number} {control.figure} (must not be 0)", flush=True)
    return number > 0


def main() -> int:
    """Print a line per control; 0 if each found something."""
    unnamed = missing(ALL)
    for control in ON_AZURE if unnamed else ():
        print(f"control: {control.broken}: not run, for the environment does not name {', '.join(unnamed)}")
    logging.disable()  # what is refused and what breaks down is logged
    noticed = [_noticed(control) for control in (*WITH_PROCESSES, *QUICK, *(() if unnamed else ON_AZURE))]
    return int(not all(noticed))


if __name__ == "__main__":
    sys.exit(main())
