"""The conversation: the model that the fold computes, and that heads store."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from shared.conversations.bot_activity import BotActivity
from shared.conversations.order import SortKey
from shared.conversations.state import State
from shared.events.data import ChannelReference, Customer
from shared.events.types.conversation_ended import EndedBy, EndReason
from shared.routing.context_variable import Assignment
from shared.routing.decision import Decision
from shared.wire import ExactModel, replace

WarningCode = Literal[
    "unknown_work_stream", "unknown_channel", "unknown_bot", "unusable_variable", "too_many_variables",
    "escalation_without_effect", "value_near_miss",
]  # fmt: skip
"""The codes of warnings that the fold itself gives. The others are codes of notes (`shared/events/notes.py`)."""
MOST_WARNINGS = 20
"""The codes of warnings that a conversation keeps: the first ones."""
MOST_NOTED = 10
"""How often a note of one code is counted, so that a long conversation does not change with each line."""


class ConversationWarning(ExactModel):
    """Something that an administrator or a bot's developer should look at; it stops nothing.

    A conversation has one of each code: `detail` is that of the first, `count` is how many there were. The detail of a
    note is its path.
    """

    code: str
    detail: str
    count: int = 1


class Unseen(ExactModel):
    """The facts that an end did not know of: `count` from outside, at the place `since` in the order or after it."""

    since: SortKey
    count: int


class Conversation(ExactModel):
    """The state that a conversation's facts add up to.

    `unseen`: the facts that its end did not know of, and that are repeated in the thread's next conversation.
    `ends_at` is its end's place in the order, `goes_on_after` the place up to which the end knew the facts; None while
    the conversation is open, and the latter also if only a fact that did not come yet can tell. `folded_to`: the last
    place in the order of a fact that was folded. `decisions` are no part of its document: they are stored as documents
    of their own. There are `decision_count` of them; where those made before were not read, `decisions` holds the newer
    ones alone.
    """

    tenant_id: str
    conversation_id: str
    key: str
    state: State = "open"
    work_stream: str | None = None
    queue: str | None = None
    bot: str | None = None
    agent: str | None = None
    channel: ChannelReference | None = None
    customer: Customer | None = None
    assignments: dict[str, Assignment] = Field(default_factory=dict)
    warnings: tuple[ConversationWarning, ...] = ()
    started_at: datetime | None = None
    last_activity_at: datetime | None = None
    escalated_at: datetime | None = None
    closed_at: datetime | None = None
    closed_by: EndedBy | None = None
    closed_reason: EndReason | None = None
    unseen: Unseen | None = None
    ends_at: SortKey | None = None
    goes_on_after: SortKey | None = None
    folded_to: SortKey | None = None
    escalated_bots: tuple[str, ...] = ()
    bot_activity: BotActivity = Field(default_factory=BotActivity)
    decision_count: int = 0
    decisions: tuple[Decision, ...] = Field(default=(), exclude=True)

    @property
    def has_all_decisions(self) -> bool:
        """True if none of its decisions was left out when it was read."""
        return len(self.decisions) == self.decision_count

    def without_lines(self) -> "Conversation":
        """This conversation without what any line may change: exact once all facts are folded, and worth no commit."""
        activity = self.bot_activity.without_turns()
        return replace(self, last_activity_at=None, folded_to=None, bot_activity=activity)
