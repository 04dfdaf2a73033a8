"""Due actions: what is to be done for a conversation now, and when to check it again. No timer per message."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.conversations.conversation import Conversation
from shared.conversations.extent import comes_from_outside
from shared.conversations.fact import Fact
from shared.conversations.holder import Silence, Stay, silence
from shared.conversations.order import in_order
from shared.conversations.retention import Step, next_step
from shared.conversations.silence_policy import LONGEST_SILENCE, Attention, SilencePolicy, fail_over_of, silence_policy
from shared.events.catalog import Event
from shared.events.codec import event_document, event_from
from shared.events.data import ChannelReference
from shared.events.envelope import OWN_SOURCE, format_time
from shared.tenants.configuration import Configuration
from shared.tenants.history import History

START_TIMEOUT = timedelta(minutes=5)
"""How long a conversation waits for its `conversation.started`, from the arrival of its first fact."""
NOTICED_WITHIN = timedelta(minutes=5)
"""How much later than it could be known a list shows that a customer is left without an answer."""
CHECKED_LATE = timedelta(minutes=1)
"""How much later than its time a fail-over may come."""


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
    if conversation.stay is None:
        return _missing_start(conversation, facts, now)
    return _while_open(conversation, conversation.stay, facts, history, now)


def _while_open(
    conversation: Conversation, stay: Stay, facts: Sequence[Fact], history: History, now: datetime
) -> DueActions:
    """The due actions of a conversation that `stay` has."""
    quiet = silence(conversation.stays, in_order(facts), history)
    newest, counts_from = quiet.since, quiet.counts_from
    if newest is None or counts_from is None:
        return DueActions()
    configuration = history.at(now).configuration
    policy = silence_policy(conversation, stay, quiet.turn, configuration)
    close_at = counts_from + policy.close_after
    if now >= close_at:
        known = max((fact for fact in facts if comes_from_outside(fact)), key=lambda fact: fact.order, default=newest)
        return DueActions(_closing(conversation, newest, known, close_at, policy))
    said = {fact.event.id for fact in facts if fact.is_ours}
    steps = [
        *_fail_over(conversation, stay, quiet, configuration),
        *_reminder(conversation, newest, counts_from, policy),
    ]
    left = [step for step in steps if step.id not in said]
    if due := [step for step in left if now >= step.moment]:
        return DueActions(due)
    attention, after = policy.attention if policy.attention and quiet.asked else (None, policy.close_after)
    seen_at = counted_from(quiet.asked or newest) + after
    moments = [close_at, seen_at, *(step.moment for step in left)]
    return DueActions((), min(moment for moment in moments if moment > now), attention if now >= seen_at else None)


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
    if due.attention or due.facts:
        return DueActions(check_at=now)
    if due.check_at is None:
        return planned
    stay = conversation.stay
    begins_stay = stay is not None and any(fact.id == stay.since.fact_id for fact in new)
    if conversation.closed_at is not None or begins_stay or planned.check_at is None:
        return due
    # Whoever waits does so until somebody answers, whatever else is said.
    waits = silence(conversation.stays, in_order(new), history).turn == "ours"
    return DueActions(due.facts, min(due.check_at, planned.check_at), planned.attention if waits else None)


def must_be_checked_earlier(
    conversation: Conversation, line: Fact, due_at: datetime | None, history: History, now: datetime, *, is_seen: bool
) -> bool:
    """True if something may be due after this line, which comes now, before anybody looks at the conversation.

    A customer who asks once more is seen already (`is_seen`), but may still go on to people.
    """
    stay = conversation.stay
    if stay is None:
        return False
    configuration, quiet = history.at(now).configuration, Silence().after(line, stay, history)
    policy = silence_policy(conversation, stay, quiet.turn, configuration)
    if quiet.turn == "customers":
        after = [policy.remind_after or policy.close_after]
    else:
        after = [policy.attention[1] + NOTICED_WITHIN] if policy.attention and not is_seen else []
    over = [event.moment + CHECKED_LATE for event in _fail_over(conversation, stay, quiet, configuration)]
    first = min((*(counted_from(line) + each for each in after), *over), default=None)
    return first is not None and (due_at is None or due_at > first)


def counted_from(fact: Fact) -> datetime:
    """From when on somebody waits for an answer to a fact: its time, or its arrival where that is later."""
    return max(fact.at, fact.received_at)


def _closing(
    conversation: Conversation, newest: Fact, known: Fact, at: datetime, policy: SilencePolicy
) -> Sequence[Event]:
    """The end for silence since the newest line, and the goodbye before it. The end names the newest fact it knew."""
    text = policy.texts.close
    goodbye = [_line(conversation, f"goodbye:{newest.id}", at, text)] if text else []
    return [*goodbye, _end(conversation, f"inactive:{newest.id}", at, known, {"reason": "inactivity"})]


def _reminder(
    conversation: Conversation, newest: Fact, counts_from: datetime, policy: SilencePolicy
) -> Sequence[Event]:
    """The line that asks the customer for an answer, if the policy has one."""
    if policy.remind_after is None or not policy.texts.remind:
        return []
    at = counts_from + policy.remind_after
    return [_line(conversation, f"remind:{newest.id}", at, policy.texts.remind)]


def _fail_over(conversation: Conversation, stay: Stay, quiet: Silence, configuration: Configuration) -> Sequence[Event]:
    """What gives the conversation to people, if its bot has a fail-over and leaves somebody without an answer."""
    fail_over = fail_over_of(stay, quiet, configuration)
    if fail_over is None or quiet.asked is None:
        return []
    at = counted_from(quiet.asked) + timedelta(seconds=fail_over.after)
    data = {"botId": stay.id, "messageId": quiet.asked.id, "queue": fail_over.queue}
    return [_event(conversation, "bot.failedOver", f"fail-over:{quiet.asked.id}", at, data)]


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
    thread = {"threadId": place.thread_id} if place.thread_id else {}
    reference = {"accountId": place.account_id, "channelId": place.channel_id, **thread}
    data = {"channel": reference, "customer": {"id": conversation.conversation_id}}
    return DueActions([_event(conversation, "conversation.started", "assumed-start", first.at, data)])


def _never_begun(conversation: Conversation, facts: Sequence[Fact], now: datetime) -> DueActions:
    """What tells of a conversation that nobody else tells of is no reason to begin it; it ends, to be forgotten."""
    aged_at = min(fact.received_at for fact in facts) + LONGEST_SILENCE
    if now < aged_at:
        return DueActions(check_at=aged_at)
    newest = max(facts, key=lambda fact: fact.order)
    why = {"reason": "other", "note": "it never began"}
    return DueActions([_end(conversation, "never-begun", aged_at, newest, why)])


UNKNOWN_CHANNEL = ChannelReference(account_id="unknown", channel_id="unknown")
"""The channel of a conversation whose start never came, and of which no fact names one."""


def _line(conversation: Conversation, event_id: str, at: datetime, text: str | None) -> Event:
    data = {"author": {"role": "system", "id": "patchbay"}, "text": text}
    return _event(conversation, "message.posted", event_id, at, data)


def _end(conversation: Conversation, event_id: str, at: datetime, seen: Fact, why: dict[str, str]) -> Event:
    """Our end of a conversation, which names the newest fact that we know."""
    last_seen = {"at": format_time(seen.at), "factId": seen.id}
    return _event(conversation, "conversation.ended", event_id, at, {"endedBy": "system", **why, "lastSeen": last_seen})


def _event(conversation: Conversation, kind: str, event_id: str, at: datetime, data: dict[str, Any]) -> Event:
    tenant_id, subject = conversation.tenant_id, conversation.conversation_id
    return event_from(event_document(tenant_id, subject, OWN_SOURCE, event_id, kind, format_time(at), data))
