"""Stamps the events that come in, so that those of equal times keep the order in which they came."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from shared.clock import Clock
from shared.errors import EventTooLarge
from shared.events.catalog import Event
from shared.events.claim_check import CheckedIn
from shared.events.codec import MAX_EVENT_BYTES, encode_event
from shared.events.content import NATIVE_ID
from shared.events.stamp import Stamp, positions

_STEP = timedelta(microseconds=1)


class Stamps:
    """Gives each request of a process its time: that of the clock, and later than any that was given before."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last: datetime | None = None

    def next(self) -> datetime:
        """The time of a request that comes now."""
        now = self._clock.now()
        # A clock may stand still, or be set back.
        self._last = now if self._last is None else max(now, self._last + _STEP)
        return self._last


def stamped(events: Sequence[CheckedIn], time: datetime) -> list[CheckedIn]:
    """The events of a request that came at this time, each with its position there, whatever stamps they had."""
    placed = positions([_native_id(one.event) for one in events], [_answered(one.event) for one in events])
    return [
        replace(one, event=one.event.with_unknown(Stamp(time, position).attributes()))
        for one, position in zip(events, placed, strict=True)
    ]


def with_stamp(event: Event, stamp: Stamp) -> Event:
    """An event that was not checked in, with this stamp. Raises EventTooLarge."""
    carrying = event.with_unknown(stamp.attributes())
    size = len(encode_event(carrying))
    if size > MAX_EVENT_BYTES:
        raise EventTooLarge(size, MAX_EVENT_BYTES)
    return carrying


def _native_id(event: Event) -> str:
    """The id by which others answer the event."""
    return str(event.attributes.get(NATIVE_ID, event.id))


def _answered(event: Event) -> str | None:
    """The id that the event says it answers, as Bot Framework's activities do."""
    named = (event.data.model_extra or {}).get("replyToId")
    return named if isinstance(named, str) else None
