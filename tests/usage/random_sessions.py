"""Random sessions: what happened, the rows for it in any order, late and twice; and a count of it by SQL.

The rows are made by the real fold. The count reads only what happened, from a table of plain columns, and shares no
code with the ledger.
"""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from shared.contributions.row import Occasion
from shared.conversations.effect import Contribute
from shared.conversations.fold import fold
from shared.effects.reconcile import reconcile
from shared.events.catalog import Event
from shared.tenants.history import History
from shared.usage.ledger import Ledger, read_row
from shared.usage.posting import post_or_correct
from shared.usage.recount import recounted, stored_counters
from tests.builders import contoso, ended, fact_of, history, message, started

TENANT = "contoso"
ZONE = "America/Los_Angeles"
"""The clocks go back on 1 November."""
CLOSED_AT = datetime(2026, 11, 9, 8, tzinfo=UTC)
FIRST_MONTH = "2026-09"
LATE, TWICE = 0.05, 0.2
_MONTH = datetime(2026, 10, 1, 7, tzinfo=UTC), datetime(2026, 11, 1, 7, tzinfo=UTC)
_CHANNELS = (("contoso-chat", "webchat"), ("contoso-telegram", "telegram"), ("contoso-app", "app"))
_BOTS = ("contoso-bot", "second bot", "=Zoë")
_AT_ONCE = 500

Counts = Counter[tuple[str, str, str]]
"""Counters by (day, measure, dimension)."""


@dataclass(frozen=True)
class Happened:
    """One thing that happened in a session; `bot` and `channel` if it has them."""

    session: str
    at: datetime
    kind: str
    bot: str | None = None
    channel: tuple[str, str] | None = None

    def event(self) -> Event:
        """The event that reports it."""
        at = self.at.isoformat()
        match self.kind:
            case "start":
                account, channel = self.channel or _CHANNELS[0]
                topic = {} if self.bot else {"BotHandoffTopic": "CreditCard"}
                reference = {"accountId": account, "channelId": channel}
                return started(self.session, at, channel=reference, context_variables=topic)
            case "end":
                return ended(self.session, at)
            case _:
                return message(self.session, at, role="bot", author_id=self.bot)


Delivery = tuple[Contribute, ...]
"""The rows that a session's n-th event leads to, all of one revision."""


@dataclass(frozen=True)
class Block:
    """Some sessions of a month and its edges: what happened, and the deliveries in time and after the closing."""

    happened: Sequence[Happened]
    timely: Sequence[Delivery]
    late: Sequence[Delivery]


def living_in(zone: str = ZONE) -> History:
    return history(contoso().model_copy(update={"time_zone": zone}))


def block(seed: int, sessions: int, versions: History) -> Block:
    """The seed's sessions. 5 % have late deliveries, and 20 % of the deliveries come twice."""
    rng = Random(seed)
    happened: list[Happened] = []
    timely: list[Delivery] = []
    late: list[Delivery] = []
    for number in range(sessions):
        session = _session(rng, f"s{seed}-{number}")
        happened += session
        deliveries = list(_deliveries(rng.sample(session, len(session)), versions))
        kept = rng.randrange(len(deliveries)) if rng.random() < LATE else len(deliveries)
        timely += deliveries[:kept]
        late += deliveries[kept:]
    return Block(happened, _shuffled(rng, timely), _shuffled(rng, late))


def _session(rng: Random, name: str) -> list[Happened]:
    """A session within minutes; every tenth one is at the edge of a month, a few minutes before and after it."""
    edge = rng.random() < 0.1
    begin = rng.choice(_MONTH) + timedelta(seconds=rng.uniform(-300, 0)) if edge else None
    at = begin or _MONTH[0] + (_MONTH[1] - _MONTH[0]) * rng.random()
    moments = [at + timedelta(seconds=rng.uniform(0, 400)) for _ in range(4)]
    events = []
    if rng.random() < 0.95:
        bot = "contoso-bot" if rng.random() < 0.6 else None
        events.append(Happened(name, at, "start", bot, rng.choice(_CHANNELS)))
    while rng.random() < 0.35 and len(events) < 3:
        events.append(Happened(name, moments.pop(), "bot", rng.choice(_BOTS)))
    if rng.random() < 0.15 or not events:
        events.append(Happened(name, moments.pop(), "end"))
    return events


def _deliveries(arriving: Sequence[Happened], versions: History) -> Iterator[Delivery]:
    before, facts = None, []
    for revision, one in enumerate(arriving, 1):
        facts.append(fact_of(one.event(), datetime(2026, 12, 1, tzinfo=UTC)))
        after = fold(TENANT, one.session, facts, versions)
        effects = reconcile(before, after, revision, facts[-1]).values()
        yield tuple(effect for effect in effects if isinstance(effect, Contribute))
        before = after


def _shuffled(rng: Random, deliveries: list[Delivery]) -> list[Delivery]:
    twice = rng.sample(deliveries, int(len(deliveries) * TWICE))
    return rng.sample([*deliveries, *twice], len(deliveries) + len(twice))


async def deliver(ledger: Ledger, deliveries: Sequence[Delivery]) -> None:
    """Post the deliveries, many at once."""
    posts: list[tuple[Contribute, Occasion | None]] = [
        (effect, effect.occasion) for delivery in deliveries for effect in delivery
    ]
    for start in range(0, len(posts), _AT_ONCE):
        some = posts[start : start + _AT_ONCE]
        await asyncio.gather(
            *(post_or_correct(ledger, TENANT, read_row(effect.row), why, FIRST_MONTH) for effect, why in some)
        )


async def counted(ledger: Ledger) -> tuple[Counts, int]:
    """The counters of rows and corrections by day; and how many stored counters differ from these."""
    totals: Counts = Counter()
    wrong = 0
    for month in await ledger.months(TENANT):
        books = await ledger.books(TENANT, month)
        totals.update({(day, *name): n for day, counts in books.days.items() for name, n in counts.items()})
        here, again = stored_counters(books), await recounted(ledger, TENANT, month)
        wrong += sum(here.get(day) != again.get(day) for day in {*here, *again})
        after = None
        while True:
            page = await ledger.corrections(TENANT, month, after, 1000)
            for change in (change for one in page.corrections for change in one.changes):
                totals[change.day, change.measure, change.dimension] += change.change
            if (after := page.continuation) is None:
                break
    return Counter({name: n for name, n in totals.items() if n}), wrong


class Witness:
    """An SQL database of what happened, which counts it independently."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect(":memory:")
        self._connection.executescript(_TABLES)
        first = datetime(2026, 9, 1, tzinfo=UTC)
        days = [(first + timedelta(days=n)).date() for n in range(100)]
        midnights = [datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(ZONE)).astimezone(UTC) for day in days]
        rows = [(_text(begins), day.isoformat()) for begins, day in zip(midnights, days, strict=True)]
        self._connection.executemany("INSERT INTO dates VALUES (?, ?)", rows)

    def record(self, happened: Sequence[Happened]) -> None:
        """Store what happened."""
        self._connection.executemany(
            "INSERT INTO happened VALUES (?, ?, ?, ?, ?)",
            (
                (one.session, _text(one.at), one.kind, one.bot, "/".join(one.channel) if one.channel else None)
                for one in happened
            ),
        )

    def count(self) -> Counts:
        """All counters that are not zero."""
        return Counter({(day, measure, name): n for day, measure, name, n in self._connection.execute(_COUNT)})


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")


_TABLES = """
CREATE TABLE happened (session TEXT, at TEXT, kind TEXT, bot TEXT, channel TEXT);
CREATE TABLE dates (begins TEXT PRIMARY KEY, day TEXT) WITHOUT ROWID;
"""

_COUNT = """
WITH over AS (SELECT session, min(at) AS ended FROM happened WHERE kind = 'end' GROUP BY session),
     -- A bot has the conversation from its start on, or speaks before its end. A declared one may do so at the end,
     -- too, as no session takes half an hour.
     invoked AS (
         SELECT h.session, min(CASE h.kind WHEN 'start' THEN h.at ELSE min(h.at, coalesce(over.ended, h.at)) END) AS at,
                h.bot
         FROM happened h LEFT JOIN over USING (session)
         WHERE h.bot IS NOT NULL
           AND (h.kind = 'start' OR over.ended IS NULL OR h.at <= over.ended OR h.bot = 'contoso-bot')
         GROUP BY h.session),
     begun AS (
         SELECT session, coalesce(min(CASE kind WHEN 'start' THEN at END), min(at)) AS at, max(channel) AS channel
         FROM happened GROUP BY session),
     conversations AS (
         SELECT begun.session, invoked.bot, begun.channel,
                (SELECT day FROM dates WHERE begins <= coalesce(invoked.at, begun.at)
                 ORDER BY begins DESC LIMIT 1) AS day
         FROM begun LEFT JOIN invoked USING (session)),
     sessions AS (SELECT * FROM conversations WHERE bot IS NOT NULL)
SELECT day, 'counted', '', count(*) FROM sessions GROUP BY day
UNION ALL SELECT day, 'byBot', bot, count(*) FROM sessions GROUP BY day, bot
UNION ALL SELECT day, 'byChannel', coalesce(channel, 'unknown'), count(*) FROM sessions GROUP BY day, channel
UNION ALL SELECT day, 'byWorkStream', CASE WHEN channel IS NULL THEN 'unknown' ELSE 'ChatWorkStream' END, count(*)
          FROM sessions GROUP BY day, channel IS NULL
UNION ALL SELECT day, 'excluded', 'no_bot', count(*) FROM conversations WHERE bot IS NULL GROUP BY day
"""
