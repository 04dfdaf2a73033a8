"""What became of a conversation after a decision: the words of its explanation that depend on later facts."""

from typing import NamedTuple


class Answered(NamedTuple):
    """An agent's public line: the agent's id, and when it was said."""

    agent: str
    at: str


class Ended(NamedTuple):
    """The end: by whom, why, when, and with which note."""

    by: str
    reason: str
    at: str
    note: str | None = None


class Afterwards(NamedTuple):
    """What followed a decision until the next one that routed the conversation.

    `reason` is why the bot escalated, by its own words. `answered` is the first line of an agent, `holder` the agent
    who wrote last. `routed_at` is when the conversation was routed anew; then nothing later is told here.
    """

    reason: str | None = None
    answered: Answered | None = None
    holder: str | None = None
    ended: Ended | None = None
    routed_at: str | None = None
