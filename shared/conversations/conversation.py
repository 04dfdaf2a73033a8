"""The conversation: the model that the fold computes, and that heads store."""

import operator
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from shared.conversations.bot_activity import BotActivity, Invocation
from shared.conversations.holder import Stay
from shared.conversations.order import SortKey
from shared.conversations.state import State
from shared.events.data import ChannelReference, Customer, Holder
from shared.events.types.conversation_ended import EndedBy, EndReason
from shared.events.types.session_settled import NOT_SETTLED, Settlement
from shared.routing.context_variable import Assignment
from shared.routing.decision import Decision
from shared.wire import ExactModel, replace

WarningCode = Literal[
    "unknown_work_stream", "unknown_channel", "unknown_bot", "unknown_agent", "unusable_variable", "too_many_variables",
    "variable_too_large", "escalation_without_effect", "value_near_miss",
]  # fmt: skip
"""The codes of warnings that the fold itself gives. The others are codes of notes (`shared/events/notes.py`)."""
MOST_WARNINGS = 20
"""The codes of warnings that a conversation keeps: the first ones."""
MOST_NOTED = 10
"""How often a note of one code is counted, so that a long conversation does not change with each line."""


LONGEST_REMARK = 1000
"""Characters that a head holds of what an end or an escalation says; the explanation of its routing has all."""


def shortened(remark: str | None) -> str | None:
    """As much of a remark as a head holds."""
    return None if remark is None else remark[:LONGEST_REMARK]


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


class EarlyEscalation(ExactModel):
    """An escalation by a bot that did not have the conversation then, and may get it within minutes."""

    fact_id: str
    at: datetime
    bot: str
    context_variables: dict[str, Any]


def _is_not_settled(settlement: Settlement) -> bool:
    return settlement == NOT_SETTLED


class Conversation(ExactModel):
    """The state that a conversation's facts add up to.

    `stays` are the newest of those who had the conversation, one after another. `early_escalations` take effect if
    their bots get it in time.
    `closed_note` and `escalation_reason` are what its end and its latest escalation say, shortened to 1,000 characters.
    `unseen`: the facts that its end did not know of, and that are repeated in the thread's next conversation.
    `settlement`: what it counts as in its thread. By its facts' own times it went on until `open_until`, when
    `last_holder` had it; `newest_at` is the time of the newest fact that came from outside. All three are None while it
    is open.
    `has_uncounted`: some of its facts invoke a bot at another moment than their own, or not at all.
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
    closed_note: str | None = None
    escalation_reason: str | None = None
    unseen: Unseen | None = None
    settlement: Settlement = Field(default=NOT_SETTLED, exclude_if=_is_not_settled)
    open_until: datetime | None = Field(default=None, exclude_if=operator.not_)
    last_holder: Holder | None = Field(default=None, exclude_if=operator.not_)
    newest_at: datetime | None = Field(default=None, exclude_if=operator.not_)
    has_uncounted: bool = Field(default=False, exclude_if=operator.not_)
    ends_at: SortKey | None = None
    goes_on_after: SortKey | None = None
    folded_to: SortKey | None = None
    stays: tuple[Stay, ...] = ()
    escalated_bots: tuple[str, ...] = ()
    early_escalations: tuple[EarlyEscalation, ...] = Field(default=(), exclude_if=operator.not_)
    bot_activity: BotActivity = Field(default_factory=BotActivity)
    invoked_at: dict[str, datetime | None] = Field(default_factory=dict, exclude=True)
    """When facts invoke a bot, where that is not at their time, while the conversation is folded."""
    decision_count: int = 0
    decisions: tuple[Decision, ...] = Field(default=(), exclude=True)

    @property
    def stay(self) -> Stay | None:
        """Who has the conversation; None while its start is unknown."""
        return self.stays[-1] if self.stays else None

    @property
    def has_all_decisions(self) -> bool:
        """True if none of its decisions was left out when it was read."""
        return len(self.decisions) == self.decision_count

    def with_decision(self, decision: Decision) -> "Conversation":
        return replace(self, decisions=(*self.decisions, decision), decision_count=self.decision_count + 1)

    def with_warning(self, code: str, detail: str, count: int = 1) -> "Conversation":
        """This conversation with so many more warnings of the code, unless it has too many others."""
        warnings = {warning.code: warning for warning in self.warnings}
        known = warnings.get(code)
        if known is None and len(warnings) == MOST_WARNINGS:
            return self
        if known is not None:
            new = replace(known, count=known.count + count)
        else:
            new = ConversationWarning(code=code, detail=detail[:LONGEST_REMARK], count=count)
        return replace(self, warnings=tuple({**warnings, code: new}.values()))

    def with_invocation(self, invocation: Invocation) -> "Conversation":
        """This conversation with the invocation, at the moment at which it counts, if it does."""
        at = self.invoked_at.get(invocation.fact_id, invocation.at)
        if at is None:
            return self
        activity = self.bot_activity.with_invocation(invocation if at == invocation.at else replace(invocation, at=at))
        return self if activity is self.bot_activity else replace(self, bot_activity=activity)

    def without_lines(self) -> "Conversation":
        """This conversation without what any line may change: exact once all facts are folded, and worth no commit."""
        activity = self.bot_activity.without_turns()
        return replace(self, last_activity_at=None, folded_to=None, bot_activity=activity)
