"""Bot sessions: when a conversation counts, in which month, and what proves it.

The rule (seed 000, "Bot sessions usage"): a bot session is a conversation in which a bot is invoked, at the beginning,
during, or at the end. Two bots count as one session, an escalated conversation counts, smart assist does not.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from shared.wire import ExactModel

POLICY = "bot-session-2020/1"
"""The counting policy and its version; a report names the one that counted."""

Invoking = Literal["decision", "message.posted", "bot.escalated"]


class Invocation(ExactModel):
    """The first time that a bot was invoked, what invoked it (`through`), and the fact that proves it."""

    at: datetime
    bot: str
    through: Invoking
    fact_id: str


class BotSession(ExactModel):
    """A counted conversation: its first invocation fixes `month` (yyyy-mm) and `day`; `bots` in order of invocation."""

    started_at: datetime
    month: str
    day: str
    bots: tuple[str, ...]


def with_invocation(known: Iterable[Invocation], new: Invocation) -> tuple[Invocation, ...]:
    """The first invocation of each bot among `known` and `new`, earliest first."""
    first: dict[str, Invocation] = {}
    for invocation in sorted((*known, new), key=_order):
        first.setdefault(invocation.bot, invocation)
    return tuple(sorted(first.values(), key=_order))


def _order(invocation: Invocation) -> tuple[datetime, str, str]:
    return invocation.at, invocation.fact_id, invocation.bot
