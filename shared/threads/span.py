"""Spans: conversations of a thread that continue each other, and count as one bot session. Pure.

A conversation continues the one before if it begins before that one would have ended by its facts' own times. So no
delay, order or repetition of what channels say adds a session.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from shared.events.data import Holder, SpanInvocation
from shared.events.envelope import format_time, parse_time
from shared.events.types.session_settled import NOT_SETTLED, Settlement
from shared.wire import ExactModel, replace

MOST_TELLINGS = 200
"""How often a conversation is told something else that it counts as."""


class Share(ExactModel):
    """What a conversation tells its thread, at one revision of its head.

    It began at `begins` and its interval ended at `closed_at`. By its facts' own times it went on until `open_until`,
    when `holder` had it. `newest` is the time of the newest fact that came for it from outside.
    """

    revision: int
    begins: datetime
    closed_at: datetime | None = None
    open_until: datetime | None = None
    holder: Holder | None = None
    invocation: SpanInvocation | None = None
    newest: datetime | None = None


def settlements(shares: Sequence[Share | None], begun: Sequence[datetime]) -> list[Settlement]:
    """What each conversation of a thread counts as, oldest first. `begun` says when each began.

    A share is None if its conversation has told nothing yet.
    """
    continues = [False, *(_goes_on_to(share, at) for share, at in zip(shares, begun[1:], strict=False))]
    settled = []
    for number, share in enumerate(shares):
        before = shares[number - 1] if number else None
        following = begun[number + 1] if number + 1 < len(begun) else None
        within = list(_of_span(number, shares, continues))
        settled.append(
            Settlement(
                continues=continues[number],
                holder=before.holder if before and continues[number] else None,
                next_at=format_time(following) if following and _has_newer(share, following) else None,
                invocation=None if continues[number] else _first(share, within),
            )
        )
    return settled


def _goes_on_to(share: Share | None, begins: datetime) -> bool:
    return share is not None and share.open_until is not None and begins <= share.open_until


def _has_newer(share: Share | None, following: datetime) -> bool:
    return share is not None and share.newest is not None and share.newest >= following


def _of_span(number: int, shares: Sequence[Share | None], continues: Sequence[bool]) -> Iterator[SpanInvocation]:
    """The first invocation of each conversation that continues this one."""
    for share, goes_on in zip(shares[number + 1 :], continues[number + 1 :], strict=True):
        if not goes_on:
            return
        if share is not None and share.invocation is not None:
            yield share.invocation


def _first(share: Share | None, others: Sequence[SpanInvocation]) -> SpanInvocation | None:
    """The first of the others, if it comes before the conversation's own first one."""
    first = min(others, key=lambda one: parse_time(one.at), default=None)
    own = share.invocation if share else None
    return first if first and (own is None or parse_time(first.at) < parse_time(own.at)) else None


class Settled(ExactModel):
    """The newest settlement that a conversation was told, with the number and the time of the telling."""

    number: int = 0
    at: datetime | None = None
    settlement: Settlement = NOT_SETTLED

    def after(self, settlement: Settlement, now: datetime) -> "Settled":
        """This settlement, or the next one if it is another one.

        What was told too often stays, so that no thread tells its conversations one thing and another for ever.
        """
        if settlement == self.settlement or self.number == MOST_TELLINGS:
            return self
        return replace(self, number=self.number + 1, at=now, settlement=settlement)
