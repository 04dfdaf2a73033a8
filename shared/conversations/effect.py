"""Effects: what has to happen outside a conversation when it changes. Its outbox holds them until they are done."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field

from shared.contributions.row import Occasion, Row, Total
from shared.events.data import ChannelReference, Customer
from shared.retry import AttemptPolicy, next_attempt
from shared.threads.span import Share
from shared.wire import ExactModel, replace

FOLLOW_UP = "follow"
"""The id of the follow-up of all facts that go on."""
LEFT_OVER_AFTER = timedelta(seconds=30)
"""An effect this old that nobody tried was left over by a crash, and `sweep` performs it."""
ATTEMPTS = AttemptPolicy(first=timedelta(seconds=30), factor=3, longest=timedelta(hours=4), most=10)
"""How often an effect is tried. The ten attempts take 15 hours, longer than most outages."""
MOST_FOLLOW_UPS = 20
"""Follow-ups in one outbox. If so many fail, one follow-up of all facts takes their place."""


class Contribute(ExactModel):
    """Add the conversation's row to a total; `occasion` is the fact that led to it."""

    kind: Literal["contribute"] = "contribute"
    total: Total
    row: Row
    occasion: Occasion | None = None


class TellThread(ExactModel):
    """Tell the conversation's thread what it counts as by itself, and when its interval ended."""

    kind: Literal["tellThread"] = "tellThread"
    channel: ChannelReference
    share: Share


class FollowUp(ExactModel):
    """Repeat facts in the thread's next conversation, because their own one ended without knowing of them.

    `fact_id` names the only one; None: all that go on.
    """

    kind: Literal["followUp"] = "followUp"
    fact_id: str | None
    channel: ChannelReference
    customer: Customer
    ended_at: datetime


Effect = Annotated[Contribute | TellThread | FollowUp, Field(discriminator="kind")]
"""An effect may be performed twice without harm."""


class PendingEffect(ExactModel):
    """An effect in the outbox.

    `revision` is that of the head that asked for it. `attempts` failed, the last one with the code `last_error`. The
    next attempt is due at `next_at`; an effect without one is parked, and waits for somebody to replay it.
    """

    effect: Effect
    revision: int
    next_at: datetime | None
    attempts: int = 0
    last_error: str | None = None

    @property
    def is_parked(self) -> bool:
        return self.next_at is None

    def is_due(self, now: datetime) -> bool:
        """True if it may be performed now: nobody tried yet, or its pause is over."""
        return self.next_at is not None and (not self.attempts or self.next_at <= now)

    def failed(self, code: str, now: datetime, retry_after: timedelta) -> "PendingEffect":
        """This effect after one more attempt that failed. After the last one it is parked."""
        attempts = self.attempts + 1
        pause = next_attempt(attempts, retry_after, ATTEMPTS)
        return replace(self, attempts=attempts, last_error=code, next_at=None if pause is None else now + pause)


Outbox = Mapping[str, PendingEffect]
"""Pending effects by their ids. A later effect of an id replaces the earlier one."""


def is_blocked(pending: PendingEffect, outbox: Outbox) -> bool:
    """True if the effect must wait for another one: a row that counts, for the tombstones of its conversation's rows.

    So a conversation that moves to another month is never counted in both.
    """
    counts = isinstance(pending.effect, Contribute) and not is_tombstone(pending)
    return counts and any(is_tombstone(each) for each in outbox.values())


def is_tombstone(pending: PendingEffect) -> bool:
    """True if it takes a row out of its total."""
    return isinstance(pending.effect, Contribute) and pending.effect.row.standing is None


def at_revision(effect: Effect, revision: int) -> Effect | None:
    """The effect as a head of this revision asks for it; None if it has no revision."""
    match effect:
        case Contribute(row=row):
            return replace(effect, row=replace(row, revision=revision))
        case TellThread(share=share):
            return replace(effect, share=replace(share, revision=revision))
        case FollowUp():
            return None


def with_effects(
    outbox: Outbox, effects: Mapping[str, Effect], revision: int, now: datetime
) -> dict[str, PendingEffect]:
    """The outbox with the effects that a commit of this revision asks for now."""
    new = {
        name: PendingEffect(effect=effect, revision=revision, next_at=now + LEFT_OVER_AFTER)
        for name, effect in effects.items()
    }
    merged = {**outbox, **new}
    follow_ups = {name: each.effect for name, each in merged.items() if isinstance(each.effect, FollowUp)}
    if len(follow_ups) <= MOST_FOLLOW_UPS:
        return merged
    whole = replace(list(follow_ups.values())[-1], fact_id=None)
    others = {name: each for name, each in merged.items() if name not in follow_ups}
    return {**others, FOLLOW_UP: PendingEffect(effect=whole, revision=revision, next_at=now + LEFT_OVER_AFTER)}


def caused_by(effect: Effect) -> str | None:
    """The id of the fact that led to the effect; None if the effect does not name it."""
    match effect:
        case Contribute(occasion=occasion):
            return occasion.fact_id if occasion else None
        case FollowUp(fact_id=fact_id):
            return fact_id
        case TellThread():
            return None
