"""700 generated conversations through the embedded store, with duplicates, late facts and month edges."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.embedded.conversations import EmbeddedConversations
from shared.embedded.database import Database
from shared.embedded.ledger import EmbeddedLedger
from shared.events.catalog import Event
from shared.events.conversation_key import conversation_key
from shared.events.envelope import parse_time
from shared.tenants.configuration import Configuration
from tests.builders import contoso, ended, escalated, message, started
from tests.conversations.pipelines import InMemory

# All of the file, since the second test looks at what the first has recorded.
pytestmark = pytest.mark.slow
MIDNIGHT = parse_time("2026-11-01T00:00:00Z")


@dataclass(frozen=True)
class Said:
    """One fact as it is drawn: what, and how many seconds from the month's edge."""

    what: str
    second: int

    @property
    def at(self) -> datetime:
        return MIDNIGHT + timedelta(seconds=self.second)

    def event(self, conversation: str, number: int) -> Event:
        at, event_id = self.at.isoformat(), f"e{number}"
        match self.what:
            case "start":
                return started(conversation, at, event_id)
            case "start for people":
                return started(conversation, at, event_id, context_variables={"BotHandoffTopic": "HomeLoan"})
            case "escalation":
                variables = {"BotHandoffTopic": "CreditCard"}
                return escalated(conversation, at, event_id, context_variables=variables, summary=None)
            case "end":
                return ended(conversation, at, event_id)
            case "advice":
                author = {"role": "bot", "id": "adviser", "smartAssist": True}
                return message(conversation, at, event_id, author=author, text=f"line {number}")
        return message(conversation, at, event_id, self.what, text=f"line {number}")


class Expected:
    """What the facts come to, counted in plain steps that share nothing with the fold."""

    def __init__(self, said: list[Said]) -> None:
        ends = [one.second for one in said if one.what == "end"]
        self.end = min(ends, default=10**9)
        starts = sorted((one for one in said if one.what.startswith("start")), key=lambda one: one.second)
        in_time = [one for one in said if one.second <= self.end and not one.what.startswith("start")]
        invoked = [one.second for one in in_time if one.what in ("bot", "escalation")]
        # A bot's line within half an hour after the end is one at the end.
        invoked += [self.end for one in said if one.what == "bot" and self.end < one.second <= self.end + 1800]
        if any(one.what == "start" for one in starts[:1]):
            invoked.append(starts[0].second)
        self.month = None if not invoked else "2026-10" if min(invoked) < 0 else "2026-11"
        self.state = "closed" if ends else None
        lines = [(one.second, n) for n, one in enumerate(said) if one.what in ("customer", "bot", "agent", "advice")]
        self.seconds_of_lines = sorted(second for second, _ in lines)


_said = st.builds(
    Said,
    st.sampled_from(["customer", "bot", "advice", "escalation", "end", "start"]),
    st.integers(-60, 60),
)
_conversations = st.tuples(
    st.sampled_from(["start", "start for people"]), st.integers(-60, 60), st.lists(_said, max_size=9)
).map(lambda drawn: _of_one_start(*drawn))


def _of_one_start(start: str, second: int, others: list[Said]) -> list[Said]:
    """The conversation; a start that is told again says the same, at another time."""
    return [Said(start, second), *(Said(start, one.second) if one.what == "start" else one for one in others)]


@dataclass(repr=False)
class Bench:
    runner: asyncio.Runner
    pipeline: InMemory
    numbers: Iterator[int]
    expected_months: dict[str, str | None]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    path: Path = tmp_path_factory.mktemp("generated") / "patchbay.db"
    with asyncio.Runner() as runner:
        database = Database(path)
        pipeline = InMemory(conversations=EmbeddedConversations(database), ledger=EmbeddedLedger(database))
        configuration: Configuration = contoso()
        runner.run(pipeline.configured(configuration))
        yield Bench(runner, pipeline, count(), {})
        runner.run(database.close())


@settings(max_examples=700, deadline=None, suppress_health_check=list(HealthCheck))
@given(said=_conversations, chance=st.randoms(use_true_random=False))
def test_any_arrival_of_any_conversation_is_recorded_counted_and_explained(
    bench: Bench, said: list[Said], chance: Random
) -> None:
    # Given a conversation whose events arrive in any order, about every third of them twice
    conversation = f"generated-{next(bench.numbers):05}"
    events = [one.event(conversation, number) for number, one in enumerate(said)]
    arriving = events + [event for event in events if chance.random() < 0.3]
    chance.shuffle(arriving)

    async def play() -> None:
        pipeline, key = bench.pipeline, conversation_key(conversation)
        # When they are recorded one after another, the last of them, now and then, at the same time
        together = chance.choice((0, 0, 0, 3))
        for event in arriving[together:]:
            await pipeline.record(event)
            pipeline.clock.advance(timedelta(seconds=1))
        await asyncio.gather(*(pipeline.record(event) for event in arriving[:together]))
        # Then head, transcript and bill are what plain counting says, and nothing is left to do
        outcome, expected = await pipeline.outcome(key), Expected(said)
        head = outcome["head"]
        assert outcome["outbox"] == {}
        assert (head["botSession"] or {}).get("month") == expected.month
        assert head["state"] == (expected.state or ("active" if head["bot"] else "open"))
        seconds = [(parse_time(line.time or "") - MIDNIGHT).total_seconds() for line in outcome["transcript"]]
        assert seconds == expected.seconds_of_lines
        counted = [row.month for row in outcome["rows"] if row.excluded is None]
        assert counted == ([expected.month] if expected.month else [])
        bench.expected_months[key] = expected.month

    bench.runner.run(play())


def test_the_books_of_all_generated_conversations_balance(bench: Bench) -> None:
    # Given all conversations of the test before, then the days add up to the rows and to the expected months
    async def days(month: str) -> int:
        counts = (await bench.pipeline.ledger.books("contoso", month)).days
        return sum(day["counted", ""] for day in counts.values())

    assert bench.runner.run(bench.pipeline.books_balance())
    for month in ("2026-10", "2026-11"):
        assert bench.runner.run(days(month)) == list(bench.expected_months.values()).count(month)
