"""What follows from silence: when the customer is reminded, when the conversation ends, what a supervisor should see.

Seeds 001 and 004: a customer who stays silent is reminded first, then the conversation ends. Pure.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from shared.conversations.conversation import Conversation
from shared.conversations.holder import Silence, Stay, Turn
from shared.events.data import HolderKind
from shared.routing.work_stream import InactivityPolicy, InactivityTexts
from shared.tenants.configuration import Configuration, FailOver
from shared.tenants.history import History

LONGEST_SILENCE = timedelta(days=30)
"""How long a conversation goes on after its last activity, whatever the policies (Dynamics 365: auto-close)."""

Attention = Literal["bot-silent", "agent-silent", "waiting-long"]
"""Who leaves a customer waiting: the bot or the agent who has the conversation, or the queue in which it waits."""

_ATTENTION: dict[HolderKind, tuple[Attention, timedelta]] = {
    "bot": ("bot-silent", timedelta(minutes=1)),
    "agent": ("agent-silent", timedelta(minutes=5)),
    "queue": ("waiting-long", timedelta(minutes=10)),
}

_NO_TEXTS = InactivityTexts()


@dataclass(frozen=True)
class SilencePolicy:
    """How long silence may last: until a supervisor should see it, until the reminder, and until the end."""

    close_after: timedelta = LONGEST_SILENCE
    remind_after: timedelta | None = None
    texts: InactivityTexts = _NO_TEXTS
    attention: tuple[Attention, timedelta] | None = None


def silence_policy(conversation: Conversation, stay: Stay, turn: Turn, configuration: Configuration) -> SilencePolicy:
    """The policy while `stay` has the conversation: the channel's, else the work stream's.

    A customer whose word is awaited is reminded, and closed. One who waits for us is neither, unless the policy for
    queues says how long anybody may wait in one.
    """
    known = _configured(conversation, stay.holder, configuration)
    attention = _ATTENTION[stay.holder] if turn == "ours" else None
    if known is None or (turn == "ours" and stay.holder != "queue"):
        return SilencePolicy(attention=attention)
    reminds = known.remind_after is not None and turn == "customers"
    return SilencePolicy(
        close_after=timedelta(seconds=known.close_after),
        remind_after=timedelta(seconds=known.remind_after) if reminds and known.remind_after else None,
        texts=texts_for(known, _locale(conversation), configuration.fallback_locale),
        attention=attention,
    )


def fail_over_of(stay: Stay, quiet: Silence, configuration: Configuration) -> FailOver | None:
    """What takes over from a bot that leaves somebody without an answer; None if it is no bot, or has no fail-over.

    A start, which nobody says, asks for no answer.
    """
    if stay.holder != "bot" or quiet.asked is None or quiet.asked.event.author is None:
        return None
    bot = configuration.bot(stay.id)
    return bot.fail_over if bot else None


def silence_may_count(conversation: Conversation, until: datetime, history: History) -> bool:
    """False if silence can neither end the conversation nor take it from a bot before this moment, whatever is said."""
    began = conversation.started_at
    if began is None:
        # Nobody has it, so no policy holds, unless it is what it continues that tells who has it.
        return conversation.settlement.continues
    lasted = until - began
    configurations = [version.configuration for version in history.between(began, until)]
    return any(lasted >= shortest for each in configurations for shortest in _lengths(conversation, each))


def _lengths(conversation: Conversation, configuration: Configuration) -> Iterator[timedelta]:
    """How long any silence may last in the conversation until something follows from it."""
    yield LONGEST_SILENCE
    for holder in _ATTENTION:
        if policy := _configured(conversation, holder, configuration):
            yield timedelta(seconds=policy.close_after)
    for stay in conversation.stays:
        bot = configuration.bot(stay.id) if stay.holder == "bot" else None
        if bot is not None and bot.fail_over:
            yield timedelta(seconds=bot.fail_over.after)


def texts_for(policy: InactivityPolicy, locale: str | None, fallback: str) -> InactivityTexts:
    """The texts in the customer's locale, else in its language, else in the fallback locale; else no texts."""
    by_locale = {known.casefold(): texts for known, texts in policy.messages.items()}
    wanted = (locale or fallback).casefold()
    for name in (wanted, wanted.split("-")[0], fallback.casefold()):
        if name in by_locale:
            return by_locale[name]
    return _NO_TEXTS


def _configured(
    conversation: Conversation, holder: HolderKind, configuration: Configuration
) -> InactivityPolicy | None:
    stream, place = configuration.work_stream(conversation.work_stream), conversation.channel
    channel = configuration.channel(place.account_id, place.channel_id) if place else None
    for policies in (channel[1].inactivity if channel else None, stream.inactivity if stream else None):
        if policies is not None:
            by_holder = {"bot": policies.bot, "queue": policies.open, "agent": policies.agent}
            if (policy := by_holder[holder]) is not None:
                return policy
    return None


def _locale(conversation: Conversation) -> str | None:
    return conversation.customer.locale if conversation.customer else None
