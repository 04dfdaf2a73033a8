"""Proof: no body of up to 1 MB at an ingress, or at the doctor, keeps the event loop for longer than 250 ms.

    python -m tests.prove.large_bodies [SEARCHED]

Bodies are wide, deep, doubled, misspelt, full of short items or of long ones, in every dialect, in four sizes and at
random. Each is posted, and what it becomes is delivered. A body that is read in a thread shares the interpreter with
the loop, so the time for which nothing else has a turn counts, not the time that it takes.
"""

import asyncio
import json
import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count
from random import Random
from typing import Any

from shared.aside import Aside
from shared.diagnosis.diagnose import diagnose
from shared.errors import Refused
from tests.conversations.pipelines import NOW, InMemory
from tests.prove.event_loop import LIMIT, kept_by

SEARCHED = 60
SIZES = (10_000, 120_000, 300_000, 1_000_000)
KEPT = "bodies that kept the event loop for longer than 250 ms"
CHANNELS = {"botFramework": ("contoso-chat", "webchat"), "telegram": ("contoso-telegram", "telegram")}
Shape = Callable[[int], Any]
"""Makes a document of about so many bytes."""


@dataclass(frozen=True)
class Figures:
    """For how long a body kept the event loop, in seconds."""

    shape: str
    size: int
    kept: float


def event(number: int = 0, **data: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0", "id": f"e{number}", "source": "/s", "type": "message.posted", "subject": "c1",
        "time": "2026-11-20T11:59:00Z", "tenantid": "contoso",
        "data": {"author": {"role": "customer", "id": "x"}, "text": "t", **data},
    }  # fmt: skip


def escalation(**data: Any) -> dict[str, Any]:
    return {**event(), "type": "bot.escalated", "data": {"botId": "contoso-bot", **data}}


def activity(number: int = 0, **members: Any) -> dict[str, Any]:
    return {
        "type": "message", "id": f"a{number}", "timestamp": "2026-11-20T11:59:00Z", "conversation": {"id": "t1"},
        "from": {"id": "u", "role": "user"}, "text": "hi", **members,
    }  # fmt: skip


def hand_off(**members: Any) -> dict[str, Any]:
    bot = {"id": "contoso-bot", "role": "bot"}
    return {**activity(), "type": "event", "name": "handoff.initiate", "value": {}, "from": bot, **members}


def update(**members: Any) -> dict[str, Any]:
    person = {"id": 5, "is_bot": False, "first_name": "A"}
    message = {"message_id": 1, "date": 1_795_176_000, "chat": {"id": 5, "type": "private"}, "from": person}
    return {"update_id": 1, "message": {**message, **members}}


def many(item: Callable[[int], Any], size: int) -> list[Any]:
    """Items that take so many bytes together."""
    made: list[Any] = []
    for number in count():
        made.append(item(number))
        size -= len(json.dumps(made[-1])) + 2
        if size <= 0:
            return made
    raise AssertionError("counting has no end")


def wide(name: Callable[[int], str], size: int) -> dict[str, int]:
    return dict(many(lambda number: (name(number), number), size))


def deep(levels: int) -> list[Any]:
    nested: list[Any] = []
    for _ in range(levels - 1):
        nested = [nested]
    return nested


def _block(number: int) -> dict[str, Any]:
    return {"type": "TextBlock", "text": f"{number}"}


def _card(size: int) -> dict[str, Any]:
    content = {"type": "AdaptiveCard", "body": many(_block, size)}
    return {"contentType": "application/vnd.microsoft.card.adaptive", "content": content}


def _transcript(size: int) -> list[dict[str, Any]]:
    return [{"name": "Transcript", "contentType": "application/json", "content": {"activities": many(activity, size)}}]


def _link(number: int) -> dict[str, Any]:
    return {"type": "text_link", "offset": number % 900, "length": 1 + number % 900, "url": f"https://a/{number}"}


SHAPES: Mapping[str, Mapping[str, Shape]] = {
    "cloudEvents": {
        "nothing in a batch": lambda size: [{} for _ in range(size // 3)],
        "numbers in a batch": lambda size: [1] * (size // 2),
        "small events": lambda size: many(event, size),
        "copies": lambda size: many(lambda _: event(), size),
        "a conversation each": lambda size: many(lambda n: {**event(n), "subject": f"c{n}"}, size),
        "wrong times": lambda size: many(lambda n: {**event(n), "time": "2026-13-99"}, size),
        "nothing in histories": lambda size: many(
            lambda n: {**escalation(transcript=[{}] * 500), "id": f"e{n}"}, min(size, 80_000)
        ),
        "wrong in many places": lambda size: escalation(transcript=many(lambda _: {"authr": 1}, size)),
        "unknown members": lambda size: {**event(), **wide(lambda n: f"k{n}", size)},
        "unknown members of data": lambda size: event(**wide(lambda n: f"k{n}", size)),
        "misspelt members": lambda size: event(**wide(lambda n: f"tex{n}t", size)),
        "context variables": lambda size: escalation(contextVariables=wide(lambda n: f"k{n}", size)),
        "large variables": lambda size: escalation(contextVariables={f"k{n}": "x" * (size // 900) for n in range(900)}),
        "a history": lambda size: escalation(
            transcript=many(lambda n: {"author": {"role": "bot", "id": "b"}, "text": f"{n}"}, size)
        ),
        "files": lambda size: event(
            attachments=many(lambda n: {"contentType": "a/b", "name": f"{n}", "url": "https://x/y"}, size)
        ),
        "large files": lambda size: event(
            attachments=[
                {"contentType": "a/b", "name": "f", "url": "data:a/b;base64," + "QUJD" * (size // 1700)}
                for _ in range(400)
            ]
        ),
        "a long text": lambda size: event(text="x" * size),
        "quotation marks": lambda size: event(text='"' * (size // 2)),
        "nested": lambda size: event(z=many(lambda _: deep(60), size)),
        "levels without end": lambda size: event(z=deep(min(size // 2, 900))),
    },
    "botFramework": {
        "a set": lambda size: many(activity, size),
        "a set without times": lambda size: many(lambda n: {**activity(n), "timestamp": None}, size),
        "a thread each": lambda size: many(lambda n: activity(n, conversation={"id": f"t{n}"}), size),
        "nothing in a set": lambda size: [{} for _ in range(size // 3)],
        "unknown members": lambda size: activity(**wide(lambda n: f"k{n}", size)),
        "misspelt members": lambda size: activity(**wide(lambda n: f"tex{n}t", size)),
        "channel data": lambda size: activity(channelData=wide(lambda n: f"tag{n}s", size)),
        "variables": lambda size: hand_off(value=wide(lambda n: f"k{n}", size)),
        "misspelt variables": lambda size: hand_off(value=wide(lambda n: f"Contex{n}", size)),
        "a history": lambda size: hand_off(attachments=_transcript(size)),
        "labels": lambda size: activity(channelData={"tags": many(lambda n: f"tag{n}", size)}),
        "labels in one text": lambda size: activity(channelData={"tags": ",".join(many(lambda n: f"tag{n}", size))}),
        "commands": lambda size: activity(channelData={"tags": many(lambda n: json.dumps({"a": n}), size)}),
        "buttons": lambda size: activity(
            text="", suggestedActions={"actions": many(lambda n: {"title": f"{n}", "type": "imBack"}, size)}
        ),
        "a card": lambda size: activity(attachments=[_card(size)]),
        "cards": lambda size: activity(attachments=many(lambda _: _card(1), size)),
        "members": lambda size: {**activity(), "type": "conversationUpdate", "membersAdded": many(activity, size)},
        "entities": lambda size: activity(entities=many(lambda n: {"type": "mention", "text": f"{n}"}, size)),
    },
    "telegram": {
        "links": lambda size: update(text="👩" * 1000, entities=many(_link, size)),
        "photos": lambda size: update(photo=many(lambda n: {"file_id": f"{n}", "width": n, "height": 1}, size)),
        "deletions": lambda size: {
            "update_id": 1,
            "deleted_business_messages": {
                "business_connection_id": "b",
                "chat": {"id": 5, "type": "private"},
                "message_ids": list(range(size // 7)),
            },
        },
        "unknown members": lambda size: update(**wide(lambda n: f"k{n}", size)),
        "a poll": lambda size: update(poll={"question": "q", "options": many(lambda n: {"text": f"o{n}"}, size)}),
    },
}


async def _used(pipeline: InMemory, dialect: str, body: bytes) -> None:
    """Post the body, deliver what it becomes, and ask the doctor."""
    try:
        if dialect == "cloudEvents":
            await pipeline.receiver.receive_events("contoso", body, {"content-type": "application/json"})
        else:
            await pipeline.receiver.receive_activity("contoso", *CHANNELS[dialect], body)
    except Refused as refusal:
        json.dumps([mistake.shown() for mistake in refusal.mistakes])
    await asyncio.sleep(0)
    history = await pipeline.configurations.of("contoso")
    diagnosis = await pipeline.receiver.aside.reading("contoso", body, diagnose, history, body, NOW)
    await asyncio.sleep(0)
    diagnosis.model_dump_json()
    for published in pipeline.publisher.events[:20]:
        await asyncio.sleep(0)
        await pipeline.deliveries.deliver(published.to_json().encode())


async def measured(dialect: str, shape: str, size: int, aside: type[Aside] = Aside) -> Figures:
    """The figures of one body."""
    pipeline = await InMemory().configured()
    pipeline.receiver = replace(pipeline.receiver, aside=aside())
    body = json.dumps(SHAPES[dialect][shape](size - 1000)).encode()
    _, kept = await kept_by(_used(pipeline, dialect, body))
    return Figures(f"{dialect}: {shape}", len(body), kept)


def cases(searched: int) -> Iterator[tuple[str, str, int]]:
    """Every shape in each size, and as many sizes at random as are searched."""
    shapes = [(dialect, shape) for dialect, known in SHAPES.items() for shape in known]
    yield from ((*one, size) for one in shapes for size in SIZES)
    chance = Random(0)
    yield from ((*chance.choice(shapes), chance.randrange(*SIZES[::3])) for _ in range(searched))


def kept(figures: list[Figures]) -> int:
    """How many of them kept the event loop for too long."""
    return sum(one.kept > LIMIT for one in figures)


def main(searched: int = SEARCHED) -> int:
    """Print the figures; 0 if no body kept the loop for too long."""
    logging.disable()
    figures = [asyncio.run(measured(*case)) for case in cases(searched)]
    slow = max(figures, key=lambda one: one.kept)
    print(
        f"large bodies: {len(figures)} of up to 1 MB: {kept(figures)} {KEPT} "
        f"(at most {1000 * slow.kept:.0f} ms, {slow.shape}, {slow.size:,} bytes)"
    )
    for one in sorted(figures, key=lambda each: -each.kept)[:8]:
        print(f"large bodies:   {1000 * one.kept:.0f} ms {one.shape}, {one.size:,} bytes")
    return int(kept(figures) > 0)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
