"""What each event asks of Cosmos and what a whole conversation costs, against `infra/prices/budget.json`."""

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from shared.azure.cosmos.conversation_documents import FACTS
from shared.conversations.fold import fold
from shared.effects.reconcile import ledger_row
from shared.events.catalog import Event
from shared.events.envelope import format_time
from shared.routing.condition import AllOf, Comparison, Operator
from shared.routing.work_stream import Rule
from shared.tenants.configuration import Configuration
from shared.wire import replace
from tests.azure.databases import Stores, connected, fresh_database
from tests.azure.recording import configured, on_cosmos
from tests.azure.request_units import PricedTransport
from tests.builders import changed, contoso, ended, escalated, fact_of, history, message, started
from tests.conversations.pipelines import NOW, InMemory
from tests.documents import ROOT

BUDGET: Mapping[str, Any] = json.loads((ROOT / "infra/prices/budget.json").read_text(encoding="utf-8"))
TALK: Mapping[str, Any] = BUDGET["conversation"]
LINES, SECONDS_BETWEEN = TALK["messages"], 40
END = LINES * SECONDS_BETWEEN + 60
SHARE: Mapping[str, float] = {"kept": 1 - TALK["escalated"], "escalated": TALK["escalated"]}
INGRESS = "an activity at the ingress"
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
    replaces: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    times: Counter[str] = field(default_factory=Counter)
    kept: dict[str, int] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str, *, without: str = "configurations") -> Iterator[None]:
        self.transport.priced.clear()
        yield
        asked = [one for one in self.transport.priced if one.container != without]
        self.requests[name] = Counter(f"{one.container}.{one.kind}" for one in asked)
        self.units[name] += sum(one.request_units for one in asked)
        self.replaces[name] += sum(one.replaces for one in asked)
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

    async def changes_a_line(self, second: float) -> None:
        """Somebody changes a line of another conversation, because few conversations have such a line."""
        self._set_clock(second)
        for event in (started("edited", at=at(second)), message("edited", at=at(second), event_id="m1")):
            await self.pipeline.deliveries.deliver(event.to_json().encode())
            await self.pipeline.drain()
        await self.happens(changed("m1", "edited", at=at(second)))

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
        documents = {
            id_: size
            for (container, _, id_), size in self.transport.stored.items()
            if id_.startswith(own.get(container, "-"))
        }
        facts = sum(size for id_, size in documents.items() if id_.startswith(FACTS))
        return {
            "cosmos": sum(documents.values()) - facts,
            "facts": facts,
            "archive": sum(len(part) for part in await self.pipeline.archive.parts("contoso", key)),
        }

    def _set_clock(self, second: float) -> None:
        self.pipeline.clock.advance(NOW + timedelta(seconds=second) - self.pipeline.clock.now())


async def told(database: str, configuration: Configuration, *, escalating: bool) -> Story:
    """Twelve lines in eight minutes, between a customer and a bot; if escalating, an agent takes over half-way."""
    transport = PricedTransport()
    async with connected(database, transport) as cosmos:
        story = Story(on_cosmos(Stores(cosmos)), transport)
        await configured(story.pipeline, configuration)
        with story.step("the month's first row"):
            first = fold("contoso", "first", [fact_of(started("first", at=at(0)), NOW)], history(configuration))
            row = ledger_row(first, 1)
            assert row is not None
            await story.pipeline.ledger.post("contoso", row)
        await story.happens(started(at=at(0), channel=THREAD))
        await story.comes_to_the_ingress(INGRESS, 5)
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
        await story.changes_a_line(END + 367 * DAY)
    return story


def of_a_hundred_rules() -> Configuration:
    """The usual configuration, behind 97 more rules of four comparisons, of which the last one fails."""
    usual = contoso()
    stream = usual.work_streams[0]
    parts = [Comparison(variable="BotHandoffTopic", operator=operator, value=value) for operator, value in COMPARED]
    more = [Rule(name=f"Rule{number}", when=AllOf(all=tuple(parts)), queue="HomeLoanQueue") for number in range(97)]
    rules = (stream.rules[0], *more, *stream.rules[1:])
    return replace(usual, work_streams=(replace(stream, rules=rules), *usual.work_streams[1:]))


COMPARED: Sequence[tuple[Operator, Any]] = (
    ("hasData", None),
    ("beginsWith", "Credit"),
    ("contains", "Card"),
    ("equals", "HomeLoan"),
)


@dataclass(frozen=True)
class Measured:
    """What an average conversation asks for, of those that a bot has to its end and those that it escalates.

    `units` and `replaces` are each step's request units, and those of them that are for replaces.
    """

    requests: Mapping[str, Mapping[str, int]]
    times: Mapping[str, Mapping[str, int]]
    units: Mapping[str, float]
    replaces: Mapping[str, float]
    stored: Mapping[str, float]

    @classmethod
    async def with_configuration(cls, configuration: Configuration) -> "Measured":
        async with fresh_database() as one, fresh_database() as other:
            plain = await told(one, configuration, escalating=False)
            escalating = await told(other, configuration, escalating=True)
        stories = {"kept": plain, "escalated": escalating}
        steps = {name: dict(asked) for name, asked in {**escalating.requests, **plain.requests}.items()}

        def mean(of: Callable[[Story], Mapping[str, float]], name: str) -> float:
            times = sum(SHARE[kind] * story.times[name] for kind, story in stories.items())
            return sum(SHARE[kind] * of(story)[name] for kind, story in stories.items()) / times

        return cls(
            steps,
            {
                name: {kind: story.times[name] for kind, story in stories.items() if story.times[name]}
                for name in steps
                if name in TALK["times"]
            },
            {name: mean(lambda story: story.units, name) for name in steps},
            {name: mean(lambda story: story.replaces, name) for name in steps},
            {place: sum(SHARE[kind] * story.kept[place] for kind, story in stories.items()) for place in plain.kept},
        )

    def whole_life(self, units: Mapping[str, float]) -> float:
        """The sum over a conversation's life, from the ingress until it is forgotten; of the events that it names."""
        happens = {
            name: sum(SHARE[kind] * count for kind, count in kinds.items()) for name, kinds in self.times.items()
        }
        # A join, each line, an escalation of some, an end.
        happens[INGRESS] = 1 + LINES + SHARE["escalated"] + 1
        return sum(happens[name] * units[name] for name in BUDGET["wholeLife"]["of"])


def shown(measured: Measured) -> str:
    """A line for each step, and one for the whole."""
    lines = [
        f"{name:26}{sum(measured.requests[name].values()):4} requests{cost:8.1f} RU"
        f"{measured.replaces[name]:8.1f} of them for replaces"
        for name, cost in measured.units.items()
    ]
    whole, replaces = (measured.whole_life(units) for units in (measured.units, measured.replaces))
    sizes = ", ".join(f"{round(size):,} bytes ({place})" for place, size in measured.stored.items())
    return "\n".join((*lines, f"a whole life{whole:35.1f} RU{replaces:8.1f} of them for replaces; {sizes}"))


async def test_every_event_keeps_to_its_budget(capsys: pytest.CaptureFixture[str]) -> None:
    # Given an average conversation, when the requests of each event are counted, and what they cost
    measured = await Measured.with_configuration(contoso())
    with capsys.disabled():
        sys.stdout.write(f"\n{shown(measured)}\n")
    # Then the requests are exactly those of the budget, and nothing costs more than it allows
    assert measured.requests == {name: each["requests"] for name, each in BUDGET["events"].items()}
    assert [name for name, cost in measured.units.items() if cost > BUDGET["events"][name]["requestUnits"]] == []
    assert measured.whole_life(measured.units) <= BUDGET["wholeLife"]["requestUnits"]
    # and what `make cost` reckons with is what was measured: how often, how much, how large
    assert measured.times == TALK["times"]
    assert measured.units == pytest.approx(
        {name: each["measured"] for name, each in BUDGET["events"].items()}, rel=0.02
    )
    replaces = {name: each["replaces"] for name, each in BUDGET["events"].items()}
    assert measured.replaces == pytest.approx(replaces, rel=0.02)
    assert measured.stored == pytest.approx(TALK["storedBytes"], rel=0.05)
    # and a line on an open conversation is one create and one point read
    assert measured.requests["message.posted"] == {"conversations.create": 1, "conversations.read": 1}


async def test_a_hundred_rules_cost_no_more_than_three(capsys: pytest.CaptureFixture[str]) -> None:
    # Given a configuration of 100 rules, each of which is looked at by a decision
    assert len(of_a_hundred_rules().work_streams[0].rules) == 100
    # When the same conversation is told, whose documents are priced by their bytes
    measured = await Measured.with_configuration(of_a_hundred_rules())
    with capsys.disabled():
        sys.stdout.write(f"\nWith 100 rules:\n{shown(measured)}\n")
    # Then it costs and stores in Cosmos what it does with three: a decision names what it was made from
    budget = {name: each["measured"] for name, each in BUDGET["events"].items()}
    assert measured.units == pytest.approx(budget, rel=0.02)
    for place in ("cosmos", "facts"):
        assert measured.stored[place] == pytest.approx(TALK["storedBytes"][place], rel=0.05)
    # and the archive has the traces, for people to read
    assert measured.stored["archive"] == pytest.approx(BUDGET["hundredRules"]["archiveBytes"], rel=0.05)
