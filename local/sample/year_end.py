"""The turn of the year, after the sample month: December is at the edge of its pools, and January changes it both ways.

One tenant's late session of December no longer fits into December's pool, one tenant's late end takes a session back
that was beyond it, and one tenant's late session still fits. January has sessions of its own.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from local.sample.cast import CUSTOMERS
from local.sample.chat import Chat, Step
from local.sample.cloud_events import event
from local.sample.post import BATCH, EVENT, Post
from local.sample.stories import Part, steps_of
from local.sample.texts import TALKS

DECEMBER = datetime(2026, 12, 10, 9, tzinfo=UTC)
CLOSED = datetime(2027, 1, 10, 12, tzinfo=UTC)
"""By then December is closed everywhere."""
LATE = datetime(2027, 1, 12, 9, tzinfo=UTC)
"""When the late events arrive."""
LAST = datetime(2027, 1, 12, 13, tzinfo=UTC)
"""When the figures of both months are read."""
_IN_DECEMBER = {"contoso": 200, "fabrikam": 150, "northwind": 2}
"""Sessions of December: as many as the pool holds, but for the last tenant."""
_LATE = {"contoso": 1, "northwind": 1}
"""Sessions of December that become known late."""
_IN_JANUARY = 2
_BATCH = 50
_STEP = timedelta(seconds=20)


@dataclass(frozen=True)
class YearEnd:
    """The posts in the order of their `at`; those after `closed` come when December is closed."""

    posts: tuple[Post, ...]
    closed: datetime = CLOSED
    last: datetime = LAST


NO_YEAR_END = YearEnd(())


def year_end(seed: int) -> YearEnd:
    """The year end of the seed, always the same bytes."""
    # Of the seed alone the month draws its own threads' ids.
    rng = Random(f"{seed} year end")
    posts: list[Post] = []
    for tenant, sessions in _IN_DECEMBER.items():
        posts += _announced(rng, tenant, sessions, DECEMBER, DECEMBER)
        posts += _announced(rng, tenant, _LATE.get(tenant, 0), DECEMBER, LATE)
        posts += _announced(rng, tenant, _IN_JANUARY, LATE, LATE)
    posts += _overruled(rng)
    return YearEnd(tuple(sorted(posts, key=lambda post: post.at)))


def _announced(rng: Random, tenant: str, sessions: int, began: datetime, known: datetime) -> Iterator[Post]:
    """So many conversations that a bot has from their start on, in batches."""
    part = Part(f"{tenant}-app", "app", "announced")
    events = []
    for number in range(sessions):
        moment = began + timedelta(milliseconds=number)
        events.append(event(_chat(rng, tenant, part, [Step(moment, "customer", "start")]), 0))
    for number in range(0, sessions, _BATCH):
        yield Post(f"/api/tenants/{tenant}/events", BATCH, _bytes(events[number : number + _BATCH]), known + _STEP)


def _overruled(rng: Random) -> Iterator[Post]:
    """A conversation whose end becomes known late: before it no bot was part of it, so it is no session."""
    part = Part("fabrikam-app", "backoffice", "overruled")
    steps = [
        Step(DECEMBER + number * _STEP, who, what, arrives)
        for number, (who, what, arrives) in enumerate(steps_of(part.story))
    ]
    chat = _chat(rng, "fabrikam", part, steps)
    for number, step in enumerate(steps):
        at = LATE if step.arrives == "late" else step.moment
        yield Post("/api/tenants/fabrikam/events", EVENT, _bytes(event(chat, number)), at + timedelta(seconds=1))


def _chat(rng: Random, tenant: str, part: Part, steps: Sequence[Step]) -> Chat:
    return Chat(
        tenant=tenant,
        number=0,
        part=part,
        native_id=f"{rng.getrandbits(128):032x}",
        customer=rng.choice(CUSTOMERS),
        texts=rng.choice(TALKS[tenant]),
        context={},
        steps=tuple(steps),
    )


def _bytes(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()
