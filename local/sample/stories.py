"""The stories of conversations, as steps "who what" in order, and the lengths of their pauses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

STORIES: Mapping[str, str] = {
    # A story begins with the conversation's start, unless it has a start of its own. One without an end falls silent;
    # then the policy of whoever has the conversation ends it.
    "silent": "bot greeting",
    "announced": "",
    "resolved": "bot greeting, customer question, bot answer, customer thanks, bot end",
    "abandoned": "bot greeting, customer question, bot answer",
    "escalated": "bot greeting, customer question, bot answer, customer wants_human, bot escalate, system joined, "
    "agent hello, customer question, agent done, customer thanks, customer end",
    "at_once": "bot escalate, system joined, agent hello, customer question, agent done, customer end",
    "waiting": "bot greeting, customer question, customer wants_human, bot escalate, customer question",
    "human": "customer question, system joined, agent hello, agent answer, customer thanks, agent end",
    "unfinished": "customer question, agent hello",
    # The same thread once more: after a reminder, after an end by silence, and after any other end.
    "reminded": "bot greeting, customer question, bot answer, pause reminded, customer thanks, bot end",
    "returned": "bot greeting, customer question, bot answer, pause closed, customer question, bot answer, "
    "customer thanks, bot end",
    "followed_up": "bot greeting, customer question, bot answer, pause closed, customer question, bot answer",
    "again": "bot greeting, customer question, bot answer, bot end, pause later, customer question, bot answer, "
    "customer thanks, bot end",
    "given_up": "bot greeting, customer wants_human, bot escalate, pause unanswered, customer question, bot answer, "
    "customer end",
    # Smart assist: a bot that only the agent hears.
    "assisted": "customer question, system joined, assistant advice, agent hello, assistant answer, agent answer, "
    "customer thanks, agent end",
    "assisted_bot": "bot greeting, customer wants_human, bot escalate, system joined, assistant advice, agent hello, "
    "agent done, customer thanks, agent end",
    "survey": "customer question, system joined, agent hello, agent answer, bot survey, customer rating, agent end",
    "stuck": "customer question, agent hello, bot answer, customer wants_human, bot escalate, agent done, agent end",
    # Two bots.
    "expert": "expert greeting, customer question, expert answer, customer thanks, expert end",
    "taken_over": "bot greeting, customer question, bot refer, expert answer, customer thanks, expert end",
    "twice_escalated": "bot greeting, customer question, bot refer, expert answer, customer wants_human, "
    "expert escalate, agent hello, agent done, customer thanks, agent end",
    "two_voices": "bot greeting, customer question, bot answer, expert survey, customer rating, bot end",
    # Corrections: a step marked late arrives on 2 November, and changes the bill.
    "moved": "customer question, system joined, bot answer late, agent hello, pause edge, bot survey, "
    "customer rating, agent end",
    "moved_by_start": "customer start late, pause midnight, customer question, bot answer, customer thanks, bot end",
    "promoted": "customer question, system joined, assistant advice, agent hello, bot escalate late, agent answer, "
    "customer thanks, agent end",
    "recalled": "customer question, agent hello, bot answer late, agent done, customer thanks, agent end",
    "overruled": "customer question, agent hello, agent end late, bot survey, customer rating, agent end",
}
"""Agents and the system speak in CloudEvents only: their lines do not come by a bot's webhook."""

PAUSES: Mapping[str, tuple[float, float]] = {
    "reminded": (500, 700),
    "closed": (4000, 5500),
    "later": (7200, 18000),
    "unanswered": (50 * 3600, 60 * 3600),
    "edge": (600, 660),
    "midnight": (130, 180),
}
"""Seconds, from and to. The examples' bots remind after 240 or 300 s, and close after 900, 1200 or (on Telegram) 3600.
Where people were asked, a conversation closes after 12, 24 or 48 hours."""


@dataclass(frozen=True)
class Part:
    """`count` conversations of one story on one channel; `at` fixes the start, else a busy hour of some day does."""

    account: str
    channel: str
    story: str
    count: int = 1
    at: str | None = None
    variables: Mapping[str, str | int] | None = None
    work_stream: str | None = None


def steps_of(story: str) -> Sequence[tuple[str, str, bool]]:
    """The story's steps: who, what, and True if the step arrives late."""
    steps = [step.split() for step in STORIES[story].split(", ") if step]
    if not steps or steps[0][1] != "start":
        steps.insert(0, ["customer", "start"])
    return [(who, what, late == ["late"]) for who, what, *late in steps]
