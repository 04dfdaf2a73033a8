"""The stories of conversations, as steps "who what" in order, and the lengths of their pauses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

Arrival = Literal["prompt", "held", "delayed", "late"]
"""When word of a step arrives: at once, after the next step, after an outage of two hours, or on 2 November."""

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
    # Backlogs: a step marked delayed arrives two hours later. Silence counts from then on, so neither a whole chat is
    # closed nor one whose answer was delayed. What counts goes by the steps' own times: with the delayed answer, a
    # conversation that silence ended would have gone on until the customer came back, or not so long.
    "outage": "customer start delayed, bot greeting delayed, customer question delayed, bot answer delayed, "
    "pause outage, customer thanks, bot end",
    "answered_late": "bot greeting, customer question, bot answer delayed, pause outage, customer thanks, bot end",
    "overlapped": "bot greeting, customer question, bot answer, pause noted, bot answer delayed, pause overlapping, "
    "customer question, bot answer, customer thanks, bot end",
    "interrupted": "bot greeting, customer question, bot answer, pause noted, bot answer delayed, pause closed, "
    "customer question, bot answer, customer thanks, bot end",
    # A bot that does not answer: nobody is closed, and people take over if the tenant wants that.
    "unanswered": "bot greeting, customer question",
    "failed_over": "bot greeting, customer question, pause failed_over, agent hello, customer thanks, agent end",
    # Lines that are changed; the first change overtakes its line.
    "edited": "bot greeting, customer question held, customer edit, bot answer, bot edit, customer thanks, "
    "customer removal, bot end",
    # Buttons: a pressed one is the customer's answer, so nobody is closed while the bot takes its time.
    "chosen": "bot greeting, customer question, bot offer, customer press, bot answer, customer thanks, bot end",
    "pressed": "bot greeting, customer question, bot offer, pause reminded, customer press, pause reminded, "
    "bot answer, customer thanks, bot end",
    "pressed_last": "bot greeting, customer question, bot offer, pause reminded, customer press",
    # Corrections: a step marked late arrives on 2 November, and changes the bill.
    "moved": "customer question, system joined, bot answer late, agent hello, pause edge, bot survey, "
    "customer rating, agent end",
    "moved_by_start": "customer start late, pause midnight, customer question, bot answer, customer thanks, bot end",
    "promoted": "customer question, system joined, assistant advice, agent hello, bot escalate late, agent answer, "
    "customer thanks, agent end",
    "recalled": "customer question, agent hello, bot answer late, agent done, customer thanks, agent end",
    "overruled": "customer question, agent hello, agent end late, bot survey, customer rating, agent end",
}
"""Agents and the system speak in CloudEvents only: their lines do not come by a bot's webhook. Telegram tells of no
message that a customer removes."""

PAUSES: Mapping[str, tuple[float, float]] = {
    "reminded": (500, 700),
    "closed": (4000, 5500),
    "later": (7200, 18000),
    "unanswered": (50 * 3600, 60 * 3600),
    "edge": (600, 660),
    "midnight": (130, 180),
    "outage": (7210, 7250),
    "noted": (650, 680),
    "overlapping": (720, 760),
    "failed_over": (600, 900),
}
"""Seconds, from and to. The examples' bots remind after 240 or 300 s, and close after 900, 1200 or (on Telegram) 3600.
Where people were asked, a conversation closes after 12, 24 or 48 hours. People take over from a bot after 300 s."""


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


def steps_of(story: str) -> Sequence[tuple[str, str, Arrival]]:
    """The story's steps: who, what, and when word of it arrives."""
    steps = [step.split() for step in STORIES[story].split(", ") if step]
    if not steps or steps[0][1] != "start":
        steps.insert(0, ["customer", "start"])
    return [(who, what, _arrival(marks)) for who, what, *marks in steps]


def _arrival(marks: Sequence[str]) -> Arrival:
    return next((arrival for arrival in get_args(Arrival) if arrival in marks), "prompt")
