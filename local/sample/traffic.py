"""The sample month: the posts that two tenants' channels make about 200 conversations of October 2026.

Bot Framework channels post one activity at a time. CloudEvents come one at a time or in batches that a sender's buffer
shuffled, so an escalation may come before its start. A tenth of all posts is made twice.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random

from local.sample.chat import Chat, Step
from local.sample.dialects import Document, activity, event
from local.sample.texts import CONTEXTS, CUSTOMERS, PLAN, STORIES, TALKS, Part

JSON = "application/json"
EVENT = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"

CLOCK = datetime(2026, 11, 1, 6, tzinfo=UTC)
"""What the server's clock shows while the month is posted: later than every event."""

_NOISE = {0: "typing", 5: "webchat/join", 10: "messageReaction"}
"""Activities without a meaning for us, by the conversation's number modulo 16."""


@dataclass(frozen=True)
class Post:
    """One HTTP POST; `at` is when the sender makes it, never before what it tells of."""

    path: str
    content_type: str
    body: bytes
    at: datetime


@dataclass(frozen=True)
class SampleMonth:
    """The posts in the order of their `at`, and the time to set the server's clock to."""

    posts: tuple[Post, ...]
    clock: datetime = CLOCK


def sample_month(seed: int) -> SampleMonth:
    """The month that belongs to the seed, always in the same bytes."""
    rng = Random(seed)
    posts: list[Post] = []
    buffers: dict[str, list[tuple[datetime, Document]]] = {}
    for chat in _chats(rng):
        if not chat.part.account.endswith("-app"):
            posts += [_posted(chat.path, JSON, activity(chat, n, step), step) for n, step in enumerate(chat.steps)]
        elif chat.number % 2:
            posts += [_posted(_door(rng, chat.path), EVENT, event(chat, n), step) for n, step in enumerate(chat.steps)]
        else:
            buffer = buffers.setdefault(chat.path, [])
            # A buffer may hold an event for longer than a conversation lasts, so its order tells nothing.
            released = [step.moment + timedelta(seconds=rng.uniform(1, 180)) for step in chat.steps]
            buffer += [(at, event(chat, n)) for n, at in enumerate(released)]
    for path, buffer in buffers.items():
        posts += _batches(rng, path, buffer)
    retried = rng.sample(posts, len(posts) // 10)
    posts += [replace(post, at=post.at + timedelta(seconds=rng.uniform(2, 1200))) for post in retried]
    return SampleMonth(tuple(sorted(posts, key=lambda post: post.at)))


def _chats(rng: Random) -> Iterator[Chat]:
    for tenant, parts in PLAN.items():
        each = [part for part in parts for _ in range(part.count)]
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
            yield replace(chat, steps=tuple(_steps(rng, chat)))


def _steps(rng: Random, chat: Chat) -> Iterator[Step]:
    """The story's steps from the start on, below 15 minutes in all: no bot's patience ends in between."""
    moment = _start(rng, chat.part)
    for who, what in [("customer", "start"), *_said(chat)]:
        yield Step(moment, who, what)
        moment += timedelta(seconds=rng.uniform(5, 50))


def _said(chat: Chat) -> list[tuple[str, str]]:
    """Who does what; a bot's webhook hears neither people nor the system, but some noise."""
    said = [(who, what) for who, _, what in (step.partition(" ") for step in _story(chat))]
    if chat.part.account.endswith("-app"):
        return said
    heard = [(who, what) for who, what in said if who not in ("agent", "system")]
    noise = _NOISE.get(chat.number % 16)
    return [*heard[:1], ("customer", noise), *heard[1:]] if noise else heard


def _story(chat: Chat) -> Sequence[str]:
    return [step for step in STORIES[chat.part.story].split(", ") if step]


def _start(rng: Random, part: Part) -> datetime:
    if part.at is not None:
        return datetime.fromisoformat(part.at)
    hour = rng.triangular(6, 20, 10)
    return datetime(2026, 10, rng.randint(1, 31), tzinfo=UTC) + timedelta(hours=hour)


def _posted(path: str, content_type: str, document: Document, step: Step) -> Post:
    """The post of one step, below a second later: one sender's posts keep the order of time."""
    delay = timedelta(milliseconds=80 + step.moment.microsecond // 2000)
    return Post(path, content_type, _bytes(document), step.moment + delay)


def _bytes(document: Document | list[Document]) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


def _door(rng: Random, path: str) -> str:
    """CloudEvents may come in by the tenant's door or by the channel's own."""
    return path if rng.random() < 0.5 else path.partition("/channels/")[0] + "/events"


def _batches(rng: Random, path: str, buffer: Sequence[tuple[datetime, Document]]) -> Iterator[Post]:
    """The buffer's events in shuffled batches of at most 8, none held back for more than an hour."""
    waiting = sorted(buffer, key=lambda item: item[0])
    while waiting:
        flushed = waiting[0][0] + timedelta(hours=1)
        batch = [item for item in waiting[: rng.randint(2, 8)] if item[0] < flushed]
        waiting = waiting[len(batch) :]
        events = [event for _, event in rng.sample(batch, len(batch))]
        yield Post(_door(rng, path), BATCH, _bytes(events), batch[-1][0])
