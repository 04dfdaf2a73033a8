"""What one fact does to a conversation, given that the facts before it in the order are folded."""

from collections.abc import Iterator
from datetime import datetime
from typing import assert_never

from shared.conversations.bot_activity import advises
from shared.conversations.changes import counts_at_the_end, with_bot
from shared.conversations.conversation import MOST_NOTED, Conversation, WarningCode, shortened
from shared.conversations.fact import Fact
from shared.conversations.hand_over import (
    escalated,
    failed_over,
    keeps_from_handing_over,
    routed,
    taken_by_agent,
    undecided,
)
from shared.conversations.holder import from_the_beginning
from shared.conversations.known_customer import customer_after, known_as
from shared.conversations.state import moved
from shared.conversations.variables import with_variables
from shared.events.envelope import format_time
from shared.events.notes import NOTES, notes_of
from shared.events.types.bot_escalated import BotEscalated
from shared.events.types.bot_failed_over import BotFailedOver
from shared.events.types.conversation_ended import ConversationEnded
from shared.events.types.conversation_started import ConversationStarted
from shared.events.types.inactivity_timeout import InactivityTimeout
from shared.events.types.message_changed import MessageChanged
from shared.events.types.message_posted import MessagePosted
from shared.events.types.session_settled import SessionSettled
from shared.routing.value_near_miss import value_near_misses
from shared.tenants.configuration import Configuration
from shared.tenants.history import History, Version
from shared.wire import replace, without_unknown


def apply_fact(conversation: Conversation, fact: Fact, history: History) -> Conversation:
    """The conversation after the fact: its state, variables, decisions, warnings and invocations."""
    after = _applied(conversation, fact, history)
    event = fact.event
    if event.model_extra and NOTES in event.model_extra:
        after = _noted(after, fact)
    if not event.changes_only_transcript and conversation.closed_at is None and event.context_variables:
        after = _with_near_misses(after, fact, history)
    return after


def _applied(conversation: Conversation, fact: Fact, history: History) -> Conversation:
    version, end = history.at(fact.at), conversation.closed_at
    if end is not None:
        return _after_the_end(conversation, fact, version, end)
    return _while_open(conversation, fact, version)


def _while_open(conversation: Conversation, fact: Fact, version: Version) -> Conversation:
    match fact.event:
        case ConversationStarted() as event:
            return _started(conversation, fact, event, version)
        case MessagePosted() as event:
            return _message(conversation, fact, event, version)
        case BotEscalated() as event:
            return escalated(conversation, fact, event, version)
        case BotFailedOver() as event:
            return failed_over(conversation, fact, event, version)
        case ConversationEnded() as event:
            return _ended(_handed_over(conversation, fact, event, version.configuration), fact, event)
        case MessageChanged() | SessionSettled():
            return conversation
        case InactivityTimeout():
            raise TypeError(f"{fact.event.type} is a question, and no fact")
        case _:
            assert_never(fact.event)


def _ended(conversation: Conversation, fact: Fact, event: ConversationEnded) -> Conversation:
    return replace(
        conversation,
        state=moved(conversation.state, "closed"),
        closed_at=fact.at,
        closed_by=event.data.ended_by,
        closed_reason=event.data.reason,
        closed_note=shortened(event.data.note),
        channel=conversation.channel or without_unknown(event.data.channel),
    )


def _after_the_end(conversation: Conversation, fact: Fact, version: Version, end: datetime) -> Conversation:
    match fact.event:
        case MessagePosted() as event if _counts_after(conversation, fact, version, end):
            return with_bot(conversation, fact, event.data.author.id, "message.posted", version.configuration, end)[0]
        case BotEscalated() | BotFailedOver() as event:
            reason = f"the conversation had ended at {format_time(end)}"
            return undecided(conversation, fact, event, version, "withoutEffect", reason)
        case ConversationStarted() | MessagePosted() | MessageChanged():
            return conversation
        case ConversationEnded() | InactivityTimeout() | SessionSettled():
            return conversation
        case _:
            assert_never(fact.event)


def _counts_after(conversation: Conversation, fact: Fact, version: Version, end: datetime) -> bool:
    """True if a bot's line after the end counts, as one at the end or because silence ended the conversation early."""
    return conversation.invoked_at.get(fact.id) is not None or counts_at_the_end(fact, end, version.configuration)


def _started(conversation: Conversation, fact: Fact, event: ConversationStarted, version: Version) -> Conversation:
    data = event.data
    if conversation.started_at is not None:
        if conversation.customer is not None and conversation.customer.id == data.customer.id:
            known = known_as(conversation.customer, data.customer.name, data.customer.locale)
            conversation = replace(conversation, customer=known)
        return _with_variables_of(event, conversation, fact, version)
    stream = version.configuration.work_stream_for(data.work_stream_id, data.channel)
    conversation = replace(
        conversation,
        started_at=fact.at,
        work_stream=stream.id,
        channel=without_unknown(data.channel),
        customer=without_unknown(data.customer),
    )
    for code, detail in _work_stream_warnings(event, version.configuration):
        conversation = conversation.with_warning(code, detail)
    conversation = _with_variables_of(event, conversation, fact, version)
    conversation = routed(conversation, fact, from_the_beginning(fact.order), stream, version)
    if not fact.is_ours:
        return conversation
    reason = "its conversation.started did not come within 5 minutes, so it was taken for started"
    decisions = (*conversation.decisions[:-1], replace(conversation.decisions[-1], reason=reason))
    return replace(conversation, decisions=decisions)


def _with_variables_of(
    event: ConversationStarted, conversation: Conversation, fact: Fact, version: Version
) -> Conversation:
    variables, configuration = event.data.context_variables, version.configuration
    return with_variables(conversation, variables, "the channel", fact.at, fact.id, configuration)


def _message(conversation: Conversation, fact: Fact, event: MessagePosted, version: Version) -> Conversation:
    author = event.author
    if author.role == "agent":
        if not version.configuration.may_be_agent(author.id):
            conversation = conversation.with_warning("unknown_agent", f"no agent {author.id!r} is declared")
        return taken_by_agent(conversation, fact, author.id) if event.breaks_silence else conversation
    if author.role != "bot":
        customer = customer_after(conversation, event)
        return conversation if customer is conversation.customer else replace(conversation, customer=customer)
    if advises(author, version.configuration.bot(author.id)):
        return replace(conversation, bot_activity=conversation.bot_activity.with_smart_assist())
    if not event.invokes_bot:
        return conversation
    conversation, _ = with_bot(conversation, fact, author.id, "message.posted", version.configuration)
    return conversation


def _handed_over(
    conversation: Conversation, fact: Fact, event: ConversationEnded, configuration: Configuration
) -> Conversation:
    """The conversation with what a bot hands over that has it, and ends it. Nobody is asked to take it."""
    if event.data.bot_id is None:
        return conversation
    if why := keeps_from_handing_over(conversation, fact, event.data.bot_id, configuration):
        return conversation.with_warning("escalation_without_effect", why)
    conversation, bot = with_bot(conversation, fact, event.data.bot_id, "conversation.ended", configuration)
    return with_variables(conversation, event.data.context_variables, f"bot {bot}", fact.at, fact.id, configuration)


def _work_stream_warnings(
    event: ConversationStarted, configuration: Configuration
) -> Iterator[tuple[WarningCode, str]]:
    """A warning for an undeclared work stream that the start names, and for its channel if that is undeclared, too."""
    named, channel = event.data.work_stream_id, event.data.channel
    if named is not None:
        if configuration.work_stream(named):
            return
        yield "unknown_work_stream", f"{named} is not declared"
    if configuration.channel(channel.account_id, channel.channel_id) is None:
        yield "unknown_channel", f"channel {channel.account_id}/{channel.channel_id} is not declared"


def _noted(conversation: Conversation, fact: Fact) -> Conversation:
    """The conversation with the warnings of the fact's reading."""
    for note in notes_of(fact.event.attributes):
        known = next((one.count for one in conversation.warnings if one.code == note.code), 0)
        conversation = conversation.with_warning(note.code, note.path) if known < MOST_NOTED else conversation
    return conversation


def _with_near_misses(conversation: Conversation, fact: Fact, history: History) -> Conversation:
    """The conversation with a warning for each value of the fact that a rule names nearly so."""
    for name, value in fact.event.context_variables.items():
        rules = history.at(fact.at).rules.get(conversation.work_stream or "")
        for text, how in value_near_misses(rules, name, value) if rules else ():
            detail = f"{name} is {value[:200]!r}, and a rule asks for {text!r}, which differs {how}"
            conversation = conversation.with_warning("value_near_miss", detail)
    return conversation
