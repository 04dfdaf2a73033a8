"""Rating: what a conversation's bot activity counts as, by a named policy."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from shared.conversations.bot_activity import BotActivity, Invocation

Uncounted = Literal["no_bot", "smart_assist_only", "continues"]
"""Why a conversation does not count. `continues`: it is a part of the session of the conversation before it."""


@dataclass(frozen=True)
class Rating:
    """What a conversation counts as: one session of `day` (yyyy-mm-dd), or none, for the reason in `excluded`.

    `proof` is the invocation that makes it count.
    """

    day: str
    excluded: Uncounted | None
    proof: Invocation | None
    bots: tuple[str, ...]


@dataclass(frozen=True)
class Policy:
    """A rule of counting; `name` and `version` name it. `rate` gives None while nothing has begun."""

    name: str
    version: int
    rate: Callable[[BotActivity], Rating | None]

    def __str__(self) -> str:
        return f"{self.name}/{self.version}"


def _bot_session(activity: BotActivity) -> Rating | None:
    """One session, on the day of the first invocation, however many bots take part; without one, the day it began.

    Seed 000, "Bot sessions usage": a bot session is a conversation in which a bot is invoked, at the beginning, during,
    or at the end. Two bots count as one session, an escalated conversation counts, smart assist does not.
    """
    day = activity.invoked_on or activity.began_on
    if day is None:
        return None
    if activity.continues:
        return Rating(activity.began_on or day, "continues", None, activity.bots)
    if activity.first is None:
        return Rating(day, "smart_assist_only" if activity.smart_assist else "no_bot", None, ())
    return Rating(day, None, activity.first, activity.bots)


BOT_SESSION_2020 = Policy("bot-session-2020", 1, _bot_session)
INVOICED = BOT_SESSION_2020
"""The policy by which months are reported, closed and invoiced."""
