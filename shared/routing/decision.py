"""A routing decision with everything that it was made from."""

from typing import Any, Literal

from pydantic import Field

from shared.wire import ExactModel

Outcome = Literal["routed", "failedOver", "held", "withoutEffect"]


class Cause(ExactModel):
    """The fact that led to the decision."""

    fact_id: str
    type: str
    at: str
    bot: str | None = None


class Given(ExactModel):
    """What one fact gave to variables: `values`; the variables named in `long` have a value that only the fact has."""

    fact_id: str
    at: str
    set_by: str
    values: dict[str, Any]
    long: tuple[str, ...] = ()


class Decision(ExactModel):
    """Where a conversation went, or why it stayed, with the inputs of `decide`, from which a trace can be made.

    `outcome`: `routed`; `failedOver` to people, because a bot did not answer; `held` until `conversation.started` is
    known; `withoutEffect` for the `reason` given.
    `variables` are those that the rules read. `excluded_bots` says of bots why they may not have the conversation.
    `revision` is that of `decide`. `rule` is None for the fallback queue. `bot` took the conversation; it is None while
    the conversation waits for a human. `capacity` is that of this bot, or of the first human.
    """

    cause: Cause
    outcome: Outcome
    reason: str | None = None
    work_stream: str | None = None
    configuration_version: int | None = None
    variables: tuple[Given, ...] = ()
    excluded_bots: dict[str, Literal["escalated"]] = Field(default_factory=dict)
    revision: int | None = None
    rule: str | None = None
    queue: str | None = None
    bot: str | None = None
    capacity: int | None = None
