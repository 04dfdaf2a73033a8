"""The course of a conversation by its facts' own times, as it would have been with prompt delivery and timers. Pure.

What an end for silence did stands; what counts is judged here, so that no delay and no order adds a bot session.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.conversations.changes import counts_at_the_end, may_invoke
from shared.conversations.conversation import Conversation
from shared.conversations.extent import Extent
from shared.conversations.fact import Fact
from shared.conversations.holder import Silence, Stay, from_the_beginning
from shared.conversations.silence_policy import LONGEST_SILENCE, fail_over_of, silence_policy
from shared.tenants.history import History


@dataclass(frozen=True)
class Course:
    """How long a conversation went on (`open_until`), who had it then, and which invocations of bots count otherwise.

    `invoked_at` says of facts when they invoke a bot, where that is not at their time; None: they invoke none.
    """

    open_until: datetime
    stay: Stay | None
    invoked_at: Mapping[str, datetime | None] = field(default_factory=dict)


def course_of(conversation: Conversation, extent: Extent, stays: Mapping[str, Stay], history: History) -> Course:
    """The course of a conversation with these facts, at least one, which are folded into it.

    `stays` are all that it had, by the facts that led to them, of which the conversation keeps the newest.
    """
    walk = _Walk(conversation, extent, stays, history)
    for fact in extent.own:
        walk.go(fact)
    return Course(walk.open_until(), walk.stay, walk.invoked_at)


class _Walk:
    """Goes through a conversation's facts in order. `ended_at`: when the stretch that it is in ended, if it did."""

    def __init__(self, conversation: Conversation, extent: Extent, stays: Mapping[str, Stay], history: History) -> None:
        self._conversation, self._history, self._end = conversation, history, extent.end
        self._known_to = extent.goes_on_after
        self._continues = extent.settlement.continues
        self._stays = stays
        carried = extent.settlement.holder if self._continues else None
        self._first = extent.own[0]
        since = from_the_beginning(self._first.order)
        self.stay = Stay(since=since, holder=carried.kind, id=carried.id) if carried else None
        self.invoked_at: dict[str, datetime | None] = {}
        self._silence = Silence()
        self._began_at = self._since = self._first.at
        self._ended_at: datetime | None = None
        self._is_closed = False

    def go(self, fact: Fact) -> None:
        """Go on to the next fact. What Patchbay said and did itself does not count here, but for an assumed start."""
        event = fact.event
        if fact.is_ours and not event.breaks_silence:
            return
        if self._ended_at is None:
            self._pass_until(fact.at)
        if event.ends_conversation:
            self._close(fact)
        elif self._ended_at is None or (event.asks_for_somebody and not self._is_closed):
            self._speak(fact)
        elif event.author is not None and event.author.role == "bot":
            configuration = self._history.at(fact.at).configuration
            self._count(fact, self._ended_at if counts_at_the_end(fact, self._ended_at, configuration) else None)

    def open_until(self) -> datetime:
        """When the last stretch ended, or will end if nobody says anything more."""
        if self._ended_at is None:
            self._fail_over(None)
        return self._ended_at or self._ends_at()

    def _pass_until(self, moment: datetime) -> None:
        """Let the time go by until the next fact. Before the start is known nobody has it, and silence ends nothing."""
        if self._silence.since is None or self.stay is None:
            return
        self._fail_over(moment)
        ends_at = self._ends_at()
        if moment > ends_at:
            self._ended_at = ends_at

    def _close(self, end: Fact) -> None:
        if end is self._end:
            # A bot's end after silence ended the conversation is of one that is over.
            self._count(end, None if self._ended_at else end.at)
            self._is_closed = True
            self._ended_at = min(self._ended_at or end.at, end.at)

    def _speak(self, fact: Fact) -> None:
        """Somebody says something while the conversation goes on, or begins a new stretch of it."""
        if self._ended_at is not None:
            # As in a new conversation, which would be routed anew.
            self._ended_at, self._silence = None, Silence("ours")
            self.stay = self._stays.get(self._first.id, self.stay)
        stay = self._stays.get(fact.id)
        counts = not self._began_after_end(fact)
        if stay is not None and self._continues and stay.holder != "agent":
            # Who has it was routed anew, but for what counts the conversation before goes on.
            counts = fact.event.hands_over and self.stay is not None and self.stay.holder == "bot"
            stay = stay if counts else None
        if stay is not None:
            self.stay = stay
        before = self._silence
        self._silence = before.after(fact, self.stay, self._history)
        if self._silence is not before:
            # A line may be dated before the start, which comes first all the same.
            self._since = max(fact.at, self._began_at)
        self._count(fact, fact.at if counts else None)

    def _count(self, fact: Fact, at: datetime | None) -> None:
        """Note when the fact invokes a bot, if the fold alone would say another moment."""
        configuration = self._history.at(fact.at).configuration
        if not may_invoke(fact, configuration):
            return
        closed_at = self._conversation.closed_at
        usual: datetime | None = fact.at
        if closed_at is not None and self._is_after_end(fact):
            usual = closed_at if counts_at_the_end(fact, closed_at, configuration) else None
        if at != usual:
            self.invoked_at[fact.id] = at

    def _is_after_end(self, fact: Fact) -> bool:
        # The start comes first, wherever its own place is.
        return self._end is not None and fact is not self._first and fact.order > self._end.order

    def _began_after_end(self, fact: Fact) -> bool:
        """True for a start that is later than the end: whatever is said then is in the thread's next conversation."""
        is_start = fact.event.author is None and fact.event.begins_conversation == "always"
        if not is_start or self._end is None or self._known_to is None:
            return False
        return fact.at > self._end.at and fact.order > self._known_to

    def _fail_over(self, until: datetime | None) -> None:
        """Give the conversation to people if its bot leaves the customer unanswered for too long before `until`."""
        asked, stay = self._silence.asked, self.stay
        if asked is None or stay is None:
            return
        fail_over = fail_over_of(stay, self._silence, self._history.at(asked.at).configuration)
        if fail_over is None:
            return
        at = max(asked.at, self._began_at) + timedelta(seconds=fail_over.after)
        if until is None or at <= until:
            self.stay = Stay(since=asked.order, holder="queue", id=fail_over.queue)
            self._since = max(self._since, at)

    def _ends_at(self) -> datetime:
        """When silence ends the stretch: a timer that comes then goes on if the policy in force by then is longer."""
        ends_at = self._since
        while (later := self._since + self._close_after(ends_at)) > ends_at:
            ends_at = later
        return ends_at

    def _close_after(self, moment: datetime) -> timedelta:
        """How long the silence may last by the policy in force at this moment."""
        if self.stay is None:
            return LONGEST_SILENCE
        configuration = self._history.at(moment).configuration
        return silence_policy(self._conversation, self.stay, self._silence.turn, configuration).close_after
