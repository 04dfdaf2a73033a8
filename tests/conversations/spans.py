"""A thread's happenings as a table writes them, played on a movable clock: when each counts, and when it arrives."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from shared.conversations.extent import goes_on
from shared.conversations.fact import Fact
from shared.events.catalog import Event
from shared.events.envelope import format_time
from shared.events.types.message_posted import MessagePosted
from shared.tenants.configuration import Configuration
from tests.builders import ended, escalated, message, small
from tests.conversations.pipelines import NOW, InMemory

THREAD = {"accountId": "acc", "channelId": "ch", "threadId": "t"}
LAST_WEEKS = 45 * 24 * 60.0
"""Minutes after which all is quiet."""

What = Literal[
    "customer",
    "bot",
    "secondBot",
    "agent",
    "note",
    "escalation",
    "secondEscalation",
    "end",
    "customersEnd",
    "closingHandOff",
]


@dataclass(frozen=True)
class Happening:
    """Something that counts at a minute, and arrives at another one (`stored`). `says` is what its sender's clock says.

    Two with one `name` are copies.
    """

    what: What
    at: float
    stored: float
    says: float
    name: str

    def event(self) -> Event:
        channel: dict[str, Any] = {
            "channel": THREAD,
            "event_id": self.name,
            "at": format_time(NOW + minutes(self.says)),
        }
        match self.what:
            case "customer" | "bot" | "agent":
                return message(None, role=self.what, text=self.name, **channel)
            case "secondBot":
                return message(None, role="bot", author_id="second-bot", text=self.name, **channel)
            case "note":
                return message(None, role="bot", text=self.name, visibility="private", **channel)
            case "escalation":
                return escalated(None, context_variables={"Topic": "x"}, **channel)
            case "secondEscalation":
                return escalated(None, bot_id="second-bot", context_variables={"Topic": "y"}, **channel)
            case "end" | "customersEnd" | "closingHandOff":
                hands_over = {"bot_id": "contoso-bot"} if self.what == "closingHandOff" else {}
                return ended(
                    None, ended_by="customer" if self.what == "customersEnd" else "bot", **hands_over, **channel
                )


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def happening(what: What, at: float, stored: float | None = None, says: float | None = None) -> Happening:
    return Happening(what, at, at if stored is None else stored, at if says is None else says, f"{what}-{at}")


def tenant(
    *, starts_with: str = "bot", escalates_to: str = "people", fail_over: float | None = None, **policies: float
) -> Configuration:
    """Two bots, and people. A conversation begins with the first bot or with `people`.

    People get it when the bot escalates, or the `secondBot`, which escalates to people then. `policies`: minutes until
    the end for silence, by holder; a bot's is 15.
    """
    bot: dict[str, Any] = {"id": "contoso-bot", "name": "Bot"}
    if fail_over is not None:
        bot["failOver"] = {"after": int(fail_over * 60), "queue": "People"}
    rules: list[dict[str, Any]] = []
    if starts_with == "bot":
        rules.append({"name": "first", "when": {"variable": "Topic", "operator": "hasNoData"}, "queue": "Bots"})
    if escalates_to == "secondBot":
        asks = {"variable": "Topic", "operator": "equals", "value": "x"}
        rules.append({"name": "second", "when": asks, "queue": "SecondBots"})
    inactivity = {who: {"closeAfter": int(after * 60)} for who, after in {"bot": 15.0, **policies}.items()}
    return small(
        tenant_id="contoso",
        bots=[bot, {"id": "second-bot", "name": "Second bot"}],
        agents=[{"id": "ana", "name": "Ana"}],
        queues=[
            {"id": "Bots", "members": [{"bot": "contoso-bot", "capacity": 9}]},
            {"id": "SecondBots", "members": [{"bot": "second-bot", "capacity": 9}]},
            {"id": "People", "members": [{"agent": "ana", "capacity": 1}]},
        ],
        accounts=[
            {"id": "acc", "dialect": "cloudEvents", "channels": [{"id": "ch", "workStream": "W", "secret": "env:S"}]}
        ],
        work_streams=[
            {
                "id": "W",
                "mode": "push",
                "fallbackQueue": "People",
                "contextVariables": [{"name": "Topic", "type": "text"}],
                "rules": rules,
                "inactivity": inactivity,
            }
        ],
    )


async def played(pipeline: InMemory, happenings: Sequence[Happening]) -> InMemory:
    """The pipeline once all has arrived in its time, with timers on time, and all is quiet."""
    for one in sorted(happenings, key=lambda each: each.stored):
        await timers_until(pipeline, one.stored)
        await pipeline.deliveries.deliver(one.event().to_json().encode())
        await pipeline.drain()
    await timers_until(pipeline, max(one.stored for one in happenings) + LAST_WEEKS)
    return pipeline


async def timers_until(pipeline: InMemory, minute: float) -> None:
    """Move the clock on to the minute, and let each timer run when it is due."""
    until = NOW + minutes(minute)
    while True:
        due = [one for one in await _due(pipeline) if one <= until]
        if not due:
            break
        pipeline.clock.advance(max(min(due) - pipeline.clock.now(), timedelta()))
        await pipeline.sweep.run()
        await pipeline.drain()
    pipeline.clock.advance(max(until - pipeline.clock.now(), timedelta()))


async def _due(pipeline: InMemory) -> list[Any]:
    found = await pipeline.conversations.due("contoso", NOW + minutes(10 * LAST_WEEKS), 10_000)
    return list(found.values())


async def counted(pipeline: InMemory) -> int:
    """The sessions that are counted in all months."""
    total = 0
    for month in await pipeline.ledger.months("contoso"):
        page = await pipeline.ledger.rows("contoso", month, None, None, 1000)
        total += sum(row.excluded is None for row in page.rows)
        books = await pipeline.ledger.books("contoso", month)
        total += books.corrections.get(("counted", ""), 0)
    return total


async def shown(pipeline: InMemory) -> list[str]:
    """What the lines of the thread's conversations say, each as often as it is shown."""
    texts = []
    for key in await pipeline.conversations.keys("contoso", None, 1000):
        texts += [
            str(line.text)
            for line in await pipeline.lines(key, "agent")
            if line.origin == "message" and line.author.role != "system"
        ]
    return sorted(texts)


async def own_facts(pipeline: InMemory) -> list[list[Fact]]:
    """The facts of each conversation that do not go on in another one."""
    found = []
    for key in await pipeline.conversations.keys("contoso", None, 1000):
        loaded = await pipeline.conversations.load("contoso", key)
        assert loaded.head is not None
        unseen = loaded.head.conversation.unseen
        found.append([fact for fact in loaded.facts if not goes_on(fact, unseen)])
    return found


async def not_taken_up(pipeline: InMemory, shortest: timedelta) -> list[str]:
    """The customer's lines that no conversation takes up.

    The end of a line's conversation did not know it, or came sooner after its newest line than the `shortest` silence,
    and neither a public line of a bot or an agent in the thread nor somebody's end of its conversation comes after it.
    """
    conversations = await own_facts(pipeline)
    answers = [fact.order for facts in conversations for fact in facts if _answers(fact)]
    found: list[str] = []
    for facts in conversations:
        asked = [fact for fact in facts if fact.event.author and fact.event.author.role == "customer"]
        ends = [fact for fact in facts if fact.event.ends_conversation]
        closed_at = min((end.received_at for end in ends), default=None)
        answered_to = max((*answers, *(end.order for end in ends if not end.is_ours)), default=None)
        newest = max((fact.order for fact in facts if not fact.is_ours), default=None)
        for fact in asked:
            waited = None if closed_at is None else closed_at - fact.received_at
            is_known = waited is None or waited >= (shortest if fact.order == newest else timedelta())
            if not is_known and (answered_to is None or answered_to < fact.order):
                found.append(fact.event.id)
    return found


def _answers(fact: Fact) -> bool:
    author = fact.event.author
    return author is not None and author.role in ("bot", "agent") and fact.event.breaks_silence


def lines(happenings: Sequence[Happening]) -> list[str]:
    """What is to be shown of these happenings, each once."""
    return sorted({one.name for one in happenings if isinstance(one.event(), MessagePosted)})
