"""Bot activity: what bots did in a conversation, for whoever counts it: no text, no person, and bounded."""

import operator
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Literal, assert_never

from pydantic import Field

from shared.conversations.fact import Fact
from shared.conversations.order import up_to_end
from shared.events.data import Author, SpanInvocation
from shared.events.envelope import format_time, parse_time
from shared.events.types.bot_escalated import BotEscalated
from shared.events.types.bot_failed_over import BotFailedOver
from shared.events.types.conversation_ended import ConversationEnded
from shared.events.types.conversation_started import ConversationStarted
from shared.events.types.inactivity_timeout import InactivityTimeout
from shared.events.types.message_changed import MessageChanged
from shared.events.types.message_posted import MessagePosted
from shared.events.types.session_settled import SessionSettled, Settlement
from shared.tenants.configuration import Bot
from shared.tenants.history import History
from shared.wire import ExactModel, replace

MOST_BOTS = 50
"""The bots whose invocations are kept: the earliest ones."""

Invoking = Literal["decision", "message.posted", "bot.escalated", "conversation.ended"]


class Invocation(ExactModel):
    """The first time that a bot was invoked, what invoked it (`through`), and the fact that proves it."""

    at: datetime
    bot: str
    through: Invoking
    fact_id: str


class BotActivity(ExactModel):
    """When a conversation began, which bots were invoked first to last, and their turns on each day.

    `began_on` and `invoked_on` (the first invocation) are days (yyyy-mm-dd) of the tenant's calendar. A turn is a
    bot's public line that answers a customer's. Turns are counted once the conversation has ended, and again when it is
    archived, for the lines that came late. `continues`: the conversation is a part of the session of the one before it.
    `of_span` is the first invocation of the conversations that continue this one, where it comes before its own.
    """

    began_on: str | None = None
    invoked_on: str | None = None
    invocations: tuple[Invocation, ...] = ()
    smart_assist: bool = False
    turns: dict[str, int] = Field(default_factory=dict)
    continues: bool = Field(default=False, exclude_if=operator.not_)
    of_span: Invocation | None = Field(default=None, exclude_if=operator.not_)

    @property
    def first(self) -> Invocation | None:
        """The first invocation that counts for this conversation."""
        return self.of_span or (self.invocations[0] if self.invocations else None)

    @property
    def bots(self) -> tuple[str, ...]:
        """The bots that were invoked, in order of their first invocations."""
        all_known = (*((self.of_span,) if self.of_span else ()), *self.invocations)
        return tuple(dict.fromkeys(invocation.bot for invocation in all_known))

    def with_invocation(self, new: Invocation) -> "BotActivity":
        """This activity with `new`, if that is the first invocation of its bot. Of equal times the known come first."""
        if any(known.bot == new.bot and known.at <= new.at for known in self.invocations):
            return self
        first: dict[str, Invocation] = {}
        for invocation in sorted((*self.invocations, new), key=lambda one: one.at):
            first.setdefault(invocation.bot, invocation)
        return replace(self, invocations=tuple(first.values())[:MOST_BOTS])

    def with_smart_assist(self) -> "BotActivity":
        return replace(self, smart_assist=True)

    def on_days(self, began_at: datetime, history: History) -> "BotActivity":
        """This activity with its days, in the tenant's calendar."""
        return replace(self.invoked_in(history), began_on=history.local_date(began_at).isoformat())

    def invoked_in(self, history: History) -> "BotActivity":
        """This activity with the day of its first invocation, in the tenant's calendar."""
        first = self.first
        return replace(self, invoked_on=history.local_date(first.at).isoformat() if first else None)

    def settled(self, settlement: Settlement) -> "BotActivity":
        """This activity as a part of what the conversations of its thread count as."""
        of_span = settlement.invocation
        return replace(self, continues=settlement.continues, of_span=_invocation(of_span) if of_span else None)

    def with_turns(self, own: Sequence[Fact], history: History) -> "BotActivity":
        """This activity with the turns of all facts of the conversation."""
        return replace(self, turns=dict(turns_of(own, history)))

    def without_turns(self) -> "BotActivity":
        """This activity without what every line may change."""
        return replace(self, turns={})


def told_invocation(invocation: Invocation) -> SpanInvocation:
    """The invocation as a thread is told of it."""
    return SpanInvocation(
        at=format_time(invocation.at), bot=invocation.bot, through=invocation.through, fact_id=invocation.fact_id
    )


def _invocation(told: SpanInvocation) -> Invocation:
    return Invocation.model_validate({**told.model_dump(by_alias=True), "at": parse_time(told.at)})


def advises(author: Author, bot: Bot | None) -> bool:
    """True if a bot's line is for the agent: it says so itself, or the bot is declared so."""
    return author.smart_assist or (bot is not None and bot.smart_assist)


def turns_of(own: Sequence[Fact], history: History) -> Counter[str]:
    """The turns of a conversation with these facts, given in order, until its end, by day."""
    turns: Counter[str] = Counter()
    asked = False
    for fact in up_to_end(own):
        match fact.event:
            case MessagePosted() as line if _takes_a_turn(line, fact.at, history):
                if line.author.role == "bot" and asked:
                    turns[history.local_date(fact.at).isoformat()] += 1
                asked = line.author.role == "customer"
            case ConversationStarted() | MessagePosted() | MessageChanged() | BotEscalated():
                pass
            case BotFailedOver() | ConversationEnded() | InactivityTimeout() | SessionSettled():
                pass
            case _:
                assert_never(fact.event)
    return turns


def _takes_a_turn(line: MessagePosted, at: datetime, history: History) -> bool:
    """True for a line of the talk that the customer sees."""
    if line.data.visibility != "public" or not line.breaks_silence:
        return False
    return line.author.role != "bot" or not advises(line.author, history.at(at).configuration.bot(line.author.id))
