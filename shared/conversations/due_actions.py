"""Due actions: what is to be done for a conversation now, and when to check it again. No timer per message.

Seeds 001 and 004: a customer who stays silent is reminded first, then the conversation ends. The policy is that of the
bot or the queue that has the conversation; the channel's policy comes before the work stream's.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from shared.conversations.conversation import Conversation
from shared.conversations.fact import SOURCE, Fact
from shared.conversations.retention import Step, next_step
from shared.events.catalog import Event
from shared.events.codec import event_document, event_from
from shared.events.data import ChannelReference
from shared.events.envelope import format_time
from shared.routing.work_stream import InactivityPolicy, InactivityTexts
from shared.tenants.configuration import Configuration
from shared.tenants.history import History

START_TIMEOUT = timedelta(minutes=5)
"""How long a conversation waits for its `conversation.started`, from the arrival of its first fact."""
MAX_AGE = timedelta(days=30)
"""How long a conversation may last (Dynamics 365: auto-close)."""
ANSWER_TIMEOUT = timedelta(minutes=5)
"""How long a bot may take to answer, where its policy has no reminder."""


Attention = Literal["bot-silent"]


@dataclass(frozen=True)
class DueActions:
    """The facts to record now, when to check again, and what a supervisor should see.

    `step` is what to do now with a conversation that ended.
    """

    facts: Sequence[Event] = ()
    check_at: datetime | None = None
    attention: Attention | None = None
    step: Step | None = None

    def next_at(self, now: datetime) -> datetime | None:
        """When to check again: now if there are facts to record."""
        return now if self.facts else self.check_at


def due_actions(
    conversation: Conversation, facts: Sequence[Fact], archived: int, history: History, now: datetime
) -> DueActions:
    """The due actions of a conversation with these facts, of which the first `archived` are in the archive.

    The ids and times of the facts to record follow from the given facts alone, so recording them twice changes nothing.
    """
    if not facts:
        return DueActions()
    if conversation.closed_at is not None:
        step, due_at = next_step(facts, archived, history.retention)
        return DueActions(check_at=due_at, step=step if now >= due_at else None)
    if conversation.started_at is None:
        return _missing_start(conversation, facts, now)
    aged_at = conversation.started_at + MAX_AGE
    if now >= aged_at:
        note = "a conversation lasts 30 days at most"
        return DueActions([_end(conversation, "aged", aged_at, _newest(facts), "other", note)])
    configuration = history.at(now).configuration
    policy = policy_for(conversation, configuration)
    unanswered = _unanswered(conversation, facts, policy, now)
    inactivity = _inactivity(conversation, facts, policy, configuration, now) if policy else DueActions()
    moments = [moment for moment in (aged_at, unanswered.check_at, inactivity.check_at) if moment is not None]
    return DueActions(inactivity.facts, min(moments), unanswered.attention)


def next_check(
    conversation: Conversation, new: Sequence[Fact], planned: DueActions | None, history: History, now: datetime
) -> DueActions:
    """When to check a conversation again whose newest facts are `new`. Without anything `planned`, those are all.

    It may be too early, since other facts are unknown here. Then the check, which knows all, finds nothing due.
    """
    if planned is None:
        return due_actions(conversation, new, 0, history, now)
    breaks_silence = conversation.started_at is not None and any(fact.event.breaks_silence for fact in new)
    if conversation.closed_at is None and not breaks_silence:
        return planned
    due = due_actions(conversation, new, 0, history, now)
    return DueActions(check_at=now) if due.attention else due


def policy_for(conversation: Conversation, configuration: Configuration) -> InactivityPolicy | None:
    """The policy of the bot or the queue that has the conversation: the channel's, else the work stream's."""
    stream, place = configuration.work_stream(conversation.work_stream), conversation.channel
    channel = configuration.channel(place.account_id, place.channel_id) if place else None
    for policies in (channel[1].inactivity if channel else None, stream.inactivity if stream else None):
        policy = policies and (policies.bot if conversation.bot else policies.open)
        if policy:
            return policy
    return None


def texts_for(policy: InactivityPolicy, locale: str | None, fallback: str) -> InactivityTexts:
    """The texts in the customer's locale, else in its language, else in the fallback locale; else no texts."""
    by_locale = {known.casefold(): texts for known, texts in policy.messages.items()}
    wanted = (locale or fallback).casefold()
    for name in (wanted, wanted.split("-")[0], fallback.casefold()):
        if name in by_locale:
            return by_locale[name]
    return InactivityTexts()


def _inactivity(
    conversation: Conversation,
    facts: Sequence[Fact],
    policy: InactivityPolicy,
    configuration: Configuration,
    now: datetime,
) -> DueActions:
    newest = _newest(facts)
    close_at = newest.at + timedelta(seconds=policy.close_after)
    locale = conversation.customer.locale if conversation.customer else None
    texts = texts_for(policy, locale, configuration.fallback_locale)
    if now >= close_at:
        goodbye = [_line(conversation, f"goodbye:{newest.id}", close_at, texts.close)] if texts.close else []
        return DueActions([*goodbye, _end(conversation, f"inactive:{newest.id}", close_at, newest, "inactivity", None)])
    reminder = f"remind:{newest.id}"
    if policy.remind_after is None or not texts.remind or any(fact.event.id == reminder for fact in facts):
        return DueActions(check_at=close_at)
    remind_at = newest.at + timedelta(seconds=policy.remind_after)
    if now < remind_at:
        return DueActions(check_at=remind_at)
    return DueActions([_line(conversation, reminder, remind_at, texts.remind)], close_at)


def _unanswered(
    conversation: Conversation, facts: Iterable[Fact], policy: InactivityPolicy | None, now: datetime
) -> DueActions:
    """Reports `bot-silent` if the bot that has the conversation left the customer's newest line unanswered."""
    if conversation.bot is None:
        return DueActions()
    lines = (fact for fact in facts if _is_line_of(fact, "customer") or _is_line_of(fact, "bot"))
    newest = max(lines, key=lambda fact: fact.order, default=None)
    if newest is None or _is_line_of(newest, "bot"):
        return DueActions()
    timeout = timedelta(seconds=policy.remind_after) if policy and policy.remind_after else ANSWER_TIMEOUT
    late_at = newest.at + timeout
    return DueActions(attention="bot-silent") if now >= late_at else DueActions(check_at=late_at)


def _missing_start(conversation: Conversation, facts: Sequence[Fact], now: datetime) -> DueActions:
    begun = [fact for fact in facts if fact.event.is_activity]
    if not begun:
        return _never_begun(conversation, facts, now)
    expected_by = min(fact.received_at for fact in begun) + START_TIMEOUT
    if now < expected_by:
        return DueActions(check_at=expected_by)
    first = min(begun, key=lambda fact: fact.order)
    channel = next((fact.event.data.channel for fact in facts if fact.event.data.channel), None)
    place = channel or UNKNOWN_CHANNEL
    reference = {"accountId": place.account_id, "channelId": place.channel_id}
    data = {"channel": reference, "customer": {"id": conversation.conversation_id}}
    return DueActions([_event(conversation, "conversation.started", "assumed-start", first.at, data)])


def _never_begun(conversation: Conversation, facts: Sequence[Fact], now: datetime) -> DueActions:
    """What tells of a conversation that nobody else tells of is no reason to begin it; it ends, to be forgotten."""
    aged_at = min(fact.received_at for fact in facts) + MAX_AGE
    if now < aged_at:
        return DueActions(check_at=aged_at)
    newest = max(facts, key=lambda fact: fact.order)
    return DueActions([_end(conversation, "aged", aged_at, newest, "other", "it never began")])


UNKNOWN_CHANNEL = ChannelReference(account_id="unknown", channel_id="unknown")
"""The channel of a conversation whose start never came, and of which no fact names one."""


def _newest(facts: Iterable[Fact]) -> Fact:
    """The newest line, start or escalation. Lines of the system and of smart assist do not count."""
    return max((fact for fact in facts if fact.event.breaks_silence), key=lambda fact: fact.order)


def _is_line_of(fact: Fact, role: str) -> bool:
    author = fact.event.author
    return author is not None and author.role == role and not author.smart_assist


def _line(conversation: Conversation, event_id: str, at: datetime, text: str | None) -> Event:
    data = {"author": {"role": "system", "id": "patchbay"}, "text": text}
    return _event(conversation, "message.posted", event_id, at, data)


def _end(conversation: Conversation, event_id: str, at: datetime, seen: Fact, reason: str, note: str | None) -> Event:
    data = {"endedBy": "system", "reason": reason, "lastSeen": {"at": format_time(seen.at), "factId": seen.id}}
    return _event(conversation, "conversation.ended", event_id, at, {**data, "note": note} if note else data)


def _event(conversation: Conversation, kind: str, event_id: str, at: datetime, data: dict[str, Any]) -> Event:
    tenant_id, subject = conversation.tenant_id, conversation.conversation_id
    return event_from(event_document(tenant_id, subject, SOURCE, event_id, kind, format_time(at), data))
