"""The stamp: when an ingress received the request that an event came in, and the event's position in that request.

Two extension attributes carry it, `ingresstime` (RFC 3339) and `ingressposition` (from 0). A webhook and the route
`events` write them over whatever the sender wrote there; on the bus they are believed. They are no content: a retry has
others, and still is the same event.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from shared.events.envelope import format_time, parse_time

TIME, POSITION = "ingresstime", "ingressposition"
CHANNEL = "ingresschannel"
"""The extension attribute with the mark of the channel whose proof an event came with."""
MARK_LENGTH = 16
"""Characters of a channel's mark."""
MAX_POSITION = 2**31 - 1
"""The greatest Integer that an attribute of a CloudEvent may be."""


@dataclass(frozen=True, order=True)
class Stamp:
    """The time of a request, which no other request of the same process has, and a position in that request."""

    time: datetime
    position: int = 0

    def attributes(self) -> dict[str, Any]:
        """The extension attributes that carry this stamp."""
        return {TIME: format_time(self.time), POSITION: self.position}


LONGEST = {**Stamp(datetime.max.replace(tzinfo=UTC), MAX_POSITION).attributes(), CHANNEL: "0" * MARK_LENGTH}
"""No attributes of an ingress take more bytes. Every event must have room for them, so that no sender's own stay."""


def stamp_of(carrier: Mapping[str, Any]) -> Stamp | None:
    """The stamp in an event's attributes; None if it is absent or malformed."""
    time, position = carrier.get(TIME), carrier.get(POSITION)
    if not isinstance(time, str) or not isinstance(position, int) or isinstance(position, bool):
        return None
    try:
        return Stamp(parse_time(time), position) if 0 <= position <= MAX_POSITION else None
    except ValueError:
        return None


def arrival(carrier: Mapping[str, Any], now: datetime) -> datetime:
    """When an event that is handled now had come in."""
    stamp = stamp_of(carrier)
    return min(stamp.time, now) if stamp else now


def positions(ids: Sequence[str], answered: Sequence[str | None]) -> list[int]:
    """The position of each event of a request: its index, but that no event stands before the one that it answers.

    `ids` are the events' ids, `answered` the id that each of them says it answers.
    """
    first = {event_id: index for index, event_id in reversed(list(enumerate(ids)))}
    placed: dict[int, int] = {}
    for index in range(len(ids)):
        chain: dict[int, None] = {}
        link: int | None = index
        # Senders may have events answer each other in a circle.
        while link is not None and link not in placed and link not in chain:
            chain[link] = None
            link = first.get(answered[link] or "")
        for each in reversed(chain):
            placed[each] = len(placed)
    return [placed[index] for index in range(len(ids))]
