"""The negative control of each proof: with code that is broken on purpose, its figure must not be 0.

Each is run with a small sample, which is enough to notice.
"""

import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.broken_copy import Edit, broken_copy, run_module
from tests.prove.endpoints import ALL, missing
from tests.prove.every_sequence import DIFFERENT
from tests.prove.faults import OTHER
from tests.prove.kills import DIFFERING, DOUBLED, LOST, RANDOM, STUCK
from tests.prove.ledger import DIFFERENT as WRONG_COUNTERS
from tests.prove.odd_bodies import FAILED, GREW
from tests.prove.on_azure import DIFFERING as OTHER_REPORTS

_EVERY_SEQUENCE = ("tests.prove.every_sequence", "100")
_ODD_BODIES = ("tests.prove.odd_bodies", "500")
_LEDGER = ("tests.prove.ledger", "1", "2000")
_NO_OUTBOX = Edit("shared/conversations/record.py", "Head(after, revision, outbox,", "Head(after, revision, {},")
_NOT_ONE_FACT_PER_ID = Edit("shared/conversations/order.py", "{fact.id: fact for", "{id(fact): fact for")


@dataclass(frozen=True)
class Control:
    """What the edits break, and the run of a proof that must notice, by which of its figures."""

    broken: str
    edits: tuple[Edit, ...]
    proof: tuple[str, ...]
    figure: str


def _kills(run: str) -> tuple[str, str]:
    return ("tests.prove.kills", run)


CONTROLS = (
    Control(
        "acknowledged before recorded",
        (
            Edit(
                "local/pump.py",
                "await self._function.run(",
                "await self._bus.complete(delivery); await self._function.run(",
            ),
        ),
        _kills(RANDOM),
        LOST,
    ),
    Control(
        "no outbox",
        (_NO_OUTBOX,),
        _kills("EmbeddedBus.complete before 7"),
        LOST,
    ),
    Control(
        "outbox cleared before it is performed",
        (
            Edit(
                "shared/effects/outbox.py",
                "for effect in head.outbox.values():",
                "await retrying(HeadChanged, self._clear, tenant_id, key, head)\n"
                "        for effect in head.outbox.values():",
            ),
        ),
        _kills(RANDOM),
        DIFFERING,
    ),
    Control(
        "no duplicate marker, killed",
        (
            _NOT_ONE_FACT_PER_ID,
            Edit(
                "shared/embedded/conversations.py",
                'fact.id, document["at"]',
                '__import__("uuid").uuid4().hex, document["at"]',
            ),
        ),
        _kills("EmbeddedBus.complete before 7"),
        DOUBLED,
    ),
    Control(
        "a bill that takes nothing away",
        (Edit("shared/embedded/ledger.py", "in adjustments(old, row)", "in adjustments(None, row)"),),
        _kills("EmbeddedLedger.post before 7"),
        DOUBLED,
    ),
    Control(
        "buried when delivered again",
        (Edit("shared/embedded/bus.py", '["delivery_count"] > MAX_DELIVERY_COUNT', '["delivery_count"] > 1'),),
        _kills("EmbeddedBus.complete before 7"),
        STUCK,
    ),
    Control(
        "facts not sorted",
        (Edit("shared/conversations/order.py", "key=lambda fact: fact.order", "key=lambda fact: 0"),),
        _EVERY_SEQUENCE,
        DIFFERENT,
    ),
    Control(
        "no duplicate marker",
        (
            _NOT_ONE_FACT_PER_ID,
            Edit("tests/fakes.py", "self.facts[fact.id] = fact", "self.facts[str(len(self.facts))] = fact"),
        ),
        _EVERY_SEQUENCE,
        DIFFERENT,
    ),
    Control(
        "no line ever changes the head",
        (
            Edit(
                "shared/conversations/record.py",
                "not changes_head(found[0].conversation, fact, history)",
                "fact is not None",
            ),
        ),
        _EVERY_SEQUENCE,
        DIFFERENT,
    ),
    Control(
        "a session that moves leaves its row behind",
        (Edit("shared/effects/reconcile.py", "posted.month != row.month", "False"),),
        _EVERY_SEQUENCE,
        DIFFERENT,
    ),
    Control(
        "days that take nothing away",
        (Edit("tests/fakes.py", "in adjustments(old, row)", "in adjustments(None, row)"),),
        _EVERY_SEQUENCE,
        DIFFERENT,
    ),
    Control(
        "a closed month that takes posts",
        (Edit("tests/fakes.py", "if self.closed_at is not None:\n            raise", "if False:\n            raise"),),
        _LEDGER,
        WRONG_COUNTERS,
    ),
    Control(
        "a correction that forgets what stands",
        (Edit("shared/usage/posting.py", "steps.subtract(booked.counts)", "booked.counts.clear()"),),
        _LEDGER,
        WRONG_COUNTERS,
    ),
    Control(
        "a lower revision that corrects a higher one",
        (Edit("tests/fakes.py", "old.revision >= correction.revision", "False"),),
        _LEDGER,
        WRONG_COUNTERS,
    ),
    Control(
        "a refusal that is taken for a failure",
        (Edit("functions/http.py", "except PatchbayError as error", "except KeyError as error"),),
        _ODD_BODIES,
        FAILED,
    ),
    Control(
        "every body kept",
        (
            Edit(
                "shared/dialects/payload.py",
                "document = parse_json(body, InvalidActivity)",
                'vars(codecs).setdefault("", []).append(body * 999); document = parse_json(body, InvalidActivity)',
            ),
        ),
        _ODD_BODIES,
        GREW,
    ),
)

ON_AZURE = (
    Control(
        "days in Cosmos DB that take nothing away",
        (Edit("shared/azure/cosmos/day_documents.py", "= adjustments(old, new)", "= adjustments(None, new)"),),
        ("tests.prove.on_azure", "1000"),
        OTHER_REPORTS,
    ),
    Control(
        "no outbox in Cosmos DB",
        (_NO_OUTBOX,),
        ("tests.prove.faults", "7"),
        OTHER,
    ),
)
"""The controls that need the endpoints of the tests."""


def _found(control: Control) -> bool:
    """Print the proof's figure. True if it is not 0; a proof that breaks down has found nothing."""
    with tempfile.TemporaryDirectory() as folder:
        broken_copy(Path(folder), *control.edits)
        run = run_module(Path(folder), *control.proof)
    figure = re.search(rf"(\d+) {control.figure}\b", run.stdout)
    said = figure[0] if figure else f"no figure, but {run.stderr.splitlines()[-1:]}"
    print(f"control: {control.broken}: {said} (must not be 0)", flush=True)
    return figure is not None and figure[1] != "0"


def main() -> int:
    """Print a line per control; 0 if each found something."""
    unnamed = missing(ALL)
    for control in ON_AZURE if unnamed else ():
        print(f"control: {control.broken}: not run, for the environment does not name {', '.join(unnamed)}")
    found = [_found(control) for control in (*CONTROLS, *(() if unnamed else ON_AZURE))]
    return int(not all(found))


if __name__ == "__main__":
    sys.exit(main())
