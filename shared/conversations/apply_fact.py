"""What one fact does to a conversation, given that the facts before it in the order are folded."""

from collections.abc import Iterator
from typing import Any, assert_never

from shared.conversations.bot_activity import MOST_BOTS, Invocation, Invoking, advises
from shared.conversations.conversation import (
    MOST_NOTED,
    MOST_WARNINGS,
    Conversation,
    ConversationWarning,
    WarningCode,
)
from shared.conversations.fact import Fact
from shared.conversations.known_customer import customer_after, known_as
from shared.conversations.state import moved
from shared.events.envelope import format_time
from shared.events.notes import NOTES, notes_of
from shared.events.types.bot_escalated import BotEscalated
from shared.events.types.conversation_ended import ConversationEnded
from shared.events.types.conversation_started import ConversationStarted
from shared.events.types.inactivity_timeout import InactivityTimeout
from shared.events.types.message_posted import MessagePosted
from shared.routing.context_variable import MAX_VARIABLES, Assignment, complaint
from shared.routing.decide import decide
from shared.routing.decision import Cause, Decision, Outcome
from shared.routing.value_near_miss import value_near_misses
from shared.routing.work_stream import WorkStream
from shared.tenants.configuration import Configuration
from shared.tenants.history import History, Version
from shared.wire import replace


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
    match fact.event:
        case BotEscalated() as event if end is not None:
            reason = f"the conversation had ended at {format_time(end)}"
            return _undecided(conversation, fact, event, version, "withoutEffect", reason)
        case ConversationStarted() | MessagePosted() | ConversationEnded() if end is not None:
            return conversation
        case ConversationStarted() as event:
            return _started(conversation, fact, event, version)
        case MessagePosted() as event:
            return _message(conversation, fact, event, version)
        case BotEscalated() as event:
            return _escalated(conversation, fact, event, version)
        case ConversationEnded() as event:
            return replace(
                _handed_over(conversation, fact, event, version.configuration),
                state=moved(conversation.state, "closed"),
                closed_at=fact.at,
                closed_by=event.data.ended_by,
                closed_reason=event.data.reason,
                channel=conversation.channel or event.data.channel,
            )
        case InactivityTimeout():
            raise TypeError(f"{fact.event.type} is a question, and no fact")
        case _:
            assert_never(fact.event)


def _started(conversation: Conversation, fact: Fact, event: ConversationStarted, version: Version) -> Conversation:
    data = event.data
    if conversation.started_at is not None:
        if conversation.customer is not None and conversation.customer.id == data.customer.id:
            known = known_as(conversation.customer, data.customer.name, data.customer.locale)
            conversation = replace(conversation, customer=known)
        return _assigned(conversation, fact, data.context_variables, "the channel", version.configuration)
    stream = version.configuration.work_stream_for(data.work_stream_id, data.channel)
    conversation = replace(
        conversation,
        started_at=fact.at,
        work_stream=stream.id,
        channel=data.channel,
        customer=data.customer,
    )
    for code, detail in _work_stream_warnings(event, version.configuration):
        conversation = _warned(conversation, code, detail)
    conversation = _assigned(conversation, fact, data.context_variables, "the channel", version.configuration)
    conversation = _routed(conversation, fact, None, stream, version)
    if not fact.is_ours:
        return conversation
    reason = "its conversation.started did not come within 5 minutes, so it was taken for started"
    decisions = (*conversation.decisions[:-1], replace(conversation.decisions[-1], reason=reason))
    return replace(conversation, decisions=decisions)


def _message(conversation: Conversation, fact: Fact, event: MessagePosted, version: Version) -> Conversation:
    author = event.data.author
    if author.role != "bot":
        customer = customer_after(conversation, event)
        return conversation if customer is conversation.customer else replace(conversation, customer=customer)
    if advises(author, version.configuration.bot(author.id)):
        return replace(conversation, bot_activity=conversation.bot_activity.with_smart_assist())
    conversation, _ = _invoked_natively(conversation, fact, author.id, "message.posted", version.configuration)
    return conversation


def _escalated(conversation: Conversation, fact: Fact, event: BotEscalated, version: Version) -> Conversation:
    configuration = version.configuration
    conversation, bot = _invoked_natively(conversation, fact, event.data.bot_id, "bot.escalated", configuration)
    conversation = _assigned(conversation, fact, event.data.context_variables, f"bot {bot}", configuration)
    if conversation.started_at is None:
        reason = "conversation.started is not known yet"
        return _undecided(conversation, fact, event, version, "held", reason)
    stream = configuration.work_stream_for(conversation.work_stream)
    if stream.id != conversation.work_stream:
        name = str(conversation.work_stream)
        conversation = _warned(conversation, "unknown_work_stream", f"{name} is not declared")
    if not stream.takes_escalations:
        reason = f"bots can escalate in push work streams only, and {stream.id} is a pick work stream"
        conversation = _warned(conversation, "escalation_without_effect", reason)
        return _undecided(conversation, fact, event, version, "withoutEffect", reason)
    conversation = replace(
        conversation,
        escalated_at=conversation.escalated_at or fact.at,
        escalated_bots=_with_bot(conversation.escalated_bots, bot, configuration),
    )
    return _routed(conversation, fact, bot, stream, version)


def _handed_over(
    conversation: Conversation, fact: Fact, event: ConversationEnded, configuration: Configuration
) -> Conversation:
    """The conversation with what a bot hands over that ends it. Nobody is asked to take it, so nothing is decided."""
    if event.data.bot_id is None:
        return conversation
    through: Invoking = "conversation.ended"
    conversation, bot = _invoked_natively(conversation, fact, event.data.bot_id, through, configuration)
    return _assigned(conversation, fact, event.data.context_variables, f"bot {bot}", configuration)


def _with_bot(escalated: tuple[str, ...], bot: str, configuration: Configuration) -> tuple[str, ...]:
    """These bots and `bot`. Of bots that nobody declares at that time, and no rule can choose, the first are kept.

    If a later version declares another one, that one may get the conversation although it escalated.
    """
    is_full = len(escalated) >= MOST_BOTS and configuration.bot(bot) is None
    return escalated if bot in escalated or is_full else (*escalated, bot)


def _routed(
    conversation: Conversation, fact: Fact, bot: str | None, stream: WorkStream, version: Version
) -> Conversation:
    decision = decide(
        Cause(fact_id=fact.id, type=fact.event.type, at=format_time(fact.at), bot=bot),
        version.rules[stream.id],
        conversation.assignments,
        conversation.escalated_bots,
        version.number,
    )
    conversation = replace(
        conversation,
        state=moved(conversation.state, "active" if decision.bot else "open"),
        queue=decision.queue,
        bot=decision.bot,
    )
    conversation = _decided(conversation, decision)
    return _invoked(conversation, fact, decision.bot, "decision") if decision.bot else conversation


def _undecided(
    conversation: Conversation, fact: Fact, event: BotEscalated, version: Version, outcome: Outcome, reason: str
) -> Conversation:
    bot = version.configuration.bot(event.data.bot_id)
    cause = Cause(fact_id=fact.id, type=event.type, at=format_time(fact.at), bot=bot.id if bot else event.data.bot_id)
    return _decided(conversation, Decision(cause=cause, outcome=outcome, reason=reason))


def _decided(conversation: Conversation, decision: Decision) -> Conversation:
    decisions = (*conversation.decisions, decision)
    return replace(conversation, decisions=decisions, decision_count=conversation.decision_count + 1)


def _invoked_natively(
    conversation: Conversation, fact: Fact, native_id: str, through: Invoking, configuration: Configuration
) -> tuple[Conversation, str]:
    """The conversation once the bot is invoked, and the bot's id, which is the native one if nobody declares it."""
    bot = configuration.bot(native_id)
    name = bot.id if bot else native_id
    invoked = _invoked(conversation, fact, name, through)
    # One warning a bot, and none of a bot that is not kept, as then its lines change nothing.
    if bot is None and name in set(invoked.bot_activity.bots).difference(conversation.bot_activity.bots):
        invoked = _warned(invoked, "unknown_bot", f"no bot {native_id!r} is declared")
    return invoked, name


def _invoked(conversation: Conversation, fact: Fact, bot: str, through: Invoking) -> Conversation:
    invocation = Invocation(at=fact.at, bot=bot, through=through, fact_id=fact.id)
    return replace(conversation, bot_activity=conversation.bot_activity.with_invocation(invocation))


def _assigned(
    conversation: Conversation, fact: Fact, values: dict[str, Any], set_by: str, configuration: Configuration
) -> Conversation:
    stream = configuration.work_stream(conversation.work_stream)
    assignments = dict(conversation.assignments)
    for name, value in values.items():
        if name not in assignments and len(assignments) == MAX_VARIABLES:
            reason = f"{name} is not kept: a conversation has at most {MAX_VARIABLES} variables"
            conversation = _warned(conversation, "too_many_variables", reason)
            continue
        assignment = Assignment(name=name, value=value, at=format_time(fact.at), fact_id=fact.id, set_by=set_by)
        assignments[name] = assignment
        # Without a start there is no work stream yet, and no declaration to compare with. The start is folded first.
        if stream is not None and (why := complaint(assignment, stream.context_variables)):
            conversation = _warned(conversation, "unusable_variable", why)
    return replace(conversation, assignments=assignments) if values else conversation


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
        conversation = _warned(conversation, note.code, note.path) if known < MOST_NOTED else conversation
    return conversation


def _with_near_misses(conversation: Conversation, fact: Fact, history: History) -> Conversation:
    """The conversation with a warning for each value of the fact that a rule names nearly so."""
    for name, value in fact.event.context_variables.items():
        rules = history.at(fact.at).rules.get(conversation.work_stream or "")
        for text, how in value_near_misses(rules, name, value) if rules else ():
            detail = f"{name} is {value[:200]!r}, and a rule asks for {text!r}, which differs {how}"
            conversation = _warned(conversation, "value_near_miss", detail)
    return conversation


def _warned(conversation: Conversation, code: str, detail: str) -> Conversation:
    warnings = {warning.code: warning for warning in conversation.warnings}
    known = warnings.get(code)
    if known is None and len(warnings) == MOST_WARNINGS:
        return conversation
    new = replace(known, count=known.count + 1) if known else ConversationWarning(code=code, detail=detail)
    return replace(conversation, warnings=tuple({**warnings, code: new}.values()))
