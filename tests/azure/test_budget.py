"""What each event asks of Cosmos and what a whole conversation costs, against `infra/prices/budget.json`."""

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from shared.conversations.fold import fold
from shared.effects.reconcile import ledger_row
from shared.events.catalog import Event
from shared.events.envelope import format_time
from tests.azure.databases import Stores, connected, fresh_database
from tests.azure.recording import configured, on_cosmos
from tests.azure.request_units import PricedTransport
from tests.builders import contoso, ended, escalated, fact_of, history, message, started
from tests.conversations.pipelines import NOW, InMemory
from tests.documents import ROOT

BUDGET: Mapping[str, Any] = json.loads((ROOT / "infra/prices/budget.json").read_text(encoding="utf-8"))
TALK: Mapping[str, Any] = BUDGET["conversation"]
LINES, SECONDS_BETWEEN = TALK["messages"], 40
END = LINES * SECONDS_BETWEEN + 60
DAY = 24 * 60 * 60
THREAD = {"accountId": "contoso-chat", "channelId": "webchat", "threadId": "t|1"}


def at(seconds: float) -> str:
    return format_time(NOW + timedelta(seconds=seconds))


@dataclass
class Story:
    """A conversation that is recorded step by step, each step with its requests and request units.

    Configurations are left out, but for the sweep: a process reads them every 30 s, whatever happens meanwhile.
    """

    pipeline: InMemory
    transport: PricedTransport
    requests: dict[str, Counter[str]] = field(default_factory=dict)
    units: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    times: Counter[str] = field(default_factory=Counter)
    kept: dict[str, int] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str, *, without: str = "configurations") -> Iterator[None]:
        self.transport.priced.clear()
        yield
        asked = [one for one in self.transport.priced if one.container != without]
        self.requests[name] = Counter(f"{one.container}.{one.kind}" for one in asked)
        self.units[name] += sum(one.request_units for one in asked)
        self.times[name] += 1

    async def happens(self, event: Event, name: str | None = None) -> None:
        self._set_clock(event.moment.timestamp() - NOW.timestamp())
        with self.step(name or event.type):
            await self.pipeline.deliveries.deliver(event.to_json().encode())
            await self.pipeline.drain()

    async def is_looked_after(self, name: str, second: float) -> None:
        """The sweep asks, if it is time; what it asks of all conversations together is not the conversation's."""
        self._set_clock(second)
        if await self.pipeline.conversations.due("contoso", self.pipeline.clock.now(), 1):
            with self.step(name):
                await self.pipeline.sweep.run()
                # One query finds all that is due.
                finding = next(one for one in self.transport.priced if one.kind == "query")
                self.transport.priced.remove(finding)
                await self.pipeline.drain()

    async def comes_to_the_ingress(self, name: str, second: float) -> None:
        """A channel posts an activity of the thread, which is not delivered."""
        self._set_clock(second)
        with self.step(name):
            said = {
                "type": "message",
                "id": "ingress",
                "timestamp": at(second),
                "conversation": {"id": THREAD["threadId"]},
            }
            body = json.dumps({**said, "from": {"id": "mia", "role": "user"}, "text": "Hello"}).encode()
            await self.pipeline.receiver.receive_activity("contoso", THREAD["accountId"], THREAD["channelId"], body)
        self.pipeline.publisher.events.clear()

    async def stored(self, key: str = "c1") -> dict[str, int]:
        """The bytes that the conversation has in Cosmos, without the month's own documents, and in the archive."""
        own = {"conversations": "", "threads": "", "ledger": f"session:{key}"}
        documents = self.transport.stored.items()
        return {
            "cosmos": sum(size for (container, _, id_), size in documents if id_.startswith(own.get(container, "-"))),
            "archive": sum(len(part) for part in await self.pipeline.archive.parts("contoso", key)),
        }

    def _set_clock(self, second: float) -> None:
        self.pipeline.clock.advance(NOW + timedelta(seconds=second) - self.pipeline.clock.now())


async def told(database: str, *, escalating: bool) -> Story:
    """Twelve lines in eight minutes, between a customer and a bot; if escalating, an agent takes over half-way."""
    transport = PricedTransport()
    async with connected(database, transport) as cosmos:
        story = Story(on_cosmos(Stores(cosmos)), transport)
        await configured(story.pipeline, contoso())
        with story.step("the month's first row"):
            first = fold("contoso", "first", [fact_of(started("first", at=at(0)), NOW)], history(contoso()))
            row = ledger_row(first, 1)
            assert row is not None
            await story.pipeline.ledger.post("contoso", row)
        await story.happens(started(at=at(0), channel=THREAD))
        await story.comes_to_the_ingress("an activity at the ingress", 5)
        with story.step("a sweep with nothing due", without=""):
            assert await story.pipeline.sweep.run() == 0
        for number in range(LINES):
            second = 20 + number * SECONDS_BETWEEN
            answers = "agent" if escalating and number > LINES // 2 else "bot"
            role = answers if number % 2 else "customer"
            await story.happens(message(at=at(second), event_id=f"m{number}", role=role))
            await story.is_looked_after("inactivity.timeout", second)
            if escalating and number == LINES // 2:
                topic = {"BotHandoffTopic": "CreditCard"}
                await story.happens(escalated(at=at(second + 5), context_variables=topic))
        await story.happens(ended(at=at(END)))
        await story.is_looked_after("archive", END + DAY)
        story.kept = await story.stored()
        await story.is_looked_after("end of retention", END + 366 * DAY)
    return story


AROUND = ("the month's first row", "an activity at the ingress", "end of retention", "a sweep with nothing due")
"""What is no part of a conversation's day, or depends on how its events come."""


async def test_every_event_keeps_to_its_budget(capsys: pytest.CaptureFixture[str]) -> None:
    # Given a conversation that a bot has to its end, and one that it escalates
    async with fresh_database() as one, fresh_database() as other:
        plain, escalating = await told(one, escalating=False), await told(other, escalating=True)
    # When the requests of each event are counted, and what they cost
    stories = {"kept": plain, "escalated": escalating}
    share = {"kept": 1 - TALK["escalated"], "escalated": TALK["escalated"]}
    steps = {**escalating.requests, **plain.requests}
    units = {
        name: sum(share[kind] * story.units[name] for kind, story in stories.items())
        / sum(share[kind] * story.times[name] for kind, story in stories.items())
        for name in steps
    }
    whole = sum(
        share[kind] * sum(cost for name, cost in story.units.items() if name not in AROUND)
        for kind, story in stories.items()
    )
    lines = [f"{name:24}{steps[name].total():4} requests{cost:8.1f} RU" for name, cost in units.items()]
    limit = BUDGET["wholeConversation"]["requestUnits"]
    with capsys.disabled():
        sys.stdout.write("\n".join(("", *lines, f"a whole conversation{whole:25.1f} RU of {limit} at most", "")))
    # Then the requests are exactly those of the budget, and nothing costs more than it allows
    assert {name: dict(requests) for name, requests in steps.items()} == {
        name: each["requests"] for name, each in BUDGET["events"].items()
    }
    assert [name for name, cost in units.items() if cost > BUDGET["events"][name]["requestUnits"]] == []
    assert whole <= limit
    # and what `make cost` reckons with is what was measured: how often, how much, how large
    times = {
        name: {kind: story.times[name] for kind, story in stories.items() if story.times[name]}
        for name in steps
        if name in TALK["times"]
    }
    assert times == TALK["times"]
    assert units == pytest.approx({name: each["measured"] for name, each in BUDGET["events"].items()}, rel=0.02)
    sizes = {place: sum(share[kind] * story.kept[place] for kind, story in stories.items()) for place in plain.kept}
    assert sizes == pytest.approx(TALK["storedBytes"], rel=0.05)
    # and a line on an open conversation is one create and one point read
    assert steps["message.posted"] == {"conversations.create": 1, "conversations.read": 1}
