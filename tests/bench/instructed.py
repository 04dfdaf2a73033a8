"""The program whose instructions are counted: it receives and delivers events of each type when it is told to.

Run by `tests.bench.instructions`. Before each step it prints the step's name, after it an empty line, and waits for a
line after both.
"""

import asyncio
import gc
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path

from shared.bootstrap import EmbeddedPipeline
from shared.events.codec import encode_event, event_from
from shared.events.envelope import OWN_SOURCE, format_time
from tests.bench.growth import BEGAN, opened
from tests.bench.lifecycle import ENDED, ESCALATED, MESSAGE, STARTED, TENANT, Sender

TIMEOUT = "inactivity.timeout"
RECEIVED, DELIVERED = "received", "delivered"
EVENTS = 20
"""Events in a step."""
_WARM_UP = 40

Step = Callable[[str, Callable[[], Awaitable[None]]], Awaitable[None]]


async def play(pipeline: EmbeddedPipeline, named: str, count: int, step: Step) -> None:
    """Receive and deliver the events of so many conversations, one type after the other, each in steps of its own."""
    senders = [Sender(f"{named}-{number}", BEGAN) for number in range(count)]
    for number, event_type in enumerate((STARTED, MESSAGE, ESCALATED, TIMEOUT, ENDED)):
        if event_type == TIMEOUT:
            published = [_timeout(sender) for sender in senders]
        else:
            bodies = [sender.event(number, event_type) for sender in senders]
            await step(f"{event_type} {RECEIVED}", partial(_receive, pipeline, bodies))
            published = _published(pipeline, count)
        await step(f"{event_type} {DELIVERED}", partial(_deliver, pipeline, published))


async def _receive(pipeline: EmbeddedPipeline, bodies: Sequence[bytes]) -> None:
    for body in bodies:
        await pipeline.receiver.receive_events(TENANT, body, {"content-type": "application/cloudevents+json"})


async def _deliver(pipeline: EmbeddedPipeline, bodies: Sequence[bytes]) -> None:
    for body in bodies:
        await pipeline.deliveries.deliver(body)


def _published(pipeline: EmbeddedPipeline, count: int) -> list[bytes]:
    """The last bodies on the bus."""
    rows = pipeline.database.query("SELECT body FROM messages ORDER BY sequence DESC LIMIT ?", (count,))
    return [row["body"] for row in reversed(rows)]


def _timeout(sender: Sender) -> bytes:
    """The question of a sweep whether anything is due, which nothing is."""
    at = format_time(BEGAN + timedelta(minutes=1))
    document = {
        "specversion": "1.0", "id": f"{sender.conversation}-due", "source": OWN_SOURCE, "type": TIMEOUT, "time": at,
        "subject": sender.conversation, "tenantid": TENANT, "data": {"dueAt": at},
    }  # fmt: skip
    return encode_event(event_from(document))


async def _at_once(_: str, work: Callable[[], Awaitable[None]]) -> None:
    await work()


async def _when_told(name: str, work: Callable[[], Awaitable[None]]) -> None:
    gc.collect()
    _wait(name)
    await work()
    _wait("")


def _wait(told: str) -> None:
    sys.stdout.write(f"{told}\n")
    sys.stdout.flush()
    sys.stdin.readline()


async def main() -> None:
    """Warm up, then do each step when it is told to."""
    with tempfile.TemporaryDirectory() as folder:
        async with opened(Path(folder) / "patchbay.db") as pipeline:
            await play(pipeline, "warm-up", _WARM_UP, _at_once)
            await play(pipeline, "counted", EVENTS, _when_told)


if __name__ == "__main__":
    asyncio.run(main())
