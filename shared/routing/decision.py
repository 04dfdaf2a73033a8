"""A routing decision with everything that explains it."""

from typing import Literal

from shared.routing.condition import ConditionTrace
from shared.wire import WireModel

RuleStatus = Literal["applied", "passedOver", "notMatched", "notReached"]
Outcome = Literal["routed", "held", "withoutEffect"]


class RuleTrace(WireModel):
    """The outcome of one rule. `passedOver`: it matched, but nobody in its queue may take this conversation."""

    name: str
    queue: str
    status: RuleStatus
    condition: ConditionTrace | None = None


class Cause(WireModel):
    """The fact that led to the decision."""

    fact_id: str
    type: str
    at: str
    bot: str | None = None


class Outranked(WireModel):
    """A bot that did not take the conversation because a human comes before it."""

    bot: str
    capacity: int


class Decision(WireModel):
    """Where a conversation went and why, or why it stayed.

    `outcome`: `routed`; `held` until `conversation.started` is known; `withoutEffect` for the `reason` given.
    `rule` is None for the fallback queue. `bot` took the conversation; it is None while the conversation waits for a
    human. `capacity` is that of this bot, or of the first human. `passed_over_bots` are the queue's bots that escalated
    before; `outranked` are its bots that come after a human.
    """

    cause: Cause
    outcome: Outcome
    reason: str | None = None
    work_stream: str | None = None
    configuration_version: int | None = None
    rules: tuple[RuleTrace, ...] = ()
    rule: str | None = None
    queue: str | None = None
    bot: str | None = None
    capacity: int | None = None
    passed_over_bots: tuple[str, ...] = ()
    outranked: tuple[Outranked, ...] = ()
