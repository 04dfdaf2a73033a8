"""The sample month: what the channels of three tenants post about 1,500 conversations of October 2026.

Webhooks of Bot Framework and Telegram channels get one document at a time. CloudEvents come one at a time or in batches
that a sender's buffer shuffled, so an escalation may come before its start. A tenth of all posts is made twice.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from local.sample.bot_framework import activity
from local.sample.cast import CUSTOMERS, ZONES
from local.sample.chat import Chat, Step
from local.sample.cloud_events import event
from local.sample.oddities import conflicting, oddities
from local.sample.plan import CONTEXTS, PLAN
from local.sample.post import BATCH, EVENT, JSON, Post
from local.sample.stories import PAUSES, Arrival, Part, steps_of
from local.sample.telegram import update
from local.sample.texts import TALKS
from local.sample.year_end import NO_YEAR_END, YearEnd, year_end

READING = datetime(2026, 11, 1, 18, tzinfo=UTC)
"""When October's usage is read first: the month is over everywhere, and the corrections are still to come."""
CORRECTIONS = datetime(2026, 11, 2, 9, tzinfo=UTC)
"""When the late steps arrive."""
OUTAGE = timedelta(hours=2)
"""How much later the delayed steps arrive."""
_HELD = timedelta(seconds=50)
"""How much later the held steps arrive; by then the next step was taken."""
LAST = datetime(2026, 11, 2, 13, tzinfo=UTC)
"""When all figures are read."""

_NOISE = {0: "typing", 5: "webchat/join", 10: "messageReaction"}
"""Activities that the pipeline ignores, by the conversation's number modulo 16."""


@dataclass(frozen=True)
class SampleMonth:
    """The posts in the order of their `at`; between `reading` and `last` come the corrections. After it all is
    `year_end`."""

    posts: tuple[Post, ...]
    reading: datetime = READING
    last: datetime = LAST
    year_end: YearEnd = NO_YEAR_END


def sample_month(seed: int, thin: int = 1) -> SampleMonth:
    """The month of the seed, always the same bytes. `thin` = n gives an nth of it, in which every kind still occurs."""
    rng = Random(seed)
    posts: list[Post] = []
    buffers: dict[str, list[tuple[datetime, dict[str, Any]]]] = {}
    with_conflict: set[str] = set()
    for chat in _chats(rng, thin):
        single, buffered = _posts_of(rng, chat)
        posts += single
        buffers.setdefault(chat.path, []).extend(buffered)
        conflict = next(filter(None, map(conflicting, single)), None)
        if chat.part.story == "resolved" and chat.part.account not in with_conflict and conflict:
            with_conflict.add(chat.part.account)
            posts.append(conflict)
    for path, buffer in buffers.items():
        posts += _batches(rng, path, buffer)
    posts += oddities(rng, thin)
    retried = rng.sample([post for post in posts if post.at < LAST - timedelta(hours=1)], len(posts) // 10)
    posts += [replace(post, at=post.at + timedelta(seconds=rng.uniform(2, 1200))) for post in retried]
    return SampleMonth(tuple(sorted(posts, key=lambda post: post.at)), year_end=year_end(seed))


def _posts_of(rng: Random, chat: Chat) -> tuple[list[Post], list[tuple[datetime, dict[str, Any]]]]:
    """The chat's own posts, and the events for a sender's buffer, with the time at which it releases them."""
    single: list[Post] = []
    buffered: list[tuple[datetime, dict[str, Any]]] = []
    for number, step in enumerate(chat.steps):
        if chat.dialect == "botFramework":
            single.append(_posted(chat.path, JSON, activity(chat, number), step))
        elif chat.dialect == "telegram" and step.who == "customer" and step.what != "end":
            posted = _posted(chat.path, JSON, update(chat, number), step)
            single.append(replace(posted, timed=step.what != "press"))
        elif chat.dialect == "telegram":
            single.append(_posted(_events(chat.path), EVENT, event(chat, number), step))
        elif chat.number % 2 or step.arrives != "prompt":
            single.append(_posted(_ingress(rng, chat.path), EVENT, event(chat, number), step))
        else:
            # A buffer may hold an event for longer than people take to answer, so the order in it says nothing.
            buffered.append((step.moment + timedelta(seconds=rng.uniform(1, 45)), event(chat, number)))
    return single, buffered


def _chats(rng: Random, thin: int) -> Iterator[Chat]:
    for tenant, parts in PLAN.items():
        busy = [_busy_hour(rng, tenant, day) for day in range(1, 32)]
        each = [part for part in parts for _ in range(max(1, part.count // thin))]
        for number, part in enumerate(each):
            chat = Chat(
                tenant=tenant,
                number=number,
                part=part,
                native_id=f"{rng.getrandbits(128):032x}",
                customer=rng.choice(CUSTOMERS),
                texts=rng.choice(TALKS[tenant]),
                context=rng.choice(CONTEXTS[tenant]),
                steps=(),
            )
            yield replace(chat, steps=tuple(_steps(rng, chat, busy)))


def _busy_hour(rng: Random, tenant: str, day: int) -> datetime:
    """The time of a day at which a tenant's customers write, all within minutes: so the month has fewer turns."""
    local = datetime(2026, 10, day, rng.randint(9, 17), rng.randint(0, 59), tzinfo=ZONES[tenant])
    return local.astimezone(UTC)


def _steps(rng: Random, chat: Chat, busy: Sequence[datetime]) -> Iterator[Step]:
    """The story's steps. Except for pauses each follows in less than a minute, which no bot takes for silence."""
    moment = _start(rng, chat.part, busy)
    for who, what, arrives in _steps_heard(chat):
        if who == "pause":
            moment += timedelta(seconds=rng.uniform(*PAUSES[what]))
        else:
            yield Step(moment, who, what, arrives)
            moment += timedelta(seconds=rng.uniform(5, 45))


def _steps_heard(chat: Chat) -> Sequence[tuple[str, str, Arrival]]:
    """The steps that the channel hears: a bot's webhook hears neither agents nor the system, but some noise."""
    steps = steps_of(chat.part.story)
    if chat.dialect == "telegram":
        return [step for step in steps if step[:2] != ("customer", "removal")]
    if chat.dialect != "botFramework":
        return steps
    heard = [step for step in steps if step[0] not in ("agent", "system")]
    noise = _NOISE.get(chat.number % 16)
    return [*heard[:2], ("customer", noise, "prompt"), *heard[2:]] if noise else heard


def _start(rng: Random, part: Part, busy: Sequence[datetime]) -> datetime:
    if part.at is not None:
        return datetime.fromisoformat(part.at)
    # A customer who waits for days is answered, or comes back, before the month's usage is read.
    days = busy[:26] if ("pause", "unanswered", "prompt") in steps_of(part.story) else busy
    return rng.choice(days) + timedelta(seconds=rng.uniform(0, 300))


def _posted(path: str, content_type: str, document: dict[str, Any], step: Step) -> Post:
    """The post of one step, less than a second later, so that one sender's posts stay in order."""
    delay = timedelta(milliseconds=80 + step.moment.microsecond // 2000)
    match step.arrives:
        case "held":
            delay += _HELD
        case "delayed":
            delay += OUTAGE
        case "late":
            delay += CORRECTIONS - step.moment.replace(second=0, microsecond=0) + timedelta(minutes=step.moment.second)
    return Post(path, content_type, _bytes(document), step.moment + delay)


def _bytes(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


def _events(path: str) -> str:
    return path.partition("/channels/")[0] + "/events"


def _ingress(rng: Random, path: str) -> str:
    """CloudEvents may come in by the tenant's ingress or by the channel's own."""
    return path if rng.random() < 0.5 else _events(path)


def _batches(rng: Random, path: str, buffer: Sequence[tuple[datetime, dict[str, Any]]]) -> Iterator[Post]:
    """The buffer's events in shuffled batches of at most 8, none held back for more than half a minute."""
    waiting = sorted(buffer, key=lambda item: item[0])
    while waiting:
        flushed = waiting[0][0] + timedelta(seconds=30)
        batch = [item for item in waiting[: rng.randint(2, 8)] if item[0] < flushed]
        waiting = waiting[len(batch) :]
        events = [event for _, event in rng.sample(batch, len(batch))]
        yield Post(_ingress(rng, path), BATCH, _bytes(events), batch[-1][0])
